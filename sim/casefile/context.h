// Reading one JSON document into typed values: every complaint gets its place, and reading goes on
// after each one so that all problems of a file are reported together. Internal to this folder.
// Labels: CASE-KEY, CASE-MISSING, CASE-TYPE, CASE-VALUE.
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sim/base/diagnostic.h"
#include "sim/base/json.h"
#include "sim/base/result.h"
#include "sim/casefile/case.h"
#include "sim/tensor/safetensors.h"

namespace mxcheck::casefile {

using base::JsonKind;
using base::JsonMember;
using base::JsonValue;

inline constexpr std::size_t kMaxReported = 200;  // problems per file
inline constexpr std::size_t kMaxNameBytes = 512;
inline constexpr std::size_t kMaxFiles = 2'000;     // different stored files per case
inline constexpr std::size_t kMaxSources = 20'000;  // tensor sources per case

struct PathProblem {
  const char* label;  // SRC-PATH or SRC-FILE
  std::string fact;
};
using FoundFile = std::variant<std::filesystem::path, PathProblem>;

// What the expansions of one case file share: each stored file is looked up and read once.
struct StoredFiles {
  std::map<std::string, FoundFile> found;  // by path relative to the case file
  std::map<std::filesystem::path, base::Result<tensor::SafetensorsIndex>> headers;
};

class Context {
 public:
  // At most `most` problems are reported.
  Context(std::filesystem::path file, std::filesystem::path root, StoredFiles& stored,
          base::Diagnostics& diagnostics, std::size_t most = kMaxReported)
      : file_(std::move(file)),
        root_(std::move(root)),
        stored_(stored),
        diagnostics_(diagnostics),
        most_(most) {}

  [[nodiscard]] const std::filesystem::path& file() const { return file_; }
  [[nodiscard]] const std::filesystem::path& root() const { return root_; }
  [[nodiscard]] bool has_errors() const { return errors_ > 0; }
  [[nodiscard]] std::size_t error_count() const { return errors_; }
  // Names the expansion of a matrix that is being read; its problems say so.
  void set_expansion(std::string id) { expansion_ = std::move(id); }
  // Enough is reported: loops over hostile lists stop here.
  [[nodiscard]] bool full() const { return diagnostics_.size() > most_ || errors_ > 10 * most_; }
  // Counts a tensor source; false if there are too many.
  [[nodiscard]] bool count_source() { return ++sources_ <= kMaxSources; }
  // The file a relative path names, looked up once (see find_file).
  const FoundFile& find(const std::string& relative);
  // The header of a safetensors file, read once per case file.
  const base::Result<tensor::SafetensorsIndex>& stored_file(const std::filesystem::path& path);

  void error(const JsonValue& at, const std::string& label, const std::string& fact,
             const std::string& expectation, const std::string& hint = "");
  void warn(const JsonValue& at, const std::string& label, const std::string& fact,
            const std::string& expectation, const std::string& hint = "");
  // A finding that has a pointer only: places it.
  void place(const base::JsonDocument& document, const base::Diagnostic& finding);

  // Reports keys of `object` that are not in `known`.
  void check_keys(const JsonValue& object, const std::vector<std::string>& known,
                  const std::string& what, const std::string& label = "CASE-KEY");
  // The member, or a report at the object that it is missing.
  std::optional<JsonValue> require(const JsonValue& object, const std::string& key,
                                   const std::string& what);

  bool expect_kind(const JsonValue& value, JsonKind kind);
  std::optional<bool> boolean(const JsonValue& value);
  std::optional<std::string> string(const JsonValue& value);
  // A name: not empty, not too long, no control characters.
  std::optional<std::string> name(const JsonValue& value);
  bool check_name(const JsonValue& at, std::string_view name);
  std::optional<std::int64_t> integer(const JsonValue& value,
                                      std::int64_t low = std::numeric_limits<std::int64_t>::min(),
                                      std::int64_t high = std::numeric_limits<std::int64_t>::max());
  std::optional<std::uint64_t> seed(const JsonValue& value);
  // A finite number, rounded to f64.
  std::optional<double> number(const JsonValue& value);
  std::optional<std::vector<std::int64_t>> integers(const JsonValue& value);
  std::optional<std::vector<std::string>> strings(const JsonValue& value);
  // One of a list of words; unknown ones get CASE-VALUE with the nearest as hint.
  std::optional<std::size_t> choice(const JsonValue& value, const std::vector<std::string>& words,
                                    const std::string& label = "CASE-VALUE");

 private:
  void add(base::Severity severity, const JsonValue& at, const std::string& label,
           const std::string& fact, const std::string& expectation, const std::string& hint);

  std::filesystem::path file_;
  std::filesystem::path root_;
  StoredFiles& stored_;
  base::Diagnostics& diagnostics_;
  std::size_t most_;
  std::string expansion_;  // id, or "" without a matrix
  std::size_t errors_ = 0;
  std::size_t sources_ = 0;
};

[[nodiscard]] std::string did_you_mean(std::string_view word,
                                       const std::vector<std::string>& candidates);
[[nodiscard]] Position position_of(const JsonValue& value);
// Text of outside, cut to a length that fits into a message.
[[nodiscard]] std::string shortened(std::string_view text);

}  // namespace mxcheck::casefile
