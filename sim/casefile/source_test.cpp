// Tensor sources: what they refuse, and the bits they give.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <filesystem>

#include "sim/base/digest.h"
#include "sim/base/file.h"
#include "sim/casefile/case.h"
#include "sim/casefile/testing.h"
#include "sim/numerics/small_float.h"
#include "sim/tensor/safetensors.h"

namespace mxcheck::casefile {
namespace {

using numerics::DType;
using tensor::Tensor;
namespace fs = std::filesystem;

// A case whose only input is the source.
std::string with_source(const std::string& source) {
  return "{\"mxcheck\": 1, \"inputs\": {\"x\": " + source +
         "}, \"nodes\": [{\"name\": \"y\", \"op\": \"convert\", \"dtype\": \"f32\", \"args\": "
         "[\"x\"]}]}";
}

std::string label_of(const std::string& source) {
  const LoadedCases loaded = load_case_text(with_source(source), "t/a.json", "t", "a");
  return loaded.diagnostics.empty() ? "" : loaded.diagnostics.front().label;
}

Tensor make(const std::string& source) {
  const LoadedCases loaded = load_case_text(with_source(source), "t/a.json", "t", "a");
  for (const base::Diagnostic& d : loaded.diagnostics) FAIL(base::format(d));
  base::Diagnostics diagnostics;
  const auto data = load_data(loaded.cases.at(0), diagnostics);
  REQUIRE(data);
  return data->steps.at(0).inputs.at(0);
}

std::vector<std::uint64_t> bits(const Tensor& x) {
  std::vector<std::uint64_t> out;
  for (std::int64_t i = 0; i < x.size(); ++i) out.push_back(x.bits(i));
  return out;
}

using Bits = std::vector<std::uint64_t>;

TEST_CASE("numbers are rounded once to f32, then to the dtype", "[source]") {
  CHECK(bits(make(
            "{\"values\": [0.1, -0, \"-0\", \"nan\", \"inf\", \"-inf\", \"0x1.8p-3\", 1e39]}")) ==
        Bits{0x3DCCCCCD, 0x80000000, 0x80000000, 0x7FC00000, 0x7F800000, 0xFF800000, 0x3E400000,
             0x7F800000});
  // A decimal just above a tie of f32: through f64 it would be rounded twice and fall on the tie.
  CHECK(bits(make("{\"values\": [1.000000059604644775390626]}")) == Bits{0x3F800001});
  CHECK(bits(make("{\"values\": [1.000000059604644775390625]}")) == Bits{0x3F800000});
  CHECK(bits(make("{\"values\": [1.00390625, 1.01171875], \"dtype\": \"bf16\"}")) ==
        Bits{0x3F80, 0x3F82});
  // To f32 first: 1 + 2^-8 + 2^-30 becomes the tie 1 + 2^-8 and goes to even.
  CHECK(bits(make("{\"values\": [\"0x1.01000004p0\"], \"dtype\": \"bf16\"}")) == Bits{0x3F80});
  CHECK(bits(make("{\"values\": [0.1], \"dtype\": \"f64\"}")) == Bits{0x3FB999999999999A});
  CHECK(bits(make("{\"values\": [65520, 65519], \"dtype\": \"f16\"}")) == Bits{0x7C00, 0x7BFF});
  CHECK(bits(make("{\"values\": [448, 465], \"dtype\": \"f8e4m3fn\"}")) == Bits{0x7E, 0x7F});
  CHECK(bits(make("{\"values\": [true, false, 1], \"dtype\": \"pred\"}")) == Bits{1, 0, 1});
  CHECK(bits(make("{\"values\": [-8, 7.0, 1e0], \"dtype\": \"s4\"}")) == Bits{0xF8, 7, 1});
  CHECK(make("{\"values\": [9223372036854775807], \"dtype\": \"s64\"}").load_int(0) == INT64_MAX);
}

TEST_CASE("integers must be integers and in range [SRC-RANGE]", "[source]") {
  CHECK(label_of("{\"values\": [1.5], \"dtype\": \"s32\"}") == "SRC-RANGE");
  CHECK(label_of("{\"values\": [128], \"dtype\": \"s8\"}") == "SRC-RANGE");
  CHECK(label_of("{\"values\": [-1], \"dtype\": \"u8\"}") == "SRC-RANGE");
  CHECK(label_of("{\"values\": [16], \"dtype\": \"u4\"}") == "SRC-RANGE");
  CHECK(label_of("{\"values\": [2], \"dtype\": \"pred\"}") == "SRC-RANGE");
  CHECK(label_of("{\"values\": [\"nan\"], \"dtype\": \"s32\"}") == "SRC-RANGE");
  CHECK(label_of("{\"values\": [9223372036854775808], \"dtype\": \"s64\"}") == "SRC-RANGE");
  CHECK(label_of("{\"fill\": 300, \"shape\": [2], \"dtype\": \"s8\"}") == "SRC-RANGE");
  CHECK(label_of("{\"iota\": 0, \"shape\": [200], \"dtype\": \"s8\"}") == "SRC-RANGE");
  CHECK(label_of("{\"iota\": 0, \"shape\": [3], \"step\": 0.5, \"dtype\": \"s8\"}") == "SRC-RANGE");
  const std::string random = "{\"random\": \"integers\", \"seed\": 1, \"shape\": [2], ";
  CHECK(label_of(random + "\"low\": -129, \"high\": 0, \"dtype\": \"s8\"}") == "SRC-RANGE");
  CHECK(label_of(random + "\"low\": 1, \"high\": 0}") == "SRC-RANGE");
  CHECK(label_of(random + "\"low\": 0, \"high\": 4294967296}") == "SRC-RANGE");
  CHECK(label_of(random + "\"low\": 0, \"high\": 4294967295, \"dtype\": \"u32\"}").empty());
}

TEST_CASE("numbers that are none [CASE-TYPE] [CASE-VALUE]", "[source]") {
  CHECK(label_of("{\"values\": [null]}") == "CASE-TYPE");
  CHECK(label_of("{\"values\": [true]}") == "CASE-TYPE");
  for (const char* text : {"1", "NaN", "+inf", "0x", "0x.", "0x1p", "0x1p-", "0x1p9999999", "1e5",
                           "--0x1", "0x1.8p-3 ", " nan", "-nan", "0xg"}) {
    INFO(text);
    CHECK(label_of("{\"values\": [\"" + std::string(text) + "\"]}") == "CASE-VALUE");
  }
  CHECK(label_of("{\"values\": 1}") == "CASE-TYPE");
}

TEST_CASE("lists fill their shape [SRC-SHAPE]", "[source]") {
  CHECK(make("{\"values\": [[1, 2, 3], [4, 5, 6]]}").shape() == tensor::Shape{2, 3});
  CHECK(make("{\"values\": [1, 2, 3, 4, 5, 6], \"shape\": [2, 1, 3]}").shape() ==
        tensor::Shape{2, 1, 3});
  CHECK(make("{\"values\": [3], \"shape\": []}").shape().empty());
  CHECK(label_of("{\"values\": [[1, 2], [3]]}") == "SRC-SHAPE");
  CHECK(label_of("{\"values\": [[1], 2]}") == "SRC-SHAPE");
  CHECK(label_of("{\"values\": [1, [2]]}") == "SRC-SHAPE");
  CHECK(label_of("{\"values\": [[[1], [2]], [[3], 4]]}") == "SRC-SHAPE");
  CHECK(label_of("{\"values\": [], \"shape\": [0]}") == "SRC-SHAPE");
  CHECK(label_of("{\"values\": []}") == "SRC-SHAPE");
  CHECK(label_of("{\"values\": [[]]}") == "SRC-SHAPE");
  CHECK(label_of("{\"values\": [1, 2], \"shape\": [3]}") == "SRC-SHAPE");
  CHECK(label_of("{\"values\": [[1, 2], [3, 4]], \"shape\": [4]}") == "SRC-SHAPE");
  CHECK(label_of("{\"iota\": 1, \"shape\": [3]}") == "SRC-SHAPE");
  CHECK(label_of("{\"fill\": 1}") == "CASE-MISSING");
}

TEST_CASE("bit patterns are taken as they are [SRC-RANGE]", "[source]") {
  CHECK(bits(make("{\"bits\": [\"3f800000\", \"7FC00001\", \"1\"]}")) ==
        Bits{0x3F800000, 0x7FC00001, 1});
  CHECK(bits(make("{\"bits\": [\"f\", \"7\", \"f8\"], \"dtype\": \"s4\"}")) == Bits{0xFF, 7, 0xF8});
  CHECK(bits(make("{\"bits\": [[\"8000000000000000\"]], \"dtype\": \"f64\"}")) ==
        Bits{0x8000000000000000});
  for (const char* text : {"", "0x1", "g", "-1", "100000000", "+1", " 1"}) {
    INFO(text);
    CHECK(label_of("{\"bits\": [\"" + std::string(text) + "\"]}") == "SRC-RANGE");
  }
  CHECK(label_of("{\"bits\": [\"10\"], \"dtype\": \"u4\"}") == "SRC-RANGE");
  CHECK(label_of("{\"bits\": [1]}") == "CASE-TYPE");
}

TEST_CASE("formulas give the documented values", "[source]") {
  CHECK(bits(make("{\"fill\": \"0x1p-149\", \"shape\": [2, 2]}")) == Bits{1, 1, 1, 1});
  const Tensor iota = make("{\"iota\": 1, \"shape\": [2, 3], \"start\": 1, \"step\": -0.5}");
  CHECK(iota.load(2) == 0.0);
  CHECK(iota.load(4) == 0.5);
  CHECK(make("{\"iota\": 0, \"shape\": [3, 2], \"dtype\": \"s32\"}").load_int(5) == 2);
  // Key 0, counters 0..: words f29a4fa7, fa843692, 55110e28, ...
  const Tensor uniform =
      make("{\"random\": \"uniform\", \"seed\": 0, \"shape\": [2], \"low\": -1}");
  const float u = static_cast<float>(0xF29A4FA7u >> 9) * 0x1p-23f;
  CHECK(uniform.load(0) == static_cast<double>(-1.0f + u * 2.0f));
  const Tensor integers =
      make("{\"random\": \"integers\", \"seed\": 0, \"shape\": [2], \"low\": -3, \"high\": 3}");
  CHECK(integers.load(0) == -3 + std::floor(0xF29A4FA7u * 7.0 / 4294967296.0));
  const std::int64_t sum = 0x4FA7 + 0xF29A + 0x3692 + 0xFA84 + 0x0E28 + 0x5511 + 0xA835 + 0x77FA +
                           0x3BB7 + 0x91E4 + 0x6943 + 0x2A5E;
  const double normal = static_cast<double>(sum - 393210) / 65536;
  CHECK(make("{\"random\": \"normal\", \"seed\": 0, \"shape\": []}").load(0) == normal);
  const Tensor scaled = make(
      "{\"random\": \"normal\", \"seed\": 0, \"shape\": [], \"scale\": 0.1, \"shift\": 3, "
      "\"dtype\": "
      "\"bf16\"}");
  const float f32 = static_cast<float>(normal) * 0.1f + 3.0f;
  CHECK(scaled.bits(0) == numerics::bf16_from_f32(f32));
  const Tensor wide =
      make("{\"random\": \"normal\", \"seed\": 18446744073709551615, \"shape\": [1]}");
  CHECK(std::fabs(wide.load(0)) < 6);
}

TEST_CASE("keys without a meaning are refused [CASE-KEY] [SRC-DTYPE]", "[source]") {
  const std::string random = "\"seed\": 1, \"shape\": [2]";
  CHECK(label_of("{\"random\": \"normal\", \"low\": 0, " + random + "}") == "CASE-KEY");
  CHECK(label_of("{\"random\": \"integers\", \"low\": 0, \"high\": 1, \"scale\": 2, \"dtype\": "
                 "\"s8\", " +
                 random + "}") == "CASE-KEY");
  CHECK(label_of("{\"random\": \"uniform\", \"dtype\": \"s8\", " + random + "}") == "SRC-DTYPE");
  CHECK(label_of("{\"fill\": 1, \"seed\": 1, \"shape\": [2]}") == "CASE-KEY");
  CHECK(label_of("{\"fill\": 1, \"shape\": [2], \"dtype\": \"f4e2m1fn\"}") == "SRC-DTYPE");
  CHECK(label_of("{\"random\": \"gauss\", " + random + "}") == "CASE-VALUE");
}

TEST_CASE("one source per step [SRC-STEPS] [SRC-FORM] [SRC-SHAPE]", "[source]") {
  const auto run = [](const std::string& sources, int steps) {
    std::string text = with_source("{\"steps\": [" + sources + "]}");
    text.insert(text.size() - 1, ", \"run\": {\"steps\": " + std::to_string(steps) + "}");
    return load_case_text(text, "t/a.json", "t", "a");
  };
  const std::string two = "{\"fill\": 1, \"shape\": [2]}, {\"iota\": 0, \"shape\": [2]}";
  const LoadedCases good = run(two, 2);
  REQUIRE(good.cases.size() == 1);
  base::Diagnostics diagnostics;
  const auto data = load_data(good.cases[0], diagnostics);
  REQUIRE(data);
  REQUIRE(data->steps.size() == 2);
  CHECK(data->steps[0].inputs[0].load(0) == 1);
  CHECK(data->steps[1].inputs[0].load(0) == 0);
  CHECK(run(two, 3).diagnostics.at(0).label == "SRC-STEPS");
  CHECK(run(two, 1).diagnostics.at(0).severity == base::Severity::kWarning);
  CHECK(run("", 1).diagnostics.at(0).label == "SRC-FORM");
  CHECK(run("{\"steps\": []}", 1).diagnostics.at(0).label == "SRC-FORM");
  CHECK(run("{\"fill\": 1, \"shape\": [2]}, {\"fill\": 1, \"shape\": [3]}", 2)
            .diagnostics.at(0)
            .label == "SRC-SHAPE");
}

// A suite folder with a stored file, removed at the end.
class Folder {
 public:
  Folder() : path_(fs::temp_directory_path() / ("mxcheck_source_" + std::to_string(::getpid()))) {
    fs::remove_all(path_);
    fs::create_directories(path_ / "suite/cases");
    tensor::SafetensorsFile file;
    file.tensors.emplace("t", Tensor(DType::kF32, {2, 3}));
    file.tensors.emplace("codes", Tensor(DType::kS8, {2}));
    file.tensors.at("codes").store_int(0, -9);
    const std::string data = tensor::serialize_safetensors(file);
    digest_ = base::sha256_hex(data);
    REQUIRE(base::write_file_atomically(path_ / "suite/data.safetensors", data).ok());
    REQUIRE(base::write_file_atomically(path_ / "secret.safetensors", data).ok());
    REQUIRE(base::write_file_atomically(path_ / "suite/bad.safetensors", "no tensors").ok());
    fs::create_symlink(path_ / "secret.safetensors", path_ / "suite/cases/link.safetensors");
    fs::create_directory_symlink(path_, path_ / "suite/cases/up");
    fs::create_symlink(path_ / "suite/data.safetensors", path_ / "suite/cases/in.safetensors");
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  // The first label of reading, then of making the data; "" if both are good.
  [[nodiscard]] std::string label(const std::string& source) const {
    const LoadedCases loaded =
        load_case_text(with_source(source), path_ / "suite/cases/a.json", path_ / "suite", "a");
    if (!loaded.diagnostics.empty()) return loaded.diagnostics.front().label;
    base::Diagnostics diagnostics;
    const auto data = load_data(loaded.cases.at(0), diagnostics);
    CHECK(data.has_value() == diagnostics.empty());
    if (diagnostics.empty()) return "";
    CHECK(diagnostics.front().line == 1);
    return diagnostics.front().label;
  }
  [[nodiscard]] const std::string& digest() const { return digest_; }

 private:
  fs::path path_;
  std::string digest_;
};

std::string file_source(const std::string& file, const std::string& rest = "") {
  return "{\"file\": \"" + file + "\", \"tensor\": \"t\"" + rest + "}";
}

TEST_CASE("stored tensors come from below the root only [SRC-PATH] [SRC-FILE] [SRC-TENSOR]",
          "[source]") {
  const Folder folder;
  CHECK(folder.label(file_source("../data.safetensors")).empty());
  CHECK(folder.label(file_source("./../cases/../data.safetensors")).empty());
  CHECK(folder.label(file_source("in.safetensors")).empty());
  CHECK(folder.label(file_source("../../secret.safetensors")) == "SRC-PATH");
  CHECK(folder.label(file_source("../../suite/data.safetensors")).empty());
  CHECK(folder.label(file_source("../../../../../../../../etc/passwd")) == "SRC-PATH");
  CHECK(folder.label(file_source("/etc/passwd")) == "SRC-PATH");
  CHECK(folder.label(file_source("link.safetensors")) == "SRC-PATH");
  CHECK(folder.label(file_source("up/secret.safetensors")) == "SRC-PATH");
  CHECK(folder.label(file_source("up/suite/data.safetensors")).empty());
  CHECK(folder.label(file_source("")) == "SRC-PATH");
  CHECK(folder.label(file_source("a\\u0000b")) == "SRC-PATH");
  CHECK(folder.label(file_source(std::string(5000, 'a'))) == "SRC-PATH");
  CHECK(folder.label(file_source("none.safetensors")) == "SRC-FILE");
  CHECK(folder.label(file_source("..")) == "SRC-FILE");
  CHECK(folder.label(file_source("../bad.safetensors")) == "SRC-FILE");
  CHECK(folder.label("{\"file\": \"../data.safetensors\", \"tensor\": \"u\"}") == "SRC-TENSOR");
}

TEST_CASE("stored tensors keep their checksum and dtype [SRC-CHECKSUM] [SRC-DTYPE] [SRC-RANGE]",
          "[source]") {
  const Folder folder;
  const std::string file = "../data.safetensors";
  CHECK(folder.label(file_source(file, ", \"sha256\": \"" + folder.digest() + "\"")).empty());
  CHECK(folder.label(file_source(file, ", \"sha256\": \"" + std::string(64, '0') + "\"")) ==
        "SRC-CHECKSUM");
  CHECK(folder.label(file_source(file, ", \"sha256\": \"12\"")) == "CASE-VALUE");
  CHECK(folder.label(file_source(file, ", \"dtype\": \"f32\"")).empty());
  CHECK(folder.label(file_source(file, ", \"dtype\": \"bf16\"")) == "SRC-DTYPE");
  const std::string codes = "{\"file\": \"../data.safetensors\", \"tensor\": \"codes\"";
  CHECK(folder.label(codes + "}").empty());
  CHECK(folder.label(codes + ", \"dtype\": \"s4\"}") == "SRC-RANGE");
}

TEST_CASE("expected values come from a golden and from the case [GOLD-MISSING] [GOLD-FORMAT]",
          "[source]") {
  const Folder folder;
  const fs::path suite =
      fs::temp_directory_path() / ("mxcheck_source_" + std::to_string(::getpid())) / "suite";
  const auto load = [&](const std::string& expect) {
    std::string text = with_source("{\"fill\": 1, \"shape\": [2]}");
    text.insert(text.size() - 1, ", \"expect\": " + expect);
    return load_case_text(text, suite / "cases/a.json", suite, "a");
  };
  const auto golden_label = [&](const std::string& file) {
    const LoadedCases loaded = load("{\"golden\": \"" + file + "\"}");
    if (!loaded.diagnostics.empty()) return loaded.diagnostics.front().label;
    base::Diagnostics diagnostics;
    CHECK_FALSE(load_expected(loaded.cases.at(0), diagnostics));
    return diagnostics.at(0).label;
  };
  CHECK(golden_label("none.safetensors") == "GOLD-MISSING");
  CHECK(golden_label("../bad.safetensors") == "GOLD-FORMAT");
  CHECK(golden_label("../../secret.safetensors") == "SRC-PATH");
  const LoadedCases both = load(
      "{\"golden\": \"../data.safetensors\", \"values\": {\"step0/node/y\": {\"fill\": 1, "
      "\"shape\": "
      "[2]}}}");
  REQUIRE(both.cases.size() == 1);
  base::Diagnostics diagnostics;
  const auto values = load_expected(both.cases[0], diagnostics);
  REQUIRE(values);
  CHECK(values->values.size() == 3);
  CHECK(values->values.at("step0/node/y").load(1) == 1);
}

}  // namespace
}  // namespace mxcheck::casefile
