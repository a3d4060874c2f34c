// Products go through in strips of rows whose sums stay in the second-level cache until they are
// scaled; nothing but codes, scales and results is ever written out.
#include "sim/exec/mlp_step.h"

#include <algorithm>

#include "sim/kernels/vector_kernels.h"

namespace mxcheck::exec {
namespace {

using kernels::CodeMatrix;

constexpr float kRange = 127.5F;          // of s8, symmetric (TYP)
constexpr float kGuard = 0x1p-63F;        // SCL-3, f32
constexpr std::int64_t kStripRows = 140;  // of a product; their sums fit the second-level cache

// s8 by absmax, f32, divided truly: what every operand of the step has in common.
kernels::QuantizeBlock block_of(const float* x, std::int64_t rows, std::int64_t columns,
                                QuantizedMatrix& out) {
  kernels::QuantizeBlock block;
  block.x = x;
  block.rows = rows;
  block.columns = columns;
  block.stride = columns;
  block.find_scale = true;
  block.range = kRange;
  block.guard = kGuard;
  out.codes.resize(static_cast<std::size_t>(rows * columns));
  block.codes = out.codes.data();
  block.codes_stride = columns;
  return block;
}

}  // namespace

// Where the scales of a product lie: one a row of lhs (or none), one a column of rhs (or none).
struct MlpStep::Scaling {
  const float* rows = nullptr;
  const float* columns = nullptr;
};

MlpStep::MlpStep(std::int64_t batch, std::vector<std::int64_t> sizes, kernels::Isa isa)
    : batch_(batch), isa_(isa) {
  std::int64_t widest = 0;
  for (std::size_t l = 0; l + 1 < sizes.size(); ++l) {
    Layer layer;
    layer.k = sizes[l];
    layer.n = sizes[l + 1];
    if (l > 0) layer.in.resize(static_cast<std::size_t>(batch * layer.k));
    layer.out.resize(static_cast<std::size_t>(batch * layer.n));
    layer.weight_gradient.resize(static_cast<std::size_t>(layer.k * layer.n));
    widest = std::max({widest, layer.k, layer.n});
    layers_.push_back(std::move(layer));
  }
  acc_.resize(static_cast<std::size_t>(kStripRows * widest));
  cotangent_.resize(static_cast<std::size_t>(batch * widest));
  next_cotangent_.resize(cotangent_.size());
}

double MlpStep::operations() const {
  double sum = 0;
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    const double one = 2.0 * static_cast<double>(batch_ * layers_[l].k * layers_[l].n);
    sum += one * (l == 0 ? 2 : 3);  // nobody asks for the gradient of x
  }
  return sum;
}

// out = float(lhs x rhs) times the scales, in the order of DOT-5.
void MlpStep::product(const CodeMatrix& lhs, const CodeMatrix& rhs, const Scaling& scaling,
                      float* out) {
  const kernels::VectorKernels& vector = kernels::vector_kernels(isa_);
  packed_.pack(*kernels::gemm_kernels_for(isa_).front(), isa_, rhs);
  const std::int64_t n = rhs.columns;
  for (std::int64_t row = 0; row < lhs.rows; row += kStripRows) {
    CodeMatrix strip = lhs;
    strip.rows = std::min(kStripRows, lhs.rows - row);
    strip.codes += row * lhs.row_stride;
    kernels::multiply(strip, packed_, {acc_.data(), n, nullptr, nullptr});
    kernels::ProductBlock block;
    block.acc = acc_.data();
    block.rows = strip.rows;
    block.columns = n;
    block.stride = n;
    if (scaling.rows != nullptr) block.lhs = {scaling.rows + row, 1, 0};
    if (scaling.columns != nullptr) block.rhs = {scaling.columns, 0, 1};
    block.out = out + row * n;
    block.out_stride = n;
    vector.scale_product(block);
  }
}

