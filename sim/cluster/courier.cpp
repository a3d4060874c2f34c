// A socket pair, one end of which the program inherits.
#include "sim/cluster/courier.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "sim/cluster/frames.h"

namespace mxcheck::cluster {
namespace {

// A number as a frame has it; -1 for anything else.
int number(const std::string& text) {
  int value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9' || text.size() > 8) return -1;
    value = value * 10 + (c - '0');
  }
  return text.empty() ? -1 : value;
}

}  // namespace

std::string to_bytes(const Message& message) {
  std::string out;
  add_frame(out, std::to_string(message.rank));
  add_frame(out, std::to_string(message.tag));
  add_frame(out, message.text);
  return out;
}

std::optional<Message> message_from(const std::string& bytes) {
  std::size_t offset = 0;
  const auto rank = take_frame(bytes, offset), tag = take_frame(bytes, offset);
  auto text = take_frame(bytes, offset);
  if (!rank || !tag || !text || offset != bytes.size()) return std::nullopt;
  Message out{number(*rank), number(*tag), *std::move(text)};
  return out.rank < 0 || out.tag < 0 ? std::nullopt : std::optional(std::move(out));
}

base::Result<std::unique_ptr<Courier>> Courier::start(const std::filesystem::path& program) {
  std::array<int, 2> pair{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) != 0) {
    return base::Error{fmt::format("cannot make a socket: {}", std::strerror(errno))};
  }
  // Its number is the one the program is told; only there it stays open.
  const int inherited = ::fcntl(pair[1], F_DUPFD, 3);
  std::string name = program.string(), number = std::to_string(inherited);
  std::array<char*, 3> words{name.data(), number.data(), nullptr};
  pid_t process = -1;
  const int error = ::posix_spawn(&process, name.c_str(), nullptr, nullptr, words.data(), environ);
  ::close(inherited);
  ::close(pair[1]);
  if (error == 0) return std::unique_ptr<Courier>(new Courier(pair[0], process));
  ::close(pair[0]);
  return base::Error{fmt::format("cannot start {}: {}", name, std::strerror(error))};
}

Courier::~Courier() {
  ::close(socket_);
  while (::waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

bool Courier::meet() {
  const std::optional<std::string> bytes = read_frame(socket_);
  const std::optional<Message> self = bytes ? message_from(*bytes) : std::nullopt;
  gone_ = !self || self->rank >= number(self->text);
  if (gone_) return false;
  rank_ = self->rank;
  size_ = number(self->text);
  return true;
}

void Courier::send(Message message) { gone_ = gone_ || !write_frame(socket_, to_bytes(message)); }

std::optional<Message> Courier::receive() {
  while (true) {
    std::size_t offset = 0;
    if (const std::optional<std::string> bytes = take_frame(have_, offset)) {
      have_.erase(0, offset);
      std::optional<Message> message = message_from(*bytes);
      gone_ = gone_ || !message || message->rank >= size_;
      return gone_ ? std::nullopt : message;
    }
    if (gone_) return std::nullopt;
    constexpr std::size_t kPiece = std::size_t{1} << 16;
    const std::size_t before = have_.size();
    have_.resize(before + kPiece);
    const ssize_t got = ::recv(socket_, have_.data() + before, kPiece, MSG_DONTWAIT);
    have_.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got > 0 || (got < 0 && errno == EINTR)) continue;
    gone_ = got == 0 || errno != EAGAIN;
    return std::nullopt;
  }
}

void Courier::end(Leaving leaving) {
  send({0, kEndTag, leaving == Leaving::kTogether ? "together" : "alone"});
  // Until it closes its end, having delivered what it had.
  while (!gone_ && read_frame(socket_)) {
  }
  gone_ = true;
}

}  // namespace mxcheck::cluster
