// Can a profile's matrix unit do anything else to a sum than add it up? Registers of 32 bits that
// wrap cannot; narrower or saturating ones can where the sizes of the products reach their ends,
// and then the profile decides the result, not the sum (DOT-8).
#pragma once

#include <string>

#include "golden/reference/fake_quant.h"
#include "sim/mxu/profile.h"

namespace mxcheck::suite {

// Wrapping s32 throughout: sums do not depend on their order, whatever they are.
[[nodiscard]] bool adds_plainly(const mxu::Profile& profile);

// Why this product of codes may leave the unit as something else than its sum, or depend on the
// order of its terms; "" if it cannot, or is no product of codes.
[[nodiscard]] std::string unit_obstacle(const mxu::Profile& profile,
                                        const reference::QuantizedProduct& product);

}  // namespace mxcheck::suite
