// The message names what there is.
#include "sim/cli/fault_option.h"

#include "sim/base/text.h"
#include "sim/cli/options.h"

namespace mxcheck::cli {

fault::Fault parse_fault_option(const std::string& text) {
  base::Result<fault::Fault> fault = fault::parse_fault(text);
  if (!fault) {
    throw UsageError("--fault: " + base::printable(fault.error()) + "; see mxcheck mutate --list");
  }
  return std::move(fault).value();
}

}  // namespace mxcheck::cli
