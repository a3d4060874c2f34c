// The parts of the result model that are looked at rather than judged: the surroundings of a
// mismatch, distributions, the graph with a verdict per tensor, statistics over steps.
//
// sim/suite fills them where they are cheap; the JSON report carries them and the HTML report draws
// them. No verdict depends on anything in here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mxcheck::reports {

// Counts by a bin's name, in the order they are drawn. Bins between two others may be left out of
// neither: an empty one counts 0.
struct Bin {
  std::string label;
  std::int64_t count = 0;
};

// One element of a window; `differs`: the other side has `theirs` instead.
struct WindowCell {
  std::string ours, ours_bits;
  bool differs = false;
  std::string theirs, theirs_bits;
};
// A cut through the last two axes around the first mismatch.
struct Window {
  std::vector<std::int64_t> origin;  // index of the first element shown
  std::int64_t rows = 0, columns = 0;
  std::vector<WindowCell> cells;  // row by row
};

// Wrong output elements by the PE that summed them. Large arrays are counted in square cells of
// `cell` PEs a side; row -1: some PE of the column.
struct PeCount {
  std::int64_t row = -1, column = 0;  // in cells
  std::int64_t wrong = 0;
};
struct PeMap {
  std::int64_t rows = 0, columns = 0;  // of the array, in PEs
  std::int64_t cell = 1;
  std::int64_t compared = 0;   // output elements
  std::vector<PeCount> wrong;  // by row and column
};

// How often each code occurs. Bin i holds codes low + i * width up to the next bin's first.
struct CodeHistogram {
  std::int64_t low = 0, high = 0;  // the range of the quantized type
  std::int64_t width = 1;
  std::vector<std::int64_t> counts;
  std::vector<std::int64_t> ties;        // of these on a rounding tie; empty: not known
  std::int64_t at_low = 0, at_high = 0;  // saturated: codes at the ends of the range
};

// One step of the statistics of an operand, for the one element that is shown.
struct SrqStep {
  std::int64_t count = 0;
  double sum = 0;
  double own = 0;     // of the step's own array
  double in_use = 0;  // what scales were made from
  bool updated = false;
};
struct SrqTrace {
  std::string name;                        // "Dense_0/dot_general0_lhs"
  std::string part;                        // absmax, min, max
  std::int64_t elements = 1, element = 0;  // of the sum; the one shown
  std::vector<SrqStep> steps;
};

// How like the product of the unquantized operands a layer's result is. Information, not judged.
struct LayerFigure {
  std::string name;  // "step0/quant/y/fwd"
  std::int64_t elements = 0;
  std::optional<double> sqnr_db, cosine;
};

// Equal in bits; within its bound; differs where the norm leaves it open; fails; not compared.
enum class TensorVerdict : std::uint8_t { kEqual, kWithin, kOpen, kFail, kNone };
[[nodiscard]] const char* name(TensorVerdict verdict);

struct TensorState {
  std::string name;  // as in a golden file
  TensorVerdict verdict = TensorVerdict::kNone;
};
enum class GraphRole : std::uint8_t { kInput, kParam, kQuantized, kFloat, kLayout };
[[nodiscard]] const char* name(GraphRole role);

// A value of the graph: an input, a param or a node, with the recorded tensors that belong to it.
struct GraphNode {
  std::string name;
  GraphRole role = GraphRole::kFloat;
  std::string op;              // "" for inputs and params
  std::string type;            // "f32[4,16]"
  std::vector<int> arguments;  // positions in the list of nodes
  std::vector<TensorState> tensors;
};
// The worst verdict of a node's tensors.
[[nodiscard]] TensorVerdict verdict(const GraphNode& node);

}  // namespace mxcheck::reports
