// `mxcheck show`: a case's graph as text, drawing, dot or JSON, and with --values the elements of
// one of its tensors.
#include <fmt/format.h>

#include <algorithm>

#include "sim/author/case_drawing.h"
#include "sim/author/case_json.h"
#include "sim/author/graph_text.h"
#include "sim/base/file.h"
#include "sim/base/text.h"
#include "sim/cli/case_argument.h"
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
  line.options.add_options()  //
      ("values", po::value<std::string>(),
       "print a tensor: a value's name as in a golden file, or a node, input or param")  //
      ("svg", "as a drawing")                                                            //
      ("dot", "as text for Graphviz")                                                    //
      ("json", "as JSON")                                                                //
      ("output,o", po::value<std::string>(), "FILE to write instead of printing")        //
      ("limit", po::value<std::string>(), "elements of a value to print (256; 0: all)")  //
      ("help,h", "this text");
  line.examples =
      "  mxcheck show cases/qt/dense_f32_ieee.json\n"
      "  mxcheck show qt/dense_f32_ieee --values step0/quant/y/fwd/lhs.qvalue\n"
      "  mxcheck show models/mlp_qt --svg -o mlp_qt.svg\n"
      "  mxcheck show models/mlp_qt --json | jq '.[0].nodes[].forward.class'\n";
  return line;
}

// The value under its own name, a node's at the first step, or a word for the rest.
const tensor::Tensor* find_value(const graph::Values& values, const std::string& name) {
  for (const std::string& candidate : {name, "step0/node/" + name, "step0/" + name}) {
    if (const auto found = values.find(candidate); found != values.end()) return &found->second;
  }
  return nullptr;
}

std::string value_lines(const std::string& name, const tensor::Tensor& value, std::int64_t limit) {
  std::string out = fmt::format("{}  {}{}\n", base::printable(name), numerics::name(value.dtype()),
                                tensor::to_string(value.shape()));
  const std::int64_t shown = limit == 0 ? value.size() : std::min(limit, value.size());
  for (std::int64_t i = 0; i < shown; ++i) {
    out += fmt::format("  {}  {} ({})\n", tensor::to_string(tensor::unravel(i, value.shape())),
                       suite::value_text(value, i), suite::bits_text(value, i));
  }
  if (shown < value.size()) {
    out += fmt::format("  ... {} more, --limit 0 shows all\n", value.size() - shown);
  }
  return out;
}

// What the case starts from: inputs by step, params; "x" is "step0/input/x".
graph::Values given_values(const casefile::Case& c) {
  graph::Values out;
  base::Diagnostics problems;
  const std::optional<graph::RunData> data = casefile::load_data(c, problems);
  if (!data) return out;
  for (std::size_t step = 0; step < data->steps.size(); ++step) {
    for (std::size_t i = 0; i < c.graph.inputs.size(); ++i) {
      out.emplace(fmt::format("step{}/input/{}", step, c.graph.inputs[i].name),
                  data->steps[step].inputs[i]);
    }
  }
  for (std::size_t i = 0; i < c.graph.params.size(); ++i) {
    out.emplace(c.graph.params[i].name, data->params[i]);
  }
  return out;
}

// Nothing if the case has no such value; then it is told.
std::optional<std::string> value_of(const casefile::Case& c, const std::string& name,
                                    std::int64_t limit) {
  const graph::Values given = given_values(c);
  for (const std::string& candidate : {name, "step0/input/" + name}) {
    const auto found = given.find(candidate);
    if (found != given.end()) return value_lines(name, found->second, limit);
  }
  suite::CaseOptions options;
  options.dump = suite::DumpMode::kEndToEnd;
  const suite::CaseRun run = suite::run_case(c, options);
  for (const base::Diagnostic& d : run.refusal) fmt::print(stderr, "{}\n", base::format(d));
  if (const tensor::Tensor* value = find_value(run.dump, name)) {
    return value_lines(name, *value, limit);
  }
  std::vector<std::string> names;
  for (const auto& [known, value] : run.dump) names.push_back(known);
  for (const auto& [known, value] : given) names.push_back(known);
  for (const graph::Port& port : c.graph.inputs) names.push_back(port.name);
  for (const graph::Node& node : c.graph.nodes) names.push_back(node.name);
  fmt::print(stderr, "mxcheck: error: {} has no value '{}'{}\n", base::printable(c.id),
             base::printable(name), did_you_mean(name, names));
  return std::nullopt;
}

enum class Form : std::uint8_t { kText, kValues, kSvg, kDot, kJson };
Form form_of(const po::variables_map& map) {
  Form out = Form::kText;
  const std::pair<const char*, Form> words[] = {
      {"values", Form::kValues}, {"svg", Form::kSvg}, {"dot", Form::kDot}, {"json", Form::kJson}};
  std::string given;
  for (const auto& [word, form] : words) {
    if (!has(map, word)) continue;
    if (!given.empty()) throw UsageError(fmt::format("--{} and --{}: one at a time", given, word));
    given = word;
    out = form;
  }
  return out;
}

std::string shown(const std::vector<casefile::Case>& cases, const po::variables_map& map,
                  bool& good) {
  constexpr std::int64_t kUsualLimit = 256;
  constexpr std::int64_t kMost = std::int64_t{1} << 40;
  const std::int64_t limit = integer(map, "limit", kUsualLimit, 0, kMost);
  const Form form = form_of(map);
  if (form == Form::kJson) return author::cases_json(cases);
  if (form == Form::kSvg) {
    if (cases.size() > 1) {
      throw UsageError(fmt::format("--svg: {} cases, one is needed; --id selects it, such as {}",
                                   cases.size(), base::printable(cases.front().id)));
    }
    return cases.empty() ? "" : reports::to_svg_file(author::case_drawing(cases.front()));
  }
  std::string out;
  for (const casefile::Case& c : cases) {
    if (form == Form::kText) out += author::graph_text(c);
    if (form == Form::kDot) out += author::dot_text(c);
    if (form == Form::kValues) {
      const std::optional<std::string> lines = value_of(c, text(map, "values", ""), limit);
      good = good && lines;
      out += lines.value_or("");
    }
  }
  return out;
}

void print_or_write(const std::string& out, const po::variables_map& map) {
  if (!has(map, "output")) {
    fmt::print("{}", out);
    return;
  }
  const base::Status status = base::write_file_atomically(text(map, "output", ""), out);
  if (!status) throw UsageError("--output: " + base::printable(status.error()));
}

}  // namespace

int run_show(const Arguments& arguments) {
  const po::variables_map map = parse(command_line(), arguments);
  if (has(map, "output")) check_output_folder("output", text(map, "output", ""));
  const suite::Collection collection = cases_named(map, "show", selection(map));
  bool good = true;
  const std::string out = shown(collection.cases, map, good);
  if (good && !collection.cases.empty()) print_or_write(out, map);
  for (const base::Diagnostic& d : collection.warnings) {
    const auto of_this = [&](const casefile::Case& c) { return c.file == d.file; };
    if (std::any_of(collection.cases.begin(), collection.cases.end(), of_this)) {
      fmt::print(stderr, "{}\n", base::format(d));
    }
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
