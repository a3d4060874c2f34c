// The page against what must never happen in it: text that becomes markup, anything fetched from
// elsewhere, ids twice, more bytes than asked for. How it looks is for a browser to say
// (scripts/e2e/test_html.py).
#include "reports/html/html.h"

#include <boost/property_tree/ptree.hpp>
#include <boost/property_tree/xml_parser.hpp>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <set>
#include <sstream>

#include "reports/html/charts.h"
#include "reports/html/markup.h"
#include "reports/testing.h"
#include "sim/base/file.h"

namespace mxcheck::reports {
namespace {

using Catch::Matchers::Contains;

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t out = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++out;
  }
  return out;
}

const std::string kHostile =  // NOLINTNEXTLINE(misc-misleading-bidirectional)
    "</script><script>alert(1)</script><img src=x onerror=alert(2)>\" onload=\"alert(3)' "
    "\x01\x1b[31m\xff \xE2\x80\xAE"
    "evil\xE2\x81\xA6 --> ]]> {{7*7}} &amp; javascript:alert(4)";

// Every text of the model that a case file, a golden or a report file can set.
RunResult hostile_run() {
  RunResult run = invented_run();
  const auto spoil = [](std::string& text) { text = kHostile; };
  spoil(run.context.selection);
  spoil(run.context.hardware);
  run.context.paths = {kHostile};
  run.context.faults = {kHostile};
  for (CaseResult& c : run.cases) {
    for (std::string* text : {&c.id, &c.file, &c.title, &c.policy, &c.hardware, &c.reason}) {
      spoil(*text);
    }
    c.tags = c.ops = c.quirks = c.notes = {kHostile};
    c.labels = {kHostile, "QNT-1"};
    for (CheckResult& check : c.checks) {
      spoil(check.reason);
      for (Finding& f : check.findings) {
        spoil(f.name), spoil(f.explanation), spoil(f.rule), spoil(f.problem);
        for (Bin& bin : f.deltas) spoil(bin.label);
        for (Mismatch& m : f.mismatches) spoil(m.ours), spoil(m.theirs), spoil(m.ours_bits);
        if (f.window) spoil(f.window->cells[0].ours), spoil(f.window->cells[2].theirs);
      }
    }
    for (GraphNode& node : c.graph) {
      spoil(node.name), spoil(node.op), spoil(node.type);
      for (TensorState& t : node.tensors) spoil(t.name);
    }
    for (QuantizationCounts& q : c.quantizations) spoil(q.name);
    for (ProductWidths& p : c.products) spoil(p.name);
    for (SrqTrace& t : c.traces) spoil(t.name), spoil(t.part);
    for (LayerFigure& l : c.layers) spoil(l.name);
    for (KernelUse& k : c.kernels) {
      std::string name = k.name();
      spoil(name);
      k = {name, k.family(), k.isa(), k.uses};
    }
    c.paths = {{kHostile, kHostile, kHostile, 1}};
  }
  for (ExpectationUse& e : run.expectations) spoil(e.entry), spoil(e.reason);
  return run;
}

// The page as XML, which it is but for style and script.
std::string as_xml(std::string page) {
  page = page.substr(page.find("<html"));
  for (const std::string& raw : {std::string("style"), std::string("script")}) {
    const std::string open = "<" + raw + ">", close = "</" + raw + ">";
    for (std::size_t at = page.find(open); at != std::string::npos; at = page.find(open, at + 1)) {
      const std::size_t begin = at + open.size();
      page.erase(begin, page.find(close, begin) - begin);
    }
  }
  return page;
}

// The page as it is approved: without style and script, which are files of their own, and without
// the table of labels, which grows with every new one; a line for every row and block.
std::string approved_form(const std::string& page) {
  std::string body = as_xml(page);
  const std::size_t labels = body.find("<section id=\"labels\"");
  body.erase(labels, body.find("<section id=\"kernels\"") - labels);
  const std::size_t policy = body.find("script-src ");
  body.erase(policy, body.find(';', policy) - policy);
  std::string out;
  for (std::size_t i = 0; i < body.size(); ++i) {
    for (const char* tag :
         {"<tr", "<div", "<details", "<section", "<h", "<p>", "<p ", "<svg", "<dl", "<figure",
          "<ul", "<path", "<text", "<g ", "<main", "<body", "<a "}) {
      if (body.compare(i, std::string(tag).size(), tag) == 0 && !out.ends_with('\n')) out += '\n';
    }
    out += body[i];
  }
  return out;
}

