// Items are boxes, and for an edge over several ranks one bend in each rank it passes. Orders and
// positions are of items, so that edges find their way between the boxes.
#include "reports/layered_layout.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "sim/base/check.h"

namespace mxcheck::reports {
namespace {

struct Item {
  int rank = 0;
  double width = 0;
  bool bend = false;
  std::vector<std::size_t> above, below;  // items in the neighbouring ranks
  double x = 0;                           // of the centre
};

using Order = std::vector<std::vector<std::size_t>>;  // items by rank, from the left

// Longest path from a source, then sources moved down to just above their first use.
std::vector<int> ranks_of(std::size_t boxes, const std::vector<LayoutEdge>& edges) {
  std::vector<int> ranks(boxes, 0);
  std::vector<std::size_t> waiting(boxes, 0);
  std::vector<std::vector<std::size_t>> next(boxes);
  for (const LayoutEdge& edge : edges) {
    MXCHECK_CHECK(edge.from < boxes && edge.to < boxes && edge.from != edge.to,
                  "an edge of a drawing joins two of its boxes");
    next[edge.from].push_back(edge.to);
    ++waiting[edge.to];
  }
  std::vector<std::size_t> ready;
  for (std::size_t i = 0; i < boxes; ++i) {
    if (waiting[i] == 0) ready.push_back(i);
  }
  const std::vector<std::size_t> sources = ready;
  for (std::size_t at = 0; at < ready.size(); ++at) {
    for (const std::size_t to : next[ready[at]]) {
      ranks[to] = std::max(ranks[to], ranks[ready[at]] + 1);
      if (--waiting[to] == 0) ready.push_back(to);
    }
  }
  MXCHECK_CHECK(ready.size() == boxes, "a drawing has no cycle");
  for (const std::size_t source : sources) {
    if (next[source].empty()) continue;
    int first = ranks[next[source].front()];
    for (const std::size_t to : next[source]) first = std::min(first, ranks[to]);
    ranks[source] = first - 1;
  }
  return ranks;
}

class Layers {
 public:
  Layers(const std::vector<Box>& boxes, const std::vector<LayoutEdge>& edges,
         const LayoutOptions& options)
      : boxes_(boxes), edges_(edges), options_(options) {
    layout_.ranks = ranks_of(boxes.size(), edges);
    add_items();
    order_items();
    place_items();
  }

  Layout finish() {
    place_boxes();
    for (std::size_t e = 0; e < edges_.size(); ++e) route(e);
    return std::move(layout_);
  }

 private:
  void add_items();
  void order_items();
  void sort_by(std::vector<std::size_t>& rank, bool by_above);
  [[nodiscard]] std::int64_t crossings() const;
  void place_items();
  void settle(const std::vector<std::size_t>& rank, bool above, bool below);
  [[nodiscard]] double distance(std::size_t left, std::size_t right) const;
  void place_boxes();
  [[nodiscard]] double port_of(std::size_t edge) const;
  void route(std::size_t edge);
  void number_positions();

