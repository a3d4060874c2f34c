// Boost.DLL for loading (never unloaded), the protocol for everything else.
#include "sim/device/library_host.h"

#include <unistd.h>

#define BOOST_DLL_USE_STD_FS
#include <array>
#include <boost/dll/shared_library.hpp>
#include <cerrno>
#include <string_view>

#include "sim/base/text.h"
#include "sim/device/mxcheck_device.h"
#include "sim/device/protocol.h"

namespace mxcheck::device {
namespace {

constexpr std::size_t kBlock = std::size_t{1} << 16;
constexpr std::size_t kErrorBytes = 1024;
constexpr std::size_t kMostLine = std::size_t{1} << 31;

// Lines of a descriptor.
class Lines {
 public:
  // False at the end of the input.
  bool next(std::string& line) {
    while (true) {
      const std::size_t end = buffer_.find('\n', searched_);
      if (end != std::string::npos) {
        line = buffer_.substr(0, end);
        buffer_.erase(0, end + 1);
        searched_ = 0;
        return true;
      }
      searched_ = buffer_.size();
      std::array<char, kBlock> block{};
      const ssize_t got = ::read(0, block.data(), block.size());
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0 || buffer_.size() > kMostLine) return false;
      buffer_.append(block.data(), static_cast<std::size_t>(got));
    }
  }

 private:
  std::string buffer_;
  std::size_t searched_ = 0;
};

bool write_line(int fd, std::string line) {
  line += '\n';
  std::string_view left = line;
  while (!left.empty()) {
    const ssize_t put = ::write(fd, left.data(), left.size());
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return false;
    left.remove_prefix(static_cast<std::size_t>(put));
  }
  return true;
}

struct Library {
  explicit Library(const std::string& file)
      : handle(file, boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local) {
    abi = &handle.get<std::int32_t()>("mxcheck_device_abi");
    name = &handle.get<const char*()>("mxcheck_device_name");
    version = &handle.get<const char*()>("mxcheck_device_version");
    answer = &handle.get<decltype(mxcheck_device_answer)>("mxcheck_device_answer");
  }
  boost::dll::shared_library handle;
  decltype(&mxcheck_device_abi) abi = nullptr;
  decltype(&mxcheck_device_name) name = nullptr, version = nullptr;
  decltype(&mxcheck_device_answer) answer = nullptr;
};

Reply answer(const Library& library, const Asked& asked) {
  const Request& r = asked.request;
  std::vector<mxcheck_operand> operands;
  for (const auto& [key, value] : r.operands) {
    operands.push_back({key.c_str(),
                        {numerics::name(value.dtype()), static_cast<std::int32_t>(value.rank()),
                         value.shape().data(), value.bytes().data()}});
  }
  const mxcheck_request request{device::name(r.op),
                                r.name.c_str(),
                                r.profile.c_str(),
                                r.policy.c_str(),
                                static_cast<std::int32_t>(operands.size()),
                                operands.data()};
  tensor::Tensor out(r.dtype, r.shape);
  mxcheck_result result{numerics::name(r.dtype), static_cast<std::int32_t>(out.rank()),
                        out.shape().data(), out.mutable_bytes().data()};
  std::array<char, kErrorBytes> error{};
  Reply reply;
  reply.id = asked.id;
  if (library.answer(&request, &result, error.data(), error.size()) == 0) {
    reply.result = std::move(out);
  } else {
    error.back() = '\0';
    reply.error = base::printable(error.data());
  }
  return reply;
}

base::Status serve(const Library& library) {
  // The protocol keeps the real stdout for itself; a library that prints cannot break a line of it.
  const int out = ::dup(1);
  if (out < 0 || ::dup2(2, 1) < 0) return base::Error{"cannot move stdout aside"};
  Lines lines;
  std::string line;
  if (!lines.next(line)) return base::Error{"no greeting"};
  if (!write_line(out, hello_reply({base::printable(library.name()),
                                    base::printable(library.version())}))) {
    return base::Error{"cannot greet"};
  }
  while (lines.next(line)) {
    base::Result<Asked> asked = read_request(line);
    if (!asked) return base::Error{"a request is malformed: " + asked.error()};
    if (!write_line(out, reply_line(answer(library, asked.value())))) break;
  }
  return base::Unit{};
}

}  // namespace

base::Status serve_library(const std::string& file) {
  try {
    // Never unloaded: its threads and destructors end with the process.
    static const auto* library = new Library(file);
    if (library->abi() != MXCHECK_DEVICE_ABI) {
      return base::Error{"the library has ABI " + std::to_string(library->abi()) + ", not " +
                         std::to_string(MXCHECK_DEVICE_ABI)};
    }
    return serve(*library);
  } catch (const std::exception& problem) {
    return base::Error{file + ": " + problem.what()};
  }
}

}  // namespace mxcheck::device
