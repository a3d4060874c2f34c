// Any bytes as what a device says: no crash; an answer that is taken is written and read back.
#include <cstddef>
#include <cstdint>
#include <string>

#include "sim/base/check.h"
#include "sim/device/protocol.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mxcheck::device;
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  static_cast<void>(read_hello(line));
  static_cast<void>(read_request(line));
  const mxcheck::base::Result<Reply> reply = read_reply(line);
  if (!reply || !reply.value().result) return 0;
  const mxcheck::base::Result<Reply> again = read_reply(reply_line(reply.value()));
  MXCHECK_CHECK(again.ok(), "an answer that was taken is not taken again");
  MXCHECK_CHECK(mxcheck::tensor::identical(*again.value().result, *reply.value().result),
                "an answer changed on its way");
  return 0;
}
