// The result model as text for a person: a failure says what, where, why and how to repeat it.
//
//   FAIL qt/dense_int8  golden step0/quant/y/fwd/lhs.qvalue  EXACT  3 of 64 differ, first [0,7]
//     sim -128 (0x80)  golden -127 (0x81)  x=-2.7182817 scale=0.02131 quotient=-127.5 (on a tie)
//     all 3 agree with policy quotient=reciprocal                                 rule QNT-1
//     repeat: mxcheck run cases --id qt/dense_int8 --policy ieee --level functional --isa scalar
//
// Functions here return text; only the command line prints it. Everything shown is made printable.
#pragma once

#include <string>

#include "reports/model.h"

namespace mxcheck::reports {

enum class Verbosity : std::uint8_t { kQuiet, kNormal, kVerbose, kVeryVerbose };

// Failures written in full before the rest is only counted.
inline constexpr int kFullFailures = 10;

struct ConsoleStyle {
  Verbosity verbosity = Verbosity::kNormal;
  bool color = false;
};

// One line, without the status word: what went wrong with the case; "" for a pass.
[[nodiscard]] std::string case_headline(const CaseResult& c);
// Every judged finding of the case in full.
[[nodiscard]] std::string failure_text(const CaseResult& c, const RunContext& context);
// The command that repeats one case.
[[nodiscard]] std::string repeat_command(const CaseResult& c, const RunContext& context);
// A word as a POSIX shell needs it.
[[nodiscard]] std::string shell_quote(const std::string& word);

class ConsoleWriter {
 public:
  ConsoleWriter(ConsoleStyle style, RunContext context);

  // What to print when the case is finished; may be empty.
  [[nodiscard]] std::string finished(const CaseResult& c);
  // The summary; its last line is "N passed, N failed, N skipped".
  [[nodiscard]] std::string summary(const RunResult& run) const;

 private:
  [[nodiscard]] std::string status_word(Status status) const;

  ConsoleStyle style_;
  RunContext context_;
  int shown_ = 0;
  std::int64_t hidden_ = 0;
};

}  // namespace mxcheck::reports
