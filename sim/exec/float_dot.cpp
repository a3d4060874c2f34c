// The three summation orders of a float contraction, and the choice between them.
#include "sim/exec/float_dot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/graph/planner.h"
#include "sim/kernels/float_chain.h"
#include "sim/numerics/small_float.h"
#include "sim/tensor/array.h"
#include "sim/tensor/reduce.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace mxcheck::exec {
namespace {

using graph::Axes;
using graph::DotDimensionNumbers;
using numerics::DType;
using numerics::Policy;
using tensor::Shape;

constexpr std::int64_t kUnblockedK = 320;  // POL-4: longer chains are cut in blocks (POL-5)
constexpr std::int64_t kLanes = 8;         // of the matrix-vector kernels

// Products this small are never cut in blocks.
bool is_tiny(const MatrixView& v) { return v.m < 4 && v.n < 4; }

// The block length where none is stated: the recording host's own, from its cache sizes and, for
// large products, its two threads. Another host may choose another, hence BOUND.
std::int64_t host_block(const MatrixView& v) {
  constexpr std::int64_t kOneThread = 384;
  constexpr std::int64_t kLargeProduct = 64 * 64;
  const std::int64_t longest = v.m * v.n > kLargeProduct ? kUnblockedK : kOneThread;
  const std::int64_t blocks = (v.k + longest - 1) / longest;
  return std::min(v.k, (v.k / blocks + 7) / 8 * 8);
}

std::int64_t product_of(const Shape& shape, const Axes& axes) {
  std::int64_t out = 1;
  for (const std::int64_t axis : axes) out *= shape[static_cast<std::size_t>(axis)];
  return out;
}

Tensor gather(const Tensor& x, const Axes& a, const Axes& b, const Axes& c) {
  Axes permutation = a;
  permutation.insert(permutation.end(), b.begin(), b.end());
  permutation.insert(permutation.end(), c.begin(), c.end());
  return tensor::transpose(x, permutation);
}

// row[i] = fma(a, b[i], row[i]): the vector form has the same bits, each lane rounds alone.
void fma_row_scalar(float a, const float* b, float* row, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) row[i] = std::fma(a, b[i], row[i]);
}

#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) void fma_row_avx2(float a, const float* b, float* row,
                                                      std::int64_t n) {
  const __m256 factor = _mm256_set1_ps(a);
  std::int64_t i = 0;
  for (; i + 8 <= n; i += 8) {
    _mm256_storeu_ps(row + i,
                     _mm256_fmadd_ps(factor, _mm256_loadu_ps(b + i), _mm256_loadu_ps(row + i)));
  }
  for (; i < n; ++i) {
    const __m128 sum = _mm_fmadd_ss(_mm_set_ss(a), _mm_load_ss(b + i), _mm_load_ss(row + i));
    _mm_store_ss(row + i, sum);
  }
}
#endif

using FmaRow = void (*)(float, const float*, float*, std::int64_t);

FmaRow choose_fma_row() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return fma_row_avx2;
#endif
  return fma_row_scalar;
}

void unfused_row(float a, const float* b, float* row, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) {
    const float product = a * b[i];
    row[i] = row[i] + product;
  }
}

// One leftover result of the column kernel: the first product is not added to zero, and in two
// cases the first steps are not fused.
float column_leftover(const float* a, std::int64_t a_step, const float* b, std::int64_t b_step,
                      std::int64_t k, bool unfused_start) {
  std::int64_t unfused = 0;
  if (unfused_start) unfused = k >= kLanes ? kLanes : k >= 3 ? k : 0;
  float acc = a[0] * b[0];
  for (std::int64_t i = 1; i < k; ++i) {
    if (i < unfused) {
      const float product = a[i * a_step] * b[i * b_step];
      acc = acc + product;
    } else {
      acc = std::fma(a[i * a_step], b[i * b_step], acc);
    }
  }
  return acc;
}

