// What goes with base::write_file_atomically: names that killed writers leave, and files that may
// be lost with the power.
#pragma once

#include <filesystem>
#include <string_view>

#include "sim/base/result.h"

namespace mxcheck::base {

// Is this the name of a temporary file that a killed writer of `name` left behind?
[[nodiscard]] bool is_leftover(std::string_view file, std::string_view name);

// As write_file_atomically, but not flushed to the disk: a loss of power may leave a damaged file.
// For what is checked when it is read.
[[nodiscard]] Status write_file_unflushed(const std::filesystem::path& path, std::string_view data);

}  // namespace mxcheck::base
