// `mxcheck info`: what this build is and what it found on this host; `--hardware NAME` shows one
// profile with the evidence of every key (HW).
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "reports/model.h"
#include "sim/base/text.h"
#include "sim/cli/build_info.h"
#include "sim/cli/hardware_option.h"
#include "sim/cli/options.h"
#include "sim/graph/graph.h"
#include "sim/numerics/policy.h"
#include "sim/numerics/qtype.h"

namespace mxcheck::cli {
namespace {

CommandLine command_line() {
  CommandLine line;
  line.command = "info";
  line.synopsis = "mxcheck info [options]";
  line.options.add_options()                                                         //
      ("hardware", po::value<std::string>(), "show a profile: preset or FILE.json")  //
      ("json", "as JSON")                                                            //
      ("help,h", "this text");
  line.examples = "  mxcheck info --json\n  mxcheck info --hardware gemmini_16\n";
  return line;
}

// Instruction sets of this host that kernels of this kind could use.
std::vector<std::string> host_isas() {
  std::vector<std::string> out = {"scalar"};
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) out.emplace_back("avx2");
  if (__builtin_cpu_supports("avx512vnni")) out.emplace_back("avx512vnni");
#endif
  return out;
}

nlohmann::ordered_json facts() {
  return {{"version", version()},
          {"commit", commit()},
          {"compiler", compiler()},
          {"build_type", build_type()},
          {"floating_point", "-ffp-contract=off -fno-fast-math"},
          {"report_version", reports::kReportVersion},
          {"isa_found", host_isas()},
          {"isa_chosen", "scalar"},
          {"kernels", nlohmann::ordered_json::array()},
          {"policies", numerics::policy_names()},
          {"qtypes", numerics::qtype_names()},
          {"ops", graph::op_names()},
          {"hardware", mxu::preset_names()}};
}

std::string value_text(const nlohmann::ordered_json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_array()) return value.dump();
  std::vector<std::string> parts;
  for (const auto& item : value) parts.push_back(value_text(item));
  return parts.empty() ? "none" : base::join(parts, " ");
}

}  // namespace

int run_info(const Arguments& arguments) {
  const po::variables_map map = parse(command_line(), arguments);
  if (!texts(map, "paths").empty()) throw UsageError("mxcheck info takes no paths");
  if (has(map, "hardware")) {
    const mxu::Profile profile = parse_hardware(text(map, "hardware", ""));
    fmt::print("{}\n", has(map, "json") ? mxu::info_json(profile) : mxu::info_text(profile));
    return kExitOk;
  }
  const nlohmann::ordered_json all = facts();
  if (has(map, "json")) {
    fmt::print("{}\n", all.dump(1));
    return kExitOk;
  }
  for (const auto& [key, value] : all.items()) {
    fmt::print("{:<15} {}\n", key, value_text(value));
  }
  return kExitOk;
}

}  // namespace mxcheck::cli
