// Softmax, log-softmax and their gradients on Array<A> (FLT-6, FLT-7); the cross-entropy loss is
// built from them.
#pragma once

#include "sim/exec/float_ops_sum.h"

namespace mxcheck::exec {

// What both are made of: d = x - max, e = exp(d), S = sum of e.
template <typename A>
struct ShiftedExp {
  Array<A> shifted, powers, total;
};

template <typename A>
[[nodiscard]] ShiftedExp<A> shifted_exp(const Array<A>& x, std::int64_t axis,
                                        const Policy& policy) {
  ShiftedExp<A> out;
  out.shifted = sub(x, largest(x, {axis}, true, policy));
  out.powers = exp(out.shifted);
  out.total = rounded(wide_sum(out.powers, {axis}, true, policy));
  return out;
}

template <typename A>
[[nodiscard]] Array<A> softmax(const Array<A>& x, std::int64_t axis, const Policy& policy) {
  const ShiftedExp<A> s = shifted_exp(x, axis, policy);
  return divide(s.powers, s.total, policy);
}

// (g/S - sum((g * 1/(S*S)) * e)) * e
template <typename A>
[[nodiscard]] Array<A> softmax_gradient(const Array<A>& x, const Array<A>& g, std::int64_t axis,
                                        const Policy& policy) {
  const ShiftedExp<A> s = shifted_exp(x, axis, policy);
  const Array<A> inverse_square = map(mul(s.total, s.total), [](auto v) { return 1 / v; });
  const Array<A> t = neg(sum(mul(mul(g, inverse_square), s.powers), {axis}, true, policy));
  return mul(add(divide(g, s.total, policy), sum_of_one(t, policy)), s.powers);
}

template <typename A>
[[nodiscard]] Array<A> log_softmax(const Array<A>& x, std::int64_t axis, const Policy& policy) {
  const ShiftedExp<A> s = shifted_exp(x, axis, policy);
  return sub(s.shifted, log(s.total));
}

// The second of log_softmax's two contributions, (sum(-g) / S) * e; the first is g itself. They are
// two because x - max hands its cotangent on unchanged: it does not collect it first.
template <typename A>
[[nodiscard]] Array<A> log_softmax_second(const Array<A>& x, const Array<A>& g, std::int64_t axis,
                                          const Policy& policy) {
  const ShiftedExp<A> s = shifted_exp(x, axis, policy);
  const Array<A> t = true_div(sum(neg(g), {axis}, true, policy), s.total);
  return mul(sum_of_one(t, policy), s.powers);
}

}  // namespace mxcheck::exec
