// Any bytes through the JSON parser: what it takes and refuses is what another parser takes and
// refuses (beyond the caps, which are ours alone), and what it takes is written and laid out as
// text that means the same, to the other parser too.
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "sim/base/check.h"
#include "sim/base/json.h"
#include "sim/base/json_layout.h"
#include "sim/base/labels.h"

namespace {

using namespace mxcheck::base;

constexpr JsonLimits kLimits{std::size_t{1} << 14, 3000, 64};

// What nlohmann/json says of a text, told apart from numbers it alone refuses (beyond f64).
enum class Other { kAccepts, kRefuses, kNumberTooLarge };

class Listener : public nlohmann::json::json_sax_t {
 public:
  Other verdict = Other::kAccepts;

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(std::size_t) override { return true; }
  bool key(string_t&) override { return true; }
  bool end_object() override { return true; }
  bool start_array(std::size_t) override { return true; }
  bool end_array() override { return true; }
  bool parse_error(std::size_t, const std::string&,
                   const nlohmann::detail::exception& problem) override {
    constexpr int kNumberOverflow = 406;
    verdict = problem.id == kNumberOverflow ? Other::kNumberTooLarge : Other::kRefuses;
    return false;
  }
};

Other other_parser(const std::string& text) {
  // Its own liberties: it skips a byte order mark, and ends at a NUL.
  if (text.substr(0, 3) == "\xEF\xBB\xBF") return Other::kRefuses;
  if (text.find('\0') != std::string::npos) return Other::kRefuses;
  Listener listener;
  static_cast<void>(nlohmann::json::sax_parse(text, &listener));
  return listener.verdict;
}

void check_diagnostics(const Diagnostics& problems) {
  for (const Diagnostic& d : problems) {
    MXCHECK_CHECK(find_label(d.label) != nullptr, d.label);
    MXCHECK_CHECK(d.line > 0 && d.column > 0, format(d));
  }
}

void check_refused(const std::string& text, const Diagnostics& problems) {
  // Keys that stand twice are told on the way; the last problem is the reason.
  MXCHECK_CHECK(!problems.empty(), "refused without a reason");
  for (std::size_t i = 0; i + 1 < problems.size(); ++i) {
    MXCHECK_CHECK(problems[i].label == "JSON-DUPLICATE", format(problems[i]));
  }
  const std::string& label = problems.back().label;
  if (label == "JSON-SIZE" || label == "JSON-DEPTH") return;
  MXCHECK_CHECK(other_parser(text) != Other::kAccepts, format(problems.back()));
}

void check_accepted(const std::string& text, const JsonDocument& document,
                    const Diagnostics& problems) {
  MXCHECK_CHECK(other_parser(text) != Other::kRefuses, "taken, refused by another parser");
  MXCHECK_CHECK(document.nodes().size() <= kLimits.values, "too many values");
  for (const Diagnostic& d : problems) MXCHECK_CHECK(d.label == "JSON-DUPLICATE", format(d));
  const std::string compact = to_json(document.root());
  for (const std::string& again : {compact, layout_json(document.root())}) {
    Diagnostics twice;
    // Written text may be longer than the text that was read: no caps here.
    const auto copy = parse_json(again, twice);
    MXCHECK_CHECK(copy.has_value() && twice.size() == problems.size(), again);
    MXCHECK_CHECK(to_json(copy->root()) == compact, "another document when it is read again");
    MXCHECK_CHECK(layout_json(copy->root()) == layout_json(document.root()), "another layout");
  }
  if (!problems.empty()) return;  // a pointer names the first of two equal keys
  if (other_parser(text) == Other::kAccepts) {
    MXCHECK_CHECK(nlohmann::json::parse(text) == nlohmann::json::parse(compact), "other values");
  }
  constexpr std::uint32_t kMostAsked = 64;
  for (std::uint32_t i = 0; i < document.nodes().size() && i < kMostAsked; ++i) {
    if (document.nodes()[i].key) continue;
    const std::string pointer = JsonValue(document, i).pointer();
    MXCHECK_CHECK(document.nearest_to(pointer).index() == i, pointer);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  Diagnostics problems;
  const auto document = parse_json(text, problems, kLimits);
  check_diagnostics(problems);
  if (document) {
    check_accepted(text, *document, problems);
  } else {
    check_refused(text, problems);
  }
  return 0;
}
