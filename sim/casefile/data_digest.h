// One digest for all the stored files a case takes tensors from, so that two runs of it can be told
// to have had the same data.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "sim/casefile/case.h"

namespace mxcheck::casefile {

// Of a stored file that tensors come from.
inline constexpr std::uint64_t kMostSourceBytes = std::uint64_t{1} << 30;

// SHA-256 over the names and bytes of the files that sources of the case name, "" if none does;
// nullopt if one of them cannot be read. The golden is not among them.
[[nodiscard]] std::optional<std::string> data_digest(const Case& c);

}  // namespace mxcheck::casefile
