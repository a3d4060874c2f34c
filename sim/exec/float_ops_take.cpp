// take: rows of a table by integer ids, and its gradient, a scatter-add in id order (FLT-8).
// An id below 0 counts from the end; one outside the table gives NaN (the lowest or highest integer
// for integers) and no gradient.
#include <cstring>

#include "sim/exec/float_ops_array.h"

namespace mxcheck::exec {
namespace {

// The table as [outer, dim, inner], the result as [outer, ids, inner].
struct Layout {
  std::int64_t outer = 1, dim = 1, inner = 1;
  std::vector<std::int64_t> ids;  // resolved; -1: outside
};

Layout take_layout(const OpInputs& in) {
  const Shape& shape = in.arg(0).shape();
  const auto axis = static_cast<std::size_t>(normal_axis(in.attributes().axis, in.arg(0).rank()));
  Layout out;
  for (std::size_t i = 0; i < axis; ++i) out.outer *= shape[i];
  for (std::size_t i = axis + 1; i < shape.size(); ++i) out.inner *= shape[i];
  out.dim = shape[axis];
  out.ids = integers(in.arg(1));
  for (std::int64_t& id : out.ids) {
    if (id < 0) id += out.dim;
    if (id < 0 || id >= out.dim) id = -1;
  }
  return out;
}

// One row of what an id outside the table gives.
Tensor outside(DType dtype, std::int64_t inner) {
  Tensor row(dtype, {inner});
  for (std::int64_t i = 0; i < inner; ++i) {
    if (numerics::is_float(dtype)) {
      row.store(i, std::numeric_limits<double>::quiet_NaN());
    } else {
      const bool lowest = numerics::info(dtype).kind == numerics::DTypeKind::kSigned;
      row.store_int(i, lowest ? numerics::integer_min(dtype) : numerics::integer_max(dtype));
    }
  }
  return row;
}

}  // namespace

Tensor forward_take(const OpInputs& in) {
  const Tensor& table = in.arg(0);
  const Layout layout = take_layout(in);
  Tensor out(table.dtype(), in.node.type.shape);
  const Tensor missing = outside(table.dtype(), layout.inner);
  const auto row = static_cast<std::size_t>(layout.inner * numerics::byte_width(table.dtype()));
  std::byte* target = out.mutable_bytes().data();
  for (std::int64_t o = 0; o < layout.outer; ++o) {
    for (const std::int64_t id : layout.ids) {
      const std::byte* source =
          id < 0 ? missing.bytes().data()
                 : table.bytes().data() + static_cast<std::size_t>(o * layout.dim + id) * row;
      std::memcpy(target, source, row);
      target += row;
    }
  }
  return out;
}

std::vector<Contribution> vjp_take(const OpInputs& in, const Tensor&, const Tensor& g) {
  if (!is_differentiable(in, 0)) return {};
  const Layout layout = take_layout(in);
  return with_arithmetic(g.dtype(), in.policy, [&]<typename A>(A) {
    const auto ct = read<A>(g);
    Array<A> out{in.arg(0).shape(), {}};
    out.values.assign(static_cast<std::size_t>(in.arg(0).size()), 0);
    const auto* source = ct.values.data();
    for (std::int64_t o = 0; o < layout.outer; ++o) {
      for (const std::int64_t id : layout.ids) {
        auto* target =
            out.values.data() + (o * layout.dim + std::max<std::int64_t>(id, 0)) * layout.inner;
        for (std::int64_t i = 0; id >= 0 && i < layout.inner; ++i) {
          target[i] = A::round(target[i] + source[i]);
        }
        source += layout.inner;
      }
    }
    return std::vector<Contribution>{contribution(in, 0, out)};
  });
}

}  // namespace mxcheck::exec
