// Reads a JSON report back into the model: to_json(read_report(to_json(x))) is to_json(x).
//
// The file is hostile input: size, depth, kinds, ranges, unknown and doubled keys, totals that do
// not fit the cases; every problem is told with its place. Labels: RPT-FILE, RPT-VERSION, RPT-KEY,
// RPT-VALUE, JSON-*.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "reports/model.h"
#include "sim/base/diagnostic.h"

namespace mxcheck::reports {

// nullopt after a report.
[[nodiscard]] std::optional<RunResult> read_report(const std::filesystem::path& file,
                                                   base::Diagnostics& diagnostics);
// The same from text in memory; `file` only names it.
[[nodiscard]] std::optional<RunResult> parse_report(std::string text, const std::string& file,
                                                    base::Diagnostics& diagnostics);

}  // namespace mxcheck::reports
