// Engine: the matrix unit as the executor sees it: products of codes under one hardware profile and
// one level of the model, with what it met on the way (an undefined overflow, the products it ran,
// the way each was computed). The SIMD kernels need a licence for every product; without one the
// level auto falls to the functional model and says so, the level fast refuses (HW-LICENCE).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/parallel.h"
#include "sim/kernels/isa.h"
#include "sim/kernels/window.h"
#include "sim/mxu/product.h"
#include "sim/mxu/profile.h"
#include "sim/tensor/tensor.h"

namespace mxcheck::exec {

// kAuto: SIMD kernels where they are licensed, the functional model elsewhere. kFunctional: no
// SIMD. kCycle: the stepped array. kFast: SIMD kernels; a product without a licence is refused.
enum class Level : std::uint8_t { kAuto, kFunctional, kCycle, kFast };
[[nodiscard]] const char* name(Level level);
[[nodiscard]] inline bool uses_kernels(Level level) {
  return level == Level::kAuto || level == Level::kFast;
}

// Sizes of one product the matrix unit ran, for schedules and reports.
struct ProductShape {
  std::string name;  // "step0/quant/<node>/fwd"
  std::int64_t batch = 1, m = 0, k = 0, n = 0;
};

// Sees every matrix product (one batch element at a time) before it is multiplied; its spans live
// only as long as the call.
using ProductObserver = std::function<void(const std::string& name, const mxu::Product& product)>;

// Takes the unit's place for a product: fills acc [m,n] and returns true, or false to leave it to
// the unit. A device under test answers here (sim/suite).
using ProductSource =
    std::function<bool(const std::string& name, const mxu::Product& product, std::int32_t* acc)>;

// One way products were computed, and how many (batch elements counted one by one).
struct PathUse {
  std::string level;   // "fast", "functional", "cycle", "device"
  std::string kernel;  // of level fast: its name in kernels.def
  std::string reason;  // the licence, or why there is none
  std::int64_t products = 0;
};

struct EngineOptions {
  Level level = Level::kFunctional;
  kernels::Isa isa = kernels::best_isa();
  base::Pool* pool = nullptr;                 // of the kernels; null: the calling thread alone
  const ProductObserver* observer = nullptr;  // of every product; may be null
  fault::Faults faults = {};                  // planted in the unit, see sim/mxu/defects.h
  const ProductSource* source = nullptr;      // instead of the unit; may be null
};

class Engine {
 public:
  Engine(const mxu::Profile& profile, const EngineOptions& options)
      : profile_(profile), options_(options) {}

  // Names the products that follow, for messages.
  void begin(std::string name) { current_ = std::move(name); }

  // [b,m,k] x [b,k,n] codes (s8, u8, s4, u4) -> s32 [b,m,n]. Shapes give b as their leading axis.
  [[nodiscard]] tensor::Tensor multiply(const tensor::Tensor& lhs, const tensor::Tensor& rhs);
  // A convolution without patches in memory: codes x [b,h,w,ci] and w [kh*kw*ci, co] -> s32
  // [b*oh*ow, co]. nullopt where the kernels may not stand for the unit (level, licence, types, a
  // planted fault) or somebody watches the products: the caller multiplies patches then.
  [[nodiscard]] std::optional<tensor::Tensor> convolve(const kernels::Convolution2d& shape,
                                                       const tensor::Tensor& x,
                                                       const tensor::Tensor& w);

  [[nodiscard]] bool undefined() const { return !undefined_reason_.empty(); }
  [[nodiscard]] const std::string& undefined_reason() const { return undefined_reason_; }
  // The first product the profile does not accept (HW-TYPE, HW-TAIL): label and fact, "" if none.
  [[nodiscard]] const std::string& refused_label() const { return refused_label_; }
  [[nodiscard]] const std::string& refused_reason() const { return refused_reason_; }
  [[nodiscard]] const std::vector<ProductShape>& products() const { return products_; }
  [[nodiscard]] const std::vector<PathUse>& paths() const { return paths_; }
  [[nodiscard]] const EngineOptions& options() const { return options_; }

 private:
  struct Matrices;  // one element of a batch
  [[nodiscard]] bool multiply_fast(const Matrices& x, std::int32_t* acc);
  void multiply_slow(const Matrices& x, std::int32_t* acc);
  // Does somebody see, or answer, every product with its codes?
  [[nodiscard]] bool is_watched() const {
    return options_.observer != nullptr || options_.source != nullptr;
  }
  [[nodiscard]] bool faulty() const;
  [[nodiscard]] fault::Level defect_level() const;
  [[nodiscard]] mxu::ProductResult multiply_faultily(const mxu::Product& product) const;
  void refuse(const std::string& label, const std::string& fact);
  void count(const char* level, const std::string& kernel, const std::string& reason);

  const mxu::Profile& profile_;
  EngineOptions options_;
  std::string current_;
  std::string refused_label_;
  std::string undefined_reason_;
  std::string refused_reason_;
  std::vector<ProductShape> products_;
  std::vector<PathUse> paths_;
};

}  // namespace mxcheck::exec
