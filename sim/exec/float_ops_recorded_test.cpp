// Float ops against values and gradients recorded from the norm, bit for bit, under both policies
// (FLT-5..FLT-8, POL-7).
#include <catch2/catch.hpp>
#include <optional>

#include "sim/exec/op.h"
#include "sim/numerics/flush.h"

namespace mxcheck::exec {
namespace {

using graph::Op;

struct Stored {
  DType dtype;
  Shape shape;
  std::vector<std::uint64_t> patterns;
};

struct Recorded {
  Op op;
  const char* policy;
  std::string variant;
  std::vector<Stored> args;
  Stored value, cotangent;
  std::vector<Stored> gradients;  // of the float arguments
};

std::vector<Recorded> recorded() {
  std::vector<Recorded> out;
#define RECORDED(...) out.push_back(Recorded{__VA_ARGS__});
#include "sim/exec/float_ops_recorded.def"
#undef RECORDED
  return out;
}

Tensor tensor_of(const Stored& stored) {
  Tensor x(stored.dtype, stored.shape);
  for (std::int64_t i = 0; i < x.size(); ++i) {
    x.set_bits(i, stored.patterns[static_cast<std::size_t>(i)]);
  }
  return x;
}

graph::Node node_of(const Recorded& r) {
  graph::Node node;
  node.op = r.op;
  node.type = {r.value.dtype, r.value.shape};
  node.attributes.approximate = r.variant != "exact";
  if (r.op == Op::reduce_mean) node.attributes.axes = {1};
  return node;
}

}  // namespace

TEST_CASE("float ops give the recorded values and gradients [FLT-6] [FLT-7] [FLT-8]", "[exec]") {
  const numerics::FlushSubnormals flush;
  for (const Recorded& r : recorded()) {
    INFO(graph::name(r.op) << " " << numerics::name(r.value.dtype) << " " << r.policy);
    const graph::Node node = node_of(r);
    const Policy policy = *numerics::policy_from_name(r.policy);
    std::vector<Tensor> args;
    for (const Stored& s : r.args) args.push_back(tensor_of(s));
    std::vector<const Tensor*> pointers;
    for (const Tensor& x : args) pointers.push_back(&x);
    const OpInputs in{node, pointers, policy};
    const Tensor value = tensor_of(r.value);
    CHECK(identical(float_op(r.op).forward(in), value));

    std::vector<std::optional<Tensor>> sums(args.size());
    for (const Contribution& c : float_op(r.op).vjp(in, value, tensor_of(r.cotangent))) {
      auto& sum = sums[c.arg];
      sum = sum ? add_values(*sum, c.value, policy) : c.value;
    }
    std::size_t next = 0;
    for (std::size_t i = 0; i < args.size(); ++i) {
      if (!numerics::is_float(args[i].dtype())) continue;
      REQUIRE(sums[i].has_value());
      CHECK(identical(*sums[i], tensor_of(r.gradients[next++])));
    }
  }
}

}  // namespace mxcheck::exec
