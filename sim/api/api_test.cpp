// The library as a caller sees it: verdicts and values of cases from files and from text, single
// operations, and that whatever is wrong with what it is given comes back as diagnostics.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <set>
#include <stdexcept>
#include <thread>

#include "mxcheck/mxcheck.h"

namespace {

using Labels = std::set<std::string>;

Labels labels(const mxcheck::Diagnostics& diagnostics) {
  Labels out;
  for (const mxcheck::Diagnostic& d : diagnostics) out.insert(d.label);
  return out;
}

template <typename T>
mxcheck::Array array(const char* dtype, std::vector<std::int64_t> shape, const std::vector<T>& x) {
  mxcheck::Array out{dtype, std::move(shape), std::vector<std::byte>(x.size() * sizeof(T))};
  if (!x.empty()) std::memcpy(out.bytes.data(), x.data(), out.bytes.size());
  return out;
}

template <typename T>
std::vector<T> elements(const mxcheck::Array& x) {
  std::vector<T> out(x.bytes.size() / sizeof(T));
  std::memcpy(out.data(), x.bytes.data(), x.bytes.size());
  return out;
}

// x [1, 2] times w [2, 2] in s8; `more` are further keys of the case.
std::string small_case(const std::string& more) {
  return R"({"mxcheck": 1,
  "inputs": {"x": {"values": [[1, -127.5]]}},
  "params": {"m/w": {"values": [[127.5, -127.5], [2, 4]]}},
  "nodes": [{"name": "y", "op": "dot_general", "module": "m", "args": ["x", "m/w"],
             "dimension_numbers": [[[1], [0]], [[], []]]}],
  "rules": [{"weight_qtype": "s8", "act_qtype": "s8"}])" +
         more + "}";
}

mxcheck::Options of_text(const std::string& json) {
  mxcheck::Options options;
  options.texts = {{"small", json, ""}};
  return options;
}

TEST_CASE("cases of a folder have verdicts in the order of their ids", "[api]") {
  mxcheck::Options options;
  options.paths = {"cases/qt"};
  options.keyword = "dense_f32";
  options.jobs = 2;
  std::vector<std::string> finished;
  options.finished = [&](const mxcheck::CaseResult& c) { finished.push_back(c.id); };
  const mxcheck::Results results = mxcheck::run(options);
  REQUIRE(results.cases.size() >= 2);
  CHECK(results.good());
  CHECK(results.passed == static_cast<std::int64_t>(results.cases.size()));
  std::vector<std::string> ids;
  for (const mxcheck::CaseResult& c : results.cases) {
    CHECK(std::string(mxcheck::name(c.status)) == "PASS");
    CHECK(c.values.empty());
    ids.push_back(c.id);
    const bool golden = std::any_of(c.checks.begin(), c.checks.end(), [](const auto& check) {
      return check.check == "golden" && check.tensors > 0;
    });
    CHECK(golden);
  }
  CHECK(std::is_sorted(ids.begin(), ids.end()));
  CHECK(ids == finished);
  CHECK(results.report.empty());
}

TEST_CASE("values of a text come back under their golden names, in the bits of their dtypes",
          "[api]") {
  mxcheck::Options options = of_text(small_case(""));
  options.values = mxcheck::Wanted::kEndToEnd;
  const mxcheck::Results results = mxcheck::run(options);
  REQUIRE(results.cases.size() == 1);
  const mxcheck::Values& values = results.cases[0].values;
  // Every scale is 1: -127.5 is a tie and goes to the even -128, 127.5 is saturated.
  const mxcheck::Array& lhs = values.at("step0/quant/y/fwd/lhs.qvalue");
  CHECK(lhs.dtype == "s8");
  CHECK(lhs.shape == std::vector<std::int64_t>{1, 2});
  CHECK(elements<std::int8_t>(lhs) == std::vector<std::int8_t>{1, -128});
  CHECK(elements<std::int32_t>(values.at("step0/quant/y/fwd/acc")) ==
        std::vector<std::int32_t>{127 - 256, -128 - 512});
  CHECK(elements<float>(values.at("step0/node/y")) == std::vector<float>{-129.0F, -640.0F});
}

