// The result model: what a run found, as plain data. Every report is a view of this one model.
//
// sim/suite fills it, the writers beside this file turn it into JSON, JUnit XML and console text.
// Statuses and classes are those of the command-line contract; all text in here is unescaped and
// may come from a hostile case file: each writer escapes for its own format.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "reports/detail.h"

namespace mxcheck::reports {

// Version of the JSON report and of reports/schema/report.schema.json.
inline constexpr int kReportVersion = 1;

enum class Status : std::uint8_t {
  kPass,
  kFail,
  kXfail,
  kXpass,
  kSkip,
  kUndefined,
  kVacuous,
  kDutError,
  kSuiteError,
};
[[nodiscard]] const char* name(Status status);
// The three words of the last line: what counts as passed, failed, skipped.
enum class Verdict : std::uint8_t { kPassed, kFailed, kSkipped };
[[nodiscard]] Verdict verdict(Status status);

// EXACT: same bits. BOUND: inside a bound computed per element from a named formula.
enum class Class : std::uint8_t { kExact, kBound };
[[nodiscard]] const char* name(Class cls);

using Fact = std::pair<std::string, std::string>;  // "x", "-2.7182817"

// One element where two tensors disagree, printed round-trip and in bits.
struct Mismatch {
  std::vector<std::int64_t> index;
  std::string ours, ours_bits;      // "-128", "0x80"
  std::string theirs, theirs_bits;  // the golden's or the reference's
  std::optional<std::uint64_t> ulp;
  std::optional<double> bound_fraction;  // error / bound, for class BOUND
  bool tie = false;                      // the quotient lies on a rounding tie
  std::vector<Fact> facts;               // x, scale, quotient
};

// What a check says of one tensor that is not as it should be.
struct Finding {
  std::string name;  // as in a golden file
  Class cls = Class::kExact;
  std::string formula;      // BND-1, ... for class BOUND
  std::string problem;      // "" if elements differ; else e.g. "the run does not produce it"
  std::int64_t differ = 0;  // elements that differ
  std::int64_t total = 0;   // elements compared
  std::vector<Mismatch> mismatches;  // the first ones
  std::uint64_t worst_ulp = 0;
  double worst_fraction = 0;
  std::string rule;               // label of the rule behind the value
  std::string explanation;        // the root cause, where one is known
  bool judged = true;             // false: reported, not held against the case
  std::optional<Window> window;   // around the first mismatch
  std::vector<Bin> deltas, ulps;  // sim - expected, and distances in representable values
  std::optional<PeMap> pe_map;    // of an accumulator
};

// What a check has to say of one tensor that is as it should be: how much of its bound it used, and
// for gradients how like the reference it is.
struct TensorFigure {
  std::string name;
  Class cls = Class::kBound;
  std::string formula;  // of the bound, "" for EXACT
  std::int64_t elements = 0;
  double worst_fraction = 0;              // largest error / bound
  std::optional<double> cosine, sqnr_db;  // information, not judged
};

// How often a relation between runs was applied, and why it was not.
struct RelationCount {
  std::string relation;  // scale_inputs, permute_k, ...
  std::int64_t applied = 0, elements = 0;
  std::vector<std::pair<std::string, std::int64_t>> not_applicable;  // reason, how often
};

// What would make a failing check pass: single changes of the model, found by trying them.
struct RootCause {
  // Changes under which every failing tensor agrees in bits, likeliest first; those after the first
  // give the same bits here. Empty: no single change explains the failure.
  std::vector<std::string> causes;
  std::vector<std::string> faults;      // for each cause the kind of fault it is, or ""
  std::int64_t failing = 0;             // tensors
  std::int64_t tried = 0, changes = 0;  // tried < changes: the search was cut short
  double milliseconds = 0;
};

struct CheckResult {
  std::string check;  // golden, fake_quant, ...
  std::string mode;   // isolated, end_to_end, or ""
  Status status = Status::kPass;
  std::string reason;
  std::int64_t tensors = 0, elements = 0;  // compared
  std::int64_t exact = 0, bound = 0;       // tensors by class
  std::int64_t equal = 0;                  // tensors equal in bits
  double worst_fraction = 0;               // largest error / bound
  std::string worst_name;                  // and the tensor that has it
  std::int64_t codes_moved = 0;            // quantization codes moved after an inexact op
  std::vector<Finding> findings;
  std::vector<TensorFigure> figures;
  std::vector<RelationCount> relations;
  std::optional<RootCause> root_cause;
};

// Counts over the codes of one quantized operand.
struct QuantizationCounts {
  std::string name;  // "step0/quant/y/fwd/lhs"
  std::int64_t total = 0;
  std::int64_t saturated = 0;  // codes at either end of the range
  std::int64_t zero = 0;
  std::optional<std::int64_t> ties;        // quotient exactly between two codes
  std::optional<std::int64_t> sensitive;   // one ulp of the quotient decides the code
  std::optional<std::int64_t> reciprocal;  // codes that the other of x / scale and x * (1 / scale)
                                           // would change
  std::optional<double> sqnr_db;           // of the dequantized codes against the array
  std::optional<CodeHistogram> histogram;
};

// An entry of an expectations file that decided the status of a case.
struct Expectation {
  std::string entry;  // the id or pattern it names
  Status expected = Status::kFail;
  Status actual = Status::kFail;  // before it became XFAIL or XPASS
  std::string check;              // "" for any
  std::string reason;
};

// An entry of an expectations file, and what it came to in a run.
struct ExpectationUse {
  std::string entry;
  bool glob = false;
  Status expected = Status::kFail;
  std::string check, reason;
  std::int64_t matched = 0;  // cases it names
  std::int64_t decided = 0;  // of these: its conditions held, and it came or the case passed
};

// One integer product and the narrowest signed registers that would have held its sums. Vectors
// whose sums need no more than a profile's widths cannot tell it from any wider one.
struct ProductWidths {
  std::string name;  // "step0/quant/y/fwd"
  std::int64_t batch = 1, m = 0, k = 0, n = 0;
  int partial_bits = 1, acc_bits = 1;
  // By the closed forms of the array's schedule, all batch elements; 0: not known.
  std::int64_t cycles = 0, bytes = 0;
  std::int64_t peak = 0;        // multiplications the array can do a cycle
  std::int64_t edge_bytes = 0;  // bytes that its edges can move a cycle
};

// One way the integer products of a case were computed, batch elements counted one by one.
struct PathUse {
  std::string level;   // fast, functional, cycle
  std::string kernel;  // of level fast
  std::string reason;  // the licence, or why there is none
  std::int64_t products = 0;
};

// A SIMD kernel of this host and how often the check `fast` used it: products, panels packed,
// blocks of elements. A kernel it had no use for counts 0.
class KernelUse {
 public:
  KernelUse(std::string name, std::string family, std::string isa, std::int64_t count);
  [[nodiscard]] const std::string& name() const { return names_->name; }
  [[nodiscard]] const std::string& family() const { return names_->family; }
  [[nodiscard]] const std::string& isa() const { return names_->isa; }

