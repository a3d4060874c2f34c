#include "sim/device/protocol.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <limits>

#include "sim/device/base64.h"

namespace mxcheck::device {
namespace {

using tensor::DType;
using tensor::Tensor;

Request some_request() {
  Request r;
  r.name = "step0/\"y\"";
  r.profile = "ideal_int32";
  Tensor lhs(DType::kS8, {2, 3}), rhs(DType::kS8, {3, 1});
  for (std::int64_t i = 0; i < 6; ++i) lhs.store_int(i, i - 128);
  for (std::int64_t i = 0; i < 3; ++i) rhs.store_int(i, 127 - i);
  r.operands = {{"lhs", lhs}, {"rhs", rhs}};
  r.shape = {2, 1};
  return r;
}

std::span<const std::byte> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

TEST_CASE("base64 gives the vectors of RFC 4648 and reads them back", "[device]") {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, coded] : vectors) {
    CHECK(to_base64(bytes_of(plain)) == coded);
    const auto back = from_base64(coded);
    REQUIRE(back);
    CHECK(std::string(reinterpret_cast<const char*>(back->data()), back->size()) == plain);
  }
}

TEST_CASE("what is not base64 is refused", "[device]") {
  for (const char* bad :
       {"Z", "Zg=", "Zg", "Zh==", "Zm9=", "====", "Zg==Zg==", "Zm 9", "Zm9\n", "=Zg=", "Zm-_"}) {
    INFO(bad);
    CHECK_FALSE(from_base64(bad));
  }
}

TEST_CASE("a request is read back as it was written", "[device]") {
  const Request r = some_request();
  const base::Result<Asked> read = read_request(request_line(7, r));
  REQUIRE(read);
  CHECK(read.value().id == 7);
  CHECK(read.value().request.name == r.name);
  CHECK(read.value().request.profile == r.profile);
  REQUIRE(read.value().request.operands.size() == 2);
  CHECK(tensor::identical(read.value().request.operands[0].second, r.operands[0].second));
  CHECK(read.value().request.shape == r.shape);
}

TEST_CASE("an answer is read back as it was written", "[device]") {
  Tensor result(DType::kS32, {2, 1});
  result.store_int(0, std::numeric_limits<std::int32_t>::min());
  Reply reply;
  reply.id = 7;
  reply.result = result;
  const base::Result<Reply> read = read_reply(reply_line(reply));
  REQUIRE(read);
  CHECK(tensor::identical(*read.value().result, result));
  CHECK(misfit(some_request(), *read.value().result).empty());
  CHECK(read_hello(hello_reply({"a", "b"})).value().version == "b");
}

TEST_CASE("what is no answer is told, never taken", "[device]") {
  const char* bad[] = {
      "",
      "x",
      "[]",
      "{}",
      R"({"id":1})",
      R"({"id":"1","error":""})",
      R"({"id":1.5,"error":""})",
      R"({"id":1,"error":"x","result":{}})",
      R"({"id":1,"result":[]})",
      R"({"id":1,"result":{"dtype":"s32","shape":[1],"data":"AAAA"}})",
      R"({"id":1,"result":{"dtype":"s32","shape":[-1],"data":""}})",
      R"({"id":1,"result":{"dtype":"s32","shape":[4611686018427387904,4],"data":""}})",
      R"({"id":1,"result":{"dtype":"s33","shape":[1],"data":"AAAAAA=="}})",
      R"({"id":1,"result":{"dtype":"s32","shape":[1],"data":"AAAAAA==","more":1}})",
      R"({"id":1,"id":2,"error":"x"})",
      R"({"id":1,"error":"x","more":1})"};
  for (const char* line : bad) {
    INFO(line);
    CHECK_FALSE(read_reply(line));
  }
  CHECK_FALSE(read_hello(R"({"hello":{"protocol":2}})"));
  CHECK_FALSE(read_hello(R"({"hello":{}})"));
}

TEST_CASE("a result of another type, shape or range does not fit", "[device]") {
  Request r = some_request();
  CHECK(misfit(r, Tensor(DType::kU32, {2, 1})) == "the result is u32, not s32");
  CHECK(misfit(r, Tensor(DType::kS32, {1, 2})) == "the result has shape [1, 2], not [2, 1]");
  r.dtype = DType::kS4;
  Tensor codes(DType::kS4, {2, 1});
  codes.set_bits(1, 8);
  CHECK(misfit(r, codes) == "element 1 is 8, no s4");
}

}  // namespace
}  // namespace mxcheck::device
