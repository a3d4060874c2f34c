// safetensors files: 8 bytes little-endian header length, JSON header, tensor bytes.
//
// The reader trusts nothing: sizes, offsets (inside the file, no overlap, no holes), dtypes, shapes
// and duplicate names are checked before a byte is used. The writer is deterministic: names in byte
// order, one fixed header layout, so equal contents give equal files.
// Sub-byte integers are stored as I8/U8 and come back as s8/u8; f4e2m1fn as U8 patterns.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "sim/base/result.h"
#include "sim/tensor/tensor.h"

namespace mxcheck::tensor {

struct SafetensorsFile {
  std::map<std::string, Tensor> tensors;
  std::map<std::string, std::string> metadata;
};

inline constexpr std::uint64_t kMaxSafetensorsBytes = std::uint64_t{4} << 30;
inline constexpr std::uint64_t kMaxSafetensorsHeader = std::uint64_t{32} << 20;

// Where each tensor lies: what a header says, checked.
struct SafetensorsEntry {
  DType dtype = DType::kF32;
  Shape shape;
  std::uint64_t begin = 0, end = 0;  // bytes after the header
};
struct SafetensorsIndex {
  std::map<std::string, SafetensorsEntry> entries;
  std::map<std::string, std::string> metadata;
  std::uint64_t data_begin = 0;  // offset of the first tensor byte in the file
};

// Reads and checks the header alone.
[[nodiscard]] base::Result<SafetensorsIndex> read_safetensors_index(
    const std::filesystem::path& path);
[[nodiscard]] base::Result<SafetensorsFile> parse_safetensors(std::string_view data);
[[nodiscard]] base::Result<SafetensorsFile> read_safetensors(const std::filesystem::path& path);
[[nodiscard]] std::string serialize_safetensors(const SafetensorsFile& file);
[[nodiscard]] base::Status write_safetensors(const std::filesystem::path& path,
                                             const SafetensorsFile& file);

}  // namespace mxcheck::tensor
