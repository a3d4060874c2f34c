// The passes. Each tries edits on the best draft so far and keeps those after which it still fails.
#include "sim/suite/minimize.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>
#include <set>

#include "sim/casefile/number.h"
#include "sim/suite/minimize_edit.h"
#include "sim/suite/minimize_oracle.h"
#include "sim/suite/values.h"

namespace mxcheck::suite {
namespace {

using casefile::Case;
using casefile::Draft;
using casefile::TensorSource;
using graph::Mode;
using Kind = TensorSource::Kind;
using Indices = std::vector<std::int64_t>;

constexpr std::size_t kMostElements = 4096;  // of a source that is edited element by element
constexpr int kMostRounds = 8;

Indices first(std::int64_t count, std::int64_t from = 0) {
  Indices out(static_cast<std::size_t>(count));
  std::iota(out.begin(), out.end(), from);
  return out;
}

class Minimizer {
 public:
  Minimizer(const Case& c, const MinimizeOptions& options)
      : options_(options), oracle_(c, options) {}

  Minimized run() {
    out_.problem = oracle_.prepare();
    if (!out_.problem.empty()) return std::move(out_);
    out_.reason = oracle_.reason();
    best_ = oracle_.start();
    out_.before = size_of(best_);
    Draft whole = best_;
    const auto failure = oracle_.judge(whole);
    if (!failure) {
      out_.problem = "the case does not fail again when its check runs alone";
      return std::move(out_);
    }
    best_ = whole;
    out_.failure = *failure;
    for (int round = 0; round < kMostRounds; ++round) {
      const std::size_t before = out_.done.size();
      dims();
      steps_and_modes();
      nodes();
      rules();
      values();
      if (out_.done.size() == before || is_late()) break;
    }
    expected_values();
    out_.cut_short = late_;
    out_.after = size_of(best_);
    out_.draft = std::move(best_);
    return std::move(out_);
  }

 private:
  // Time is up, or the user has had enough.
  bool is_late() {
    const double elapsed =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
    late_ =
        late_ || elapsed > options_.seconds || (options_.stop != nullptr && options_.stop->load());
    return late_;
  }

  bool attempt(Draft candidate, const std::string& what) {
    if (is_late()) return false;
    if (oracle_.truth() != Truth::kRecorded) candidate.expect = {};
    const std::string text = casefile::write_draft(candidate);
    if (!seen_.insert(text).second) return false;
    ++out_.tried;
    const auto failure = oracle_.judge(candidate);
    if (!failure) return false;
    best_ = std::move(candidate);
    out_.failure = *failure;
    out_.done.push_back(what);
    return true;
  }

  // --- dimensions -------------------------------------------------------------------------------

  void dims() {
    std::set<std::int64_t, std::greater<>> sizes;
    for (const DimSlot& slot : dim_slots(best_)) sizes.insert(dim_at(best_, slot));
    for (const std::int64_t size : sizes) {
      if (size <= 1) continue;
      std::vector<DimSlot> open;
      for (const DimSlot& slot : dim_slots(best_)) {
        if (dim_at(best_, slot) == size) open.push_back(slot);
      }
      while (!open.empty() && !is_late()) {
        const DimSlot one = open.front();
        const std::vector<DimSlot> tied = tied_to(one, open, size);
        shrink(tied, size);
        std::erase_if(open, [&](const DimSlot& slot) {
          return slot == one || std::find(tied.begin(), tied.end(), slot) != tied.end();
        });
      }
    }
  }

  // Slots that are resized together with `slot`, found by trying: one is added at a time, whichever
  // lets the shapes fit further through the graph. Empty if there are none.
  [[nodiscard]] std::vector<DimSlot> tied_to(const DimSlot slot, const std::vector<DimSlot>& slots,
                                             std::int64_t size) const {
    for (const std::int64_t target : {size / 2, size - 1, std::int64_t{1}}) {
      if (target < 1 || target >= size) continue;
      const auto fit = [&](const std::vector<DimSlot>& some) {
        return oracle_.fit(with_dims(best_, some, first(target)));
      };
      std::vector<DimSlot> tied{slot};
      Oracle::Fit reached = fit(tied);
      while (reached.problems > 0) {
        std::optional<DimSlot> next;
        for (const DimSlot& one : slots) {
          if (std::find(tied.begin(), tied.end(), one) != tied.end()) continue;
          tied.push_back(one);
          const Oracle::Fit with = fit(tied);
          tied.pop_back();
          if (!with.better_than(reached)) continue;
          reached = with;
          next = one;
        }
        if (!next) break;
        tied.push_back(*next);
      }
      if (reached.problems == 0) return tied;
      if (fit(slots).problems == 0) return slots;
    }
    return {};
  }

