// How far two honest implementations may be apart at one recorded value whose order or function is
// left open: the bounds of golden/reference brought to the names of a golden file.
// Labels: BND-1 (contractions), BND-2 (sums), BND-3 (codes and scales), BND-6 (functions).
#pragma once

#include <optional>

#include "golden/reference/judge.h"
#include "sim/suite/values.h"

namespace mxcheck::suite {

// |ours - theirs| per element of `value`, the two computed from the same operands; nullopt where no
// formula applies.
[[nodiscard]] std::optional<reference::Bound> value_bound(const Sources& sources,
                                                          const graph::Plan& plan,
                                                          const ValueName& name,
                                                          const tensor::Tensor& value);

}  // namespace mxcheck::suite
