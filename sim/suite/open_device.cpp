// One function a tier.
#include "sim/suite/open_device.h"

#include <unistd.h>

#include <cstdlib>

#include "sim/device/session.h"
#include "sim/suite/pack_device.h"

namespace mxcheck::suite {
namespace {

namespace fs = std::filesystem;

std::unique_ptr<device::Device> session(const device::DeviceFile& file,
                                        std::vector<std::string> words) {
  device::Program program;
  program.words = std::move(words);
  program.folder = file.folder;
  program.environment = file.environment;
  return std::make_unique<device::Session>(program, file.limits);
}

base::Result<OpenedDevice> open_files(const device::DeviceFile& file, const OpenOptions& options) {
  PackWork work;
  if (!options.prepare.empty()) {
    work.kind = PackWork::Kind::kPrepare;
    work.folder = options.prepare;
  } else if (!options.results.empty()) {
    work.kind = PackWork::Kind::kResults;
    work.folder = options.results;
  } else if (file.command.empty()) {
    return base::Error{
        "a device of tier files without a command is asked in two steps: --prepare DIR writes the "
        "packs, --results DIR judges what was written into them"};
  }
  OpenedDevice out;
  out.device = std::make_unique<PackDevice>(file, options.profiles, work);
  return out;
}

base::Result<OpenedDevice> open_verilog(const device::DeviceFile& file,
                                        const OpenOptions& options) {
  OpenedDevice out;
  out.scratch = std::make_unique<ScratchFolder>();
  PackWork work;
  work.kind = PackWork::Kind::kSimulator;
  if (file.verilog.simulator.empty() && !has_verilator()) {
    out.host_lacks = "there is no verilator in PATH to build this device with";
    return out;
  }
  base::Result<std::string> simulator = simulator_of(file, out.scratch->path());
  if (!simulator) return base::Error{simulator.error()};
  work.simulator = simulator.value();
  out.device = std::make_unique<PackDevice>(file, options.profiles, work);
  return out;
}

}  // namespace

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  if (!path_.empty()) fs::remove_all(path_, ignored);
}

fs::path ScratchFolder::path() {
  if (!path_.empty()) return path_;
  std::string pattern = (fs::temp_directory_path() / "mxcheck_device_XXXXXX").string();
  if (::mkdtemp(pattern.data()) != nullptr) path_ = pattern;
  return path_;
}

base::Result<OpenedDevice> open_device(const device::DeviceFile& file, const OpenOptions& options) {
  const bool two_steps = !options.prepare.empty() || !options.results.empty();
  if (two_steps && file.tier != device::Tier::kFiles) {
    return base::Error{"--prepare and --results are for devices of tier files"};
  }
  OpenedDevice out;
  switch (file.tier) {
    case device::Tier::kProcess:
      out.device = session(file, file.command);
      return out;
    case device::Tier::kLibrary:
      out.device = session(file, {options.host_program, "device-host", file.library});
      return out;
    case device::Tier::kFiles:
      return open_files(file, options);
    case device::Tier::kVerilog:
      return open_verilog(file, options);
  }
  return base::Error{"there is no such tier"};
}

}  // namespace mxcheck::suite
