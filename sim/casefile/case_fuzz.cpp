// Whatever the bytes are, reading them as a case neither crashes nor hangs, and a refusal names a
// known label at a place in the text.
#include <cstddef>
#include <cstdint>
#include <string>

#include "sim/base/check.h"
#include "sim/base/labels.h"
#include "sim/casefile/case.h"

namespace {

void check(const mxcheck::base::Diagnostics& diagnostics) {
  for (const mxcheck::base::Diagnostic& d : diagnostics) {
    MXCHECK_CHECK(mxcheck::base::find_label(d.label) != nullptr, d.label);
    MXCHECK_CHECK(d.line > 0 && d.column > 0, mxcheck::base::format(d));
  }
}

std::int64_t elements(const mxcheck::casefile::Case& c) {
  std::int64_t out = 0;
  for (int v = 0; v < c.graph.value_count(); ++v) {
    out += mxcheck::tensor::element_count(c.graph.type(v).shape).value();
  }
  return out * c.run.steps;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const mxcheck::casefile::LoadedCases loaded =
      mxcheck::casefile::load_case_text(text, "/nonexistent/a.json", "/nonexistent", "a");
  check(loaded.diagnostics);
  for (const auto& refusal : loaded.refused) check(refusal.diagnostics);
  MXCHECK_CHECK(!loaded.cases.empty() || !loaded.refused.empty() ||
                    mxcheck::base::has_errors(loaded.diagnostics),
                "neither read nor refused");
  constexpr std::int64_t kMostElements = 100'000;
  for (const mxcheck::casefile::Case& c : loaded.cases) {
    if (elements(c) > kMostElements) continue;
    mxcheck::base::Diagnostics diagnostics;
    static_cast<void>(mxcheck::casefile::load_data(c, diagnostics));
    static_cast<void>(mxcheck::casefile::load_expected(c, diagnostics));
  }
  return 0;
}
