// Engine: the matrix unit as the executor sees it: products of codes under one hardware profile and
// one level of the model, with what it met on the way (an undefined overflow, the products it ran).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "sim/mxu/product.h"
#include "sim/mxu/profile.h"
#include "sim/tensor/tensor.h"

namespace mxcheck::exec {

// kFunctional: the definition. kCycle: the stepped array. kFast: SIMD kernels, licensed products
// only.
enum class Level : std::uint8_t { kFunctional, kCycle, kFast };

// Sizes of one product the matrix unit ran, for schedules and reports.
struct ProductShape {
  std::string name;  // "step0/quant/<node>/fwd"
  std::int64_t batch = 1, m = 0, k = 0, n = 0;
};

// Sees every matrix product (one batch element at a time) before it is multiplied; its spans live
// only as long as the call.
using ProductObserver = std::function<void(const std::string& name, const mxu::Product& product)>;

class Engine {
 public:
  Engine(const mxu::Profile& profile, Level level, const ProductObserver* observer = nullptr)
      : profile_(profile), level_(level), observer_(observer) {}

  // Names the products that follow, for messages.
  void begin(std::string name) { current_ = std::move(name); }

  // [b,m,k] x [b,k,n] codes (s8, u8, s4, u4) -> s32 [b,m,n]. Shapes give b as their leading axis.
  [[nodiscard]] tensor::Tensor multiply(const tensor::Tensor& lhs, const tensor::Tensor& rhs);

  [[nodiscard]] bool undefined() const { return !undefined_reason_.empty(); }
  [[nodiscard]] const std::string& undefined_reason() const { return undefined_reason_; }
  // The first product the profile does not accept (HW-TYPE, HW-TAIL): label and fact, "" if none.
  [[nodiscard]] const std::string& refused_label() const { return refused_label_; }
  [[nodiscard]] const std::string& refused_reason() const { return refused_reason_; }
  [[nodiscard]] const std::vector<ProductShape>& products() const { return products_; }

 private:
  [[nodiscard]] mxu::ProductResult run(const mxu::Product& product) const;

  const mxu::Profile& profile_;
  Level level_;
  const ProductObserver* observer_;
  std::string current_;
  std::string refused_label_;
  std::string undefined_reason_;
  std::string refused_reason_;
  std::vector<ProductShape> products_;
};

}  // namespace mxcheck::exec