  void shrink(const std::vector<DimSlot>& slots, std::int64_t size) {
    if (slots.empty()) return;
    const auto keep = [&](const Indices& kept, std::int64_t from) {
      Draft candidate = with_dims(best_, slots, kept);
      if (!cut_expected(candidate, from, kept)) return false;
      return attempt(std::move(candidate), fmt::format("dimension {} -> {}", from, kept.size()));
    };
    constexpr std::int64_t kSingles = 64;
    for (std::int64_t i = 0; i < std::min(size, kSingles); ++i) {
      if (keep({i}, size)) return;
    }
    // Chunks are left out, half of the dimension first, single indices last.
    for (std::int64_t chunk = (size + 1) / 2; chunk >= 1; chunk /= 2) {
      for (std::int64_t at = 0; at < size && size > 1;) {
        Indices kept = first(std::min(at, size));
        const Indices rest = first(std::max<std::int64_t>(0, size - at - chunk), at + chunk);
        kept.insert(kept.end(), rest.begin(), rest.end());
        const bool cut = !kept.empty() && keep(kept, size);
        if (cut) size = static_cast<std::int64_t>(kept.size());
        if (!cut) at += chunk;
      }
    }
  }

  // Recorded values lose the same indices; false if they cannot follow.
  [[nodiscard]] bool cut_expected(Draft& candidate, std::int64_t size, const Indices& kept) const {
    if (oracle_.truth() != Truth::kRecorded) return true;
    const graph::Values after = shapes_of(candidate);
    for (auto entry = candidate.expect.values.begin(); entry != candidate.expect.values.end();) {
      const auto found = after.find(entry->first);
      if (found != after.end() && cut_to(entry->second, found->second.shape(), size, kept)) {
        ++entry;
      } else if (entry->first == oracle_.reason().finding) {
        return false;
      } else {
        entry = candidate.expect.values.erase(entry);
      }
    }
    return true;
  }

  [[nodiscard]] graph::Values shapes_of(const Draft& draft) const {
    Draft bare = draft;
    bare.expect = {};
    return oracle_.values(bare);
  }

  static bool cut_to(TensorSource& source, const tensor::Shape& shape, std::int64_t size,
                     const Indices& kept) {
    Draft one;
    one.inputs.emplace_back("", source);
    if (source.type.shape.size() != shape.size()) return false;
    for (std::size_t axis = 0; axis < shape.size(); ++axis) {
      const std::int64_t before = source.type.shape[axis];
      if (before == shape[axis]) continue;
      if (before != size || shape[axis] != static_cast<std::int64_t>(kept.size())) return false;
      one = with_dims(one, {{DimSlot::Where::kInput, 0, axis}}, kept);
    }
    source = one.inputs.front().second;
    return true;
  }

  // --- steps, mode, nodes -----------------------------------------------------------------------

  // Recorded values of what the draft no longer computes go.
  Draft trimmed(Draft candidate) const {
    if (oracle_.truth() != Truth::kRecorded) return candidate;
    const graph::Values after = shapes_of(candidate);
    std::erase_if(candidate.expect.values, [&](const auto& entry) {
      return !after.contains(entry.first) && entry.first != oracle_.reason().finding;
    });
    return candidate;
  }

