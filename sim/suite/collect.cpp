// Reads every file whose id can match and keeps what is selected. A file that cannot be read is
// selected by its id alone: a broken case must not hide behind a tag it no longer states.
#include "sim/suite/collect.h"

#include <algorithm>

#include "sim/base/digest.h"

namespace mxcheck::suite {
namespace {

bool contains(const std::vector<std::string>& list, const std::string& word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

std::uint64_t shard_of(const std::string& id, std::uint64_t count) {
  const std::array<unsigned char, 32> digest = base::sha256(id);
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < sizeof number; ++i) number = (number << 8) | digest[i];
  return number % count;
}

void keep(casefile::LoadedCases loaded, const CaseFile& file, const Selection& selection,
          Collection& out) {
  for (casefile::Case& c : loaded.cases) {
    if (selection.matches(c)) out.cases.push_back(std::move(c));
  }
  for (casefile::Refusal& refusal : loaded.refused) {
    if (!selection.matches_id(refusal.id)) continue;
    out.refused.push_back({file, refusal.id, refusal.label, std::move(refusal.diagnostics)});
  }
  if (base::has_errors(loaded.diagnostics)) {
    if (!selection.matches_id(file.id)) return;
    out.refused.push_back({file, file.id, "", std::move(loaded.diagnostics)});
    return;
  }
  out.warnings.insert(out.warnings.end(), loaded.diagnostics.begin(), loaded.diagnostics.end());
}

}  // namespace

bool Selection::matches_id(const std::string& id) const {
  if (expression && !expression->matches(id)) return false;
  if (!ids.empty() && std::none_of(ids.begin(), ids.end(), [&](const std::string& wanted) {
        return id == wanted || id.starts_with(wanted + "/");
      })) {
    return false;
  }
  return shard.count <= 1 || shard_of(id, shard.count) == shard.index;
}

bool Selection::matches(const casefile::Case& c) const {
  if (!matches_id(c.id)) return false;
  if (!tags.empty() && std::none_of(c.tags.begin(), c.tags.end(),
                                    [&](const std::string& tag) { return contains(tags, tag); })) {
    return false;
  }
  return ops.empty() ||
         std::any_of(c.graph.nodes.begin(), c.graph.nodes.end(),
                     [&](const graph::Node& node) { return contains(ops, graph::name(node.op)); });
}

base::Result<Collection> collect(const std::vector<std::filesystem::path>& paths,
                                 const Selection& selection) {
  base::Result<std::vector<CaseFile>> files = discover(paths);
  if (!files) return base::Error{files.error()};
  Collection out;
  out.files = files.value().size();
  for (const CaseFile& file : files.value()) {
    keep(casefile::load_case_file(file.file, file.root, file.id), file, selection, out);
  }
  std::stable_sort(out.cases.begin(), out.cases.end(),
                   [](const casefile::Case& a, const casefile::Case& b) { return a.id < b.id; });
  return out;
}

}  // namespace mxcheck::suite
