// What a report shows of a case beyond verdicts: the graph with a verdict per tensor, histograms of
// codes, likeness of quantized layers to unquantized ones, statistics over steps. Cheap figures
// from values that the run recorded; nothing is judged here.
#pragma once

#include "reports/model.h"
#include "sim/casefile/case.h"
#include "sim/suite/operands.h"

namespace mxcheck::suite {

struct DetailInput {
  const casefile::Case& c;
  Recorded run;                             // end to end, with the policy that was used
  const graph::Values* isolated = nullptr;  // the run from golden inputs; null: there is none
  const graph::Values* expected = nullptr;  // the golden; null: there is none
};

// Fills graph, layers, traces and what `quantizations` has beside its counts. Reads the checks.
void add_details(const DetailInput& input, reports::CaseResult& result);

// The parts, for tests.
[[nodiscard]] std::vector<reports::GraphNode> graph_details(const DetailInput& input,
                                                            const reports::CaseResult& result);
[[nodiscard]] std::vector<reports::SrqTrace> srq_traces(const DetailInput& input);
// Products of more than kMaxLayerPairs multiplications are left out.
inline constexpr std::int64_t kMaxLayerPairs = std::int64_t{1} << 18;
[[nodiscard]] std::vector<reports::LayerFigure> layer_figures(const DetailInput& input);
void add_quantization_details(const DetailInput& input,
                              std::vector<reports::QuantizationCounts>& quantizations);

// Ops by name, and every label the case is about: quirks it shows, the refusal it expects, labels
// that its title, description or tags name.
[[nodiscard]] std::vector<std::string> ops_of(const casefile::Case& c);
[[nodiscard]] std::vector<std::string> labels_of(const casefile::Case& c);

}  // namespace mxcheck::suite
