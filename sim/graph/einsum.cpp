// Parsing an einsum and lowering it to one dot_general, as the norm's einsum does it (EIN-1).
#include "sim/graph/einsum.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "sim/base/check.h"
#include "sim/base/text.h"
#include "sim/graph/infer.h"

namespace mxcheck::graph {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool has(const std::string& text, char c) { return text.find(c) != std::string::npos; }

std::string once_each(const std::string& letters) {
  std::string out;
  for (const char c : letters) {
    if (std::count(letters.begin(), letters.end(), c) == 1) out += c;
  }
  std::sort(out.begin(), out.end());
  return out;
}

// Removes the letters that occur neither in the other operand nor in the result; gives their axes
// in alphabetical order of the letters, which is the order they are summed in.
Axes sum_out(std::string& letters, const std::string& other, const std::string& result) {
  const std::string before = letters;
  std::string summed;
  for (const char c : before) {
    if (!has(other, c) && !has(result, c)) summed += c;
  }
  std::sort(summed.begin(), summed.end());
  Axes axes;
  for (const char c : summed) {
    axes.push_back(static_cast<std::int64_t>(before.find(c)));
    letters.erase(letters.find(c), 1);
  }
  return axes;
}

std::string without(const std::string& letters, const std::string& removed) {
  std::string out;
  for (const char c : letters) {
    if (!has(removed, c)) out += c;
  }
  return out;
}

Axes positions(const std::string& letters, const std::string& wanted) {
  Axes out;
  for (const char c : wanted) out.push_back(static_cast<std::int64_t>(letters.find(c)));
  return out;
}

std::string repeated_letter(const std::string& letters) {
  std::set<char> seen;
  for (const char c : letters) {
    if (!seen.insert(c).second) return std::string(1, c);
  }
  return "";
}

}  // namespace

std::variant<EinsumSubscripts, EinsumError> parse_einsum(const std::string& equation) {
  std::string text;
  for (const char c : equation) {
    if (c != ' ') text += c;
  }
  const std::size_t arrow = text.find("->");
  EinsumSubscripts out;
  out.operands = base::split(text.substr(0, arrow), ',');
  std::string all;
  for (const std::string& operand : out.operands) all += operand;
  out.result = arrow == std::string::npos ? once_each(all) : text.substr(arrow + 2);
  for (const char c : all + out.result) {
    if (is_letter(c)) continue;
    return EinsumError{"SHP-EINSUM",
                       fmt::format("'{}' in the equation '{}'", c, equation.substr(0, 200))};
  }
  if (out.operands.size() != 2) {
    return EinsumError{"EIN-ARITY", fmt::format("the equation '{}' has {} operands",
                                                equation.substr(0, 200), out.operands.size())};
  }
  for (const std::string& part : {out.operands[0], out.operands[1], out.result}) {
    const std::string twice = repeated_letter(part);
    if (twice.empty()) continue;
    return EinsumError{"SHP-EINSUM", fmt::format("'{}' stands twice in '{}'", twice, part)};
  }
  for (const char c : out.result) {
    if (has(all, c)) continue;
    return EinsumError{"SHP-EINSUM", fmt::format("'{}' of the result is in no operand", c)};
  }
  return out;
}

EinsumLowering lower_einsum(const std::string& equation) {
  const auto parsed = parse_einsum(equation);
  MXCHECK_CHECK(std::holds_alternative<EinsumSubscripts>(parsed), equation);
  const EinsumSubscripts& einsum = std::get<EinsumSubscripts>(parsed);
  std::string first = einsum.operands[0];
  std::string second = einsum.operands[1];
  const std::string& result = einsum.result;
  const Axes first_sum = sum_out(first, einsum.operands[1], result);
  const Axes second_sum = sum_out(second, einsum.operands[0], result);

  std::string batch;
  for (const char c : result) {
    if (has(first, c) && has(second, c)) batch += c;
  }
  std::string contracted;
  for (const char c : first) {
    if (has(second, c) && !has(result, c)) contracted += c;
  }
  std::sort(contracted.begin(), contracted.end());
  const std::string gone = batch + contracted;

  EinsumLowering out;
  // The order as written is kept only where it needs no transpose.
  out.swapped = batch + without(first, gone) + without(second, gone) != result;
  const std::string& lhs = out.swapped ? second : first;
  const std::string& rhs = out.swapped ? first : second;
  out.lhs_sum = out.swapped ? second_sum : first_sum;
  out.rhs_sum = out.swapped ? first_sum : second_sum;
  out.dot = {positions(lhs, contracted), positions(rhs, contracted), positions(lhs, batch),
             positions(rhs, batch)};
  out.permutation = positions(batch + without(lhs, gone) + without(rhs, gone), result);
  return out;
}

}  // namespace mxcheck::graph
