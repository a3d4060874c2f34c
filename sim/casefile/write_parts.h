// Pieces of JSON text in compact form, for the writers of this folder. Internal.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <vector>

#include "sim/base/json.h"
#include "sim/graph/rule.h"

namespace mxcheck::casefile {

// Members in the order in which they are added.
class Object {
 public:
  void add(const std::string& key, const std::string& json) {
    text_ += fmt::format("{}{}:{}", text_.empty() ? "" : ",", base::quote_json(key), json);
  }
  void add_text(const std::string& key, const std::string& text) {
    add(key, base::quote_json(text));
  }
  [[nodiscard]] bool empty() const { return text_.empty(); }
  [[nodiscard]] std::string text() const { return "{" + text_ + "}"; }

 private:
  std::string text_;
};

template <typename List, typename Print>
std::string list_of(const List& list, Print print) {
  std::string out;
  for (const auto& item : list) out += (out.empty() ? "" : ",") + std::string(print(item));
  return "[" + out + "]";
}

inline std::string integers(const std::vector<std::int64_t>& list) {
  return list_of(list, [](std::int64_t i) { return std::to_string(i); });
}

inline std::string texts(const std::vector<std::string>& list) {
  return list_of(list, base::quote_json);
}

inline const char* boolean(bool value) { return value ? "true" : "false"; }

inline std::string f64_text(double value) { return fmt::format("{}", value); }
inline std::string f32_text(double value) { return fmt::format("{}", static_cast<float>(value)); }

// One rule, without what is the default.
[[nodiscard]] std::string rule_text(const graph::Rule& rule);

}  // namespace mxcheck::casefile
