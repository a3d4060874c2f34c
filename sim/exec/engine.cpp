// Codes of any integer type to the matrix unit, batch by batch.
#include "sim/exec/engine.h"

#include <fmt/format.h>

#include <span>

#include "sim/mxu/cycle.h"

namespace mxcheck::exec {
namespace {

using numerics::DType;
using tensor::Tensor;

std::vector<std::int32_t> widen(const Tensor& x) {
  std::vector<std::int32_t> out(static_cast<std::size_t>(x.size()));
  if (x.dtype() == DType::kS8 || x.dtype() == DType::kS4) {
    const auto codes = x.data<std::int8_t>();
    out.assign(codes.begin(), codes.end());
  } else {
    const auto codes = x.data<std::uint8_t>();
    out.assign(codes.begin(), codes.end());
  }
  return out;
}

}  // namespace

Tensor Engine::multiply(const Tensor& lhs, const Tensor& rhs) {
  const std::int64_t batch = lhs.dim(0);
  const std::int64_t m = lhs.dim(1);
  const std::int64_t k = lhs.dim(2);
  const std::int64_t n = rhs.dim(2);
  products_.push_back({current_, batch, m, k, n});
  const std::vector<std::int32_t> a = widen(lhs);
  const std::vector<std::int32_t> b = widen(rhs);
  Tensor out(DType::kS32, {batch, m, n});
  const auto target = out.mutable_data<std::int32_t>();
  for (std::int64_t i = 0; i < batch; ++i) {
    mxu::Product product;
    product.m = m;
    product.n = n;
    product.k = k;
    product.lhs =
        std::span(a).subspan(static_cast<std::size_t>(i * m * k), static_cast<std::size_t>(m * k));
    product.rhs =
        std::span(b).subspan(static_cast<std::size_t>(i * k * n), static_cast<std::size_t>(k * n));
    product.lhs_type = lhs.dtype();
    product.rhs_type = rhs.dtype();
    if (observer_ != nullptr) (*observer_)(current_, product);
    const mxu::ProductResult result = run(product);
    if (result.status == mxu::Status::kRefused) {
      if (refused_reason_.empty()) {
        refused_reason_ = fmt::format("{}: {}", current_, result.refusal.fact);
        refused_label_ = result.refusal.label;
      }
      continue;
    }
    if (result.status == mxu::Status::kUndefined && undefined_reason_.empty()) {
      undefined_reason_ = fmt::format("{}: the {} register overflows at batch {}, m {}, n {}, k {}",
                                      current_, mxu::name(result.overflow->stage), i,
                                      result.overflow->m, result.overflow->n, result.overflow->k);
    }
    // What the unit delivers is s32 in every named profile; a wider delivery keeps its low 32 bits.
    for (std::size_t j = 0; j < result.acc.size(); ++j) {
      target[static_cast<std::size_t>(i * m * n) + j] = static_cast<std::int32_t>(result.acc[j]);
    }
  }
  return out;
}

mxu::ProductResult Engine::run(const mxu::Product& product) const {
  if (level_ == Level::kCycle) return mxu::run_cycle(profile_, product).product;
  return mxu::multiply(profile_, product);
}

}  // namespace mxcheck::exec
