// A difference of two reports as text and as JSON (contract: schema/diff.schema.json).
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "reports/diff.h"
#include "sim/base/text.h"

namespace mxcheck::reports {
namespace {

using base::printable;
using Json = nlohmann::ordered_json;

constexpr std::size_t kShown = 50;  // differences of one kind that are no regressions

std::string value_text(const std::string& value) {
  if (value.empty()) return "none";
  constexpr std::size_t kDigest = 64, kShort = 12;
  return printable(value.size() == kDigest ? value.substr(0, kShort) : value);
}

std::string line(const Difference& d) {
  const std::string subject = d.subject.empty() ? "" : " " + printable(d.subject);
  return fmt::format("{}{}  {} {} -> {}\n", printable(d.id), subject, d.what, value_text(d.a),
                     value_text(d.b));
}

std::string section(const ReportDiff& diff, Change change, const char* title) {
  std::string out;
  std::size_t count = 0;
  for (const Difference& d : diff.differences) {
    if (d.change != change || d.regression) continue;
    if (++count <= kShown) out += "  " + line(d);
  }
  if (count == 0) return "";
  if (count > kShown) out += fmt::format("  ... {} more, --json has them\n", count - kShown);
  return fmt::format("{}: {}\n", title, count) + out;
}

std::string names(const std::vector<std::string>& ids, const char* title) {
  if (ids.empty()) return "";
  std::string out = fmt::format("{}: {}\n", title, ids.size());
  for (std::size_t i = 0; i < std::min(ids.size(), kShown); ++i) {
    out += "  " + printable(ids[i]) + "\n";
  }
  if (ids.size() > kShown) out += fmt::format("  ... {} more\n", ids.size() - kShown);
  return out;
}

Json to_json(const Difference& d) {
  return {{"change", name(d.change)},
          {"case", d.id},
          {"subject", d.subject},
          {"what", d.what},
          {"a", d.a},
          {"b", d.b},
          {"regression", d.regression}};
}

Json to_json(const Speed& s) {
  return {{"case", s.id}, {"a_milliseconds", s.a}, {"b_milliseconds", s.b}};
}

}  // namespace

std::string to_text(const ReportDiff& diff) {
  std::string out;
  for (const Difference& d : diff.context) {
    out += fmt::format("run: {} {} -> {}\n", d.what, value_text(d.a), value_text(d.b));
  }
  for (const Difference& d : diff.differences) {
    if (d.regression) out += "REGRESSION " + line(d);
  }
  for (const std::string& id : diff.only_a) out += "REGRESSION " + printable(id) + "  is lost\n";
  out += section(diff, Change::kVerdict, "other verdicts");
  out += section(diff, Change::kBits, "other bits and digests");
  out += section(diff, Change::kBound, "use of bounds");
  out += section(diff, Change::kCounts, "counts of codes");
  out += section(diff, Change::kChecks, "checks");
  out += names(diff.only_b, "only in B");
  for (const Speed& s : diff.speed) {
    out += fmt::format("speed: {} {:.1f} ms -> {:.1f} ms\n", printable(s.id), s.a, s.b);
  }
  out += fmt::format("speed: all {:.0f} ms -> {:.0f} ms, not judged\n", diff.total.a, diff.total.b);
  return out + fmt::format("{} cases in A, {} in B, {} without a difference, {} regressions\n",
                           diff.cases_a, diff.cases_b, diff.same, diff.regressions());
}

std::string to_json(const ReportDiff& diff) {
  Json context = Json::array(), differences = Json::array(), speed = Json::array();
  for (const Difference& d : diff.context) {
    context.push_back({{"what", d.what}, {"a", d.a}, {"b", d.b}});
  }
  for (const Difference& d : diff.differences) differences.push_back(to_json(d));
  for (const Speed& s : diff.speed) speed.push_back(to_json(s));
  const Json out{{"mxcheck_diff", kDiffVersion},
                 {"regressions", diff.regressions()},
                 {"cases", {{"a", diff.cases_a}, {"b", diff.cases_b}, {"same", diff.same}}},
                 {"context", context},
                 {"differences", differences},
                 {"only_in_a", diff.only_a},
                 {"only_in_b", diff.only_b},
                 {"speed", {{"all", to_json(diff.total)}, {"cases", speed}}}};
  return out.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace mxcheck::reports
