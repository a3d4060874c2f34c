// mxcheck as a library: run cases and have verdicts and values back, or ask for one operation.
//
// Nothing here prints, exits or throws because of what it is given: what is wrong with a case, an
// option or an array comes back as Diagnostics, all of it at once. Needs the standard library alone
// (C++17). Functions keep no state and may be called from several threads at a time.
//
//   mxcheck::Options options;
//   options.paths = {"cases/qt"};
//   const mxcheck::Results results = mxcheck::run(options);
//   for (const mxcheck::CaseResult& c : results.cases) ...
#ifndef MXCHECK_MXCHECK_H
#define MXCHECK_MXCHECK_H

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "mxcheck/version.h"

#if defined(__GNUC__)
#define MXCHECK_API __attribute__((visibility("default")))
#else
#define MXCHECK_API
#endif

namespace mxcheck {

// --- what is wrong ------------------------------------------------------------------------------

enum class Severity : std::uint8_t { kError, kWarning, kNote };

// One problem, with its place and the label of the rule it breaks (`mxcheck explain LABEL`). Labels
// of this library itself: API-OPTION, API-ARRAY, API-FAILED.
struct Diagnostic {
  Severity severity = Severity::kError;
  std::string file;         // "" where there is none
  int line = 0;             // from 1; 0: no position
  int column = 0;           // from 1, in bytes
  std::string pointer;      // JSON pointer (RFC 6901); of an option: "/NAME"
  std::string label;        // "SHP-DOT"
  std::string fact;         // what is there
  std::string expectation;  // what the rule wants; may be empty
  std::string hint;         // what to do; may be empty
};
using Diagnostics = std::vector<Diagnostic>;

[[nodiscard]] MXCHECK_API bool has_errors(const Diagnostics& diagnostics);
// As the command line shows it, several lines.
[[nodiscard]] MXCHECK_API std::string to_string(const Diagnostic& diagnostic);

// --- arrays -------------------------------------------------------------------------------------

// Row-major elements, little-endian, in the bits of their dtype; sub-byte types take a byte each.
//
//   dtype                          bytes an element
//   f64 s64                        8
//   f32 s32 u32                    4
//   f16 bf16 s16                   2   f16: IEEE binary16; bf16: upper half of an f32
//   s8 u8 pred f8e4m3fn f8e5m2     1
//   s4 u4                          1   s4 sign-extended, u4 zero-extended
//   f4e2m1fn                       1   the pattern in the low four bits
struct Array {
  std::string dtype = "f32";
  std::vector<std::int64_t> shape;  // empty: a scalar
  std::vector<std::byte> bytes;     // elements * width of the dtype
};

// Bytes of one element of a dtype; 0 where there is no such dtype.
[[nodiscard]] MXCHECK_API std::size_t element_width(const std::string& dtype);

// --- running cases ------------------------------------------------------------------------------

// A case as text in memory, in the case format.
struct CaseText {
  std::string id;      // how results name it; unique among all cases of the call, not empty
  std::string json;    // UTF-8
  std::string folder;  // files it refers to are relative to this and must lie in its suite; "": "."
};

// kAuto: SIMD kernels where they are licensed, the functional model elsewhere. kFunctional: no
// SIMD. kCycle: the stepped array. kFast: SIMD kernels; a product without a licence is HW-LICENCE.
enum class Level : std::uint8_t { kAuto, kFunctional, kCycle, kFast };

// Which values come back: none; those of a run from the case's inputs alone; or those where every
// value is computed from the recorded values of its direct inputs.
enum class Wanted : std::uint8_t { kNothing, kEndToEnd, kIsolated };
enum class Report : std::uint8_t { kNone, kJson };

struct CaseResult;

// Left alone, an option means what leaving out the option of `mxcheck run` means.
struct Options {
  std::vector<std::string> paths;  // files and folders
  std::vector<CaseText> texts;     // besides the paths

  // Selection: a case must satisfy all that are given.
  std::string keyword;            // on the id: words joined by and, or, not
  std::vector<std::string> tags;  // one of them
  std::vector<std::string> ops;   // a node with one of them
  std::vector<std::string> ids;   // one of them, or a matrix expansion of it
  std::uint64_t shard_index = 0;  // below shard_count
  std::uint64_t shard_count = 1;  // stable by id
  // Only these checks (golden, fast, cycle, fake_quant, ste, srq, metamorphic); empty: all that
  // apply. A case that itself asks for others only is not selected.
  std::vector<std::string> checks;

  std::string policy;    // instead of the case's: NAME[,KNOB=VALUE...]
  std::string hardware;  // instead of the case's: a preset, FILE.json, or a profile as JSON: "{..."
  Level level = Level::kAuto;
  std::string isa;  // instruction set of the kernels; "": the best of the host
  std::uint64_t seed = 0;