  const std::vector<Box>& boxes_;
  const std::vector<LayoutEdge>& edges_;
  const LayoutOptions& options_;
  Layout layout_;
  std::vector<Item> items_;
  std::vector<std::vector<std::size_t>> bends_;     // by edge
  std::vector<std::vector<std::size_t>> incoming_;  // edges by box
  Order order_;
  std::vector<std::size_t> position_;   // of an item in its rank
  std::vector<double> tops_, heights_;  // of ranks
};

void Layers::add_items() {
  const std::vector<int>& ranks = layout_.ranks;
  std::size_t passed = 0;
  for (const LayoutEdge& edge : edges_) {
    passed += static_cast<std::size_t>(ranks[edge.to] - ranks[edge.from] - 1);
  }
  int deepest = -1;
  for (std::size_t i = 0; i < boxes_.size(); ++i) {
    items_.push_back({ranks[i], boxes_[i].width, false, {}, {}, 0});
    deepest = std::max(deepest, ranks[i]);
  }
  bends_.resize(edges_.size());
  incoming_.resize(boxes_.size());
  for (std::size_t e = 0; e < edges_.size(); ++e) {
    const auto [from, to, label] = edges_[e];
    incoming_[to].push_back(e);
    const int span = ranks[to] - ranks[from];
    if (span > 1 && passed > options_.most_passed) continue;
    std::size_t last = from;
    for (int rank = ranks[from] + 1; rank < ranks[to]; ++rank) {
      items_.push_back({rank, 0, true, {last}, {}, 0});
      items_[last].below.push_back(items_.size() - 1);
      last = items_.size() - 1;
      bends_[e].push_back(last);
    }
    items_[last].below.push_back(to);
    items_[to].above.push_back(last);
  }
  order_.resize(static_cast<std::size_t>(deepest) + 1);
}

void Layers::number_positions() {
  position_.resize(items_.size());
  for (const auto& rank : order_) {
    for (std::size_t i = 0; i < rank.size(); ++i) position_[rank[i]] = i;
  }
}

// Inversions of neighbours between each pair of ranks, counted with a Fenwick tree.
std::int64_t Layers::crossings() const {
  std::int64_t out = 0;
  for (std::size_t r = 0; r + 1 < order_.size(); ++r) {
    std::vector<std::int64_t> tree(order_[r + 1].size() + 1, 0);
    std::int64_t seen = 0;
    for (const std::size_t item : order_[r]) {
      std::vector<std::size_t> ends;
      for (const std::size_t below : items_[item].below) ends.push_back(position_[below] + 1);
      for (const std::size_t end : ends) {
        std::int64_t left = 0;  // earlier edges that end at or left of this one
        for (std::size_t i = end; i > 0; i -= i & (~i + 1)) left += tree[i];
        out += seen - left;
      }
      for (const std::size_t end : ends) {
        for (std::size_t i = end; i < tree.size(); i += i & (~i + 1)) ++tree[i];
        ++seen;
      }
    }
  }
  return out;
}

void Layers::sort_by(std::vector<std::size_t>& rank, bool by_above) {
  std::vector<std::pair<double, std::size_t>> keys;
  for (std::size_t i = 0; i < rank.size(); ++i) {
    const auto& neighbours = by_above ? items_[rank[i]].above : items_[rank[i]].below;
    double sum = 0;
    for (const std::size_t neighbour : neighbours) {
      // As a fraction of its rank, so that items without neighbours can keep their place.
      const auto r = static_cast<std::size_t>(items_[neighbour].rank);
      sum +=
          (static_cast<double>(position_[neighbour]) + 0.5) / static_cast<double>(order_[r].size());
    }
    const double own = (static_cast<double>(i) + 0.5) / static_cast<double>(rank.size());
    keys.emplace_back(neighbours.empty() ? own : sum / static_cast<double>(neighbours.size()),
                      rank[i]);
  }
  std::stable_sort(keys.begin(), keys.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  for (std::size_t i = 0; i < rank.size(); ++i) {
    rank[i] = keys[i].second;
    position_[rank[i]] = i;
  }
}

void Layers::order_items() {
  for (std::size_t i = 0; i < items_.size(); ++i) {
    order_[static_cast<std::size_t>(items_[i].rank)].push_back(i);
  }
  number_positions();
  Order best = order_;
  std::int64_t fewest = crossings();
  for (int sweep = 0; sweep < options_.sweeps && fewest > 0; ++sweep) {
    if (sweep % 2 == 0) {
      for (std::size_t r = 1; r < order_.size(); ++r) sort_by(order_[r], true);
    } else {
      for (std::size_t r = order_.size() - 1; r-- > 0;) sort_by(order_[r], false);
    }
    const std::int64_t now = crossings();
    if (now >= fewest) continue;
    fewest = now;
    best = order_;
  }
  order_ = std::move(best);
  number_positions();
  layout_.crossings = fewest;
}

double Layers::distance(std::size_t left, std::size_t right) const {
  const double gap = items_[left].bend && items_[right].bend ? options_.gap_x / 2 : options_.gap_x;
  return (items_[left].width + items_[right].width) / 2 + gap;
}

// The positions nearest to where the neighbours want the items of a rank, in least squares, that
// keep the order and the distances: an isotonic regression (pool adjacent violators).
void Layers::settle(const std::vector<std::size_t>& rank, bool above, bool below) {
  struct Block {
    double sum, weight;  // of wanted positions
    std::size_t items;
  };
  std::vector<Block> blocks;
  std::vector<double> offset(rank.size(), 0);
  for (std::size_t i = 0; i < rank.size(); ++i) {
    const Item& item = items_[rank[i]];
    if (i > 0) offset[i] = offset[i - 1] + distance(rank[i - 1], rank[i]);
    constexpr double kKeep = 0.01, kStraight = 6;
    double weight = kKeep, sum = kKeep * item.x;
    const auto add = [&](const std::vector<std::size_t>& neighbours) {
      for (const std::size_t other : neighbours) {
        const double w = item.bend && items_[other].bend ? kStraight : 1;
        weight += w;
        sum += w * items_[other].x;
      }
    };
    if (above) add(item.above);
    if (below) add(item.below);
    blocks.push_back({sum - weight * offset[i], weight, 1});
    while (blocks.size() > 1) {
      const Block& last = blocks.back();
      Block& before = blocks[blocks.size() - 2];
      if (before.sum * last.weight <= last.sum * before.weight) break;
      before = {before.sum + last.sum, before.weight + last.weight, before.items + last.items};
      blocks.pop_back();
    }
  }
  std::size_t i = 0;
  for (const Block& block : blocks) {
    for (std::size_t n = 0; n < block.items; ++n, ++i) {
      items_[rank[i]].x = block.sum / block.weight + offset[i];
    }
  }
}

void Layers::place_items() {
  for (const auto& rank : order_) {
    for (std::size_t i = 1; i < rank.size(); ++i) {
      items_[rank[i]].x = items_[rank[i - 1]].x + distance(rank[i - 1], rank[i]);
    }
  }
  const int rounds = 8;
  for (int round = 0; round < rounds; ++round) {
    const bool both = round >= rounds / 2;
    for (std::size_t r = 0; r < order_.size(); ++r) settle(order_[r], true, both);
    for (std::size_t r = order_.size(); r-- > 0;) settle(order_[r], both, true);
  }
}

void Layers::place_boxes() {
  double left = 0, right = 0;
  bool first = true;
  for (const Item& item : items_) {
    left = first ? item.x - item.width / 2 : std::min(left, item.x - item.width / 2);
    right = first ? item.x + item.width / 2 : std::max(right, item.x + item.width / 2);
    first = false;
  }
  for (Item& item : items_) item.x -= left;
  heights_.assign(order_.size(), 0);
  for (std::size_t i = 0; i < boxes_.size(); ++i) {
    double& height = heights_[static_cast<std::size_t>(layout_.ranks[i])];
    height = std::max(height, boxes_[i].height);
  }
  double y = 0;
  for (std::size_t r = 0; r < order_.size(); ++r) {
    tops_.push_back(y);
    // Edges that go far to the side get more room to do it in.
    double side = 0;
    for (const std::size_t item : order_[r]) {
      for (const std::size_t below : items_[item].below) {
        side = std::max(side, std::abs(items_[item].x - items_[below].x));
      }
    }
    constexpr double kSlope = 0.12, kMostRoom = 60;
    y += heights_[r] +
         (r + 1 < order_.size() ? options_.gap_y + std::min(kMostRoom, kSlope * side) : 0);
  }
  layout_.width = right - left;
  layout_.height = y;
  for (std::size_t i = 0; i < boxes_.size(); ++i) {
    const auto rank = static_cast<std::size_t>(layout_.ranks[i]);
    layout_.corners.push_back(
        {items_[i].x - boxes_[i].width / 2, tops_[rank] + (heights_[rank] - boxes_[i].height) / 2});
  }
}

// Where an edge arrives: beside the others, in the order they come from; its label has the room to
// the right.
double Layers::port_of(std::size_t edge) const {
  const std::size_t box = edges_[edge].to;
  const auto from_x = [&](std::size_t e) {
    return items_[bends_[e].empty() ? edges_[e].from : bends_[e].back()].x;
  };
  double room = 0, before = 0;
  for (const std::size_t other : incoming_[box]) {
    const double width = edges_[other].label_width;
    room += width;
    const double a = from_x(other), b = from_x(edge);
    if (a < b || (a == b && other < edge)) before += width;
  }
  const double half = boxes_[box].width / 2;
  if (incoming_[box].size() == 1 && room <= half) return items_[box].x;
  const double spread = std::max(1.0, (boxes_[box].width * 0.6) / room);
  return items_[box].x + (before - room / 2) * spread + options_.port_inset;
}

void Layers::route(std::size_t edge) {
  const auto [from, to, label] = edges_[edge];
  const auto top_of = [&](std::size_t item) {
    return tops_[static_cast<std::size_t>(items_[item].rank)];
  };
  const auto bottom_of = [&](std::size_t item) {
    return top_of(item) + heights_[static_cast<std::size_t>(items_[item].rank)];
  };
  std::vector<Point> points{{items_[from].x, layout_.corners[from].y + boxes_[from].height},
                            {items_[from].x, bottom_of(from)}};
  for (const std::size_t bend : bends_[edge]) {
    points.push_back({items_[bend].x, top_of(bend)});
    points.push_back({items_[bend].x, bottom_of(bend)});
  }
  const double port = port_of(edge);
  points.push_back({port, top_of(to)});
  points.push_back({port, layout_.corners[to].y});
  layout_.routes.push_back(std::move(points));
}

}  // namespace

Layout lay_out(const std::vector<Box>& boxes, const std::vector<LayoutEdge>& edges,
               const LayoutOptions& options) {
  return Layers(boxes, edges, options).finish();
}

}  // namespace mxcheck::reports
