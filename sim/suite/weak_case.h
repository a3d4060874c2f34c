// What a case cannot show: an author is told while the case is written, not when a wrong machine
// has passed it. The case runs once, end to end, if it is small; what is judged are its data and
// the codes it makes. Labels (advice, never errors): WEAK-SIGN, WEAK-TIE, WEAK-SATURATION,
// WEAK-AXIS, WEAK-VACUOUS, REF-UNUSED. Refusals that need data (HW-TYPE, HW-TAIL, STAT-*) are
// errors here as in a run.
#pragma once

#include "sim/base/diagnostic.h"
#include "sim/casefile/case.h"
#include "sim/mxu/profile.h"

namespace mxcheck::suite {

// Is the case small enough to be evaluated while somebody waits: in elements of all its values
// together, and in multiplications?
[[nodiscard]] bool is_cheap(const casefile::Case& c);

// The findings, each with file, pointer and, where the text of the file can be read, line and
// column. `c` and `data` as the reader made them; the case must be cheap.
[[nodiscard]] base::Diagnostics weak_points(const casefile::Case& c, const graph::RunData& data,
                                            const mxu::Profile& profile);

// Gives findings that have a pointer and no line the place of that value in the file.
void place_in_file(const std::filesystem::path& file, base::Diagnostics& findings);

}  // namespace mxcheck::suite
