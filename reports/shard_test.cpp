// Shards: a partition of any ids, stable, named the same way in both directions.
#include "reports/shard.h"

#include <catch2/catch.hpp>

namespace mxcheck::reports {

TEST_CASE("every id is in exactly one shard, whatever the others are", "[shard]") {
  for (const std::uint64_t count : {1, 2, 3, 7, 1000}) {
    for (int i = 0; i < 200; ++i) {
      const std::string id = "qt/case_" + std::to_string(i) + "/m=3";
      int owners = 0;
      for (std::uint64_t index = 0; index < count; ++index) owners += Shard{index, count}.has(id);
      CHECK(owners == 1);
    }
  }
}

TEST_CASE("the shard of an id is the digest's first eight bytes, modulo the count", "[shard]") {
  // SHA-256("abc") = ba7816bf 8f01cfea ...
  CHECK(shard_of("abc", std::uint64_t{1} << 63) == 0x3a7816bf8f01cfeaU);
  CHECK(shard_of("abc", 16) == 0xa);
  CHECK(shard_of("abc", 1) == 0);
}

TEST_CASE("names of shards are read back, anything else is not one", "[shard]") {
  for (const Shard& shard : {Shard{0, 2}, Shard{1, 2}, Shard{7, 1000}}) {
    const auto back = shard_from_name(shard_name(shard));
    REQUIRE(back.has_value());
    CHECK(back->index == shard.index);
    CHECK(back->count == shard.count);
  }
  CHECK(shard_name({}).empty());
  CHECK(shard_from_name("")->count == 1);
  for (const char* wrong :
       {"1", "/", "1/", "/2", "2/2", "0/1", "0/0", "-1/2", "+1/2", "01/2", "1/2 ", " 1/2", "1/2/3",
        "1/1048577", "1/99999999999999999999", "a/b"}) {
    INFO(wrong);
    CHECK_FALSE(shard_from_name(wrong).has_value());
  }
}

}  // namespace mxcheck::reports
