// MXCHECK_CHECK: states what must be true unless this program itself is wrong.
//
// A violated check throws base::InternalError; only the command line turns that into exit code 3
// (an internal error) and the suite into SUITE_ERROR for one case. Wrong input is never a
// CHECK (see diagnostic.h), a failing environment is a Result (see result.h).
#pragma once

#include <stdexcept>
#include <string>

namespace mxcheck::base {

class InternalError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

[[noreturn]] void check_failed(const char* file, int line, const char* condition,
                               const std::string& message);

}  // namespace mxcheck::base

#define MXCHECK_CHECK(condition, message)                                       \
  do {                                                                          \
    if (!(condition)) {                                                         \
      ::mxcheck::base::check_failed(__FILE__, __LINE__, #condition, (message)); \
    }                                                                           \
  } while (false)
