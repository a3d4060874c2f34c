// Drawings: boxes stand apart, edges point down, crossings that can go are gone, whatever a case
// file says stays text, and a large graph takes no time to speak of.
#include "reports/drawing.h"

#include <catch2/catch.hpp>
#include <chrono>

#include "reports/layered_layout.h"
#include "sim/base/threefry.h"

namespace mxcheck::reports {
namespace {

struct RandomGraph {
  std::vector<Box> boxes;
  std::vector<LayoutEdge> edges;
};

RandomGraph random_graph(std::uint64_t seed, std::size_t boxes, std::size_t reach) {
  RandomGraph out;
  std::uint64_t at = 0;
  const auto next = [&](std::size_t below) { return base::random_word(seed, at++) % below; };
  for (std::size_t i = 0; i < boxes; ++i) {
    out.boxes.push_back(
        {40.0 + static_cast<double>(next(200)), 20.0 + static_cast<double>(next(80))});
    if (i == 0) continue;
    const std::size_t arguments = next(3);
    for (std::size_t a = 0; a < arguments; ++a) {
      const std::size_t back = 1 + next(std::min(reach, i));
      out.edges.push_back({i - back, i, 20});
    }
  }
  return out;
}

void check_apart(const RandomGraph& g, const Layout& layout) {
  for (std::size_t i = 0; i < g.boxes.size(); ++i) {
    const Point a = layout.corners[i];
    CHECK(a.x >= -1e-6);
    CHECK(a.x + g.boxes[i].width <= layout.width + 1e-6);
    CHECK(a.y + g.boxes[i].height <= layout.height + 1e-6);
    for (std::size_t j = 0; j < i; ++j) {
      const Point b = layout.corners[j];
      const bool apart =
          a.x + g.boxes[i].width <= b.x + 1e-6 || b.x + g.boxes[j].width <= a.x + 1e-6 ||
          a.y + g.boxes[i].height <= b.y + 1e-6 || b.y + g.boxes[j].height <= a.y + 1e-6;
      if (!apart) FAIL("boxes " << i << " and " << j << " overlap");
    }
  }
}

}  // namespace

TEST_CASE("boxes of random graphs never overlap and every edge points down", "[drawing]") {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const RandomGraph g = random_graph(seed, 60, seed % 2 == 0 ? 60 : 6);
    const Layout layout = lay_out(g.boxes, g.edges);
    check_apart(g, layout);
    for (std::size_t e = 0; e < g.edges.size(); ++e) {
      const auto [from, to, label] = g.edges[e];
      CHECK(layout.ranks[from] < layout.ranks[to]);
      const std::vector<Point>& route = layout.routes[e];
      REQUIRE(route.size() % 2 == 0);
      CHECK(route.front().y == Approx(layout.corners[from].y + g.boxes[from].height));
      CHECK(route.back().y == Approx(layout.corners[to].y));
      CHECK(route.back().x >= layout.corners[to].x);
      CHECK(route.back().x <= layout.corners[to].x + g.boxes[to].width);
      for (std::size_t p = 1; p < route.size(); ++p) CHECK(route[p].y >= route[p - 1].y - 1e-6);
    }
  }
}

TEST_CASE("an edge over several ranks is led around the boxes it passes", "[drawing]") {
  // 0 -> 1 -> 2 -> 3 and 0 -> 3.
  const std::vector<Box> boxes(4, Box{100, 40});
  const Layout layout = lay_out(boxes, {{0, 1, 0}, {1, 2, 0}, {2, 3, 0}, {0, 3, 0}});
  REQUIRE(layout.routes[3].size() == 8);
  for (const std::size_t box : {1u, 2u}) {
    for (const Point& p : layout.routes[3]) {
      const bool beside = p.x < layout.corners[box].x || p.x > layout.corners[box].x + 100;
      const bool level = p.y >= layout.corners[box].y && p.y <= layout.corners[box].y + 40;
      CHECK((beside || !level));
    }
  }
}

