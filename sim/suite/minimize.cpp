// The passes. Each tries edits on the best draft so far and keeps those after which it still fails.
#include "sim/suite/minimize.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "sim/suite/minimize_edit.h"
#include "sim/suite/minimize_search.h"
#include "sim/suite/values.h"

namespace mxcheck::suite {
namespace {

using casefile::Case;
using casefile::Draft;
using graph::Mode;

constexpr int kMostRounds = 8;

class Minimizer : private Search {
 public:
  using Search::Search;

  Minimized run() {
    out.problem = oracle.prepare();
    if (!out.problem.empty()) return std::move(out);
    out.reason = oracle.reason();
    best = oracle.start();
    out.before = size_of(best);
    Draft whole = best;
    const auto failure = oracle.judge(whole);
    if (!failure) {
      out.problem = "the case does not fail again when its check runs alone";
      return std::move(out);
    }
    best = whole;
    out.failure = *failure;
    for (int round = 0; round < kMostRounds; ++round) {
      const std::size_t before = out.done.size();
      shrink_dims(*this);
      steps_and_modes();
      nodes();
      rules();
      simplify_values(*this);
      if (out.done.size() == before || is_late()) break;
    }
    expected_values();
    out.cut_short = is_late();
    out.after = size_of(best);
    out.draft = std::move(best);
    return std::move(out);
  }

 private:
  // --- steps, mode, nodes -----------------------------------------------------------------------

  // Recorded values of what the draft no longer computes go.
  Draft trimmed(Draft candidate) const {
    if (oracle.truth() != Truth::kRecorded) return candidate;
    const graph::Values after = shapes_of(candidate);
    std::erase_if(candidate.expect.values, [&](const auto& entry) {
      return !after.contains(entry.first) && entry.first != oracle.reason().finding;
    });
    return candidate;
  }

  void steps_and_modes() {
    for (const int steps : {1, best.run.steps / 2, best.run.steps - 1}) {
      if (steps < 1 || steps >= best.run.steps) continue;
      if (attempt(trimmed(with_steps(best, steps)), fmt::format("{} steps", steps))) break;
    }
    const auto mode = [&](Mode to) {
      if (to == best.run.mode) return false;
      Draft candidate = best;
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
    if (best.run.mode == Mode::kTrain && !mode(Mode::kCalibrate))
      static_cast<void>(mode(Mode::kGrad));
  }

  void nodes() {
    single_node();
    graph::Values before = oracle.values(best);
    for (std::size_t i = best.nodes.size(); i-- > 0 && best.nodes.size() > 1;) {
      if (i >= best.nodes.size()) continue;
      const std::string name = best.nodes[i].node.name;
      bool gone = attempt(trimmed(without_node(best, i, before)), "node " + name + " left out");
      for (std::size_t arg = 0; !gone && arg < best.nodes[i].args.size(); ++arg) {
        gone = attempt(trimmed(bypassed(best, i, arg)), "node " + name + " passed by");
      }
      if (gone) before = oracle.values(best);
    }
  }

  // The node of the finding first, then any.
  void single_node() {
    if (best.nodes.size() <= 1) return;
    const std::optional<Case> c = oracle.read(best);
    if (!c) return;
    const ValueName value = parse_value_name(c->graph, oracle.reason().finding);
    const graph::Values before = oracle.values(best);
    const auto only = [&](std::size_t i) {
      return attempt(trimmed(only_node(best, i, before)), "only node " + best.nodes[i].node.name);
    };
    if (value.value && c->graph.is_node(*value.value)) {
      if (only(c->graph.node_index(*value.value))) return;
    }
    for (std::size_t i = 0; i < best.nodes.size() && !is_late(); ++i) {
      if (only(i)) return;
    }
  }

  // --- rules and settings -----------------------------------------------------------------------

  void rules() {
    for (std::size_t i = best.rules.size(); i-- > 0;) {
      Draft candidate = best;
      candidate.rules.erase(candidate.rules.begin() + static_cast<std::ptrdiff_t>(i));
      static_cast<void>(attempt(std::move(candidate), fmt::format("rule {} left out", i)));
    }
    for (const Simplification& simpler : simplifications(best)) {
      Draft candidate = best;
      simpler.edit(candidate);
      static_cast<void>(attempt(trimmed(std::move(candidate)), simpler.what));
    }
  }

  // --- what must come out -----------------------------------------------------------------------

  // The finding's own value if that is enough, else whatever is not needed goes.
  void expected_values() {
    if (oracle.truth() == Truth::kNone) return;
    std::set<std::string> names;
    for (const auto& [name, source] : best.expect.values) names.insert(name);
    const auto keep = [&](const std::set<std::string>& some) {
      oracle.keep_only(some);
      Draft candidate = best;
      if (attempt(std::move(candidate), fmt::format("{} expected values", some.size()))) {
        names = some;
        return true;
      }
      return false;
    };
    seen.clear();
    const std::string& finding = out.reason.finding;
    if (names.size() > 1 && names.contains(finding) && keep({finding})) return;
    for (const std::string& name : std::set<std::string>(names)) {
      if (names.size() <= 1 || is_late()) break;
      std::set<std::string> fewer = names;
      fewer.erase(name);
      seen.clear();
      static_cast<void>(keep(fewer));
    }
    oracle.keep_only(names);
  }
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
