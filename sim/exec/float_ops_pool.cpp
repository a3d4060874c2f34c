// max_pool and avg_pool over the axes between the first (batch) and the last (channels), and their
// gradients (FLT-8). The order in which avg_pool's sums run is PoolSums' subject.
#include <span>

#include "sim/exec/float_ops_sum.h"

namespace mxcheck::exec {
namespace {

// For every position of one array, the positions of another whose elements it gathers, in the order
// in which they are gathered; positions are row-major over the spatial axes, padding is left out.
struct Taps {
  std::vector<std::size_t> begin;  // per position, and one more: offsets into the two below
  std::vector<std::int64_t> at;
  std::vector<std::uint8_t> lane;  // see PoolSums
};

struct PoolShape {
  std::int64_t batch = 1, inputs = 1, outputs = 1, channels = 1;
  Shape input, output;        // spatial axes
  Axes window, strides, low;  // low: padding in front
  std::int64_t elements = 1;  // of one window, padding included
  bool padded = false;
};

PoolShape pool_shape(const Shape& x, const graph::Node& node) {
  const Shape& y = node.type.shape;
  const graph::Attributes& a = node.attributes;
  MXCHECK_CHECK(x.size() == a.window.size() + 2 && y.size() == x.size(), tensor::to_string(x));
  PoolShape out;
  out.batch = x.front();
  out.channels = x.back();
  out.input.assign(x.begin() + 1, x.end() - 1);
  out.output.assign(y.begin() + 1, y.end() - 1);
  out.inputs = *tensor::element_count(out.input);
  out.outputs = *tensor::element_count(out.output);
  out.window = a.window;
  out.strides = a.strides.empty() ? a.window : a.strides;
  out.low.assign(a.window.size(), 0);
  for (std::size_t axis = 0; axis < a.padding.size(); ++axis) {
    out.low[axis] = a.padding[axis].first;
    out.padded = out.padded || a.padding[axis].first != 0 || a.padding[axis].second != 0;
  }
  out.elements = *tensor::element_count(a.window);
  return out;
}

// How the norm's backend, on the host that recorded the values, runs the sum over a window:
// row-major in one accumulator, or, where its compiler makes vectors of it, each row of the window
// in a lane of its own, the lanes folded in halves; a last column that alone reaches into padding
// comes after.
struct PoolSums {
  std::int64_t lanes = 1;
  bool last_column_after = false;
};

// The image a sum runs over: elements from one of its rows to the next, and elements of one row of
// results.
struct Image {
  std::int64_t pitch = 1, results = 1;
};

// Lanes for a window of rows x columns; 1: none.
std::int64_t lanes_of(std::int64_t rows, std::int64_t columns, const Image& image, DType dtype) {
  const bool even = rows == 2 || rows == 4 || rows % 8 == 0;
  if (dtype == DType::kBF16 || columns < 2 || !even) return 1;
  const std::int64_t widest = dtype == DType::kF16 ? (rows % 16 == 0 ? 16 : 8)
                              : columns > 6        ? 4
                                                   : 8;
  const std::int64_t lanes = std::min(rows, widest);
  if (image.results == 1) return columns <= 8 ? lanes : 1;
  const bool power_of_two = (image.pitch & (image.pitch - 1)) == 0;
  if (dtype == DType::kF16) {
    const std::int64_t most = rows == 2 ? (power_of_two ? 4 : 3) : rows == 4 ? 4 : 5;
    return columns <= most ? lanes : 1;
  }
  return columns == 2 && rows <= 8 && power_of_two ? lanes : 1;
}

PoolSums forward_sums(const PoolShape& p, DType dtype) {
  PoolSums out;
  if (p.window.size() != 2) return out;
  const std::int64_t beyond = (p.output[1] - 1) * p.strides[1] + p.window[1] - p.input[1];
  out.last_column_after = p.low[1] == 0 && beyond == 1 && p.window[1] > 1;
  if (p.padded && (!out.last_column_after || p.low[0] != 0)) return out;
  out.lanes = lanes_of(p.window[0], p.window[1] - (out.last_column_after ? 1 : 0),
                       {p.input[1] * p.channels, p.output[1] * p.channels}, dtype);
  return out;
}

// The gradient's windows run with stride 1 over an image widened on both sides, without padding.
PoolSums backward_sums(const PoolShape& p, DType dtype) {
  PoolSums out;
  if (p.window.size() != 2) return out;
  out.lanes =
      lanes_of(p.window[0], p.window[1],
               {(p.input[1] + p.window[1] - 1) * p.channels, p.input[1] * p.channels}, dtype);
  return out;
}

// Next index of a row-major walk; false at the end.
bool advance(std::vector<std::int64_t>& index, const Shape& shape) {
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    if (++index[axis] < shape[axis]) return true;
    index[axis] = 0;
  }
  return false;
}

// The input position of window element k of output o, or -1 in the padding.
std::int64_t input_position(const PoolShape& p, const std::vector<std::int64_t>& o,
                            const std::vector<std::int64_t>& k) {
  std::int64_t position = 0;
  for (std::size_t axis = 0; axis < p.input.size(); ++axis) {
    const std::int64_t i = o[axis] * p.strides[axis] + k[axis] - p.low[axis];
    if (i < 0 || i >= p.input[axis]) return -1;
    position = position * p.input[axis] + i;
  }
  return position;
}

// Appends the elements of output o's window whose column lies in [first, last].
void append_taps(Taps& out, const PoolShape& p, const std::vector<std::int64_t>& o,
                 std::int64_t first, std::int64_t last, const PoolSums& sums) {
  std::vector<std::int64_t> k(p.window.size(), 0);
  do {
    if (k.back() < first || k.back() > last) continue;
    const std::int64_t position = input_position(p, o, k);
    if (position < 0) continue;
    out.at.push_back(position);
    out.lane.push_back(static_cast<std::uint8_t>(k.front() % sums.lanes));
  } while (advance(k, p.window));
}

// The inputs of every output.
Taps forward_taps(const PoolShape& p, const PoolSums& sums) {
  Taps out;
  out.begin.push_back(0);
  if (p.outputs == 0) return out;
  const std::int64_t last = p.window.back() - 1;
  std::vector<std::int64_t> o(p.output.size(), 0);
  do {
    append_taps(out, p, o, 0, sums.last_column_after ? last - 1 : last, sums);
    const std::size_t in_lanes = out.at.size();
    if (sums.last_column_after) append_taps(out, p, o, last, last, sums);
    for (std::size_t i = in_lanes; i < out.at.size(); ++i) {
      out.lane[i] = static_cast<std::uint8_t>(sums.lanes);
    }
    out.begin.push_back(out.at.size());
  } while (advance(o, p.output));
  return out;
}

// The outputs of every input, ascending; the lane is the row in the gradient's window, which runs
// against the forward one.
Taps backward_taps(const PoolShape& p, const PoolSums& sums) {
  const Taps forward = forward_taps(p, {p.window.front(), false});
  Taps out;
  out.begin.assign(static_cast<std::size_t>(p.inputs) + 1, 0);
  for (const std::int64_t input : forward.at) ++out.begin[static_cast<std::size_t>(input) + 1];
  for (std::size_t i = 1; i < out.begin.size(); ++i) out.begin[i] += out.begin[i - 1];
  std::vector<std::size_t> next(out.begin.begin(), out.begin.end() - 1);
  out.at.resize(forward.at.size());
  out.lane.resize(forward.at.size());
  for (std::size_t o = 0; o + 1 < forward.begin.size(); ++o) {
    for (std::size_t i = forward.begin[o]; i < forward.begin[o + 1]; ++i) {
      const std::size_t slot = next[static_cast<std::size_t>(forward.at[i])]++;
      out.at[slot] = static_cast<std::int64_t>(o);
      out.lane[slot] =
          static_cast<std::uint8_t>((p.window.front() - 1 - forward.lane[i]) % sums.lanes);
    }
  }
  return out;
}

// One value per target position and channel: step() over its taps from `start`, rounded; `lanes`
// accumulators, folded in halves before the taps that come after.
template <typename A, typename Step>
Array<A> gathered(const Array<A>& x, const Shape& shape, const PoolShape& p, const Taps& taps,
                  std::int64_t lanes, typename A::Value start, Step step) {
  Array<A> out{shape, {}};
  out.values.resize(static_cast<std::size_t>(*tensor::element_count(shape)));
  const std::size_t targets = taps.begin.size() - 1;
  const std::int64_t sources = x.size() / std::max<std::int64_t>(p.batch * p.channels, 1);
  const auto count = static_cast<std::size_t>(lanes);
  std::vector<typename A::Value> lane(count);
  auto* target = out.values.data();
  for (std::int64_t n = 0; n < p.batch; ++n) {
    for (std::size_t t = 0; t < targets; ++t) {
      for (std::int64_t c = 0; c < p.channels; ++c, ++target) {
        const auto* source = x.values.data() + n * sources * p.channels + c;
        std::fill(lane.begin(), lane.end(), start);
        std::size_t i = taps.begin[t];
        for (; i < taps.begin[t + 1] && taps.lane[i] < count; ++i) {
          auto& sum = lane[taps.lane[i]];
          sum = A::round(step(sum, source[taps.at[i] * p.channels]));
        }
        for (std::size_t half = count / 2; half > 0; half /= 2) {
          for (std::size_t k = 0; k < half; ++k) {
            lane[k] = A::round(step(lane[k], lane[k + half]));
          }
        }
        for (; i < taps.begin[t + 1]; ++i) {
          lane[0] = A::round(step(lane[0], source[taps.at[i] * p.channels]));
        }
        *target = lane[0];
      }
    }
  }
  return out;
}

// The position of the first element of a window that no later one exceeds; -1 if that is padding,
// which takes part as -infinity.
template <typename V>
std::int64_t selected(const V* channel, const PoolShape& p, const std::vector<std::int64_t>& o) {
  std::int64_t best = -1;
  V kept = 0;
  bool first = true;
  std::vector<std::int64_t> k(p.window.size(), 0);
  do {
    const std::int64_t position = input_position(p, o, k);
    const V tap =
        position < 0 ? -std::numeric_limits<V>::infinity() : channel[position * p.channels];
    if (!first && kept >= tap) continue;
    first = false;
    kept = tap;
    best = position;
  } while (advance(k, p.window));
  return best;
}

}  // namespace

