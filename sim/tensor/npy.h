// NumPy's .npy files (format 1.0 and 2.0): one array, little-endian, C order.
//
// The reader trusts nothing: magic, header length, the header's dictionary (exactly descr,
// fortran_order, shape), element count and file size are checked before a byte is used. The writer
// is deterministic. Types: f2 f4 f8 i1 i2 i4 i8 u1 u4 b1; sub-byte integers are stored as i1/u1 and
// come back as s8/u8; types NumPy does not have are refused.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "sim/base/result.h"
#include "sim/tensor/tensor.h"

namespace mxcheck::tensor {

inline constexpr std::uint64_t kMaxNpyBytes = std::uint64_t{4} << 30;
inline constexpr std::size_t kMaxNpyHeader = std::size_t{1} << 16;

[[nodiscard]] base::Result<Tensor> parse_npy(std::string_view data);
[[nodiscard]] base::Result<Tensor> read_npy(const std::filesystem::path& path);
[[nodiscard]] base::Result<std::string> serialize_npy(const Tensor& tensor);
[[nodiscard]] base::Status write_npy(const std::filesystem::path& path, const Tensor& tensor);

}  // namespace mxcheck::tensor
