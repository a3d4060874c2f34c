// Every candidate goes through attempt().
#include "sim/suite/minimize_search.h"

namespace mxcheck::suite {

using casefile::Draft;

bool Search::is_late() {
  const double elapsed =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  late_ = late_ || elapsed > options.seconds || (options.stop != nullptr && options.stop->load());
  return late_;
}

bool Search::attempt(Draft candidate, const std::string& what) {
  if (is_late()) return false;
  if (oracle.truth() != Truth::kRecorded) candidate.expect = {};
  const std::string text = casefile::write_draft(candidate);
  if (!seen.insert(text).second) return false;
  ++out.tried;
  const auto failure = oracle.judge(candidate);
  if (!failure) return false;
  best = std::move(candidate);
  out.failure = *failure;
  out.done.push_back(what);
  return true;
}

graph::Values Search::shapes_of(const Draft& draft) const {
  Draft bare = draft;
  bare.expect = {};
  return oracle.values(bare);
}

}  // namespace mxcheck::suite
