// Groups in turn, then the same rows as a table and as JSON.
#include "sim/bench/bench.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "sim/base/check.h"
#include "sim/bench/groups.h"
#include "sim/bench/measure.h"

namespace mxcheck::bench {
namespace {

using Json = nlohmann::ordered_json;

struct Group {
  const char* name;
  std::vector<Row> (*run)(const Options&, const Yardstick&);
};

const std::vector<Group>& groups() {
  static const std::vector<Group> kGroups = {
      {"gemm", bench_gemm},
      {"quantize", [](const Options& o, const Yardstick&) { return bench_quantize(o); }},
      {"conv", bench_conv},
      {"train", [](const Options& o, const Yardstick&) { return bench_train(o); }},
      {"cycle", [](const Options& o, const Yardstick&) { return bench_cycle_group(o); }},
      {"suite", [](const Options& o, const Yardstick&) { return bench_suite(o); }},
  };
  return kGroups;
}

std::string table_line(const Row& row) {
  std::string out = fmt::format("{:<9} {:<24}", row.group, row.name);
  if (row.gops > 0) out += fmt::format(" {:9.1f} GOPS", row.gops);
  if (row.peak_gops > 0) {
    out += fmt::format("  {:.3f} of peak {:.0f}", row.share_of_peak(), row.peak_gops);
  }
  if (row.onednn_gops > 0) {
    out += fmt::format("  {:.2f} x oneDNN {:.0f}", row.ratio_to_onednn(), row.onednn_gops);
  }
  if (row.milliseconds > 0) out += fmt::format("  {:.4g} ms", row.milliseconds);
  for (const auto& [name, value] : row.figures) out += fmt::format("  {} {:.4g}", name, value);
  if (!row.kernel.empty()) out += "  " + row.kernel;
  if (!row.note.empty()) out += "  (" + row.note + ")";
  return out + "\n";
}

}  // namespace

const std::vector<std::string>& group_names() {
  static const std::vector<std::string> kNames = [] {
    std::vector<std::string> out;
    for (const Group& group : groups()) out.emplace_back(group.name);
    return out;
  }();
  return kNames;
}

Report run(const std::vector<std::string>& names, const Options& options) {
  Report report;
  const int processor = pin_thread();
  const Yardstick yardstick(kernels::name(options.isa));
  report.context = {{"processor", processor_name()},
                    {"pinned_to", processor < 0 ? "not pinned" : std::to_string(processor)},
                    {"isa", kernels::name(options.isa)},
                    {"peak_instruction", peak_work(options.isa).instruction},
                    {"onednn", yardstick.found() ? yardstick.version() : "not built"}};
  if (yardstick.found()) report.context.emplace_back("onednn_isa", yardstick.isa());
  for (const std::string& name : names) {
    for (const Group& group : groups()) {
      if (name != group.name) continue;
      std::vector<Row> rows = group.run(options, yardstick);
      report.rows.insert(report.rows.end(), rows.begin(), rows.end());
    }
  }
  return report;
}

std::string to_text(const Report& report) {
  std::string out;
  for (const auto& [key, value] : report.context) out += fmt::format("{:<17} {}\n", key, value);
  for (const Row& row : report.rows) out += table_line(row);
  return out;
}

std::string to_json(const Report& report) {
  Json context = Json::object();
  for (const auto& [key, value] : report.context) context[key] = value;
  Json results = Json::array();
  for (const Row& row : report.rows) {
    Json one = {{"group", row.group},
                {"name", row.name},
                {"m", row.m},
                {"k", row.k},
                {"n", row.n},
                {"kernel", row.kernel},
                {"gops", row.gops},
                {"peak_gops", row.peak_gops},
                {"share_of_peak", row.share_of_peak()},
                {"onednn_gops", row.onednn_gops},
                {"ratio_to_onednn", row.ratio_to_onednn()},
                {"milliseconds", row.milliseconds}};
    for (const auto& [name, value] : row.figures) one[name] = value;
    one["note"] = row.note;
    results.push_back(one);
  }
  const Json all = {{"context", context}, {"results", results}};
  return all.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace mxcheck::bench