float row_result(const float* a, std::int64_t a_step, const float* b, std::int64_t b_step,
                 std::int64_t k, bool whole_block) {
  float v[kLanes] = {};
  const std::int64_t k8 = k - k % kLanes;
  for (std::int64_t i = 0; i < k8; i += kLanes) {
    for (std::int64_t j = 0; j < kLanes; ++j) {
      v[j] = std::fma(a[(i + j) * a_step], b[(i + j) * b_step], v[j]);
    }
  }
  float h = 0;
  if (whole_block) {
    h = ((v[0] + v[1]) + (v[2] + v[3])) + ((v[4] + v[5]) + (v[6] + v[7]));
  } else {
    const float u0 = v[0] + v[4], u1 = v[1] + v[5], u2 = v[2] + v[6], u3 = v[3] + v[7];
    h = (u0 + u2) + (u1 + u3);
  }
  float s = 0;
  for (std::int64_t i = k8; i < k; ++i) s = std::fma(a[i * a_step], b[i * b_step], s);
  return h + s;
}

// POL-6: one of m, n is 1. a: [m,k], b: [k,n].
void vector_product(const float* a, const float* b, float* out, const MatrixView& v) {
  const bool column = v.m == 1 && v.n == 1
                          ? !(v.rhs_transposed && !v.lhs_transposed)
                          : (v.m == 1 && !v.rhs_transposed) || (v.n == 1 && v.lhs_transposed);
  const std::int64_t results = v.m == 1 ? v.n : v.m;
  const std::int64_t whole = results - results % kLanes;
  for (std::int64_t r = 0; r < results; ++r) {
    const float* left = v.m == 1 ? a : a + r * v.k;
    const float* right = v.m == 1 ? b + r : b;
    const std::int64_t step = v.n;  // of b along k
    if (!column) {
      out[r] = row_result(left, 1, right, step, v.k, r < whole);
    } else if (r < whole) {
      float acc = 0;
      for (std::int64_t i = 0; i < v.k; ++i) acc = std::fma(left[i], right[i * step], acc);
      out[r] = acc;
    } else {
      const bool unfused = results % kLanes == 1 || (results == 2 && r == 0);
      out[r] = v.k == 0 ? 0.0f : column_leftover(left, 1, right, step, v.k, unfused);
    }
  }
}

// The simplifier's forms of degenerate products: K = 1 is a plain product (a zero keeps its sign);
// a single output longer than one window is products, rounded, under the rule of sums. False where
// it leaves the product alone.
bool simplified_product(const float* a, const float* b, float* out, const MatrixView& v,
                        const Policy& policy) {
  if (!numerics::simplifies(policy)) return false;
  if (v.k == 1) {
    for (std::int64_t i = 0; i < v.m * v.n; ++i) out[i] = a[i / v.n] * b[i % v.n];
    return true;
  }
  if (v.m != 1 || v.n != 1) return false;
  constexpr std::int64_t kWindow = 32;
  if (v.k <= kWindow) {
    matrix_chain(a, b, out, v, policy);
    return true;
  }
  std::vector<float> products(static_cast<std::size_t>(v.k));
  for (std::size_t i = 0; i < products.size(); ++i) products[i] = a[i] * b[i];
  out[0] = tensor::reduce_sum(products, {v.k}, {0}, policy.reduce_order,
                              tensor::rounded_add<numerics::ArithmeticF32>)[0];
  return true;
}

void chain_f64(const double* a, const double* b, double* out, const MatrixView& v) {
  std::fill(out, out + v.m * v.n, 0.0);
  for (std::int64_t i = 0; i < v.m; ++i) {
    for (std::int64_t k = 0; k < v.k; ++k) {
      for (std::int64_t j = 0; j < v.n; ++j) {
        out[i * v.n + j] = std::fma(a[i * v.k + k], b[k * v.n + j], out[i * v.n + j]);
      }
    }
  }
}

}  // namespace

