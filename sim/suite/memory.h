// How much memory the values of cases may take together (run --max-memory).
//
// What a case needs is estimated from its shapes, before a value is made: casefile::planned_bytes.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace mxcheck::suite {

// Lets threads through as long as the sum of what they need stays within the limit, in the order in
// which they come: a large case waits until there is room, and those behind it wait with it.
class MemoryGate {
 public:
  // 0: no limit.
  explicit MemoryGate(std::uint64_t limit) : limit_(limit) {}

  [[nodiscard]] bool can_ever_hold(std::uint64_t bytes) const {
    return limit_ == 0 || bytes <= limit_;
  }

  // A place for so much, which can_ever_hold; given back when it goes.
  class Place {
   public:
    Place(MemoryGate& gate, std::uint64_t bytes);
    ~Place();
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

   private:
    MemoryGate& gate_;
    std::uint64_t bytes_;
  };

 private:
  std::uint64_t limit_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t used_ = 0;
  std::uint64_t next_ticket_ = 0, serving_ = 0;
};

}  // namespace mxcheck::suite
