// A profile from the command line.
#include "sim/cli/hardware_option.h"

#include <fmt/format.h>

#include "sim/base/file.h"
#include "sim/base/text.h"
#include "sim/cli/options.h"

namespace mxcheck::cli {

mxu::Profile parse_hardware(const std::string& text) {
  if (!text.ends_with(".json")) {
    const std::optional<mxu::Profile> preset = mxu::preset(text);
    if (preset) return *preset;
    throw UsageError(fmt::format("--hardware: there is no preset '{}'; there are: {}{}",
                                 base::printable(text), base::join(mxu::preset_names(), ", "),
                                 did_you_mean(text, mxu::preset_names())));
  }
  constexpr std::uint64_t kLargestProfile = 1 << 20;
  const base::Result<std::string> json = base::read_file(text, kLargestProfile);
  if (!json) throw UsageError("--hardware: " + base::printable(json.error()));
  const mxu::ParsedProfile parsed = mxu::parse_profile(json.value(), text);
  if (parsed.profile) return *parsed.profile;
  std::string message = "--hardware: the profile cannot be meant";
  for (const base::Diagnostic& d : parsed.diagnostics) message += "\n" + base::format(d);
  throw UsageError(message);
}

}  // namespace mxcheck::cli
