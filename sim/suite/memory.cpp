// Tickets: whoever came first goes first.
#include "sim/suite/memory.h"

#include "sim/base/check.h"

namespace mxcheck::suite {

MemoryGate::Place::Place(MemoryGate& gate, std::uint64_t bytes) : gate_(gate), bytes_(bytes) {
  MXCHECK_CHECK(gate.can_ever_hold(bytes), "a case larger than the limit");
  if (gate_.limit_ == 0) return;
  std::unique_lock lock(gate_.mutex_);
  const std::uint64_t ticket = gate_.next_ticket_++;
  gate_.changed_.wait(
      lock, [&] { return gate_.serving_ == ticket && bytes_ <= gate_.limit_ - gate_.used_; });
  gate_.used_ += bytes_;
  ++gate_.serving_;
  gate_.changed_.notify_all();
}

MemoryGate::Place::~Place() {
  if (gate_.limit_ == 0) return;
  const std::lock_guard lock(gate_.mutex_);
  gate_.used_ -= bytes_;
  gate_.changed_.notify_all();
}

}  // namespace mxcheck::suite
