// A signal handler may only set a lock-free flag.
#include "sim/cli/interrupt.h"

#include <signal.h>

namespace mxcheck::cli {
namespace {

std::atomic<bool> requested = false;
static_assert(std::atomic<bool>::is_always_lock_free);

void on_interrupt(int) { requested = true; }

}  // namespace

void catch_interrupts() {
  struct sigaction action {};
  action.sa_handler = on_interrupt;
  // A write to a slow reader goes on after the signal: text that is cut would be an error.
  action.sa_flags = static_cast<int>(SA_RESETHAND) | SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

const std::atomic<bool>& interrupt_requested() { return requested; }

}  // namespace mxcheck::cli
