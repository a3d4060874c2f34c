// The elementwise kernels of kernels.def for a chosen instruction set: of each family the best one
// it covers. What they compute is defined at the blocks (vector_block.h) and equals sim/quant and
// sim/exec bit for bit.
//
// The functions of VectorKernels hold numerics::FlushSubnormals, so the bits are the same whether
// or not the caller does (POL-9). Blocks may be cut by rows and columns at will, in any threads.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/kernels/isa.h"
#include "sim/kernels/tally.h"
#include "sim/kernels/vector_block.h"

namespace mxcheck::kernels {

// One line of kernels.def.
struct VectorKernelInfo {
  const char* family = "";
  const char* function = "";
  Isa isa = Isa::kScalar;
};
[[nodiscard]] const std::vector<VectorKernelInfo>& vector_kernel_list();

struct ChainKernel {
  const char* name = "";
  void (*function)(const ChainTile&) = nullptr;
  int rows = 0, columns = 0;
};

class VectorKernels {
 public:
  // The best of each family that `chosen` covers (scalar at least).
  explicit VectorKernels(Isa chosen);

  void reduce_rows(const ReduceBlock& block) const;
  void reduce_columns(const ReduceBlock& block) const;
  void quantize_rows(const QuantizeBlock& block) const;
  void quantize_columns(const QuantizeBlock& block) const;
  void dequantize(const DequantizeBlock& block) const;
  void multiply(const MultiplyBlock& block) const;
  void scale_product(const ProductBlock& block) const;
  void noise(const NoiseBlock& block) const;
  void combine(const CombineBlock& block) const;
  // Sums of columns in the order of POL-3: windows of 32 rows.
  void sum_columns(const SumBlock& block) const;
  // Codes, and the values they stand for, while a few rows are in the first-level cache. `out` has
  // the stride of x; s8 and s4 codes without flip.
  void fake_quantize_rows(const QuantizeBlock& block, void* out) const;
  // The tile function itself: the driver in float_chain.h holds the mode around many tiles.
  [[nodiscard]] const ChainKernel& chain() const { return chain_; }

  // Their names, as in kernels.def, for reports.
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }

 private:
  // The kernel of a family; a call is a use of it (tally.h).
  template <typename Block>
  struct Family {
    const char* name = "";
    void (*function)(const Block&) = nullptr;
    void operator()(const Block& block) const {
      note_use(name);
      function(block);
    }
  };
  Family<ReduceBlock> reduce_rows_;
  Family<ReduceBlock> reduce_columns_;
  Family<QuantizeBlock> quantize_rows_;
  Family<QuantizeBlock> quantize_columns_;
  Family<DequantizeBlock> dequantize_;
  Family<MultiplyBlock> multiply_;
  Family<ProductBlock> scale_product_;
  Family<NoiseBlock> noise_;
  Family<CombineBlock> combine_;
  Family<SumBlock> sum_columns_;
  ChainKernel chain_;
  std::vector<std::string> names_;
};

// Made once per instruction set.
[[nodiscard]] const VectorKernels& vector_kernels(Isa chosen);

}  // namespace mxcheck::kernels
