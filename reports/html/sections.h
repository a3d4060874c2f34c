// The parts of the page. Internal to reports/html.
#pragma once

#include <cstdint>
#include <string>

#include "reports/html/markup.h"
#include "reports/model.h"

namespace mxcheck::reports::html {

// How much of a case is shown: everything; no drawings and no histograms; what failed and how to
// repeat it.
enum class Extent : std::uint8_t { kFull, kCompact, kBrief };

// "pass", "fail" or "skip": the class of a status.
[[nodiscard]] const char* status_class(Status status);
[[nodiscard]] Markup status_badge(Status status);
// "BOUND" if anything of the case was judged by a bound, "EXACT" if anything was compared, else "".
[[nodiscard]] std::string class_of(const CaseResult& c);
// "c12"
[[nodiscard]] std::string anchor(std::size_t number);

[[nodiscard]] Markup summary_section(const RunResult& run);
[[nodiscard]] Markup context_section(const RunResult& run);
// Rows with links to the cases, and the controls that the script shows.
[[nodiscard]] Markup cases_table(const RunResult& run);
// A <details> element, open where `number` is among the first failures.
enum class Fold : std::uint8_t { kOpen, kClosed };
[[nodiscard]] Markup case_section(const RunResult& run, std::size_t number, Extent extent,
                                  Fold fold);
[[nodiscard]] Markup findings_part(const CaseResult& c, Extent extent);
[[nodiscard]] Markup graph_part(const CaseResult& c);
[[nodiscard]] Markup figures_part(const CaseResult& c, Extent extent);
[[nodiscard]] Markup performance_section(const RunResult& run);
[[nodiscard]] Markup labels_section(const RunResult& run);
[[nodiscard]] Markup kernels_section(const RunResult& run);

}  // namespace mxcheck::reports::html
