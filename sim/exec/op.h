// The contract of float and layout ops: pure functions from argument tensors to a value, and from a
// cotangent to contributions to the arguments' cotangents.
//
// Each primitive inside an op is rounded to the operands' dtype in the norm's order (FLT-6..FLT-8).
// A vector-Jacobian product returns CONTRIBUTIONS, not one sum per argument: the norm adds every
// one of them to the argument's cotangent by itself, in the listed order (BWD-10), and that order
// shows in the bits. The caller holds numerics::FlushSubnormals.
#pragma once

#include <vector>

#include "sim/graph/graph.h"
#include "sim/numerics/policy.h"
#include "sim/tensor/tensor.h"

namespace mxcheck::exec {

using numerics::DType;
using numerics::Policy;
using tensor::Shape;
using tensor::Tensor;

struct OpInputs {
  const graph::Node& node;
  const std::vector<const Tensor*>& args;
  const Policy& policy;

  [[nodiscard]] const Tensor& arg(std::size_t i) const { return *args[i]; }
  [[nodiscard]] const graph::Attributes& attributes() const { return node.attributes; }
};

struct Contribution {
  std::size_t arg = 0;  // argument number
  Tensor value;         // the argument's shape and dtype
};

using ForwardFunction = Tensor (*)(const OpInputs&);
// y is the op's value, g its cotangent (same shape and dtype). Integer arguments get nothing.
using VjpFunction = std::vector<Contribution> (*)(const OpInputs&, const Tensor& y,
                                                  const Tensor& g);

struct FloatOp {
  ForwardFunction forward = nullptr;
  VjpFunction vjp = nullptr;
};

// The functions of a float or layout op: forward_<id> and vjp_<id> for every line of ops.def whose
// kind is not kQuantizable.
[[nodiscard]] const FloatOp& float_op(graph::Op op);

// a + b in their dtype: how cotangents are accumulated. Same shape.
[[nodiscard]] Tensor add_values(const Tensor& a, const Tensor& b, const Policy& policy);

}  // namespace mxcheck::exec
