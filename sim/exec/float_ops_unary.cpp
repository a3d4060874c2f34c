// The ops of one operand and their gradients (FLT-5, FLT-6, FLT-7), one rounding per primitive.
#include "sim/exec/float_ops_array.h"

namespace mxcheck::exec {
namespace {

template <typename F>
Tensor unary(const OpInputs& in, F f) {
  return with_arithmetic(in.arg(0).dtype(), in.policy,
                         [&]<typename A>(A) { return write(f(read<A>(in.arg(0)))); });
}

// The same for an op that integers have too: they wrap.
template <typename F, typename Integer>
Tensor unary(const OpInputs& in, F f, Integer on_integer) {
  const Tensor& x = in.arg(0);
  if (numerics::is_float(x.dtype())) return unary(in, f);
  std::vector<std::int64_t> values = integers(x);
  for (std::int64_t& v : values) v = on_integer(v);
  return wrapped(values, x.dtype(), x.shape());
}

// f(x, y, g) -> the contributions to x, in order.
template <typename F>
std::vector<Contribution> unary_vjp(const OpInputs& in, const Tensor& y, const Tensor& g, F f) {
  if (!is_differentiable(in, 0)) return {};
  return with_arithmetic(in.arg(0).dtype(), in.policy, [&]<typename A>(A) {
    std::vector<Contribution> out;
    for (const Array<A>& part : f(read<A>(in.arg(0)), read<A>(y), read<A>(g))) {
      out.push_back(contribution(in, 0, part));
    }
    return out;
  });
}

template <typename X>
using Parts = std::vector<X>;

// g where the condition on x holds, else 0.
template <typename X, typename Condition>
X where(const X& x, const X& g, Condition condition) {
  return zip(x, g, [&](auto v, auto ct) { return condition(v) ? ct : decltype(ct)(0); });
}

std::int64_t wrapping_neg(std::int64_t v) {
  return static_cast<std::int64_t>(-static_cast<std::uint64_t>(v));
}

// The constants of gelu, rounded to f32 as the norm's program text holds them.
const double kRootTwoOverPi = std::sqrt(2.0 / 3.14159265358979323846);
const double kRootHalf = std::sqrt(0.5);
const double kMinusTwoOverRootPi = -2.0 / std::sqrt(3.14159265358979323846);
constexpr double kCubic = 0.044715;

// tanh(sqrt(2/pi) * (x + 0.044715 * x^3))
template <typename X>
X gelu_tanh(const X& x) {
  const X cube = mul(mul(x, x), x);
  return tanh(scaled(add(x, scaled(cube, kCubic)), kRootTwoOverPi));
}

template <typename X>
X gelu_erfc_argument(const X& x) {
  return scaled(neg(x), kRootHalf);
}

template <typename X>
Parts<X> gelu_approximate_parts(const X& x, const X& g) {
  const X t = gelu_tanh(x);
  const X h = scaled(plus(t, 1), 0.5);
  X s = mul(scaled(mul(x, g), 0.5), minus_from(1, t));
  s = add(s, mul(s, t));
  const X u = scaled(s, kRootTwoOverPi);
  return {mul(g, h), u, mul(scaled(u, kCubic), scaled(mul(x, x), 3))};
}

template <typename X>
Parts<X> gelu_exact_parts(const X& x, const X& g) {
  const X half = scaled(x, 0.5);
  const X a = gelu_erfc_argument(x);
  const X t = mul(scaled(mul(half, g), kMinusTwoOverRootPi), exp(neg(mul(a, a))));
  return {neg(scaled(t, kRootHalf)), scaled(mul(g, erfc(a)), 0.5)};
}

}  // namespace

Tensor forward_neg(const OpInputs& in) {
  return unary(
      in, [](const auto& x) { return neg(x); }, wrapping_neg);
}

std::vector<Contribution> vjp_neg(const OpInputs& in, const Tensor& y, const Tensor& g) {
  return unary_vjp(in, y, g,
                   [](const auto&, const auto&, const auto& ct) { return std::vector{neg(ct)}; });
}

Tensor forward_abs(const OpInputs& in) {
  return unary(
      in, [](const auto& x) { return map(x, [](auto v) { return std::fabs(v); }); },
      [](std::int64_t v) { return v < 0 ? wrapping_neg(v) : v; });
}

// g where x >= 0 plus -g where it is not: a sum, so that a zero loses its sign.
std::vector<Contribution> vjp_abs(const OpInputs& in, const Tensor& y, const Tensor& g) {
  return unary_vjp(in, y, g, [](const auto& x, const auto&, const auto& ct) {
    return std::vector{add(neg(where(x, ct, [](auto v) { return !(v >= 0); })),
                           where(x, ct, [](auto v) { return v >= 0; }))};
  });
}

Tensor forward_exp(const OpInputs& in) {
  return unary(in, [](const auto& x) { return exp(x); });
}

std::vector<Contribution> vjp_exp(const OpInputs& in, const Tensor& y, const Tensor& g) {
  return unary_vjp(
      in, y, g, [](const auto&, const auto& e, const auto& ct) { return std::vector{mul(ct, e)}; });
}

Tensor forward_log(const OpInputs& in) {
  return unary(in, [](const auto& x) { return log(x); });
}

std::vector<Contribution> vjp_log(const OpInputs& in, const Tensor& y, const Tensor& g) {
  return unary_vjp(in, y, g, [](const auto& x, const auto&, const auto& ct) {
    return std::vector{true_div(ct, x)};
  });
}

Tensor forward_tanh(const OpInputs& in) {
  return unary(in, [](const auto& x) { return tanh(x); });
}

std::vector<Contribution> vjp_tanh(const OpInputs& in, const Tensor& y, const Tensor& g) {
  return unary_vjp(in, y, g, [](const auto&, const auto& t, const auto& ct) {
    const auto first = mul(ct, minus_from(1, t));
    return std::vector{first, mul(first, t)};
  });
}

Tensor forward_logistic(const OpInputs& in) {
  return unary(in, [](const auto& x) { return logistic(x); });
}

std::vector<Contribution> vjp_logistic(const OpInputs& in, const Tensor& y, const Tensor& g) {
  return unary_vjp(in, y, g, [](const auto&, const auto& s, const auto& ct) {
    return std::vector{mul(ct, mul(s, minus_from(1, s)))};
  });
}

Tensor forward_sqrt(const OpInputs& in) {
  return unary(in, [](const auto& x) { return sqrt(x); });
}

std::vector<Contribution> vjp_sqrt(const OpInputs& in, const Tensor& y, const Tensor& g) {
  return unary_vjp(in, y, g, [](const auto&, const auto& root, const auto& ct) {
    using V = typename std::decay_t<decltype(root)>::Value;
    return std::vector{mul(ct, map(root, [](auto v) { return V(0.5) / v; }))};
  });
}

Tensor forward_rsqrt(const OpInputs& in) {
  return unary(in, [](const auto& x) { return rsqrt(x); });
}

std::vector<Contribution> vjp_rsqrt(const OpInputs& in, const Tensor& y, const Tensor& g) {
  return unary_vjp(in, y, g, [](const auto& x, const auto& root, const auto& ct) {
    return std::vector{mul(ct, scaled(true_div(root, x), -0.5))};
  });
}

Tensor forward_square(const OpInputs& in) {
  return unary(in, [](const auto& x) { return mul(x, x); });
}

std::vector<Contribution> vjp_square(const OpInputs& in, const Tensor& y, const Tensor& g) {
  return unary_vjp(in, y, g, [](const auto& x, const auto&, const auto& ct) {
    return std::vector{mul(ct, x), mul(x, ct)};
  });
}

Tensor forward_relu(const OpInputs& in) {
  return unary(
      in, [](const auto& x) { return map(x, [](auto v) { return maximum(v, decltype(v)(0)); }); });
}

std::vector<Contribution> vjp_relu(const OpInputs& in, const Tensor& y, const Tensor& g) {
  return unary_vjp(in, y, g, [](const auto& x, const auto&, const auto& ct) {
    return std::vector{where(x, ct, [](auto v) { return v > 0; })};
  });
}

Tensor forward_silu(const OpInputs& in) {
  return unary(in, [](const auto& x) { return mul(x, logistic(x)); });
}

std::vector<Contribution> vjp_silu(const OpInputs& in, const Tensor& y, const Tensor& g) {
  return unary_vjp(in, y, g, [](const auto& x, const auto&, const auto& ct) {
    const auto s = logistic(x);
    return std::vector{mul(ct, s), mul(mul(x, ct), mul(s, minus_from(1, s)))};
  });
}

Tensor forward_gelu(const OpInputs& in) {
  return unary(in, [&](const auto& x) {
    if (!in.attributes().approximate) return mul(scaled(x, 0.5), erfc(gelu_erfc_argument(x)));
    return mul(x, scaled(plus(gelu_tanh(x), 1), 0.5));
  });
}

std::vector<Contribution> vjp_gelu(const OpInputs& in, const Tensor& y, const Tensor& g) {
  return unary_vjp(in, y, g, [&](const auto& x, const auto&, const auto& ct) {
    return in.attributes().approximate ? gelu_approximate_parts(x, ct) : gelu_exact_parts(x, ct);
  });
}

Tensor forward_stop_gradient(const OpInputs& in) { return in.arg(0); }

std::vector<Contribution> vjp_stop_gradient(const OpInputs&, const Tensor&, const Tensor&) {
  return {};
}

}  // namespace mxcheck::exec
