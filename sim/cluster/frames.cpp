// Blocking reads and writes that go on after a signal.
#include "sim/cluster/frames.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>

namespace mxcheck::cluster {
namespace {

constexpr std::size_t kLength = 8;

std::string length_bytes(std::uint64_t length) {
  std::string out(kLength, '\0');
  for (std::size_t i = 0; i < kLength; ++i) out[i] = static_cast<char>(length >> (8 * i));
  return out;
}

std::uint64_t length_of(std::string_view bytes) {
  std::uint64_t length = 0;
  for (std::size_t i = 0; i < kLength; ++i) {
    length |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  }
  return length;
}

bool write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    // Not write(): a peer that is gone must be an error, not a signal.
    const ssize_t done = ::send(descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(done));
  }
  return true;
}

bool read_all(int descriptor, char* to, std::size_t size) {
  while (size > 0) {
    const ssize_t done = ::read(descriptor, to, size);
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return false;
    to += done;
    size -= static_cast<std::size_t>(done);
  }
  return true;
}

}  // namespace

void add_frame(std::string& to, std::string_view bytes) {
  to += length_bytes(bytes.size());
  to += bytes;
}

std::optional<std::string> take_frame(std::string_view from, std::size_t& offset) {
  if (offset > from.size() || from.size() - offset < kLength) return std::nullopt;
  const std::uint64_t length = length_of(from.substr(offset, kLength));
  if (length > from.size() - offset - kLength) return std::nullopt;
  std::string out(from.substr(offset + kLength, length));
  offset += kLength + length;
  return out;
}

bool write_frame(int descriptor, std::string_view bytes) {
  return write_all(descriptor, length_bytes(bytes.size())) && write_all(descriptor, bytes);
}

std::optional<std::string> read_frame(int descriptor) {
  std::array<char, kLength> head{};
  if (!read_all(descriptor, head.data(), head.size())) return std::nullopt;
  const std::uint64_t length = length_of({head.data(), head.size()});
  if (length > kMostFrame) return std::nullopt;
  std::string out(length, '\0');
  if (!read_all(descriptor, out.data(), out.size())) return std::nullopt;
  return out;
}

}  // namespace mxcheck::cluster
