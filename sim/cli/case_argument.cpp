// A word that is a path is that; any other word is an id.
#include "sim/cli/case_argument.h"

#include <fmt/format.h>

#include "sim/base/text.h"

namespace mxcheck::cli {

suite::Collection cases_named(const po::variables_map& map, const char* command,
                              suite::Selection selected) {
  std::vector<std::filesystem::path> where;
  for (const std::string& word : texts(map, "paths")) {
    std::error_code error;
    if (std::filesystem::exists(word, error)) {
      where.emplace_back(word);
    } else {
      selected.ids.push_back(word);
    }
  }
  if (where.empty() && selected.ids.empty()) {
    throw UsageError(fmt::format("mxcheck {} needs a case", command));
  }
  if (where.empty()) where.emplace_back("cases");
  base::Result<suite::Collection> collected = suite::collect(where, selected);
  if (!collected) throw UsageError(base::printable(collected.error()));
  return std::move(collected).value();
}

}  // namespace mxcheck::cli
