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
#include "sim/kernels/kernel_list.h"
#include "sim/mxu/profile.h"
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
      ("isa", po::value<std::string>(), "instruction set to choose, as in run")      //
      ("json", "as JSON")                                                            //
      ("help,h", "this text");
  line.examples = "  mxcheck info --json\n  mxcheck info --hardware gemmini_16\n";
  return line;
}

nlohmann::ordered_json isa_facts() {
  nlohmann::ordered_json out = nlohmann::ordered_json::array();
  for (const kernels::IsaInfo& info : kernels::isas()) {
    out.push_back({{"name", info.name},
                   {"architecture", info.architecture},
                   {"needs", info.needs},
                   {"here", info.here}});
  }
  return out;
}

// Every kernel, with what it needs and whether it runs under the choice. An integer product kernel
// may stand for a profile only with a licence; the others need none: they are the definition.
nlohmann::ordered_json kernel_facts(kernels::Isa chosen) {
  nlohmann::ordered_json out = nlohmann::ordered_json::array();
  for (const kernels::KernelInfo& kernel : kernels::all_kernels()) {
    out.push_back({{"name", kernel.name},
                   {"family", kernel.family},
                   {"isa", kernels::name(kernel.isa)},
                   {"runs", kernels::covers(chosen, kernel.isa)},
                   {"licence", kernel.licence}});
  }
  return out;
}

std::vector<std::string> here_names() {
  std::vector<std::string> out;
  for (const kernels::Isa isa : kernels::isas_here()) out.emplace_back(kernels::name(isa));
  return out;
}

nlohmann::ordered_json facts(kernels::Isa chosen) {
  return {{"version", version()},
          {"commit", commit()},
          {"compiler", compiler()},
          {"build_type", build_type()},
          {"floating_point", "-ffp-contract=off -fno-fast-math"},
          {"report_version", reports::kReportVersion},
          {"isa_found", here_names()},
          {"isa_chosen", kernels::name(chosen)},
          {"isas", isa_facts()},
          {"kernels", kernel_facts(chosen)},
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

// "avx2 (here; needs avx2 fma f16c)", "gemm_... avx2 (runs)".
std::string entry_text(const nlohmann::ordered_json& item) {
  if (item.contains("here")) {
    return fmt::format("{:<14} {}, needs {}", item["name"].get<std::string>(),
                       item["here"].get<bool>() ? "here" : "not here",
                       item["needs"].get<std::string>());
  }
  return fmt::format("{:<38} {:<13} {}; licence: {}", item["name"].get<std::string>(),
                     item["isa"].get<std::string>(),
                     item["runs"].get<bool>() ? "runs" : "does not run",
                     item["licence"].get<std::string>());
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
  const base::Result<kernels::Isa> chosen = kernels::choose_isa(text(map, "isa", ""));
  if (!chosen) throw UsageError("--isa: " + base::printable(chosen.error()));
  const nlohmann::ordered_json all = facts(chosen.value());
  if (has(map, "json")) {
    fmt::print("{}\n", all.dump(1));
    return kExitOk;
  }
  for (const auto& [key, value] : all.items()) {
    if (key == "isas" || key == "kernels") {
      for (const auto& item : value) {
        fmt::print("{:<15} {}\n", key == "isas" ? "isa" : "kernel", entry_text(item));
      }
      continue;
    }
    fmt::print("{:<15} {}\n", key, value_text(value));
  }
  return kExitOk;
}

}  // namespace mxcheck::cli
