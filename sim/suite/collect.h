// Which cases a command is about: files found, read, and selected by path, expression, tag, op, id
// and shard. Shared by run, list, lint and show, so that they mean the same cases.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "reports/shard.h"
#include "sim/base/diagnostic.h"
#include "sim/base/result.h"
#include "sim/casefile/case.h"
#include "sim/suite/discover.h"
#include "sim/suite/expression.h"

namespace mxcheck::suite {

struct Selection {
  std::optional<Expression> expression;  // on the id
  std::vector<std::string> tags;         // any of them
  std::vector<std::string> ops;          // any node with one of them
  std::vector<std::string> ids;          // exactly one of them, or a matrix expansion of it
  reports::Shard shard;                  // of what the others select
  bool refusals = true;                  // false: no case that states it must be refused

  // Whether another shard has it is not asked.
  [[nodiscard]] bool matches_id(const std::string& id) const;
  [[nodiscard]] bool matches(const casefile::Case& c) const;
};

// A case that was refused when it was read, as its expect.error promised or not.
struct RefusedCase {
  CaseFile file;
  std::string id;
  std::string expected;  // label of expect.error, "" if it should have been accepted
  base::Diagnostics diagnostics;
};

// Id and digest, "" where the case was refused.
using CaseIdentity = std::pair<std::string, std::string>;

struct Collection {
  std::vector<casefile::Case> cases;   // selected, by id
  std::vector<RefusedCase> refused;    // selected as far as their ids tell, by id
  std::vector<CaseIdentity> selected;  // what all shards have together, by id
  base::Diagnostics warnings;
  std::size_t files = 0;
  std::size_t left_out = 0;  // cases that must be refused, where they are not wanted
};

[[nodiscard]] base::Result<Collection> collect(const std::vector<std::filesystem::path>& paths,
                                               const Selection& selection);

// A case as text in memory. `file` names it in messages and tells the folder its files are relative
// to; it need not exist.
struct CaseText {
  CaseFile file;
  std::string text;
};
// Adds the text's cases as far as they are selected, and restores the order of ids.
void add_text(const CaseText& text, const Selection& selection, Collection& collection);

}  // namespace mxcheck::suite
