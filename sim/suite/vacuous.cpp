// One pass over the tensors; the first informative one settles the question.
#include "sim/suite/vacuous.h"

#include <cstdlib>

#include "sim/tensor/tensor.h"

namespace mxcheck::suite {
namespace {

using tensor::Tensor;

enum class Content { kEmpty, kZero, kConstant, kSaturated, kInformative };

bool is_zero(const Tensor& value, std::int64_t i) {
  return numerics::is_float(value.dtype()) ? value.load(i) == 0 : value.load_int(i) == 0;
}

// Symmetric signed codes saturate at -127 as well as at -128; 0 is no end of an unsigned range.
bool is_saturated_code(const Tensor& value, std::int64_t i) {
  const std::int64_t code = value.load_int(i);
  const std::int64_t high = numerics::integer_max(value.dtype());
  return code >= high || code <= -high;
}

// A constant that a 16-bit accumulator could not hold still tells accumulator widths apart.
bool is_wide_sum(const Tensor& value) {
  constexpr std::int64_t kNarrow = 1 << 15;
  return value.dtype() == numerics::DType::kS32 && std::abs(value.load_int(0)) > kNarrow;
}

Content content_of(const std::string& name, const Tensor& value) {
  if (value.size() == 0) return Content::kEmpty;
  const bool codes = name.ends_with(".qvalue") && numerics::is_integer(value.dtype());
  bool zero = true;
  bool constant = true;
  bool saturated = codes;
  for (std::int64_t i = 0; i < value.size(); ++i) {
    zero = zero && is_zero(value, i);
    constant = constant && value.bits(i) == value.bits(0);
    saturated = saturated && is_saturated_code(value, i);
    if (!zero && !constant && !saturated) return Content::kInformative;
  }
  if (zero) return Content::kZero;
  if (constant && is_wide_sum(value)) return Content::kInformative;
  return constant ? Content::kConstant : Content::kSaturated;
}

}  // namespace

std::string vacuous_reason(const graph::Values& compared) {
  bool zero = false;
  bool constant = false;
  bool saturated = false;
  for (const auto& [name, value] : compared) {
    switch (content_of(name, value)) {
      case Content::kInformative:
        return "";
      case Content::kZero:
        zero = true;
        break;
      case Content::kConstant:
        constant = true;
        break;
      case Content::kSaturated:
        saturated = true;
        break;
      case Content::kEmpty:
        break;
    }
  }
  if (saturated) return "every compared tensor is saturated or constant";
  if (constant) return "every compared tensor holds a single value";
  if (zero) return "every compared tensor is all zero";
  return "nothing was compared";
}

}  // namespace mxcheck::suite
