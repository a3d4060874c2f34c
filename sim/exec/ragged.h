// Ragged products (RAG): [m,k] x [g,k,n], rows of lhs belonging to groups of consecutive rows.
#pragma once

#include "sim/exec/contraction.h"

namespace mxcheck::exec {

// Groups of rows: begin and end of each, clipped to the number of rows.
struct RowGroups {
  std::vector<std::pair<std::int64_t, std::int64_t>> ranges;
};
[[nodiscard]] RowGroups row_groups(const Tensor& group_sizes, std::int64_t rows,
                                   const fault::Faults& faults = {});

// lhs [m,k] x rhs [g,k,n] -> [m,n]; rows past the last group give 0.
[[nodiscard]] ProductResult ragged_product(const Operand& lhs, const Operand& rhs,
                                           const RowGroups& groups, const Policy& policy,
                                           Engine& engine);
// lhs [m,k], g [m,n] -> [g,k,n]: per group, transposed lhs times g.
[[nodiscard]] ProductResult ragged_weight_gradient(const Operand& lhs, const Operand& g,
                                                   const RowGroups& groups, const Policy& policy,
                                                   Engine& engine);

}  // namespace mxcheck::exec
