// The parent's side of a warden.
#include "sim/device/child.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "sim/device/warden.h"

namespace mxcheck::device {
namespace {

constexpr int kStatusWaitMs = 200;
constexpr int kStopWaitMs = 10'000;

void close_one(int& fd) {
  if (fd >= 0) ::close(fd);
  fd = -1;
}

struct Pipe {
  int ends[2] = {-1, -1};
  ~Pipe() {
    close_one(ends[0]);
    close_one(ends[1]);
  }
  [[nodiscard]] bool open() { return ::pipe2(ends, O_CLOEXEC) == 0; }
  int take(int end) { return std::exchange(ends[end], -1); }
};

void make_nonblocking(int fd) {
  static_cast<void>(::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK));
}

// What exec gets, built before the fork: afterwards nothing may allocate.
class ExecArguments {
 public:
  explicit ExecArguments(const Program& program) : words_(program.words) {
    for (char** entry = environ; *entry != nullptr; ++entry) {
      const std::string one = *entry;
      const std::string key = one.substr(0, one.find('='));
      bool replaced = false;
      for (const auto& [name, value] : program.environment) replaced = replaced || name == key;
      if (!replaced) variables_.push_back(one);
    }
    for (const auto& [name, value] : program.environment) variables_.push_back(name + "=" + value);
    for (std::string& word : words_) argv_.push_back(word.data());
    for (std::string& one : variables_) envp_.push_back(one.data());
    argv_.push_back(nullptr);
    envp_.push_back(nullptr);
  }
  [[nodiscard]] char* const* argv() { return argv_.data(); }
  [[nodiscard]] char* const* envp() { return envp_.data(); }

 private:
  std::vector<std::string> words_, variables_;
  std::vector<char*> argv_, envp_;
};

}  // namespace

base::Result<std::unique_ptr<Child>> Child::start(const Program& program) {
  Pipe in, out, log, status;
  if (!in.open() || !out.open() || !log.open() || !status.open()) {
    return base::Error{fmt::format("cannot make a pipe: {}", std::strerror(errno))};
  }
  ExecArguments arguments(program);
  const std::string folder = program.folder.string();
  const WardenPlan plan{arguments.argv(), arguments.envp(),     folder.c_str(),
                        in.ends[0],       out.ends[1],          log.ends[1],
                        status.ends[1],   program.memory_bytes, ::getpid()};
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, &before);
  const pid_t warden = ::fork();
  if (warden == 0) run_warden(plan);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (warden < 0) return base::Error{fmt::format("cannot fork: {}", std::strerror(errno))};
  std::unique_ptr<Child> child(new Child());
  child->warden_ = warden;
  child->input_ = in.take(1);
  child->output_ = out.take(0);
  child->log_ = log.take(0);
  child->status_ = status.take(0);
  for (const int fd : {child->input_, child->output_, child->log_, child->status_}) {
    make_nonblocking(fd);
  }
  return child;
}

Child::~Child() {
  stop();
  close_one(input_);
  close_one(output_);
  close_one(log_);
  close_one(status_);
}

void Child::close_input() { close_one(input_); }

void Child::read_status() {
  WardenNews news;
  if (ended_ || ::read(status_, &news, sizeof(news)) != static_cast<ssize_t>(sizeof(news))) return;
  ended_ = true;
  switch (news.kind) {
    case WardenNews::Kind::kExited:
      exit_code_ = news.value;
      ending_ = fmt::format("exited with code {}", news.value);
      break;
    case WardenNews::Kind::kSignalled:
      ending_ = fmt::format("was killed by signal {} ({})", news.value, ::strsignal(news.value));
      break;
    case WardenNews::Kind::kNotStarted:
      ending_ = fmt::format("cannot be started: {}", std::strerror(news.value));
      break;
  }
}

bool Child::ended() {
  read_status();
  return ended_;
}

std::string Child::ending() {
  if (!ended_ && warden_ >= 0) {
    pollfd news{status_, POLLIN, 0};
    static_cast<void>(::poll(&news, 1, kStatusWaitMs));
    read_status();
  }
  return ended_ ? ending_ : "was stopped";
}

void Child::stop() {
  if (warden_ < 0) return;
  ::kill(warden_, SIGTERM);
  // The warden ends when nothing is left; it holds the only writing end of the status pipe.
  for (int waited = 0; waited < kStopWaitMs; ++waited) {
    const pid_t done = ::waitpid(warden_, nullptr, WNOHANG);
    if (done == warden_ || (done < 0 && errno != EINTR)) {
      warden_ = -1;
      return;
    }
    ::usleep(1000);
  }
  ::kill(warden_, SIGKILL);
  ::waitpid(warden_, nullptr, 0);
  warden_ = -1;
}

}  // namespace mxcheck::device
