// The ops that only move elements, of any dtype and bit for bit, and their gradients: reshape,
// transpose, broadcast_to, concatenate, slice, take, select.
#include <cstring>

#include "sim/exec/float_ops_sum.h"

namespace mxcheck::exec {
namespace {

std::size_t width_of(const Tensor& x) {
  return static_cast<std::size_t>(numerics::byte_width(x.dtype()));
}

// A strided view: element i, j, ... lies at base + i * strides[0] + j * strides[1] + ...
struct View {
  std::int64_t base = 0;
  std::vector<std::int64_t> strides;
};

// move(position in a row-major array of `shape`, position in the viewed array), for every element.
template <typename Move>
void for_each_element(const Shape& shape, const View& view, Move move) {
  if (shape.empty()) return move(0, view.base);
  for_each_row(shape, view.strides, view.strides,
               [&](std::int64_t first, std::int64_t from, std::int64_t) {
                 for (std::int64_t i = 0; i < shape.back(); ++i) {
                   move(first + i, view.base + from + i * view.strides.back());
                 }
               });
}

Tensor gathered(const Tensor& x, const Shape& shape, const View& view) {
  Tensor out(x.dtype(), shape);
  const std::size_t width = width_of(x);
  std::byte* target = out.mutable_bytes().data();
  const std::byte* source = x.bytes().data();
  for_each_element(shape, view, [&](std::int64_t to, std::int64_t from) {
    std::memcpy(target + static_cast<std::size_t>(to) * width,
                source + static_cast<std::size_t>(from) * width, width);
  });
  return out;
}

// x laid through the view into zeros of `shape`.
Tensor scattered(const Tensor& x, const Shape& shape, const View& view) {
  Tensor out(x.dtype(), shape);
  const std::size_t width = width_of(x);
  std::byte* target = out.mutable_bytes().data();
  const std::byte* source = x.bytes().data();
  for_each_element(x.shape(), view, [&](std::int64_t from, std::int64_t to) {
    std::memcpy(target + static_cast<std::size_t>(to) * width,
                source + static_cast<std::size_t>(from) * width, width);
  });
  return out;
}

View slice_view(const Shape& shape, const Axes& start, const Axes& strides) {
  View view{0, tensor::row_major_strides(shape)};
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    view.base += start[axis] * view.strides[axis];
    if (!strides.empty()) view.strides[axis] *= strides[axis];
  }
  return view;
}

bool flows(const OpInputs& in, std::size_t arg) { return is_differentiable(in, arg); }

}  // namespace

Tensor forward_reshape(const OpInputs& in) { return in.arg(0).reshaped(in.node.type.shape); }

std::vector<Contribution> vjp_reshape(const OpInputs& in, const Tensor&, const Tensor& g) {
  if (!flows(in, 0)) return {};
  return {{0, g.reshaped(in.arg(0).shape())}};
}

Tensor forward_transpose(const OpInputs& in) {
  return tensor::transpose(in.arg(0), in.attributes().permutation);
}

std::vector<Contribution> vjp_transpose(const OpInputs& in, const Tensor&, const Tensor& g) {
  if (!flows(in, 0)) return {};
  const Axes& permutation = in.attributes().permutation;
  Axes inverse(permutation.size());
  for (std::size_t i = 0; i < permutation.size(); ++i) {
    inverse[static_cast<std::size_t>(permutation[i])] = static_cast<std::int64_t>(i);
  }
  return {{0, tensor::transpose(g, inverse)}};
}

Tensor forward_broadcast_to(const OpInputs& in) {
  const Shape& shape = in.attributes().shape;
  return gathered(in.arg(0), shape, {0, broadcast_strides(in.arg(0).shape(), shape)});
}

// One sum over everything that was repeated or put in front.
std::vector<Contribution> vjp_broadcast_to(const OpInputs& in, const Tensor&, const Tensor& g) {
  if (!flows(in, 0)) return {};
  const Shape& shape = in.arg(0).shape();
  const auto before = g.shape().size() - shape.size();
  Axes axes;
  for (std::size_t axis = 0; axis < g.shape().size(); ++axis) {
    if (axis < before || shape[axis - before] != g.shape()[axis]) {
      axes.push_back(static_cast<std::int64_t>(axis));
    }
  }
  if (axes.empty()) return {{0, g}};
  return with_arithmetic(g.dtype(), in.policy, [&]<typename A>(A) {
    return std::vector<Contribution>{
        contribution(in, 0, reshaped(sum(read<A>(g), axes, true, in.policy), shape))};
  });
}

