// Element-wise comparison; the first few mismatches are kept with both sides spelled out.
#include "sim/suite/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "sim/suite/mismatch_picture.h"

namespace mxcheck::suite {
namespace {

using numerics::DType;
using reports::Finding;
using reports::Mismatch;

constexpr std::size_t kKeptMismatches = 10;

DType stored_dtype(DType dtype) {
  switch (dtype) {
    case DType::kS4:
      return DType::kS8;
    case DType::kU4:
    case DType::kF4E2M1FN:
      return DType::kU8;
    default:
      return dtype;
  }
}

double number(const Tensor& value, std::int64_t i) {
  return numerics::is_float(value.dtype()) ? value.load(i) : static_cast<double>(value.load_int(i));
}

// Representable values counted from zero, negative below it.
std::int64_t ordinal(const Tensor& value, std::int64_t i) {
  const int width = 8 * numerics::byte_width(value.dtype());
  const std::uint64_t sign = std::uint64_t{1} << (width - 1);
  const std::uint64_t bits = value.bits(i);
  const auto magnitude = static_cast<std::int64_t>(bits & (sign - 1));
  return (bits & sign) != 0 ? -magnitude : magnitude;
}

// error / bound; infinite where any error is too much, 0 where nothing can be stated.
double fraction_of(double error, double bound) {
  if (error == 0 || bound == std::numeric_limits<double>::infinity()) return 0;
  if (!(error <= std::numeric_limits<double>::max())) {
    return std::numeric_limits<double>::infinity();
  }
  return bound > 0 ? error / bound : std::numeric_limits<double>::infinity();
}

Mismatch describe(const Tensor& ours, const Tensor& theirs, std::int64_t i) {
  Mismatch m;
  m.index = tensor::unravel(i, ours.shape());
  m.ours = value_text(ours, i);
  m.ours_bits = bits_text(ours, i);
  m.theirs = value_text(theirs, i);
  m.theirs_bits = bits_text(theirs, i);
  m.ulp = ulp_distance(ours, theirs, i);
  return m;
}

Comparison not_comparable(const std::string& name, const Tensor& ours, const Tensor& theirs) {
  Comparison out;
  out.comparable = out.equal = out.within = false;
  out.finding.name = name;
  out.finding.total = theirs.size();
  out.finding.differ = theirs.size();
  out.finding.problem = fmt::format("sim has {}{}, golden {}{}", numerics::name(ours.dtype()),
                                    tensor::to_string(ours.shape()), numerics::name(theirs.dtype()),
                                    tensor::to_string(theirs.shape()));
  return out;
}

bool same_bytes(const Tensor& a, const Tensor& b) {
  return a.byte_size() == b.byte_size() &&
         (a.byte_size() == 0 ||
          std::memcmp(a.bytes().data(), b.bytes().data(), a.byte_size()) == 0);
}

}  // namespace

Tensor as_stored(const Tensor& value) {
  const DType dtype = stored_dtype(value.dtype());
  if (dtype == value.dtype()) return value;
  Tensor out(dtype, value.shape());
  if (value.byte_size() > 0) {
    std::memcpy(out.mutable_bytes().data(), value.bytes().data(), value.byte_size());
  }
  return out;
}

std::optional<std::uint64_t> ulp_distance(const Tensor& a, const Tensor& b, std::int64_t i) {
  if (!numerics::is_float(a.dtype())) return std::nullopt;
  if (std::isnan(a.load(i)) || std::isnan(b.load(i))) return std::nullopt;
  const std::int64_t from = ordinal(a, i);
  const std::int64_t to = ordinal(b, i);
  // Unsigned: two doubles of opposite sign are further apart than int64 can say.
  return from > to ? static_cast<std::uint64_t>(from) - static_cast<std::uint64_t>(to)
                   : static_cast<std::uint64_t>(to) - static_cast<std::uint64_t>(from);
}

std::string value_text(const Tensor& value, std::int64_t i) {
  if (!numerics::is_float(value.dtype())) return fmt::format("{}", value.load_int(i));
  const double x = value.load(i);
  if (value.dtype() == DType::kF64) return fmt::format("{}", x);
  return fmt::format("{}", static_cast<float>(x));
}

std::string bits_text(const Tensor& value, std::int64_t i) {
  return fmt::format("0x{:0{}x}", value.bits(i), 2 * numerics::byte_width(value.dtype()));
}

Comparison compare(const std::string& name, const Tensor& our_value, const Tensor& their_value,
                   const BoundOf& bound) {
  const Tensor ours = as_stored(our_value);
  const Tensor theirs = as_stored(their_value);
  if (ours.dtype() != theirs.dtype() || ours.shape() != theirs.shape()) {
    return not_comparable(name, ours, theirs);
  }
  Comparison out;
  if (same_bytes(ours, theirs)) return out;
  Finding& finding = out.finding;
  finding.name = name;
  finding.total = ours.size();
  finding.cls = bound ? reports::Class::kBound : reports::Class::kExact;
  DifferenceCounter differences;
  for (std::int64_t i = 0; i < ours.size(); ++i) {
    if (tensor::same_element(ours, theirs, i)) continue;
    out.equal = false;
    differences.add(ours, theirs, i);
    double fraction = std::numeric_limits<double>::infinity();
    if (bound) fraction = fraction_of(std::abs(number(ours, i) - number(theirs, i)), bound(i));
    out.worst_fraction = std::max(out.worst_fraction, fraction);
    finding.worst_ulp = std::max(finding.worst_ulp, ulp_distance(ours, theirs, i).value_or(0));
    if (fraction <= 1) continue;
    out.within = false;
    ++finding.differ;
    if (finding.mismatches.size() >= kKeptMismatches) continue;
    if (finding.mismatches.empty()) finding.window = window_around(ours, theirs, i);
    finding.mismatches.push_back(describe(ours, theirs, i));
    if (bound) finding.mismatches.back().bound_fraction = fraction;
  }
  if (!bound) out.worst_fraction = 0;
  finding.worst_fraction = out.worst_fraction;
  finding.deltas = differences.deltas();
  finding.ulps = differences.ulps();
  return out;
}

}  // namespace mxcheck::suite
