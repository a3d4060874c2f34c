// Longest common subsequence of lines between the common beginning and end; a part too large for
// its table is one block of removed and one of added lines.
#include <fmt/format.h>

#include <algorithm>

#include "sim/author/format_case.h"
#include "sim/base/text.h"

namespace mxcheck::author {
namespace {

using Lines = std::vector<std::string>;

constexpr std::size_t kContext = 3;
constexpr std::size_t kMostCells = std::size_t{1} << 22;

struct Line {
  char mark;  // ' ', '-', '+'
  std::string text;
};

Lines lines_of(const std::string& text) {
  Lines out = base::split(text, '\n');
  if (out.back().empty())  // there is at least one part
    out.pop_back();
  else
    out.back() += "\n\\ No newline at end of file";
  return out;
}

void add(std::vector<Line>& out, char mark, const Lines& lines, std::size_t from, std::size_t to) {
  for (std::size_t i = from; i < to; ++i) out.push_back({mark, lines[i]});
}

std::vector<Line> compared(const Lines& a, const Lines& b) {
  std::size_t begin = 0, a_end = a.size(), b_end = b.size();
  while (begin < a_end && begin < b_end && a[begin] == b[begin]) ++begin;
  while (a_end > begin && b_end > begin && a[a_end - 1] == b[b_end - 1]) --a_end, --b_end;
  std::vector<Line> out;
  add(out, ' ', a, 0, begin);
  const std::size_t n = a_end - begin, m = b_end - begin;
  std::size_t i = 0, j = 0;
  if (n < kMostCells && m < kMostCells && (n + 1) * (m + 1) <= kMostCells) {
    const std::size_t width = m + 1;
    std::vector<std::uint32_t> common((n + 1) * width, 0);  // of the rests
    for (std::size_t x = n; x-- > 0;) {
      for (std::size_t y = m; y-- > 0;) {
        common[x * width + y] = a[begin + x] == b[begin + y] ? common[(x + 1) * width + y + 1] + 1
                                                             : std::max(common[(x + 1) * width + y],
                                                                        common[x * width + y + 1]);
      }
    }
    while (i < n && j < m) {
      if (a[begin + i] == b[begin + j]) {
        out.push_back({' ', a[begin + i]});
        ++i, ++j;
      } else if (common[(i + 1) * width + j] >= common[i * width + j + 1]) {
        out.push_back({'-', a[begin + i++]});
      } else {
        out.push_back({'+', b[begin + j++]});
      }
    }
  }
  add(out, '-', a, begin + i, a_end);
  add(out, '+', b, begin + j, b_end);
  add(out, ' ', a, a_end, a.size());
  return out;
}

}  // namespace

std::string unified_diff(const std::string& before, const std::string& after,
                         const std::string& file) {
  if (before == after) return "";
  const std::vector<Line> lines = compared(lines_of(before), lines_of(after));
  std::string out = fmt::format("--- {0}\n+++ {0}\n", base::printable(file));
  std::size_t a = 1, b = 1;  // numbers of the line at `at`
  for (std::size_t at = 0; at < lines.size();) {
    // The hunk that starts with the next change reaches until twice the context is unchanged.
    std::size_t first = at;
    while (first < lines.size() && lines[first].mark == ' ') ++first;
    if (first == lines.size()) break;
    std::size_t end = first, quiet = 0;
    while (end < lines.size() && quiet <= 2 * kContext) {
      quiet = lines[end].mark == ' ' ? quiet + 1 : 0;
      ++end;
    }
    end -= quiet > kContext ? quiet - kContext : 0;
    const std::size_t begin = first - std::min(kContext, first - at);
    a += begin - at, b += begin - at;
    std::size_t a_count = 0, b_count = 0;
    std::string body;
    for (std::size_t i = begin; i < end; ++i) {
      a_count += lines[i].mark != '+' ? 1 : 0;
      b_count += lines[i].mark != '-' ? 1 : 0;
      body += lines[i].mark + lines[i].text + "\n";
    }
    out += fmt::format("@@ -{},{} +{},{} @@\n{}", a_count == 0 ? a - 1 : a, a_count,
                       b_count == 0 ? b - 1 : b, b_count, body);
    a += a_count, b += b_count;
    at = end;
  }
  return out;
}

}  // namespace mxcheck::author
