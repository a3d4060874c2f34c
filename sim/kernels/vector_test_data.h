// The samples of vector_samples.h held against each other in Catch2's words.
#pragma once

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "sim/kernels/isas_under_test.h"
#include "sim/kernels/vector_samples.h"

namespace mxcheck::kernels::testing {

inline std::vector<Isa> simd_here() {
  std::vector<Isa> out;
  for (const Isa isa : isas_under_test()) {
    if (isa != Isa::kScalar) out.push_back(isa);
  }
  return out;
}

inline void compare(Element type, const Outputs& want, const Outputs& got) {
  const std::string first = difference(type, want.first, got.first);
  const std::string second = difference(type, want.second, got.second);
  if (!first.empty() || !second.empty() || !got.first.intact() || !got.second.intact()) {
    CHECK(first == "");
    CHECK(second == "");
    CHECK(got.first.intact());
    CHECK(got.second.intact());
  }
}

inline void compare(Element type, const Quantization& want, const Quantization& got) {
  compare(type, want.values, got.values);
  const std::string codes = code_difference(want.codes, got.codes);
  if (!codes.empty() || !got.codes.intact()) {
    CHECK(codes == "");
    CHECK(got.codes.intact());
  }
}

}  // namespace mxcheck::kernels::testing
