// `mxcheck list`: which cases a selection means, as a table or JSON.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "sim/base/text.h"
#include "sim/cli/options.h"
#include "sim/cli/shard_option.h"

namespace mxcheck::cli {
namespace {

struct Row {
  std::string id, file, title, mode, expected;
  std::vector<std::string> tags, ops;
  std::vector<std::string> labels;  // refusal expected, quirks shown
};

CommandLine command_line() {
  CommandLine line;
  line.command = "list";
  line.synopsis = "mxcheck list [PATHS] [options]";
  add_selection_options(line.options);
  line.options.add_options()("json", "as JSON")("help,h", "this text");
  line.examples = "  mxcheck list cases --op einsum\n  mxcheck list cases --json | jq '.[].id'\n";
  return line;
}

std::string expected_source(const casefile::Expect& expect) {
  if (!expect.error.empty()) return "error " + expect.error;
  std::string out = expect.golden;
  if (!expect.values.empty()) out.append(out.empty() ? "" : " + ").append("values");
  return out.empty() ? "none" : out;
}

Row row_of(const casefile::Case& c) {
  Row row;
  row.id = c.id;
  row.file = c.file.string();
  row.title = c.title;
  row.mode = graph::name(c.run.mode);
  row.expected = expected_source(c.expect);
  row.tags = c.tags;
  std::set<std::string> ops;
  for (const graph::Node& node : c.graph.nodes) ops.insert(graph::name(node.op));
  row.ops = {ops.begin(), ops.end()};
  std::set<std::string> labels;
  if (!c.expect.error.empty()) labels.insert(c.expect.error);
  for (const auto& node : c.plan.nodes) {
    if (node) labels.insert(node->quirks.begin(), node->quirks.end());
  }
  row.labels = {labels.begin(), labels.end()};
  return row;
}

Row row_of(const suite::RefusedCase& refused) {
  Row row;
  row.id = refused.id;
  row.file = refused.file.file.string();
  row.expected = refused.expected.empty() ? "invalid" : "error " + refused.expected;
  if (!refused.expected.empty()) row.labels = {refused.expected};
  return row;
}

std::vector<Row> rows_of(const suite::Collection& collection) {
  std::vector<Row> rows;
  for (const casefile::Case& c : collection.cases) rows.push_back(row_of(c));
  for (const suite::RefusedCase& refused : collection.refused) rows.push_back(row_of(refused));
  std::stable_sort(rows.begin(), rows.end(),
                   [](const Row& a, const Row& b) { return a.id < b.id; });
  return rows;
}

void print_json(const std::vector<Row>& rows) {
  auto out = nlohmann::ordered_json::array();
  for (const Row& row : rows) {
    out.push_back({{"id", row.id},
                   {"file", row.file},
                   {"title", row.title},
                   {"mode", row.mode},
                   {"tags", row.tags},
                   {"ops", row.ops},
                   {"labels", row.labels},
                   {"expected", row.expected}});
  }
  fmt::print("{}\n", out.dump(1, ' ', false, nlohmann::json::error_handler_t::replace));
}

void print_table(const std::vector<Row>& rows) {
  std::size_t width = 2;
  for (const Row& row : rows) width = std::max(width, row.id.size());
  for (const Row& row : rows) {
    fmt::print("{:<{}}  {:<9}  {}  [{}]  {}\n", base::printable(row.id), width, row.mode,
               base::printable(row.expected), base::printable(base::join(row.tags, " ")),
               base::join(row.ops, " "));
  }
}

}  // namespace

int run_list(const Arguments& arguments) {
  const po::variables_map map = parse(command_line(), arguments);
  suite::Selection selected = selection(map);
  selected.shard = shard_here(map);
  const base::Result<suite::Collection> collected = suite::collect(paths(map), selected);
  if (!collected) throw UsageError(base::printable(collected.error()));
  const std::vector<Row> rows = rows_of(collected.value());
  if (has(map, "json")) {
    print_json(rows);
  } else {
    print_table(rows);
  }
  bool invalid = false;
  for (const suite::RefusedCase& refused : collected.value().refused) {
    if (!refused.expected.empty()) continue;
    invalid = true;
    for (const base::Diagnostic& d : refused.diagnostics) {
      fmt::print(stderr, "{}\n", base::format(d));
    }
  }
  if (invalid) return kExitUsage;
  return rows.empty() ? kExitNothing : kExitOk;
}

}  // namespace mxcheck::cli
