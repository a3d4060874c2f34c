// Reductions and their gradients (POL-3, FLT-7, FLT-8).
#include "sim/exec/float_ops_sum.h"

namespace mxcheck::exec {
namespace {

template <typename F>
Tensor reduction(const OpInputs& in, F f) {
  return with_arithmetic(in.arg(0).dtype(), in.policy,
                         [&]<typename A>(A) { return write(f(read<A>(in.arg(0)))); });
}

// g with the reduced axes as ones.
template <typename A>
Array<A> with_reduced_axes(Array<A> g, const OpInputs& in) {
  return reshaped(std::move(g),
                  tensor::reduced_shape(in.arg(0).shape(), in.attributes().axes, true));
}

// f(x, y, g) with y and g keeping the reduced axes -> the gradient of x, of any broadcastable
// shape.
template <typename F>
std::vector<Contribution> reduction_vjp(const OpInputs& in, const Tensor& y, const Tensor& g, F f) {
  return with_arithmetic(in.arg(0).dtype(), in.policy, [&]<typename A>(A) {
    const auto x = read<A>(in.arg(0));
    const auto dx = f(x, with_reduced_axes(read<A>(y), in), with_reduced_axes(read<A>(g), in));
    return std::vector<Contribution>{contribution(in, 0, broadcast(dx, x.shape))};
  });
}

}  // namespace

Tensor forward_reduce_sum(const OpInputs& in) {
  return reduction(in, [&](const auto& x) {
    return rounded(wide_sum(x, in.attributes().axes, in.attributes().keepdims, in.policy));
  });
}

std::vector<Contribution> vjp_reduce_sum(const OpInputs& in, const Tensor& y, const Tensor& g) {
  return reduction_vjp(in, y, g, [](const auto&, const auto&, const auto& ct) { return ct; });
}

Tensor forward_reduce_mean(const OpInputs& in) {
  return reduction(in, [&](const auto& x) {
    return mean(x, in.attributes().axes, in.attributes().keepdims, in.policy);
  });
}

std::vector<Contribution> vjp_reduce_mean(const OpInputs& in, const Tensor& y, const Tensor& g) {
  return reduction_vjp(in, y, g, [&](const auto& x, const auto&, const auto& ct) {
    return mean_divided(ct, reduced_count(x.shape, in.attributes().axes), in.policy);
  });
}

Tensor forward_reduce_max(const OpInputs& in) {
  return reduction(in, [&](const auto& x) {
    return largest(x, in.attributes().axes, in.attributes().keepdims, in.policy);
  });
}

// Shared equally by all maxima: (g / their count) * 1.
std::vector<Contribution> vjp_reduce_max(const OpInputs& in, const Tensor& y, const Tensor& g) {
  return reduction_vjp(in, y, g, [&](const auto& x, const auto& top, const auto& ct) {
    const auto hit =
        zip(x, top, [](auto a, auto b) { return a == b ? decltype(a)(1) : decltype(a)(0); });
    return mul(true_div(ct, sum(hit, in.attributes().axes, true, in.policy)), hit);
  });
}

}  // namespace mxcheck::exec
