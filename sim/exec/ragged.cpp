// Integer ragged products group by group; float ones as the masked dense products the backend
// computes, so that their order (and a NaN of another group) is the same.
#include "sim/exec/ragged.h"

#include <algorithm>

#include "sim/exec/float_dot.h"
#include "sim/graph/product.h"
#include "sim/tensor/array.h"

namespace mxcheck::exec {
namespace {

using numerics::DType;

bool raw_float(const Operand& x) { return !x.q && numerics::is_arithmetic_float(x.raw.dtype()); }

bool has_float_codes(const Operand& lhs, const Operand& rhs) {
  return numerics::is_float(lhs.values().dtype()) || numerics::is_float(rhs.values().dtype());
}

// Rows [begin, end) of a matrix [m, n] as [1, rows, n].
Tensor rows_of(const Tensor& x, std::int64_t begin, std::int64_t end) {
  Tensor out(x.dtype(), {1, end - begin, x.dim(1)});
  const auto source = x.bytes();
  const std::size_t row =
      source.size() / static_cast<std::size_t>(std::max<std::int64_t>(1, x.dim(0)));
  const auto first = source.begin() + static_cast<std::ptrdiff_t>(row) * begin;
  std::copy(first, first + static_cast<std::ptrdiff_t>(row) * (end - begin),
            out.mutable_bytes().begin());
  return out;
}

// Group i of [g, k, n] as [1, k, n].
Tensor group_of(const Tensor& x, std::int64_t i) {
  return rows_of(x.reshaped({x.dim(0), x.dim(1) * x.dim(2)}), i, i + 1)
      .reshaped({1, x.dim(1), x.dim(2)});
}

// [g, m, k]: a copy of x per group with the other groups' rows zero.
Tensor masked(const Tensor& x, const RowGroups& groups) {
  Tensor out(x.dtype(), {static_cast<std::int64_t>(groups.ranges.size()), x.dim(0), x.dim(1)});
  for (std::size_t g = 0; g < groups.ranges.size(); ++g) {
    for (std::int64_t i = groups.ranges[g].first * x.dim(1); i < groups.ranges[g].second * x.dim(1);
         ++i) {
      out.set_bits(static_cast<std::int64_t>(g) * x.size() + i, x.bits(i));
    }
  }
  return out;
}

OutputScale aligned_scale(const Tensor& scale, const Shape& aligned) {
  return {scale.reshaped(aligned), {}};
}

}  // namespace

RowGroups row_groups(const Tensor& group_sizes, std::int64_t rows, const fault::Faults& faults) {
  RowGroups out;
  std::int64_t begin = faults.has(fault::Kind::ragged_group_late) && rows > 0 ? 1 : 0;
  for (std::int64_t i = 0; i < group_sizes.size(); ++i) {
    const std::int64_t size = std::max<std::int64_t>(0, group_sizes.load_int(i));
    const std::int64_t end = std::min(rows, begin + size);
    out.ranges.emplace_back(begin, end);
    begin = end;
  }
  const bool keeps_tail = faults.has(fault::Kind::ragged_tail_kept) && !out.ranges.empty();
  if (keeps_tail) out.ranges.back().second = rows;
  return out;
}

ProductResult ragged_product(const Operand& lhs, const Operand& rhs, const RowGroups& groups,
                             const Policy& policy, Engine& engine) {
  const Tensor& x = lhs.values();
  const Tensor& w = rhs.values();
  const graph::DotDimensionNumbers dense{{2, 0}, {1, 0}, {}, {}};
  if (raw_float(lhs) || raw_float(rhs)) {
    const Tensor a = lhs.q ? dequantize(*lhs.q, policy, vector_isa(engine)) : lhs.raw;
    const Tensor b = rhs.q ? dequantize(*rhs.q, policy, vector_isa(engine)) : rhs.raw;
    return {std::nullopt, float_dot(masked(a, groups), b, dense,
                                    graph::float_contraction_dtype(a.dtype(), b.dtype()), policy)};
  }
  const DType result = graph::fast_product_dtype(lhs.dequantized_dtype(), rhs.dequantized_dtype());
  ProductResult out;
  Tensor values;
  if (has_float_codes(lhs, rhs)) {
    values = float_dot(masked(x, groups), w, dense, result, policy);
  } else {
    const std::int64_t n = w.dim(2);
    values = Tensor(DType::kS32, {x.dim(0), n});
    const auto target = values.mutable_data<std::int32_t>();
    for (std::size_t g = 0; g < groups.ranges.size(); ++g) {
      const auto [begin, end] = groups.ranges[g];
      if (begin == end) continue;
      const Tensor acc =
          engine.multiply(rows_of(x, begin, end), group_of(w, static_cast<std::int64_t>(g)));
      const auto part = acc.data<std::int32_t>();
      std::copy(part.begin(), part.end(), target.begin() + begin * n);
    }
    out.acc = values;
  }
  std::optional<OutputScale> left;
  std::optional<OutputScale> right;
  if (lhs.q) left = aligned_scale(lhs.q->scale, {lhs.q->scale.dim(0), 1});
  if (rhs.q) right = aligned_scale(rhs.q->scale, {1, rhs.q->scale.dim(2)});
  values = apply_scales(values, left, right, policy, vector_isa(engine));
  out.out = numerics::is_float(result) ? convert_float(values, result) : values;
  return out;
}

ProductResult ragged_weight_gradient(const Operand& lhs, const Operand& g, const RowGroups& groups,
                                     const Policy& policy, Engine& engine) {
  const Tensor& x = lhs.values();
  const Tensor& y = g.values();
  const graph::DotDimensionNumbers batched{{1}, {1}, {0}, {0}};
  if (raw_float(lhs) || raw_float(g)) {
    const Tensor a = lhs.q ? dequantize(*lhs.q, policy, vector_isa(engine)) : lhs.raw;
    const Tensor b = g.q ? dequantize(*g.q, policy, vector_isa(engine)) : g.raw;
    return {std::nullopt, float_dot(masked(a, groups), masked(b, groups), batched,
                                    graph::float_contraction_dtype(a.dtype(), b.dtype()), policy)};
  }
  const DType result = graph::fast_product_dtype(lhs.dequantized_dtype(), g.dequantized_dtype());
  const auto group_count = static_cast<std::int64_t>(groups.ranges.size());
  const std::int64_t k = x.dim(1);
  const std::int64_t n = y.dim(1);
  ProductResult out;
  Tensor values;
  if (has_float_codes(lhs, g)) {
    values = float_dot(masked(x, groups), masked(y, groups), batched, result, policy);
  } else {
    values = Tensor(DType::kS32, {group_count, k, n});
    const auto target = values.mutable_data<std::int32_t>();
    for (std::int64_t i = 0; i < group_count; ++i) {
      const auto [begin, end] = groups.ranges[static_cast<std::size_t>(i)];
      if (begin == end) continue;
      const Tensor acc = engine.multiply(tensor::transpose(rows_of(x, begin, end), {0, 2, 1}),
                                         rows_of(y, begin, end));
      const auto part = acc.data<std::int32_t>();
      std::copy(part.begin(), part.end(), target.begin() + i * k * n);
    }
    out.acc = values;
  }
  std::optional<OutputScale> left;
  std::optional<OutputScale> right;
  if (lhs.q) left = aligned_scale(lhs.q->scale, {1, lhs.q->scale.dim(1), 1});
  if (g.q) right = aligned_scale(g.q->scale, {1, 1, g.q->scale.dim(1)});
  values = apply_scales(values, left, right, policy, vector_isa(engine));
  out.out = numerics::is_float(result) ? convert_float(values, result) : values;
  return out;
}

}  // namespace mxcheck::exec
