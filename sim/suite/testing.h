// A case written as JSON, run once, with planted faults or none: what the tests of the checks
// tamper with.
#pragma once

#include <catch2/catch.hpp>
#include <string>
#include <utility>

#include "sim/casefile/case.h"
#include "sim/exec/executor.h"
#include "sim/mxu/profile.h"

namespace mxcheck::suite::testing {

class RunOf {
 public:
  explicit RunOf(const std::string& text, const fault::Faults& faults = {}) {
    casefile::LoadedCases loaded = casefile::load_case_text(text, "test.json", ".", "test");
    for (const base::Diagnostic& d : loaded.diagnostics) UNSCOPED_INFO(d.label + ": " + d.fact);
    REQUIRE(loaded.cases.size() == 1);
    case_ = std::move(loaded.cases.front());
    healthy = case_.policy;
    case_.policy.faults = faults;
    base::Diagnostics problems;
    data_ = *casefile::load_data(case_, problems);
    outcome = exec::run(request()).value();
    REQUIRE(outcome.diagnostics.empty());
  }

  [[nodiscard]] exec::Request request() const {
    return {case_.graph, case_.rules,  case_.plan, case_.run,
            data_,       case_.policy, profile_,   exec::Level::kFunctional};
  }
  [[nodiscard]] tensor::Tensor& value(const std::string& name) {
    REQUIRE(outcome.values.contains(name));
    return outcome.values.at(name);
  }

  exec::Outcome outcome;
  numerics::Policy healthy;  // without the planted faults

 private:
  casefile::Case case_;
  graph::RunData data_;
  mxu::Profile profile_ = *mxu::preset("ideal_int32");
};

// dot_general [4, 6] x [6, 5] with one rule, run backward from a random cotangent of y.
inline std::string dense(const std::string& rule, const std::string& run = "\"mode\": \"grad\"") {
  return R"({"mxcheck": 1,
  "inputs": {"x": {"random": "normal", "seed": 1, "shape": [4, 6]}},
  "params": {"m/w": {"random": "normal", "seed": 2, "shape": [6, 5], "scale": 0.25}},
  "nodes": [{"name": "y", "op": "dot_general", "module": "m", "args": ["x", "m/w"],
             "dimension_numbers": [[[1], [0]], [[], []]]}],
  "rules": [)" +
         rule + R"(],
  "run": {)" +
         run + R"(, "cotangents": {"y": {"random": "normal", "seed": 3, "shape": [4, 5]}}}})";
}

}  // namespace mxcheck::suite::testing
