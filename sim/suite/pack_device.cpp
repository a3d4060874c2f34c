// Write the pack, have it filled, read what is in it.
#include "sim/suite/pack_device.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <list>

#include "sim/base/digest.h"
#include "sim/base/text.h"
#include "sim/device/protocol.h"
#include "sim/device/run_program.h"
#include "sim/mxu/pack.h"

namespace mxcheck::suite {
namespace {

namespace fs = std::filesystem;
using device::Request;

std::vector<std::int32_t> codes_of(const tensor::Tensor& t) {
  std::vector<std::int32_t> out;
  out.reserve(static_cast<std::size_t>(t.size()));
  for (std::int64_t i = 0; i < t.size(); ++i) {
    out.push_back(static_cast<std::int32_t>(t.load_int(i)));
  }
  return out;
}

device::Program program_of(const device::DeviceFile& file, std::vector<std::string> words) {
  device::Program program;
  program.words = std::move(words);
  program.folder = file.folder;
  program.environment = file.environment;
  return program;
}

}  // namespace

PackDevice::PackDevice(const device::DeviceFile& file, std::vector<mxu::Profile> profiles,
                       PackWork work)
    : file_(file), profiles_(std::move(profiles)), work_(std::move(work)) {}

PackDevice::~PackDevice() {
  std::error_code ignored;
  if (!scratch_.empty()) fs::remove_all(scratch_, ignored);
}

std::string PackDevice::origin(const std::vector<Request>& requests) const {
  std::string lines;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    lines += device::request_line(static_cast<std::int64_t>(i), requests[i]) + "\n";
  }
  return fmt::format("case {} requests sha256:{}", case_, base::sha256_hex(lines));
}

std::string PackDevice::write(const std::vector<Request>& requests, const fs::path& dir) const {
  const std::string& name = requests.front().profile;
  std::optional<mxu::Profile> profile = mxu::preset(name);
  for (const mxu::Profile& one : profiles_) {
    if (mxu::describe(one) == name) profile = one;
  }
  if (!profile) return fmt::format("has no profile {}", name);
  struct Owned {
    std::vector<std::int32_t> lhs, rhs;
  };
  std::list<Owned> owned;
  std::vector<mxu::PackProduct> products;
  for (const Request& r : requests) {
    Owned& codes = owned.emplace_back();
    codes.lhs = codes_of(*r.operand("lhs"));
    codes.rhs = codes_of(*r.operand("rhs"));
    mxu::PackProduct product;
    product.name = r.name;
    product.product.m = r.shape.at(0);
    product.product.n = r.shape.at(1);
    product.product.k = r.operand("lhs")->dim(1);
    product.product.lhs = codes.lhs;
    product.product.rhs = codes.rhs;
    product.product.lhs_type = r.operand("lhs")->dtype();
    product.product.rhs_type = r.operand("rhs")->dtype();
    products.push_back(std::move(product));
  }
  const base::Status written = mxu::write_pack(dir, *profile, products, origin(requests));
  return written ? "" : written.error();
}

std::string PackDevice::fill(std::size_t products, const fs::path& dir, std::string& log) const {
  const bool simulate = work_.kind == PackWork::Kind::kSimulator;
  const std::size_t runs = simulate ? products : 1;
  for (std::size_t i = 0; i < runs; ++i) {
    std::vector<std::string> words = file_.command;
    if (simulate) {
      words = {work_.simulator, "+product=" + (dir / fmt::format("product_{:03}", i)).string()};
    } else {
      words.push_back(dir.string());
    }
    const device::ProgramEnd end =
        device::run_program(program_of(file_, std::move(words)), file_.limits);
    log = end.log;
    if (!end.failure.empty()) return end.failure;
  }
  return "";
}

device::Answers PackDevice::read(const std::vector<Request>& requests, const fs::path& dir) const {
  device::Answers out;
  const base::Result<mxu::PackResults> results = mxu::read_pack_results(dir);
  if (!results) {
    out.failure = "left a pack that cannot be used: " + results.error();
    return out;
  }
  if (results.value().origin != origin(requests) ||
      results.value().products.size() != requests.size()) {
    out.failure = "has a pack of another case or version";
    return out;
  }
  for (std::size_t i = 0; i < requests.size() && out.failure.empty(); ++i) {
    const mxu::PackResults::One& one = results.value().products[i];
    if (!one.problem.empty()) {
      out.failure =
          fmt::format("gave no result for {}: {}", base::printable(requests[i].name), one.problem);
      break;
    }
    tensor::Tensor value(requests[i].dtype, requests[i].shape);
    for (std::size_t j = 0; j < one.values.size(); ++j) {
      const std::int64_t v = one.values[j];
      if (v < std::numeric_limits<std::int32_t>::min() ||
          v > std::numeric_limits<std::int32_t>::max()) {
        out.failure = fmt::format("gave {} for {}, no s32", v, base::printable(requests[i].name));
        break;
      }
      value.store_int(static_cast<std::int64_t>(j), v);
    }
    out.results.push_back(std::move(value));
  }
  if (!out.failure.empty()) out.results.clear();
  return out;
}

device::Answers PackDevice::ask(const std::vector<Request>& requests) {
  device::Answers out;
  ++packs_;
  if (work_.kind == PackWork::Kind::kResults) return read(requests, work_.folder / case_);
  if (work_.kind == PackWork::Kind::kPrepare) {
    out.failure = write(requests, work_.folder / case_);
    if (out.failure.empty()) out.failure = "is asked by a pack";
    return out;
  }
  if (scratch_.empty()) {
    std::string pattern = (fs::temp_directory_path() / "mxcheck_packs_XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) {
      out.failure = "cannot be given a temporary folder";
      return out;
    }
    scratch_ = pattern;
  }
  const fs::path dir = scratch_ / "pack";
  std::error_code ignored;
  fs::remove_all(dir, ignored);
  std::string log;
  std::string failure = write(requests, dir);
  if (failure.empty()) failure = fill(requests.size(), dir, log);
  if (failure.empty()) out = read(requests, dir);
  if (out.failure.empty()) out.failure = std::move(failure);
  if (!out.failure.empty()) out.log = std::move(log);
  fs::remove_all(dir, ignored);
  return out;
}

bool has_verilator() {
  const char* path = std::getenv("PATH");
  for (const std::string& folder : base::split(path == nullptr ? "" : path, ':')) {
    if (!folder.empty() && ::access((fs::path(folder) / "verilator").c_str(), X_OK) == 0) {
      return true;
    }
  }
  return false;
}

base::Result<std::string> simulator_of(const device::DeviceFile& file, const fs::path& folder) {
  if (!file.verilog.simulator.empty()) return file.verilog.simulator;
  std::vector<std::string> words{"verilator",    "--binary", "--timing", "-Wno-fatal",   "-j", "2",
                                 "--top-module", "pack_tb",  "--Mdir",   folder.string()};
  for (const auto& [name, value] : file.verilog.parameters) {
    words.push_back(fmt::format("-G{}={}", name, value));
  }
  for (const std::string& source : file.verilog.sources) words.push_back(source);
  device::Limits limits = file.limits;
  constexpr double kBuildSeconds = 600;
  limits.request_seconds = kBuildSeconds;
  limits.memory_bytes = 0;
  const device::ProgramEnd end = device::run_program(program_of(file, std::move(words)), limits);
  if (!end.failure.empty()) {
    return base::Error{fmt::format("verilator {}: {}", end.failure, end.log)};
  }
  return (folder / "Vpack_tb").string();
}

}  // namespace mxcheck::suite
