// A folder that appears whole or not at all: it is filled under a temporary name beside its place
// and then renamed. A killed program leaves at most the temporary one, NAME.XXXXXX.
#pragma once

#include <filesystem>
#include <string>

#include "sim/base/result.h"

namespace mxcheck::base {

class NewFolder {
 public:
  // Makes the temporary folder, and the folders above it that are missing.
  explicit NewFolder(const std::filesystem::path& target);
  // Removes it again unless it was placed.
  ~NewFolder();
  NewFolder(const NewFolder&) = delete;
  NewFolder& operator=(const NewFolder&) = delete;

  // Why there is no folder to fill.
  [[nodiscard]] const Status& made() const { return made_; }
  // Where to write while it is not placed.
  [[nodiscard]] std::filesystem::path path() const { return path_; }
  // An error if the place is taken by anything but an empty folder.
  [[nodiscard]] Status place();

 private:
  std::filesystem::path target_;
  std::string path_;
  Status made_ = Unit{};
  bool placed_ = false;
};

}  // namespace mxcheck::base