  void steps_and_modes() {
    for (const int steps : {1, best_.run.steps / 2, best_.run.steps - 1}) {
      if (steps < 1 || steps >= best_.run.steps) continue;
      if (attempt(trimmed(with_steps(best_, steps)), fmt::format("{} steps", steps))) break;
    }
    const auto mode = [&](Mode to) {
      if (to == best_.run.mode) return false;
      Draft candidate = best_;
      candidate.run.mode = to;
      candidate.run.optimizer.reset();
      candidate.run.update_quant_stats = to == Mode::kCalibrate;
      if (to != Mode::kGrad) {
        candidate.run.loss.reset();
        candidate.run.cotangents.clear();
      }
      return attempt(trimmed(candidate), fmt::format("mode {}", graph::name(to)));
    };
    if (mode(Mode::kForward)) return;
    if (best_.run.mode == Mode::kTrain && !mode(Mode::kCalibrate))
      static_cast<void>(mode(Mode::kGrad));
  }

  void nodes() {
    single_node();
    graph::Values before = oracle_.values(best_);
    for (std::size_t i = best_.nodes.size(); i-- > 0 && best_.nodes.size() > 1;) {
      if (i >= best_.nodes.size()) continue;
      const std::string name = best_.nodes[i].node.name;
      bool gone = attempt(trimmed(without_node(best_, i, before)), "node " + name + " left out");
      for (std::size_t arg = 0; !gone && arg < best_.nodes[i].args.size(); ++arg) {
        gone = attempt(trimmed(bypassed(best_, i, arg)), "node " + name + " passed by");
      }
      if (gone) before = oracle_.values(best_);
    }
  }

  // The node of the finding first, then any.
  void single_node() {
    if (best_.nodes.size() <= 1) return;
    const std::optional<Case> c = oracle_.read(best_);
    if (!c) return;
    const ValueName value = parse_value_name(c->graph, oracle_.reason().finding);
    const graph::Values before = oracle_.values(best_);
    const auto only = [&](std::size_t i) {
      return attempt(trimmed(only_node(best_, i, before)), "only node " + best_.nodes[i].node.name);
    };
    if (value.value && c->graph.is_node(*value.value)) {
      if (only(c->graph.node_index(*value.value))) return;
    }
    for (std::size_t i = 0; i < best_.nodes.size() && !is_late(); ++i) {
      if (only(i)) return;
    }
  }

  // --- rules and settings -----------------------------------------------------------------------

  void rules() {
    for (std::size_t i = best_.rules.size(); i-- > 0;) {
      Draft candidate = best_;
      candidate.rules.erase(candidate.rules.begin() + static_cast<std::ptrdiff_t>(i));
      static_cast<void>(attempt(std::move(candidate), fmt::format("rule {} left out", i)));
    }
    for (const Simplification& simpler : simplifications(best_)) {
      Draft candidate = best_;
      simpler.edit(candidate);
      static_cast<void>(attempt(trimmed(std::move(candidate)), simpler.what));
    }
  }

  // --- values -----------------------------------------------------------------------------------

  void values() {
    const std::size_t count = sources_of(best_).size();
    for (std::size_t i = 0; i < count && !is_late(); ++i) {
      if (is_plain(*sources_of(best_)[i])) continue;
      if (fill(i, "0") || fill(i, "1")) continue;
      if (!is_random(*sources_of(best_)[i])) elements(i);
      if (is_random(*sources_of(best_)[i])) literal(i);
    }
  }

  static bool is_random(const TensorSource& source) { return source.kind == Kind::kRandom; }
  static bool is_plain(const TensorSource& source) {
    return source.kind == Kind::kFill || source.kind == Kind::kFile;
  }

  bool fill(std::size_t i, const char* number) {
    Draft candidate = best_;
    TensorSource& source = *sources_of(candidate)[i];
    const graph::ValueType type = source.type;
    source = TensorSource{};
    source.type = type;
    source.numbers = {number};
    return attempt(std::move(candidate), fmt::format("a tensor of {}", number));
  }

  // A random source becomes a literal if that lets its numbers be simpler.
  void literal(std::size_t i) {
    Draft before = best_;
    TensorSource& source = *sources_of(before)[i];
    const auto count = tensor::element_count(source.type.shape);
    if (!count || *count > static_cast<std::int64_t>(kMostElements) ||
        source.type.dtype == numerics::DType::kPred) {
      return;
    }
    source = casefile::source_of(casefile::materialize(source));
    for (const int digits : {0, 1, 2, 3}) {
      Draft candidate = before;
      for (std::string& n : sources_of(candidate)[i]->numbers) n = rounded(n, digits);
      if (attempt(std::move(candidate), "random numbers written out, rounded")) {
        elements(i);
        return;
      }
    }
  }