std::span<const float> MlpStep::forward(const float* x, const std::vector<const float*>& weights) {
  const kernels::VectorKernels& vector = kernels::vector_kernels(isa_);
  x_ = x;
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    Layer& layer = layers_[l];
    const float* in = x;
    if (l > 0) {
      kernels::CombineBlock relu;
      relu.operation = kernels::Combination::kMask;
      relu.x = layers_[l - 1].out.data();
      relu.rows = batch_;
      relu.columns = relu.stride = layer.k;
      relu.other = {layers_[l - 1].out.data(), layer.k, 1};
      relu.out = layer.in.data();
      relu.out_stride = layer.k;
      vector.combine(relu);
      in = layer.in.data();
    }
    layer.lhs.scale.resize(static_cast<std::size_t>(batch_));
    kernels::QuantizeBlock rows = block_of(in, batch_, layer.k, layer.lhs);
    rows.scale = layer.lhs.scale.data();
    vector.quantize_rows(rows);
    layer.rhs.scale.resize(static_cast<std::size_t>(layer.n));
    kernels::QuantizeBlock columns = block_of(weights[l], layer.k, layer.n, layer.rhs);
    columns.scale = layer.rhs.scale.data();
    vector.quantize_columns(columns);
    product({layer.lhs.codes.data(), batch_, layer.k, layer.k, 1, true},
            {layer.rhs.codes.data(), layer.k, layer.n, layer.n, 1, true},
            {layer.lhs.scale.data(), layer.rhs.scale.data()}, layer.out.data());
  }
  return layers_.back().out;
}

// g * weight scale, quantized by rows, times the weight codes transposed; zero where relu was shut.
void MlpStep::input_gradient(const Layer& layer, const float* g, float* out) {
  const kernels::VectorKernels& vector = kernels::vector_kernels(isa_);
  gradient_.scale.resize(static_cast<std::size_t>(batch_));
  kernels::QuantizeBlock rows = block_of(g, batch_, layer.n, gradient_);
  rows.fold = layer.rhs.scale.data();
  rows.scale = gradient_.scale.data();
  vector.quantize_rows(rows);
  product({gradient_.codes.data(), batch_, layer.n, layer.n, 1, true},
          {layer.rhs.codes.data(), layer.n, layer.k, 1, layer.n, true},
          {gradient_.scale.data(), nullptr}, out);
}

// g * activation scale, quantized by columns. The norm's product is [n, batch] x [batch, k],
// transposed afterwards; here the sides change places instead, which integers do not notice, and
// the one scale, g's, lies along the columns.
void MlpStep::fill_weight_gradient(Layer& layer, const float* g) {
  const kernels::VectorKernels& vector = kernels::vector_kernels(isa_);
  gradient_.scale.resize(static_cast<std::size_t>(layer.n));
  kernels::QuantizeBlock columns = block_of(g, batch_, layer.n, gradient_);
  columns.fold = layer.lhs.scale.data();
  columns.scale = gradient_.scale.data();
  vector.quantize_columns(columns);
  product({layer.lhs.codes.data(), layer.k, batch_, 1, layer.k, true},
          {gradient_.codes.data(), batch_, layer.n, layer.n, 1, true},
          {nullptr, gradient_.scale.data()}, layer.weight_gradient.data());
}

void MlpStep::backward(const float* g) {
  const kernels::VectorKernels& vector = kernels::vector_kernels(isa_);
  for (std::size_t l = layers_.size(); l-- > 0;) {
    Layer& layer = layers_[l];
    fill_weight_gradient(layer, g);
    if (l == 0) return;
    input_gradient(layer, g, next_cotangent_.data());
    kernels::CombineBlock relu;
    relu.operation = kernels::Combination::kMask;
    relu.x = layers_[l - 1].out.data();
    relu.rows = batch_;
    relu.columns = relu.stride = layer.k;
    relu.other = {next_cotangent_.data(), layer.k, 1};
    relu.out = cotangent_.data();
    relu.out_stride = layer.k;
    vector.combine(relu);
    g = cotangent_.data();
  }
}

}  // namespace mxcheck::exec
