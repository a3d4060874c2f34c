// Instruction sets: which there are, which this host has, and the choice between them. A forced
// choice is the one that runs, or an error that lists the others; without one the best is taken.
//
// A kernel written for an instruction set also runs where a better one of the same architecture is
// chosen, so a family of kernels need not have a line for each (kernels.def).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/result.h"

namespace mxcheck::kernels {

enum class Isa : std::uint8_t {
#define MXCHECK_ISA(enumerator, name, requires, architecture) enumerator,
#include "sim/kernels/isas.def"
#undef MXCHECK_ISA
};

struct IsaInfo {
  Isa isa = Isa::kScalar;
  const char* name = "";
  const char* needs = "";         // words a person can look up in /proc/cpuinfo
  const char* architecture = "";  // any, x86_64, aarch64
  bool here = false;              // built in, and the host has it
};

[[nodiscard]] const char* name(Isa isa);
// Every instruction set of isas.def.
[[nodiscard]] const std::vector<IsaInfo>& isas();
[[nodiscard]] bool here(Isa isa);
// Those of this host, best first; the last is always scalar.
[[nodiscard]] const std::vector<Isa>& isas_here();
[[nodiscard]] Isa best_isa();

// A forced choice: "" for the best one. The error names what there is on this host.
[[nodiscard]] base::Result<Isa> choose_isa(std::string_view name);

// May a kernel of `kernel` run where `chosen` is the choice? Scalar always; a lesser one of the
// same architecture too.
[[nodiscard]] bool covers(Isa chosen, Isa kernel);

}  // namespace mxcheck::kernels
