// Any bytes as a device file: no crash; what is refused says why.
#include <cstddef>
#include <cstdint>
#include <string>

#include "sim/base/check.h"
#include "sim/device/device_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  mxcheck::base::Diagnostics problems;
  const auto file = mxcheck::device::parse_device_file(
      std::string(reinterpret_cast<const char*>(data), size), "fuzz.json", problems);
  MXCHECK_CHECK(file.has_value() == problems.empty(), "refused without a reason");
  return 0;
}
