// Two sockets: this process and the keeper, the keeper and the process that computes. An answer
// starts with one byte: 'b' the request has arrived, 'r' a reply, 'd' the computing process died.
#include "sim/cluster/case_server.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
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

constexpr char kBegun = 'b', kReply = 'r', kLastReply = 'l', kDied = 'd';

std::string how_it_ended(int status) {
  if (WIFSIGNALED(status)) {
    return fmt::format("killed by signal {} ({})", WTERMSIG(status), ::strsignal(WTERMSIG(status)));
  }
  return fmt::format("ended with code {}", WEXITSTATUS(status));
}

// Signals as a program finds them, but for requests to end: those are for the process that prints,
// and when it ends this one does.
void default_signals() {
  for (const int signal : {SIGHUP, SIGPIPE, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) {
    static_cast<void>(::signal(signal, SIG_DFL));
  }
  for (const int signal : {SIGINT, SIGTERM}) static_cast<void>(::signal(signal, SIG_IGN));
}

// The process that computes: one request after the other until the keeper is gone.
[[noreturn]] void compute_forever(int keeper, const CaseServer::Compute& compute) {
  default_signals();
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  while (const std::optional<std::string> request = read_frame(keeper)) {
    const Reply reply = compute(*request);
    const bool last = reply.then == Then::kLast;
    std::string bytes(1, last ? kLastReply : kReply);
    if (!write_frame(keeper, bytes.append(reply.bytes)) || last) break;
  }
  ::_exit(0);
}

// Appends what has come, without waiting; 0 at the end of what will, negative if nothing is there.
ssize_t receive(int socket, std::string& to) {
  constexpr std::size_t kPiece = std::size_t{1} << 16;
  const std::size_t before = to.size();
  to.resize(before + kPiece);
  const ssize_t got = ::recv(socket, to.data() + before, kPiece, MSG_DONTWAIT);
  to.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  const bool for_now = got < 0 && (errno == EINTR || errno == EAGAIN);
  return got < 0 && !for_now ? 0 : got;
}

class Keeper {
 public:
  Keeper(int owner, const CaseServer::Compute& compute) : owner_(owner), compute_(compute) {}

  [[noreturn]] void run() {
    default_signals();
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    while (const std::optional<std::string> request = read_frame(owner_)) {
      if (!write_frame(owner_, std::string(1, kBegun)) || !write_frame(owner_, answer(*request))) {
        break;
      }
    }
    kill_child();
    ::_exit(0);
  }

 private:
  std::string answer(const std::string& request) {
    if (child_ < 0 && !engage()) return kDied + std::string("cannot be started: ") + error_;
    // A process that died between two requests has nothing to do with this one.
    if (!write_frame(child_socket_, request)) {
      dismiss();
      if (!engage() || !write_frame(child_socket_, request)) {
        return kDied + std::string("cannot be started: ") + error_;
      }
    }
    std::optional<std::string> reply = reply_of_child();
    if (!reply || reply->empty()) return kDied + how_it_ended(dismiss());
    if (reply->front() == kLastReply) {
      reply->front() = kReply;
      kill_child();
    }
    return *std::move(reply);
  }

  bool engage() {
    std::array<int, 2> pair{};
    error_ = "";
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) == 0) {
      child_ = ::fork();
      if (child_ == 0) {
        ::close(pair[0]);
        ::close(owner_);
        compute_forever(pair[1], compute_);
      }
      ::close(pair[1]);
      child_socket_ = pair[0];
      if (child_ > 0) return true;
      ::close(child_socket_);
    }
    error_ = std::strerror(errno);
    return false;
  }

  // Nothing if it has ended. This process ends when its owner does, also in the middle of a reply:
  // who writes it may be stopped.
  std::optional<std::string> reply_of_child() const {
    std::string have;
    while (true) {
      std::size_t offset = 0;
      if (std::optional<std::string> reply = take_frame(have, offset)) return reply;
      std::array<pollfd, 2> watched{pollfd{child_socket_, POLLIN, 0}, pollfd{owner_, 0, 0}};
      if (::poll(watched.data(), watched.size(), -1) < 0 && errno == EINTR) continue;
      if ((watched[1].revents & (POLLHUP | POLLERR)) != 0) {
        ::kill(child_, SIGKILL);
        ::_exit(0);
      }
      if (receive(child_socket_, have) == 0) return std::nullopt;
    }
  }

  // Nothing is asked of it any more. It may be stopped, and would not see that it is alone.
  void kill_child() {
    if (child_ > 0) ::kill(child_, SIGKILL);
    dismiss();
  }

  // Ends the process that computes, if it has not; how it ended.
  int dismiss() {
    if (child_ < 0) return 0;
    ::close(child_socket_);
    int status = 0;
    while (::waitpid(child_, &status, 0) < 0 && errno == EINTR) {
    }
    child_ = -1;
    return status;
  }

  int owner_;
  const CaseServer::Compute& compute_;
  pid_t child_ = -1;
  int child_socket_ = -1;
  std::string error_;
};

}  // namespace

base::Result<std::unique_ptr<CaseServer>> CaseServer::start(const Compute& compute) {
  std::array<int, 2> pair{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) != 0) {
    return base::Error{fmt::format("cannot make a socket: {}", std::strerror(errno))};
  }
  const pid_t keeper = ::fork();
  if (keeper == 0) {
    ::close(pair[0]);
    Keeper(pair[1], compute).run();
  }
  ::close(pair[1]);
  if (keeper < 0) {
    ::close(pair[0]);
    return base::Error{fmt::format("cannot start a process: {}", std::strerror(errno))};
  }
  return std::unique_ptr<CaseServer>(new CaseServer(pair[0], keeper));
}

CaseServer::~CaseServer() {
  ::close(socket_);
  while (::waitpid(keeper_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

bool CaseServer::ask(const std::string& request) {
  gone_ = gone_ || !write_frame(socket_, request);
  return !gone_;
}

std::optional<Answer> CaseServer::take() {
  std::size_t offset = 0;
  const std::optional<std::string> frame = take_frame(have_, offset);
  if (!frame) return std::nullopt;
  have_.erase(0, offset);
  if (frame->empty()) return Answer{Answer::Kind::kDied, "answered nothing"};
  const Answer::Kind kind = frame->front() == kBegun  ? Answer::Kind::kBegun
                            : frame->front() == kDied ? Answer::Kind::kDied
                                                      : Answer::Kind::kReply;
  return Answer{kind, frame->substr(1)};
}

std::optional<Answer> CaseServer::poll(int milliseconds) {
  if (std::optional<Answer> ready = take()) return ready;
  pollfd watched{socket_, POLLIN, 0};
  while (!gone_ && ::poll(&watched, 1, milliseconds) > 0) {
    gone_ = receive(socket_, have_) == 0;
    if (std::optional<Answer> ready = take()) return ready;
    milliseconds = 0;
  }
  if (gone_) return Answer{Answer::Kind::kGone, "its process is gone"};
  return std::nullopt;
}

}  // namespace mxcheck::cluster
