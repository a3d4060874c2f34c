// The process between mxcheck and a program under test (see child.h).
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace mxcheck::device {

struct WardenPlan {
  char* const* argv;
  char* const* envp;
  const char* folder;
  int input, output, log;  // the program's standard streams
  int status;              // where the news goes
  std::uint64_t memory_bytes;
  pid_t parent;
};

// What the warden writes when the program has ended, once.
struct WardenNews {
  enum class Kind : std::int32_t { kExited, kSignalled, kNotStarted };
  Kind kind = Kind::kExited;
  std::int32_t value = 0;  // exit code, signal, errno
};

// In a fork of mxcheck with every signal blocked. Never returns.
[[noreturn]] void run_warden(const WardenPlan& plan);

}  // namespace mxcheck::device
