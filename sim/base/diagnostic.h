// Diagnostic: one problem of an input file, with its place and the label of the rule it breaks.
//
// Readers collect every problem before they give up; nothing below the command line prints them.
// format() gives the text a person sees:
//   cases/a.json:14:22: error[SHP-DOT] at /nodes/2/args
//     contracting axis 1 of lhs has 16 elements, axis 0 of rhs has 8
//     expected: equal sizes
//     hint: ...
#pragma once

#include <string>
#include <vector>

namespace mxcheck::base {

enum class Severity { kError, kWarning, kNote };

struct Diagnostic {
  Severity severity = Severity::kError;
  std::string file;
  int line = 0;             // 1-based; 0: no position
  int column = 0;           // 1-based, in bytes
  std::string pointer;      // JSON pointer (RFC 6901) of the offending value
  std::string label;        // a label of labels.def
  std::string fact;         // what is there
  std::string expectation;  // what the rule wants; may be empty
  std::string hint;         // what to do; may be empty
};

using Diagnostics = std::vector<Diagnostic>;

[[nodiscard]] bool has_errors(const Diagnostics& diagnostics);
[[nodiscard]] std::string format(const Diagnostic& diagnostic);

// The candidate nearest to `word` by edit distance, or "" if none is near enough to be meant.
[[nodiscard]] std::string nearest(const std::string& word,
                                  const std::vector<std::string>& candidates);

}  // namespace mxcheck::base
