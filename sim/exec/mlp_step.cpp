// Sums are scaled in their tile, or while they are in the first-level cache, and the memory of the
// next strip's results is fetched beside the product; nothing but codes, scales and results is ever
// written out.
#include "sim/exec/mlp_step.h"

#include <algorithm>

#include "sim/kernels/vector_kernels.h"

namespace mxcheck::exec {
namespace {

using kernels::CodeMatrix;

constexpr float kRange = 127.5F;             // of s8, symmetric (TYP)
constexpr float kGuard = 0x1p-63F;           // SCL-3, f32
constexpr std::int64_t kMostStripRows = 16;  // of passing sums

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

// What becomes of a product's sums: times the scales, one a row of lhs (or none) and one a column
// of rhs (or none), in the order of DOT-5; then, where `open` is given, nothing but what relu let
// through: open > 0 ? result : 0.
struct MlpStep::Epilogue {
  const float* rows = nullptr;
  const float* columns = nullptr;
  const float* open = nullptr;  // [m, n]; the result itself where it is `out`
  float* out = nullptr;         // [m, n]
};

MlpStep::MlpStep(std::int64_t batch, std::vector<std::int64_t> sizes, kernels::Isa isa)
    : batch_(batch), isa_(isa) {
  std::int64_t widest = 0;
  for (std::size_t l = 0; l + 1 < sizes.size(); ++l) {
    Layer layer;
    layer.k = sizes[l];
    layer.n = sizes[l + 1];
    layer.out.resize(static_cast<std::size_t>(batch * layer.n));
    layer.weight_gradient.resize(static_cast<std::size_t>(layer.k * layer.n));
    widest = std::max({widest, layer.k, layer.n});
    layers_.push_back(std::move(layer));
  }
  acc_.resize(static_cast<std::size_t>(kMostStripRows * widest));
  cotangent_.resize(static_cast<std::size_t>(batch * widest));
}

double MlpStep::operations() const {
  double sum = 0;
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    const double one = 2.0 * static_cast<double>(batch_ * layers_[l].k * layers_[l].n);
    sum += one * (l == 0 ? 2 : 3);  // nobody asks for the gradient of x
  }
  return sum;
}

void MlpStep::product(const CodeMatrix& lhs, const CodeMatrix& rhs, const Epilogue& epilogue) {
  const kernels::VectorKernels& vector = kernels::vector_kernels(isa_);
  packed_.pack(kernels::gemm_kernel_for(isa_, lhs.rows), isa_, rhs);
  const std::int64_t n = rhs.columns;
  const kernels::BlockHook relu = [&](const kernels::Block& strip) {
    const std::int64_t first = strip.row * n + strip.column;
    kernels::CombineBlock block;
    block.operation = kernels::Combination::kMask;
    block.x = epilogue.open + first;
    block.rows = strip.rows;
    block.columns = strip.columns;
    block.stride = block.out_stride = n;
    block.other = {epilogue.out + first, n, 1};
    block.out = epilogue.out + first;
    vector.combine(block);
  };
  const kernels::ScaledSums scaled{epilogue.rows, epilogue.columns, epilogue.out};
  kernels::GemmRun run;
  run.acc = acc_.data();
  run.stride = n;
  if (epilogue.open != nullptr) run.finished = &relu;
  run.sums = kernels::Sums::kPassing;
  run.written = epilogue.out;
  run.written_step = n * static_cast<std::int64_t>(sizeof(float));
  run.scaled = &scaled;
  kernels::multiply(lhs, packed_, run);
}

std::span<const float> MlpStep::forward(const float* x, const std::vector<const float*>& weights) {
  const kernels::VectorKernels& vector = kernels::vector_kernels(isa_);
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    Layer& layer = layers_[l];
    layer.lhs.scale.resize(static_cast<std::size_t>(batch_));
    const float* in = l == 0 ? x : layers_[l - 1].out.data();
    kernels::QuantizeBlock rows = block_of(in, batch_, layer.k, layer.lhs);
    rows.scale = layer.lhs.scale.data();
    vector.quantize_rows(rows);
    layer.rhs.scale.resize(static_cast<std::size_t>(layer.n));
    kernels::QuantizeBlock columns = block_of(weights[l], layer.k, layer.n, layer.rhs);
    columns.scale = layer.rhs.scale.data();
    vector.quantize_columns(columns);
    Epilogue epilogue;
    epilogue.rows = layer.lhs.scale.data();
    epilogue.columns = layer.rhs.scale.data();
    epilogue.out = layer.out.data();
    if (l + 1 < layers_.size()) epilogue.open = epilogue.out;
    product({layer.lhs.codes.data(), batch_, layer.k, layer.k, 1, true},
            {layer.rhs.codes.data(), layer.k, layer.n, layer.n, 1, true}, epilogue);
  }
  return layers_.back().out;
}

// g * weight scale, quantized by rows, times the weight codes transposed; zero where the relu
// before the layer was shut.
void MlpStep::input_gradient(std::size_t l, const float* g) {
  const kernels::VectorKernels& vector = kernels::vector_kernels(isa_);
  const Layer& layer = layers_[l];
  gradient_.scale.resize(static_cast<std::size_t>(batch_));
  kernels::QuantizeBlock rows = block_of(g, batch_, layer.n, gradient_);
  rows.fold = layer.rhs.scale.data();
  rows.scale = gradient_.scale.data();
  vector.quantize_rows(rows);
  Epilogue epilogue;
  epilogue.rows = gradient_.scale.data();
  epilogue.open = layers_[l - 1].out.data();
  epilogue.out = cotangent_.data();  // g is codes by now
  product({gradient_.codes.data(), batch_, layer.n, layer.n, 1, true},
          {layer.rhs.codes.data(), layer.n, layer.k, 1, layer.n, true}, epilogue);
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
  Epilogue epilogue;
  epilogue.columns = gradient_.scale.data();
  epilogue.out = layer.weight_gradient.data();
  product({layer.lhs.codes.data(), layer.k, batch_, 1, layer.k, true},
          {gradient_.codes.data(), batch_, layer.n, layer.n, 1, true}, epilogue);
}

void MlpStep::backward(const float* g) {
  for (std::size_t l = layers_.size(); l-- > 0;) {
    fill_weight_gradient(layers_[l], g);
    if (l == 0) return;
    input_gradient(l, g);
    g = cotangent_.data();
  }
}

}  // namespace mxcheck::exec
