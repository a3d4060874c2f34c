// Any bytes through the .npy reader: no crash, and what is read is written back to the same array.
#include <cstddef>
#include <cstdint>

#include "sim/base/check.h"
#include "sim/tensor/npy.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mxcheck::tensor;
  const auto tensor = parse_npy({reinterpret_cast<const char*>(data), size});
  if (!tensor) return 0;
  const auto text = serialize_npy(tensor.value());
  MXCHECK_CHECK(text.ok() && identical(parse_npy(text.value()).value(), tensor.value()),
                "a .npy file does not survive writing and reading");
  return 0;
}
