// safetensors: what is written is read back, equal contents give equal bytes, and a header that
// lies is refused before a byte is used.
#include "sim/tensor/safetensors.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "sim/base/file.h"

namespace mxcheck::tensor {
namespace {

std::string with_header(const std::string& header, std::size_t data_bytes,
                        std::uint64_t stated = UINT64_MAX) {
  const std::uint64_t length = stated == UINT64_MAX ? header.size() : stated;
  std::string out;
  for (int i = 0; i < 8; ++i) out += static_cast<char>((length >> (8 * i)) & 0xFF);
  return out + header + std::string(data_bytes, '\0');
}

SafetensorsFile example() {
  SafetensorsFile file;
  file.metadata["policy"] = "ieee \"x\"\n";
  Tensor a(DType::kF32, {2, 3});
  for (std::int64_t i = 0; i < a.size(); ++i) a.store(i, 0.5 * static_cast<double>(i));
  file.tensors.emplace("step0/node/\xc3\xa9", a);
  Tensor s4(DType::kS4, {3});
  s4.store_int(1, -8);
  file.tensors.emplace("b", s4);
  file.tensors.emplace("a", Tensor(DType::kS32, {}));
  file.tensors.emplace("c", Tensor(DType::kF8E4M3FN, {2}));
  file.tensors.emplace("d", Tensor(DType::kF4E2M1FN, {2}));
  file.tensors.emplace("e", Tensor(DType::kPred, {0, 4}));
  return file;
}

TEST_CASE("a file comes back as it was written, sub-byte types as bytes", "[safetensors]") {
  const SafetensorsFile file = example();
  const auto back = parse_safetensors(serialize_safetensors(file));
  REQUIRE(back.ok());
  CHECK(back.value().metadata == file.metadata);
  CHECK(back.value().tensors.size() == file.tensors.size());
  CHECK(identical(back.value().tensors.at("step0/node/\xc3\xa9"),
                  file.tensors.at("step0/node/\xc3\xa9")));
  CHECK(back.value().tensors.at("b").dtype() == DType::kS8);
  CHECK(back.value().tensors.at("b").load_int(1) == -8);
  CHECK(back.value().tensors.at("c").dtype() == DType::kF8E4M3FN);
  CHECK(back.value().tensors.at("d").dtype() == DType::kU8);
  CHECK(back.value().tensors.at("e").shape() == Shape{0, 4});
}

TEST_CASE("equal contents give equal bytes, the header padded to eight", "[safetensors]") {
  SafetensorsFile file;
  file.metadata["k"] = "v";
  file.tensors.emplace("y", Tensor(DType::kF16, {2}));
  file.tensors.emplace("x", Tensor(DType::kF32, {1}));
  const std::string bytes = serialize_safetensors(file);
  CHECK(bytes == serialize_safetensors(parse_safetensors(bytes).value()));
  CHECK(bytes.substr(8, bytes.size() - 16) ==
        "{\"__metadata__\":{\"k\":\"v\"},\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":["
        "0,4]},"
        "\"y\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[4,8]}}    ");
  CHECK((bytes.size() - 8) % 8 == 0);
}

TEST_CASE("headers that lie are refused", "[safetensors]") {
  const auto entry = [](const std::string& dtype, const std::string& shape,
                        const std::string& offsets) {
    return "{\"dtype\":" + dtype + ",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}";
  };
  const std::string good = entry("\"F32\"", "[2]", "[0,8]");
  CHECK(parse_safetensors(with_header("{\"a\":" + good + "}", 8)).ok());
  const auto refused = [](const std::string& bytes) { return !parse_safetensors(bytes).ok(); };
  CHECK(refused(""));
  CHECK(refused("1234567"));
  CHECK(refused(with_header("{}", 0, 3)));
  CHECK(refused(with_header("{}", 0, UINT64_MAX - 1)));
  CHECK(refused(with_header("{}", 0, std::uint64_t{1} << 40)));
  CHECK(refused(with_header("[]", 0)));
  CHECK(refused(with_header("{\"a\":1}", 0)));
  CHECK(refused(with_header("{", 0)));
  CHECK(refused(with_header("{\"a\":" + good + ",\"a\":" + good + "}", 8)));
  CHECK(refused(with_header("{\"a\":" + good + "}", 7)));
  CHECK(refused(with_header("{\"a\":" + good + "}", 9)));
  for (const std::string& wrong :
       {entry("\"F33\"", "[2]", "[0,8]"), entry("1", "[2]", "[0,8]"),
        entry("\"F32\"", "[3]", "[0,8]"), entry("\"F32\"", "[-2]", "[0,8]"),
        entry("\"F32\"", "[2.0]", "[0,8]"), entry("\"F32\"", "2", "[0,8]"),
        entry("\"F32\"", "[2]", "[8,0]"), entry("\"F32\"", "[2]", "[0,8,8]"),
        entry("\"F32\"", "[2]", "[0,\"8\"]"), entry("\"F32\"", "[4611686018427387905,4]", "[0,8]"),
        entry("\"F32\"", "[18446744073709551615,2]", "[0,8]"),
        entry("\"F32\"", "[4294967296,4294967296]", "[0,0]"),
        entry("\"F32\"", "[2]", "[18446744073709551608,18446744073709551616]"),
        std::string("{\"dtype\":\"F32\",\"shape\":[2]}"),
        std::string("{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8],\"x\":1}")}) {
    INFO(wrong);
    CHECK(refused(with_header("{\"a\":" + wrong + "}", 8)));
  }
  const auto two = [&](const std::string& a, const std::string& b) {
    return "{\"a\":" + entry("\"F32\"", "[1]", a) + ",\"b\":" + entry("\"F32\"", "[1]", b) + "}";
  };
  CHECK_FALSE(refused(with_header(two("[4,8]", "[0,4]"), 8)));
  CHECK(refused(with_header(two("[0,4]", "[0,4]"), 8)));
  CHECK(refused(with_header(two("[0,4]", "[2,6]"), 6)));
  CHECK(refused(with_header(two("[0,4]", "[8,12]"), 12)));
  CHECK(refused(with_header(two("[4,8]", "[8,12]"), 12)));
  CHECK(refused(with_header("{\"__metadata__\":{\"a\":1}}", 0)));
  CHECK(refused(with_header("{\"__metadata__\":[]}", 0)));
  std::string boolean = with_header("{\"a\":" + entry("\"BOOL\"", "[1]", "[0,1]") + "}", 1);
  CHECK_FALSE(refused(boolean));
  boolean.back() = 2;
  CHECK(refused(boolean));
}

TEST_CASE("the header alone says where tensors lie", "[safetensors]") {
  const std::filesystem::path path = std::filesystem::temp_directory_path() /
                                     ("mxcheck_st_" + std::to_string(::getpid()) + ".safetensors");
  REQUIRE(write_safetensors(path, example()).ok());
  const auto index = read_safetensors_index(path);
  REQUIRE(index.ok());
  CHECK(index.value().entries.at("b").shape == Shape{3});
  CHECK(index.value().entries.at("b").dtype == DType::kS8);
  CHECK(read_safetensors(path).ok());
  const std::string data = base::read_file(path, 1 << 20).value();
  for (std::size_t keep = 0; keep < data.size(); ++keep) {
    REQUIRE_FALSE(parse_safetensors(std::string_view(data).substr(0, keep)).ok());
  }
  REQUIRE(base::write_file_atomically(path, data.substr(0, data.size() - 1)).ok());
  CHECK_FALSE(read_safetensors_index(path).ok());
  REQUIRE(base::write_file_atomically(path, "abc").ok());
  CHECK_FALSE(read_safetensors_index(path).ok());
  std::filesystem::remove(path);
  CHECK_FALSE(read_safetensors_index(path).ok());
  CHECK_FALSE(read_safetensors(path).ok());
}

}  // namespace
}  // namespace mxcheck::tensor
