// Own writer: general XML libraries let control characters through, and forges keep only the first
// of two equal names, so a repeated id gets a number.
#include "reports/junit.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "reports/console.h"
#include "sim/base/text.h"

namespace mxcheck::reports {
namespace {

using base::escape_xml;

std::string unique_name(const std::string& id, std::set<std::string>& taken) {
  std::string candidate = id;
  for (int n = 2; !taken.insert(candidate).second; ++n) candidate = fmt::format("{} ({})", id, n);
  return candidate;
}

// "qt/dense" -> "mxcheck.qt": forges group by class name.
std::string class_name(const std::string& id) {
  const std::size_t slash = id.rfind('/');
  std::string out = "mxcheck";
  if (slash != std::string::npos) out.append(".").append(id, 0, slash);
  std::replace(out.begin(), out.end(), '/', '.');
  return out;
}

// The element inside a testcase, "" for a plain pass.
std::string outcome_element(const CaseResult& c, const RunContext& context) {
  const std::string headline = escape_xml(case_headline(c));
  switch (c.status) {
    case Status::kPass:
      return "";
    case Status::kXfail:
    case Status::kSkip:
    case Status::kUndefined:
      return fmt::format("      <skipped message=\"{}\"/>\n", headline);
    case Status::kDutError:
    case Status::kSuiteError:
      return fmt::format("      <error type=\"{}\" message=\"{}\">{}</error>\n", name(c.status),
                         headline, escape_xml(failure_text(c, context)));
    default:
      return fmt::format("      <failure type=\"{}\" message=\"{}\">{}</failure>\n", name(c.status),
                         headline, escape_xml(failure_text(c, context)));
  }
}

struct Counts {
  int failures = 0, errors = 0, skipped = 0;
};

Counts count(const RunResult& run) {
  Counts counts;
  for (const CaseResult& c : run.cases) {
    switch (c.status) {
      case Status::kPass:
        break;
      case Status::kXfail:
      case Status::kSkip:
      case Status::kUndefined:
        ++counts.skipped;
        break;
      case Status::kDutError:
      case Status::kSuiteError:
        ++counts.errors;
        break;
      default:
        ++counts.failures;
    }
  }
  return counts;
}

std::string properties(const RunResult& run) {
  const RunContext& context = run.context;
  std::string out = "    <properties>\n";
  const auto add = [&](const char* key, const std::string& value) {
    out += fmt::format("      <property name=\"{}\" value=\"{}\"/>\n", key, escape_xml(value));
  };
  add("version", context.version);
  add("commit", context.commit);
  add("level", context.level);
  add("isa", context.isa);
  add("suite_digest", run.suite_digest);
  add("incomplete", run.incomplete ? "true" : "false");
  return out + "    </properties>\n";
}

}  // namespace

std::string to_junit(const RunResult& run) {
  const Counts counts = count(run);
  const std::string numbers =
      fmt::format("tests=\"{}\" failures=\"{}\" errors=\"{}\" time=\"{:.6f}\"", run.cases.size(),
                  counts.failures, counts.errors, run.milliseconds / 1000);
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  out += fmt::format("<testsuites name=\"mxcheck\" {}>\n", numbers);
  out += fmt::format("  <testsuite name=\"mxcheck\" {} skipped=\"{}\">\n", numbers, counts.skipped);
  out += properties(run);
  std::set<std::string> taken;
  for (const CaseResult& c : run.cases) {
    std::string attributes =
        fmt::format("name=\"{}\" classname=\"{}\" file=\"{}\" time=\"{:.6f}\"",
                    escape_xml(unique_name(c.id.empty() ? "(no id)" : c.id, taken)),
                    escape_xml(class_name(c.id)), escape_xml(c.file), c.milliseconds / 1000);
    if (c.line > 0) attributes += fmt::format(" line=\"{}\"", c.line);
    const std::string element = outcome_element(c, run.context);
    out += element.empty()
               ? fmt::format("    <testcase {}/>\n", attributes)
               : fmt::format("    <testcase {}>\n{}    </testcase>\n", attributes, element);
  }
  return out + "  </testsuite>\n</testsuites>\n";
}

}  // namespace mxcheck::reports
