// `mxcheck show`: a case's graph as text, and with --values the elements of one computed value.
#include <fmt/format.h>

#include <algorithm>

#include "sim/base/text.h"
#include "sim/cli/graph_text.h"
#include "sim/cli/options.h"
#include "sim/suite/compare.h"
#include "sim/suite/run_case.h"

namespace mxcheck::cli {
namespace {

CommandLine command_line() {
  CommandLine line;
  line.command = "show";
  line.synopsis = "mxcheck show CASE [options]    CASE: a file, a folder, or an id below cases";
  add_selection_options(line.options);
  line.options.add_options()                                                                 //
      ("values", po::value<std::string>(), "print a computed value: its name, or a node's")  //
      ("limit", po::value<std::string>(), "elements of a value to print (256; 0: all)")      //
      ("help,h", "this text");
  line.missing = {"dot", "svg"};
  line.examples =
      "  mxcheck show cases/qt/dense_int8.json\n"
      "  mxcheck show qt/dense_int8 --values step0/quant/y/fwd/lhs.qvalue\n";
  return line;
}

// The collection a CASE argument means: a path, or else an id below cases.
suite::Collection collection_of(const po::variables_map& map) {
  suite::Selection selected = selection(map);
  std::vector<std::filesystem::path> where;
  for (const std::string& word : texts(map, "paths")) {
    std::error_code error;
    if (std::filesystem::exists(word, error)) {
      where.emplace_back(word);
    } else {
      selected.ids.push_back(word);
    }
  }
  if (where.empty() && selected.ids.empty()) throw UsageError("mxcheck show needs a case");
  if (where.empty()) where.emplace_back("cases");
  base::Result<suite::Collection> collected = suite::collect(where, selected);
  if (!collected) throw UsageError(base::printable(collected.error()));
  return std::move(collected).value();
}

const tensor::Tensor* find_value(const graph::Values& values, const std::string& name) {
  for (const std::string& candidate : {name, "step0/node/" + name, "step0/" + name}) {
    if (const auto found = values.find(candidate); found != values.end()) return &found->second;
  }
  return nullptr;
}

void print_value(const std::string& name, const tensor::Tensor& value, std::int64_t limit) {
  fmt::print("{}  {}{}\n", base::printable(name), numerics::name(value.dtype()),
             tensor::to_string(value.shape()));
  const std::int64_t shown = limit == 0 ? value.size() : std::min(limit, value.size());
  for (std::int64_t i = 0; i < shown; ++i) {
    fmt::print("  {}  {} ({})\n", tensor::to_string(tensor::unravel(i, value.shape())),
               suite::value_text(value, i), suite::bits_text(value, i));
  }
  if (shown < value.size())
    fmt::print("  ... {} more, --limit 0 shows all\n", value.size() - shown);
}

// False if the case has no such value.
bool show_value(const casefile::Case& c, const std::string& name, std::int64_t limit) {
  suite::CaseOptions options;
  options.dump = suite::DumpMode::kEndToEnd;
  const suite::CaseRun run = suite::run_case(c, options);
  for (const base::Diagnostic& d : run.refusal) fmt::print(stderr, "{}\n", base::format(d));
  if (const tensor::Tensor* value = find_value(run.dump, name)) {
    print_value(name, *value, limit);
    return true;
  }
  std::vector<std::string> names;
  for (const auto& [known, value] : run.dump) names.push_back(known);
  fmt::print(stderr, "mxcheck: error: {} has no value '{}'{}\n", base::printable(c.id),
             base::printable(name), did_you_mean(name, names));
  return false;
}

}  // namespace

int run_show(const Arguments& arguments) {
  const po::variables_map map = parse(command_line(), arguments);
  constexpr std::int64_t kUsualLimit = 256;
  constexpr std::int64_t kMost = std::int64_t{1} << 40;
  const std::int64_t limit = integer(map, "limit", kUsualLimit, 0, kMost);
  const suite::Collection collection = collection_of(map);
  bool good = true;
  for (const casefile::Case& c : collection.cases) {
    if (has(map, "values")) {
      good = show_value(c, text(map, "values", ""), limit) && good;
    } else {
      fmt::print("{}", graph_text(c));
    }
  }
  for (const base::Diagnostic& d : collection.warnings) {
    fmt::print(stderr, "{}\n", base::format(d));
  }
  for (const suite::RefusedCase& refused : collection.refused) {
    good = good && !refused.expected.empty();
    for (const base::Diagnostic& d : refused.diagnostics) {
      fmt::print(stderr, "{}\n", base::format(d));
    }
  }
  if (collection.cases.empty() && collection.refused.empty()) {
    fmt::print(stderr, "mxcheck: no such case\n");
    return kExitNothing;
  }
  return good ? kExitOk : kExitUsage;
}

}  // namespace mxcheck::cli
