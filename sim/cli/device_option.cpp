// One way from a file to a device, whatever the command.
#include "sim/cli/device_option.h"

#include <fmt/format.h>

#include "sim/base/text.h"

namespace mxcheck::cli {

std::unique_ptr<OpenedDevice> open_device_option(const po::variables_map& map) {
  if (!has(map, "device")) return nullptr;
  base::Diagnostics problems;
  auto out = std::make_unique<OpenedDevice>();
  std::optional<device::DeviceFile> file =
      device::read_device_file(text(map, "device", ""), problems);
  std::optional<std::vector<mxu::Profile>> profiles;
  if (file) {
    out->file = std::move(*file);
    profiles = suite::claimed_profiles(out->file, problems);
  }
  for (const base::Diagnostic& d : problems) fmt::print(stderr, "{}\n", base::format(d));
  if (!profiles) throw UsageError("--device: the file cannot be used");
  suite::OpenOptions options{"/proc/self/exe", *profiles, text(map, "prepare", ""),
                             text(map, "results", "")};
  for (std::filesystem::path* folder : {&options.prepare, &options.results}) {
    if (!folder->empty()) *folder = std::filesystem::absolute(*folder);
  }
  base::Result<suite::OpenedDevice> opened = suite::open_device(out->file, options);
  if (!opened) throw UsageError("--device: " + base::printable(opened.error()));
  out->opened = std::move(opened).value();
  out->dut.file = &out->file;
  out->dut.profiles = std::move(*profiles);
  out->dut.device = out->opened.device.get();
  if (!out->opened.host_lacks.empty()) {
    fmt::print(stderr, "mxcheck: {}\n", base::printable(out->opened.host_lacks));
  }
  return out;
}

}  // namespace mxcheck::cli
