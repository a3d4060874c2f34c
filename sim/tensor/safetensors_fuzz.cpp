// Whatever the bytes are, reading them as safetensors neither crashes nor reads outside them; what
// is read accounts for every byte of the data, and is written and read back the same.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "sim/base/check.h"
#include "sim/tensor/safetensors.h"

namespace {

using mxcheck::tensor::SafetensorsFile;

std::size_t data_bytes(const SafetensorsFile& file) {
  std::size_t out = 0;
  for (const auto& [name, tensor] : file.tensors) out += tensor.bytes().size();
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using mxcheck::tensor::parse_safetensors;
  using mxcheck::tensor::serialize_safetensors;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto file = parse_safetensors(bytes);
  if (!file.ok()) return 0;
  constexpr std::size_t kPrefix = 8;
  std::size_t header = 0;
  for (std::size_t i = kPrefix; i-- > 0;) header = header << 8 | data[i];
  MXCHECK_CHECK(kPrefix + header + data_bytes(file.value()) == size, "bytes of nobody");
  const std::string written = serialize_safetensors(file.value());
  const auto again = parse_safetensors(written);
  MXCHECK_CHECK(again.ok() && serialize_safetensors(again.value()) == written, "not the identity");
  MXCHECK_CHECK(again.value().metadata == file.value().metadata, "metadata changed");
  for (const auto& [name, tensor] : file.value().tensors) {
    const auto found = again.value().tensors.find(name);
    MXCHECK_CHECK(found != again.value().tensors.end(), "a tensor is lost");
    MXCHECK_CHECK(identical(found->second, tensor), "a tensor changed");
  }
  return 0;
}
