// Facts about this build, for --version, info and the context of every report.
#pragma once

#include <string>

namespace mxcheck::cli {

[[nodiscard]] std::string version();
[[nodiscard]] std::string commit();  // "unknown" outside git
[[nodiscard]] std::string compiler();
[[nodiscard]] std::string build_type();

}  // namespace mxcheck::cli
