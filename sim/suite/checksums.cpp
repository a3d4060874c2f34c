// Each SHA256SUMS file is read once, each golden hashed once.
#include "sim/suite/checksums.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/base/digest.h"
#include "sim/base/file.h"
#include "sim/base/text.h"

namespace mxcheck::suite {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kLargestSums = std::uint64_t{16} << 20;
constexpr std::uint64_t kLargestGolden = std::uint64_t{4} << 30;
constexpr std::size_t kHexDigits = 64;

base::Diagnostic problem(const fs::path& file, const std::string& fact) {
  base::Diagnostic d;
  d.file = file.string();
  d.label = "GOLD-CHECKSUM";
  d.fact = fact;
  return d;
}

base::Diagnostic warning(const fs::path& file, const std::string& fact) {
  base::Diagnostic d = problem(file, fact);
  d.severity = base::Severity::kWarning;
  return d;
}

bool is_hex_digest(const std::string& text) {
  return text.size() == kHexDigits &&
         text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

}  // namespace

const std::optional<Checksums::Sums>& Checksums::sums_of(const fs::path& folder,
                                                         base::Diagnostics& diagnostics) {
  const auto [slot, fresh] = by_folder_.try_emplace(folder.string());
  if (!fresh) return slot->second;
  const fs::path file = folder / kChecksumFile;
  std::error_code error;
  if (!fs::is_regular_file(file, error)) return slot->second;
  slot->second.emplace();
  const base::Result<std::string> text = base::read_file(file, kLargestSums);
  if (!text) {
    diagnostics.push_back(problem(file, text.error()));
    return slot->second;
  }
  int number = 0;
  for (const std::string& line : base::split(text.value(), '\n')) {
    ++number;
    if (line.empty()) continue;
    const std::string digest = line.substr(0, kHexDigits);
    // "<64 hex digits>  <path>", or " *<path>" as sha256sum --binary writes it.
    if (line.size() < kHexDigits + 3 || !is_hex_digest(digest)) {
      diagnostics.push_back(problem(file, fmt::format("line {} is not a checksum", number)));
      continue;
    }
    (*slot->second)[line.substr(kHexDigits + 2)].push_back(digest);
  }
  return slot->second;
}

std::string Checksums::check(const fs::path& golden, const fs::path& root,
                             base::Diagnostics& diagnostics) {
  std::error_code error;
  const fs::path path = fs::weakly_canonical(golden, error);
  if (const auto known = digests_.find(path.string()); known != digests_.end()) {
    return known->second;
  }
  const base::Result<std::string> bytes = base::read_file(path, kLargestGolden);
  if (!bytes) return "";  // reported when the case is loaded
  std::string& digest = digests_[path.string()];
  digest = base::sha256_hex(bytes.value());
  for (fs::path folder = path.parent_path(); !folder.empty(); folder = folder.parent_path()) {
    if (const std::optional<Sums>& sums = sums_of(folder, diagnostics)) {
      const std::string relative = path.lexically_relative(folder).generic_string();
      const auto expected = sums->find(relative);
      const std::string list = (folder / kChecksumFile).string();
      if (expected == sums->end()) {
        diagnostics.push_back(
            warning(golden, "no checksum is recorded for this golden in " + list));
      } else if (std::find(expected->second.begin(), expected->second.end(), digest) ==
                 expected->second.end()) {
        diagnostics.push_back(problem(golden, fmt::format("SHA-256 is {}, {} says {}", digest, list,
                                                          base::join(expected->second, " or "))));
      } else if (expected->second.size() > 1) {
        base::Diagnostic d =
            warning(golden, list + " has another checksum beside that of this golden");
        d.hint = "a bless was cut short; `mxcheck bless` of the case puts the lists in order";
        diagnostics.push_back(d);
      }
      break;
    }
    if (folder == root || folder == folder.parent_path()) break;
  }
  return digest;
}

}  // namespace mxcheck::suite
