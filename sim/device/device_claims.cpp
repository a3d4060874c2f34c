// Lists of known words, extents, profiles (resolved by the suite), bounds; and what lies outside.
#include "sim/device/device_claims.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/base/text.h"
#include "sim/numerics/policy.h"

namespace mxcheck::device {
namespace {

using base::JsonKind;
using base::JsonMember;
using base::JsonReader;
using base::JsonValue;
using numerics::DType;

constexpr std::int64_t kMostExtent = std::int64_t{1} << 40;

class ClaimsReader {
 public:
  ClaimsReader(Tier tier, JsonReader& reader) : tier_(tier), reader_(reader) {}

  Capabilities read(const JsonValue& claims) {
    if (!reader_.check_object(
            claims, {"ops", "dtypes", "shape_limits", "profiles", "policies", "tolerance"},
            "\"capabilities\"")) {
      return out_;
    }
    Capabilities& out = out_;
    if (const auto ops = reader_.require(claims, "ops", "\"capabilities\"")) {
      const std::vector<std::string> names = op_names();
      for (const std::string& word : choices(*ops, names)) {
        const auto at = std::find(names.begin(), names.end(), word) - names.begin();
        out.ops.push_back(static_cast<Op>(at));
      }
      if (ops->is(JsonKind::kArray) && ops->size() == 0) {
        reader_.refuse_value(*ops, "an empty list", "at least one operation");
      }
      const bool packs = tier_ == Tier::kFiles || tier_ == Tier::kVerilog;
      if (packs && (out.has(Op::kQuantize) || out.has(Op::kQuantizedDot))) {
        reader_.refuse_value(*ops, fmt::format("more than products in tier {}", name(tier_)),
                             "\"product\" alone: packs hold nothing else");
      }
    }
    read_dtypes(claims);
    if (const auto limits = claims.find("shape_limits")) read_shape_limits(*limits);
    if (const auto profiles = reader_.require(claims, "profiles", "\"capabilities\"")) {
      read_profiles(*profiles);
    }
    read_policies(claims);
    if (const auto tolerance = claims.find("tolerance")) read_tolerance(*tolerance);
    return std::move(out_);
  }

 private:
  std::vector<DType> dtypes(const JsonValue& object, const char* key,
                            const std::vector<std::string>& known, std::vector<DType> otherwise) {
    const auto value = object.find(key);
    if (!value) return otherwise;
    std::vector<DType> out;
    for (const std::string& word : choices(*value, known)) {
      out.push_back(*numerics::dtype_from_name(word));
    }
    return out;
  }

  // A list of different words, each of `known`.
  std::vector<std::string> choices(const JsonValue& value, const std::vector<std::string>& known) {
    std::vector<std::string> out;
    if (!reader_.expect_kind(value, JsonKind::kArray)) return out;
    for (const JsonValue& item : value.items()) {
      if (reader_.full()) break;
      const auto at = reader_.choice(item, known);
      if (!at) continue;
      if (std::find(out.begin(), out.end(), known[*at]) != out.end()) {
        reader_.refuse_value(item, fmt::format("\"{}\" twice", known[*at]), "each word once");
        continue;
      }
      out.push_back(known[*at]);
    }
    return out;
  }

  void read_dtypes(const JsonValue& claims) {
    Capabilities& out = out_;
    const std::vector<std::string> codes{"s8", "u8", "s4", "u4"};
    const std::vector<DType> all{DType::kS8, DType::kU8, DType::kS4, DType::kU4};
    const auto types = reader_.require(claims, "dtypes", "\"capabilities\"");
    if (!types || !reader_.check_object(*types, {"lhs", "rhs", "float", "qtypes"}, "\"dtypes\"")) {
      return;
    }
    out.lhs_types = dtypes(*types, "lhs", codes, {DType::kS8});
    out.rhs_types = dtypes(*types, "rhs", codes, {DType::kS8});
    out.float_types = dtypes(*types, "float", {"f32", "bf16", "f16"}, {DType::kF32});
    out.qtypes = {"s8"};
    if (const auto qtypes = types->find("qtypes")) out.qtypes = choices(*qtypes, codes);
  }

  void read_shape_limits(const JsonValue& limits) {
    if (!reader_.check_object(limits, {"m", "n", "k"}, "\"shape_limits\"")) return;
    const auto one = [&](const char* key, std::int64_t& to) {
      const auto value = limits.find(key);
      if (value) to = reader_.integer(*value, 1, kMostExtent).value_or(0);
    };
    one("m", out_.max_m);
    one("n", out_.max_n);
    one("k", out_.max_k);
  }

  void read_profiles(const JsonValue& profiles) {
    if (!reader_.expect_kind(profiles, JsonKind::kArray)) return;
    if (profiles.size() == 0) {
      reader_.refuse_value(profiles, "an empty list", "at least one profile");
    }
    for (const JsonValue& item : profiles.items()) {
      ProfileClaim claim;
      claim.base = "ideal_int32";
      place(item, claim);
      if (item.is(JsonKind::kString)) {
        claim.base = std::string(item.text());
      } else if (reader_.expect_kind(item, JsonKind::kObject)) {
        for (const JsonMember& member : item.members()) add_setting(member, claim);
      }
      out_.profiles.push_back(std::move(claim));
    }
  }

  template <typename T>
  static void place(const JsonValue& value, T& out) {
    out.pointer = value.pointer();
    value.document().locate(value.node().place, out.line, out.column);
  }

