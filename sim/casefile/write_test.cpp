// Writing a case is the inverse of reading it, for every case of cases/.
#include <catch2/catch.hpp>
#include <filesystem>

#include "sim/base/file.h"
#include "sim/base/json_layout.h"
#include "sim/casefile/draft.h"
#include "sim/casefile/same_case.h"
#include "sim/casefile/testing.h"

namespace mxcheck::casefile {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> case_files() {
  std::vector<fs::path> out;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator("cases")) {
    const std::string text = entry.path().string();
    if (entry.path().extension() == ".json" && text.find("/schema/") == std::string::npos &&
        text.find("/expectations/") == std::string::npos) {
      out.push_back(entry.path());
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

Case read_one(const std::string& text, const fs::path& file) {
  const LoadedCases loaded = load_case_text(text, file, ".", "x");
  for (const base::Diagnostic& d : loaded.diagnostics) UNSCOPED_INFO(base::format(d));
  REQUIRE(loaded.cases.size() == 1);
  return loaded.cases.front();
}

}  // namespace

TEST_CASE("a case that is written and read is the case, for every case there is", "[casefile]") {
  std::size_t count = 0;
  for (const fs::path& file : case_files()) {
    const LoadedCases loaded = load_case_file(file, ".", "x");
    for (const Case& c : loaded.cases) {
      INFO(file.string() << c.matrix);
      const std::string text = write_case(c);
      const Case again = read_one(text, file);
      CHECK(difference(c, again) == "");
      CHECK(write_case(again) == text);
      ++count;
    }
  }
  CHECK(count > 300);
}

TEST_CASE("what no case of the suite states is written too", "[casefile]") {
  const std::vector<std::pair<std::string, std::string>> edits{
      {"\"policy\": \"ieee\"",
       "\"policy\": {\"base\": \"xla_cpu\", \"tie\": \"away\", "
       "\"dot_block\": 64}"},
      {"\"seed\": 1, \"shape\"", "\"seed\": 18446744073709551615, \"shift\": -0.1, \"shape\""},
      {"{\"random\": \"normal\", \"seed\": 1, \"shape\": [4, 16]}",
       "{\"iota\": 1, \"start\": -0.1, \"step\": 1e-40, \"shape\": [4, 16], \"dtype\": \"bf16\"}"},
      {"{\"random\": \"normal\", \"seed\": 1, \"shape\": [4, 16]}",
       "{\"fill\": \"-0x1.8p-3\", \"shape\": [4, 16]}"},
      {"{\"fill\": 1, \"shape\": [4, 8]}",
       "{\"random\": \"uniform\", \"seed\": 4, \"low\": -0.3, \"high\": 1e-3, \"shape\": [4, 8]}"},
      {"\"act_qtype\": \"s8\"", "\"act_qtype\": \"s8\", \"tile_size\": 1.0"},
      {"\"act_qtype\": \"s8\"",
       "\"act_qtype\": \"s8\", \"act_calibration_method\": "
       "\"fixed,-1.25,0.1\", \"additional_qt_config\": "
       "{\"lhs_qtype\": null, \"dlhs_tile_size\": null}"}};
  for (const auto& [from, to] : edits) {
    INFO(to);
    const Case c = read_one(edited(valid_case(), from, to), "x.json");
    CHECK(difference(c, read_one(write_case(c), "x.json")) == "");
  }
}

TEST_CASE("a tensor as an inline source has the same bits", "[casefile]") {
  using numerics::DType;
  for (const DType dtype : {DType::kF16, DType::kBF16, DType::kF8E4M3FN, DType::kF8E5M2, DType::kS8,
                            DType::kU8, DType::kS4, DType::kU4, DType::kPred}) {
    INFO(numerics::name(dtype));
    const int width = numerics::byte_width(dtype);
    const bool four = dtype == DType::kS4 || dtype == DType::kU4;
    const std::int64_t count = dtype == DType::kPred ? 2 : four ? 16 : width == 1 ? 256 : 65536;
    tensor::Tensor value(dtype, {count});
    for (std::int64_t i = 0; i < count; ++i) {
      const bool negative = dtype == DType::kS4 && i >= 8;
      value.set_bits(i, static_cast<std::uint64_t>(negative ? i | 0xF0 : i));
    }
    CHECK(tensor::identical(materialize(source_of(value)), value));
  }
  tensor::Tensor wide(DType::kF32, {7});
  const float numbers[] = {0.1f, -0.0f, 1e-45f, 3.4028235e38f, 1e16f, 16777217.f, 0x1.fffffep-1f};
  for (int i = 0; i < 7; ++i) wide.store(i, static_cast<double>(numbers[i]));
  CHECK(tensor::identical(materialize(source_of(wide)), wide));
}

TEST_CASE("the layout is that of the repository's cases", "[casefile]") {
  std::size_t same = 0, all = 0;
  for (const fs::path& file : case_files()) {
    const auto text = base::read_file(file, 1 << 24);
    base::Diagnostics problems;
    const auto document = base::parse_json(text.value(), problems);
    if (!document || !problems.empty()) continue;
    const std::string laid = base::layout_json(document->root());
    ++all;
    same += laid == text.value() ? 1 : 0;
    // Laying out again changes nothing.
    const auto again = base::parse_json(laid, problems);
    CHECK(base::layout_json(again->root()) == laid);
  }
  CHECK(same * 10 > all * 9);
}

}  // namespace mxcheck::casefile