bool host_dependent_avg_pool(const graph::ValueType& x, const graph::Node& node) {
  const PoolShape p = pool_shape(x.shape, node);
  const PoolSums sums = forward_sums(p, x.dtype);
  return sums.lanes > 1 || sums.last_column_after || backward_sums(p, x.dtype).lanes > 1;
}

Tensor forward_max_pool(const OpInputs& in) {
  const PoolShape p = pool_shape(in.arg(0).shape(), in.node);
  return with_arithmetic(in.arg(0).dtype(), in.policy, [&]<typename A>(A) {
    using V = typename A::Value;
    return write(gathered(read<A>(in.arg(0)), in.node.type.shape, p, forward_taps(p, {}), 1,
                          -std::numeric_limits<V>::infinity(),
                          [](V a, V b) { return maximum(a, b); }));
  });
}

std::vector<Contribution> vjp_max_pool(const OpInputs& in, const Tensor&, const Tensor& g) {
  const PoolShape p = pool_shape(in.arg(0).shape(), in.node);
  return with_arithmetic(in.arg(0).dtype(), in.policy, [&]<typename A>(A) {
    const auto x = read<A>(in.arg(0));
    const auto ct = read<A>(g);
    Array<A> out{x.shape, {}};
    out.values.assign(x.values.size(), 0);
    const auto* next = ct.values.data();
    for (std::int64_t n = 0; n < p.batch && p.outputs > 0; ++n) {
      std::vector<std::int64_t> o(p.output.size(), 0);
      do {
        for (std::int64_t c = 0; c < p.channels; ++c, ++next) {
          const std::int64_t channel = n * p.inputs * p.channels + c;
          const std::int64_t best = selected(x.values.data() + channel, p, o);
          if (best < 0) continue;
          auto& sum = out.values[static_cast<std::size_t>(channel + best * p.channels)];
          sum = A::round(sum + *next);
        }
      } while (advance(o, p.output));
    }
    return std::vector<Contribution>{contribution(in, 0, out)};
  });
}

