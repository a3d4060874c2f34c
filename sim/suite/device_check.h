// The check `device`: a device under test against the sim, on what the case asks of it and the
// device claims; as the device declares, in bits or within its stated bound. One CheckResult an
// operation (its `mode`), with the single changes of the model under which the device's answers are
// reproduced (root_cause.h).
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "reports/model.h"
#include "sim/device/device_file.h"
#include "sim/exec/executor.h"
#include "sim/mxu/profile.h"

namespace mxcheck::suite {

struct DeviceUnderTest {
  const device::DeviceFile* file = nullptr;  // null: a device that claims everything
  std::vector<mxu::Profile> profiles;        // that it claims
  device::Device* device = nullptr;          // null: nothing is asked, only what would be is found
  // One case at a time.
  std::shared_ptr<std::mutex> turn = std::make_shared<std::mutex>();
};

// The profiles a device file claims; nullopt after a report of each that is none.
[[nodiscard]] std::optional<std::vector<mxu::Profile>> claimed_profiles(
    const device::DeviceFile& file, base::Diagnostics& diagnostics);

// SHA-256 over the requests, over what the sim answers, and over what the device answered.
struct DeviceDigests {
  std::string requests, expected, results;
  std::int64_t products = 0, quantizes = 0, quantized_dots = 0;  // requests
};

struct DeviceCheck {
  std::vector<reports::CheckResult> results;  // in the order of operations
  std::string skip;                           // why nothing was asked; "" if something was
  std::string failure, log;                   // DUT_ERROR
  DeviceDigests digests;
  graph::Values compared;  // the sim's values that were compared
};

// `request` as device_questions() wants it, its policy and profile those of the healthy model.
[[nodiscard]] DeviceCheck check_device(const exec::Request& request, const exec::Outcome& whole,
                                       const DeviceUnderTest& dut, double explain_milliseconds);

}  // namespace mxcheck::suite
