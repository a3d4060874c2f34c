// Lists are small; each is read whole and written whole, twice for any number of goldens.
#include "sim/author/golden_store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "sim/base/digest.h"
#include "sim/base/file.h"
#include "sim/base/json.h"
#include "sim/base/temporary_file.h"
#include "sim/base/text.h"
#include "sim/suite/checksums.h"
#include "sim/suite/discover.h"
#include "sim/tensor/safetensors.h"

namespace mxcheck::author {
namespace {

namespace fs = std::filesystem;
using base::Error;
using Json = nlohmann::json;

constexpr std::uint64_t kLargestList = std::uint64_t{16} << 20;
constexpr std::size_t kHexDigits = 64;

constexpr const char* kDigest = "sha256";
constexpr const char* kReplaces = "replaces";

// name -> digests: one, or two while the golden is replaced, the old one first
using Sums = std::map<std::string, std::vector<std::string>>;

base::Result<Sums> read_sums(const fs::path& file) {
  Sums out;
  std::error_code error;
  if (!fs::exists(file, error)) return out;
  const base::Result<std::string> text = base::read_file(file, kLargestList);
  if (!text) return Error{text.error()};
  for (const std::string& line : base::split(text.value(), '\n')) {
    if (line.empty()) continue;
    if (line.size() < kHexDigits + 3) {
      return Error{file.string() + " has a line that is no checksum"};
    }
    out[line.substr(kHexDigits + 2)].push_back(line.substr(0, kHexDigits));
  }
  return out;
}

base::Result<Json> read_provenance(const fs::path& file) {
  const Json nothing = {{"format", 1}, {"files", Json::object()}};
  std::error_code error;
  if (!fs::exists(file, error)) return nothing;
  const base::Result<std::string> text = base::read_file(file, kLargestList);
  if (!text) return Error{text.error()};
  base::Diagnostics problems;  // depth, doubled keys, UTF-8
  const bool valid = base::parse_json(text.value(), problems) && problems.empty();
  const Json out = valid ? Json::parse(text.value(), nullptr, false) : Json();
  const bool good = out.is_object() && out.contains("format") && out["format"] == 1 &&
                    out.contains("files") && out["files"].is_object();
  if (!good) return Error{file.string() + " is no list of provenance of format 1"};
  return out;
}

// Exclusive for this folder until it goes; the kernel lets go of it for a process that dies.
class FolderLock {
 public:
  explicit FolderLock(const fs::path& folder)
      : fd_(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    held_ = fd_ >= 0 && ::flock(fd_, LOCK_EX) == 0;
  }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;
  ~FolderLock() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] bool held() const { return held_; }

 private:
  int fd_;
  bool held_ = false;
};

// Temporary files that base::write_file_atomically left beside `file` when it was killed.
void remove_litter(const fs::path& file) {
  const std::string name = file.filename().string();
  std::error_code error;
  for (fs::directory_iterator it(file.parent_path(), error), end; !error && it != end;
       it.increment(error)) {
    const std::string other = it->path().filename().string();
    std::error_code ignored;
    if (base::is_leftover(other, name) && it->is_regular_file(ignored)) {
      fs::remove(it->path(), ignored);
    }
  }
}

// Where a golden has its lists, and the name it has there.
struct Place {
  fs::path golden, folder;
  std::string name;
};

Place place_of(const fs::path& golden, const fs::path& root) {
  Place out;
  std::error_code error;
  out.golden = fs::weakly_canonical(golden, error);
  out.folder = out.golden.parent_path();
  const fs::path top = fs::weakly_canonical(root, error);
  for (fs::path at = out.folder; !at.empty(); at = at.parent_path()) {
    if (fs::is_regular_file(at / suite::kChecksumFile, error)) {
      out.folder = at;
      break;
    }
    if (at == top || at == at.parent_path()) break;
  }
  out.name = out.golden.lexically_relative(out.folder).generic_string();
  return out;
}

// The entries of a golden, that of the newest first.
std::vector<Json> entries_of(const Json& files, const std::string& name) {
  std::vector<Json> out;
  const auto at = files.find(name);
  if (at == files.end() || !at->is_object()) return out;
  out.push_back(*at);
  out[0].erase(kReplaces);
  const auto old = at->find(kReplaces);
  if (old != at->end() && old->is_object()) out.push_back(*old);
  return out;
}

bool is_of(const Json& entry, const std::string& digest) {
  const auto at = entry.find(kDigest);
  return at != entry.end() && at->is_string() && at->get_ref<const std::string&>() == digest;
}

// Both lists of a folder, to be changed under its lock.
class Lists {
 public:
  static base::Result<Lists> read(const fs::path& folder) {
    Lists out;
    out.folder_ = folder;
    base::Result<Sums> sums = read_sums(folder / suite::kChecksumFile);
    if (!sums) return Error{sums.error()};
    base::Result<Json> provenance = read_provenance(folder / suite::kProvenanceFile);
    if (!provenance) return Error{provenance.error()};
    out.sums_ = std::move(sums).value();
    out.provenance_ = std::move(provenance).value();
    return out;
  }

