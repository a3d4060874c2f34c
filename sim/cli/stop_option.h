// `-x` and `--maxfail`: when a run of cases has seen enough.
#pragma once

#include <cstdint>

#include "sim/cli/options.h"

namespace mxcheck::cli {

void add_stop_options(po::options_description& options);
// Failures after which to stop; 0: never.
[[nodiscard]] std::int64_t most_failures(const po::variables_map& map);

}  // namespace mxcheck::cli
