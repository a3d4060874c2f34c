// Codes of any integer type to the matrix unit, batch by batch.
#include "sim/exec/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "sim/exec/kernel_product.h"
#include "sim/mxu/cycle.h"

namespace mxcheck::exec {
namespace {

using numerics::DType;
using tensor::Tensor;

bool is_signed(DType dtype) { return dtype == DType::kS8 || dtype == DType::kS4; }

std::vector<std::int32_t> widen(const std::uint8_t* codes, std::int64_t count, DType dtype) {
  if (!is_signed(dtype)) return {codes, codes + count};
  const auto* from = reinterpret_cast<const std::int8_t*>(codes);
  return {from, from + count};
}

mxu::CodeRange range_of(const std::uint8_t* codes, std::int64_t count, DType dtype) {
  if (count == 0) return {};
  if (!is_signed(dtype)) {
    const auto [low, high] = std::minmax_element(codes, codes + count);
    return {*low, *high};
  }
  const auto* from = reinterpret_cast<const std::int8_t*>(codes);
  const auto [low, high] = std::minmax_element(from, from + count);
  return {*low, *high};
}

}  // namespace

const char* name(Level level) {
  switch (level) {
    case Level::kAuto:
      return "auto";
    case Level::kFunctional:
      return "functional";
    case Level::kCycle:
      return "cycle";
    case Level::kFast:
      return "fast";
  }
  return "?";
}

struct Engine::Matrices {
  std::int64_t index = 0;  // in the batch
  std::int64_t m = 0, k = 0, n = 0;
  const std::uint8_t *lhs = nullptr, *rhs = nullptr;
  DType lhs_type = DType::kS8, rhs_type = DType::kS8;
};

Tensor Engine::multiply(const Tensor& lhs, const Tensor& rhs) {
  Matrices x;
  const std::int64_t batch = lhs.dim(0);
  x.m = lhs.dim(1);
  x.k = lhs.dim(2);
  x.n = rhs.dim(2);
  x.lhs_type = lhs.dtype();
  x.rhs_type = rhs.dtype();
  products_.push_back({current_, batch, x.m, x.k, x.n});
  Tensor out(DType::kS32, {batch, x.m, x.n});
  const auto target = out.mutable_data<std::int32_t>();
  const auto left = lhs.data<std::uint8_t>();
  const auto right = rhs.data<std::uint8_t>();
  for (; x.index < batch; ++x.index) {
    x.lhs = left.data() + x.index * x.m * x.k;
    x.rhs = right.data() + x.index * x.k * x.n;
    std::int32_t* acc = target.data() + x.index * x.m * x.n;
    if (!is_watched() && multiply_fast(x, acc)) continue;
    multiply_slow(x, acc);
  }
  return out;
}

// True if the product is done, or refused for good.
bool Engine::multiply_fast(const Matrices& x, std::int32_t* acc) {
  if (!uses_kernels(options_.level) || (options_.level == Level::kAuto && faulty())) return false;
  mxu::Refusal refusal = mxu::refuse_types(profile_, x.lhs_type, x.rhs_type);
  if (!refusal.refused()) refusal = mxu::refuse_shape(profile_, x.m, x.n, x.k);
  if (refusal.refused()) {
    refuse(refusal.label, refusal.fact);
    return true;
  }
  mxu::ProductRange range;
  range.k = x.k;
  if (!mxu::plain_wrap(profile_)) {
    range.lhs = range_of(x.lhs, x.m * x.k, x.lhs_type);
    range.rhs = range_of(x.rhs, x.k * x.n, x.rhs_type);
  }
  const mxu::Licence licence = mxu::licence(profile_, range);
  if (!licence.granted) {
    if (options_.level != Level::kFast) return false;
    refuse("HW-LICENCE", fmt::format("level fast has no licence: {}", licence.reason));
    return true;
  }
  const kernels::GemmKernel& kernel = kernels::gemm_kernel_for(options_.isa, x.m);
  thread_local kernels::PackedRhs packed;
  const KernelProduct product{kernel,
                              options_.isa,
                              {x.lhs, x.m, x.k, x.k, 1, is_signed(x.lhs_type)},
                              {x.rhs, x.k, x.n, x.n, 1, is_signed(x.rhs_type)}};
  multiply_on_kernel(product, packed, {acc, x.n, options_.pool, nullptr}, options_.faults);
  count("fast", kernels::tile_kernel(kernel, x.m).name, licence.reason);
  return true;
}

std::optional<Tensor> Engine::convolve(const kernels::Convolution2d& shape, const Tensor& x,
                                       const Tensor& w) {
  if (!uses_kernels(options_.level) || is_watched() || !options_.faults.empty()) {
    return std::nullopt;
  }
  const std::int64_t rows = shape.batch * shape.out_height * shape.out_width;
  const std::int64_t k = w.dim(0), n = w.dim(1);
  if (mxu::refuse_types(profile_, x.dtype(), w.dtype()).refused() ||
      mxu::refuse_shape(profile_, rows, n, k).refused()) {
    return std::nullopt;
  }
  const std::uint8_t* image = x.data<std::uint8_t>().data();
  const std::uint8_t* taps = w.data<std::uint8_t>().data();
  mxu::ProductRange range;
  range.k = k;
  if (!mxu::plain_wrap(profile_)) {
    range.lhs = range_of(image, x.size(), x.dtype());
    range.lhs = {std::min<std::int64_t>(range.lhs.low, 0),
                 std::max<std::int64_t>(range.lhs.high, 0)};  // the border
    range.rhs = range_of(taps, w.size(), w.dtype());
  }
  const mxu::Licence licence = mxu::licence(profile_, range);
  if (!licence.granted) return std::nullopt;
  products_.push_back({current_, 1, rows, k, n});
  const kernels::GemmKernel& kernel = *kernels::gemm_kernels_for(options_.isa).front();
  thread_local kernels::PackedRhs packed;
  packed.pack(kernel, options_.isa, {taps, k, n, n, 1, is_signed(w.dtype())}, shape.channels);
  Tensor out(DType::kS32, {rows, n});
  kernels::convolve(shape, image, is_signed(x.dtype()), packed,
                    {out.mutable_data<std::int32_t>().data(), n, options_.pool, nullptr});
  count("fast", kernel.name, licence.reason);
  return out;
}

void Engine::multiply_slow(const Matrices& x, std::int32_t* acc) {
  const std::vector<std::int32_t> a = widen(x.lhs, x.m * x.k, x.lhs_type);
  const std::vector<std::int32_t> b = widen(x.rhs, x.k * x.n, x.rhs_type);
  mxu::Product product;
  product.m = x.m;
  product.n = x.n;
  product.k = x.k;
  product.lhs = a;
  product.rhs = b;
  product.lhs_type = x.lhs_type;
  product.rhs_type = x.rhs_type;
  if (options_.observer != nullptr) {
    (*options_.observer)(current_, product);
  }
  if (options_.source != nullptr && (*options_.source)(current_, product, acc)) {
    count("device", "", "");
    return;
  }
  if (is_watched() && multiply_fast(x, acc)) return;
  const bool cycle = options_.level == Level::kCycle;
  const mxu::ProductResult result = faulty() ? multiply_faultily(product)
                                    : cycle  ? mxu::run_cycle(profile_, product).product
                                             : mxu::multiply(profile_, product);
  if (result.status == mxu::Status::kRefused) {
    refuse(result.refusal.label, result.refusal.fact);
    return;
  }
  if (result.status == mxu::Status::kUndefined && undefined_reason_.empty()) {
    undefined_reason_ = fmt::format("{}: the {} register overflows at batch {}, m {}, n {}, k {}",
                                    current_, mxu::name(result.overflow->stage), x.index,
                                    result.overflow->m, result.overflow->n, result.overflow->k);
  }
  // What the unit delivers is s32 in every named profile; a wider delivery keeps its low 32 bits.
  for (std::size_t j = 0; j < result.acc.size(); ++j) {
    acc[j] = static_cast<std::int32_t>(result.acc[j]);
  }
  count(cycle ? "cycle" : "functional", "", cycle ? "" : result.path);
}

// Does the unit at this level have a faulty register or wire?
bool Engine::faulty() const {
  return !options_.faults.empty() && mxu::Defects::any(options_.faults, defect_level());
}

fault::Level Engine::defect_level() const {
  return options_.level == Level::kCycle ? fault::Level::kCycle : fault::Level::kFunctional;
}

mxu::ProductResult Engine::multiply_faultily(const mxu::Product& product) const {
  const mxu::Defects defects(options_.faults, defect_level(), profile_, product.lhs_type,
                             product.rhs_type);
  if (options_.level != Level::kCycle) return mxu::functional(profile_, product, &defects);
  mxu::CycleOptions stepped;
  stepped.defects = &defects;
  return mxu::run_cycle(profile_, product, stepped).product;
}

void Engine::refuse(const std::string& label, const std::string& fact) {
  if (!refused_reason_.empty()) return;
  refused_reason_ = fmt::format("{}: {}", current_, fact);
  refused_label_ = label;
}

void Engine::count(const char* level, const std::string& kernel, const std::string& reason) {
  for (PathUse& use : paths_) {
    if (use.level != level || use.kernel != kernel || use.reason != reason) continue;
    ++use.products;
    return;
  }
  paths_.push_back({level, kernel, reason, 1});
}

}  // namespace mxcheck::exec
