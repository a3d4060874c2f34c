// Localisation by comparing results, prefixes and running sums with the definition's chain.
#include "sim/mxu/locate.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "sim/base/check.h"
#include "sim/mxu/mapping.h"

namespace mxcheck::mxu {
namespace {

// Every k in processing order.
std::vector<std::int64_t> processing_order(const Profile& profile, std::int64_t k_end) {
  std::vector<std::int64_t> order;
  for (const Extent& chunk : chunk_list(profile, k_end)) {
    for (std::int64_t k = chunk.begin; k < chunk.end; ++k) order.push_back(k);
  }
  return order;
}

// Fills tile and PE of an output from m, n and, if known, k.
void place(const Profile& profile, const Product& product, WrongOutput& w) {
  const bool output = profile.dataflow == Dataflow::kOutputStationary;
  const bool input = profile.dataflow == Dataflow::kInputStationary;
  const std::int64_t across = input ? w.m : w.n;
  w.col = across % profile.cols;
  (input ? w.tile_m : w.tile_n) = across / profile.cols;
  if (output) {
    w.tile_m = w.m / profile.rows;
    w.row = w.m % profile.rows;
  } else {
    const std::int64_t vectors = input ? product.n : product.m;
    (input ? w.tile_n : w.tile_m) = (input ? w.n : w.m) / block_rows(profile, vectors);
  }
  if (w.k < 0) return;
  const Extents extents = computed_extents(profile, product.m, product.n, product.k);
  std::int64_t number = 0, folds = 0;
  for (const Extent& chunk : chunk_list(profile, extents.k)) {
    if (w.k >= chunk.begin && w.k < chunk.end) {
      w.chunk = number;
      const std::int64_t capacity = profile.rows * profile.macs_per_pe;
      w.tile_k = output ? 0 : folds + (w.k - chunk.begin) / capacity;
      if (!output) w.row = (w.k - chunk.begin) % capacity / profile.macs_per_pe;
      return;
    }
    ++number;
    folds += divide_up(chunk.size(), profile.rows * profile.macs_per_pe);
  }
}

Localisation compare(const Profile& profile, const Product& product,
                     std::span<const std::int64_t> observed) {
  const ProductResult expected = functional(profile, product);
  MXCHECK_CHECK(observed.size() == expected.acc.size(), "observed results of another shape");
  Localisation where;
  where.compared = static_cast<std::int64_t>(observed.size());
  for (std::size_t i = 0; i < observed.size(); ++i) {
    if (observed[i] == expected.acc[i]) continue;
    WrongOutput w;
    w.m = static_cast<std::int64_t>(i) / product.n;
    w.n = static_cast<std::int64_t>(i) % product.n;
    w.expected = expected.acc[i];
    w.observed = observed[i];
    where.wrong.push_back(w);
  }
  return where;
}

}  // namespace

const WrongOutput* Localisation::first() const {
  const auto earlier = [](const WrongOutput& a, const WrongOutput& b) {
    const auto key = [](const WrongOutput& w) {
      return std::make_tuple(w.k < 0 ? INT64_MAX : w.chunk, w.k < 0 ? INT64_MAX : w.k, w.m, w.n);
    };
    return key(a) < key(b);
  };
  const auto found = std::min_element(wrong.begin(), wrong.end(), earlier);
  return found == wrong.end() ? nullptr : &*found;
}

Localisation locate(const Profile& profile, const Product& product,
                    std::span<const std::int64_t> observed) {
  Localisation where = compare(profile, product, observed);
  for (WrongOutput& w : where.wrong) place(profile, product, w);
  return where;
}

Localisation locate_by_sums(const Profile& profile, const Product& product,
                            std::span<const std::int64_t> observed,
                            std::span<const std::int64_t> observed_sums) {
  MXCHECK_CHECK(
      static_cast<std::int64_t>(observed_sums.size()) == product.m * product.n * product.k,
      "running sums of another shape");
  Localisation where = compare(profile, product, observed);
  for (WrongOutput& w : where.wrong) {
    const std::int64_t base = (w.m * product.n + w.n) * product.k;
    std::int64_t previous_chunk = -1;
    for (const ChainStep& step : output_chain(profile, product, w.m, w.n)) {
      const bool entry = step.chunk != previous_chunk && !product.init.empty() &&
                         profile.acc_init == AccInit::kFirst && step.chunk == 0;
      previous_chunk = step.chunk;
      if (step.stage != Stage::kPartial || entry) continue;
      if (observed_sums[static_cast<std::size_t>(base + step.k)] == step.kept) continue;
      w.k = step.k;
      break;
    }
    place(profile, product, w);
  }
  return where;
}

Localisation locate_by_prefixes(const Profile& profile, const Product& product,
                                const AskDevice& device) {
  Localisation where = compare(profile, product, device(product));
  const Extents extents = computed_extents(profile, product.m, product.n, product.k);
  const std::vector<std::int64_t> order = processing_order(profile, extents.k);
  std::vector<std::int32_t> lhs(product.lhs.size(), 0);
  Product prefix = product;
  prefix.lhs = lhs;
  std::size_t open = where.wrong.size();
  for (const std::int64_t k : order) {
    if (open == 0) break;
    for (std::int64_t m = 0; m < product.m; ++m) {
      const auto i = static_cast<std::size_t>(m * product.k + k);
      lhs[i] = product.lhs[i];
    }
    const ProductResult expected = functional(profile, prefix);
    const std::vector<std::int64_t> observed = device(prefix);
    for (WrongOutput& w : where.wrong) {
      const auto i = static_cast<std::size_t>(w.m * product.n + w.n);
      if (w.k >= 0 || observed[i] == expected.acc[i]) continue;
      w.k = k;
      --open;
    }
  }
  for (WrongOutput& w : where.wrong) place(profile, product, w);
  return where;
}

std::string pe_map(const Profile& profile, const Localisation& where) {
  constexpr std::int64_t kMost = 64;
  const std::int64_t cell =
      std::max(divide_up(profile.rows, kMost), divide_up(profile.cols, kMost));
  const std::int64_t rows = divide_up(profile.rows, cell), cols = divide_up(profile.cols, cell);
  std::vector<std::string> lines(static_cast<std::size_t>(rows),
                                 std::string(static_cast<std::size_t>(cols), '.'));
  for (const WrongOutput& w : where.wrong) {
    const auto col = static_cast<std::size_t>(w.col / cell);
    if (w.row >= 0) {
      lines[static_cast<std::size_t>(w.row / cell)][col] = '#';
      continue;
    }
    for (std::string& line : lines) line[col] = line[col] == '.' ? '?' : line[col];
  }
  std::string text =
      fmt::format("array {}x{}{}: # wrong, ? some PE of this column\n", profile.rows, profile.cols,
                  cell > 1 ? fmt::format(" in cells of {0}x{0} PEs", cell) : "");
  for (std::int64_t r = 0; r < rows; ++r) {
    text += fmt::format("{:>5} {}\n", r * cell, lines[static_cast<std::size_t>(r)]);
  }
  return text;
}

std::string localisation_text(const Profile& profile, const Localisation& where) {
  if (where.wrong.empty()) return fmt::format("all {} outputs agree\n", where.compared);
  const WrongOutput& w = *where.first();
  const auto known = [](std::int64_t value) {
    return value < 0 ? std::string("unknown") : std::to_string(value);
  };
  return fmt::format(
             "{} of {} outputs differ; first wrong: output [{},{}] expected {} observed {}\n"
             "  chunk {}, k {}, tile (m {}, n {}, k {}), PE row {}, column {}\n",
             where.wrong.size(), where.compared, w.m, w.n, w.expected, w.observed, known(w.chunk),
             known(w.k), w.tile_m, w.tile_n, known(w.tile_k), known(w.row), known(w.col)) +
         pe_map(profile, where);
}

}  // namespace mxcheck::mxu