TEST_CASE("a value that is not the expected one is a finding with both sides and the rule [QNT-1]",
          "[api]") {
  const mxcheck::Results results = mxcheck::run(of_text(small_case(
      R"(, "expect": {"values": {"step0/quant/y/fwd/lhs.qvalue":
         {"values": [[1, -127]], "dtype": "s8"}}})")));
  REQUIRE(results.cases.size() == 1);
  CHECK(results.cases[0].status == mxcheck::Status::kFail);
  CHECK(results.failed == 1);
  CHECK_FALSE(results.good());
  CHECK(results.diagnostics.empty());
  bool found = false;
  for (const mxcheck::CheckResult& check : results.cases[0].checks) {
    for (const mxcheck::Finding& finding : check.findings) {
      if (finding.name != "step0/quant/y/fwd/lhs.qvalue" || !finding.first) continue;
      found = true;
      CHECK(finding.cls == "EXACT");
      CHECK(finding.differ == 1);
      CHECK(finding.first->index == std::vector<std::int64_t>{0, 1});
      CHECK(finding.first->ours == "-128");
      CHECK(finding.first->theirs_bits == "0x81");
      CHECK(finding.rule == "QNT-1");
    }
  }
  CHECK(found);
}

TEST_CASE("a refused case is SUITE_ERROR with every problem and its place", "[api]") {
  const mxcheck::Results results =
      mxcheck::run(of_text(small_case(R"(, "tag": [], "policy": "iee")")));
  REQUIRE(results.cases.size() == 1);
  CHECK(results.cases[0].status == mxcheck::Status::kSuiteError);
  CHECK(labels(results.diagnostics) == Labels{"CASE-KEY", "CASE-VALUE"});
  for (const mxcheck::Diagnostic& d : results.diagnostics) {
    CHECK(d.line == 6);
    CHECK(d.file.find("<small>") != std::string::npos);
    CHECK(mxcheck::to_string(d).find(d.label) != std::string::npos);
  }
}

TEST_CASE("every option that cannot be meant is reported at once [API-OPTION, HW-KEY]", "[api]") {
  mxcheck::Options options = of_text(small_case(""));
  options.texts.push_back({"", "{}", ""});
  options.texts.push_back({"else", "{}", "no/such/folder"});
  options.paths = {"no_such_folder"};
  options.keyword = "a and";
  options.ops = {"dot_generl"};
  options.checks = {"goldn"};
  options.policy = "ieee,tie=awry";
  options.hardware = R"({"base": "tpu_v5e", "rowz": 3})";
  options.isa = "mmx";
  options.jobs = 5000;
  options.max_failures = -1;
  options.shard_count = 2, options.shard_index = 2;
  const mxcheck::Results results = mxcheck::run(options);
  CHECK(results.cases.empty());
  CHECK(results.incomplete);
  std::multiset<std::string> places;
  for (const mxcheck::Diagnostic& d : results.diagnostics) {
    if (d.label == "API-OPTION") places.insert(d.pointer);
  }
  CHECK(places == std::multiset<std::string>{"/checks", "/isa", "/jobs", "/keyword",
                                             "/max_failures", "/ops", "/paths", "/policy",
                                             "/shard_index", "/texts", "/texts"});
  CHECK(labels(results.diagnostics) == Labels{"API-OPTION", "HW-KEY"});
}

TEST_CASE("two cases of one id are refused [API-OPTION]", "[api]") {
  mxcheck::Options options = of_text(small_case(""));
  options.texts.push_back(options.texts.front());
  const mxcheck::Results results = mxcheck::run(options);
  CHECK(labels(results.diagnostics) == Labels{"API-OPTION"});
  CHECK(results.cases.empty());
}

