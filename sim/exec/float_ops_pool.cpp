// max_pool and avg_pool over the axes between the first (batch) and the last (channels), and their
// gradients (FLT-8).
#include "sim/exec/float_ops_sum.h"

namespace mxcheck::exec {
namespace {

// For every output position, the input positions of its window in row-major order; positions are
// row-major over the spatial axes, and padding is left out.
struct Windows {
  std::int64_t batch = 1, inputs = 1, outputs = 1, channels = 1;
  std::int64_t elements = 1;       // of one window, padding included
  std::vector<std::size_t> begin;  // outputs + 1 offsets into `at`
  std::vector<std::int64_t> at;
};

// Next index of a row-major walk; false at the end.
bool advance(std::vector<std::int64_t>& index, const Shape& shape) {
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    if (++index[axis] < shape[axis]) return true;
    index[axis] = 0;
  }
  return false;
}

Shape spatial_part(const Shape& shape) { return {shape.begin() + 1, shape.end() - 1}; }

// The input position of window element k of output o, or -1 in the padding.
std::int64_t input_position(const std::vector<std::int64_t>& o, const std::vector<std::int64_t>& k,
                            const Shape& shape, const graph::Attributes& a) {
  std::int64_t position = 0;
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    const std::int64_t stride = a.strides.empty() ? a.window[axis] : a.strides[axis];
    const std::int64_t low = a.padding.empty() ? 0 : a.padding[axis].first;
    const std::int64_t i = o[axis] * stride + k[axis] - low;
    if (i < 0 || i >= shape[axis]) return -1;
    position = position * shape[axis] + i;
  }
  return position;
}

// Does the last column of the window, and no other, reach into padding?  The norm's backend then
// sums that column in a loop of its own, after the rest.
bool last_column_apart(const OpInputs& in) {
  const graph::Attributes& a = in.attributes();
  if (a.padding.empty() || a.padding.back().first != 0) return false;
  const std::int64_t width = in.arg(0).shape().end()[-2];
  const std::int64_t outputs = in.node.type.shape.end()[-2];
  const std::int64_t stride = a.strides.empty() ? a.window.back() : a.strides.back();
  return a.window.back() > 1 && (outputs - 1) * stride + a.window.back() - width == 1;
}

// Appends the window of output o: its columns from first_column on, up to last_column.
void append_window(Windows& out, const OpInputs& in, const std::vector<std::int64_t>& o,
                   const Shape& input, std::int64_t first_column, std::int64_t last_column) {
  const graph::Attributes& a = in.attributes();
  std::vector<std::int64_t> k(a.window.size(), 0);
  do {
    if (k.back() < first_column || k.back() > last_column) continue;
    const std::int64_t position = input_position(o, k, input, a);
    if (position >= 0) out.at.push_back(position);
  } while (advance(k, a.window));
}

Windows windows(const OpInputs& in, bool split_last_column = false) {
  const Shape input = spatial_part(in.arg(0).shape());
  const Shape output = spatial_part(in.node.type.shape);
  const graph::Attributes& a = in.attributes();
  MXCHECK_CHECK(a.window.size() == input.size(), tensor::to_string(in.arg(0).shape()));
  Windows out;
  out.batch = in.arg(0).shape().front();
  out.channels = in.arg(0).shape().back();
  out.inputs = *tensor::element_count(input);
  out.outputs = *tensor::element_count(output);
  out.elements = *tensor::element_count(a.window);
  out.begin.push_back(0);
  if (out.outputs == 0) return out;
  std::vector<std::int64_t> o(output.size(), 0);
  do {
    const std::int64_t last = a.window.back() - 1;
    append_window(out, in, o, input, 0, split_last_column ? last - 1 : last);
    if (split_last_column) append_window(out, in, o, input, last, last);
    out.begin.push_back(out.at.size());
  } while (advance(o, output));
  return out;
}

// visit(output offset, input offset of its batch row, first and last window entry): the offsets of
// channel 0.
template <typename Visit>
void for_each_window(const Windows& w, Visit visit) {
  for (std::int64_t n = 0; n < w.batch; ++n) {
    for (std::int64_t o = 0; o < w.outputs; ++o) {
      const auto at = static_cast<std::size_t>(o);
      visit((n * w.outputs + o) * w.channels, n * w.inputs * w.channels,
            std::span(w.at).subspan(w.begin[at], w.begin[at + 1] - w.begin[at]));
    }
  }
}

