// Typed access to a parsed JSON document for readers of files that are no cases (expectations,
// reports): each complaint gets its place and one of the reader's labels, and reading goes on after
// it, so that all problems of a file are reported together.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/diagnostic.h"
#include "sim/base/json.h"

namespace mxcheck::base {

class JsonReader {
 public:
  // The labels of the file format: a key that means nothing or is missing; a value of a wrong type
  // or without a meaning.
  struct Labels {
    const char* key;
    const char* value;
  };
  static constexpr std::size_t kMostReported = 200;  // problems per file

  JsonReader(std::string file, Labels labels, Diagnostics& diagnostics)
      : file_(std::move(file)), labels_(labels), diagnostics_(diagnostics) {}

  [[nodiscard]] bool has_errors() const { return errors_ > 0; }
  [[nodiscard]] std::size_t error_count() const { return errors_; }
  // Enough is reported: loops over hostile lists stop here.
  [[nodiscard]] bool full() const { return errors_ >= kMostReported; }

  void error(const JsonValue& at, const std::string& label, const std::string& fact,
             const std::string& expectation, const std::string& hint = "");
  void refuse_value(const JsonValue& at, const std::string& fact, const std::string& expectation,
                    const std::string& hint = "") {
    error(at, labels_.value, fact, expectation, hint);
  }

  // Reports a value that is no object, and its keys that are not in `known`.
  bool check_object(const JsonValue& value, const std::vector<std::string_view>& known,
                    const std::string& what);
  // The member, or a report at the object that it is missing.
  std::optional<JsonValue> require(const JsonValue& object, std::string_view key,
                                   const std::string& what);

  bool expect_kind(const JsonValue& value, JsonKind kind);
  std::optional<bool> boolean(const JsonValue& value);
  std::optional<std::string> string(const JsonValue& value);
  // A list of strings; empty after a report.
  std::vector<std::string> strings(const JsonValue& value);
  std::optional<std::int64_t> integer(const JsonValue& value, std::int64_t low, std::int64_t high);
  std::optional<std::uint64_t> natural(const JsonValue& value);
  // A number, or where JSON has none one of the strings "inf", "-inf", "nan".
  std::optional<double> number(const JsonValue& value);
  // The position of a string in a list of words.
  std::optional<std::size_t> choice(const JsonValue& value, const std::vector<std::string>& words);

 private:
  std::string file_;
  Labels labels_;
  Diagnostics& diagnostics_;
  std::size_t errors_ = 0;
};

// Text of outside, cut to a length that fits into a message.
[[nodiscard]] std::string shortened(std::string_view text);

}  // namespace mxcheck::base
