// Which instruction sets a test tries: all of this host, best first, or the one that MXCHECK_ISA
// forces, which must be there.
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <vector>

#include "sim/kernels/isa.h"

namespace mxcheck::kernels::testing {

inline const std::vector<Isa>& isas_under_test() {
  static const std::vector<Isa> kTried = [] {
    const char* forced = std::getenv("MXCHECK_ISA");
    if (forced == nullptr || *forced == '\0') return isas_here();
    const base::Result<Isa> isa = choose_isa(forced);
    INFO(forced);
    REQUIRE(isa.ok());
    REQUIRE(std::string(name(isa.value())) == forced);
    return std::vector<Isa>{isa.value()};
  }();
  return kTried;
}

// Is a kernel of this instruction set among what is tried?
inline bool under_test(Isa kernel) {
  const std::vector<Isa>& tried = isas_under_test();
  return std::find(tried.begin(), tried.end(), kernel) != tried.end();
}

}  // namespace mxcheck::kernels::testing
