// Every label of the product: numbered rules, refusals and quirks (table: labels.def). `mxcheck
// explain` shows them; a label in a diagnostic that is not in the table is a bug.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mxcheck::base {

// kRule: what the numbers must be. kRefusal: why an input is not accepted. kQuirk: what the norm
// does although nobody would have asked for it. kAdvice: what an accepted case could do better.
enum class LabelKind : std::uint8_t { kRule, kRefusal, kQuirk, kAdvice };
[[nodiscard]] const char* name(LabelKind kind);

struct Label {
  const char* id;
  LabelKind kind;
  const char* meaning;  // one sentence
  const char* file;     // where it is implemented
};

[[nodiscard]] const std::vector<Label>& labels();            // in the table's order
[[nodiscard]] const Label* find_label(std::string_view id);  // nullptr if there is none
[[nodiscard]] std::vector<std::string> label_ids();          // all of them
[[nodiscard]] std::vector<std::string> label_ids(LabelKind kind);

}  // namespace mxcheck::base
