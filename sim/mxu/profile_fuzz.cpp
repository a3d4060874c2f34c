// Any bytes through the profile reader: no crash; what is accepted reads back from its own JSON.
#include <cstddef>
#include <cstdint>
#include <string>

#include "sim/base/check.h"
#include "sim/mxu/profile.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mxcheck::mxu;
  const ParsedProfile parsed = parse_profile({reinterpret_cast<const char*>(data), size}, "fuzz");
  if (!parsed.profile) return 0;
  std::string json = "{\"base\": \"" + parsed.profile->base + "\"";
  for (const std::string& key : profile_keys()) {
    json += ", \"" + key + "\": " + key_value(*parsed.profile, key);
  }
  const ParsedProfile again = parse_profile(json + "}", "fuzz");
  MXCHECK_CHECK(again.profile == parsed.profile, json);
  return 0;
}
