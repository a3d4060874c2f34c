// `mxcheck sim`: products on the cycle model: result digest, cycles by cause, utilisation, stalls.
// Either one product of random codes (M K N), or every integer product of a case; `--vcd` and
// `--trace` write what the stepped array did.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "sim/base/file.h"
#include "sim/base/text.h"
#include "sim/base/threefry.h"
#include "sim/cli/hardware_option.h"
#include "sim/cli/options.h"
#include "sim/exec/executor.h"
#include "sim/mxu/cycle.h"
#include "sim/mxu/schedule.h"
#include "sim/mxu/waveform.h"
#include "sim/suite/run_case.h"

namespace mxcheck::cli {
namespace {

CommandLine command_line() {
  CommandLine line;
  line.command = "sim";
  line.synopsis = "mxcheck sim M K N [options]    or: mxcheck sim CASE.json [options]";
  line.options.add_options()                                                                //
      ("hardware", po::value<std::string>(), "profile: preset or FILE.json (ideal_int32)")  //
      ("overlap", po::value<std::string>(), "full (default) or none: folds one by one")     //
      ("seed", po::value<std::string>(), "of the random codes (0)")                         //
      ("lhs-type", po::value<std::string>(), "s8 (default), u8, s4, u4")                    //
      ("rhs-type", po::value<std::string>(), "s8 (default), u8, s4, u4")                    //
      ("vcd", po::value<std::string>(), "write a waveform of a window of PEs to FILE")      //
      ("trace", po::value<std::string>(), "write a text trace of the window to FILE")       //
      ("window", po::value<std::string>(), "ROW,COL,ROWS,COLS (0,0,4,4)")                   //
      ("id", po::value<std::vector<std::string>>()->composing(),
       "of a case in a file with a matrix")       //
      ("json", "the schedule of a case as JSON")  //
      ("help,h", "this text");
  line.examples =
      "  mxcheck sim 64 512 256 --hardware tpu_v5e\n"
      "  mxcheck sim 4 20 8 --hardware gemmini_16 --vcd wave.vcd\n"
      "  mxcheck sim cases/qt/dense_f32_ieee.json --overlap none\n";
  return line;
}

std::optional<std::int64_t> extent(const std::string& word) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc{} || end != word.data() + word.size()) return std::nullopt;
  return value;
}

// Codes of a dtype, uniform over its range.
std::vector<std::int32_t> random_codes(numerics::DType dtype, std::int64_t count,
                                       std::uint64_t seed) {
  const std::int64_t low = numerics::integer_min(dtype);
  const auto span = static_cast<std::uint64_t>(numerics::integer_max(dtype) - low + 1);
  std::vector<std::int32_t> out;
  out.reserve(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) {
    const std::uint64_t word = base::random_word(seed, static_cast<std::uint64_t>(i));
    out.push_back(static_cast<std::int32_t>(low + static_cast<std::int64_t>((word * span) >> 32)));
  }
  return out;
}

mxu::Window window(const po::variables_map& map) {
  mxu::Window out;
  if (!has(map, "window")) return out;
  const std::string word = text(map, "window", "");
  std::vector<std::int64_t> numbers;
  for (const std::string& part : base::split(word, ',')) {
    const std::optional<std::int64_t> number = extent(part);
    if (number && *number >= 0) numbers.push_back(*number);
  }
  if (numbers.size() != 4 || numbers[2] < 1 || numbers[3] < 1) {
    throw UsageError("--window must be ROW,COL,ROWS,COLS");
  }
  return {numbers[0], numbers[1], numbers[2], numbers[3]};
}

mxu::Overlap overlap(const po::variables_map& map) {
  return one_of(map, "overlap", "full", {"full", "none"}) == "full" ? mxu::Overlap::kFull
                                                                    : mxu::Overlap::kNone;
}

void write_text(const std::string& file, const std::string& content) {
  const base::Status status = base::write_file_atomically(file, content);
  if (!status) throw UsageError(base::printable(status.error()));
}

int run_product(const po::variables_map& map, const std::vector<std::int64_t>& extents) {
  const mxu::Profile profile = parse_hardware(text(map, "hardware", "ideal_int32"));
  const std::vector<std::string> types = {"s8", "u8", "s4", "u4"};
  mxu::Product product;
  product.m = extents[0], product.k = extents[1], product.n = extents[2];
  product.lhs_type = *numerics::dtype_from_name(one_of(map, "lhs-type", "s8", types));
  product.rhs_type = *numerics::dtype_from_name(one_of(map, "rhs-type", "s8", types));
  const auto seed = static_cast<std::uint64_t>(integer(map, "seed", 0, 0, INT64_MAX / 2));
  const auto lhs = random_codes(product.lhs_type, product.m * product.k, 2 * seed);
  const auto rhs = random_codes(product.rhs_type, product.k * product.n, 2 * seed + 1);
  product.lhs = lhs, product.rhs = rhs;
  mxu::VcdProbe vcd(profile, window(map));
  mxu::TraceProbe trace(profile, window(map));
  mxu::BothProbes both(has(map, "vcd") ? &vcd : nullptr, has(map, "trace") ? &trace : nullptr);
  mxu::CycleOptions options;
  options.overlap = overlap(map);
  if (has(map, "vcd") || has(map, "trace")) options.probe = &both;
  const mxu::CycleResult result = mxu::run_cycle(profile, product, options);
  if (result.product.status == mxu::Status::kRefused) {
    throw UsageError(
        fmt::format("[{}] {}", result.product.refusal.label, result.product.refusal.fact));
  }
  fmt::print("{}", mxu::cycle_text(profile, product, result, options.overlap));
  const mxu::WidthsNeeded widths = mxu::widths_needed(profile, product);
  fmt::print("widths  the sums needed {} bits in the array and {} in the accumulators\n",
             widths.partial, widths.acc);
  if (has(map, "vcd")) write_text(text(map, "vcd", ""), vcd.text());
  if (has(map, "trace")) write_text(text(map, "trace", ""), trace.text());
  return kExitOk;
}

