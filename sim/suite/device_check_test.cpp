// A device that answers from memory: what is asked, and what a wrong answer leads to.
#include "sim/suite/device_check.h"

#include <catch2/catch.hpp>
#include <functional>

#include "sim/suite/device_requests.h"
#include "sim/suite/testing.h"

namespace mxcheck::suite {
namespace {

using device::Op;
using device::Request;
using tensor::Tensor;

const std::string kRule =
    R"({"module_path": ".*", "weight_qtype": "s8", "act_qtype": "s8", "bwd_qtype": "s8"})";

// Answers with what is expected, after a change.
class Canned : public device::Device {
 public:
  using Change = std::function<void(const Request&, Tensor&)>;
  Canned(const DeviceQuestions& questions, Change change)
      : questions_(questions), change_(std::move(change)) {}
  device::Answers ask(const std::vector<Request>& requests) override {
    device::Answers out;
    for (const Request& r : requests) {
      for (const DeviceQuestion& q : questions_.asked) {
        if (q.request.name != r.name) continue;
        Tensor answer = q.expected;
        change_(r, answer);
        out.results.push_back(std::move(answer));
      }
    }
    return out;
  }

 private:
  const DeviceQuestions& questions_;
  Change change_;
};

struct Asked {
  explicit Asked(const std::string& text) : run(text) {
    values = run.outcome.values;
    questions = device_questions(request(), run.outcome);
  }
  [[nodiscard]] exec::Request request() const {
    exec::Request out = run.request();
    return {out.graph,  out.rules,   out.plan,  out.run, out.data,
            out.policy, out.profile, out.level, &values};
  }
  [[nodiscard]] DeviceCheck check(const Canned::Change& change) const {
    Canned device(questions, change);
    DeviceUnderTest dut;
    dut.device = &device;
    return check_device(request(), run.outcome, dut, 60'000);
  }
  testing::RunOf run;
  graph::Values values;
  DeviceQuestions questions;
};

TEST_CASE("a case asks for its products, its codes and its scaled products [DOT-4, QNT-1]",
          "[suite]") {
  const Asked asked(testing::dense(kRule));
  std::vector<std::string> names;
  for (const DeviceQuestion& q : asked.questions.asked) {
    names.push_back(std::string(device::name(q.request.op)) + " " + q.value);
  }
  CHECK(names ==
        std::vector<std::string>{
            "product step0/quant/y/fwd/acc", "product step0/quant/y/dlhs/acc",
            "product step0/quant/y/drhs/acc", "quantize step0/quant/y/fwd/lhs.qvalue",
            "quantize step0/quant/y/fwd/rhs.qvalue", "quantize step0/quant/y/dlhs/lhs.qvalue",
            "quantize step0/quant/y/drhs/lhs.qvalue", "quantized_dot step0/quant/y/fwd/out"});
  for (const DeviceQuestion& q : asked.questions.asked)
    CHECK(q.expected.shape() == q.request.shape);
}

TEST_CASE("right answers pass, with digests of what was asked and answered", "[suite]") {
  const Asked asked(testing::dense(kRule));
  const DeviceCheck check = asked.check([](const Request&, Tensor&) {});
  REQUIRE(check.results.size() == 3);
  for (const reports::CheckResult& one : check.results) {
    CHECK(one.status == reports::Status::kPass);
    CHECK(one.equal == one.tensors);
  }
  CHECK(check.digests.products == 3);
  CHECK(check.digests.expected == check.digests.results);
  CHECK(check.digests.requests.size() == 64);
}

TEST_CASE("one wrong element of one answer is found where it is", "[suite]") {
  const Asked asked(testing::dense(kRule));
  for (const DeviceQuestion& wrong : asked.questions.asked) {
    const DeviceCheck check = asked.check([&](const Request& r, Tensor& answer) {
      if (r.name == wrong.request.name) answer.set_bits(1, answer.bits(1) ^ 1);
    });
    std::vector<std::string> found;
    for (const reports::CheckResult& one : check.results) {
      for (const reports::Finding& finding : one.findings) found.push_back(finding.name);
    }
    CHECK(found == std::vector<std::string>{wrong.value});
    CHECK(check.digests.expected != check.digests.results);
  }
}

TEST_CASE("batches of products come back in the places of one accumulator", "[suite]") {
  const Asked asked(R"({"mxcheck": 1,
  "inputs": {"x": {"random": "normal", "seed": 1, "shape": [3, 4, 6]},
             "w": {"random": "normal", "seed": 2, "shape": [3, 6, 5]}},
  "nodes": [{"name": "y", "op": "dot_general", "args": ["x", "w"],
             "dimension_numbers": [[[2], [1]], [[0], [0]]]}],
  "rules": [{"module_path": ".*", "weight_qtype": "s8", "act_qtype": "s8"}]})");
  std::int64_t products = 0;
  for (const DeviceQuestion& q : asked.questions.asked) products += q.request.op == Op::kProduct;
  REQUIRE(products == 3);
  const DeviceCheck check = asked.check([](const Request& r, Tensor& answer) {
    if (r.name == "step0/quant/y/fwd/acc#2") answer.store_int(7, 12345);
  });
  REQUIRE(check.results.front().findings.size() == 1);
  CHECK(check.results.front().findings.front().differ == 1);
  CHECK(check.results.front().findings.front().mismatches.front().index ==
        std::vector<std::int64_t>{2, 1, 2});
}

}  // namespace
}  // namespace mxcheck::suite
