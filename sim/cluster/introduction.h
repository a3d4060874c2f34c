// What a process says of itself before it is given cases: two that differ in any of it would not
// give the same report.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reports/model.h"

namespace mxcheck::cluster {

struct Introduction {
  std::string host;
  std::string trouble;               // why it cannot compute; "" if it can
  std::vector<reports::Fact> facts;  // context of its report: version, options, cases
};

[[nodiscard]] std::string to_bytes(const Introduction& introduction);
[[nodiscard]] std::optional<Introduction> introduction_from(const std::string& bytes);

// Why `worker` may not compute for a run of `first`; "" if it may.
[[nodiscard]] std::string difference(const Introduction& first, const Introduction& worker);

}  // namespace mxcheck::cluster