using Tree = boost::property_tree::ptree;
template <typename Visit>
void each_element(const Tree& tree, const Visit& visit) {
  for (const auto& [name, child] : tree) {
    if (name == "<xmlattr>" || name == "<xmlcomment>") continue;
    visit(name, child);
    each_element(child, visit);
  }
}

Tree parsed(const std::string& page) {
  std::istringstream in(as_xml(page));
  Tree tree;
  boost::property_tree::read_xml(in, tree);
  return tree;
}

}  // namespace

TEST_CASE("the page is the approved one", "[html]") {
  const std::string path = "reports/baselines/report.html";
  const std::string text = approved_form(to_html(invented_run()));
  if (std::getenv("MXCHECK_APPROVE") != nullptr) {
    REQUIRE(base::write_file_atomically(path, text).ok());
  }
  const auto approved = base::read_file(path, 1 << 20);
  REQUIRE(approved.ok());
  CHECK(approved.value() == text);
}

TEST_CASE("no text of a case becomes markup", "[html]") {
  const std::string page = to_html(hostile_run());
  CHECK(count(page, "<script") == 1);
  CHECK(count(page, "<img") == 0);
  for (const char ch : page) REQUIRE((static_cast<unsigned char>(ch) >= 0x20 || ch == '\n'));
  // NOLINTNEXTLINE(misc-misleading-bidirectional)
  CHECK(page.find("\xE2\x80\xAE") == std::string::npos);
  CHECK_THAT(page, Contains("[U+202E]evil"));
  const std::set<std::string> elements{
      "html",   "head",   "meta",       "title",  "style",   "body",    "a",     "header",
      "h1",     "p",      "div",        "strong", "span",    "svg",     "rect",  "ul",
      "li",     "table",  "thead",      "tbody",  "caption", "tr",      "th",    "td",
      "nav",    "main",   "section",    "h2",     "h4",      "details", "code",  "summary",
      "figure", "path",   "figcaption", "text",   "g",       "form",    "label", "input",
      "select", "option", "button",     "output", "dl",      "dt",      "dd",    "script"};
  each_element(parsed(page), [&](const std::string& name, const Tree& tree) {
    INFO(name);
    CHECK(elements.contains(name));
    const auto attributes = tree.get_child_optional("<xmlattr>");
    if (!attributes) return;
    for (const auto& [key, value] : *attributes) {
      CHECK_FALSE(key.starts_with("on"));
      if (key == "href") CHECK(value.data().starts_with("#"));
      CHECK(key != "src");
    }
  });
}

TEST_CASE("the page needs nothing from elsewhere", "[html]") {
  const std::string page = to_html(invented_run());
  CHECK(count(page, "http") - count(page, "http-equiv") == count(page, "http://www.w3.org/"));
  for (const char* part : {"src=", "@import", "url(", "<link", "<iframe", "fetch(", "import("}) {
    CHECK(count(page, part) == 0);
  }
}

TEST_CASE("ids are unique and every link has its target", "[html]") {
  std::set<std::string> ids, links;
  each_element(parsed(to_html(invented_run())), [&](const std::string&, const Tree& tree) {
    if (const auto id = tree.get_optional<std::string>("<xmlattr>.id")) {
      CHECK(ids.insert(*id).second);
    }
    if (const auto link = tree.get_optional<std::string>("<xmlattr>.href")) links.insert(*link);
  });
  CHECK(ids.size() > 15);
  for (const std::string& link : links) CHECK(ids.contains(link.substr(1)));
}