  // The golden of `name` has the SHA-256 `now` ("" if there is none) and will be that of `entry`.
  void announce(const std::string& name, const std::string& now, const ProvenanceEntry& entry) {
    std::vector<std::string>& digests = sums_[name];
    if (std::find(digests.begin(), digests.end(), now) != digests.end()) digests = {now};
    const std::string& next = entry.at(kDigest);
    if (std::find(digests.begin(), digests.end(), next) == digests.end()) digests.push_back(next);
    Json& files = provenance_["files"];
    const std::vector<Json> recorded = entries_of(files, name);
    const auto old = std::find_if(recorded.begin(), recorded.end(),
                                  [&](const Json& one) { return is_of(one, now); });
    files[name] = entry;
    if (old != recorded.end() && now != next) files[name][kReplaces] = *old;
  }

  // The golden of `name` is that of `digest`.
  void settle(const std::string& name, const std::string& digest) {
    sums_[name] = {digest};
    provenance_["files"][name].erase(kReplaces);
  }

  [[nodiscard]] base::Status write() const {
    std::string lines;
    for (const auto& [name, digests] : sums_) {
      for (const std::string& digest : digests) lines += digest + "  " + name + "\n";
    }
    const base::Status summed = base::write_file_atomically(folder_ / suite::kChecksumFile, lines);
    if (!summed) return summed;
    return base::write_file_atomically(
        folder_ / suite::kProvenanceFile,
        provenance_.dump(1, ' ', true, Json::error_handler_t::replace) + "\n");
  }

 private:
  fs::path folder_;
  Sums sums_;
  Json provenance_;
};

struct Placed {
  Place place;
  std::string_view bytes;
  ProvenanceEntry entry;
};

// All goldens of one store.
base::Status replace_in(const fs::path& folder, const std::vector<Placed>& goldens) {
  std::error_code error;
  fs::create_directories(folder, error);
  const FolderLock lock(folder);
  if (!lock.held()) return Error{"cannot lock " + folder.string()};
  base::Result<Lists> read = Lists::read(folder);
  if (!read) return Error{read.error()};
  Lists lists = std::move(read).value();
  remove_litter(folder / suite::kChecksumFile);
  remove_litter(folder / suite::kProvenanceFile);
  for (const Placed& one : goldens) {
    remove_litter(one.place.golden);
    const auto now = base::read_file(one.place.golden, tensor::kMaxSafetensorsBytes);
    lists.announce(one.place.name, now ? base::sha256_hex(now.value()) : "", one.entry);
  }
  if (const base::Status announced = lists.write(); !announced) return announced;
  for (const Placed& one : goldens) {
    const base::Status written = base::write_file_atomically(one.place.golden, one.bytes);
    if (!written) return written;
  }
  for (const Placed& one : goldens) lists.settle(one.place.name, one.entry.at(kDigest));
  return lists.write();
}

}  // namespace

base::Result<GoldenStore> GoldenStore::of(const fs::path& golden, const fs::path& root) {
  GoldenStore out;
  const Place place = place_of(golden, root);
  const base::Result<Sums> sums = read_sums(place.folder / suite::kChecksumFile);
  if (!sums) return Error{sums.error()};
  if (const auto at = sums.value().find(place.name); at != sums.value().end()) {
    out.digests_ = at->second;
  }
  const base::Result<Json> provenance = read_provenance(place.folder / suite::kProvenanceFile);
  if (!provenance) return Error{provenance.error()};
  for (const Json& recorded : entries_of(provenance.value()["files"], place.name)) {
    ProvenanceEntry& entry = out.entries_.emplace_back();
    for (const auto& [key, value] : recorded.items()) {
      entry[key] = value.is_string() ? value.get<std::string>() : value.dump();
    }
  }
  return out;
}

bool GoldenStore::lists(const std::string& digest) const {
  return std::find(digests_.begin(), digests_.end(), digest) != digests_.end();
}

std::optional<ProvenanceEntry> GoldenStore::provenance(const std::string& digest) const {
  for (const ProvenanceEntry& entry : entries_) {
    const auto at = entry.find(kDigest);
    if (at != entry.end() && at->second == digest) return entry;
  }
  return entries_.empty() ? std::nullopt : std::optional(entries_.back());
}

base::Status replace_goldens(const std::vector<GoldenChange>& changes) {
  std::map<fs::path, std::vector<Placed>> stores;
  for (const GoldenChange& change : changes) {
    Placed one{place_of(change.golden, change.root), change.bytes, change.provenance};
    one.entry[kDigest] = base::sha256_hex(change.bytes);
    stores[one.place.folder].push_back(std::move(one));
  }
  for (const auto& [folder, goldens] : stores) {
    const base::Status replaced = replace_in(folder, goldens);
    if (!replaced) return replaced;
  }
  return base::Unit{};
}

}  // namespace mxcheck::author
