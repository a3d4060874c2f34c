// The lists beside goldens that say what each file must be and where it came from: SHA256SUMS
// (GOLD-CHECKSUM) and PROVENANCE.json, in the form scripts/golden writes them.
//
// A store is the nearest folder with a SHA256SUMS between a golden and the suite's root, else the
// golden's own folder. Golden, checksum and provenance are replaced one after the other, each
// whole; killed in between, the next run sees a checksum that does not fit, and the next bless
// mends it.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "sim/base/result.h"

namespace mxcheck::author {

using ProvenanceEntry = std::map<std::string, std::string>;

class GoldenStore {
 public:
  // The store of a golden; reads both lists. An error if one of them cannot be read as what it is.
  [[nodiscard]] static base::Result<GoldenStore> of(const std::filesystem::path& golden,
                                                    const std::filesystem::path& root);

  // What is recorded of the golden; nullopt: nothing.
  [[nodiscard]] std::optional<std::string> digest() const;
  [[nodiscard]] std::optional<ProvenanceEntry> provenance() const;

  // Replaces the golden's bytes and its lines in both lists, under a lock of the folder: the lists
  // are read again, and what an earlier, killed writer left behind is removed.
  [[nodiscard]] base::Status replace(const std::string& bytes, ProvenanceEntry entry) const;

  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }

 private:
  std::filesystem::path golden_, folder_;
  std::string name_;  // of the golden in the lists
  std::optional<std::string> digest_;
  std::optional<ProvenanceEntry> provenance_;
};

}  // namespace mxcheck::author
