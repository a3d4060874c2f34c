// `matrix`: one file that stands for a product of cases. Internal to this folder. Label
// CASE-MATRIX.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/casefile/context.h"

namespace mxcheck::casefile {

inline constexpr std::size_t kMaxExpansions = 10'000;

// Name -> value, in the file's order.
using Binding = std::vector<std::pair<std::string, JsonValue>>;

// All bindings, the first name varying slowest; one empty binding without a matrix; none after a
// report.
[[nodiscard]] std::vector<Binding> expand_matrix(Context& context, const JsonValue& root);

// Warns of names that no string outside the matrix mentions (REF-UNUSED).
void warn_unused_names(Context& context, const base::JsonDocument& document);

// "/NAME=value" for each name.
[[nodiscard]] std::string id_suffix(const Binding& binding);

// The document with "${NAME}" replaced, as a whole value or inside a string, and without `matrix`;
// nullopt after a report. `budget` is the number of values all expansions may still have.
[[nodiscard]] std::optional<base::JsonDocument> substitute(Context& context,
                                                           const base::JsonDocument& document,
                                                           const Binding& binding,
                                                           std::size_t& budget);
// Does a string refer to a name of a matrix?
[[nodiscard]] bool mentions_matrix(std::string_view text);

}  // namespace mxcheck::casefile
