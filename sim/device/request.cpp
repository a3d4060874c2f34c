// Names of operations, as capability files and the protocol spell them.
#include "sim/device/request.h"

namespace mxcheck::device {

const char* name(Op op) {
  switch (op) {
    case Op::kProduct:
      return "product";
    case Op::kQuantize:
      return "quantize";
    case Op::kQuantizedDot:
      return "quantized_dot";
  }
  return "?";
}

std::vector<std::string> op_names() {
  return {name(Op::kProduct), name(Op::kQuantize), name(Op::kQuantizedDot)};
}

const tensor::Tensor* Request::operand(std::string_view key) const {
  for (const auto& [own, value] : operands) {
    if (own == key) return &value;
  }
  return nullptr;
}

}  // namespace mxcheck::device
