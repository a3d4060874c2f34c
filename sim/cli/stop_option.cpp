// -x is --maxfail 1; where both are given the number counts.
#include "sim/cli/stop_option.h"

namespace mxcheck::cli {

void add_stop_options(po::options_description& options) {
  options.add_options()                                //
      ("exitfirst,x", "stop after the first failure")  //
      ("maxfail", po::value<std::string>(), "stop after N failures");
}

std::int64_t most_failures(const po::variables_map& map) {
  constexpr std::int64_t kMost = std::int64_t{1} << 40;
  return integer(map, "maxfail", has(map, "exitfirst") ? 1 : 0, 1, kMost);
}

}  // namespace mxcheck::cli
