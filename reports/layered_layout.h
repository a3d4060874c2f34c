// Places the boxes of a directed acyclic graph in layers, for drawings that are read from the top
// down: rank by longest path (a source stands just above its first use), fewer crossings by
// barycentre sweeps, positions by least squares under the distances that keep boxes apart.
//
// Pure arithmetic on sizes, deterministic; nothing here knows what is drawn.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace mxcheck::reports {

struct Box {
  double width = 0, height = 0;  // pixels
};
struct LayoutEdge {
  std::size_t from = 0, to = 0;
  double label_width = 0;  // room its label needs where it arrives
};
struct Point {
  double x = 0, y = 0;
};

struct Layout {
  std::vector<int> ranks;      // by box, 0 at the top
  std::vector<Point> corners;  // upper left, by box
  // By edge, from the lower side of a box to the upper side of another. Legs are vertical (beside
  // the boxes of a rank) and free (between two ranks) in turn; the first and the last are vertical.
  std::vector<std::vector<Point>> routes;
  double width = 0, height = 0;
  std::int64_t crossings = 0;  // between neighbouring ranks
};

struct LayoutOptions {
  double gap_x = 26, gap_y = 44;
  // Longest total of ranks that edges may pass and still be led around the boxes there; beyond it
  // edges over several ranks run straight, behind the boxes.
  std::size_t most_passed = 20'000;
  int sweeps = 12;
  double port_inset = 7;  // of an arrow from the left end of the room for its label
};

// Every edge joins two different boxes, and there is no cycle; anything else is a CHECK.
[[nodiscard]] Layout lay_out(const std::vector<Box>& boxes, const std::vector<LayoutEdge>& edges,
                             const LayoutOptions& options = {});

}  // namespace mxcheck::reports
