// Findings as SARIF 2.1.0, the format forges show beside the lines of a file: problems that `lint`
// finds, failures of a run.
//
// Deterministic: rules by id, results in the order given, no times. What is said of a rule comes
// from the table of labels. Text may come from hostile files; bytes that are no UTF-8 are replaced.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/diagnostic.h"

namespace mxcheck::reports {

enum class SarifLevel : std::uint8_t { kError, kWarning, kNote };

struct SarifFinding {
  std::string rule;  // a label of labels.def; another word is passed on without a description
  SarifLevel level = SarifLevel::kError;
  std::string message;      // plain text, may have several lines
  std::string file;         // as the program opened it; "" for none
  int line = 0;             // 1-based; 0: the file as a whole
  int column = 0;           // 1-based, in characters (code points); 0: the line as a whole
  std::string pointer;      // JSON pointer inside the file, or ""
  std::string case_id;      // or ""
  std::string suppression;  // why it does not count (an expectation's reason), or ""
};

struct SarifRun {
  std::string version;           // of the program
  std::filesystem::path folder;  // paths below it are written relative to it, others as file: URIs
  std::vector<SarifFinding> findings;
  bool complete = true;  // false: the run was stopped early
};

[[nodiscard]] std::string to_sarif(const SarifRun& run);

// The finding of a diagnostic. Its column counts bytes; `text` is the content of its file, to count
// characters instead ("" if it cannot be had: the column stays).
[[nodiscard]] SarifFinding sarif_finding(const base::Diagnostic& diagnostic,
                                         std::string_view text = "");

// A path as a URI reference: relative to `folder` (forward slashes, percent-encoded) if it lies
// below it, or stands relative where no folder is given; else "file:///...".
[[nodiscard]] std::string sarif_uri(const std::filesystem::path& file,
                                    const std::filesystem::path& folder);

}  // namespace mxcheck::reports