  // `digits` significant ones; 0: the nearest integer.
  static std::string rounded(const std::string& number, int digits) {
    const double value = casefile::to_f64(number);
    if (!std::isfinite(value)) return number;
    if (digits == 0) return fmt::format("{:.0f}", std::nearbyint(value));
    return fmt::format("{:.{}g}", value, digits);
  }

  void elements(std::size_t i) {
    if (sources_of(best_)[i]->numbers.size() > kMostElements ||
        sources_of(best_)[i]->kind != Kind::kValues) {
      return;
    }
    for (const char* number : {"0", "1"}) replace(i, number);
    const bool floats = numerics::is_float(sources_of(best_)[i]->type.dtype);
    for (std::size_t e = 0; floats && e < sources_of(best_)[i]->numbers.size(); ++e) {
      for (const int digits : {0, 1, 2, 3}) {
        const std::string now = sources_of(best_)[i]->numbers[e];
        const std::string simpler = rounded(now, digits);
        if (simpler.size() >= now.size() || is_late()) continue;
        Draft candidate = best_;
        sources_of(candidate)[i]->numbers[e] = simpler;
        if (attempt(std::move(candidate), "fewer digits")) break;
      }
    }
  }

  // Runs of elements become `number`, long ones first.
  void replace(std::size_t i, const std::string& number) {
    const auto simple = [](const std::string& n) { return n == "0" || n == "1"; };
    const std::size_t size = sources_of(best_)[i]->numbers.size();
    for (std::size_t chunk = size; chunk >= 1; chunk /= 2) {
      for (std::size_t at = 0; at < size && !is_late(); at += chunk) {
        Draft candidate = best_;
        std::vector<std::string>& numbers = sources_of(candidate)[i]->numbers;
        bool changed = false;
        for (std::size_t e = at; e < std::min(size, at + chunk); ++e) {
          if (simple(numbers[e])) continue;
          numbers[e] = number;
          changed = true;
        }
        if (changed) static_cast<void>(attempt(std::move(candidate), "elements of " + number));
      }
    }
  }

  // --- what must come out -----------------------------------------------------------------------

  // The finding's own value if that is enough, else whatever is not needed goes.
  void expected_values() {
    if (oracle_.truth() == Truth::kNone) return;
    std::set<std::string> names;
    for (const auto& [name, source] : best_.expect.values) names.insert(name);
    const auto keep = [&](const std::set<std::string>& some) {
      oracle_.keep_only(some);
      Draft candidate = best_;
      if (attempt(std::move(candidate), fmt::format("{} expected values", some.size()))) {
        names = some;
        return true;
      }
      return false;
    };
    seen_.clear();
    const std::string& finding = out_.reason.finding;
    if (names.size() > 1 && names.contains(finding) && keep({finding})) return;
    for (const std::string& name : std::set<std::string>(names)) {
      if (names.size() <= 1 || is_late()) break;
      std::set<std::string> fewer = names;
      fewer.erase(name);
      seen_.clear();
      static_cast<void>(keep(fewer));
    }
    oracle_.keep_only(names);
  }

  const MinimizeOptions& options_;
  Oracle oracle_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  Draft best_;
  Minimized out_;
  std::set<std::string> seen_;  // drafts that were tried, as text
  bool late_ = false;
};

}  // namespace

CaseSize size_of(const Draft& draft) {
  CaseSize out;
  out.nodes = static_cast<std::int64_t>(draft.nodes.size());
  out.rules = static_cast<std::int64_t>(draft.rules.size());
  out.steps = draft.run.steps;
  for (const auto* list : {&draft.inputs, &draft.params}) {
    for (const auto& [name, source] : *list) {
      out.elements += tensor::element_count(source.type.shape).value_or(0);
    }
  }
  return out;
}

Minimized minimize(const Case& c, const MinimizeOptions& options) {
  return Minimizer(c, options).run();
}

}  // namespace mxcheck::suite
