// A matrix unit with planted faults: what its registers and wires hold instead of what they should.
// Kinds `register` and `array` of sim/fault/faults.def. The functional model asks at the place of a
// product that the PE (row, col) of the array would compute; the stepped array asks at the register
// itself, so that a stuck activation travels right and a stuck weight shifts down.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/fault/fault.h"
#include "sim/mxu/profile.h"

namespace mxcheck::mxu {

struct Pe {
  std::int64_t row = 0, col = 0;
};
// The PE that computes product (m, n, k) of a chunk that begins at `chunk_begin`.
[[nodiscard]] Pe pe_of(const Profile& profile, std::int64_t m, std::int64_t n, std::int64_t k,
                       std::int64_t chunk_begin);

class Defects {
 public:
  // The faults of `faults` that live at `level`, for a product of these operand types.
  Defects(const fault::Faults& faults, fault::Level level, const Profile& profile, DType lhs,
          DType rhs);
  // Does any of these faults live at this level?
  [[nodiscard]] static bool any(const fault::Faults& faults, fault::Level level);

  // A register's value after the write: of one PE.
  [[nodiscard]] std::int32_t activation_register(std::int32_t value, Pe pe) const;
  [[nodiscard]] std::int32_t weight_register(std::int32_t value, Pe pe) const;
  // The same where registers are not stepped: what has passed the faulty one on its way.
  [[nodiscard]] std::int32_t activation_at(std::int32_t value, Pe pe) const;
  [[nodiscard]] std::int32_t weight_at(std::int32_t value, Pe pe) const;
  // The product of what the PE's registers hold; `last`: the chunk's last k.
  [[nodiscard]] std::int64_t product(std::int32_t activation, std::int32_t weight, Pe pe,
                                     bool last) const;
  // The partial sum after an add that made `sum` of `before`.
  [[nodiscard]] std::int64_t partial(std::int64_t before, std::int64_t sum, Pe pe) const;
  [[nodiscard]] bool adds_twice() const { return has(fault::Kind::chunk_added_twice); }
  // The column whose result leaves as that of `column`, of columns [begin, end) on the array.
  [[nodiscard]] std::int64_t column(std::int64_t column, std::int64_t begin,
                                    std::int64_t end) const;
  // Stepped array only: clocks by which the weight buffers swap too late (1) or early (-1), and
  // by which the activations of a row lag behind.
  [[nodiscard]] int swap_delay() const;
  [[nodiscard]] std::int64_t lag(std::int64_t row) const;

 private:
  [[nodiscard]] bool has(fault::Kind kind) const { return faults_.has(kind); }
  [[nodiscard]] std::int32_t read(std::int32_t value, DType type, fault::Kind as_unsigned,
                                  fault::Kind as_signed, fault::Kind as_one_more,
                                  fault::Kind as_zero) const;

  fault::Faults faults_;  // of this level only
  DType activation_, weight_;
  int partial_bits_ = 32;
};

}  // namespace mxcheck::mxu
