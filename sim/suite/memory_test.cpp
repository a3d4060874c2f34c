// The gate of --max-memory: never more than the limit at once, in order, and nobody is forgotten.
#include "sim/suite/memory.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>
#include <vector>

namespace mxcheck::suite {

TEST_CASE("what runs at the same time stays within the limit, and everything runs", "[suite]") {
  constexpr std::uint64_t kLimit = 100;
  MemoryGate gate(kLimit);
  CHECK(gate.can_ever_hold(kLimit));
  CHECK_FALSE(gate.can_ever_hold(kLimit + 1));
  std::atomic<std::uint64_t> now = 0, most = 0, done = 0;
  std::vector<std::thread> threads;
  for (std::uint64_t t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (std::uint64_t i = 0; i < 500; ++i) {
        const std::uint64_t need = (t * 31 + i * 17) % kLimit + 1;
        const MemoryGate::Place place(gate, need);
        const std::uint64_t sum = now += need;
        std::uint64_t before = most;
        while (before < sum && !most.compare_exchange_weak(before, sum)) {
        }
        std::this_thread::yield();
        now -= need;
        ++done;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(done == 8 * 500);
  CHECK(most <= kLimit);
  CHECK(most > kLimit / 2);
}

TEST_CASE("without a limit nobody waits", "[suite]") {
  MemoryGate gate(0);
  CHECK(gate.can_ever_hold(~std::uint64_t{0}));
  const MemoryGate::Place a(gate, ~std::uint64_t{0}), b(gate, ~std::uint64_t{0});
  SUCCEED();
}

}  // namespace mxcheck::suite
