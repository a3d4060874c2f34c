// Result<T>: a value, or the reason why the environment did not give one (a file that cannot be
// read, a disk that is full). Wrong input has positions and labels instead: see diagnostic.h.
#pragma once

#include <string>
#include <utility>
#include <variant>

#include "sim/base/check.h"

namespace mxcheck::base {

struct Error {
  std::string message;
};

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool ok() const { return std::holds_alternative<T>(state_); }
  explicit operator bool() const { return ok(); }

  [[nodiscard]] const T& value() const& {
    MXCHECK_CHECK(ok(), "value() of a failed Result: " + std::get<Error>(state_).message);
    return std::get<T>(state_);
  }
  [[nodiscard]] T&& value() && {
    MXCHECK_CHECK(ok(), "value() of a failed Result: " + std::get<Error>(state_).message);
    return std::get<T>(std::move(state_));
  }
  [[nodiscard]] const std::string& error() const {
    MXCHECK_CHECK(!ok(), "error() of a good Result");
    return std::get<Error>(state_).message;
  }

 private:
  std::variant<T, Error> state_;
};

struct Unit {};
using Status = Result<Unit>;

}  // namespace mxcheck::base
