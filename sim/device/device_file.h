// DEVICE.json: what a device under test is called, how it is reached, and what it claims. Read with
// every problem at its place; what is not claimed is never asked for.
//
// Labels: DEV-FILE, DEV-VERSION, DEV-KEY, DEV-VALUE. Contract: cases/schema/device.schema.json.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/base/diagnostic.h"
#include "sim/device/request.h"

namespace mxcheck::device {

inline constexpr int kDeviceFileVersion = 1;

enum class Tier : std::uint8_t { kProcess, kFiles, kLibrary, kVerilog };
[[nodiscard]] const char* name(Tier tier);

// |device - sim| <= absolute + relative * |sim|; both 0: the same bits.
struct Tolerance {
  double absolute = 0, relative = 0;
  [[nodiscard]] bool bits() const { return absolute == 0 && relative == 0; }
};

struct Limits {
  double request_seconds = 30;                           // from one answer to the next
  double hello_seconds = 60;                             // from the start to the handshake
  std::uint64_t memory_bytes = std::uint64_t{8} << 30;   // address space of each process; 0: any
  std::uint64_t output_bytes = std::uint64_t{64} << 20;  // per case, beside what was asked for
  int restarts = 5;  // one after another without an answered case between them
};

// A profile the device claims: a preset, or settings on top of one. Resolved by the suite, which
// knows the keys.
struct ProfileSetting {
  std::string key, json, pointer;
  int line = 0, column = 0;
};
struct ProfileClaim {
  std::string base;
  std::vector<ProfileSetting> settings;
  std::string pointer;
  int line = 0, column = 0;
};

struct Capabilities {
  std::vector<Op> ops;
  std::vector<tensor::DType> lhs_types, rhs_types;  // codes of products
  std::vector<tensor::DType> float_types;           // of quantize and quantized_dot
  std::vector<std::string> qtypes;                  // that quantize gives
  std::int64_t max_m = 0, max_n = 0, max_k = 0;     // 0: any
  std::vector<ProfileClaim> profiles;
  std::vector<std::string> policies;
  std::map<Op, Tolerance> tolerances;  // absent: bits

  [[nodiscard]] bool has(Op op) const;
  [[nodiscard]] Tolerance tolerance(Op op) const;
};

struct VerilogSource {
  std::string simulator;             // a program that takes +product=DIR; or
  std::vector<std::string> sources;  // SystemVerilog files with a module `mxu`, built by Verilator
  std::vector<std::pair<std::string, std::int64_t>> parameters;  // of the testbench
};

struct DeviceFile {
  std::filesystem::path file;    // as given
  std::filesystem::path folder;  // what its paths are relative to
  std::string text;              // the bytes of the file
  std::string name, version, description;
  Tier tier = Tier::kProcess;
  std::vector<std::string> command;  // process; files: may be empty
  std::vector<std::pair<std::string, std::string>> environment;
  std::string library;  // library: the shared object
  VerilogSource verilog;
  Limits limits;
  Capabilities capabilities;
};

// nullopt after a report of everything that is wrong with the file.
[[nodiscard]] std::optional<DeviceFile> read_device_file(const std::filesystem::path& file,
                                                         base::Diagnostics& diagnostics);
[[nodiscard]] std::optional<DeviceFile> parse_device_file(const std::string& text,
                                                          const std::filesystem::path& file,
                                                          base::Diagnostics& diagnostics);

// Why this request is outside of what the device claims, shapes and types; "" if it is inside.
[[nodiscard]] std::string outside(const Capabilities& capabilities, const Request& request);

}  // namespace mxcheck::device
