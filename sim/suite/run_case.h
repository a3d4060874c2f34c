// One case from its data to its verdict: execute (isolated where there is a golden, then end to
// end), run the checks that apply, decide the status.
//
// Never throws: a bug met on the way becomes SUITE_ERROR of this case. A case that must be refused
// (expect.error) passes iff it is, with that label.
#pragma once

#include <optional>
#include <string>

#include "reports/model.h"
#include "sim/base/diagnostic.h"
#include "sim/casefile/case.h"
#include "sim/exec/executor.h"
#include "sim/fault/fault.h"
#include "sim/mxu/profile.h"
#include "sim/suite/device_check.h"

namespace mxcheck::suite {

// kDevice: the check `device` and no other.
enum class Checks { kAll, kDevice };
enum class DumpMode { kNone, kIsolated, kEndToEnd };

struct CaseOptions {
  std::optional<numerics::Policy> policy;  // instead of the case's
  std::optional<mxu::Profile> profile;     // instead of the case's hardware
  exec::Level level = exec::Level::kFunctional;
  kernels::Isa isa = kernels::best_isa();
  base::Pool* pool = nullptr;  // of the kernels inside one product; null: the calling thread alone
  // Instruction sets the check `fast` tries.
  std::vector<kernels::Isa> fast_isas = kernels::isas_here();
  DumpMode dump = DumpMode::kNone;
  std::vector<fault::Fault> faults;         // planted in the model, to see that the checks notice
  const DeviceUnderTest* device = nullptr;  // for the check `device`; null: there is none
  Checks checks = Checks::kAll;
  // Look for the cause and the place of a mismatch, and for the widths that products needed.
  bool explain = true;
  bool details = false;                // what reports show beside verdicts (details.h)
  double explain_milliseconds = 1000;  // per failing check
  std::uint64_t seed = 0;              // of generated operands, with the case's id
  // Largest product the fake_quant check takes, in multiplications.
  std::int64_t fake_quant_pairs = std::int64_t{1} << 22;
};

struct CaseRun {
  reports::CaseResult result;
  base::Diagnostics refusal;  // why the case was refused although it should have run
  graph::Values dump;         // names without the case's id
  std::vector<exec::ProductShape> product_shapes;
  std::optional<DeviceDigests> device;  // of a case a device was asked, or would be
  bool too_large = false;               // skipped: more than SuiteOptions::max_memory
};

[[nodiscard]] CaseRun run_case(const casefile::Case& c, const CaseOptions& options);

// The case's matrix unit; nullopt if its `hardware` cannot be meant (HW-*).
[[nodiscard]] std::optional<mxu::Profile> profile_of(const casefile::Case& c,
                                                     base::Diagnostics& diagnostics);

}  // namespace mxcheck::suite
