// One result element of a quantized product taken apart: its products summed per pair of scales (a
// tile), the sizes its error bounds are made of, its exact value. Internal to the fake_quant check.
//
// Labels: BND-1 .. BND-4, DOT-4 .. DOT-8. One pass over the pairs of an element gathers everything.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "golden/reference/contraction.h"
#include "golden/reference/exact.h"
#include "golden/reference/fake_quant.h"
#include "golden/reference/float_model.h"
#include "golden/reference/judge.h"
#include "golden/reference/quantized_view.h"

namespace mxcheck::reference {

// The products of one result element that share both scales.
struct Tile {
  double lhs_scale = 1, rhs_scale = 1;
  std::int64_t lhs_position = 0, rhs_position = 0;
  std::int64_t integer_sum = 0;  // of integer codes: exact
  double code_sum = 0;           // of any codes, in double
  double code_abs = 0;           // sum |code * code|
  double code_size = 0;          // sum (|code| + |zero point|) * (...)
  double count = 0;

  [[nodiscard]] double scales() const { return std::fabs(lhs_scale * rhs_scale); }
};

struct Element {
  std::vector<Tile> tiles;
  double value = 0;      // the real value in double, by IEEE rules for infinities and NaN
  double value_abs = 0;  // sum |a_k b_k|
  double operands = 0;   // sum (|a_k| + |b_k|) over products that are not zero
  double largest_operand = 0;
  double terms = 0;
};

// Whose computation a bound is for: the recorded one, or float_reference().
enum class Side : std::uint8_t { kComputed, kReference };

class Analysis {
 public:
  explicit Analysis(const QuantizedProduct& product);

  [[nodiscard]] const Element& element(std::int64_t out);
  [[nodiscard]] ExactSum exact(const Element& element) const;  // of the last element()
  [[nodiscard]] double computed_bound(const Element& element) const;
  [[nodiscard]] double dequantized_bound(const Element& element, Side whose) const;
  [[nodiscard]] bool equal_bits(const Element& element) const;
  // Classes an element may have that is made of infinities or NaNs: dequantized first, or codes
  // first (0 * inf differs from a sum of codes times inf).
  [[nodiscard]] std::vector<Class> classes(const Element& element) const;

 private:
  [[nodiscard]] Tile& tile_of(std::int64_t lhs_position, std::int64_t rhs_position);
  [[nodiscard]] Running codes_first(const Tile& tile) const;
  [[nodiscard]] DType scaled_dtype() const;
  [[nodiscard]] bool codes_first_rounds_once(const Element& element, const Tile& tile) const;
  // bf16 with f16, which a float contraction delivers in bf16.
  [[nodiscard]] bool mixed_narrow() const {
    return lhs_.dtype != rhs_.dtype && accumulator_of(lhs_.dtype) != lhs_.dtype &&
           accumulator_of(rhs_.dtype) != rhs_.dtype;
  }

  const QuantizedProduct& product_;
  Decoded lhs_, rhs_;
  std::vector<Dyadic> lhs_values_, rhs_values_;  // where the codes are not integers
  bool integer_ = false, power_of_two_scales_ = false;
  std::vector<Pair> pairs_;
  Element element_;
  std::size_t last_tile_ = 0;
  // The last element that had a tile at a position of lhs, of rhs: where its own number is missing
  // there is nothing to search for.
  std::uint64_t element_number_ = 0;
  std::vector<std::uint64_t> lhs_seen_, rhs_seen_;
};

}  // namespace mxcheck::reference
