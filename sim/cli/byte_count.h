// Sizes on the command line: digits, and K, M, G or T for powers of 1024.
#pragma once

#include "sim/cli/options.h"

namespace mxcheck::cli {

// At least 1. Throws UsageError.
[[nodiscard]] std::uint64_t byte_count(const po::variables_map& map, const char* name,
                                       std::uint64_t otherwise);

}  // namespace mxcheck::cli
