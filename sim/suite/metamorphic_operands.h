// Operands made for one node, planted with what rounding rules are told apart by: ties, both signs
// of absmax, all-zero channels, saturated and single values; or subnormal and huge channels and
// scales at their guard; or rows of one element. The same seed gives the same values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "sim/suite/metamorphic_node.h"

namespace mxcheck::suite {

enum class Planting : std::uint8_t { kCodes, kScales, kOneElementRows };
[[nodiscard]] const char* name(Planting planting);

// Largest product of a generated node, in multiplications; larger nodes lose rows and columns.
inline constexpr std::int64_t kMaxGenerated = std::int64_t{1} << 14;

// The node of `base` on generated operands and cotangent; nullopt where it would be too large or
// the change of shape is refused.
[[nodiscard]] std::optional<OneNode> planted_node(const NodeRun& base, Planting planting,
                                                  std::uint64_t seed);

// `like` filled anew; channels are its first channelwise axis, else its first.
[[nodiscard]] tensor::Tensor planted(const tensor::Tensor& like,
                                     const std::optional<graph::QuantizePlan>& how,
                                     Planting planting, std::uint64_t seed);

}  // namespace mxcheck::suite