  unsigned jobs = 1;                        // cases at a time; 0: one per processor
  std::int64_t max_failures = 0;            // stop after so many; 0: never
  const std::atomic<bool>* stop = nullptr;  // true: no further case is begun
  Wanted values = Wanted::kNothing;         // all of them are in memory at the end
  Report report = Report::kNone;
  // Called with each result, without its values, in case order and from the calling thread. What it
  // throws ends the run as API-FAILED.
  std::function<void(const CaseResult&)> finished;
};

enum class Status : std::uint8_t {
  kPass,
  kFail,
  kXfail,
  kXpass,
  kSkip,        // `reason` says why
  kUndefined,   // the hardware profile leaves the result open
  kVacuous,     // passed and proves nothing; counts as failed
  kDutError,    // a device under test failed
  kSuiteError,  // the case was refused, or the program failed
};
[[nodiscard]] MXCHECK_API const char* name(Status status);  // "PASS", ...

// The first element where two tensors disagree, printed so that it reads back to the same bits.
struct Mismatch {
  std::vector<std::int64_t> index;
  std::string ours, ours_bits;      // "-128", "0x80"
  std::string theirs, theirs_bits;  // recorded, or of the reference
};

// A tensor that is not as it should be.
struct Finding {
  std::string name;               // as in Values
  std::string cls;                // "EXACT" or "BOUND"
  std::string formula;            // of the bound: BND-1, ...
  std::string problem;            // "" if elements differ, else what is wrong
  std::int64_t differ = 0;        // elements that differ
  std::int64_t total = 0;         // elements compared
  double worst_fraction = 0;      // BOUND: largest error / bound
  std::optional<Mismatch> first;  // the first element that differs
  std::string rule;               // label of the rule behind the value
  std::string explanation;        // the single change of the model that gives the other side
  bool judged = true;             // false: reported, not held against the case
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
  std::vector<Finding> findings;
};

// By name, in byte order. Names are those of a golden file:
//   step<k>/node/<node>   step<k>/ct/<node>   step<k>/quant/<node>/{fwd,dlhs,drhs}/...
//   step<k>/grad/{param,input}/<name>   step<k>/stats/...   step<k>/param/<param>
using Values = std::map<std::string, Array>;

struct CaseResult {
  std::string id, file, title;
  int line = 0;  // of `file`, of what failed or was refused; 0: not known
  std::vector<std::string> tags;
  std::string policy, hardware, mode;  // in effect
  Status status = Status::kPass;
  std::string reason;
  std::vector<CheckResult> checks;
  std::vector<std::string> notes;
  double milliseconds = 0;
  Values values;  // as a golden file stores them: s4 as s8, u4 and f4e2m1fn as u8 (Options::values)
};

struct Results {
  std::vector<CaseResult> cases;  // by id, whatever finished first
  // Errors of options and files, and what refused cases were refused for; warnings.
  Diagnostics diagnostics;
  std::int64_t passed = 0, failed = 0, skipped = 0;
  bool incomplete = false;  // some selected case was not run
  std::string report;       // the JSON report of the run (report.schema.json); "" if none was made

  // Something ran, all of it as it should, and nothing was refused: exit code 0 of `mxcheck run`.
  [[nodiscard]] bool good() const {
    return passed > 0 && failed == 0 && !incomplete && !has_errors(diagnostics);
  }
};

[[nodiscard]] MXCHECK_API Results run(const Options& options);

// --- one operation ------------------------------------------------------------------------------

// One product of codes on a matrix unit [DOT-1, DOT-8].
struct Product {
  Array lhs;                  // [m, k], s8 u8 s4 u4
  Array rhs;                  // [k, n], s8 u8 s4 u4
  std::optional<Array> init;  // [m, n] s64, magnitudes below 2^62: accumulators to start from
  std::string hardware = "ideal_int32";  // as Options::hardware
  Level level = Level::kFunctional;      // kFunctional or kCycle
};
struct ProductResult {
  // kPass; kUndefined: a register overflowed whose overflow the profile leaves open;
  // kSuiteError: refused, see diagnostics [HW-TYPE, HW-TAIL, API-*].
  Status status = Status::kPass;
  std::string reason;       // of kUndefined: where first
  Array acc;                // [m, n] s64: what leaves the unit, init + sum over k of lhs rhs
  std::int64_t cycles = 0;  // of kCycle: clocks of this model
  int partial_bits = 1;     // signed widths that would have held every sum
  int acc_bits = 1;
  Diagnostics diagnostics;
};
[[nodiscard]] MXCHECK_API ProductResult multiply(const Product& product);

// One array quantized as an operand is: range, scale, codes [CAL, SCL, QNT, TYP, TIL].
struct Quantize {
  Array x;                        // f64, f32, f16 or bf16
  std::string qtype = "s8";       // a type of rules: s8 s4 u8 u4 int2 .. f8e4m3fn nf4 mxfp8 ..
  std::string method = "absmax";  // as in rules: absmax[,s] minmax[,s] rms,s fixed,a[,b]
  std::vector<std::int64_t> channelwise;       // axes with a scale an index
  std::map<std::int64_t, std::int64_t> tiles;  // axis -> elements per scale, a divisor of the axis
  std::string policy = "ieee";                 // as Options::policy
};
struct QuantizeResult {
  Array qvalue;                     // [shape of x] codes, in the dtype the type is stored in
  Array scale;                      // x's dtype; a dim is 1, that of x, or the number of tiles
  std::optional<Array> zero_point;  // qvalue's dtype, the scale's shape
  Array dequantized;                // (codes - zero point) * scale [DEQ-1], x's shape and dtype
  Diagnostics diagnostics;  // API-*, QT-*, CAL-*, TIL-*, QNT-DTYPE, SHP-AXIS; then no arrays
};
[[nodiscard]] MXCHECK_API QuantizeResult quantize(const Quantize& request);

// --- this library -------------------------------------------------------------------------------

[[nodiscard]] MXCHECK_API std::string version();  // "0.1.0", of the library that is loaded
[[nodiscard]] MXCHECK_API std::string commit();   // of its sources; "unknown" outside git

}  // namespace mxcheck

#endif
