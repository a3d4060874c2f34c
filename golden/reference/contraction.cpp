// Index arithmetic only. See contraction_test.cpp: each gradient is compared with the forward's
// pairs turned round by brute force.
#include "golden/reference/contraction.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "sim/base/check.h"

namespace mxcheck::reference {
namespace {

using graph::Axes;
using Offsets = std::vector<std::int64_t>;

// Offsets of all index combinations along `axes`, the last one fastest.
Offsets offsets_along(const Shape& shape, const Axes& axes) {
  const std::vector<std::int64_t> strides = tensor::row_major_strides(shape);
  Offsets out{0};
  for (const std::int64_t axis : axes) {
    const auto a = static_cast<std::size_t>(axis);
    Offsets next;
    for (const std::int64_t base : out) {
      for (std::int64_t i = 0; i < shape[a]; ++i) next.push_back(base + i * strides[a]);
    }
    out = std::move(next);
  }
  return out;
}

Axes remaining(const Shape& shape, const Axes& contract, const Axes& batch) {
  Axes out;
  for (std::int64_t axis = 0; axis < static_cast<std::int64_t>(shape.size()); ++axis) {
    if (std::find(contract.begin(), contract.end(), axis) == contract.end() &&
        std::find(batch.begin(), batch.end(), axis) == batch.end()) {
      out.push_back(axis);
    }
  }
  return out;
}

struct DotOffsets {
  Offsets lhs_batch, lhs_rest, lhs_contract, rhs_batch, rhs_rest, rhs_contract;
  Axes lhs_rest_axes, rhs_rest_axes;
};

DotOffsets dot_offsets(const graph::DotDimensionNumbers& d, const Shape& lhs, const Shape& rhs) {
  DotOffsets o;
  o.lhs_rest_axes = remaining(lhs, d.lhs_contract, d.lhs_batch);
  o.rhs_rest_axes = remaining(rhs, d.rhs_contract, d.rhs_batch);
  o.lhs_batch = offsets_along(lhs, d.lhs_batch);
  o.lhs_rest = offsets_along(lhs, o.lhs_rest_axes);
  o.lhs_contract = offsets_along(lhs, d.lhs_contract);
  o.rhs_batch = offsets_along(rhs, d.rhs_batch);
  o.rhs_rest = offsets_along(rhs, o.rhs_rest_axes);
  o.rhs_contract = offsets_along(rhs, d.rhs_contract);
  return o;
}

// For each element of an operand the number of its batch, rest and contract combination.
struct Roles {
  std::vector<std::size_t> batch, rest, contract;
};

Roles roles(std::size_t size, const Offsets& batch, const Offsets& rest, const Offsets& contract) {
  Roles r{std::vector<std::size_t>(size), std::vector<std::size_t>(size),
          std::vector<std::size_t>(size)};
  for (std::size_t b = 0; b < batch.size(); ++b) {
    for (std::size_t m = 0; m < rest.size(); ++m) {
      for (std::size_t k = 0; k < contract.size(); ++k) {
        const auto at = static_cast<std::size_t>(batch[b] + rest[m] + contract[k]);
        r.batch[at] = b;
        r.rest[at] = m;
        r.contract[at] = k;
      }
    }
  }
  return r;
}

std::size_t elements(const Shape& shape) {
  const auto count = tensor::element_count(shape);
  MXCHECK_CHECK(count.has_value(), tensor::to_string(shape));
  return static_cast<std::size_t>(*count);
}

}  // namespace

Contraction dot_contraction(const graph::DotDimensionNumbers& dims, const Shape& lhs,
                            const Shape& rhs) {
  const auto o = std::make_shared<const DotOffsets>(dot_offsets(dims, lhs, rhs));
  Contraction c;
  for (const std::int64_t axis : dims.lhs_batch)
    c.result.push_back(lhs[static_cast<std::size_t>(axis)]);
  for (const std::int64_t axis : o->lhs_rest_axes)
    c.result.push_back(lhs[static_cast<std::size_t>(axis)]);
  for (const std::int64_t axis : o->rhs_rest_axes)
    c.result.push_back(rhs[static_cast<std::size_t>(axis)]);
  c.pairs_of = [o](std::int64_t out, std::vector<Pair>& pairs) {
    const std::size_t n = static_cast<std::size_t>(out) % o->rhs_rest.size();
    const std::size_t bm = static_cast<std::size_t>(out) / o->rhs_rest.size();
    const std::size_t m = bm % o->lhs_rest.size(), b = bm / o->lhs_rest.size();
    pairs.clear();
    for (std::size_t k = 0; k < o->lhs_contract.size(); ++k) {
      pairs.push_back({o->lhs_batch[b] + o->lhs_rest[m] + o->lhs_contract[k],
                       o->rhs_batch[b] + o->rhs_rest[n] + o->rhs_contract[k]});
    }
  };
  return c;
}

// dlhs[b,m,k] = sum over n of g[b,m,n] rhs[b,k,n].
Contraction dot_dlhs(const graph::DotDimensionNumbers& dims, const Shape& lhs, const Shape& rhs) {
  const auto o = std::make_shared<const DotOffsets>(dot_offsets(dims, lhs, rhs));
  const auto r = std::make_shared<const Roles>(
      roles(elements(lhs), o->lhs_batch, o->lhs_rest, o->lhs_contract));
  Contraction c;
  c.result = lhs;
  c.pairs_of = [o, r](std::int64_t out, std::vector<Pair>& pairs) {
    const auto at = static_cast<std::size_t>(out);
    const std::size_t g_row =
        (r->batch[at] * o->lhs_rest.size() + r->rest[at]) * o->rhs_rest.size();
    pairs.clear();
    for (std::size_t n = 0; n < o->rhs_rest.size(); ++n) {
      pairs.push_back(
          {static_cast<std::int64_t>(g_row + n),
           o->rhs_batch[r->batch[at]] + o->rhs_rest[n] + o->rhs_contract[r->contract[at]]});
    }
  };
  return c;
}

// drhs[b,k,n] = sum over m of g[b,m,n] lhs[b,m,k].
Contraction dot_drhs(const graph::DotDimensionNumbers& dims, const Shape& lhs, const Shape& rhs) {
  const auto o = std::make_shared<const DotOffsets>(dot_offsets(dims, lhs, rhs));
  const auto r = std::make_shared<const Roles>(
      roles(elements(rhs), o->rhs_batch, o->rhs_rest, o->rhs_contract));
  Contraction c;
  c.result = rhs;
  c.pairs_of = [o, r](std::int64_t out, std::vector<Pair>& pairs) {
    const auto at = static_cast<std::size_t>(out);
    const std::size_t rows = o->lhs_rest.size(), columns = o->rhs_rest.size();
    pairs.clear();
    for (std::size_t m = 0; m < rows; ++m) {
      pairs.push_back(
          {static_cast<std::int64_t>((r->batch[at] * rows + m) * columns + r->rest[at]),
           o->lhs_batch[r->batch[at]] + o->lhs_rest[m] + o->lhs_contract[r->contract[at]]});
    }
  };
  return c;
}

Contraction swap_operands(Contraction contraction) {
  contraction.pairs_of = [inner = std::move(contraction.pairs_of)](std::int64_t out,
                                                                   std::vector<Pair>& pairs) {
    inner(out, pairs);
    for (Pair& pair : pairs) std::swap(pair.lhs, pair.rhs);
  };
  return contraction;
}

}  // namespace mxcheck::reference
