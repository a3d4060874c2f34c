// One product, one quantization: the operations a device is asked for too, on arrays from outside.
// Everything about the arrays is checked before anything is computed (API-ARRAY, and the labels of
// cases: HW-*, QT-*, CAL-*, TIL-*, QNT-DTYPE, SHP-AXIS).
#include <fmt/format.h>

#include <algorithm>
#include <exception>

#include "mxcheck/mxcheck.h"
#include "sim/api/convert.h"
#include "sim/base/text.h"
#include "sim/mxu/cycle.h"
#include "sim/numerics/flush.h"
#include "sim/quant/quantize.h"
#include "sim/suite/option_text.h"

namespace mxcheck {
namespace {

using tensor::DType;
using tensor::Tensor;

// --- product ------------------------------------------------------------------------------------

// Limits of `mxcheck sim`: what can be stepped or summed in reasonable time.
constexpr std::int64_t kMostMacs = std::int64_t{1} << 36;
constexpr std::int64_t kMostElements = std::int64_t{1} << 28;

struct Operands {
  Tensor lhs, rhs;
  std::vector<std::int32_t> lhs_codes, rhs_codes;
  std::vector<std::int64_t> init;
};

bool is_code(DType dtype) {
  return dtype == DType::kS8 || dtype == DType::kU8 || dtype == DType::kS4 || dtype == DType::kU4;
}

std::optional<Tensor> read_matrix(const Array& array, const char* name, Diagnostics& diagnostics) {
  std::optional<Tensor> out = api::to_tensor(array, name, diagnostics);
  if (!out) return std::nullopt;
  const bool extents =
      out->rank() == 2 &&
      std::all_of(out->shape().begin(), out->shape().end(),
                  [](std::int64_t extent) { return extent >= 1 && extent <= mxu::kMaxExtent; });
  if (extents) return out;
  api::refuse_array(name, "its shape is " + tensor::to_string(out->shape()),
                    fmt::format("two dimensions from 1 to {}", mxu::kMaxExtent), diagnostics);
  return std::nullopt;
}

std::optional<Tensor> read_codes(const Array& array, const char* name, Diagnostics& diagnostics) {
  std::optional<Tensor> out = read_matrix(array, name, diagnostics);
  if (!out || is_code(out->dtype())) return out;
  api::refuse_array(name, "its dtype is " + array.dtype, "codes: s8, u8, s4 or u4", diagnostics);
  return std::nullopt;
}

std::vector<std::int32_t> codes_of(const Tensor& value) {
  std::vector<std::int32_t> out(static_cast<std::size_t>(value.size()));
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = static_cast<std::int32_t>(value.load_int(static_cast<std::int64_t>(i)));
  }
  return out;
}

bool read_init(const Array& array, std::int64_t m, std::int64_t n, Operands& out,
               Diagnostics& diagnostics) {
  const std::optional<Tensor> init = read_matrix(array, "init", diagnostics);
  if (!init) return false;
  const auto data =
      init->dtype() == DType::kS64 ? init->data<std::int64_t>() : std::span<const std::int64_t>{};
  constexpr std::int64_t kMost = (std::int64_t{1} << 62) - 1;
  const bool good = init->dtype() == DType::kS64 && init->shape() == tensor::Shape{m, n} &&
                    std::all_of(data.begin(), data.end(),
                                [](std::int64_t x) { return x >= -kMost && x <= kMost; });
  if (!good) {
    api::refuse_array("init",
                      fmt::format("it is {}{}", array.dtype, tensor::to_string(init->shape())),
                      fmt::format("s64[{}, {}] with magnitudes below 2^62", m, n), diagnostics);
    return false;
  }
  out.init.assign(data.begin(), data.end());
  return true;
}

std::optional<Operands> read_operands(const Product& product, Diagnostics& diagnostics) {
  std::optional<Tensor> lhs = read_codes(product.lhs, "lhs", diagnostics);
  std::optional<Tensor> rhs = read_codes(product.rhs, "rhs", diagnostics);
  if (!lhs || !rhs) return std::nullopt;
  const std::int64_t m = lhs->dim(0), k = lhs->dim(1), n = rhs->dim(1);
  if (k != rhs->dim(0)) {
    api::refuse_array("rhs", fmt::format("it has {} rows, lhs has {} columns", rhs->dim(0), k),
                      "lhs [m, k] and rhs [k, n]", diagnostics);
    return std::nullopt;
  }
  if (m * n > kMostElements || m * k > kMostMacs / n) {
    api::refuse_array("lhs", fmt::format("{} x {} x {} multiplications", m, k, n),
                      "2^36 of them and 2^28 results at most", diagnostics);
    return std::nullopt;
  }
  Operands out{*lhs, *rhs, codes_of(*lhs), codes_of(*rhs), {}};
  if (product.init && !read_init(*product.init, m, n, out, diagnostics)) return std::nullopt;
  return out;
}

void take(const mxu::ProductResult& computed, std::int64_t m, std::int64_t n, ProductResult& out) {
  if (computed.status == mxu::Status::kRefused) {
    Diagnostic d;
    d.label = computed.refusal.label;
    d.fact = computed.refusal.fact;
    out.diagnostics.push_back(std::move(d));
    return;
  }
  if (computed.status == mxu::Status::kUndefined && computed.overflow) {
    out.status = Status::kUndefined;
    const mxu::OverflowAt& at = *computed.overflow;
    out.reason = fmt::format("the {} register of [{}, {}] overflows at k = {}", mxu::name(at.stage),
                             at.m, at.n, at.k);
  }
  Tensor acc(DType::kS64, {m, n});
  std::copy(computed.acc.begin(), computed.acc.end(), acc.mutable_data<std::int64_t>().begin());
  out.acc = api::to_public(acc);
}

void multiply_checked(const Product& product, ProductResult& out) {
  const std::optional<Operands> operands = read_operands(product, out.diagnostics);
  const std::optional<mxu::Profile> profile = api::read_hardware(product.hardware, out.diagnostics);
  if (product.level != Level::kFunctional && product.level != Level::kCycle) {
    api::refuse_option("level", "a single product is computed by the functional or the cycle model",
                       out.diagnostics);
  }
  if (has_errors(out.diagnostics)) return;
  mxu::Product asked;
  asked.m = operands->lhs.dim(0), asked.k = operands->lhs.dim(1), asked.n = operands->rhs.dim(1);
  asked.lhs = operands->lhs_codes, asked.rhs = operands->rhs_codes, asked.init = operands->init;
  asked.lhs_type = operands->lhs.dtype(), asked.rhs_type = operands->rhs.dtype();
  if (product.level == Level::kCycle) {
    const mxu::CycleResult stepped = mxu::run_cycle(*profile, asked);
    take(stepped.product, asked.m, asked.n, out);
    out.cycles = stepped.cycles.total();
  } else {
    take(mxu::multiply(*profile, asked), asked.m, asked.n, out);
  }
  if (has_errors(out.diagnostics)) return;
  const mxu::WidthsNeeded widths = mxu::widths_needed(*profile, asked);
  out.partial_bits = widths.partial, out.acc_bits = widths.acc;
}

// --- quantization -------------------------------------------------------------------------------

void refuse(const char* label, const std::string& fact, const std::string& expectation,
            Diagnostics& diagnostics) {
  Diagnostic d;
  d.label = label;
  d.fact = fact;
  d.expectation = expectation;
  diagnostics.push_back(std::move(d));
}

bool has_axis(std::int64_t axis, const Tensor& x, Diagnostics& diagnostics) {
  if (axis >= 0 && axis < x.rank()) return true;
  refuse("SHP-AXIS", fmt::format("x has {} axes and no axis {}", x.rank(), axis),
         "axes from 0 to the number of dimensions - 1", diagnostics);
  return false;
}

void read_tiles(const Quantize& request, const Tensor& x, quant::Spec& spec,
                Diagnostics& diagnostics) {
  for (const auto& [axis, tile] : request.tiles) {
    if (!has_axis(axis, x, diagnostics)) continue;
    if (tile < 1 || x.dim(axis) % tile != 0) {
      refuse("TIL-DIVIDE",
             fmt::format("axis {} has {} elements, its tile {}", axis, x.dim(axis), tile),
             "a tile of at least one element that divides the axis", diagnostics);
    } else if (std::count(spec.channelwise.begin(), spec.channelwise.end(), axis) != 0) {
      refuse("TIL-CHANNEL", fmt::format("axis {} is both", axis),
             "an axis is either channelwise or tiled", diagnostics);
    }
    spec.tiled.emplace_back(axis, tile);
  }
  const int mandatory = numerics::info(spec.qtype).mandatory_tile;
  const bool kept = std::all_of(spec.tiled.begin(), spec.tiled.end(),
                                [&](const auto& tile) { return tile.second == mandatory; });
  if (mandatory != 0 && (spec.tiled.empty() || !kept)) {
    refuse("TIL-MX", fmt::format("{} has other tiles, or none", request.qtype),
           fmt::format("{} needs tiles of {}", request.qtype, mandatory), diagnostics);
  }
}

void read_axes(const Quantize& request, const Tensor& x, quant::Spec& spec,
               Diagnostics& diagnostics) {
  for (const std::int64_t axis : request.channelwise) {
    if (!has_axis(axis, x, diagnostics)) continue;
    if (std::count(spec.channelwise.begin(), spec.channelwise.end(), axis) != 0) {
      refuse("SHP-AXIS", fmt::format("axis {} stands twice", axis), "", diagnostics);
    }
    spec.channelwise.push_back(axis);
  }
  std::sort(spec.channelwise.begin(), spec.channelwise.end());
  read_tiles(request, x, spec, diagnostics);
}

std::optional<quant::Spec> read_spec(const Quantize& request, const Tensor& x,
                                     Diagnostics& diagnostics) {
  quant::Spec spec;
  if (!numerics::is_arithmetic_float(x.dtype())) {
    refuse("QNT-DTYPE", "x is " + request.x.dtype, "f64, f32, f16 or bf16", diagnostics);
  }
  if (x.size() == 0) {
    api::refuse_array("x", "it has no elements", "at least one", diagnostics);
  }
  const auto qtype = numerics::qtype_from_name(request.qtype);
  if (!qtype) {
    const std::vector<std::string> known = numerics::qtype_names();
    refuse("QT-TYPE",
           fmt::format("there is no type \"{}\"{}", base::printable(request.qtype),
                       suite::did_you_mean(request.qtype, known)),
           "one of: " + base::join(known, ", "), diagnostics);
    return std::nullopt;
  }
  spec.qtype = *qtype;
  const auto method = numerics::parse_calibration_method(request.method);
  if (const auto* error = std::get_if<numerics::CalibrationError>(&method)) {
    refuse(error->label, error->fact, "absmax[,s], minmax[,s], rms,s or fixed,a[,b]", diagnostics);
    return std::nullopt;
  }
  spec.method = std::get<numerics::CalibrationMethod>(method);
  if (numerics::is_asymmetric(spec.method) && !numerics::info(*qtype).asymmetric) {
    refuse("QT-ASYM-TYPE", fmt::format("{} gives {} a zero point", request.method, request.qtype),
           "only s8 and s4 have a zero-point form", diagnostics);
  }
  read_axes(request, x, spec, diagnostics);
  return spec;
}

void quantize_checked(const Quantize& request, QuantizeResult& out) {
  const base::Result<numerics::Policy> policy = suite::policy_from_text(request.policy);
  if (!policy) api::refuse_option("policy", policy.error(), out.diagnostics);
  const std::optional<Tensor> x = api::to_tensor(request.x, "x", out.diagnostics);
  if (!x) return;
  const std::optional<quant::Spec> spec = read_spec(request, *x, out.diagnostics);
  if (has_errors(out.diagnostics)) return;
  const numerics::FlushSubnormals flush;
  const quant::Calibration range = quant::calibrate(*x, *spec, policy.value());
  const quant::Scaling scaling = quant::compute_scaling(range, spec->qtype, policy.value());
  const quant::Quantized q = quant::quantize(*x, spec->qtype, scaling, policy.value());
  out.qvalue = api::to_public(q.qvalue);
  out.scale = api::to_public(q.scale);
  if (q.zero_point) out.zero_point = api::to_public(*q.zero_point);
  out.dequantized = api::to_public(quant::dequantize(q, policy.value()));
}

}  // namespace

ProductResult multiply(const Product& product) {
  ProductResult out;
  try {
    multiply_checked(product, out);
  } catch (const std::exception& error) {
    out.diagnostics.push_back(api::failure(error.what()));
  }
  if (!has_errors(out.diagnostics)) return out;
  ProductResult refused;
  refused.status = Status::kSuiteError;
  refused.diagnostics = std::move(out.diagnostics);
  return refused;
}

QuantizeResult quantize(const Quantize& request) {
  QuantizeResult out;
  try {
    quantize_checked(request, out);
  } catch (const std::exception& error) {
    out = {};
    out.diagnostics.push_back(api::failure(error.what()));
  }
  return out;
}

}  // namespace mxcheck
