// What a device file claims, the section `capabilities` (read by device_file).
#pragma once

#include "sim/base/json_reader.h"
#include "sim/device/device_file.h"

namespace mxcheck::device::internal {

[[nodiscard]] Capabilities read_capabilities(const base::JsonValue& claims, Tier tier,
                                             base::JsonReader& reader);

}  // namespace mxcheck::device::internal
