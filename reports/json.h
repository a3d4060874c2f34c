// The result model as JSON: the report every other tool reads (diff, merge, dashboards).
//
// Deterministic: keys in a fixed order, cases in case order, numbers round-trip; two runs of one
// build differ only in the `milliseconds` fields. Contract: schema/report.schema.json.
#pragma once

#include <string>

#include "reports/model.h"

namespace mxcheck::reports {

[[nodiscard]] std::string to_json(const RunResult& run);
// The fields of the context by their keys in the report, values as JSON.
[[nodiscard]] std::vector<Fact> context_facts(const RunContext& context);

}  // namespace mxcheck::reports