// step(accumulator, element) over every window, rounded.
template <typename A, typename Step>
Array<A> pooled(const Array<A>& x, const Shape& shape, const Windows& w, typename A::Value start,
                Step step) {
  Array<A> out{shape, {}};
  out.values.assign(static_cast<std::size_t>(*tensor::element_count(shape)), start);
  for_each_window(w, [&](std::int64_t to, std::int64_t from, std::span<const std::int64_t> at) {
    auto* target = out.values.data() + to;
    for (const std::int64_t position : at) {
      const auto* source = x.values.data() + from + position * w.channels;
      for (std::int64_t c = 0; c < w.channels; ++c) {
        target[c] = A::round(step(target[c], source[c]));
      }
    }
  });
  return out;
}

template <typename A>
Array<A> zeros(const Shape& shape) {
  Array<A> out{shape, {}};
  out.values.assign(static_cast<std::size_t>(*tensor::element_count(shape)), 0);
  return out;
}

}  // namespace

Tensor forward_max_pool(const OpInputs& in) {
  const Windows w = windows(in);
  return with_arithmetic(in.arg(0).dtype(), in.policy, [&]<typename A>(A) {
    using V = typename A::Value;
    return write(pooled(read<A>(in.arg(0)), in.node.type.shape, w,
                        -std::numeric_limits<V>::infinity(),
                        [](V a, V b) { return maximum(a, b); }));
  });
}

// To the first element of the window that no later one exceeds.
std::vector<Contribution> vjp_max_pool(const OpInputs& in, const Tensor&, const Tensor& g) {
  const Windows w = windows(in);
  return with_arithmetic(in.arg(0).dtype(), in.policy, [&]<typename A>(A) {
    const auto x = read<A>(in.arg(0));
    const auto ct = read<A>(g);
    Array<A> out = zeros<A>(x.shape);
    for_each_window(w, [&](std::int64_t to, std::int64_t from, std::span<const std::int64_t> at) {
      for (std::int64_t c = 0; c < w.channels && !at.empty(); ++c) {
        const auto offset = [&](std::int64_t position) {
          return static_cast<std::size_t>(from + position * w.channels + c);
        };
        std::size_t best = offset(at[0]);
        for (const std::int64_t position : at.subspan(1)) {
          if (!(x.values[best] >= x.values[offset(position)])) best = offset(position);
        }
        out.values[best] = A::round(out.values[best] + ct.values[static_cast<std::size_t>(to + c)]);
      }
    });
    return std::vector<Contribution>{contribution(in, 0, out)};
  });
}

// The sum over the window, padding counted, divided by the window's elements.
Tensor forward_avg_pool(const OpInputs& in) {
  const Windows w = windows(in, last_column_apart(in));
  return with_arithmetic(in.arg(0).dtype(), in.policy, [&]<typename A>(A) {
    using V = typename A::Value;
    const auto sums =
        pooled(read<A>(in.arg(0)), in.node.type.shape, w, V(0), [](V a, V b) { return a + b; });
    return write(divide_constant(sums, static_cast<double>(w.elements), in.policy));
  });
}

// Each input adds g / elements of its windows in row-major order.
std::vector<Contribution> vjp_avg_pool(const OpInputs& in, const Tensor&, const Tensor& g) {
  const Windows w = windows(in);
  return with_arithmetic(in.arg(0).dtype(), in.policy, [&]<typename A>(A) {
    const auto e = divide_constant(read<A>(g), static_cast<double>(w.elements), in.policy);
    Array<A> out = zeros<A>(in.arg(0).shape());
    for_each_window(w, [&](std::int64_t to, std::int64_t from, std::span<const std::int64_t> at) {
      const auto* source = e.values.data() + to;
      for (const std::int64_t position : at) {
        auto* target = out.values.data() + from + position * w.channels;
        for (std::int64_t c = 0; c < w.channels; ++c) {
          target[c] = A::round(target[c] + source[c]);
        }
      }
    });
    return std::vector<Contribution>{contribution(in, 0, out)};
  });
}

}  // namespace mxcheck::exec
