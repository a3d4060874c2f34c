// Any bytes through the profile reader: no crash; what is refused says why and where; what is
// accepted has the numbers and words it was given, reads back from its own JSON, and every product
// runs on it or is refused with a reason.
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "sim/base/check.h"
#include "sim/base/labels.h"
#include "sim/mxu/product.h"
#include "sim/mxu/profile.h"

namespace {

using namespace mxcheck::mxu;

void check_usable(const Profile& profile) {
  const std::vector<std::int32_t> codes{1, 0, 1, 1, 1, 0};
  for (const DType type : {DType::kS8, DType::kU4}) {
    Product product{2, 2, 3, codes, codes};
    product.lhs_type = product.rhs_type = type;
    const ProductResult result = functional(profile, product);
    MXCHECK_CHECK((result.status == Status::kRefused) == !result.refusal.label.empty(), "refusal");
    MXCHECK_CHECK(result.status != Status::kUndefined || result.overflow.has_value(), "no place");
  }
  MXCHECK_CHECK(chunk_length(profile, 7) >= 1, "an empty chunk");
  MXCHECK_CHECK(!describe(profile).empty(), "no name");
}

// A key may be given by its number where a word stands for it.
void check_given(const Profile& profile, const nlohmann::json& given) {
  if (!given.is_object()) return;  // the name of a preset
  for (const std::string& key : profile_keys()) {
    if (!given.contains(key)) continue;
    const auto shown = nlohmann::json::parse(key_value(profile, key));
    if (shown.type() == given[key].type() || shown.is_number()) {
      MXCHECK_CHECK(shown == given[key], key + ": " + shown.dump() + " " + given[key].dump());
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ParsedProfile parsed = parse_profile({reinterpret_cast<const char*>(data), size}, "fuzz");
  MXCHECK_CHECK(parsed.profile.has_value() == parsed.diagnostics.empty(), "no reason");
  for (const mxcheck::base::Diagnostic& d : parsed.diagnostics) {
    MXCHECK_CHECK(mxcheck::base::find_label(d.label) != nullptr, d.label);
  }
  if (!parsed.profile) return 0;
  check_given(*parsed.profile, nlohmann::json::parse(data, data + size, nullptr, false));
  std::string json = "{\"base\": \"" + parsed.profile->base + "\"";
  for (const std::string& key : profile_keys()) {
    json += ", \"" + key + "\": " + key_value(*parsed.profile, key);
  }
  const ParsedProfile again = parse_profile(json + "}", "fuzz");
  MXCHECK_CHECK(again.profile == parsed.profile, json);
  check_usable(*parsed.profile);
  return 0;
}
