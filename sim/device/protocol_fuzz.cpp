// Any bytes as what a device says, and as what a device is asked: no crash; an answer, a request or
// a greeting that is taken is written and read back unchanged.
#include <cstddef>
#include <cstdint>
#include <string>

#include "sim/base/check.h"
#include "sim/device/protocol.h"

namespace {

using namespace mxcheck::device;

void check_hello(std::string_view line) {
  const auto hello = read_hello(line);
  if (!hello) return;
  const auto again = read_hello(hello_reply(hello.value()));
  MXCHECK_CHECK(again.ok(), "a greeting that was taken is not taken again");
  MXCHECK_CHECK(again.value().name == hello.value().name, "a name changed on its way");
  MXCHECK_CHECK(again.value().version == hello.value().version, "a version changed on its way");
}

void check_reply(std::string_view line) {
  const auto reply = read_reply(line);
  if (!reply) return;
  const auto again = read_reply(reply_line(reply.value()));
  MXCHECK_CHECK(again.ok(), "an answer that was taken is not taken again");
  MXCHECK_CHECK(again.value().id == reply.value().id, "an id changed on its way");
  MXCHECK_CHECK(again.value().error == reply.value().error, "an error changed on its way");
  const auto &before = reply.value().result, &after = again.value().result;
  MXCHECK_CHECK(before.has_value() == after.has_value(), "a result came or went");
  MXCHECK_CHECK(!before || mxcheck::tensor::identical(*before, *after), "a result changed");
}

void check_request(std::string_view line) {
  const auto asked = read_request(line);
  if (!asked) return;
  const std::string written = request_line(asked.value().id, asked.value().request);
  const auto again = read_request(written);
  MXCHECK_CHECK(again.ok(), "a request that was taken is not taken again: " + written);
  MXCHECK_CHECK(request_line(again.value().id, again.value().request) == written,
                "a request changed on its way: " + written);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  check_hello(line);
  check_reply(line);
  check_request(line);
  return 0;
}