MatrixView matrix_view(const DotDimensionNumbers& dot, const Shape& lhs, const Shape& rhs) {
  const Axes lhs_rest = graph::remaining_axes(lhs.size(), dot.lhs_contract, dot.lhs_batch);
  const Axes rhs_rest = graph::remaining_axes(rhs.size(), dot.rhs_contract, dot.rhs_batch);
  const auto own = [](const Axes& batch, const Axes& contract, std::size_t rank) {
    for (std::size_t i = 0; i < batch.size(); ++i) {
      if (batch[i] != static_cast<std::int64_t>(i)) return false;
    }
    return contract.size() == 1 && rank == batch.size() + 2;
  };
  MatrixView view;
  view.batch = product_of(lhs, dot.lhs_batch);
  view.m = product_of(lhs, lhs_rest);
  view.n = product_of(rhs, rhs_rest);
  view.k = product_of(lhs, dot.lhs_contract);
  const auto batches = static_cast<std::int64_t>(dot.lhs_batch.size());
  view.lhs_transposed =
      own(dot.lhs_batch, dot.lhs_contract, lhs.size()) && dot.lhs_contract[0] == batches;
  view.rhs_transposed =
      own(dot.rhs_batch, dot.rhs_contract, rhs.size()) && dot.rhs_contract[0] == batches + 1;
  view.simple_layout = dot.lhs_contract.size() == 1 && lhs_rest.size() <= 1 && rhs_rest.size() <= 1;
  return view;
}

Tensor canonical_lhs(const Tensor& x, const DotDimensionNumbers& dot) {
  return gather(x, dot.lhs_batch,
                graph::remaining_axes(x.shape().size(), dot.lhs_contract, dot.lhs_batch),
                dot.lhs_contract);
}

Tensor canonical_rhs(const Tensor& x, const DotDimensionNumbers& dot) {
  return gather(x, dot.rhs_batch, dot.rhs_contract,
                graph::remaining_axes(x.shape().size(), dot.rhs_contract, dot.rhs_batch));
}

Shape product_shape(const DotDimensionNumbers& dot, const Shape& lhs, const Shape& rhs) {
  Shape out;
  for (const std::int64_t axis : dot.lhs_batch) out.push_back(lhs[static_cast<std::size_t>(axis)]);
  for (const std::int64_t axis :
       graph::remaining_axes(lhs.size(), dot.lhs_contract, dot.lhs_batch)) {
    out.push_back(lhs[static_cast<std::size_t>(axis)]);
  }
  for (const std::int64_t axis :
       graph::remaining_axes(rhs.size(), dot.rhs_contract, dot.rhs_batch)) {
    out.push_back(rhs[static_cast<std::size_t>(axis)]);
  }
  return out;
}

void matrix_chain(const float* a, const float* b, float* out, const MatrixView& v,
                  const Policy& policy, VectorIsa isa) {
  static const FmaRow fused = choose_fma_row();
  const FmaRow step = policy.dot_order == Policy::DotOrder::kAscendingUnfused ? unfused_row : fused;
  const bool blocked = v.k > kUnblockedK && !is_tiny(v);
  std::int64_t block = std::max<std::int64_t>(1, v.k);
  if (blocked) block = policy.dot_block > 0 ? policy.dot_block : host_block(v);
  if (isa && policy.dot_order == Policy::DotOrder::kAscendingFused) {
    kernels::ChainProduct product;
    product.m = v.m;
    product.k = product.lhs_row = v.k;
    product.n = product.rhs_k = product.stride = v.n;
    product.lhs = a;
    product.rhs = b;
    product.out = out;
    product.block = block;
    kernels::chain_product(product, *isa);
    return;
  }
  std::vector<float> partial(static_cast<std::size_t>(v.n));
  for (std::int64_t i = 0; i < v.m; ++i) {
    float* row = out + i * v.n;
    std::fill(row, row + v.n, 0.0f);
    for (std::int64_t k = 0; k < std::min(block, v.k); ++k) {
      step(a[i * v.k + k], b + k * v.n, row, v.n);
    }
    for (std::int64_t begin = block; begin < v.k; begin += block) {
      std::fill(partial.begin(), partial.end(), 0.0f);
      for (std::int64_t k = begin; k < std::min(begin + block, v.k); ++k) {
        step(a[i * v.k + k], b + k * v.n, partial.data(), v.n);
      }
      for (std::int64_t j = 0; j < v.n; ++j) row[j] = row[j] + partial[static_cast<std::size_t>(j)];
    }
  }
}

