// A profile as JSON text: one string or one flat object. Its own small reader, because every
// setting needs its line and column and duplicates must be seen; values stay text until
// profile_table.cpp judges them by their key. Labels: HW-JSON, HW-KEY.
#include <fmt/format.h>

#include <cstddef>
#include <nlohmann/json.hpp>

#include "sim/base/text.h"
#include "sim/mxu/profile.h"

namespace mxcheck::mxu {
namespace {

constexpr std::size_t kMaxProfileBytes = 1 << 16;

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  // Splits `{"key": value, ...}`; the text is known to be valid JSON.
  std::vector<Setting> settings() {
    std::vector<Setting> result;
    skip_space();
    take();  // {
    skip_space();
    while (peek() != '}') {
      Setting setting;
      setting.key = nlohmann::json::parse(value()).get<std::string>();
      setting.pointer = fmt::format("/{}", base::escape_pointer(setting.key));
      skip_space();
      take();  // :
      skip_space();
      setting.line = line_;
      setting.column = column_;
      setting.json = std::string(value());
      result.push_back(std::move(setting));
      skip_space();
      if (peek() == ',') take();
      skip_space();
    }
    return result;
  }

 private:
  [[nodiscard]] char peek() const { return text_[at_]; }
  void take() {
    if (text_[at_] == '\n') {
      ++line_;
      column_ = 0;
    }
    ++column_;
    ++at_;
  }
  void skip_space() {
    while (peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r') take();
  }
  // The text of one value: up to the ',', '}' or ':' that follows it at its own depth.
  std::string_view value() {
    const std::size_t begin = at_;
    std::size_t end = at_;
    int depth = 0;
    bool quoted = false;
    while (quoted || depth > 0 || (peek() != ',' && peek() != '}' && peek() != ':')) {
      const char c = peek();
      if (quoted && c == '\\') take();
      if (c == '"') quoted = !quoted;
      if (!quoted && (c == '{' || c == '[')) ++depth;
      if (!quoted && (c == '}' || c == ']')) --depth;
      take();
      if (c != ' ' && c != '\n' && c != '\t' && c != '\r') end = at_;
    }
    return text_.substr(begin, end - begin);
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int line_ = 1, column_ = 1;
};

ParsedProfile not_a_profile(const std::string& file, const std::string& fact) {
  base::Diagnostic d;
  d.file = file;
  d.label = "HW-JSON";
  d.fact = fact;
  d.expectation = "a preset's name, or {\"base\": NAME, KEY: VALUE, ...}";
  return {std::nullopt, {d}};
}

}  // namespace

ParsedProfile parse_profile(std::string_view json, const std::string& file) {
  if (json.size() > kMaxProfileBytes) return not_a_profile(file, "more than 64 KiB");
  if (!nlohmann::json::accept(json)) return not_a_profile(file, "not valid JSON");
  const nlohmann::json document = nlohmann::json::parse(json);
  const Source source{file, "", 1, 1};
  if (document.is_string()) return make_profile(document.get<std::string>(), {}, source);
  if (!document.is_object()) return not_a_profile(file, "neither a string nor an object");
  std::string base = Profile{}.base;
  std::vector<Setting> settings;
  bool has_base = false;
  for (Setting& setting : Reader(json).settings()) {
    const nlohmann::json value = nlohmann::json::parse(setting.json);
    if (setting.key != "base" || has_base) {
      settings.push_back(std::move(setting));
    } else if (!value.is_string()) {
      return not_a_profile(file, "base is not a string");
    } else {
      base = value.get<std::string>();
      has_base = true;
    }
  }
  return make_profile(base, settings, source);
}

}  // namespace mxcheck::mxu
