// Values by channel and position in the channel, from threefry words.
#include "sim/suite/metamorphic_operands.h"

#include <algorithm>
#include <cmath>

#include "golden/reference/float_model.h"
#include "sim/base/threefry.h"
#include "sim/suite/metamorphic_axes.h"
#include "sim/suite/ste_check.h"

namespace mxcheck::suite {
namespace {

using tensor::Tensor;

// Uniform in [-1, 1), by position.
class Words {
 public:
  explicit Words(std::uint64_t seed) : seed_(seed) {}
  [[nodiscard]] double signed_unit(std::int64_t i) const {
    return static_cast<double>(
               static_cast<std::int32_t>(base::random_word(seed_, static_cast<std::uint64_t>(i)))) *
           0x1p-31;
  }

 private:
  std::uint64_t seed_;
};

// How far codes reach on either side of 0, and the range that is given where it is fixed.
struct Reach {
  double bound = 1, range = 1;
};

Reach reach_of(const std::optional<graph::QuantizePlan>& how) {
  Reach out;
  if (!how) return out;
  out.bound = numerics::info(how->qtype).bound;
  const bool fixed = how->method.kind == numerics::CalibrationMethod::Kind::kFixed;
  if (fixed) out.range = std::fabs(how->method.arguments.back());
  return out;
}

// `u` in [-1, 1), `place` counts the positions of a channel.
double code_value(std::int64_t channel, std::int64_t place, double u, const Reach& reach) {
  const double step = 0x1p-3;
  switch (channel % 6) {
    case 0:  // the scale is `step`: every quotient lies on a tie
      if (place == 0) return reach.bound * step;
      return (std::floor(u * reach.bound) + 0.5) * step;
    case 1:  // absmax with both signs
      return place == 0 ? 0.7109375 : place == 1 ? -0.7109375 : 0.7 * u;
    case 2:
      return place % 2 == 0 ? 0.0 : -0.0;
    case 3:
      return u;
    case 4:  // at and beyond the end of the range, whatever gives it
      return (place % 3 == 0 ? 1 : place % 3 == 1 ? -1 : 4 * u) * reach.range;
    default:  // one value alone
      return place == 0 ? -1.5 * reach.range : 0.0;
  }
}

double scale_value(std::int64_t channel, std::int64_t place, double u, numerics::DType dtype,
                   const Reach& reach) {
  const reference::FloatModel f = reference::float_model(dtype);
  const double guard = std::ldexp(1.0, std::ilogb(f.smallest_normal) / 2);
  switch (channel % 4) {
    case 0:  // subnormal
      return f.smallest_normal * u / 2;
    case 1:  // huge, with a range that is still finite
      return f.largest / 8 * u;
    case 2:  // scales at the guard, on either side
      return place == 0 ? guard * reach.bound * (1 + u * 0x1p-6) : guard * u;
    default:
      return u;
  }
}

std::int64_t channel_axis(const Tensor& x, const std::optional<graph::QuantizePlan>& how) {
  if (x.rank() == 0) return -1;
  return how && !how->channelwise.empty() ? how->channelwise.front() : 0;
}

// Rows, columns and batch entries beyond eight are left out.
bool shrink(OneNode& node, const NodeRun& base) {
  for (const ProductIndex& index : product_indices(base)) {
    if (index.contracted() || index.extent <= 8) continue;
    for (const bool lhs : {true, false}) {
      const std::int64_t axis = lhs ? index.lhs : index.rhs;
      const std::size_t argument = node.argument(lhs);
      if (axis >= 0) {
        node.set_operand(argument, taken(node.operand(argument), axis, positions(0, 8)));
      }
    }
    const Tensor* g = node.cotangent();
    const graph::Axes& permutation = base.plan().lowering.permutation;
    std::int64_t at = index.out;
    if (!permutation.empty()) {
      at = std::find(permutation.begin(), permutation.end(), at) - permutation.begin();
    }
    if (g != nullptr) node.set_cotangent(taken(*g, at, positions(0, 8)));
  }
  node.statistics().clear();
  return node.plan_again();
}

bool one_element_rows(OneNode& node, const NodeRun& base) {
  if (!base.is_dot()) return false;
  bool changed = false;
  for (const ProductIndex& index : product_indices(base)) {
    if (!index.contracted()) continue;
    node.set_operand(node.argument(true), taken(node.operand(node.argument(true)), index.lhs, {0}));
    node.set_operand(node.argument(false),
                     taken(node.operand(node.argument(false)), index.rhs, {0}));
    changed = true;
  }
  node.statistics().clear();
  return changed && node.plan_again();
}

bool too_large(const OneNode& node) {
  double pairs = 1;
  for (const bool lhs : {true, false}) {
    pairs *= static_cast<double>(node.operand(node.argument(lhs)).size());
  }
  // Operands share K at least once: their product bounds M K N from above by a factor K.
  return pairs > static_cast<double>(kMaxGenerated) * 64;
}

}  // namespace

const char* name(Planting planting) {
  switch (planting) {
    case Planting::kCodes:
      return "ties, signs, zeros and ends of ranges";
    case Planting::kScales:
      return "subnormal, huge and guarded scales";
    case Planting::kOneElementRows:
      return "rows of one element";
  }
  return "";
}

Tensor planted(const Tensor& like, const std::optional<graph::QuantizePlan>& how, Planting planting,
               std::uint64_t seed) {
  if (!numerics::is_arithmetic_float(like.dtype())) return like;
  Tensor out(like.dtype(), like.shape());
  const Words words(seed);
  const Reach reach = reach_of(how);
  const std::int64_t axis = channel_axis(like, how);
  std::vector<std::int64_t> places(
      static_cast<std::size_t>(axis < 0 ? 1 : std::max<std::int64_t>(like.dim(axis), 1)), 0);
  const std::vector<std::int64_t> strides = tensor::row_major_strides(like.shape());
  const auto first = static_cast<std::int64_t>(seed % 6);
  for (std::int64_t i = 0; i < out.size(); ++i) {
    const std::int64_t channel =
        axis < 0 ? 0 : i / strides[static_cast<std::size_t>(axis)] % like.dim(axis);
    const std::int64_t place = places[static_cast<std::size_t>(channel)]++;
    const double u = words.signed_unit(i);
    out.store(i, planting == Planting::kScales
                     ? scale_value(channel + first, place, u, like.dtype(), reach)
                     : code_value(channel + first, place, u, reach));
  }
  return out;
}

std::optional<OneNode> planted_node(const NodeRun& base, Planting planting, std::uint64_t seed) {
  OneNode out = base.node();
  const bool summed =
      !base.plan().lowering.lhs_sum.empty() || !base.plan().lowering.rhs_sum.empty();
  if (summed && (too_large(out) || planting == Planting::kOneElementRows)) return std::nullopt;
  if (planting == Planting::kOneElementRows && !one_element_rows(out, base)) return std::nullopt;
  if (too_large(out) && (!shrink(out, base) || too_large(out))) return std::nullopt;
  for (const bool lhs : {true, false}) {
    const std::size_t argument = out.argument(lhs);
    const graph::OperandPlan& how = lhs ? out.plan().lhs : out.plan().rhs;
    out.set_operand(argument, planted(out.operand(argument), summed ? std::nullopt : how.quantize,
                                      planting, seed + (lhs ? 1 : 2)));
  }
  if (const Tensor* g = out.cotangent()) {
    out.set_cotangent(planted(*g, std::nullopt, planting, seed + 3));
  }
  return out;
}

}  // namespace mxcheck::suite
