// `mxcheck device-host LIBRARY`: what mxcheck starts as a device of tier `library`. Speaks the
// protocol of devices on stdin and stdout; of no use by hand, hence not in the list of commands.
#include <fmt/format.h>

#include "sim/base/text.h"
#include "sim/cli/command.h"
#include "sim/device/library_host.h"

namespace mxcheck::cli {

int run_device_host(const Arguments& arguments) {
  if (arguments.size() != 1) {
    fmt::print(stderr, "usage: mxcheck device-host LIBRARY\n");
    return kExitUsage;
  }
  const base::Status status = device::serve_library(arguments.front());
  if (status) return kExitOk;
  fmt::print(stderr, "mxcheck device-host: {}\n", base::printable(status.error()));
  return kExitFailed;
}

}  // namespace mxcheck::cli
