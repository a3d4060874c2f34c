// The graph remembers JSON pointers; the file is read once more to turn one into a line. Only cases
// that failed pay for it.
#include "sim/suite/case_place.h"

#include "sim/base/file.h"
#include "sim/base/json.h"
#include "sim/suite/values.h"

namespace mxcheck::suite {
namespace {

// Of the node that the first judged finding names; "" if there is none.
std::string blamed_pointer(const graph::Graph& graph, const reports::CaseResult& result) {
  for (const reports::CheckResult& check : result.checks) {
    for (const reports::Finding& finding : check.findings) {
      if (!finding.judged) continue;
      const ValueName name = parse_value_name(graph, finding.name);
      if (!name.value || !graph.is_node(*name.value)) return "";
      return graph.nodes[graph.node_index(*name.value)].pointer;
    }
  }
  return "";
}

}  // namespace

int failure_line(const casefile::Case& c, const reports::CaseResult& result) {
  const base::JsonLimits limits;
  base::Result<std::string> text = base::read_file(c.file, limits.bytes);
  if (!text) return 0;
  const std::string pointer = blamed_pointer(c.graph, result);
  if (pointer.empty()) return 1;
  base::Diagnostics ignored;
  const std::optional<base::JsonDocument> document =
      base::parse_json(std::move(text).value(), ignored, limits);
  if (!document) return 0;
  int line = 0, column = 0;
  document->locate(document->nearest_to(pointer).node().place, line, column);
  return line;
}

int refusal_line(const base::Diagnostics& diagnostics) {
  for (const base::Diagnostic& d : diagnostics) {
    if (d.severity == base::Severity::kError) return d.line;
  }
  return 0;
}

}  // namespace mxcheck::suite
