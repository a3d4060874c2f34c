// .npy files: bytes as NumPy writes them, and every way in which a file can lie.
#include "sim/tensor/npy.h"

#include <catch2/catch.hpp>

namespace mxcheck::tensor {
namespace {

std::string file(const std::string& header, const std::string& body) {
  std::string text = std::string("\x93NUMPY\x01\x00", 8);
  text += static_cast<char>(header.size() & 0xff);
  text += static_cast<char>(header.size() >> 8);
  return text + header + body;
}

TEST_CASE("a .npy file has NumPy's bytes", "[npy]") {
  Tensor t(DType::kS32, {2, 3});
  for (int i = 0; i < 6; ++i) t.store_int(i, i - 2);
  const std::string text = serialize_npy(t).value();
  CHECK(text.size() % 64 == 24);  // header of 128 bytes, then data
  CHECK(text.substr(0, 10) == std::string("\x93NUMPY\x01\x00\x76\x00", 10));
  CHECK(text.substr(10, 59) == "{'descr': '<i4', 'fortran_order': False, 'shape': (2, 3), }");
  CHECK(text[127] == '\n');
  CHECK(identical(parse_npy(text).value(), t));
}

TEST_CASE("every storable type and rank survives", "[npy]") {
  for (const DType dtype : {DType::kF64, DType::kF32, DType::kF16, DType::kS64, DType::kS32,
                            DType::kS16, DType::kS8, DType::kU8, DType::kU32, DType::kPred}) {
    for (const Shape& shape : {Shape{}, Shape{3}, Shape{0, 2}, Shape{2, 1, 3}}) {
      Tensor t(dtype, shape);
      for (std::int64_t i = 0; i < t.size(); ++i) t.set_bits(i, static_cast<std::uint64_t>(i % 2));
      CHECK(identical(parse_npy(serialize_npy(t).value()).value(), t));
    }
  }
  CHECK(parse_npy(serialize_npy(Tensor(DType::kS4, {2})).value()).value().dtype() == DType::kS8);
  CHECK_FALSE(serialize_npy(Tensor(DType::kBF16, {2})).ok());
}

TEST_CASE("a lying .npy file is refused", "[npy]") {
  const std::string good = "{'descr': '|i1', 'fortran_order': False, 'shape': (3,), }";
  REQUIRE(parse_npy(file(good, "abc")).ok());
  for (const auto& [header, body] : std::vector<std::pair<std::string, std::string>>{
           {good, "ab"},
           {good, "abcd"},
           {"", ""},
           {"{'descr': '|i1', 'fortran_order': True, 'shape': (3,), }", "abc"},
           {"{'descr': '>i4', 'fortran_order': False, 'shape': (3,), }", "abcdefghijkl"},
           {"{'descr': '|O', 'fortran_order': False, 'shape': (3,), }", "abc"},
           {"{'descr': '|i1', 'fortran_order': False, 'shape': (3), }", "abc"},
           {"{'descr': '|i1', 'fortran_order': False, 'shape': (-3,), }", "abc"},
           {"{'descr': '|i1', 'fortran_order': False, 'shape': (3,), 'x': 1}", "abc"},
           {"{'descr': '|i1', 'descr': '|i1', 'fortran_order': False, 'shape': (3,)}", "abc"},
           {"{'descr': '|i1', 'fortran_order': False}", "abc"},
           {"{'descr': '|i1', 'fortran_order': False, 'shape': (3,), } x", "abc"},
           {"{'descr': '|i1", "abc"},
           {"{'descr': '<i8', 'fortran_order': False, 'shape': (4611686018427387904, 4), }", ""},
           {"{'descr': '|b1', 'fortran_order': False, 'shape': (3,), }", "abc"}}) {
    INFO(header);
    CHECK_FALSE(parse_npy(file(header, body)).ok());
  }
  const std::string whole = file(good, "abc");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CHECK_FALSE(parse_npy(std::string_view(whole).substr(0, size)).ok());
  }
  CHECK_FALSE(parse_npy(std::string("\x93NUMPY\x02\x00\xff\xff\xff\xff", 12)).ok());
}

}  // namespace
}  // namespace mxcheck::tensor