// The sum over the window, padding counted, divided by the window's elements.
Tensor forward_avg_pool(const OpInputs& in) {
  const PoolShape p = pool_shape(in.arg(0).shape(), in.node);
  return with_arithmetic(in.arg(0).dtype(), in.policy, [&]<typename A>(A) {
    using V = typename A::Value;
    const PoolSums sums = forward_sums(p, A::kDType);
    const auto total = gathered(read<A>(in.arg(0)), in.node.type.shape, p, forward_taps(p, sums),
                                sums.lanes, V(0), [](V a, V b) { return a + b; });
    return write(divide_constant(total, static_cast<double>(p.elements), in.policy));
  });
}

// Each input sums g / elements over its windows.
std::vector<Contribution> vjp_avg_pool(const OpInputs& in, const Tensor&, const Tensor& g) {
  const PoolShape p = pool_shape(in.arg(0).shape(), in.node);
  return with_arithmetic(in.arg(0).dtype(), in.policy, [&]<typename A>(A) {
    using V = typename A::Value;
    const PoolSums sums = backward_sums(p, A::kDType);
    const auto e = divide_constant(read<A>(g), static_cast<double>(p.elements), in.policy);
    return std::vector<Contribution>{
        contribution(in, 0,
                     gathered(e, in.arg(0).shape(), p, backward_taps(p, sums), sums.lanes, V(0),
                              [](V a, V b) { return a + b; }))};
  });
}

}  // namespace mxcheck::exec
