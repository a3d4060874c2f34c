// Are two cases the same but for where they stand (file, digest, matrix, positions)? For the test
// and the fuzzer that hold writing a case to reading it.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "sim/casefile/case.h"

namespace mxcheck::casefile {

inline bool same_source(const TensorSource& a, const TensorSource& b) {
  return a.kind == b.kind && a.type == b.type && a.numbers == b.numbers && a.file == b.file &&
         a.tensor == b.tensor && a.sha256 == b.sha256 && a.axis == b.axis && a.start == b.start &&
         a.step == b.step && a.random == b.random && a.seed == b.seed && a.low == b.low &&
         a.high == b.high && a.scale == b.scale && a.shift == b.shift && a.pointer == b.pointer &&
         std::equal(a.steps.begin(), a.steps.end(), b.steps.begin(), b.steps.end(), same_source);
}

template <typename Map>
bool same_sources(const Map& a, const Map& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return x.first == y.first && same_source(x.second, y.second);
  });
}

inline bool same_list(const std::vector<TensorSource>& a, const std::vector<TensorSource>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), same_source);
}

inline bool same_hardware(const HardwareSpec& a, const HardwareSpec& b) {
  return a.base == b.base && std::equal(a.settings.begin(), a.settings.end(), b.settings.begin(),
                                        b.settings.end(), [](const auto& x, const auto& y) {
                                          return x.key == y.key && x.json == y.json;
                                        });
}

// The first part that differs; "" if none does.
inline std::string difference(const Case& a, const Case& b) {
  if (a.title != b.title || a.description != b.description || a.tags != b.tags) return "title";
  if (!(a.policy == b.policy)) return "policy";
  if (!same_hardware(a.hardware, b.hardware)) return "hardware";
  if (!(a.graph == b.graph)) return "graph";
  if (!(a.rules == b.rules)) return "rules";
  if (!(a.run == b.run)) return "run";
  if (!same_list(a.inputs, b.inputs)) return "inputs";
  if (!same_list(a.params, b.params)) return "params";
  if (!same_sources(a.quant_stats, b.quant_stats)) return "quant_stats";
  if (!same_sources(a.cotangents, b.cotangents)) return "cotangents";
  if (a.checks != b.checks) return "checks";
  if (a.expect.golden != b.expect.golden || a.expect.error != b.expect.error) return "expect";
  return same_sources(a.expect.values, b.expect.values) ? "" : "expected values";
}

}  // namespace mxcheck::casefile
