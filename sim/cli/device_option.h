// `--device DEVICE.json`: read, validated, opened; for conform and run.
#pragma once

#include <memory>

#include "sim/cli/options.h"
#include "sim/suite/device_check.h"
#include "sim/suite/open_device.h"

namespace mxcheck::cli {

// A device with everything it needs to be asked; `dut` points into it.
struct OpenedDevice {
  device::DeviceFile file;
  suite::OpenedDevice opened;
  suite::DeviceUnderTest dut;
};

// null without --device. Throws UsageError, after every problem of the file on stderr. A host that
// cannot reach the device is told on stderr and left to the caller (opened.host_lacks, exit 77).
[[nodiscard]] std::unique_ptr<OpenedDevice> open_device_option(const po::variables_map& map);

}  // namespace mxcheck::cli
