// Golden checksums (GOLD-CHECKSUM): expected values change only on purpose.
//
// The nearest SHA256SUMS file from a golden's folder up to the suite's root governs it (format of
// sha256sum, paths relative to the file). Every golden of a run is checked before any case runs.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/diagnostic.h"

namespace mxcheck::suite {

inline constexpr const char* kChecksumFile = "SHA256SUMS";

class Checksums {
 public:
  // Reports a golden whose bytes are not those its SHA256SUMS promises, and (warnings) a golden
  // that such a file does not list or lists twice. `golden` must exist below `root`; returns its
  // SHA-256.
  std::string check(const std::filesystem::path& golden, const std::filesystem::path& root,
                    base::Diagnostics& diagnostics);

 private:
  using Sums = std::map<std::string, std::vector<std::string>>;  // relative path -> hex digests

  const std::optional<Sums>& sums_of(const std::filesystem::path& folder,
                                     base::Diagnostics& diagnostics);

  std::map<std::string, std::optional<Sums>> by_folder_;
  std::map<std::string, std::string> digests_;
};

}  // namespace mxcheck::suite
