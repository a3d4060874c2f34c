// A case in memory: what one JSON file (one matrix expansion of it) says, with positions for every
// later complaint, but without its tensors, which load_data() makes when they are needed.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/diagnostic.h"
#include "sim/graph/graph.h"
#include "sim/graph/plan.h"
#include "sim/graph/rule.h"
#include "sim/graph/run.h"
#include "sim/numerics/policy.h"

namespace mxcheck::casefile {

struct Position {
  int line = 0;
  int column = 0;
};

// One tensor source, checked but not yet materialized (source.h).
struct TensorSource {
  enum class Kind { kValues, kBits, kFile, kFill, kIota, kRandom, kSteps };
  enum class Random { kUniform, kNormal, kIntegers };
  Kind kind = Kind::kFill;
  graph::ValueType type;
  std::vector<std::string> numbers;  // values, bits and fill: the text of each number
  std::string file, tensor, sha256;  // file
  std::int64_t axis = 0;             // iota
  double start = 0, step = 1;
  Random random = Random::kNormal;
  std::uint64_t seed = 0;
  double low = 0, high = 1;  // uniform; integers: exact in double up to 2^53
  std::optional<double> scale, shift;
  std::vector<TensorSource> steps;
  std::string pointer;
  Position position;
};

// `hardware` of a case: interpreted by sim/mxu, which knows the profiles.
struct HardwareSetting {
  std::string key;
  std::string json;  // the value as JSON text
  std::string pointer;
  Position position;
};
struct HardwareSpec {
  std::string base = "ideal_int32";
  std::vector<HardwareSetting> settings;
  std::string pointer;
  Position position;
};

struct Expect {
  std::string golden;                          // path relative to the case file; "" if none
  std::map<std::string, TensorSource> values;  // expected values by name
  std::string error;                           // label a refusal must carry; "" if none
  Position position;
};

struct Case {
  std::string id;
  std::filesystem::path file;  // as given on the command line
  std::filesystem::path root;  // files of the case must stay below it
  std::string matrix;          // "/NAME=value" parts of the id; "" without a matrix
  std::string digest;          // SHA-256 of the file's bytes (hex), plus matrix binding
  std::string title, description;
  std::vector<std::string> tags;
  numerics::Policy policy;
  HardwareSpec hardware;
  graph::Graph graph;
  std::vector<graph::Rule> rules;
  graph::RunSpec run;
  graph::Plan plan;
  std::vector<TensorSource> inputs;  // by input number
  std::vector<TensorSource> params;  // by param number
  std::map<std::string, TensorSource> quant_stats;
  std::map<int, TensorSource> cotangents;  // by value number
  std::vector<std::string> checks;         // empty: all that apply
  Expect expect;
};

// An expansion that states expect.error and was refused when it was read.
struct Refusal {
  std::string id;
  std::string label;  // of expect.error; whether it is the one met is for the caller to judge
  std::vector<std::string> tags;
  base::Diagnostics diagnostics;
};

struct LoadedCases {
  std::vector<Case> cases;        // the good expansions
  std::vector<Refusal> refused;   // refused, and said so beforehand
  base::Diagnostics diagnostics;  // every other problem found, in file order; warnings too
};

// Every check a case may name.
[[nodiscard]] const std::vector<std::string>& check_names();

// Reads one file and all its matrix expansions. `root` is the suite's root; `id` the path below
// the folder given on the command line, without ".json".
[[nodiscard]] LoadedCases load_case_file(const std::filesystem::path& file,
                                         const std::filesystem::path& root, const std::string& id);
// The same from text in memory; `file` only names it.
[[nodiscard]] LoadedCases load_case_text(const std::string& text, const std::filesystem::path& file,
                                         const std::filesystem::path& root, const std::string& id);

// Materializes every tensor of the case. Problems (missing file, wrong shape, checksum) are
// reported with SRC-* and REF-* labels; on any error the result is nullopt.
[[nodiscard]] std::optional<graph::RunData> load_data(const Case& c,
                                                      base::Diagnostics& diagnostics);
// What must come out: golden file and inline values together, and the golden's own account of how
// it was recorded.
struct Expected {
  graph::Values values;
  std::map<std::string, std::string> metadata;
};
// GOLD-* and SRC-* labels.
[[nodiscard]] std::optional<Expected> load_expected(const Case& c, base::Diagnostics& diagnostics);
// Tensor of one non-file source.
[[nodiscard]] tensor::Tensor materialize(const TensorSource& source);

}  // namespace mxcheck::casefile
