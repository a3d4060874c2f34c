#include "sim/base/parallel.h"

#include <catch2/catch.hpp>
#include <stdexcept>
#include <vector>

namespace mxcheck::base {

TEST_CASE("every turn of a loop is taken once, whatever the number of threads", "[parallel]") {
  for (const unsigned threads : {0U, 1U, 2U, 5U}) {
    Pool pool(threads);
    std::vector<int> taken(1000, 0);
    for (int round = 0; round < 20; ++round) {
      pool.run(1000, [&](std::int64_t i) { ++taken[static_cast<std::size_t>(i)]; });
    }
    CHECK(taken == std::vector<int>(1000, 20));
  }
}

TEST_CASE("an exception in a turn comes out of the loop, and the pool goes on", "[parallel]") {
  Pool pool(3);
  CHECK_THROWS_AS(pool.run(100,
                           [](std::int64_t i) {
                             if (i == 37) throw std::runtime_error("37");
                           }),
                  std::runtime_error);
  int count = 0;
  pool.run(1, [&](std::int64_t) { ++count; });
  CHECK(count == 1);
}

}  // namespace mxcheck::base
