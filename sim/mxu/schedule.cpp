// The closed forms of schedule.md, term by term.
#include "sim/mxu/schedule.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "sim/base/check.h"
#include "sim/mxu/mapping.h"

namespace mxcheck::mxu {
namespace {

// Clocks from the first to after the last of `vectors` entering the array: T of schedule.md.
std::int64_t issue_clocks(const Profile& p, std::int64_t vectors) {
  const std::int64_t depth = p.lhs_fifo;
  if (depth == 0 || depth >= p.rows - 1) return vectors;
  return (vectors - 1) / depth * (p.rows - 1) + (vectors - 1) % depth + 1;
}
// Clocks until the next fold's first vector may follow: S of schedule.md.
std::int64_t slot_clocks(const Profile& p, std::int64_t vectors) {
  const bool limited = p.lhs_fifo != 0 && p.lhs_fifo < p.rows - 1;
  return issue_clocks(p, vectors) + (limited ? p.rows - 2 : 0);
}

std::int64_t load_clocks(const Profile& p) {
  return p.weight_load_cycles == 0 ? p.rows : p.weight_load_cycles;
}

std::int64_t k_folds(const Profile& p, std::int64_t k) {
  const std::int64_t chunk = chunk_length(p, k), capacity = p.rows * p.macs_per_pe;
  return k / chunk * divide_up(chunk, capacity) + divide_up(k % chunk, capacity);
}

// Adds `count` folds of `vectors` that another fold follows.
void add_followed(const Profile& p, std::int64_t vectors, std::int64_t count, bool waits_for_acc,
                  CycleCauses& c) {
  const std::int64_t issue = issue_clocks(p, vectors);
  const std::int64_t load = std::max(load_clocks(p), p.rows);
  const bool single = p.weight_buffers == 1;
  const std::int64_t slot = single ? issue : slot_clocks(p, vectors);
  const std::int64_t loaded = single ? issue + load : std::max(slot, load);
  const std::int64_t next = waits_for_acc ? std::max(loaded, issue - 1 + p.cols) : loaded;
  c.stream += count * vectors;
  c.fifo_stall += count * (slot - vectors);
  c.load += count * (loaded - slot);
  c.acc_stall += count * (next - loaded);
}

// Adds `count` folds of `vectors`, each alone from load to drain.
void add_alone(const Profile& p, std::int64_t vectors, std::int64_t count, CycleCauses& c) {
  c.load += count * load_clocks(p);
  c.fill += count * (p.rows - 1);
  c.stream += count * vectors;
  c.fifo_stall += count * (issue_clocks(p, vectors) - vectors);
  c.drain += count * (p.cols - 1);
}

CycleCauses stationary(const Profile& p, std::int64_t vectors, std::int64_t across, std::int64_t k,
                       Overlap overlap) {
  CycleCauses c;
  const std::int64_t tiles = divide_up(across, p.cols), along_k = k_folds(p, k);
  const std::int64_t block = block_rows(p, vectors);
  const std::int64_t full = vectors / block, rest = vectors % block;
  const std::int64_t last = rest != 0 ? rest : block;
  if (overlap == Overlap::kNone) {
    add_alone(p, block, tiles * full * along_k, c);
    if (rest != 0) add_alone(p, rest, tiles * along_k, c);
  } else {
    const bool waits = blocks_share_rows(p, vectors);
    const auto add_blocks = [&](std::int64_t size, std::int64_t count) {
      const std::int64_t ends = count - (size == last ? 1 : 0);
      add_followed(p, size, count * (along_k - 1), false, c);
      add_followed(p, size, ends, waits, c);
    };
    add_blocks(block, tiles * full);
    if (rest != 0) add_blocks(rest, tiles);
    add_alone(p, last, 1, c);  // its load term is the first fold's
  }
  c.load -= 1;  // the first edge is time zero
  return c;
}

CycleCauses output_stationary(const Profile& p, std::int64_t m, std::int64_t n, std::int64_t k,
                              Overlap overlap) {
  CycleCauses c;
  const std::int64_t folds = divide_up(m, p.rows) * divide_up(n, p.cols);
  const std::int64_t chunk = chunk_length(p, k), q = p.macs_per_pe;
  const std::int64_t steps = k / chunk * divide_up(chunk, q) + divide_up(k % chunk, q);
  const std::int64_t issue = issue_clocks(p, steps);
  const std::int64_t slot = overlap == Overlap::kNone ? issue : slot_clocks(p, steps);
  c.stream = folds * steps - 1;
  c.fifo_stall = (folds - 1) * (slot - steps) + (issue - steps);
  c.fill = p.rows + p.cols - 2;
  if (overlap == Overlap::kNone) {
    c.fill *= folds;
  } else {
    c.acc_stall = (folds - 1) * (std::max(slot, p.rows) - slot);
  }
  return c;
}

std::int64_t bits_of_type(DType type) { return type == DType::kS4 || type == DType::kU4 ? 4 : 8; }

void count_bytes(const Profile& p, const Extents& e, Schedule& s) {
  const auto bytes = [](std::int64_t elements, std::int64_t bits) {
    return divide_up(elements * bits, 8);
  };
  std::int64_t lhs_passes = divide_up(e.n, p.cols), rhs_passes = divide_up(e.m, p.rows);
  if (p.dataflow == Dataflow::kWeightStationary) {
    rhs_passes = divide_up(e.m, block_rows(p, e.m));
  } else if (p.dataflow == Dataflow::kInputStationary) {
    lhs_passes = divide_up(e.n, block_rows(p, e.n));
    rhs_passes = divide_up(e.m, p.cols);
  }
  s.lhs_bytes = bytes(e.m * e.k, bits_of_type(s.shape.lhs_type)) * lhs_passes;
  s.rhs_bytes = bytes(e.k * e.n, bits_of_type(s.shape.rhs_type)) * rhs_passes;
  s.init_bytes = s.shape.has_init ? bytes(e.m * e.n, p.acc_bits) : 0;
  s.out_bytes = bytes(e.m * e.n, p.delivery_bits);
}

}  // namespace

double Schedule::utilisation() const {
  return mac_slots == 0 ? 0 : static_cast<double>(macs) / static_cast<double>(mac_slots);
}
double Schedule::intensity() const {
  return bytes() == 0 ? 0 : 2 * static_cast<double>(macs) / static_cast<double>(bytes());
}

Schedule schedule(const Profile& profile, const ProductShape& shape, Overlap overlap) {
  MXCHECK_CHECK(shape.m <= kMaxExtent && shape.n <= kMaxExtent && shape.k <= kMaxExtent, "extent");
  Schedule s;
  s.shape = shape;
  const Extents e = computed_extents(profile, shape.m, shape.n, shape.k);
  if (e.m == 0 || e.n == 0 || e.k == 0) return s;
  switch (profile.dataflow) {
    case Dataflow::kWeightStationary:
      s.cycles = stationary(profile, e.m, e.n, e.k, overlap);
      s.folds = divide_up(e.n, profile.cols) * divide_up(e.m, block_rows(profile, e.m)) *
                k_folds(profile, e.k);
      break;
    case Dataflow::kInputStationary:
      s.cycles = stationary(profile, e.n, e.m, e.k, overlap);
      s.folds = divide_up(e.m, profile.cols) * divide_up(e.n, block_rows(profile, e.n)) *
                k_folds(profile, e.k);
      break;
    case Dataflow::kOutputStationary:
      s.cycles = output_stationary(profile, e.m, e.n, e.k, overlap);
      s.folds = divide_up(e.m, profile.rows) * divide_up(e.n, profile.cols);
      break;
  }
  s.macs = e.m * e.n * e.k;
  s.mac_slots = s.total() * profile.rows * profile.cols * profile.macs_per_pe;
  count_bytes(profile, e, s);
  return s;
}

Schedule sum(const std::vector<Schedule>& products, const std::string& name) {
  Schedule total;
  total.name = name;
  for (const Schedule& s : products) {
    total.folds += s.folds;
    total.cycles.load += s.cycles.load;
    total.cycles.fill += s.cycles.fill;
    total.cycles.stream += s.cycles.stream;
    total.cycles.drain += s.cycles.drain;
    total.cycles.fifo_stall += s.cycles.fifo_stall;
    total.cycles.acc_stall += s.cycles.acc_stall;
    total.macs += s.macs;
    total.mac_slots += s.mac_slots;
    total.lhs_bytes += s.lhs_bytes;
    total.rhs_bytes += s.rhs_bytes;
    total.init_bytes += s.init_bytes;
    total.out_bytes += s.out_bytes;
  }
  return total;
}

std::string schedule_text(const std::vector<Schedule>& products) {
  std::string text =
      fmt::format("{:<28} {:>12} {:>8} {:>8} {:>8} {:>10} {:>8} {:>8} {:>8} {:>6} {:>12} {:>8}\n",
                  "product (M N K)", "cycles", "folds", "load", "fill", "stream", "drain", "fifo",
                  "acc", "util", "bytes", "ops/byte");
  const auto line = [](const Schedule& s, const std::string& what) {
    const CycleCauses& c = s.cycles;
    return fmt::format(
        "{:<28} {:>12} {:>8} {:>8} {:>8} {:>10} {:>8} {:>8} {:>8} {:>6.3f} {:>12} {:>8.1f}\n", what,
        s.total(), s.folds, c.load, c.fill, c.stream, c.drain, c.fifo_stall, c.acc_stall,
        s.utilisation(), s.bytes(), s.intensity());
  };
  for (const Schedule& s : products) {
    const ProductShape& x = s.shape;
    text +=
        line(s, fmt::format("{}{}({} {} {})", s.name, s.name.empty() ? "" : " ", x.m, x.n, x.k));
  }
  if (products.size() > 1) text += line(sum(products, "total"), "total");
  return text;
}

std::string schedule_json(const std::vector<Schedule>& products) {
  using Json = nlohmann::ordered_json;
  const auto entry = [](const Schedule& s) {
    const CycleCauses& c = s.cycles;
    return Json{{"name", s.name},
                {"m", s.shape.m},
                {"n", s.shape.n},
                {"k", s.shape.k},
                {"cycles", s.total()},
                {"folds", s.folds},
                {"causes",
                 {{"load", c.load},
                  {"fill", c.fill},
                  {"stream", c.stream},
                  {"drain", c.drain},
                  {"fifo_stall", c.fifo_stall},
                  {"acc_stall", c.acc_stall}}},
                {"macs", s.macs},
                {"utilisation", s.utilisation()},
                {"bytes",
                 {{"lhs", s.lhs_bytes},
                  {"rhs", s.rhs_bytes},
                  {"init", s.init_bytes},
                  {"out", s.out_bytes}}},
                {"intensity", s.intensity()}};
  };
  Json result = Json::array();
  for (const Schedule& s : products) result.push_back(entry(s));
  if (products.size() > 1) result.push_back(entry(sum(products, "total")));
  return result.dump(2);
}

}  // namespace mxcheck::mxu
