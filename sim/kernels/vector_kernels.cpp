// From lines of kernels.def to one function per family.
#include "sim/kernels/vector_kernels.h"

#include <algorithm>

#include "sim/base/check.h"
#include "sim/numerics/flush.h"

namespace mxcheck::kernels {

const std::vector<VectorKernelInfo>& vector_kernel_list() {
  static const std::vector<VectorKernelInfo> kList = {
#define MXCHECK_VECTOR_KERNEL(family, Block, function, isa) {#family, #function, Isa::isa},
#define MXCHECK_CHAIN_KERNEL(function, isa, rows, columns) {"chain", #function, Isa::isa},
#include "sim/kernels/kernels.def"
#undef MXCHECK_VECTOR_KERNEL
#undef MXCHECK_CHAIN_KERNEL
  };
  return kList;
}

// Lines of a family stand in the order of the instruction sets, so the last one covered is the
// best.
VectorKernels::VectorKernels(Isa chosen) {
#define MXCHECK_VECTOR_KERNEL(family, Block, function, isa) \
  if (covers(chosen, Isa::isa)) family##_ = {#function, function};
#define MXCHECK_CHAIN_KERNEL(function, isa, rows, columns) \
  if (covers(chosen, Isa::isa)) chain_ = {#function, function, rows, columns};
#include "sim/kernels/kernels.def"
#undef MXCHECK_VECTOR_KERNEL
#undef MXCHECK_CHAIN_KERNEL
  for (const VectorKernelInfo& line : vector_kernel_list()) {
    if (!covers(chosen, line.isa)) continue;
    std::string* same = nullptr;
    for (std::string& name : names_) {
      if (name.starts_with(std::string(line.family) + "_")) same = &name;
    }
    if (same != nullptr) {
      *same = line.function;
    } else {
      names_.emplace_back(line.function);
    }
  }
}

void VectorKernels::reduce_rows(const ReduceBlock& block) const {
  const numerics::FlushSubnormals flush;
  reduce_rows_(block);
}
void VectorKernels::reduce_columns(const ReduceBlock& block) const {
  const numerics::FlushSubnormals flush;
  reduce_columns_(block);
}
void VectorKernels::quantize_rows(const QuantizeBlock& block) const {
  const numerics::FlushSubnormals flush;
  quantize_rows_(block);
}
void VectorKernels::quantize_columns(const QuantizeBlock& block) const {
  const numerics::FlushSubnormals flush;
  quantize_columns_(block);
}
void VectorKernels::dequantize(const DequantizeBlock& block) const {
  const numerics::FlushSubnormals flush;
  dequantize_(block);
}
void VectorKernels::multiply(const MultiplyBlock& block) const {
  const numerics::FlushSubnormals flush;
  multiply_(block);
}
void VectorKernels::scale_product(const ProductBlock& block) const {
  const numerics::FlushSubnormals flush;
  scale_product_(block);
}
void VectorKernels::noise(const NoiseBlock& block) const {
  const numerics::FlushSubnormals flush;
  noise_(block);
}

void VectorKernels::combine(const CombineBlock& block) const {
  const numerics::FlushSubnormals flush;
  combine_(block);
}

// POL-3 along one axis: padded with zeros to windows of 32, half of them in front; then the same
// rule for the sums of the windows. Zeros added to a sum from +0 change nothing.
void VectorKernels::sum_columns(const SumBlock& block) const {
  const numerics::FlushSubnormals flush;
  constexpr std::int64_t kWindow = 32;
  if (block.rows <= kWindow) {
    sum_columns_(block);
    return;
  }
  const std::int64_t width = block.type == Element::kF32 ? 4 : 2;
  const std::int64_t windows = (block.rows + kWindow - 1) / kWindow;
  const std::int64_t front = (windows * kWindow - block.rows) / 2;
  std::vector<std::uint8_t> sums(static_cast<std::size_t>(windows * block.columns * width));
  for (std::int64_t w = 0; w < windows; ++w) {
    const std::int64_t first = std::max<std::int64_t>(0, w * kWindow - front);
    const std::int64_t end = std::min(block.rows, (w + 1) * kWindow - front);
    SumBlock window = block;
    window.rows = end - first;
    window.x = static_cast<const std::uint8_t*>(block.x) + first * block.stride * width;
    window.out = sums.data() + w * block.columns * width;
    sum_columns_(window);
  }
  SumBlock rest = block;
  rest.x = sums.data();
  rest.rows = windows;
  rest.stride = block.columns;
  sum_columns(rest);
}

void VectorKernels::fake_quantize_rows(const QuantizeBlock& block, void* out) const {
  const numerics::FlushSubnormals flush;
  const std::int64_t width = block.type == Element::kF32 ? 4 : 2;
  const std::int64_t step = std::max<std::int64_t>(1, (8 << 10) / (width * block.columns));
  for (std::int64_t row = 0; row < block.rows; row += step) {
    QuantizeBlock part = block;
    part.rows = std::min(step, block.rows - row);
    part.x = static_cast<const std::uint8_t*>(block.x) + row * block.stride * width;
    part.scale = static_cast<std::uint8_t*>(block.scale) + row * block.scale_step * width;
    part.codes = block.codes + row * block.codes_stride;
    if (block.zero_point != nullptr) part.zero_point = block.zero_point + row * block.scale_step;
    if (block.noise.values != nullptr) {
      part.noise.values =
          static_cast<const float*>(block.noise.values) + row * block.noise.row_step;
    }
    quantize_rows_(part);
    DequantizeBlock back;
    back.type = block.type;
    back.codes = part.codes;
    back.rows = part.rows;
    back.columns = block.columns;
    back.stride = block.codes_stride;
    back.is_unsigned = block.is_unsigned;
    back.zero_point = {part.zero_point, block.scale_step, 0};
    back.scale = {part.scale, block.scale_step, 0};
    back.out = static_cast<std::uint8_t*>(out) + row * block.stride * width;
    back.out_stride = block.stride;
    dequantize_(back);
  }
}

const VectorKernels& vector_kernels(Isa chosen) {
  static const std::vector<VectorKernels> kAll = [] {
    std::vector<VectorKernels> out;
    for (const IsaInfo& info : isas()) out.emplace_back(info.here ? info.isa : Isa::kScalar);
    return out;
  }();
  MXCHECK_CHECK(here(chosen), name(chosen));
  return kAll[static_cast<std::size_t>(chosen)];
}

}  // namespace mxcheck::kernels
