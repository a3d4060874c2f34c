// The ops of two operands with numpy broadcasting (FLT-7), and the sum of cotangents (BWD-10).
// Operands of two dtypes are promoted first and their gradients converted back.
#include "sim/exec/float_ops_sum.h"

namespace mxcheck::exec {
namespace {

// Both operands in the result's dtype; integers wrap.
template <typename Float, typename Integer>
Tensor binary(const OpInputs& in, Float on_floats, Integer on_integers) {
  const Tensor& a = in.arg(0);
  const Tensor& b = in.arg(1);
  const DType dtype = in.node.type.dtype;
  if (numerics::is_float(dtype)) {
    return with_arithmetic(dtype, in.policy,
                           [&]<typename A>(A) { return write(on_floats(read<A>(a), read<A>(b))); });
  }
  // 64-bit words carry every integer dtype; unsigned, so that they wrap.
  struct Word {
    using Value = std::uint64_t;
    static Value round(Value v) { return v; }
  };
  const auto words = [](const Tensor& x) {
    const std::vector<std::int64_t> v = integers(x);
    return Array<Word>{x.shape(), {v.begin(), v.end()}};
  };
  const Array<Word> out = zip(words(a), words(b), [&](std::uint64_t x, std::uint64_t y) {
    return static_cast<std::uint64_t>(
        on_integers(static_cast<std::int64_t>(x), static_cast<std::int64_t>(y)));
  });
  return wrapped({out.values.begin(), out.values.end()}, dtype, out.shape);
}

std::uint64_t word(std::int64_t x) { return static_cast<std::uint64_t>(x); }

// f(a, b, y, g) -> {gradient of a, gradient of b}, both already of their operand's shape.
template <typename F>
std::vector<Contribution> binary_vjp(const OpInputs& in, const Tensor& y, const Tensor& g, F f,
                                     bool second_first = false) {
  if (!numerics::is_float(y.dtype())) return {};
  return with_arithmetic(y.dtype(), in.policy, [&]<typename A>(A) {
    auto [da, db] = f(read<A>(in.arg(0)), read<A>(in.arg(1)), read<A>(y), read<A>(g));
    std::vector<Contribution> out;
    if (is_differentiable(in, 0)) out.push_back(contribution(in, 0, da));
    if (is_differentiable(in, 1)) out.push_back(contribution(in, 1, db));
    if (second_first) std::reverse(out.begin(), out.end());
    return out;
  });
}

// 1 where x is the extreme y, divided by 2 where the other operand is too.
template <typename A>
Array<A> share_of_extreme(const Array<A>& x, const Array<A>& other, const Array<A>& y) {
  const auto one_if_equal = [](auto a, auto b) { return a == b ? decltype(a)(1) : decltype(a)(0); };
  const auto two_if_equal = [](auto a, auto b) { return a == b ? decltype(a)(2) : decltype(a)(1); };
  return true_div(zip(x, y, one_if_equal), zip(other, y, two_if_equal));
}

std::vector<Contribution> extreme_vjp(const OpInputs& in, const Tensor& y, const Tensor& g) {
  return binary_vjp(in, y, g, [&](const auto& a, const auto& b, const auto& top, const auto& ct) {
    return std::pair{unbroadcast(mul(ct, share_of_extreme(a, b, top)), a.shape, in.policy),
                     unbroadcast(mul(ct, share_of_extreme(b, a, top)), b.shape, in.policy)};
  });
}

}  // namespace

Tensor forward_add(const OpInputs& in) {
  return binary(
      in, [](const auto& a, const auto& b) { return add(a, b); },
      [](std::int64_t a, std::int64_t b) { return word(a) + word(b); });
}

std::vector<Contribution> vjp_add(const OpInputs& in, const Tensor& y, const Tensor& g) {
  return binary_vjp(in, y, g, [&](const auto& a, const auto& b, const auto&, const auto& ct) {
    return std::pair{unbroadcast(ct, a.shape, in.policy), unbroadcast(ct, b.shape, in.policy)};
  });
}

Tensor forward_sub(const OpInputs& in) {
  return binary(
      in, [](const auto& a, const auto& b) { return sub(a, b); },
      [](std::int64_t a, std::int64_t b) { return word(a) - word(b); });
}

std::vector<Contribution> vjp_sub(const OpInputs& in, const Tensor& y, const Tensor& g) {
  return binary_vjp(in, y, g, [&](const auto& a, const auto& b, const auto&, const auto& ct) {
    return std::pair{unbroadcast(ct, a.shape, in.policy), unbroadcast(neg(ct), b.shape, in.policy)};
  });
}

Tensor forward_mul(const OpInputs& in) {
  return binary(
      in, [](const auto& a, const auto& b) { return mul(a, b); },
      [](std::int64_t a, std::int64_t b) { return word(a) * word(b); });
}

std::vector<Contribution> vjp_mul(const OpInputs& in, const Tensor& y, const Tensor& g) {
  return binary_vjp(in, y, g, [&](const auto& a, const auto& b, const auto&, const auto& ct) {
    return std::pair{unbroadcast(mul(ct, b), a.shape, in.policy),
                     unbroadcast(mul(a, ct), b.shape, in.policy)};
  });
}

Tensor forward_div(const OpInputs& in) {
  return binary(
      in, [&](const auto& a, const auto& b) { return divide(a, b, in.policy); },
      [](std::int64_t a, std::int64_t b) { return b == 0    ? -1
                                                  : b == -1 ? -a
                                                            : a / b; });
}

// db = -(sum of (g * 1/(b*b)) * a): the sign after the sum over repeated axes, and db before da.
std::vector<Contribution> vjp_div(const OpInputs& in, const Tensor& y, const Tensor& g) {
  const auto gradients = [&](const auto& a, const auto& b, const auto&, const auto& ct) {
    const auto inverse_square = map(mul(b, b), [](auto v) { return 1 / v; });
    const auto per_element = mul(mul(ct, inverse_square), a);
    return std::pair{
        unbroadcast(divide(ct, b, in.policy), a.shape, in.policy),
        drop_leading(neg(sum_repeated(per_element, b.shape, in.policy)), b.shape, in.policy)};
  };
  return binary_vjp(in, y, g, gradients, true);
}

Tensor forward_max(const OpInputs& in) {
  return binary(
      in,
      [](const auto& a, const auto& b) {
        return zip(a, b, [](auto x, auto y) { return maximum(x, y); });
      },
      [](std::int64_t a, std::int64_t b) { return std::max(a, b); });
}

std::vector<Contribution> vjp_max(const OpInputs& in, const Tensor& y, const Tensor& g) {
  return extreme_vjp(in, y, g);
}

Tensor forward_min(const OpInputs& in) {
  return binary(
      in,
      [](const auto& a, const auto& b) {
        return zip(a, b, [](auto x, auto y) { return minimum(x, y); });
      },
      [](std::int64_t a, std::int64_t b) { return std::min(a, b); });
}

std::vector<Contribution> vjp_min(const OpInputs& in, const Tensor& y, const Tensor& g) {
  return extreme_vjp(in, y, g);
}

Tensor add_values(const Tensor& a, const Tensor& b, const Policy& policy) {
  MXCHECK_CHECK(a.dtype() == b.dtype() && a.shape() == b.shape(), tensor::to_string(a.shape()));
  return with_arithmetic(a.dtype(), policy, [&]<typename A>(A) {
    Tensor out(a.dtype(), a.shape());
    const auto target = out.mutable_data<typename A::Storage>();
    const auto left = a.data<typename A::Storage>();
    const auto right = b.data<typename A::Storage>();
    for (std::size_t i = 0; i < target.size(); ++i) {
      target[i] = A::store(A::load(left[i]) + A::load(right[i]));
    }
    return out;
  });
}

}  // namespace mxcheck::exec
