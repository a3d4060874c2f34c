// The check `fast` under test: kernels with planted mistakes must fail it, by name; healthy ones
// must pass it and be counted; without a licence there is nothing to judge.
#include "sim/suite/fast_check.h"

#include <algorithm>

#include "sim/kernels/kernel_list.h"
#include "sim/suite/step_kernels.h"
#include "sim/suite/testing.h"

namespace mxcheck::suite {
namespace {

using reports::Status;
using testing::RunOf;

const char* const kInt8 = R"({"weight_qtype": "s8", "act_qtype": "s8", "bwd_qtype": "s8"})";

fault::Faults planted(fault::Kind kind) {
  fault::Fault fault;
  fault.kind = kind;
  return fault::Faults({fault});
}

bool any_stores_with_offset(const std::vector<kernels::Isa>& isas) {
  return std::any_of(isas.begin(), isas.end(),
                     [](kernels::Isa isa) { return kernels::covers(isa, kernels::Isa::kAvxVnni); });
}

}  // namespace

TEST_CASE("the check fast passes healthy kernels and counts every one of them [DOT-8]", "[fast]") {
  const RunOf run(testing::dense(kInt8));
  const auto check = check_fast(run.request(), kernels::isas_here());
  REQUIRE(check.has_value());
  CHECK(check->result.status == Status::kPass);
  CHECK(check->result.tensors > 0);
  CHECK(check->result.equal == check->result.tensors);
  std::size_t here = 0;
  for (const kernels::KernelInfo& kernel : kernels::all_kernels()) {
    if (!kernels::here(kernel.isa)) continue;
    ++here;
    const auto use = std::find_if(check->kernels.begin(), check->kernels.end(),
                                  [&](const auto& k) { return k.name() == kernel.name; });
    REQUIRE(use != check->kernels.end());
    INFO(kernel.name);
    if (std::string(kernel.family) == "gemm") CHECK(use->uses > 0);
  }
  CHECK(check->kernels.size() == here);
}

TEST_CASE("the check fast fails for every mistake of a kernel and names the kernel [DOT-8]",
          "[fast]") {
  using fault::Kind;
  for (const Kind kind : {Kind::kernel_codes_as_unsigned, Kind::kernel_packing_shifted,
                          Kind::kernel_k_group_dropped, Kind::kernel_edge_column_lost,
                          Kind::kernel_pairs_saturate, Kind::kernel_correction_omitted}) {
    const bool offsets =
        kind == Kind::kernel_pairs_saturate || kind == Kind::kernel_correction_omitted;
    if (offsets && !any_stores_with_offset(kernels::isas_here())) continue;
    const RunOf run(testing::dense(kInt8), planted(kind));
    const auto check = check_fast(run.request(), kernels::isas_here());
    INFO(fault::info(kind).name);
    REQUIRE(check.has_value());
    CHECK(check->result.status == Status::kFail);
    const bool named =
        std::any_of(check->result.findings.begin(), check->result.findings.end(),
                    [](const reports::Finding& finding) {
                      return finding.rule == "DOT-8" && finding.differ > 0 &&
                             finding.explanation.find("kernel gem") != std::string::npos;
                    });
    CHECK(named);
  }
}

TEST_CASE("the check fast leaves out a run whose products hold no licence [HW-LICENCE]", "[fast]") {
  const RunOf run(testing::dense(kInt8));
  mxu::Profile narrow = *mxu::preset("ideal_int32");
  narrow.product_group = 2;
  narrow.group_bits = 9;
  const exec::Request whole = run.request();
  const exec::Request request{whole.graph, whole.rules,  whole.plan, whole.run,
                              whole.data,  whole.policy, narrow,     whole.level};
  const auto check = check_fast(request, kernels::isas_here());
  REQUIRE(check.has_value());
  CHECK(check->result.status == Status::kSkip);
  CHECK(check->result.reason.find("no product holds a licence: ") == 0);
  CHECK(check->kernels.empty());
}

TEST_CASE("the check fast has nothing to say of a run without integer products", "[fast]") {
  const RunOf run(testing::dense(R"({"weight_qtype": "s8"})"));
  CHECK_FALSE(check_fast(run.request(), kernels::isas_here()).has_value());
}

TEST_CASE("a value that a sum, a rectifier or a sum of columns does not give is found [FLT-7]",
          "[fast]") {
  const std::string text = R"({"mxcheck": 1,
  "inputs": {"x": {"random": "normal", "seed": 1, "shape": [40, 5]}},
  "params": {"b": {"random": "normal", "seed": 2, "shape": [5]}},
  "nodes": [{"name": "a", "op": "add", "args": ["x", "b"]},
            {"name": "r", "op": "relu", "args": ["a"]},
            {"name": "s", "op": "reduce_sum", "args": ["r"], "axes": [0]}],
  "run": {"mode": "grad", "cotangents": {"s": {"random": "normal", "seed": 3, "shape": [5]}}}})";
  const auto findings = [&](const std::string& tampered) {
    RunOf run(text);
    if (!tampered.empty()) run.value(tampered).mutable_bytes()[3] ^= std::byte{0x3f};
    const exec::Request request = run.request();
    Sources sources;
    sources.graph = &request.graph;
    sources.data = &request.data;
    sources.values = &run.outcome.values;
    reports::CheckResult out;
    check_step_kernels(sources, request.policy, kernels::isas_here(), out);
    return out.findings.size();
  };
  const std::size_t isas = kernels::isas_here().size();
  CHECK(findings("") == 0);
  // What a kernel reads and what it should give: both show.
  CHECK(findings("step0/node/s") == isas);
  CHECK(findings("step0/node/r") == 2 * isas);
  CHECK(findings("step0/grad/param/b") == isas);
}

}  // namespace mxcheck::suite