TEST_CASE("a page keeps to its size: passing cases lose their figures first", "[html]") {
  RunResult run = invented_run();
  const CaseResult passing = run.cases[0], failing = run.cases[2];
  run.cases.assign(500, passing);
  for (int i = 0; i < 20; ++i) run.cases.push_back(failing);
  const std::size_t whole = to_html(run, 100'000'000).size();
  const std::string page = to_html(run, whole * 2 / 3);
  CHECK(page.size() < whole * 2 / 3 + 60'000);  // the page's own parts
  const std::string failures = page.substr(page.find("id=\"failures\""), page.find("id=\"table\""));
  CHECK(count(page, "class=\"window\"") == 20);
  CHECK(count(page, "class=\"trace\"") < 500);
  CHECK_THAT(page, Contains("Drawings and figures are left out"));
  CHECK(count(to_html(run, 100'000'000), "are left out, the page") == 0);
  CHECK(count(to_html(run, 1000), "<details class=\"case") == 520);
}

TEST_CASE("the page shows what the model has", "[html]") {
  const std::string page = to_html(invented_run());
  for (const char* part :
       {"3 of 64 differ, first [0,7]",
        "sim -128",
        "golden -127",
        "0x80",
        "scale = 0.021319857",
        "on a tie",
        "PE map: 16 x 8 array, 5 of 32 outputs wrong",
        "some row, column 3: 1",
        "row 15, column 7: 3",
        "sim minus expected",
        "distance in ulp",
        "m/dot_general0_lhs absmax",
        "frozen",
        "38.2",
        "0.987500",
        "policy quotient=reciprocal",
        "codes -128 to 127, 64 a bar; 2 at the low end, 1 at the high end; 3 on ties",
        "gemm_x_scalar",
        "class=\"mxdraw\"",
        "SRQ-4",
        "issue 12",
        "Roofline"}) {
    INFO(part);
    CHECK((page.find(html::escape(part)) != std::string::npos ||
           page.find(part) != std::string::npos));
  }
}

TEST_CASE("text is made visible, cut and grouped", "[html]") {
  CHECK(html::escape("a<b>\"'&") == "a&lt;b&gt;&quot;&#39;&amp;");
  CHECK(html::escape("\xE2\x80\x8F\xEF\xBB\xBF\xD8\x9C") == "[U+200F][U+FEFF][U+061C]");
  CHECK(html::escape("\n\t\x7f") == "\\n\\t\\x7f");
  CHECK(html::escape(std::string(9000, 'x')).size() == html::kLongestText + 16);
  CHECK(html::grouped(-1234567) ==
        "-1\xE2\x80\xAF"
        "234\xE2\x80\xAF"
        "567");
  CHECK(html::grouped(123) == "123");
}

TEST_CASE("no number that is none reaches a drawing", "[html]") {
  RunResult run = invented_run();
  run.cases[0].layers[0].sqnr_db = run.cases[0].checks[0].figures[0].sqnr_db = NAN;
  run.cases[0].layers[0].cosine = -INFINITY;
  run.cases[2].quantizations[0].sqnr_db = INFINITY;
  run.cases[2].checks[0].findings[0].worst_fraction = NAN;
  const std::string page = to_html(run);
  for (const char* part : {"=\"nan", "=\"inf", "=\"-inf", " nan\"", "Mnan"}) {
    CHECK(page.find(part) == std::string::npos);
  }
}

TEST_CASE("charts take whatever a report may hold", "[html]") {
  const double inf = INFINITY, nan = NAN;
  SrqTrace trace{"x", "max", 1, 0, {{1, inf, nan, -inf, true}}};
  CHECK_THAT(html::trace_chart(trace).string(), Contains("inf"));
  trace.steps.clear();
  (void)html::trace_chart(trace);
  CodeHistogram histogram{0, 0, 1, {0}, {}, 0, 0};
  (void)html::code_chart(histogram);
  histogram.counts = {1};
  histogram.at_low = 5;
  CHECK(html::code_chart(histogram).string().find("nan") == std::string::npos);
  CHECK(html::pe_chart(PeMap{0, 0, 0, 0, {}}).empty());
  CHECK(html::roofline_chart({}).empty());
}

}  // namespace mxcheck::reports
