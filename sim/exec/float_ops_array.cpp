// Shape rules of broadcasting, and which elements of a short vector the C library computes.
#include "sim/exec/float_ops_array.h"

#include "sim/exec/float_ops_sum.h"

namespace mxcheck::exec {

Shape broadcast_shape(const Shape& a, const Shape& b) {
  const std::size_t rank = std::max(a.size(), b.size());
  Shape out(rank, 1);
  for (const Shape* shape : {&a, &b}) {
    for (std::size_t i = 0; i < shape->size(); ++i) {
      std::int64_t& dim = out[rank - shape->size() + i];
      MXCHECK_CHECK(dim == 1 || (*shape)[i] == 1 || dim == (*shape)[i],
                    tensor::to_string(a) + " with " + tensor::to_string(b));
      if (dim == 1) dim = (*shape)[i];
    }
  }
  return out;
}

std::vector<std::int64_t> broadcast_strides(const Shape& shape, const Shape& out) {
  MXCHECK_CHECK(shape.size() <= out.size(), tensor::to_string(shape));
  const std::vector<std::int64_t> own = tensor::row_major_strides(shape);
  const std::size_t before = out.size() - shape.size();
  std::vector<std::int64_t> strides(out.size(), 0);
  for (std::size_t i = 0; i < shape.size(); ++i) {
    MXCHECK_CHECK(shape[i] == 1 || shape[i] == out[before + i], tensor::to_string(shape));
    if (shape[i] != 1) strides[before + i] = own[i];
  }
  return strides;
}

std::size_t library_tail(const Shape& shape, DType dtype) {
  if (dtype != DType::kF32 || shape.size() != 1 || shape[0] >= 16) return 0;
  const auto rest = static_cast<std::size_t>(shape[0] % 8);
  return rest == 3 || rest > 4 ? rest : 0;
}

Shape padded_shape(const Shape& shape, std::size_t rank) {
  if (shape.empty()) return shape;
  Shape out(rank - shape.size(), 1);
  out.insert(out.end(), shape.begin(), shape.end());
  return out;
}

}  // namespace mxcheck::exec
