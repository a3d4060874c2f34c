// Facts about this build, for --version, info, the library and the context of every report.
#pragma once

#include <string>

namespace mxcheck::build {

[[nodiscard]] std::string version();  // of CMakeLists.txt's project(), the one place it stands
// The commit the sources are at, "+changes" appended where files differ from it; in a source
// package the one it was made from; "unknown" elsewhere.
[[nodiscard]] std::string commit();
[[nodiscard]] std::string compiler();
[[nodiscard]] std::string build_type();

}  // namespace mxcheck::build
