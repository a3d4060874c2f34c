// Two sides of one question: whole runs by instruction set, and single products by kernel.
#include "sim/suite/fast_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <span>

#include "sim/exec/kernel_product.h"
#include "sim/kernels/gemm.h"
#include "sim/kernels/kernel_list.h"
#include "sim/kernels/tally.h"
#include "sim/suite/level_compare.h"
#include "sim/suite/step_kernels.h"

namespace mxcheck::suite {
namespace {

using reports::Finding;
using reports::Status;

// Products beyond this many multiplications are judged by the plain way, which holds the same
// licence, instead of the definition.
constexpr std::int64_t kDefinitionLimit = std::int64_t{1} << 24;
// Products up to this many are packed by every instruction set for every kernel: a set may have
// packing that none of its own kernels asks for.
constexpr std::int64_t kPackingLimit = std::int64_t{1} << 16;

bool is_signed(numerics::DType dtype) {
  return dtype == numerics::DType::kS8 || dtype == numerics::DType::kS4;
}

std::vector<std::uint8_t> bytes(std::span<const std::int32_t> codes) {
  std::vector<std::uint8_t> out;
  out.reserve(codes.size());
  for (const std::int32_t code : codes) out.push_back(static_cast<std::uint8_t>(code));
  return out;
}

std::vector<std::uint8_t> transposed(const std::vector<std::uint8_t>& codes, std::int64_t rows,
                                     std::int64_t columns) {
  std::vector<std::uint8_t> out(codes.size());
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t j = 0; j < columns; ++j) {
      out[static_cast<std::size_t>(j * rows + i)] =
          codes[static_cast<std::size_t>(i * columns + j)];
    }
  }
  return out;
}

// Every kernel of the instruction sets, and how often it was used.
std::vector<reports::KernelUse> uses_of(const kernels::Tally& tally,
                                        const std::vector<kernels::Isa>& isas) {
  std::vector<reports::KernelUse> out;
  out.reserve(kernels::all_kernels().size());
  for (const kernels::KernelInfo& kernel : kernels::all_kernels()) {
    const std::int64_t uses = tally.uses(kernel.name);
    if (uses == 0 && std::find(isas.begin(), isas.end(), kernel.isa) == isas.end()) continue;
    out.push_back({kernel.name, kernel.family, kernels::name(kernel.isa), uses});
  }
  return out;
}

// Every licensed product of a run through every kernel, packed by its own instruction set; small
// ones by all.
class KernelJudge {
 public:
  KernelJudge(const mxu::Profile& profile, const std::vector<kernels::Isa>& isas,
              const fault::Faults& faults)
      : profile_(profile), faults_(faults), isas_(isas) {
    for (const kernels::GemmKernel& kernel : kernels::gemm_kernels()) {
      if (std::find(isas.begin(), isas.end(), kernel.isa) == isas.end()) continue;
      kernels_.push_back(&kernel);
    }
    observer_ = [this](const std::string& name, const mxu::Product& product) {
      judge(name, product);
    };
  }

  [[nodiscard]] const exec::ProductObserver* observer() const { return &observer_; }
  [[nodiscard]] std::int64_t licensed() const { return licensed_; }
  [[nodiscard]] const std::string& refusal() const { return refusal_; }
  [[nodiscard]] std::vector<Finding>& findings() { return findings_; }

 private:
  void judge(const std::string& name, const mxu::Product& product) {
    const mxu::Licence licence = mxu::licence(profile_, product);
    if (!licence.granted ||
        mxu::refuse_types(profile_, product.lhs_type, product.rhs_type).refused())
      return refuse(licence.reason);
    ++licensed_;
    const auto within = [&](std::int64_t limit) {
      return product.m * product.n <= limit / std::max<std::int64_t>(product.k, 1);
    };
    const mxu::ProductResult expected = within(kDefinitionLimit)
                                            ? mxu::functional(profile_, product)
                                            : mxu::multiply(profile_, product);
    if (expected.status != mxu::Status::kOk) return;
    const std::int64_t m = product.m, k = product.k, n = product.n;
    const std::vector<std::uint8_t> lhs = bytes(product.lhs), rhs = bytes(product.rhs);
    const std::vector<std::uint8_t> columns = transposed(lhs, m, k), lines = transposed(rhs, k, n);
    const bool lhs_signed = is_signed(product.lhs_type), rhs_signed = is_signed(product.rhs_type);
    std::vector<std::int32_t> acc(static_cast<std::size_t>(m * n));
    for (const kernels::GemmKernel* kernel : kernels_) {
      // Row-major sides, then both transposed in memory: packing has a form for either.
      const kernels::CodeMatrix layouts[][2] = {
          {{lhs.data(), m, k, k, 1, lhs_signed}, {rhs.data(), k, n, n, 1, rhs_signed}},
          {{columns.data(), m, k, 1, m, lhs_signed}, {lines.data(), k, n, 1, k, rhs_signed}}};
      for (const kernels::Isa isa : isas_) {
        if (isa != kernel->isa && !within(kPackingLimit)) continue;
        for (const auto& [left, right] : layouts) {
          kernels::PackedRhs packed;
          std::fill(acc.begin(), acc.end(), 0);
          exec::multiply_on_kernel({*kernel, isa, left, right}, packed,
                                   {acc.data(), n, nullptr, nullptr}, faults_);
          compare(name, product, {*kernel, isa}, acc, expected.acc);
        }
      }
    }
  }