  std::int64_t uses = 0;

 private:
  // One record serves all cases: a run knows a few dozen kernels, and each of thousands of cases
  // names them all.
  struct Names {
    std::string name, family, isa;
  };
  static const Names* shared(Names names);

  const Names* names_;
};

// The note of a case that states nothing about what must come out.
inline constexpr const char* kNoExpectedNote =
    "no expected values yet: only the checks that need none were run; mxcheck bless records them";

struct CaseResult {
  std::string id, file, digest, title;
  int line = 0;  // in the file, of what failed or was refused; 0: not known
  std::vector<std::string> tags, ops;
  std::vector<std::string> labels;  // rules, refusals and quirks the case is about
  std::string policy, hardware;
  std::string mode;  // forward, grad, calibrate, train
  Status status = Status::kPass;
  std::string reason;  // of SKIP, UNDEFINED, VACUOUS, SUITE_ERROR, a refusal
  std::vector<CheckResult> checks;
  std::vector<QuantizationCounts> quantizations;
  std::vector<ProductWidths> products;
  std::vector<PathUse> paths;
  std::vector<KernelUse> kernels;  // under the check `fast`
  std::vector<std::string> quirks;
  std::vector<std::string> notes;
  std::optional<Expectation> expectation;
  std::vector<GraphNode> graph;  // arguments before their users
  std::vector<LayerFigure> layers;
  std::vector<SrqTrace> traces;
  std::string golden_digest;
  double milliseconds = 0;
};

struct RunContext {
  std::string version, commit;
  std::vector<std::string> paths;
  std::string selection;            // the options that selected the cases, "" for all
  std::string policy;               // forced by --policy, else ""
  std::string hardware;             // forced by --hardware, else ""
  std::vector<std::string> faults;  // planted on purpose, as JSON
  std::string level = "functional";
  std::string isa = "scalar";
  std::vector<std::string> isas_here;  // what the host has, best first
  std::optional<std::uint64_t> seed;
  std::string shard;  // "1/4": the second of four; "" for all
  // Cases that all shards have together, and the digest of their list (shard.h).
  std::int64_t selected_cases = 0;
  std::string selected_digest;
  std::string expectations;  // the file, "" for none
  std::string device;        // the device file of a device under test, "" for none
};

struct RunResult {
  RunContext context;
  std::vector<CaseResult> cases;             // in case order
  std::vector<ExpectationUse> expectations;  // in the order of their file
  bool incomplete = false;                   // stopped before every selected case ran
  std::string suite_digest;                  // SHA-256 over ids and digests of the cases
  double milliseconds = 0;
};

struct Totals {
  std::int64_t passed = 0, failed = 0, skipped = 0;
};
[[nodiscard]] Totals totals(const RunResult& run);
// Every kernel the check `fast` knew, in the order of kernels.def, with its uses in all cases.
[[nodiscard]] std::vector<KernelUse> kernel_totals(const RunResult& run);

}  // namespace mxcheck::reports
