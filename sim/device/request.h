// What is asked of a device under test, and what it answers: one operation on arrays, named as the
// golden value it stands for (docs/devices.md).
//
//   product        lhs [m,k] x rhs [k,n] codes, init [m,n] s64 optional -> s32 [m,n] (DOT-1, DOT-8)
//   quantize       x, scale, zero_point optional -> codes of `qtype` (QNT-1, QNT-2, TYP-1)
//   quantized_dot  lhs, rhs codes, lhs_scale [m,1]|[1,1], rhs_scale [1,n]|[1,1], one zero point at
//                  most -> floats [m,n] (DOT-4, DOT-5)
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/tensor/tensor.h"

namespace mxcheck::device {

enum class Op : std::uint8_t { kProduct, kQuantize, kQuantizedDot };
[[nodiscard]] const char* name(Op op);
[[nodiscard]] std::vector<std::string> op_names();

struct Request {
  Op op = Op::kProduct;
  std::string name;     // "step0/quant/y/fwd/acc": free text for the device
  std::string profile;  // matrix unit, as reports print it; products and quantized_dot
  std::string policy;   // quantize and quantized_dot
  std::vector<std::pair<std::string, tensor::Tensor>> operands;  // in the protocol's order
  tensor::DType dtype = tensor::DType::kS32;                     // of the answer
  tensor::Shape shape;                                           // of the answer

  [[nodiscard]] const tensor::Tensor* operand(std::string_view key) const;
};

// Answers in the order of the requests; `failure` says why there are none: the device crashed,
// hung, or answered something that is no answer. `log` is the end of what it wrote to stderr.
struct Answers {
  std::vector<tensor::Tensor> results;
  std::string failure;
  std::string log;
};

// A device as the suite sees it.
class Device {
 public:
  Device() = default;
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;
  virtual ~Device() = default;
  // Names the case that the next requests belong to; for devices that keep files.
  virtual void begin(const std::string& id) { static_cast<void>(id); }
  // All requests of one case.
  [[nodiscard]] virtual Answers ask(const std::vector<Request>& requests) = 0;
};

}  // namespace mxcheck::device
