// One matrix product of integer codes on a profile: what goes in, what comes out, and which way it
// was computed. `functional` is the definition; `multiply` takes the plain int32 way where a
// licence proves that it gives the same bits, and `functional` otherwise.
//
// Labels: HW-TYPE, HW-TAIL (refusals, with status kRefused).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sim/mxu/defects.h"
#include "sim/mxu/profile.h"

namespace mxcheck::mxu {

// acc[m, n] = sum over k of lhs[m, k] * rhs[k, n], row-major. `init` is the initial accumulator
// [m, n] or empty; its magnitudes stay below 2^62.
struct Product {
  std::int64_t m = 0, n = 0, k = 0;
  std::span<const std::int32_t> lhs;  // [m, k], codes in the range of lhs_type
  std::span<const std::int32_t> rhs;  // [k, n], codes in the range of rhs_type
  std::span<const std::int64_t> init = {};
  DType lhs_type = DType::kS8;
  DType rhs_type = DType::kS8;
};

enum class Status : std::uint8_t {
  kOk,
  kUndefined,  // a trapping register overflowed: `overflow` says where first
  kRefused,    // `refusal` says why; acc is empty
};

// The registers of the definition, in the order a product meets them.
enum class Stage : std::uint8_t { kGroup, kPartial, kAcc, kDelivery };
[[nodiscard]] const char* name(Stage stage);

struct OverflowAt {
  std::int64_t m = 0, n = 0;
  std::int64_t k = 0;  // the last k that entered the sum that overflowed
  Stage stage = Stage::kPartial;
  friend bool operator==(const OverflowAt&, const OverflowAt&) = default;
};

struct ProductResult {
  Status status = Status::kOk;
  Refusal refusal;
  std::optional<OverflowAt> overflow;  // the first trap in (m, n, processing) order
  std::vector<std::int64_t> acc;       // [m, n], what leaves the unit
  std::string path;                    // how it was computed: "functional", "plain: <licence>", ...
};

// The definition (hardware profile, section "one output"), nested loops, any profile.
// With `defects`: what a unit with these faults computes.
[[nodiscard]] ProductResult functional(const Profile& profile, const Product& product,
                                       const Defects* defects = nullptr);

// May the plain way (int32 multiply-add modulo 2^32, any order) stand for this profile?
struct Licence {
  bool granted = false;
  std::string reason;
};
// By the profile alone: every register wraps and none is narrower than what is delivered.
[[nodiscard]] bool plain_wrap(const Profile& profile);
// Extremes of a product's codes, and of its initial accumulator where there is one.
struct CodeRange {
  std::int64_t low = 0, high = 0;
};
struct ProductRange {
  CodeRange lhs, rhs, init;
  std::int64_t k = 0;
};
// By the profile, or by the operands' actual extremes and K: no sum can leave a register.
[[nodiscard]] Licence licence(const Profile& profile, const ProductRange& range);
[[nodiscard]] Licence licence(const Profile& profile, const Product& product);

// The bits of functional(), by the plain way where there is a licence.
[[nodiscard]] ProductResult multiply(const Profile& profile, const Product& product);

// The plain way itself, for any s32 codes: the product modulo 2^32.
[[nodiscard]] std::vector<std::int32_t> multiply_modulo_2_32(const Product& product);

// Signed widths that would have held every sum of the product without overflow, on this profile's
// groups, chunks and order. 1 where a register only ever held 0.
struct WidthsNeeded {
  int group = 1, partial = 1, acc = 1, delivery = 1;
};
[[nodiscard]] WidthsNeeded widths_needed(const Profile& profile, const Product& product);

// One register write in the chain of one output.
struct ChainStep {
  Stage stage = Stage::kPartial;
  std::int64_t chunk = 0;  // number of the pass, in processing order
  std::int64_t k = 0;      // the last k that entered
  std::int64_t kept = 0;   // the register's value after it
  bool overflowed = false;
};
// Every register write of output (m, n), in order.
[[nodiscard]] std::vector<ChainStep> output_chain(const Profile& profile, const Product& product,
                                                  std::int64_t m, std::int64_t n);

}  // namespace mxcheck::mxu
