// Devices that work on vector packs: tier `files` (a program that fills a pack, or somebody else,
// elsewhere, later) and tier `verilog` (a simulator of the generic testbench, built by Verilator
// where sources are given). Products only; every case is a pack of its own (sim/mxu/pack.h).
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

// How the results come into a pack.
struct PackWork {
  enum class Kind : std::uint8_t {
    kCommand,    // the device's command, with the folder as its last word
    kSimulator,  // a simulator, once a product
    kPrepare,    // not now: packs are written to `folder` for somebody to fill
    kResults,    // packs in `folder` were filled
  };
  Kind kind = Kind::kCommand;
  std::filesystem::path folder;  // kPrepare, kResults: a pack a case below it
  std::string simulator;
};

class PackDevice : public device::Device {
 public:
  PackDevice(const device::DeviceFile& file, std::vector<mxu::Profile> profiles, PackWork work);
  ~PackDevice() override;
  void begin(const std::string& id) override { case_ = id; }
  [[nodiscard]] device::Answers ask(const std::vector<device::Request>& requests) override;
  [[nodiscard]] std::size_t packs() const { return packs_; }

 private:
  [[nodiscard]] std::string write(const std::vector<device::Request>& requests,
                                  const std::filesystem::path& dir) const;
  [[nodiscard]] std::string fill(std::size_t products, const std::filesystem::path& dir,
                                 std::string& log) const;
  [[nodiscard]] device::Answers read(const std::vector<device::Request>& requests,
                                     const std::filesystem::path& dir) const;
  [[nodiscard]] std::string origin(const std::vector<device::Request>& requests) const;

  const device::DeviceFile& file_;
  std::vector<mxu::Profile> profiles_;
  PackWork work_;
  std::filesystem::path scratch_;  // a folder of this run, removed with it
  std::string case_;
  std::size_t packs_ = 0;
};

// The simulator of a device file: the one given, or one built below `folder` from its sources, the
// testbench sim/mxu/rtl/pack_tb.sv (top module pack_tb) among them. An error holds the build's log.
[[nodiscard]] base::Result<std::string> simulator_of(const device::DeviceFile& file,
                                                     const std::filesystem::path& folder);
// Is there a Verilator in PATH?
[[nodiscard]] bool has_verilator();

}  // namespace mxcheck::suite
