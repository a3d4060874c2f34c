// rename() of a folder replaces an empty one and no other.
#include "sim/base/new_folder.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace mxcheck::base {

namespace fs = std::filesystem;

NewFolder::NewFolder(const fs::path& target)
    : target_(target.has_filename() ? target : target.parent_path()),
      path_(target_.string() + ".XXXXXX") {
  std::error_code ignored;
  if (target_.has_parent_path()) fs::create_directories(target_.parent_path(), ignored);
  if (::mkdtemp(path_.data()) != nullptr) return;
  made_ = Error{
      fmt::format("cannot make a folder beside {}: {}", target_.string(), std::strerror(errno))};
  placed_ = true;
}

NewFolder::~NewFolder() {
  std::error_code ignored;
  if (!placed_) fs::remove_all(path_, ignored);
}

Status NewFolder::place() {
  const mode_t mask = ::umask(0);
  ::umask(mask);
  if (::chmod(path_.c_str(), 0777 & ~mask) == 0 && ::rename(path_.c_str(), target_.c_str()) == 0) {
    placed_ = true;
    return Unit{};
  }
  const bool taken = errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR;
  return Error{
      taken ? fmt::format("{} exists already", target_.string())
            : fmt::format("cannot rename to {}: {}", target_.string(), std::strerror(errno))};
}

}  // namespace mxcheck::base
