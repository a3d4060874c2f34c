// The members of one JSON object read by their types into a structure; what is left over is an
// unknown key. Internal to the reader of reports.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reports/model.h"
#include "sim/base/json_reader.h"

namespace mxcheck::reports {

inline constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

enum class Need : std::uint8_t { kRequired, kAddedLater };

// The members of one object: each is read by its type, what is left over is unknown.
class Fields {
 public:
  Fields(base::JsonReader& reader, const base::JsonValue& value, const char* what)
      : reader_(reader), value_(value), what_(what) {
    good_ = reader.expect_kind(value, base::JsonKind::kObject);
  }
  ~Fields() {
    if (good_ && !reader_.full()) reader_.check_object(value_, known_, what_);
  }
  Fields(const Fields&) = delete;
  Fields& operator=(const Fields&) = delete;

  // read(value) for the member, if it is there.
  template <typename Read>
  void with(const char* key, Read read, Need need = Need::kRequired) {
    if (!good_) return;
    known_.emplace_back(key);
    const auto found =
        need == Need::kRequired ? reader_.require(value_, key, what_) : value_.find(key);
    if (found && !reader_.full()) read(*found);
  }
  template <typename Read>
  void each(const char* key, Read read, Need need = Need::kRequired) {
    with(
        key,
        [&](const base::JsonValue& list) {
          if (!reader_.expect_kind(list, base::JsonKind::kArray)) return;
          for (const base::JsonValue& item : list.items()) {
            if (reader_.full()) return;
            read(item);
          }
        },
        need);
  }
  template <typename Read>
  void maybe(const char* key, Read read, Need need = Need::kRequired) {
    with(
        key,
        [&](const base::JsonValue& v) {
          if (!v.is(base::JsonKind::kNull)) read(v);
        },
        need);
  }

  void text(const char* key, std::string& to, Need need = Need::kRequired) {
    with(
        key, [&](const base::JsonValue& v) { to = reader_.string(v).value_or(""); }, need);
  }
  void texts(const char* key, std::vector<std::string>& to, Need need = Need::kRequired) {
    with(
        key, [&](const base::JsonValue& v) { to = reader_.strings(v); }, need);
  }
  void boolean(const char* key, bool& to) {
    with(key, [&](const base::JsonValue& v) { to = reader_.boolean(v).value_or(false); });
  }
  void count(const char* key, std::int64_t& to, Need need = Need::kRequired) {
    with(
        key, [&](const base::JsonValue& v) { to = reader_.integer(v, 0, kMost).value_or(0); },
        need);
  }
  void count(const char* key, std::optional<std::int64_t>& to) {
    maybe(key, [&](const base::JsonValue& v) { to = reader_.integer(v, 0, kMost); });
  }
  void count(const char* key, int& to, Need need = Need::kRequired) {
    constexpr std::int64_t kMostInt = std::numeric_limits<int>::max();
    with(
        key,
        [&](const base::JsonValue& v) {
          to = static_cast<int>(reader_.integer(v, 0, kMostInt).value_or(0));
        },
        need);
  }
  void natural(const char* key, std::uint64_t& to) {
    with(key, [&](const base::JsonValue& v) { to = reader_.natural(v).value_or(0); });
  }
  void natural(const char* key, std::optional<std::uint64_t>& to) {
    maybe(key, [&](const base::JsonValue& v) { to = reader_.natural(v); });
  }
  void number(const char* key, double& to) {
    with(key, [&](const base::JsonValue& v) { to = reader_.number(v).value_or(0); });
  }
  void number(const char* key, std::optional<double>& to, Need need = Need::kRequired) {
    maybe(
        key, [&](const base::JsonValue& v) { to = reader_.number(v); }, need);
  }
  void status(const char* key, Status& to) {
    static const std::vector<std::string> words = [] {
      std::vector<std::string> out;
      for (int i = 0; i <= static_cast<int>(Status::kSuiteError); ++i) {
        out.emplace_back(name(static_cast<Status>(i)));
      }
      return out;
    }();
    with(key, [&](const base::JsonValue& v) {
      if (const auto index = reader_.choice(v, words)) to = static_cast<Status>(*index);
    });
  }
  void cls(Class& to) {
    with("class", [&](const base::JsonValue& v) {
      const auto index = reader_.choice(v, {name(Class::kExact), name(Class::kBound)});
      if (index) to = *index == 0 ? Class::kExact : Class::kBound;
    });
  }

 private:
  base::JsonReader& reader_;
  base::JsonValue value_;
  const char* what_;
  std::vector<std::string_view> known_;
  bool good_ = false;
};

}  // namespace mxcheck::reports
