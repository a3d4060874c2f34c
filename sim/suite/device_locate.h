// Where in the array a device's product goes wrong, found by asking it again: the same product with
// all but the first k of lhs zeroed, for every k; the first that differs names the k step, hence
// the PE's row (sim/mxu/locate.h). Nothing of the device's inside is needed.
#pragma once

#include <string>

#include "sim/mxu/profile.h"
#include "sim/suite/device_requests.h"

namespace mxcheck::suite {

// Products longer than this are not asked again.
inline constexpr std::int64_t kMostPrefixes = 128;

// "asked again with prefixes of K: chunk 0, k 5, PE row 5, column 1", or "" where the device's
// answers to the prefixes do not show it. `answer` is what the device gave for the question.
[[nodiscard]] std::string locate_by_asking(const mxu::Profile& profile,
                                           const DeviceQuestion& question,
                                           const tensor::Tensor& answer, device::Device& device);

}  // namespace mxcheck::suite
