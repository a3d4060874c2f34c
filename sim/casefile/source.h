// Tensor sources: reading them from JSON and finding the files they name. Internal to this folder.
// Labels: SRC-FORM, SRC-DTYPE, SRC-SHAPE, SRC-SIZE, SRC-RANGE, SRC-PATH, SRC-FILE, SRC-TENSOR.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <variant>

#include "sim/casefile/case.h"
#include "sim/casefile/context.h"

namespace mxcheck::casefile {

enum class Steps : std::uint8_t { kRefused, kAllowed };

[[nodiscard]] std::optional<TensorSource> read_source(Context& context, const JsonValue& value,
                                                      Steps steps);

// The file a relative path of a case names: an existing regular file below the suite's root, by
// whatever links it is reached.
[[nodiscard]] FoundFile find_file(const std::filesystem::path& case_file,
                                  const std::filesystem::path& root, const std::string& relative);
// Can the path be one of a case at all: relative, and not climbing out of the root?
[[nodiscard]] std::optional<PathProblem> check_path(const std::filesystem::path& case_file,
                                                    const std::filesystem::path& root,
                                                    const std::string& relative);

}  // namespace mxcheck::casefile
