// Vector packs: products with everything an RTL model or a chip's kernel needs to be checked
// offline, and the judging of what it wrote back.
//
//   DIR/manifest.json          format, profile, products, SHA-256 of every other file
//   DIR/product_NNN/lhs.npy rhs.npy [init.npy] expected.npy
//                  /control.hex     32-bit words: "MXP1" rows cols m n k folds has_init, then per
//                                   fold k, vector begin and count, column begin and count, flags
//                                   (bit 0/1 first/last fold of its chunk, 2/3 of its outputs)
//                  /stationary.hex  per fold the rows of weights in shift order (last row first);
//                                   output stationary: per fold and step the words entering the top
//                  /streamed.hex    per fold the vectors (steps) entering the left, unskewed
//                  /init.hex expected.hex   per block of outputs its rows, one word a vector
//   the device writes product_NNN/observed.npy ([M, N] integers) or observed.hex (as expected.hex)
//
// A word of a hex image has lane 0 in its low bits: macs_per_pe bytes a PE for operands, the
// accumulator's (delivery's) bits a column for results, in two's complement, padded with zeros.
// Folds and blocks are in the order the array takes them (mapping.h).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "sim/base/result.h"
#include "sim/mxu/locate.h"
#include "sim/mxu/product.h"

namespace mxcheck::mxu {

struct PackProduct {
  std::string name;  // of the case's node; free text
  Product product;
};

// Writes the folder whole or not at all; one that is there already must be empty. Fails on a
// refused product or a full disk. `origin` says
// where the products come from (case id and digest); free text.
[[nodiscard]] base::Status write_pack(const std::filesystem::path& dir, const Profile& profile,
                                      const std::vector<PackProduct>& products,
                                      const std::string& origin);

struct PackVerdict {
  enum class Kind : std::uint8_t {
    kPass,
    kFail,       // results differ: `where`
    kMissing,    // the device wrote nothing
    kUnusable,   // what it wrote is not a result
    kUndefined,  // the profile leaves the product open (a trap)
  };
  std::string name;
  Kind kind = Kind::kPass;
  std::string text;  // for people; more than one line on a failure
  Localisation where;
};
[[nodiscard]] const char* name(PackVerdict::Kind kind);

struct PackReport {
  Profile profile;
  std::vector<PackVerdict> verdicts;
  [[nodiscard]] bool passed() const;
};

// Judges the results in a pack. An error means that the pack itself is damaged: a file missing or
// changed since it was written, or expected values that the profile does not give.
[[nodiscard]] base::Result<PackReport> verify_pack(const std::filesystem::path& dir);
[[nodiscard]] std::string pack_report_text(const PackReport& report);

// What a device wrote into a pack, product by product: [m, n] values, or why there are none.
struct PackResults {
  std::string origin;  // as the pack was written
  struct One {
    std::vector<std::int64_t> values;
    std::string problem;
  };
  std::vector<One> products;
};
// An error as verify_pack().
[[nodiscard]] base::Result<PackResults> read_pack_results(const std::filesystem::path& dir);

namespace internal {
// name -> content of the hex images of a product.
struct HexImages {
  std::string control, stationary, streamed, init, expected;
};
[[nodiscard]] HexImages hex_images(const Profile& profile, const Product& product,
                                   const std::vector<std::int64_t>& expected);
// Reads rows of results in the layout of expected.hex; an error says what is wrong.
[[nodiscard]] base::Result<std::vector<std::int64_t>> parse_results_hex(const Profile& profile,
                                                                        const Product& product,
                                                                        std::string_view text);
}  // namespace internal

}  // namespace mxcheck::mxu