TEST_CASE("a text may refer to files of its folder's suite and to no other [SRC-PATH]", "[api]") {
  const std::string golden = "qt/dense_f32_ieee.safetensors";
  mxcheck::Options options =
      of_text(small_case(R"(, "expect": {"golden": "../golden/data/)" + golden + R"("})"));
  options.texts[0].folder = "cases";
  const mxcheck::Results inside = mxcheck::run(options);
  REQUIRE(inside.cases.size() == 1);  // found, and not the values of this case
  CHECK(inside.cases[0].status == mxcheck::Status::kFail);
  options.texts[0].json = small_case(R"(, "expect": {"golden": "../../x.safetensors"})");
  CHECK(labels(mxcheck::run(options).diagnostics) == Labels{"SRC-PATH"});
}

TEST_CASE("what the caller's function throws ends the run [API-FAILED]", "[api]") {
  mxcheck::Options options = of_text(small_case(""));
  options.finished = [](const mxcheck::CaseResult&) { throw std::runtime_error("no more"); };
  const mxcheck::Results thrown = mxcheck::run(options);
  CHECK(labels(thrown.diagnostics) == Labels{"API-FAILED"});
  CHECK(thrown.diagnostics[0].fact == "no more");
  CHECK_FALSE(thrown.good());
  options.finished = [](const mxcheck::CaseResult&) { throw 1; };
  CHECK(labels(mxcheck::run(options).diagnostics) == Labels{"API-FAILED"});
}

TEST_CASE("only the checks that are asked for are run", "[api]") {
  mxcheck::Options options;
  options.paths = {"cases/qt/dense_f32_ieee.json"};
  options.checks = {"fast"};
  const mxcheck::Results results = mxcheck::run(options);
  REQUIRE(results.cases.size() == 1);
  REQUIRE(results.cases[0].checks.size() == 1);
  CHECK(results.cases[0].checks[0].check == "fast");
  options = of_text(small_case(R"(, "checks": ["cycle"])"));
  options.checks = {"fast"};
  CHECK(mxcheck::run(options).cases.empty());
}

TEST_CASE("policy, hardware and level of the call win over the case's", "[api]") {
  mxcheck::Options options = of_text(small_case(""));
  options.policy = "ieee,tie=away";
  options.hardware = "tpu_v5e";
  options.level = mxcheck::Level::kCycle;
  options.report = mxcheck::Report::kJson;
  const mxcheck::Results results = mxcheck::run(options);
  REQUIRE(results.cases.size() == 1);
  CHECK(results.cases[0].policy == "ieee, tie=away");
  CHECK(results.cases[0].hardware == "tpu_v5e");
  CHECK(results.report.find(R"("level": "cycle")") != std::string::npos);
  CHECK(results.report.find(mxcheck::version()) != std::string::npos);
}

TEST_CASE("a run that is stopped is incomplete, and so is one that fails early", "[api]") {
  const std::atomic<bool> stop = true;
  mxcheck::Options options;
  options.paths = {"cases/int"};
  options.stop = &stop;
  const mxcheck::Results stopped = mxcheck::run(options);
  CHECK(stopped.incomplete);
  CHECK_FALSE(stopped.good());
}

TEST_CASE("calls from several threads give what one gives", "[api]") {
  mxcheck::Options options;
  options.paths = {"cases/qt/dense_f32_ieee.json"};
  options.values = mxcheck::Wanted::kEndToEnd;
  const auto bytes = [&] {
    const mxcheck::Results results = mxcheck::run(options);
    std::vector<std::byte> out;
    for (const auto& [name, value] : results.cases.at(0).values) {
      out.insert(out.end(), value.bytes.begin(), value.bytes.end());
    }
    return out;
  };
  const std::vector<std::byte> alone = bytes();
  std::vector<std::vector<std::byte>> found(3);
  std::vector<std::thread> threads;
  for (auto& one : found) threads.emplace_back([&one, &bytes] { one = bytes(); });
  for (std::thread& thread : threads) thread.join();
  for (const auto& one : found) CHECK(one == alone);
}

