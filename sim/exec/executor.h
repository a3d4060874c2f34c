// The executor: runs a graph forward, backward and through training steps, and names every value it
// makes as a golden file names it. It knows graphs, never cases, files or reports. Every primitive
// runs and rounds by itself, as op by op in the norm; one compiled graph may differ (POL-8).
//
// End to end, every value comes from the run's own inputs. Isolated (Request::golden is set), what
// a value is directly made of is taken from the goldens where they have it: an op's arguments, the
// cotangents a cotangent is the sum of, statistics and params of the step before.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "sim/base/diagnostic.h"
#include "sim/base/result.h"
#include "sim/exec/engine.h"
#include "sim/graph/graph.h"
#include "sim/graph/plan.h"
#include "sim/graph/run.h"
#include "sim/numerics/policy.h"

namespace mxcheck::exec {

struct Request {
  const graph::Graph& graph;
  const std::vector<graph::Rule>& rules;
  const graph::Plan& plan;
  const graph::RunSpec& run;
  const graph::RunData& data;
  const numerics::Policy& policy;
  const mxu::Profile& profile;
  Level level = Level::kFunctional;
  const graph::Values* golden = nullptr;
  const ProductObserver* observer = nullptr;  // of every integer product; may be null
  kernels::Isa isa = kernels::best_isa();     // of the kernels, where the level uses them
  base::Pool* pool = nullptr;                 // the kernels' threads; null: the calling one alone
  // Isolated mode: run only these nodes (by number) and take the golden values of the others as
  // they are; null: all. Values of the others are then not produced, or not complete.
  const std::set<std::size_t>* only = nullptr;
  const ProductSource* source = nullptr;  // answers products in the unit's place; may be null
};

// How a value may be compared, decided from the dataflow alone.
struct ValueClass {
  bool exact = true;              // from exact inputs the bits are defined
  std::string formula;            // not exact: the bound's name (BND-1, BND-2, BND-6)
  std::string reason;             // not exact: what leaves the order open
  bool upstream_inexact = false;  // something it depends on in this step or earlier is not exact
};

struct Outcome {
  graph::Values values;
  std::map<std::string, ValueClass> classes;  // by value name; absent: exact, upstream exact
  base::Diagnostics diagnostics;              // refusals that need data (STAT-*, HW-*)
  std::vector<ProductShape> products;
  std::vector<PathUse> paths;  // how the products were computed
  bool undefined = false;
  std::string undefined_reason;
};

[[nodiscard]] base::Result<Outcome> run(const Request& request);

}  // namespace mxcheck::exec
