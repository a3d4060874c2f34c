// One invented run with every status and everything a report can show, for the tests of the
// writers. Durations are 0, so that approved output does not change.
#pragma once

#include "reports/model.h"

namespace mxcheck::reports {

inline Finding code_finding() {
  Finding f;
  f.name = "step0/quant/y/fwd/lhs.qvalue";
  f.differ = 3;
  f.total = 64;
  f.rule = "QNT-1";
  f.explanation = "all 3 agree with policy quotient=reciprocal";
  Mismatch m;
  m.index = {0, 7};
  m.ours = "-128", m.ours_bits = "0x80";
  m.theirs = "-127", m.theirs_bits = "0x81";
  m.tie = true;
  m.facts = {{"x", "-2.7182817"}, {"scale", "0.021319857"}, {"quotient", "-127.50000"}};
  f.mismatches = {m};
  f.window = Window{{0, 5},
                    2,
                    3,
                    {{"12", "0x0c", false, "", ""},
                     {"0", "0x00", false, "", ""},
                     {"-128", "0x80", true, "-127", "0x81"},
                     {"7", "0x07", false, "", ""},
                     {"9", "0x09", true, "8", "0x08"},
                     {"127", "0x7f", false, "", ""}}};
  f.deltas = {{"-1", 1}, {"+1", 2}};
  return f;
}

inline Finding accumulator_finding() {
  Finding f;
  f.name = "step0/quant/y/fwd/acc";
  f.differ = 5;
  f.total = 32;
  f.rule = "DOT-8";
  f.deltas = {{"<= -256", 4}, {"-255..-2", 0}, {"-1", 1}};
  f.pe_map = PeMap{16, 8, 1, 32, {{-1, 3, 1}, {0, 0, 1}, {15, 7, 3}}};
  return f;
}

inline Finding bound_finding() {
  Finding f;
  f.name = "step0/node/z";
  f.cls = Class::kBound;
  f.formula = "BND-1";
  f.differ = 1;
  f.total = 4;
  f.worst_fraction = 1.75;
  f.worst_ulp = 9;
  Mismatch m;
  m.index = {3};
  m.ours = "1.0000011", m.ours_bits = "0x3f800009";
  m.theirs = "1", m.theirs_bits = "0x3f800000";
  m.ulp = 9;
  m.bound_fraction = 1.75;
  f.mismatches = {m};
  f.ulps = {{"1", 0}, {"2", 0}, {"3-4", 0}, {"5-8", 0}, {"9-16", 1}};
  return f;
}

inline CaseResult case_of(const std::string& id, Status status, const std::string& reason) {
  CaseResult c;
  c.id = id;
  c.file = "cases/" + id + ".json";
  c.policy = "ieee";
  c.hardware = "ideal_int32";
  c.mode = "grad";
  c.status = status;
  c.reason = reason;
  return c;
}

inline CheckResult failed_check(const std::string& mode) {
  CheckResult check;
  check.check = "golden";
  check.mode = mode;
  check.status = Status::kFail;
  return check;
}

// y = relu(x . w), seen by the golden check.
inline std::vector<GraphNode> small_graph() {
  return {
      {"x", GraphRole::kInput, "", "f32[4,16]", {}, {}},
      {"w", GraphRole::kParam, "", "f32[16,8]", {}, {{"step0/grad/param/w", TensorVerdict::kNone}}},
      {"y",
       GraphRole::kQuantized,
       "dot_general",
       "f32[4,8]",
       {0, 1},
       {{"step0/quant/y/fwd/lhs.qvalue", TensorVerdict::kFail},
        {"step0/quant/y/fwd/lhs.scale", TensorVerdict::kEqual}}},
      {"z",
       GraphRole::kFloat,
       "relu",
       "f32[4,8]",
       {2},
       {{"step0/node/z", TensorVerdict::kWithin}}}};
}

// A case that shows what a passing case can: static ranges, likeness, products.
inline CaseResult traced_case(CaseResult c) {
  c.title = "statistics over three steps";
  c.tags = {"smoke", "srq"};
  c.ops = {"dot_general"};
  c.labels = {"SRQ-1", "SRQ-4"};
  c.traces = {
      {"m/dot_general0_lhs",
       "absmax",
       1,
       0,
       {{1, 2.5, 2.5, 2.5, true}, {2, 5.75, 3.25, 2.875, true}, {2, 5.75, 9, 2.875, false}}}};
  c.layers = {{"step0/quant/y/fwd", 32, 38.25, 0.99991}};
  CheckResult ste;
  ste.check = "ste";
  ste.tensors = 1, ste.elements = 128, ste.bound = 1;
  ste.figures = {
      {"step0/quant/y/drhs/out", Class::kBound, "BND-5: codes", 128, 0.25, 0.9875, 31.5}};
  c.checks = {ste};
  return c;
}

inline RunResult invented_run() {
  RunResult run;
  run.context.version = "0.1.0";
  run.context.commit = "unknown";
  run.context.paths = {"cases"};
  run.context.selected_cases = 10;
  run.context.selected_digest = "5e1ec7ed";
  CaseResult failing = case_of("qt/dense_int8", Status::kFail, "");
  CheckResult isolated = failed_check("isolated");
  isolated.tensors = 12, isolated.elements = 700, isolated.exact = 11, isolated.bound = 1;
  isolated.equal = 10, isolated.worst_fraction = 1.75, isolated.worst_name = "step0/node/z";
  isolated.findings = {code_finding(), accumulator_finding(), bound_finding()};
  isolated.root_cause =
      RootCause{{"policy quotient=reciprocal", "policy quotient=reciprocal_f32_f16"},
                {"quotient_reciprocal", ""},
                2,
                61,
                140,
                12.5};
  failing.checks = {isolated};
  failing.line = 14;
  failing.title = "dense, int8";
  failing.ops = {"dot_general", "relu"};
  failing.graph = small_graph();
  failing.products = {{"step0/quant/y/fwd", 1, 4, 16, 8, 14, 14, 55, 320, 256, 64}};
  failing.quantizations = {{"step0/quant/y/fwd/lhs", 64, 3, 1, 3, 5, 2, 37.5,
                            CodeHistogram{-128, 127, 64, {20, 14, 18, 12}, {1, 0, 2, 0}, 2, 1}}};
  failing.kernels = {{"gemm_x_scalar", "gemm", "scalar", 3},
                     {"noise_scalar", "noise", "scalar", 0}};
  CaseResult hostile = case_of("x/<a&\"b\x01\xff", Status::kVacuous, "all \x02 zero ]]>");
  CaseResult missing = case_of("qt/missing", Status::kFail, "");
  CheckResult check = failed_check("end_to_end");
  Finding absent;
  absent.name = "step0/node/q";
  absent.problem = "the run does not produce it";
  check.findings = {absent};
  missing.checks = {check};
  run.cases = {traced_case(case_of("qat/a", Status::kPass, "")),
               case_of("qat/a", Status::kPass, ""),
               failing,
               missing,
               hostile,
               case_of("hw/trap", Status::kUndefined, "overflow at (0,1,2)"),
               case_of("hw/skip", Status::kSkip, "no kernel"),
               case_of("bug", Status::kSuiteError, "a check failed"),
               case_of("known", Status::kXfail, "FAIL as expected: issue 12"),
               case_of("mended", Status::kXpass, "passed, but FAIL is expected: issue 13")};
  run.cases[8].expectation = Expectation{"kno*", Status::kFail, Status::kFail, "", "issue 12"};
  run.cases[9].expectation =
      Expectation{"mended", Status::kFail, Status::kPass, "golden", "issue 13"};
  run.context.expectations = "cases/expectations/known.json";
  run.expectations = {{"kno*", true, Status::kFail, "", "issue 12", 1, 1},
                      {"mended", false, Status::kFail, "golden", "issue 13", 1, 1},
                      {"gone", false, Status::kVacuous, "", "issue 14", 0, 0}};
  return run;
}

}  // namespace mxcheck::reports
