// POSIX file reading with a cap, and write-to-temporary-then-rename.
#include "sim/base/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "sim/base/temporary_file.h"

namespace mxcheck::base {
namespace {

Error failure(const char* action, const std::filesystem::path& path) {
  return Error{fmt::format("cannot {} {}: {}", action, path.string(), std::strerror(errno))};
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

bool write_all(int fd, std::string_view data) {
  while (!data.empty()) {
    const ssize_t written = ::write(fd, data.data(), data.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    data.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

Result<std::string> read_file(const std::filesystem::path& path, std::uint64_t max_bytes) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) return failure("open", path);
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) return failure("stat", path);
  if (!S_ISREG(info.st_mode)) return Error{fmt::format("{} is not a file", path.string())};
  if (static_cast<std::uint64_t>(info.st_size) > max_bytes) {
    return Error{fmt::format("{} has {} bytes, more than the limit of {}", path.string(),
                             info.st_size, max_bytes)};
  }
  std::string data(static_cast<std::size_t>(info.st_size), '\0');
  std::size_t have = 0;
  while (have < data.size()) {
    const ssize_t got = ::read(file.get(), data.data() + have, data.size() - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failure("read", path);
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  data.resize(have);
  return data;
}

namespace {

enum class Flush { kNow, kLater };

Status write_and_rename(const std::filesystem::path& path, std::string_view data, Flush flush) {
  std::error_code ignored;
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), ignored);
  std::string temporary = path.string() + ".XXXXXX";
  {
    const Descriptor file(::mkostemp(temporary.data(), O_CLOEXEC));
    if (file.get() < 0) return failure("create a temporary file for", path);
    const mode_t mask = ::umask(0);
    ::umask(mask);
    const bool written = write_all(file.get(), data) && ::fchmod(file.get(), 0666 & ~mask) == 0 &&
                         (flush == Flush::kLater || ::fsync(file.get()) == 0);
    if (!written) {
      const Error error = failure("write", path);
      ::unlink(temporary.c_str());
      return error;
    }
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    const Error error = failure("rename a temporary file to", path);
    ::unlink(temporary.c_str());
    return error;
  }
  return Unit{};
}

}  // namespace

Status write_file_atomically(const std::filesystem::path& path, std::string_view data) {
  return write_and_rename(path, data, Flush::kNow);
}

Status write_file_unflushed(const std::filesystem::path& path, std::string_view data) {
  return write_and_rename(path, data, Flush::kLater);
}

bool is_leftover(std::string_view file, std::string_view name) {
  constexpr std::size_t kSuffix = 7;  // ".XXXXXX"
  if (file.size() != name.size() + kSuffix || !file.starts_with(name)) return false;
  const std::string_view suffix = file.substr(name.size());
  return suffix[0] == '.' && std::all_of(suffix.begin() + 1, suffix.end(),
                                         [](unsigned char c) { return std::isalnum(c) != 0; });
}

Status append_to_file(const std::filesystem::path& path, std::string_view data) {
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666));
  if (file.get() < 0) return failure("open", path);
  if (!write_all(file.get(), data)) return failure("write", path);
  return Unit{};
}

}  // namespace mxcheck::base
