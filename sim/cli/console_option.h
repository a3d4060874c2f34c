// `--color`, `-q`, `-v`: how the results of cases are printed.
#pragma once

#include "reports/console.h"
#include "sim/cli/options.h"

namespace mxcheck::cli {

void add_console_options(po::options_description& options);
[[nodiscard]] reports::ConsoleStyle console_style(const po::variables_map& map);

}  // namespace mxcheck::cli
