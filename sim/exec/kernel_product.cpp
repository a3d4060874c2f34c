// A kernel's mistakes seen from outside: wrong operands go in, or a known error is added to what
// comes out. The kernels themselves know nothing of faults.
#include "sim/exec/kernel_product.h"

#include <algorithm>
#include <vector>

#include "sim/kernels/pack.h"
#include "sim/numerics/rounding.h"

namespace mxcheck::exec {
namespace {

using fault::Kind;
using kernels::CodeMatrix;

std::int32_t code(const CodeMatrix& x, std::int64_t row, std::int64_t column) {
  const std::uint8_t byte = x.codes[row * x.row_stride + column * x.column_stride];
  return x.is_signed ? static_cast<std::int8_t>(byte) : byte;
}

// Row r holds row r - 1, as if packing had started one row early.
std::vector<std::uint8_t> shifted_rows(const CodeMatrix& x) {
  std::vector<std::uint8_t> out;
  for (std::int64_t row = 0; row < x.rows; ++row) {
    const std::int64_t from = std::max<std::int64_t>(0, row - 1);
    for (std::int64_t c = 0; c < x.columns; ++c) {
      out.push_back(x.codes[from * x.row_stride + c * x.column_stride]);
    }
  }
  return out;
}

// What storing adds to the codes of either side: 128 where a kernel keeps s8 as u8.
struct Offsets {
  std::int32_t lhs = 0, rhs = 0;
  [[nodiscard]] bool any() const { return lhs != 0 || rhs != 0; }
};
Offsets offsets_of(const KernelProduct& p) {
  return {kernels::storage_offset(p.kernel.lhs, p.lhs.is_signed),
          kernels::storage_offset(p.kernel.rhs, p.rhs.is_signed)};
}

// acc[m, n] := of(m, n, acc[m, n])
template <typename F>
void for_each(const KernelProduct& p, const kernels::GemmRun& run, F of) {
  for (std::int64_t m = 0; m < p.lhs.rows; ++m) {
    for (std::int64_t n = 0; n < p.rhs.columns; ++n) {
      std::int32_t& acc = run.acc[m * run.stride + n];
      acc = of(m, n, acc);
    }
  }
}

// Pairs of products of stored codes saturated to 16 bits, as an instruction for u8 x s8 does it.
void saturate_pairs(const KernelProduct& p, const kernels::GemmRun& run) {
  constexpr int kPairBits = 16;
  const Offsets offset = offsets_of(p);
  if (!offset.any()) return;
  for_each(p, run, [&](std::int64_t m, std::int64_t n, std::int32_t acc) {
    for (std::int64_t k = 0; k < p.lhs.columns; k += 2) {
      std::int32_t pair = 0;
      for (std::int64_t i = k; i < std::min(k + 2, p.lhs.columns); ++i) {
        pair += (code(p.lhs, m, i) + offset.lhs) * (code(p.rhs, i, n) + offset.rhs);
      }
      const auto kept = static_cast<std::int32_t>(numerics::saturate_to(pair, kPairBits));
      acc = numerics::wrap_add(acc, kept - pair);
    }
    return acc;
  });
}

// sum of (l + lo)(r + ro), with nothing taken away for the offsets.
void forget_correction(const KernelProduct& p, const kernels::GemmRun& run) {
  const Offsets offset = offsets_of(p);
  if (!offset.any()) return;
  for_each(p, run, [&](std::int64_t m, std::int64_t n, std::int32_t acc) {
    for (std::int64_t k = 0; k < p.lhs.columns; ++k) {
      const std::int32_t moved = offset.lhs * code(p.rhs, k, n) + offset.rhs * code(p.lhs, m, k);
      acc = numerics::wrap_add(acc, moved + offset.lhs * offset.rhs);
    }
    return acc;
  });
}

void lose_edge_column(const KernelProduct& p, const kernels::GemmRun& run) {
  const std::int64_t n = p.rhs.columns;
  if (n % p.kernel.columns == 0) return;
  for (std::int64_t m = 0; m < p.lhs.rows; ++m) run.acc[m * run.stride + n - 1] = 0;
}

void multiply_faultily(KernelProduct p, kernels::PackedRhs& packed, const kernels::GemmRun& run,
                       const fault::Faults& faults) {
  if (faults.has(Kind::kernel_codes_as_unsigned)) p.lhs.is_signed = false;
  std::vector<std::uint8_t> shifted;
  if (faults.has(Kind::kernel_packing_shifted)) {
    shifted = shifted_rows(p.rhs);
    p.rhs = {shifted.data(), p.rhs.rows, p.rhs.columns, p.rhs.columns, 1, p.rhs.is_signed};
  }
  if (faults.has(Kind::kernel_k_group_dropped) && p.lhs.columns > 1) {
    const std::int64_t group = p.kernel.group;
    const std::int64_t last = p.lhs.columns % group == 0 ? group : p.lhs.columns % group;
    p.lhs.columns = p.rhs.rows = p.lhs.columns - std::min(last, p.lhs.columns - 1);
  }
  packed.pack(p.kernel, p.isa, p.rhs);
  kernels::multiply(p.lhs, packed, run);
  if (faults.has(Kind::kernel_pairs_saturate)) saturate_pairs(p, run);
  if (faults.has(Kind::kernel_correction_omitted)) forget_correction(p, run);
  if (faults.has(Kind::kernel_edge_column_lost)) lose_edge_column(p, run);
}

}  // namespace

void multiply_on_kernel(const KernelProduct& product, kernels::PackedRhs& packed,
                        const kernels::GemmRun& run, const fault::Faults& faults) {
  if (!faults.empty()) return multiply_faultily(product, packed, run, faults);
  packed.pack(product.kernel, product.isa, product.rhs);
  kernels::multiply(product.lhs, packed, run);
}

}  // namespace mxcheck::exec
