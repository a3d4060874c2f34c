// Any bytes as a device file: no crash; what is refused says why and where; what is accepted obeys
// the caps and answers any request with yes or a reason.
#include <cstddef>
#include <cstdint>
#include <string>

#include "sim/base/check.h"
#include "sim/base/labels.h"
#include "sim/device/device_file.h"

namespace {

using namespace mxcheck;
using namespace mxcheck::device;

void check_caps(const DeviceFile& file) {
  constexpr std::size_t kMostText = 256, kMostWord = 4096, kMostWords = 256;
  constexpr double kLongest = 86400;
  MXCHECK_CHECK(!file.name.empty() && file.name.size() <= kMostText, "name");
  MXCHECK_CHECK(!file.version.empty() && file.version.size() <= kMostText, "version");
  MXCHECK_CHECK(file.limits.request_seconds > 0 && file.limits.request_seconds <= kLongest,
                "request_seconds");
  MXCHECK_CHECK(file.limits.hello_seconds > 0 && file.limits.hello_seconds <= kLongest,
                "hello_seconds");
  MXCHECK_CHECK(file.limits.output_bytes > 0, "output_bytes");
  MXCHECK_CHECK(file.limits.restarts >= 0 && file.limits.restarts <= 1000, "restarts");
  MXCHECK_CHECK(file.command.size() <= kMostWords, "words of a command");
  for (const std::string& word : file.command) {
    MXCHECK_CHECK(word.size() <= kMostWord && word.find('\0') == std::string::npos, "a word");
  }
  MXCHECK_CHECK(file.tier != Tier::kProcess || !file.command.empty(), "no program");
  MXCHECK_CHECK(file.tier != Tier::kLibrary || !file.library.empty(), "no library");
  MXCHECK_CHECK(
      file.tier != Tier::kVerilog || file.verilog.sources.empty() != file.verilog.simulator.empty(),
      "neither or both of sources and simulator");
}

void check_claims(const Capabilities& claims) {
  for (const Op op : {Op::kProduct, Op::kQuantize, Op::kQuantizedDot}) {
    const Tolerance tolerance = claims.tolerance(op);
    MXCHECK_CHECK(tolerance.absolute >= 0 && tolerance.relative >= 0, "a negative tolerance");
    Request request;
    request.op = op;
    request.profile = "ideal_int32";
    request.policy = "ieee";
    request.operands = {{"lhs", tensor::Tensor(tensor::DType::kS8, {2, 3})},
                        {"rhs", tensor::Tensor(tensor::DType::kS8, {3, 4})},
                        {"x", tensor::Tensor(tensor::DType::kF32, {2, 4})}};
    request.dtype = op == Op::kQuantizedDot ? tensor::DType::kF32 : tensor::DType::kS8;
    request.shape = {2, 4};
    const bool asked = outside(claims, request).empty();
    MXCHECK_CHECK(!asked || claims.has(op), "an operation that is not claimed is asked");
    if (op != Op::kProduct || !asked) continue;
    MXCHECK_CHECK(claims.max_m == 0 || claims.max_m >= 2, "M beyond the claim");
    MXCHECK_CHECK(claims.max_n == 0 || claims.max_n >= 4, "N beyond the claim");
    MXCHECK_CHECK(claims.max_k == 0 || claims.max_k >= 3, "K beyond the claim");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  base::Diagnostics problems;
  const auto file = parse_device_file(text, "fuzz.json", problems);
  MXCHECK_CHECK(file.has_value() == problems.empty(), "refused without a reason");
  for (const base::Diagnostic& d : problems) {
    MXCHECK_CHECK(base::find_label(d.label) != nullptr, d.label);
    MXCHECK_CHECK(d.line > 0 && d.column > 0, base::format(d));
  }
  if (!file) return 0;
  MXCHECK_CHECK(file->text == text, "the text is not kept");
  check_caps(*file);
  check_claims(file->capabilities);
  return 0;
}
