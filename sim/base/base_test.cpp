// The small tools everything else stands on, against published vectors.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "sim/base/diagnostic.h"
#include "sim/base/digest.h"
#include "sim/base/file.h"
#include "sim/base/text.h"
#include "sim/base/threefry.h"

namespace mxcheck::base {
namespace {

TEST_CASE("threefry gives the published words [RND]", "[base]") {
  const ThreefryWords zero = threefry2x32({0, 0}, {0, 0});
  CHECK(zero[0] == 0x6b200159u);
  CHECK(zero[1] == 0x99ba4efeu);
  CHECK(random_word(0, 0) == (0x6b200159u ^ 0x99ba4efeu));
  const ThreefryWords ones = threefry2x32({0xffffffffu, 0xffffffffu}, {0xffffffffu, 0xffffffffu});
  CHECK(ones[0] == 0x1cb996fcu);
  CHECK(ones[1] == 0xbb002be7u);
}

TEST_CASE("the xor words of key zero are those of the norm [RND-2]", "[base]") {
  const std::uint32_t expected[] = {0xF29A4FA7, 0xFA843692, 0x55110E28, 0x77FAA835,
                                    0x91E43BB7, 0x2A5E6943, 0x4F68EA7D, 0xB081CCFE};
  for (std::uint64_t i = 0; i < 8; ++i) CHECK(random_word(0, i) == expected[i]);
}

TEST_CASE("digests match the FIPS 180 examples", "[base]") {
  CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256_hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(sha256_hex(std::string(1000000, 'a')) ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  const auto digest = sha1("abc");
  CHECK(to_hex(digest.data(), digest.size()) == "a9993e364706816aba3e25717850c26c9cd0d89d");
}

TEST_CASE("text from outside becomes harmless", "[base]") {
  CHECK(printable("a\x1b[31m\n\xff") == "a\\x1b[31m\\n\\xff");
  CHECK(escape_html("<b a=\"'&\">") == "&lt;b a=&quot;&#39;&amp;&quot;&gt;");
  CHECK(escape_xml(std::string("\x01\x00", 2)) == "\xEF\xBF\xBD\xEF\xBF\xBD");
  CHECK(escape_pointer("a/b~c") == "a~1b~0c");
  CHECK(is_valid_utf8("\xC3\xA9"));
  CHECK_FALSE(is_valid_utf8("\xC0\x80"));      // overlong
  CHECK_FALSE(is_valid_utf8("\xED\xA0\x80"));  // surrogate
  CHECK(first_invalid_utf8("ab\xFF") == 2);
}

TEST_CASE("a diagnostic names place, rule, fact, expectation and hint", "[base]") {
  const Diagnostic d{Severity::kError, "a.json", 3, 7, "/nodes/0", "SHP-DOT", "fact", "want", "do"};
  CHECK(format(d) ==
        "a.json:3:7: error[SHP-DOT] at /nodes/0\n  fact\n  expected: want\n  hint: do");
}

TEST_CASE("the nearest name is offered only when it can be meant", "[base]") {
  CHECK(nearest("weight_qtpe", {"act_qtype", "weight_qtype"}) == "weight_qtype");
  CHECK(nearest("titel", {"title", "tags"}) == "title");
  CHECK(nearest("zzz", {"act_qtype", "weight_qtype"}).empty());
}

TEST_CASE("files are replaced whole or not at all", "[base]") {
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("mxcheck_base_" + std::to_string(::getpid()));
  const std::filesystem::path path = folder / "sub" / "a.txt";
  REQUIRE(write_file_atomically(path, "one").ok());
  REQUIRE(write_file_atomically(path, "two").ok());
  CHECK(read_file(path, 100).value() == "two");
  CHECK_FALSE(read_file(path, 2).ok());
  CHECK_FALSE(read_file(folder, 100).ok());
  CHECK_FALSE(write_file_atomically("/proc/nowhere/x", "x").ok());
  CHECK(std::distance(std::filesystem::directory_iterator(folder / "sub"), {}) == 1);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace mxcheck::base
