// CASE of show and bless: files, folders, or ids below cases.
#pragma once

#include "sim/cli/options.h"

namespace mxcheck::cli {

// Throws UsageError if there is no CASE, or one that is nothing.
[[nodiscard]] suite::Collection cases_named(const po::variables_map& map, const char* command,
                                            suite::Selection selected = {});

}  // namespace mxcheck::cli
