// Whole files in and out. Reading has a size limit (input is hostile); writing goes to a temporary
// name in the same folder, is flushed to the disk and renamed, so that no reader ever sees half a
// file and an earlier file survives any failure.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "sim/base/result.h"

namespace mxcheck::base {

[[nodiscard]] Result<std::string> read_file(const std::filesystem::path& path,
                                            std::uint64_t max_bytes);
[[nodiscard]] Status write_file_atomically(const std::filesystem::path& path,
                                           std::string_view data);
// For files that others also add to: the data in one piece behind what is there.
[[nodiscard]] Status append_to_file(const std::filesystem::path& path, std::string_view data);

}  // namespace mxcheck::base