// The schedule of every integer product the case runs.
std::vector<mxu::Schedule> case_schedule(const casefile::Case& c, const mxu::Profile& profile,
                                         mxu::Overlap how, base::Diagnostics& diagnostics) {
  const std::optional<graph::RunData> data = casefile::load_data(c, diagnostics);
  if (!data) return {};
  const base::Result<exec::Outcome> outcome =
      exec::run({c.graph, c.rules, c.plan, c.run, *data, c.policy, profile});
  if (!outcome) throw UsageError(outcome.error());
  for (const base::Diagnostic& d : outcome.value().diagnostics) diagnostics.push_back(d);
  std::vector<mxu::Schedule> out;
  for (const exec::ProductShape& product : outcome.value().products) {
    if (std::max({product.m, product.n, product.k}) > mxu::kMaxExtent) {
      throw UsageError(fmt::format("{} is larger than a schedule may be", product.name));
    }
    mxu::ProductShape shape;
    shape.m = product.m, shape.n = product.n, shape.k = product.k;
    mxu::Schedule one = mxu::schedule(profile, shape, how);
    one.name = product.name;
    for (std::int64_t i = 0; i < product.batch; ++i) out.push_back(one);
  }
  return out;
}

int run_cases(const po::variables_map& map) {
  for (const char* option : {"vcd", "trace", "window", "seed", "lhs-type", "rhs-type"}) {
    if (has(map, option)) throw UsageError(fmt::format("--{} needs a product M K N", option));
  }
  suite::Selection selected;
  selected.ids = texts(map, "id");
  base::Result<suite::Collection> collected = suite::collect(paths(map), selected);
  if (!collected) throw UsageError(base::printable(collected.error()));
  base::Diagnostics problems;
  for (const suite::RefusedCase& refused : collected.value().refused) {
    problems.insert(problems.end(), refused.diagnostics.begin(), refused.diagnostics.end());
  }
  for (const casefile::Case& c : collected.value().cases) {
    const std::optional<mxu::Profile> profile = has(map, "hardware")
                                                    ? parse_hardware(text(map, "hardware", ""))
                                                    : suite::profile_of(c, problems);
    if (!profile) continue;
    const std::vector<mxu::Schedule> products = case_schedule(c, *profile, overlap(map), problems);
    if (has(map, "json")) {
      fmt::print("{}\n", mxu::schedule_json(products));
    } else {
      fmt::print("{}  {}\n{}\n", base::printable(c.id), mxu::describe(*profile),
                 products.empty() ? "no integer products" : mxu::schedule_text(products));
    }
  }
  for (const base::Diagnostic& d : problems) fmt::print(stderr, "{}\n", base::format(d));
  if (base::has_errors(problems)) return kExitUsage;
  return collected.value().cases.empty() ? kExitNothing : kExitOk;
}

}  // namespace

int run_sim(const Arguments& arguments) {
  const po::variables_map map = parse(command_line(), arguments);
  const std::vector<std::string> words = texts(map, "paths");
  if (words.empty()) throw UsageError("mxcheck sim needs M K N or a case");
  std::vector<std::int64_t> extents;
  for (const std::string& word : words) {
    if (const std::optional<std::int64_t> number = extent(word)) extents.push_back(*number);
  }
  if (extents.empty()) return run_cases(map);
  constexpr std::int64_t kMostMacs = std::int64_t{1} << 36;
  constexpr std::int64_t kMostElements = std::int64_t{1} << 28;
  const bool counts = extents.size() == 3 && words.size() == 3 &&
                      std::all_of(extents.begin(), extents.end(),
                                  [](std::int64_t e) { return e >= 1 && e <= mxu::kMaxExtent; });
  if (!counts) {
    throw UsageError(fmt::format("M K N must be three integers from 1 to {}", mxu::kMaxExtent));
  }
  const std::int64_t m = extents[0], k = extents[1], n = extents[2];
  if (std::max({m * k, k * n, m * n}) > kMostElements || m * k > kMostMacs / n) {
    throw UsageError("M K N: the product is too large to be stepped");
  }
  if (has(map, "json")) throw UsageError("--json needs a case");
  return run_product(map, extents);
}

}  // namespace mxcheck::cli
