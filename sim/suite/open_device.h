// From a device file to a device that can be asked, whatever its tier.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "sim/base/result.h"
#include "sim/device/device_file.h"
#include "sim/device/request.h"
#include "sim/mxu/profile.h"

namespace mxcheck::suite {

struct OpenOptions {
  std::string host_program;  // mxcheck itself: it hosts libraries in a process of their own
  std::vector<mxu::Profile> profiles;  // that the device claims
  std::filesystem::path prepare;       // tier files: write packs here, ask nothing
  std::filesystem::path results;       // tier files: packs that were filled
};

// A folder of this run, removed with it.
class ScratchFolder {
 public:
  ScratchFolder() = default;
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  // Makes it when it is first asked for; empty if it cannot be made.
  [[nodiscard]] std::filesystem::path path();

 private:
  std::filesystem::path path_;
};

struct OpenedDevice {
  std::unique_ptr<ScratchFolder> scratch;
  std::unique_ptr<device::Device> device;
  std::string host_lacks;  // what the host would need to reach such a device: exit 77
};

// An error says why the device cannot be opened at all; a process is only started when it is asked.
[[nodiscard]] base::Result<OpenedDevice> open_device(const device::DeviceFile& file,
                                                     const OpenOptions& options);

}  // namespace mxcheck::suite
