// What elementwise kernels can take: which types and policies, and how an array and its scales fold
// to blocks of rows and columns (TIL-1, CAL-2).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sim/kernels/vector_block.h"
#include "sim/numerics/dtype.h"
#include "sim/numerics/policy.h"
#include "sim/numerics/qtype.h"
#include "sim/tensor/tensor.h"

namespace mxcheck::exec::fast {

[[nodiscard]] std::optional<kernels::Element> element_of(numerics::DType dtype);
// A policy under which a value is rounded after every operation, and nothing is planted.
[[nodiscard]] bool is_plain(const numerics::Policy& policy);
[[nodiscard]] bool has_integer_codes(numerics::QType qtype);

[[nodiscard]] inline const std::uint8_t* start(const tensor::Tensor& x) {
  return reinterpret_cast<const std::uint8_t*>(x.bytes().data());
}
[[nodiscard]] inline std::uint8_t* mutable_start(tensor::Tensor& x) {
  return reinterpret_cast<std::uint8_t*>(x.mutable_bytes().data());
}
[[nodiscard]] inline std::int64_t width_of(const tensor::Tensor& x) {
  return numerics::byte_width(x.dtype());
}

// [outer, reduced, inner]: scale o * inner + i belongs to elements (o, ., i). With reduced > 1 and
// inner = 1 a scale belongs to a row, else to a column.
struct Layout {
  std::int64_t outer = 1, reduced = 1, inner = 1;
  [[nodiscard]] bool by_rows() const { return inner == 1; }
  [[nodiscard]] std::int64_t scales() const { return outer * inner; }
  [[nodiscard]] std::int64_t size() const { return outer * reduced * inner; }
};

// nullopt: another order of axes, or nothing in the array.
[[nodiscard]] std::optional<Layout> collapse(const tensor::Shape& shape,
                                             const tensor::Shape& scale);

// One size of block for several scales: [rows, columns] blocks, one after the other.
struct Blocks {
  std::int64_t rows = 1, columns = 1, count = 1;
};
[[nodiscard]] std::optional<Blocks> common_blocks(const std::vector<Layout>& layouts);

// The scales of a block whose first row (counted over all blocks) is `first_row`; nullopt if they
// do not advance evenly in it. `width`: bytes of a scale.
[[nodiscard]] std::optional<kernels::Spread> spread_of(const Layout& layout, const void* scales,
                                                       std::int64_t width, const Blocks& blocks,
                                                       std::int64_t first_row);

}  // namespace mxcheck::exec::fast
