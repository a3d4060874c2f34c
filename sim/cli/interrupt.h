// Ctrl-C and termination: the first one asks the command to end with what it has, the second one
// ends the process.
#pragma once

#include <atomic>

namespace mxcheck::cli {

void catch_interrupts();
[[nodiscard]] const std::atomic<bool>& interrupt_requested();

}  // namespace mxcheck::cli
