// Reads every file whose id can match and keeps what is selected. A file that cannot be read is
// selected by its id alone: a broken case must not hide behind a tag it no longer states.
#include "sim/suite/collect.h"

#include <algorithm>

namespace mxcheck::suite {
namespace {

bool contains(const std::vector<std::string>& list, const std::string& word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

void keep(casefile::LoadedCases loaded, const CaseFile& file, const Selection& selection,
          Collection& out) {
  for (casefile::Case& c : loaded.cases) {
    if (!selection.matches(c)) continue;
    if (!selection.refusals && !c.expect.error.empty()) {
      ++out.left_out;
      continue;
    }
    out.selected.emplace_back(c.id, c.digest);
    if (selection.shard.has(c.id)) out.cases.push_back(std::move(c));
  }
  for (casefile::Refusal& refusal : loaded.refused) {
    if (!selection.matches_id(refusal.id)) continue;
    if (!selection.refusals && !refusal.label.empty()) {
      ++out.left_out;
      continue;
    }
    out.selected.emplace_back(refusal.id, "");
    if (!selection.shard.has(refusal.id)) continue;
    out.refused.push_back({file, refusal.id, refusal.label, std::move(refusal.diagnostics)});
  }
  if (base::has_errors(loaded.diagnostics)) {
    if (!selection.matches_id(file.id)) return;
    out.selected.emplace_back(file.id, "");
    if (!selection.shard.has(file.id)) return;
    out.refused.push_back({file, file.id, "", std::move(loaded.diagnostics)});
    return;
  }
  out.warnings.insert(out.warnings.end(), loaded.diagnostics.begin(), loaded.diagnostics.end());
}

void sort_by_id(Collection& collection) {
  std::stable_sort(collection.cases.begin(), collection.cases.end(),
                   [](const casefile::Case& a, const casefile::Case& b) { return a.id < b.id; });
  std::sort(collection.selected.begin(), collection.selected.end());
}

}  // namespace

bool Selection::matches_id(const std::string& id) const {
  if (expression && !expression->matches(id)) return false;
  return ids.empty() || std::any_of(ids.begin(), ids.end(), [&](const std::string& wanted) {
           return id == wanted || id.starts_with(wanted + "/");
         });
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
  sort_by_id(out);
  return out;
}

void add_text(const CaseText& text, const Selection& selection, Collection& collection) {
  ++collection.files;
  keep(casefile::load_case_text(text.text, text.file.file, text.file.root, text.file.id), text.file,
       selection, collection);
  sort_by_id(collection);
}

}  // namespace mxcheck::suite