Tensor forward_concatenate(const OpInputs& in) {
  const auto axis = static_cast<std::size_t>(normal_axis(in.attributes().axis, in.arg(0).rank()));
  Shape shape = in.arg(0).shape();
  shape[axis] = 0;
  for (const Tensor* x : in.args) shape[axis] += x->shape()[axis];
  Tensor out(in.arg(0).dtype(), shape);
  const auto block = [&](const Shape& s) {  // bytes of one step of the axes before `axis`
    std::int64_t count = 1;
    for (std::size_t i = axis; i < s.size(); ++i) count *= s[i];
    return static_cast<std::size_t>(count) * width_of(out);
  };
  const std::size_t row = block(shape);
  std::byte* target = out.mutable_bytes().data();
  std::size_t offset = 0;
  for (const Tensor* x : in.args) {
    const std::size_t part = block(x->shape());
    const std::byte* source = x->bytes().data();
    for (std::size_t at = 0; at * part < x->byte_size(); ++at) {
      std::memcpy(target + at * row + offset, source + at * part, part);
    }
    offset += part;
  }
  return out;
}

std::vector<Contribution> vjp_concatenate(const OpInputs& in, const Tensor&, const Tensor& g) {
  const auto axis = static_cast<std::size_t>(normal_axis(in.attributes().axis, g.rank()));
  std::vector<Contribution> out;
  Axes start(g.shape().size(), 0);
  for (std::size_t i = 0; i < in.args.size(); ++i) {
    const Shape& shape = in.arg(i).shape();
    if (flows(in, i)) out.push_back({i, gathered(g, shape, slice_view(g.shape(), start, {}))});
    start[axis] += shape[axis];
  }
  return out;
}

Tensor forward_slice(const OpInputs& in) {
  const graph::Attributes& a = in.attributes();
  return gathered(in.arg(0), in.node.type.shape, slice_view(in.arg(0).shape(), a.start, a.strides));
}

std::vector<Contribution> vjp_slice(const OpInputs& in, const Tensor&, const Tensor& g) {
  if (!flows(in, 0)) return {};
  const graph::Attributes& a = in.attributes();
  const Shape& shape = in.arg(0).shape();
  return {{0, scattered(g, shape, slice_view(shape, a.start, a.strides))}};
}

Tensor forward_select(const OpInputs& in) {
  const Shape shape =
      broadcast_shape(in.arg(0).shape(), broadcast_shape(in.arg(1).shape(), in.arg(2).shape()));
  Tensor out = gathered(in.arg(2), shape, {0, broadcast_strides(in.arg(2).shape(), shape)});
  const Tensor chosen =
      gathered(in.arg(1), shape, {0, broadcast_strides(in.arg(1).shape(), shape)});
  const Tensor pred = gathered(in.arg(0), shape, {0, broadcast_strides(in.arg(0).shape(), shape)});
  const std::size_t width = width_of(out);
  std::byte* target = out.mutable_bytes().data();
  const auto choice = pred.data<std::uint8_t>();
  for (std::size_t i = 0; i < choice.size(); ++i) {
    if (choice[i] == 0) continue;
    std::memcpy(target + i * width, chosen.bytes().data() + i * width, width);
  }
  return out;
}

// b first: that is the order in which the backward pass meets them.
std::vector<Contribution> vjp_select(const OpInputs& in, const Tensor&, const Tensor& g) {
  if (!flows(in, 1)) return {};
  const Tensor pred =
      gathered(in.arg(0), g.shape(), {0, broadcast_strides(in.arg(0).shape(), g.shape())});
  const auto choice = pred.data<std::uint8_t>();
  return with_arithmetic(g.dtype(), in.policy, [&]<typename A>(A) {
    std::vector<Contribution> out;
    for (const std::size_t arg : {2u, 1u}) {
      Array<A> part = read<A>(g);
      for (std::size_t i = 0; i < choice.size(); ++i) {
        if ((choice[i] != 0) != (arg == 1)) part.values[i] = 0;
      }
      out.push_back(contribution(in, arg, unbroadcast(part, in.arg(arg).shape(), in.policy)));
    }
    return out;
  });
}

}  // namespace mxcheck::exec
