// Who gets which case, and what becomes of the cases of workers that die.
#include "sim/cluster/hand_out.h"

#include <catch2/catch.hpp>

namespace mxcheck::cluster {
namespace {

using Ticket = HandOut::Ticket;

}  // namespace

TEST_CASE("cases go to idle workers in their order", "[hand_out]") {
  HandOut out;
  out.submit(7);
  CHECK_FALSE(out.assign().has_value());
  CHECK_FALSE(out.has_workers());
  out.join(2);
  out.join(1);
  out.submit(8);
  out.submit(9);
  const auto first = out.assign(), second = out.assign();
  CHECK((first->worker == 1 && first->ticket == 7));
  CHECK((second->worker == 2 && second->ticket == 8));
  CHECK_FALSE(out.assign().has_value());
  CHECK(out.finish(2) == 8);
  CHECK_FALSE(out.finish(2).has_value());
  CHECK(out.assign()->ticket == 9);
}

TEST_CASE("a worker that fails costs its case one more try, the second gives it up", "[hand_out]") {
  HandOut out;
  out.join(1);
  out.submit(7);
  out.submit(8);
  CHECK(out.assign()->ticket == 7);
  CHECK_FALSE(out.fail(1, "first").has_value());
  CHECK(out.assign()->ticket == 7);  // before all others
  const auto given_up = out.fail(1, "second");
  REQUIRE(given_up.has_value());
  CHECK(given_up->ticket == 7);
  CHECK(given_up->reasons == std::vector<std::string>{"first", "second"});
  CHECK(out.assign()->ticket == 8);
  // A worker that fails with nothing to do costs nothing.
  CHECK(out.finish(1) == 8);
  CHECK_FALSE(out.fail(1, "idle").has_value());
  CHECK(out.has_workers());
}

TEST_CASE("a lost worker gets no case; without workers all cases come back", "[hand_out]") {
  HandOut out;
  out.join(1);
  out.join(2);
  for (const Ticket ticket : {7, 8, 9}) out.submit(ticket);
  CHECK(out.assign()->worker == 1);
  out.begin(1);
  CHECK_FALSE(out.lose(1, "gone").has_value());
  CHECK_FALSE(out.finish(1).has_value());
  const auto next = out.assign();
  CHECK((next->worker == 2 && next->ticket == 7));
  out.begin(2);
  REQUIRE(out.lose(2, "gone").has_value());
  CHECK_FALSE(out.has_workers());
  CHECK(out.withdraw() == std::vector<Ticket>{8, 9});
  CHECK(out.withdraw().empty());
}

// A rank that is killed between two cases is lost with one it never saw.
TEST_CASE("a case is blamed only for workers that had begun it", "[hand_out]") {
  HandOut out;
  for (const int worker : {1, 2, 3, 4}) out.join(worker);
  out.submit(7);
  CHECK(out.assign()->worker == 1);
  CHECK_FALSE(out.lose(1, "gone before").has_value());
  out.submit(8);
  CHECK(out.assign()->ticket == 7);  // still before all others
  out.begin(2);
  CHECK_FALSE(out.lose(2, "the first").has_value());
  CHECK(out.assign()->worker == 3);
  CHECK_FALSE(out.lose(3, "gone before").has_value());
  CHECK(out.assign()->worker == 4);
  out.begin(4);
  const auto given_up = out.lose(4, "the second");
  REQUIRE(given_up.has_value());
  CHECK(given_up->ticket == 7);
  CHECK(given_up->reasons == std::vector<std::string>{"the first", "the second"});
  CHECK(out.withdraw() == std::vector<Ticket>{8});
  out.begin(4);  // of a worker without a case: nothing
}

TEST_CASE("a worker that is lost while it has nothing to do gets no case", "[hand_out]") {
  HandOut out;
  out.join(1);
  CHECK_FALSE(out.lose(1, "gone").has_value());
  out.submit(7);
  CHECK_FALSE(out.assign().has_value());
  CHECK_FALSE(out.has_workers());
}

TEST_CASE("whatever happens, every case ends exactly once", "[hand_out]") {
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    HandOut out;
    constexpr int kWorkers = 5;
    constexpr Ticket kTickets = 40;
    for (int w = 0; w < kWorkers; ++w) out.join(w);
    for (Ticket t = 0; t < kTickets; ++t) out.submit(t);
    std::vector<int> ends(kTickets, 0);
    const auto end = [&](const std::optional<HandOut::GivenUp>& given_up) {
      if (given_up) ++ends[given_up->ticket];
    };
    std::uint32_t state = seed;
    const auto random = [&](std::uint32_t below) {
      state = state * 1664525 + 1013904223;
      return (state >> 16) % below;
    };
    while (out.has_workers()) {
      while (out.assign()) {
      }
      bool any = false;
      for (int w = 0; w < kWorkers; ++w) any = any || out.at(w).has_value();
      if (!any) break;
      const int worker = static_cast<int>(random(kWorkers));
      switch (random(8)) {
        case 0:
          end(out.fail(worker, "f"));
          break;
        case 1:
          if (random(4) == 0) end(out.lose(worker, "l"));
          break;
        case 2:
        case 3:
          out.begin(worker);
          break;
        default:
          if (const auto ticket = out.finish(worker)) ++ends[*ticket];
      }
    }
    for (const Ticket ticket : out.withdraw()) ++ends[ticket];
    CHECK(ends == std::vector<int>(kTickets, 1));
  }
}

}  // namespace mxcheck::cluster