// --- operations ---------------------------------------------------------------------------------

mxcheck::Product dot4() {
  mxcheck::Product out;
  out.lhs = array<std::int8_t>("s8", {1, 4}, {-128, 127, 1, -1});
  out.rhs = array<std::int8_t>("s8", {4, 1}, {2, -3, 4, 5});
  return out;
}

TEST_CASE("a product is init plus the sum over k, on both levels [DOT-1, DOT-8]", "[api]") {
  mxcheck::Product product = dot4();
  CHECK(elements<std::int64_t>(mxcheck::multiply(product).acc) == std::vector<std::int64_t>{-638});
  product.init = array<std::int64_t>("s64", {1, 1}, {1000});
  const mxcheck::ProductResult functional = mxcheck::multiply(product);
  CHECK(functional.status == mxcheck::Status::kPass);
  CHECK(elements<std::int64_t>(functional.acc) == std::vector<std::int64_t>{362});
  CHECK(functional.acc_bits > 8);
  CHECK(functional.cycles == 0);
  product.level = mxcheck::Level::kCycle;
  const mxcheck::ProductResult stepped = mxcheck::multiply(product);
  CHECK(stepped.acc.bytes == functional.acc.bytes);
  CHECK(stepped.cycles > 4);
}

TEST_CASE("a unit wraps, leaves open or refuses what its profile says [HW-TYPE]", "[api]") {
  mxcheck::Product product = dot4();
  product.init = array<std::int64_t>("s64", {1, 1}, {-32768});
  product.hardware = R"({"base": "ideal_int32", "acc_bits": 16, "delivery_bits": 16})";
  CHECK(elements<std::int64_t>(mxcheck::multiply(product).acc) ==
        std::vector<std::int64_t>{-32768 - 638 + 65536});
  product.hardware = R"({"base": "ideal_int32", "acc_bits": 16, "acc_overflow": "trap"})";
  const mxcheck::ProductResult open = mxcheck::multiply(product);
  CHECK(open.status == mxcheck::Status::kUndefined);
  CHECK_FALSE(open.reason.empty());
  product.hardware = R"({"base": "ideal_int32", "lhs_types": ["u8"]})";
  const mxcheck::ProductResult refused = mxcheck::multiply(product);
  CHECK(refused.status == mxcheck::Status::kSuiteError);
  CHECK(labels(refused.diagnostics) == Labels{"HW-TYPE"});
}

TEST_CASE("arrays that are none are refused before anything is computed [API-ARRAY]", "[api]") {
  const auto refused = [](const mxcheck::Product& product) {
    const mxcheck::ProductResult out = mxcheck::multiply(product);
    CHECK(out.status == mxcheck::Status::kSuiteError);
    CHECK(out.acc.bytes.empty());
    return labels(out.diagnostics);
  };
  mxcheck::Product product = dot4();
  product.lhs.bytes.pop_back();
  CHECK(refused(product) == Labels{"API-ARRAY"});
  product = dot4();
  product.lhs.dtype = "int8";
  CHECK(refused(product) == Labels{"API-ARRAY"});
  product = dot4();
  product.lhs.dtype = "s4";  // -128 is no s4
  CHECK(refused(product) == Labels{"API-ARRAY"});
  product = dot4();
  product.lhs.dtype = "pred";
  CHECK(refused(product) == Labels{"API-ARRAY"});
  product = dot4();
  product.rhs.shape = {1, 4};
  CHECK(refused(product) == Labels{"API-ARRAY"});
  product = dot4();
  product.lhs.shape = {std::int64_t{1} << 62, 4};
  CHECK(refused(product) == Labels{"API-ARRAY"});
  product = dot4();
  product.init = array<std::int64_t>("s64", {1, 1}, {INT64_MIN});
  CHECK(refused(product) == Labels{"API-ARRAY"});
  product = dot4();
  product.level = mxcheck::Level::kFast;
  product.hardware = "tpu";
  CHECK(refused(product) == Labels{"API-OPTION"});
}

