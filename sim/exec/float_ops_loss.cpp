// softmax, log_softmax and the two losses (FLT-6, FLT-7; compositions of the same primitives).
#include "sim/exec/float_ops_softmax.h"

namespace mxcheck::exec {
namespace {

std::int64_t softmax_axis(const OpInputs& in) {
  return normal_axis(in.attributes().axis, in.arg(0).rank());
}

Axes all_axes(const Shape& shape) {
  Axes axes(shape.size());
  for (std::size_t i = 0; i < axes.size(); ++i) axes[i] = static_cast<std::int64_t>(i);
  return axes;
}

// f of the argument, the cotangent and the axis -> the gradient.
template <typename F>
std::vector<Contribution> softmax_vjp(const OpInputs& in, const Tensor& g, F f) {
  return with_arithmetic(in.arg(0).dtype(), in.policy, [&]<typename A>(A) {
    return std::vector<Contribution>{
        contribution(in, 0, f(read<A>(in.arg(0)), read<A>(g), softmax_axis(in)))};
  });
}

// The class of row `row`, counted from the end if negative; -1 if there is none such.
std::int64_t label_class(const Tensor& labels, std::int64_t row, std::int64_t classes) {
  std::int64_t label = labels.load_int(row);
  if (label < 0) label += classes;
  return label >= 0 && label < classes ? label : -1;
}

}  // namespace

Tensor forward_softmax(const OpInputs& in) {
  return with_arithmetic(in.arg(0).dtype(), in.policy, [&]<typename A>(A) {
    return write(softmax(read<A>(in.arg(0)), softmax_axis(in), in.policy));
  });
}

std::vector<Contribution> vjp_softmax(const OpInputs& in, const Tensor&, const Tensor& g) {
  return softmax_vjp(in, g, [&](const auto& x, const auto& ct, std::int64_t axis) {
    return softmax_gradient(x, ct, axis, in.policy);
  });
}

Tensor forward_log_softmax(const OpInputs& in) {
  return with_arithmetic(in.arg(0).dtype(), in.policy, [&]<typename A>(A) {
    return write(log_softmax(read<A>(in.arg(0)), softmax_axis(in), in.policy));
  });
}

std::vector<Contribution> vjp_log_softmax(const OpInputs& in, const Tensor&, const Tensor& g) {
  std::vector<Contribution> second =
      softmax_vjp(in, g, [&](const auto& x, const auto& ct, std::int64_t axis) {
        return log_softmax_second(x, ct, axis, in.policy);
      });
  return {{0, g}, second.front()};
}

// mean of d * d, d = a - b.
Tensor forward_mse(const OpInputs& in) {
  return with_arithmetic(in.arg(0).dtype(), in.policy, [&]<typename A>(A) {
    const auto d = sub(read<A>(in.arg(0)), read<A>(in.arg(1)));
    return write(mean(mul(d, d), all_axes(d.shape), false, in.policy));
  });
}

// r = g / n; r*d + d*r to a, its negative to b.
std::vector<Contribution> vjp_mse(const OpInputs& in, const Tensor&, const Tensor& g) {
  return with_arithmetic(in.arg(0).dtype(), in.policy, [&]<typename A>(A) {
    const auto d = sub(read<A>(in.arg(0)), read<A>(in.arg(1)));
    const auto r = mean_divided(read<A>(g), d.size(), in.policy);
    const auto t = add(mul(d, r), mul(d, r));
    return std::vector<Contribution>{contribution(in, 0, t), contribution(in, 1, neg(t))};
  });
}

// The mean over rows of -log_softmax at the label; a label outside the classes gives NaN.
Tensor forward_softmax_cross_entropy(const OpInputs& in) {
  const Tensor& labels = in.arg(1);
  return with_arithmetic(in.arg(0).dtype(), in.policy, [&]<typename A>(A) {
    const auto x = read<A>(in.arg(0));
    const auto l = log_softmax(x, x.rank() - 1, in.policy);
    const std::int64_t classes = x.shape.back();
    Shape rows = labels.shape();
    rows.push_back(1);
    Array<A> picked{rows, {}};
    for (std::int64_t row = 0; row < labels.size(); ++row) {
      const std::int64_t at = label_class(labels, row, classes);
      picked.values.push_back(at < 0 ? std::numeric_limits<typename A::Value>::quiet_NaN()
                                     : -l.values[static_cast<std::size_t>(row * classes + at)]);
    }
    return write(mean(picked, all_axes(rows), false, in.policy));
  });
}

// The gradient of log_softmax at -g / rows on the label, 0 elsewhere.
std::vector<Contribution> vjp_softmax_cross_entropy(const OpInputs& in, const Tensor&,
                                                    const Tensor& g) {
  const Tensor& labels = in.arg(1);
  return with_arithmetic(in.arg(0).dtype(), in.policy, [&]<typename A>(A) {
    const auto x = read<A>(in.arg(0));
    const std::int64_t classes = x.shape.back();
    const auto r = neg(mean_divided(read<A>(g), labels.size(), in.policy));
    Array<A> q{x.shape, {}};
    q.values.assign(x.values.size(), 0);
    for (std::int64_t row = 0; row < labels.size(); ++row) {
      const std::int64_t at = label_class(labels, row, classes);
      if (at >= 0) q.values[static_cast<std::size_t>(row * classes + at)] = 0 + r.values[0];
    }
    return std::vector<Contribution>{
        contribution(in, 0, q),
        contribution(in, 0, log_softmax_second(x, q, x.rank() - 1, in.policy))};
  });
}

}  // namespace mxcheck::exec
