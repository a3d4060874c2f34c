// A whole program on the library: runs a case from text, prints verdicts and one value, then asks
// for a single product, and shows how a case that cannot be meant is answered.
//
//   c++ -std=c++17 main.cpp $(pkg-config --cflags --libs mxcheck) -o consumer
#include <mxcheck/mxcheck.h>

#include <cstdio>
#include <cstring>

namespace {

const char* const kCase = R"({
  "mxcheck": 1,
  "inputs": {"x": {"values": [[1, -127.5]]}},
  "params": {"Dense_0/kernel": {"values": [[127.5, -127.5], [2, 4]]}},
  "nodes": [{"name": "y", "op": "dot_general", "module": "Dense_0", "args": ["x", "Dense_0/kernel"],
             "dimension_numbers": [[[1], [0]], [[], []]]}],
  "rules": [{"weight_qtype": "s8", "act_qtype": "s8"}],
  "expect": {"values": {"step0/node/y": {"values": [[-129, -640]]}}}
})";

template <typename T>
T element(const mxcheck::Array& array, std::size_t i) {
  T out;
  std::memcpy(&out, array.bytes.data() + i * sizeof(T), sizeof(T));
  return out;
}

void run_a_case() {
  mxcheck::Options options;
  options.texts = {{"dense", kCase, ""}};
  options.values = mxcheck::Wanted::kEndToEnd;
  const mxcheck::Results results = mxcheck::run(options);
  for (const mxcheck::CaseResult& c : results.cases) {
    std::printf("%s %s\n", c.id.c_str(), mxcheck::name(c.status));
    for (const mxcheck::CheckResult& check : c.checks) {
      std::printf("  %s%s%s: %s, %lld tensors\n", check.check.c_str(),
                  check.mode.empty() ? "" : " ", check.mode.c_str(), mxcheck::name(check.status),
                  static_cast<long long>(check.tensors));
    }
    const mxcheck::Array& codes = c.values.at("step0/quant/y/fwd/lhs.qvalue");
    std::printf("  codes of x: %d %d\n", element<std::int8_t>(codes, 0),
                element<std::int8_t>(codes, 1));
  }
}

void ask_for_a_product() {
  const std::int8_t lhs[] = {-128, 127, 1, -1}, rhs[] = {2, -3, 4, 5};
  mxcheck::Product product;
  product.lhs = {"s8", {1, 4}, std::vector<std::byte>(4)};
  product.rhs = {"s8", {4, 1}, std::vector<std::byte>(4)};
  std::memcpy(product.lhs.bytes.data(), lhs, 4);
  std::memcpy(product.rhs.bytes.data(), rhs, 4);
  product.hardware = "tpu_v5e";
  product.level = mxcheck::Level::kCycle;
  const mxcheck::ProductResult result = mxcheck::multiply(product);
  std::printf("product %s: %lld, its sums need %d bits\n", mxcheck::name(result.status),
              static_cast<long long>(element<std::int64_t>(result.acc, 0)), result.acc_bits);
}

void show_a_refusal() {
  mxcheck::Options options;
  options.texts = {{"broken", "{\"mxcheck\": 1, \"nodes\": [], \"input\": {}}", ""}};
  for (const mxcheck::Diagnostic& d : mxcheck::run(options).diagnostics) {
    std::printf("refused: line %d, [%s] %s\n", d.line, d.label.c_str(), d.fact.c_str());
  }
}

}  // namespace

int main() {
  run_a_case();
  ask_for_a_product();
  show_a_refusal();
  return 0;
}
