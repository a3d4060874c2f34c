// A profile from the command line.
#include "sim/cli/hardware_option.h"

#include "sim/cli/options.h"
#include "sim/suite/option_text.h"

namespace mxcheck::cli {

mxu::Profile parse_hardware(const std::string& text) {
  base::Result<mxu::Profile> profile = suite::profile_from_text(text);
  if (!profile) throw UsageError("--hardware: " + profile.error());
  return std::move(profile).value();
}

}  // namespace mxcheck::cli
