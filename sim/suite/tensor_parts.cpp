// One copy of bytes per (outer position, taken position).
#include "sim/suite/tensor_parts.h"

#include <cstring>
#include <numeric>

namespace mxcheck::suite {

tensor::Tensor taken(const tensor::Tensor& x, std::int64_t axis,
                     const std::vector<std::int64_t>& at) {
  tensor::Shape shape = x.shape();
  const auto a = static_cast<std::size_t>(axis);
  const std::int64_t old_extent = shape[a];
  shape[a] = static_cast<std::int64_t>(at.size());
  tensor::Tensor out(x.dtype(), shape);
  std::int64_t inner = numerics::byte_width(x.dtype());
  for (std::size_t i = a + 1; i < shape.size(); ++i) inner *= shape[i];
  const std::int64_t outer =
      out.byte_size() == 0 ? 0 : x.size() * numerics::byte_width(x.dtype()) / (inner * old_extent);
  std::byte* to = out.mutable_bytes().data();
  const std::byte* from = x.bytes().data();
  for (std::int64_t o = 0; o < outer; ++o) {
    for (const std::int64_t position : at) {
      std::memcpy(to, from + (o * old_extent + position) * inner, static_cast<std::size_t>(inner));
      to += inner;
    }
  }
  return out;
}

std::vector<std::int64_t> positions(std::int64_t first, std::int64_t end) {
  std::vector<std::int64_t> out(static_cast<std::size_t>(end - first));
  std::iota(out.begin(), out.end(), first);
  return out;
}

}  // namespace mxcheck::suite