  void refuse(const std::string& reason) {
    if (refusal_.empty()) refusal_ = reason;
  }

  struct Way {
    const kernels::GemmKernel& kernel;
    kernels::Isa packed_by;
  };
  void compare(const std::string& name, const mxu::Product& product, const Way& way,
               const std::vector<std::int32_t>& acc, const std::vector<std::int64_t>& expected) {
    Finding finding;
    for (std::size_t i = 0; i < acc.size(); ++i) {
      if (acc[i] == static_cast<std::int32_t>(expected[i])) continue;
      if (finding.differ++ != 0) continue;
      const auto at = static_cast<std::int64_t>(i);
      finding.mismatches.push_back(
          {{at / product.n, at % product.n},
           std::to_string(acc[i]),
           fmt::format("0x{:08x}", static_cast<std::uint32_t>(acc[i])),
           std::to_string(expected[i]),
           fmt::format("0x{:08x}", static_cast<std::uint32_t>(expected[i])),
           std::nullopt,
           std::nullopt,
           false,
           {}});
    }
    if (finding.differ == 0) return;
    finding.name = name + "/acc";
    finding.total = static_cast<std::int64_t>(acc.size());
    finding.rule = "DOT-8";
    finding.explanation =
        fmt::format("sim: kernel {}{}, golden: functional model", way.kernel.name,
                    way.packed_by == way.kernel.isa
                        ? ""
                        : fmt::format(", packed by {}", kernels::name(way.packed_by)));
    findings_.push_back(std::move(finding));
  }

  const mxu::Profile& profile_;
  const fault::Faults& faults_;
  const std::vector<kernels::Isa>& isas_;
  std::vector<const kernels::GemmKernel*> kernels_;
  exec::ProductObserver observer_;
  std::vector<Finding> findings_;
  std::int64_t licensed_ = 0;
  std::string refusal_;
};

}  // namespace

std::optional<FastCheck> check_fast(const exec::Request& request,
                                    const std::vector<kernels::Isa>& isas) {
  FastCheck out;
  out.result.check = "fast";
  const kernels::Tally tally;
  KernelJudge judge(request.profile, isas, request.policy.faults);
  exec::Request functional = request;
  functional.level = exec::Level::kFunctional;
  functional.observer = judge.observer();
  const base::Result<exec::Outcome> expected = exec::run(functional);
  if (!expected || expected.value().products.empty()) return std::nullopt;
  if (judge.licensed() == 0) {
    out.result.status = Status::kSkip;
    out.result.reason = "no product holds a licence: " + judge.refusal();
    return out;
  }
  out.result.findings = std::move(judge.findings());
  for (const kernels::Isa isa : isas) {
    exec::Request fast = request;
    fast.level = exec::Level::kAuto;
    fast.isa = isa;
    fast.observer = nullptr;
    const base::Result<exec::Outcome> outcome = exec::run(fast);
    if (!outcome) continue;
    compare_levels(expected.value().values, outcome.value().values,
                   fmt::format("sim: level fast, {}, golden: functional level", kernels::name(isa)),
                   out.result);
  }
  Sources sources;
  sources.graph = &request.graph;
  sources.data = &request.data;
  sources.values = &expected.value().values;
  check_step_kernels(sources, request.policy, isas, out.result);
  out.kernels = uses_of(tally, isas);
  out.result.status = out.result.findings.empty() ? Status::kPass : Status::kFail;
  return out;
}

}  // namespace mxcheck::suite
