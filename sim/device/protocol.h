// The line protocol of devices (docs/devices.md): one JSON object a line, arrays as base64 of their
// little-endian elements. Both directions are here, so that the device side in mxcheck itself (the
// host of libraries) and the tests speak the same words. What a device answers is hostile input.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sim/base/result.h"
#include "sim/device/request.h"

namespace mxcheck::device {

inline constexpr int kProtocolVersion = 1;

// Lines without their newline.
[[nodiscard]] std::string hello_line();
[[nodiscard]] std::string request_line(std::int64_t id, const Request& request);

// What the device said in its handshake.
struct Hello {
  std::string name, version;  // "" where it did not say
};
[[nodiscard]] base::Result<Hello> read_hello(std::string_view line);

struct Reply {
  std::int64_t id = 0;
  std::optional<tensor::Tensor> result;  // type and shape as the device states them
  std::string error;                     // without a result: what the device says
};
// An error says why the line is no answer.
[[nodiscard]] base::Result<Reply> read_reply(std::string_view line);

// Why the result is not the one that was asked for (type, shape, codes out of range); "" if it is.
[[nodiscard]] std::string misfit(const Request& request, const tensor::Tensor& result);

// --- the device's side ---------------------------------------------------------------------------

[[nodiscard]] std::string hello_reply(const Hello& hello);
[[nodiscard]] std::string reply_line(const Reply& reply);
struct Asked {
  std::int64_t id = 0;
  Request request;
};
[[nodiscard]] base::Result<Asked> read_request(std::string_view line);

}  // namespace mxcheck::device
