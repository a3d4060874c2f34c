// The check `metamorphic`: relations between runs that need no golden. Every quantized node runs
// alone on its recorded arrays, and again on changed ones; what must follow is compared in bits.
//
//   alone             the node alone gives the recorded values
//   scale_inputs      operands times powers of two: the same codes, results times their product
//   scale_cotangent   the cotangent times a power of two: gradients times it
//   permute_k         one order of the contracted axis for both operands: the same s32 sums
//   permute_rows      another order of a kept axis: results in that order (rows, columns, batch)
//   split_batch       each half of the rows alone gives its half of the results
//   split_k           the sums of two halves of K add up to the whole sum
//
// The report says how often each was applied and why it was not: README of golden/reference derives
// the conditions. The same relations, the quantizer and the gradients of golden/reference and the
// check fake_quant then judge the node on generated operands (metamorphic_operands.h).
// EXACT only. Labels: QNT, SCL, DOT-4..DOT-8, BWD, TIL.
#pragma once

#include <cstdint>
#include <string>

#include "reports/model.h"
#include "sim/exec/executor.h"

namespace mxcheck::suite {

struct MetamorphicOptions {
  // Largest product of a node that is run again, in multiplications.
  std::int64_t max_pairs = std::int64_t{1} << 18;
  // The rules and the matrix unit to judge by; null: those of the run.
  const numerics::Policy* policy = nullptr;
  const mxu::Profile* profile = nullptr;
  std::string case_id;     // seeds the generated operands,
  std::uint64_t seed = 0;  // together with this
};

// `request` is the one that gave `outcome`. A result without tensors: the run has no quantized
// node.
[[nodiscard]] reports::CheckResult check_metamorphic(const exec::Request& request,
                                                     const exec::Outcome& outcome,
                                                     const MetamorphicOptions& options = {});

}  // namespace mxcheck::suite