  void add_setting(const JsonMember& member, ProfileClaim& claim) {
    if (member.key.text() == "base") {
      claim.base = reader_.string(member.value).value_or("");
      return;
    }
    ProfileSetting setting;
    setting.key = std::string(member.key.text());
    setting.json = base::to_json(member.value);
    place(member.value, setting);
    claim.settings.push_back(std::move(setting));
  }

  void read_policies(const JsonValue& claims) {
    Capabilities& out = out_;
    const auto policies = claims.find("policies");
    if (policies) out.policies = choices(*policies, numerics::policy_names());
    const bool needed = out.has(Op::kQuantize) || out.has(Op::kQuantizedDot);
    if (!policies && needed) {
      static_cast<void>(reader_.require(claims, "policies", "a device that quantizes or scales"));
    }
  }

  void read_tolerance(const JsonValue& tolerance) {
    if (tolerance.is(JsonKind::kString)) {
      static_cast<void>(reader_.choice(tolerance, {"bits"}));
      return;
    }
    if (!reader_.check_object(tolerance, {"product", "quantize", "quantized_dot"},
                              "\"tolerance\"")) {
      return;
    }
    for (const Op op : {Op::kProduct, Op::kQuantize, Op::kQuantizedDot}) {
      const auto value = tolerance.find(name(op));
      if (!value) continue;
      if (value->is(JsonKind::kString)) {
        static_cast<void>(reader_.choice(*value, {"bits"}));
      } else if (reader_.check_object(*value, {"absolute", "relative"}, "a stated bound")) {
        Tolerance bound;
        bound.absolute = bound_of(*value, "absolute");
        bound.relative = bound_of(*value, "relative");
        out_.tolerances[op] = bound;
      }
    }
  }

  double bound_of(const JsonValue& object, const char* key) {
    const auto value = object.find(key);
    if (!value || !reader_.expect_kind(*value, JsonKind::kNumber)) return 0;
    const auto number = reader_.number(*value);
    if (!number || (*number >= 0 && *number < 1e300)) return number.value_or(0);
    reader_.refuse_value(*value, fmt::format("{}", *number), "a number from 0");
    return 0;
  }

  Tier tier_;
  JsonReader& reader_;
  Capabilities out_;
};

bool among(const std::vector<DType>& types, DType type) {
  return std::find(types.begin(), types.end(), type) != types.end();
}

std::string list(const std::vector<DType>& types) {
  std::vector<std::string> names;
  for (const DType type : types) names.emplace_back(numerics::name(type));
  return base::join(names, ", ");
}

std::string outside_shape(const Capabilities& c, const Request& r) {
  const tensor::Tensor& lhs = *r.operand("lhs");
  const struct {
    const char* name;
    std::int64_t value, limit;
  } extents[] = {
      {"m", lhs.dim(0), c.max_m}, {"n", r.shape.at(1), c.max_n}, {"k", lhs.dim(1), c.max_k}};
  for (const auto& extent : extents) {
    if (extent.limit == 0 || extent.value <= extent.limit) continue;
    return fmt::format("{} is {}, the device takes up to {}", extent.name, extent.value,
                       extent.limit);
  }
  return "";
}

}  // namespace

bool Capabilities::has(Op op) const { return std::find(ops.begin(), ops.end(), op) != ops.end(); }

Tolerance Capabilities::tolerance(Op op) const {
  const auto found = tolerances.find(op);
  return found == tolerances.end() ? Tolerance{} : found->second;
}

namespace internal {

Capabilities read_capabilities(const JsonValue& claims, Tier tier, JsonReader& reader) {
  return ClaimsReader(tier, reader).read(claims);
}

}  // namespace internal

std::string outside(const Capabilities& c, const Request& r) {
  if (!c.has(r.op)) return fmt::format("the device does not claim {}", name(r.op));
  if (r.op == Op::kQuantize) {
    const DType x = r.operand("x")->dtype();
    if (!among(c.float_types, x)) {
      return fmt::format("x is {}, the device takes {}", numerics::name(x), list(c.float_types));
    }
    const std::string qtype = numerics::name(r.dtype);
    if (std::find(c.qtypes.begin(), c.qtypes.end(), qtype) == c.qtypes.end()) {
      return fmt::format("codes are {}, the device gives {}", qtype, base::join(c.qtypes, ", "));
    }
    return "";
  }
  const DType lhs = r.operand("lhs")->dtype(), rhs = r.operand("rhs")->dtype();
  if (!among(c.lhs_types, lhs) || !among(c.rhs_types, rhs)) {
    return fmt::format("{} x {}, the device takes {} x {}", numerics::name(lhs),
                       numerics::name(rhs), list(c.lhs_types), list(c.rhs_types));
  }
  if (r.op == Op::kQuantizedDot) {
    for (const auto& [key, value] : r.operands) {
      if (!numerics::is_float(value.dtype()) || among(c.float_types, value.dtype())) continue;
      return fmt::format("{} is {}, the device takes {}", key, numerics::name(value.dtype()),
                         list(c.float_types));
    }
    if (!among(c.float_types, r.dtype)) {
      return fmt::format("results are {}, the device gives {}", numerics::name(r.dtype),
                         list(c.float_types));
    }
  }
  return outside_shape(c, r);
}

}  // namespace mxcheck::device
