// Facts about this build under the names of this folder.
#pragma once

#include "sim/build/build_info.h"

namespace mxcheck::cli {

using build::build_type;
using build::commit;
using build::compiler;
using build::version;

}  // namespace mxcheck::cli
