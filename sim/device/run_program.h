// A program run to its end under the limits of a device: tiers that work on files and simulators.
#pragma once

#include <string>

#include "sim/device/child.h"
#include "sim/device/device_file.h"

namespace mxcheck::device {

struct ProgramEnd {
  std::string failure;  // "" if it exited with 0
  std::string log;      // the end of what it wrote, printable
};
// Time: limits.request_seconds. stdin is empty.
[[nodiscard]] ProgramEnd run_program(Program program, const Limits& limits);

}  // namespace mxcheck::device