Tensor float_dot(const Tensor& lhs, const Tensor& rhs, const DotDimensionNumbers& dot, DType result,
                 const Policy& policy, VectorIsa isa) {
  const MatrixView view = matrix_view(dot, lhs.shape(), rhs.shape());
  const Tensor a = canonical_lhs(lhs, dot);
  const Tensor b = canonical_rhs(rhs, dot);
  Tensor out(result, product_shape(dot, lhs.shape(), rhs.shape()));
  if (result == DType::kF64) {
    const std::vector<double> x = tensor::load_any<double>(a);
    const std::vector<double> y = tensor::load_any<double>(b);
    double* z = out.mutable_data<double>().data();
    for (std::int64_t i = 0; i < view.batch; ++i) {
      chain_f64(x.data() + i * view.m * view.k, y.data() + i * view.k * view.n,
                z + i * view.m * view.n, view);
    }
    return out;
  }
  const auto values = [&](const Tensor& operand) {
    if (operand.dtype() == DType::kF32) return tensor::load<numerics::ArithmeticF32>(operand);
    std::vector<float> out_values = tensor::load_any<float>(operand);
    // f16 with bf16 gives bf16, and the backend first brings the f16 side to it.
    if (result == DType::kBF16 && operand.dtype() == DType::kF16) {
      for (float& v : out_values) v = numerics::ArithmeticBF16::round(v);
    }
    return out_values;
  };
  const std::vector<float> x = values(a);
  const std::vector<float> y = values(b);
  std::vector<float> z(static_cast<std::size_t>(out.size()));
  for (std::int64_t i = 0; i < view.batch; ++i) {
    const float* left = x.data() + i * view.m * view.k;
    const float* right = y.data() + i * view.k * view.n;
    float* target = z.data() + i * view.m * view.n;
    if (simplified_product(left, right, target, view, policy)) continue;
    if (view.is_vector() && policy.dot_order == Policy::DotOrder::kAscendingFused) {
      vector_product(left, right, target, view);
    } else {
      matrix_chain(left, right, target, view, policy, isa);
    }
  }
  return numerics::dispatch(result, [&](auto arithmetic) {
    using A = decltype(arithmetic);
    std::vector<typename A::Value> rounded(z.begin(), z.end());
    return tensor::store<A>(rounded, out.shape());
  });
}

std::string undefined_order(const MatrixView& view, DType accumulate, const Policy& policy) {
  if (accumulate == DType::kF64) return "an f64 contraction";
  if (view.k <= 1) return "";
  if (policy.dot_order != Policy::DotOrder::kAscendingFused) return "";
  if (view.m == 1 && view.n == 1) {
    if (numerics::simplifies(policy) || view.k <= 16 || view.simple_layout) return "";
    return "a single output over several axes";
  }
  if (view.is_vector()) return "";
  const bool plain_layout = !view.lhs_transposed && !view.rhs_transposed;
  if (plain_layout && view.k <= 3 && view.m >= 16 && view.n >= 3 && view.n <= 8) {
    return fmt::format("K = {} with {} rows and {} columns", view.k, view.m, view.n);
  }
  if (view.n > 128 && view.n % 8 == 1 && view.k <= 16) return "a left-over column";
  if (view.k > kUnblockedK && policy.dot_block == 0 && !is_tiny(view)) {
    return fmt::format("K = {} > {} and no dot_block is stated", view.k, kUnblockedK);
  }
  return "";
}

}  // namespace mxcheck::exec
