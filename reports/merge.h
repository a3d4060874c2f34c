// The reports of the shards of one run made into the report of the whole run: byte for byte what
// one process would have written, except times.
//
// Reports are read files, hostile input like any: they are only joined if together they are one
// run. Everything that speaks against it is told at once, with the file. The order of the reports
// means nothing. Labels: MERGE-*.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reports/model.h"
#include "sim/base/diagnostic.h"

namespace mxcheck::reports {

struct ShardReport {
  std::string file;  // names it in messages
  RunResult run;
};

// kAllowed: shards may be missing and runs may have stopped early; what is joined is incomplete.
enum class Gaps : std::uint8_t { kRefused, kAllowed };

// nullopt after a report of why these are not the shards of one run.
[[nodiscard]] std::optional<RunResult> merge(std::vector<ShardReport> parts, Gaps gaps,
                                             base::Diagnostics& diagnostics);

}  // namespace mxcheck::reports
