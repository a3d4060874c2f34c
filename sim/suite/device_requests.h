// What a case asks of a device under test: every integer product it performs, every quantization to
// integer codes, every plain dot_general or einsum of codes with its scales; each with the value
// the sim gives for the same operands.
//
// Requests are taken from one run of the case, so that no answer depends on another: a wrong code
// does not make a product wrong. What cannot be asked is counted with its reason.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "sim/device/request.h"
#include "sim/exec/executor.h"

namespace mxcheck::suite {

struct DeviceQuestion {
  device::Request request;
  tensor::Tensor expected;  // of the request's dtype and shape
  std::string value;        // the golden name it belongs to, "step0/quant/y/fwd/acc"
};

struct DeviceQuestions {
  std::vector<DeviceQuestion> asked;  // products in the order they run, then the others
  std::map<device::Op, std::map<std::string, std::int64_t>> left_out;  // reason -> how often
};

// `request` is isolated (its golden are the values of `whole`); `whole` the run it repeats.
[[nodiscard]] DeviceQuestions device_questions(const exec::Request& request,
                                               const exec::Outcome& whole);

}  // namespace mxcheck::suite
