// Edits of a draft that the minimizer tries: each gives a new draft, valid or not. Internal to it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sim/casefile/draft.h"
#include "sim/graph/run.h"

namespace mxcheck::suite {

// A place where a dimension stands: an axis of a source, or an entry of an attribute.
struct DimSlot {
  enum class Where : std::uint8_t { kInput, kParam, kStats, kCotangent, kShape, kLimit };
  Where where = Where::kInput;
  std::size_t index = 0;  // of the source, or of the node
  std::size_t axis = 0;
  friend bool operator==(const DimSlot&, const DimSlot&) = default;
};
[[nodiscard]] std::vector<DimSlot> dim_slots(const casefile::Draft& draft);
[[nodiscard]] std::int64_t dim_at(const casefile::Draft& draft, const DimSlot& slot);
// Keeps these indices of the dimension at each slot; sources made by a formula only get shorter.
[[nodiscard]] casefile::Draft with_dims(casefile::Draft draft, const std::vector<DimSlot>& slots,
                                        const std::vector<std::int64_t>& kept);

// Every source of the draft, in order.
[[nodiscard]] std::vector<casefile::TensorSource*> sources_of(casefile::Draft& draft);

// Without the inputs, params and expected values that nothing uses.
void drop_unused(casefile::Draft& draft);

// Without node `i`: its uses take an input with the value it had, a cotangent that started at it
// starts at its arguments.
[[nodiscard]] casefile::Draft without_node(const casefile::Draft& draft, std::size_t i,
                                           const graph::Values& values);
// Its uses take its argument `arg` instead.
[[nodiscard]] casefile::Draft bypassed(casefile::Draft draft, std::size_t i, std::size_t arg);
// Only node `i`, its arguments and cotangent as they were.
[[nodiscard]] casefile::Draft only_node(const casefile::Draft& draft, std::size_t i,
                                        const graph::Values& values);
// Rules and settings brought to their defaults, one at a time.
struct Simplification {
  std::string what;
  std::function<void(casefile::Draft&)> edit;
};
[[nodiscard]] std::vector<Simplification> simplifications(const casefile::Draft& draft);

// The first `steps` steps.
[[nodiscard]] casefile::Draft with_steps(casefile::Draft draft, int steps);

}  // namespace mxcheck::suite
