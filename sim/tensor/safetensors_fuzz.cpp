// Whatever the bytes are, reading them as safetensors neither crashes nor reads outside them, and
// what is read can be written and read again.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "sim/base/check.h"
#include "sim/tensor/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using mxcheck::tensor::parse_safetensors;
  using mxcheck::tensor::serialize_safetensors;
  const auto file = parse_safetensors({reinterpret_cast<const char*>(data), size});
  if (!file.ok()) return 0;
  const std::string bytes = serialize_safetensors(file.value());
  const auto again = parse_safetensors(bytes);
  MXCHECK_CHECK(again.ok() && serialize_safetensors(again.value()) == bytes, "not the identity");
  return 0;
}
