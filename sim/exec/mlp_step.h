// One forward and backward pass of a chain of int8 dense layers, fused: the same bits as the
// executor's for the graph x -> dot_general -> relu -> ... -> dot_general under the rule weight,
// act and bwd_qtype s8, absmax, policy ieee, f32 (BWD-1..BWD-5, DOT-4, DOT-5), without the values
// in between that nobody asked for. What a training loop on kernels would do; `mxcheck bench
// --group train` times it and holds it against the executor.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/base/parallel.h"
#include "sim/kernels/gemm.h"
#include "sim/kernels/isa.h"

namespace mxcheck::exec {

// A float array as codes: s8 [rows, columns] row-major, and a scale per row or per column.
struct QuantizedMatrix {
  std::vector<std::uint8_t> codes;
  std::vector<float> scale;
};

class MlpStep {
 public:
  // Layer l is sizes[l] -> sizes[l + 1]; relu between layers.
  MlpStep(std::int64_t batch, std::vector<std::int64_t> sizes, kernels::Isa isa);

  // x: [batch, sizes.front()]; weights[l]: [sizes[l], sizes[l + 1]]. The result, [batch,
  // sizes.back()], lives until the next call.
  std::span<const float> forward(const float* x, const std::vector<const float*>& weights);
  // g: the cotangent of the result; fills the gradients of all weights.
  void backward(const float* g);

  [[nodiscard]] const std::vector<float>& weight_gradient(std::size_t layer) const {
    return layers_[layer].weight_gradient;
  }
  // Forward operands: codes [batch, k] with a scale a row, codes [k, n] with a scale a column.
  [[nodiscard]] const QuantizedMatrix& lhs(std::size_t layer) const { return layers_[layer].lhs; }
  [[nodiscard]] const QuantizedMatrix& rhs(std::size_t layer) const { return layers_[layer].rhs; }
  // Multiplications and additions of integers in one forward and backward pass.
  [[nodiscard]] double operations() const;

 private:
  struct Layer {
    std::int64_t k = 0, n = 0;
    QuantizedMatrix lhs, rhs;
    std::vector<float> out;  // [batch, n], after relu (the last layer has none)
    std::vector<float> weight_gradient;
  };
  struct Epilogue;
  void product(const kernels::CodeMatrix& lhs, const kernels::CodeMatrix& rhs,
               const Epilogue& epilogue);
  void input_gradient(std::size_t layer, const float* g);
  void fill_weight_gradient(Layer& layer, const float* g);

  std::int64_t batch_;
  kernels::Isa isa_;
  std::vector<Layer> layers_;
  kernels::PackedRhs packed_;
  QuantizedMatrix gradient_;
  std::vector<std::int32_t> acc_;
  std::vector<float> cotangent_;
};

}  // namespace mxcheck::exec
