// The lists beside goldens that say what each file must be and where it came from: SHA256SUMS
// (GOLD-CHECKSUM) and PROVENANCE.json, in the form scripts/golden writes them.
//
// A store is the nearest folder with a SHA256SUMS between a golden and the suite's root, else the
// golden's own folder. A writer that is killed loses nothing: first both lists say what is there
// and what will be (a second checksum of a name, an entry that `replaces` another), then the
// goldens are renamed one by one, then the lists forget what was. So at any moment a golden is
// whole, old or new, and both lists know it. The next bless puts lists in order that were left
// between.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/result.h"

namespace mxcheck::author {

using ProvenanceEntry = std::map<std::string, std::string>;

class GoldenStore {
 public:
  // The store of a golden; reads both lists. An error if one of them cannot be read as what it is.
  [[nodiscard]] static base::Result<GoldenStore> of(const std::filesystem::path& golden,
                                                    const std::filesystem::path& root);

  // Whether a golden with this SHA-256 is in the list of checksums.
  [[nodiscard]] bool lists(const std::string& digest) const;
  // Where a golden with this SHA-256 came from; if that is not recorded, where another one did that
  // was there before it.
  [[nodiscard]] std::optional<ProvenanceEntry> provenance(const std::string& digest) const;
  // No writer was killed while it changed this golden.
  [[nodiscard]] bool settled() const { return digests_.size() <= 1 && entries_.size() <= 1; }

 private:
  std::vector<std::string> digests_;
  std::vector<ProvenanceEntry> entries_;  // the last one was there first
};

// A golden that is to be made or replaced.
struct GoldenChange {
  std::filesystem::path golden, root;
  std::string_view bytes;  // must outlive the change
  ProvenanceEntry provenance;
};
// Goldens and their lines in the lists, store by store, under a lock of its folder: the lists are
// read again, and what an earlier, killed writer left behind is removed.
[[nodiscard]] base::Status replace_goldens(const std::vector<GoldenChange>& changes);

}  // namespace mxcheck::author
