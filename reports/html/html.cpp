// The page from its parts, and how much of each case fits.
#include "reports/html/html.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "reports/drawing.h"
#include "reports/html/assets.h"
#include "reports/html/sections.h"
#include "sim/base/digest.h"

namespace mxcheck::reports {
namespace {

using html::Extent;
using html::Fold;
using html::Markup;

// "sha256-..." of a script or style, as a content security policy names it.
std::string source_digest(std::string_view content) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const std::string hex = base::sha256_hex(content);
  std::string bits;
  for (const char ch : hex) {
    const int value = ch <= '9' ? ch - '0' : ch - 'a' + 10;
    for (int bit = 3; bit >= 0; --bit) bits += (value >> bit & 1) != 0 ? '1' : '0';
  }
  std::string out;
  for (std::size_t at = 0; at < bits.size(); at += 6) {
    std::string six = bits.substr(at, 6);
    six.resize(6, '0');
    out += kAlphabet[std::stoul(six, nullptr, 2)];
  }
  while (out.size() % 4 != 0) out += '=';
  return "'sha256-" + out + "'";
}

bool failed(const CaseResult& c) { return verdict(c.status) == Verdict::kFailed; }

// The sections of some cases within `most` bytes: all in brief, the first failures in full, then as
// many as fit with everything but drawings, then as many as fit in full, in their order.
class Sections {
 public:
  Sections(const RunResult& run, const std::vector<std::size_t>& cases, std::size_t most)
      : run_(run), cases_(cases), most_(most), drawn_(cases.size()) {
    for (std::size_t i = 0; i < cases.size(); ++i) draw(i, Extent::kBrief);
    for (std::size_t i = 0; i < std::min(kOpen, cases.size()) && open(i); ++i) {
      draw(i, Extent::kFull);
    }
    for (const Extent extent : {Extent::kCompact, Extent::kFull}) {
      for (std::size_t i = 0; i < cases.size(); ++i) draw(i, extent);
    }
  }

  [[nodiscard]] Markup all() const {
    Markup out;
    for (const Drawn& one : drawn_) out += one.markup;
    return out;
  }

 private:
  struct Drawn {
    Markup markup;
    Extent extent = Extent::kBrief;
  };
  static constexpr std::size_t kOpen = 10;

  [[nodiscard]] bool open(std::size_t i) const {
    return i < kOpen && failed(run_.cases[cases_[i]]);
  }

  // In its place, unless it would not fit or more is shown already.
  void draw(std::size_t i, Extent extent) {
    Drawn& now = drawn_[i];
    if (!now.markup.empty() && now.extent <= extent) return;
    Markup markup =
        html::case_section(run_, cases_[i], extent, open(i) ? Fold::kOpen : Fold::kClosed);
    const std::size_t total = total_ - now.markup.size() + markup.size();
    if (total > most_ && extent != Extent::kBrief) return;
    total_ = total;
    now = {std::move(markup), extent};
  }

  const RunResult& run_;
  const std::vector<std::size_t>& cases_;
  std::size_t most_, total_ = 0;
  std::vector<Drawn> drawn_;
};

Markup section(const char* id, const std::string& title, const Markup& content) {
  return html::element(
      "section", {{"id", id}, {"aria-labelledby", std::string(id) + "-h"}},
      html::element("h2", {{"id", std::string(id) + "-h"}}, html::text(title)) + content);
}

Markup navigation() {
  Markup links;
  for (const auto& [target, words] : {std::pair{"#failures", "Failures"},
                                      {"#table", "All cases"},
                                      {"#others", "Other cases"},
                                      {"#performance", "Products"},
                                      {"#labels", "Labels"},
                                      {"#kernels", "Kernels"},
                                      {"#context", "Context"}}) {
    links += html::element("a", {{"href", target}}, html::text(words));
  }
  return html::element("nav", {{"aria-label", "Sections"}}, links);
}

Markup head(const RunResult& run) {
  const Totals sum = totals(run);
  const std::string policy = fmt::format(
      "default-src 'none'; style-src 'unsafe-inline'; script-src {}; base-uri 'none'; "
      "form-action 'none'",
      source_digest(html::script()));
  return html::element(
      "head",
      html::trusted("<meta charset=\"utf-8\"/>") +
          html::trusted("<meta http-equiv=\"Content-Security-Policy\" content=\"" + policy +
                        "\"/>") +
          html::trusted(
              "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>") +
          html::trusted("<meta name=\"color-scheme\" content=\"light dark\"/>") +
          html::element("title", html::text(fmt::format("mxcheck: {} passed, {} failed, {} skipped",
                                                        sum.passed, sum.failed, sum.skipped))) +
          html::element("style", html::trusted(drawing_css())) +
          html::element("style", html::trusted(html::style())));
}

}  // namespace

std::string to_html(const RunResult& run) {
  return to_html(run, run.cases.size() > kLongRun ? kLongHtmlBytes : kHtmlBytes);
}

std::string to_html(const RunResult& run, std::size_t most) {
  std::vector<std::size_t> failures, others;
  for (std::size_t i = 0; i < run.cases.size(); ++i) {
    (failed(run.cases[i]) ? failures : others).push_back(i);
  }
  const Markup top = html::summary_section(run) + navigation();
  const Markup table =
      section("table", fmt::format("All cases ({})", run.cases.size()), html::cases_table(run));
  const Markup bottom =
      section("performance", "Products on the array", html::performance_section(run)) +
      section("labels", "Rules and refusals covered", html::labels_section(run)) +
      section("kernels", "Kernels", html::kernels_section(run)) +
      section("context", "Context", html::context_section(run));
  const std::size_t used = table.size() + bottom.size();
  const std::size_t left = used < most ? most - used : 0;
  Markup failing = Sections(run, failures, left * 3 / 4).all();
  if (failures.empty()) failing = html::element("p", html::text("None."));
  const std::size_t rest = failing.size() < left ? left - failing.size() : 0;
  const Markup body =
      html::element("a", {{"class", "jump"}, {"href", "#table"}}, html::text("Skip to all cases")) +
      html::element("header", top) +
      html::element(
          "main", section("failures", fmt::format("Failures ({})", failures.size()), failing) +
                      table + section("others", "Other cases", Sections(run, others, rest).all()) +
                      bottom) +
      html::element("script", html::trusted(html::script()));
  return "<!DOCTYPE html>\n" +
         html::element("html", {{"lang", "en"}}, head(run) + html::element("body", body)).string() +
         "\n";
}

}  // namespace mxcheck::reports
