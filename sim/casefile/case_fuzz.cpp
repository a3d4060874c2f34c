// Whatever the bytes are, reading them as a case neither crashes nor hangs, a refusal names a known
// label at a place in the text, and a case that is read can be written and read again unchanged.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "sim/base/check.h"
#include "sim/base/labels.h"
#include "sim/casefile/draft.h"
#include "sim/casefile/same_case.h"

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

void check_written(const mxcheck::casefile::Case& c) {
  const std::string text = mxcheck::casefile::write_case(c);
  const mxcheck::casefile::LoadedCases again =
      mxcheck::casefile::load_case_text(text, c.file, c.root, c.id);
  for (const auto& d : again.diagnostics) {
    MXCHECK_CHECK(d.severity != mxcheck::base::Severity::kError, mxcheck::base::format(d) + text);
  }
  MXCHECK_CHECK(again.cases.size() == 1, text);
  const std::string differs = difference(c, again.cases.front());
  MXCHECK_CHECK(differs.empty(), differs + " of " + text);
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
  constexpr std::size_t kMostWritten = 4;
  for (std::size_t i = 0; i < std::min(loaded.cases.size(), kMostWritten); ++i) {
    check_written(loaded.cases[i]);
  }
  for (const mxcheck::casefile::Case& c : loaded.cases) {
    if (elements(c) > kMostElements) continue;
    mxcheck::base::Diagnostics diagnostics;
    static_cast<void>(mxcheck::casefile::load_data(c, diagnostics));
    static_cast<void>(mxcheck::casefile::load_expected(c, diagnostics));
  }
  return 0;
}
