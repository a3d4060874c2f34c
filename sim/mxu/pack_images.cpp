// The hex memory images of a pack ($readmemh): operands per fold in the order the array consumes
// them, results per block of outputs.
#include <fmt/format.h>

#include "sim/base/check.h"
#include "sim/mxu/mapping.h"
#include "sim/mxu/pack.h"

namespace mxcheck::mxu::internal {
namespace {

constexpr std::uint32_t kMagic = 0x4d585031;  // "MXP1"

// One word of lanes of `bits` (a multiple of 4) each, lane 0 in the low bits.
class Word {
 public:
  explicit Word(std::int64_t bits) : digits_(static_cast<std::size_t>(bits / 4)) {}
  void push(std::int64_t value) {
    for (std::size_t i = 0; i < digits_; ++i) {
      text_.push_back("0123456789abcdef"[static_cast<std::uint64_t>(value) >> (4 * i) & 15]);
    }
  }
  [[nodiscard]] std::string line() const { return {text_.rbegin(), text_.rend()}; }

 private:
  std::size_t digits_;
  std::string text_;  // low digit first
};

std::int64_t lane_bits(std::int64_t bits) { return divide_up(bits, 4) * 4; }

struct Access {
  const Product& x;
  bool by_columns;  // input stationary
  [[nodiscard]] std::int64_t lhs(std::int64_t m, std::int64_t k) const {
    return x.lhs[static_cast<std::size_t>(m * x.k + k)];
  }
  [[nodiscard]] std::int64_t rhs(std::int64_t k, std::int64_t n) const {
    return x.rhs[static_cast<std::size_t>(k * x.n + n)];
  }
  [[nodiscard]] std::int64_t streamed(std::int64_t vector, std::int64_t k) const {
    return by_columns ? rhs(k, vector) : lhs(vector, k);
  }
  [[nodiscard]] std::int64_t stationary(std::int64_t k, std::int64_t column) const {
    return by_columns ? lhs(column, k) : rhs(k, column);
  }
  [[nodiscard]] std::size_t output(std::int64_t vector, std::int64_t column) const {
    return static_cast<std::size_t>(by_columns ? column * x.n + vector : vector * x.n + column);
  }
};

void stationary_fold(const Profile& p, const Access& a, const Fold& f, HexImages& images) {
  const std::int64_t q = p.macs_per_pe;
  for (std::int64_t r = p.rows - 1; r >= 0; --r) {
    Word word(8);
    for (std::int64_t c = 0; c < p.cols; ++c) {
      for (std::int64_t i = 0; i < q; ++i) {
        const std::int64_t k = f.k.begin + r * q + i, column = f.across.begin + c;
        word.push(k < f.k.end && column < f.across.end ? a.stationary(k, column) : 0);
      }
    }
    images.stationary += word.line() + '\n';
  }
  for (std::int64_t vector = f.along.begin; vector < f.along.end; ++vector) {
    Word word(8);
    for (std::int64_t i = 0; i < p.rows * q; ++i) {
      word.push(f.k.begin + i < f.k.end ? a.streamed(vector, f.k.begin + i) : 0);
    }
    images.streamed += word.line() + '\n';
  }
}

void output_fold(const Profile& p, const Access& a, const Fold& f, std::int64_t k_end,
                 HexImages& images) {
  const std::int64_t q = p.macs_per_pe;
  for (const Extent& chunk : chunk_list(p, k_end)) {
    for (std::int64_t begin = chunk.begin; begin < chunk.end; begin += q) {
      Word top(8), left(8);
      for (std::int64_t c = 0; c < p.cols; ++c) {
        for (std::int64_t k = begin; k < begin + q; ++k) {
          const std::int64_t n = f.across.begin + c;
          top.push(k < chunk.end && n < f.across.end ? a.rhs(k, n) : 0);
        }
      }
      for (std::int64_t r = 0; r < p.rows; ++r) {
        for (std::int64_t k = begin; k < begin + q; ++k) {
          const std::int64_t m = f.along.begin + r;
          left.push(k < chunk.end && m < f.along.end ? a.lhs(m, k) : 0);
        }
      }
      images.stationary += top.line() + '\n';
      images.streamed += left.line() + '\n';
    }
  }
}

// Calls row(vector, fold) for every row of results in the order they leave.
template <typename Row>
void for_result_rows(const std::vector<Fold>& folds, Row&& row) {
  for (const Fold& f : folds) {
    if (!f.block_end) continue;
    for (std::int64_t vector = f.along.begin; vector < f.along.end; ++vector) row(vector, f);
  }
}

std::string result_rows(const Profile& p, const Access& a, const std::vector<Fold>& folds,
                        std::int64_t bits, std::span<const std::int64_t> values) {
  std::string text;
  for_result_rows(folds, [&](std::int64_t vector, const Fold& f) {
    Word word(lane_bits(bits));
    for (std::int64_t c = 0; c < p.cols; ++c) {
      const std::int64_t column = f.across.begin + c;
      word.push(column < f.across.end ? values[a.output(vector, column)] : 0);
    }
    text += word.line() + '\n';
  });
  return text;
}

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

HexImages hex_images(const Profile& profile, const Product& product,
                     const std::vector<std::int64_t>& expected) {
  const Extents extents = computed_extents(profile, product.m, product.n, product.k);
  const std::vector<Fold> folds = folds_of(profile, extents);
  const Access access{product, profile.dataflow == Dataflow::kInputStationary};
  HexImages images;
  const auto control = [&](std::int64_t value) {
    images.control += fmt::format("{:08x}\n", static_cast<std::uint32_t>(value));
  };
  for (const std::int64_t value :
       {std::int64_t{kMagic}, profile.rows, profile.cols, product.m, product.n, product.k,
        static_cast<std::int64_t>(folds.size()), std::int64_t{product.init.empty() ? 0 : 1}}) {
    control(value);
  }
  for (const Fold& f : folds) {
    const int flags = (f.chunk_begin ? 1 : 0) | (f.chunk_end ? 2 : 0) | (f.block_begin ? 4 : 0) |
                      (f.block_end ? 8 : 0);
    for (const std::int64_t value : {f.k.begin, f.k.size(), f.along.begin, f.along.size(),
                                     f.across.begin, f.across.size(), std::int64_t{flags}}) {
      control(value);
    }
    if (profile.dataflow == Dataflow::kOutputStationary) {
      output_fold(profile, access, f, extents.k, images);
    } else {
      stationary_fold(profile, access, f, images);
    }
  }
  if (!product.init.empty()) {
    images.init = result_rows(profile, access, folds, profile.acc_bits, product.init);
  }
  images.expected = result_rows(profile, access, folds, profile.delivery_bits, expected);
  return images;
}

base::Result<std::vector<std::int64_t>> parse_results_hex(const Profile& profile,
                                                          const Product& product,
                                                          std::string_view text) {
  const Extents extents = computed_extents(profile, product.m, product.n, product.k);
  const std::vector<Fold> folds = folds_of(profile, extents);
  const Access access{product, profile.dataflow == Dataflow::kInputStationary};
  const std::int64_t digits = lane_bits(profile.delivery_bits) / 4;
  // Outputs that are dropped are zero. Where all of k is dropped the rest is what was there before,
  // and no row could say so: nothing of it is the device's to give.
  std::vector<std::int64_t> values(static_cast<std::size_t>(product.m * product.n), 0);
  if (folds.empty()) values = functional(profile, product).acc;
  std::string problem;
  std::size_t at = 0;
  std::int64_t line_number = 0;
  for_result_rows(folds, [&](std::int64_t vector, const Fold& f) {
    if (!problem.empty()) return;
    ++line_number;
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = text.substr(std::min(at, text.size()), end - std::min(at, text.size()));
    at = end + 1;
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (static_cast<std::int64_t>(line.size()) != digits * profile.cols) {
      problem = fmt::format("line {} has {} digits, not {}", line_number, line.size(),
                            digits * profile.cols);
      return;
    }
    for (std::int64_t column = f.across.begin; column < f.across.end; ++column) {
      std::uint64_t value = 0;
      const std::int64_t low =
          static_cast<std::int64_t>(line.size()) - digits * (column - f.across.begin + 1);
      for (std::int64_t i = 0; i < digits; ++i) {
        const int d = digit(line[static_cast<std::size_t>(low + i)]);
        if (d < 0) problem = fmt::format("line {} is not hexadecimal", line_number);
        value = value << 4 | static_cast<std::uint64_t>(d < 0 ? 0 : d);
      }
      values[access.output(vector, column)] =
          numerics::wrap_to(static_cast<__int128>(value), static_cast<int>(profile.delivery_bits));
    }
  });
  if (problem.empty() &&
      text.find_first_not_of(" \r\n", std::min(at, text.size())) != std::string_view::npos) {
    problem = "more lines than results";
  }
  if (!problem.empty()) return base::Error{problem};
  return values;
}

}  // namespace mxcheck::mxu::internal
