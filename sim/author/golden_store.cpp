// Lists are small; each is read whole, changed in one line and written whole.
#include "sim/author/golden_store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "sim/base/digest.h"
#include "sim/base/file.h"
#include "sim/base/json.h"
#include "sim/base/temporary_file.h"
#include "sim/base/text.h"
#include "sim/suite/checksums.h"
#include "sim/suite/discover.h"

namespace mxcheck::author {
namespace {

namespace fs = std::filesystem;
using base::Error;
using Json = nlohmann::json;

constexpr std::uint64_t kLargestList = std::uint64_t{16} << 20;
constexpr std::size_t kHexDigits = 64;

using Sums = std::map<std::string, std::string>;  // name -> digest

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
    out[line.substr(kHexDigits + 2)] = line.substr(0, kHexDigits);
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

}  // namespace

base::Result<GoldenStore> GoldenStore::of(const fs::path& golden, const fs::path& root) {
  GoldenStore out;
  std::error_code error;
  out.golden_ = fs::weakly_canonical(golden, error);
  out.folder_ = out.golden_.parent_path();
  const fs::path top = fs::weakly_canonical(root, error);
  for (fs::path at = out.folder_; !at.empty(); at = at.parent_path()) {
    if (fs::is_regular_file(at / suite::kChecksumFile, error)) {
      out.folder_ = at;
      break;
    }
    if (at == top || at == at.parent_path()) break;
  }
  out.name_ = out.golden_.lexically_relative(out.folder_).generic_string();
  const base::Result<Sums> sums = read_sums(out.folder_ / suite::kChecksumFile);
  if (!sums) return Error{sums.error()};
  if (const auto at = sums.value().find(out.name_); at != sums.value().end()) {
    out.digest_ = at->second;
  }
  const base::Result<Json> provenance = read_provenance(out.folder_ / suite::kProvenanceFile);
  if (!provenance) return Error{provenance.error()};
  const Json& files = provenance.value()["files"];
  if (files.contains(out.name_) && files[out.name_].is_object()) {
    out.provenance_.emplace();
    for (const auto& [key, value] : files[out.name_].items()) {
      (*out.provenance_)[key] = value.is_string() ? value.get<std::string>() : value.dump();
    }
  }
  return out;
}

std::optional<std::string> GoldenStore::digest() const { return digest_; }
std::optional<ProvenanceEntry> GoldenStore::provenance() const { return provenance_; }

base::Status GoldenStore::replace(const std::string& bytes, ProvenanceEntry entry) const {
  std::error_code error;
  fs::create_directories(golden_.parent_path(), error);
  const FolderLock lock(folder_);
  if (!lock.held()) return Error{"cannot lock " + folder_.string()};
  const fs::path sums_file = folder_ / suite::kChecksumFile;
  const fs::path provenance_file = folder_ / suite::kProvenanceFile;
  base::Result<Sums> sums = read_sums(sums_file);
  if (!sums) return Error{sums.error()};
  base::Result<Json> provenance = read_provenance(provenance_file);
  if (!provenance) return Error{provenance.error()};
  for (const fs::path& file : {golden_, sums_file, provenance_file}) remove_litter(file);

  Sums digests = std::move(sums).value();
  digests[name_] = entry["sha256"] = base::sha256_hex(bytes);
  std::string lines;
  for (const auto& [name, digest] : digests) lines += digest + "  " + name + "\n";
  Json list = std::move(provenance).value();
  list["files"][name_] = entry;

  const base::Status written = base::write_file_atomically(golden_, bytes);
  if (!written) return written;
  const base::Status summed = base::write_file_atomically(sums_file, lines);
  if (!summed) return summed;
  return base::write_file_atomically(
      provenance_file, list.dump(1, ' ', true, Json::error_handler_t::replace) + "\n");
}

}  // namespace mxcheck::author