TEST_CASE("an edge from a low box passes the taller one beside it before it turns", "[drawing]") {
  const std::vector<Box> boxes{{100, 20}, {100, 200}, {400, 20}};
  const Layout layout = lay_out(boxes, {{0, 2, 200}, {1, 2, 200}});
  const double bottom = layout.corners[1].y + 200;
  const std::vector<Point>& route = layout.routes[0];
  CHECK(route[0].x == route[1].x);
  CHECK(route[1].y == Approx(bottom));
}

TEST_CASE("crossings that a change of order removes are removed", "[drawing]") {
  // Three chains whose second boxes are given in the reverse order.
  const std::vector<Box> boxes(6, Box{50, 20});
  CHECK(lay_out(boxes, {{0, 5, 0}, {1, 4, 0}, {2, 3, 0}}).crossings == 0);
  // All of two with all of two: one crossing is the least there can be.
  CHECK(lay_out(std::vector<Box>(4, Box{50, 20}), {{0, 2, 0}, {0, 3, 0}, {1, 2, 0}, {1, 3, 0}})
            .crossings == 1);
}

TEST_CASE("a source stands just above its first use", "[drawing]") {
  // 0 -> 1 -> 2 -> 4, and 3 -> 4.
  const Layout layout =
      lay_out(std::vector<Box>(5, Box{50, 20}), {{0, 1, 0}, {1, 2, 0}, {2, 4, 0}, {3, 4, 0}});
  CHECK(layout.ranks == std::vector<int>{0, 1, 2, 2, 3});
}

TEST_CASE("nothing, one box and the largest case are drawn", "[drawing]") {
  CHECK(lay_out({}, {}).height == 0);
  CHECK(lay_out({{30, 20}}, {}).width == Approx(30));
  for (const std::size_t reach : {4u, 3000u}) {
    const RandomGraph g = random_graph(7, 3000, reach);
    const auto start = std::chrono::steady_clock::now();
    const Layout layout = lay_out(g.boxes, g.edges);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    CHECK(layout.corners.size() == 3000);
    CHECK(seconds.count() < 20);  // a second or two; a square law would take minutes
  }
}

TEST_CASE("text of a case stays text in a drawing, and is whole in the tooltip", "[drawing]") {
  Drawing drawing;
  const std::string evil = "</title><script>alert(1)</script>\"'&\x01\xff";
  const std::string long_line(200, 'x');
  drawing.heading = {evil};
  drawing.nodes = {{evil, {evil, long_line}, "\"><b>", ""}, {"b", {"b"}, "float", ""}};
  drawing.edges = {{evil, "b", evil, evil}};
  drawing.legend = {{"float", evil}};
  const std::string svg = to_svg_file(drawing);
  CHECK(svg.find("<script") == std::string::npos);
  CHECK(svg.find("<b>") == std::string::npos);
  CHECK(svg.find('\x01') == std::string::npos);
  CHECK(svg.find('\xff') == std::string::npos);
  CHECK(svg.find("&lt;script&gt;alert(1)") != std::string::npos);
  CHECK(svg.find(std::string(kDrawingColumns - 1, 'x') + "\xe2\x80\xa6</text>") !=
        std::string::npos);
  CHECK(svg.find(long_line + "</title>") != std::string::npos);
  CHECK(svg == to_svg_file(drawing));
}

TEST_CASE("a fragment has no style of its own, a file has it", "[drawing]") {
  Drawing drawing;
  drawing.nodes = {{"a", {"a"}, "pass", ""}};
  CHECK(to_svg_fragment(drawing).find("<style>") == std::string::npos);
  CHECK(to_svg_fragment(drawing).rfind("<svg ", 0) == 0);
  CHECK(to_svg_file(drawing).find(drawing_css()) != std::string::npos);
  CHECK(to_svg_file(drawing).rfind("<?xml ", 0) == 0);
}

}  // namespace mxcheck::reports