TEST_CASE("an array is quantized as an operand is [CAL-1, SCL-1, QNT-1, DEQ-1]", "[api]") {
  mxcheck::Quantize request;
  request.x = array<float>("f32", {2, 2}, {127.5F, 0.5F, -255.0F, 3.0F});
  request.channelwise = {0};
  const mxcheck::QuantizeResult out = mxcheck::quantize(request);
  CHECK(out.diagnostics.empty());
  CHECK(elements<std::int8_t>(out.qvalue) == std::vector<std::int8_t>{127, 0, -128, 2});
  CHECK(out.scale.shape == std::vector<std::int64_t>{2, 1});
  CHECK(elements<float>(out.scale) == std::vector<float>{1.0F, 2.0F});
  CHECK(elements<float>(out.dequantized) == std::vector<float>{127.0F, 0.0F, -256.0F, 4.0F});
  CHECK_FALSE(out.zero_point.has_value());
  request.method = "minmax";
  CHECK(mxcheck::quantize(request).zero_point.has_value());
}

TEST_CASE("a quantization that cannot be meant is refused by its label", "[api]") {
  mxcheck::Quantize good;
  good.x = array<float>("f32", {2, 2}, {1, 2, 3, 4});
  const auto refused = [](const mxcheck::Quantize& request) {
    const mxcheck::QuantizeResult out = mxcheck::quantize(request);
    CHECK(out.qvalue.bytes.empty());
    return labels(out.diagnostics);
  };
  mxcheck::Quantize request = good;
  request.qtype = "s9";
  CHECK(refused(request) == Labels{"QT-TYPE"});
  request = good, request.method = "absmx";
  CHECK(refused(request) == Labels{"CAL-METHOD"});
  request = good, request.method = "fixed,1,2";
  CHECK(refused(request) == Labels{"CAL-RANGE"});
  request = good, request.method = "minmax", request.qtype = "u8";
  CHECK(refused(request) == Labels{"QT-ASYM-TYPE"});
  request = good, request.tiles = {{1, 3}};
  CHECK(refused(request) == Labels{"TIL-DIVIDE"});
  request = good, request.tiles = {{1, 2}}, request.channelwise = {1};
  CHECK(refused(request) == Labels{"TIL-CHANNEL"});
  request = good, request.qtype = "mxfp8";
  CHECK(refused(request) == Labels{"TIL-MX"});
  request = good, request.channelwise = {2}, request.policy = "iee";
  CHECK(refused(request) == Labels{"API-OPTION", "SHP-AXIS"});
  request = good, request.channelwise = {0, 0};
  CHECK(refused(request) == Labels{"SHP-AXIS"});
  request = good, request.x = array<std::int32_t>("s32", {1}, {1});
  CHECK(refused(request) == Labels{"QNT-DTYPE"});
  request = good, request.x = array<float>("f32", {0}, {});
  CHECK(refused(request) == Labels{"API-ARRAY"});
}

TEST_CASE("the version of the header is the version of the library", "[api]") {
  CHECK(mxcheck::version() == MXCHECK_VERSION_STRING);
  CHECK(std::to_string(MXCHECK_VERSION_MAJOR) + "." + std::to_string(MXCHECK_VERSION_MINOR) + "." +
            std::to_string(MXCHECK_VERSION_PATCH) ==
        mxcheck::version());
  CHECK_FALSE(mxcheck::commit().empty());
  CHECK(mxcheck::element_width("bf16") == 2);
  CHECK(mxcheck::element_width("bfloat16") == 0);
}

}  // namespace
