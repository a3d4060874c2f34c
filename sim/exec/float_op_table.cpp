// The table from op to its two functions. It names forward_<id> and vjp_<id> for every float and
// layout line of ops.def, so that an op without them does not link.
#include <array>

#include "sim/exec/float_ops.h"

namespace mxcheck::exec {
namespace {

#define MXCHECK_ENTRY_kQuantizable(id) FloatOp{},
#define MXCHECK_ENTRY_kFloat(id) FloatOp{forward_##id, vjp_##id},
#define MXCHECK_ENTRY_kLayout(id) FloatOp{forward_##id, vjp_##id},
constexpr std::array kTable{
#define MXCHECK_OP(id, arguments, kind, shape_rule, attributes) MXCHECK_ENTRY_##kind(id)
#include "sim/graph/ops.def"
#undef MXCHECK_OP
};

}  // namespace

const FloatOp& float_op(graph::Op op) {
  const FloatOp& entry = kTable[static_cast<std::size_t>(op)];
  MXCHECK_CHECK(entry.forward != nullptr, graph::name(op));
  return entry;
}

}  // namespace mxcheck::exec
