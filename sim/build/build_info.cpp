// The only file that sees the generated headers, so that a new commit recompiles nothing else.
#include "sim/build/build_info.h"

#include "commit.h"
#include "version.h"

namespace mxcheck::build {

std::string version() { return MXCHECK_BUILD_VERSION; }
std::string commit() { return MXCHECK_COMMIT; }
std::string compiler() { return MXCHECK_COMPILER; }
std::string build_type() { return MXCHECK_BUILD_TYPE; }

}  // namespace mxcheck::build
