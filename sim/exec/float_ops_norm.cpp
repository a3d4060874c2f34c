// layer_norm and rms_norm over the last axis, and their gradients, as the primitives the norm runs
// (FLT-6, FLT-8): every step rounded, the contributions to x one by one.
#include "sim/exec/float_ops_sum.h"

namespace mxcheck::exec {
namespace {

template <typename A>
Axes last_axis(const Array<A>& x) {
  return {x.rank() - 1};
}

// v = mean(x * x) + epsilon, and i = rsqrt(v).
template <typename A>
struct Spread {
  Array<A> v, i;
};

template <typename A>
Spread<A> spread(const Array<A>& x, const OpInputs& in) {
  Spread<A> out;
  out.v = plus(mean(mul(x, x), last_axis(x), true, in.policy), in.attributes().epsilon);
  out.i = rsqrt(out.v);
  return out;
}

template <typename A>
Array<A> centred(const Array<A>& x, const Policy& policy) {
  return sub(x, mean(x, last_axis(x), true, policy));
}

// The cotangent that one element of x's mean square receives: b is the cotangent of x * i.
template <typename A>
Array<A> through_spread(const Array<A>& x, const Array<A>& b, const Spread<A>& s,
                        const Policy& policy) {
  const Array<A> e = sum(mul(x, b), last_axis(x), true, policy);
  const Array<A> p = mul(e, scaled(true_div(s.i, s.v), -0.5));
  return sum_of_one(mean_divided(p, x.shape.back(), policy), policy);
}

}  // namespace

Tensor forward_layer_norm(const OpInputs& in) {
  return with_arithmetic(in.arg(0).dtype(), in.policy, [&]<typename A>(A) {
    const auto d = centred(read<A>(in.arg(0)), in.policy);
    const auto normal = mul(d, spread(d, in).i);
    return write(add(mul(normal, read<A>(in.arg(1))), read<A>(in.arg(2))));
  });
}

std::vector<Contribution> vjp_layer_norm(const OpInputs& in, const Tensor&, const Tensor& g) {
  return with_arithmetic(in.arg(0).dtype(), in.policy, [&]<typename A>(A) {
    const auto d = centred(read<A>(in.arg(0)), in.policy);
    const auto scale = read<A>(in.arg(1));
    const auto ct = read<A>(g);
    const auto s = spread(d, in);
    const auto b = mul(ct, scale);
    const auto k = through_spread(d, b, s, in.policy);
    const auto dd = add(add(mul(b, s.i), mul(d, k)), mul(k, d));
    const auto dmean =
        mean_divided(sum(neg(dd), last_axis(d), true, in.policy), d.shape.back(), in.policy);
    return std::vector<Contribution>{
        contribution(in, 2, unbroadcast(ct, scale.shape, in.policy)),
        contribution(in, 1, unbroadcast(mul(mul(d, s.i), ct), scale.shape, in.policy)),
        contribution(in, 0, dd),
        contribution(in, 0, broadcast(sum_of_one(dmean, in.policy), d.shape))};
  });
}

Tensor forward_rms_norm(const OpInputs& in) {
  return with_arithmetic(in.arg(0).dtype(), in.policy, [&]<typename A>(A) {
    const auto x = read<A>(in.arg(0));
    return write(mul(mul(x, spread(x, in).i), read<A>(in.arg(1))));
  });
}

std::vector<Contribution> vjp_rms_norm(const OpInputs& in, const Tensor&, const Tensor& g) {
  return with_arithmetic(in.arg(0).dtype(), in.policy, [&]<typename A>(A) {
    const auto x = read<A>(in.arg(0));
    const auto scale = read<A>(in.arg(1));
    const auto ct = read<A>(g);
    const auto s = spread(x, in);
    const auto b = mul(ct, scale);
    const auto k = through_spread(x, b, s, in.policy);
    return std::vector<Contribution>{
        contribution(in, 1, unbroadcast(mul(mul(x, s.i), ct), scale.shape, in.policy)),
        contribution(in, 0, mul(b, s.i)), contribution(in, 0, mul(x, k)),
        contribution(in, 0, mul(k, x))};
  });
}

}  // namespace mxcheck::exec
