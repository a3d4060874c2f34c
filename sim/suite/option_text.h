// Choices of a run that are given as text, on a command line or through the library: a policy, a
// matrix unit, a level. What cannot be meant is answered with what there is, nearest word first.
// Labels: POL (knobs), HW-* (of profiles).
#pragma once

#include <string>

#include "sim/base/result.h"
#include "sim/exec/engine.h"
#include "sim/mxu/profile.h"
#include "sim/numerics/policy.h"

namespace mxcheck::suite {

// "ieee", or with knobs changed "ieee,quotient=reciprocal,dot_block=256".
[[nodiscard]] base::Result<numerics::Policy> policy_from_text(const std::string& text);
// A preset by name, or FILE.json with a profile; the error lists every problem of the file.
[[nodiscard]] base::Result<mxu::Profile> profile_from_text(const std::string& text);
// auto, functional, cycle, fast.
[[nodiscard]] base::Result<exec::Level> level_from_text(const std::string& text);

// " (did you mean 'x'?)" or "".
[[nodiscard]] std::string did_you_mean(const std::string& word,
                                       const std::vector<std::string>& known);

}  // namespace mxcheck::suite
