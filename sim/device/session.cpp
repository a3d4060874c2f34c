// One loop of poll() moves requests, answers and the log; every way out of it is a reason.
#include "sim/device/session.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>

#include "sim/base/text.h"

namespace mxcheck::device {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kAhead = 4;        // requests sent and not answered
constexpr std::size_t kMostLog = 4096;   // bytes of stderr kept
constexpr std::size_t kLogLines = 8;     // of an excerpt
constexpr std::size_t kMostShown = 120;  // bytes of a bad line in a message
constexpr std::size_t kBlock = std::size_t{1} << 16;
constexpr std::uint64_t kLineOverhead = 4096;  // of an answer beside its data

// Writing to a device that is gone must be an error, not the end of mxcheck.
class NoBrokenPipe {
 public:
  NoBrokenPipe() {
    ::sigemptyset(&pipe_);
    ::sigaddset(&pipe_, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~NoBrokenPipe() {
    const timespec now{0, 0};
    while (::sigtimedwait(&pipe_, nullptr, &now) > 0) {
    }
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  NoBrokenPipe(const NoBrokenPipe&) = delete;
  NoBrokenPipe& operator=(const NoBrokenPipe&) = delete;

 private:
  sigset_t pipe_{}, before_{};
};

std::string shown(std::string_view line) {
  const bool cut = line.size() > kMostShown;
  return base::printable(line.substr(0, kMostShown)) + (cut ? "..." : "");
}

// Reads what is there; false at the end of the stream.
bool drain(int fd, std::string& to, std::uint64_t& bytes) {
  char block[kBlock];
  const ssize_t got = ::read(fd, block, sizeof(block));
  if (got > 0) {
    to.append(block, static_cast<std::size_t>(got));
    bytes += static_cast<std::uint64_t>(got);
  }
  return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

}  // namespace

std::string log_excerpt(const std::string& log) {
  std::vector<std::string> lines = base::split(log, '\n');
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
  if (lines.size() > kLogLines) lines.erase(lines.begin(), lines.end() - kLogLines);
  std::string out;
  for (const std::string& line : lines) out += (out.empty() ? "" : " | ") + shown(line);
  return out;
}

// Lines out and lines in, until everything that was asked is answered or something is wrong.
class Session::Exchange {
 public:
  Exchange(Session& session, double seconds, std::uint64_t allowance)
      : session_(session), child_(*session.child_), seconds_(seconds), allowance_(allowance) {}

  // Called with every line; "" or what is wrong with it.
  using OnLine = std::function<std::string(std::string_view)>;
  // Called when something may be sent: the next line, or nullopt if there is none now.
  using Next = std::function<std::optional<std::string>()>;
  using Done = std::function<bool()>;

  std::string run(const Next& next, const OnLine& on_line, const Done& done) {
    touch();
    while (true) {
      if (std::string problem = take_lines(on_line, done); !problem.empty()) return problem;
      if (done()) return "";
      if (out_.size() == sent_) refill(next);  // after what came: an answer makes room
      if (std::string problem = wait(); !problem.empty()) return problem;
    }
  }

 private:
  void touch() { progress_ = Clock::now(); }

  void refill(const Next& next) {
    out_.clear();
    sent_ = 0;
    while (std::optional<std::string> line = next()) {
      out_ += *line;
      out_ += '\n';
    }
  }

  std::string take_lines(const OnLine& on_line, const Done& done) {
    std::string& pending = session_.pending_;
    std::size_t begin = 0;
    std::string problem;
    while (problem.empty() && !done()) {
      const std::size_t end = pending.find('\n', std::max(begin, searched_));
      if (end == std::string::npos) break;
      problem = on_line(std::string_view(pending).substr(begin, end - begin));
      begin = end + 1;
      touch();
    }
    pending.erase(0, begin);
    searched_ = pending.size();
    return problem;
  }

  // Moves bytes; what stops the exchange, or "".
  std::string wait() {
    const double left = seconds_ - std::chrono::duration<double>(Clock::now() - progress_).count();
    if (left <= 0) return fmt::format("did not answer within {} s", seconds_);
    const bool writing = sent_ < out_.size() && child_.input() >= 0;
    pollfd fds[] = {{child_.output(), POLLIN, 0},
                    {log_open_ ? child_.log() : -1, POLLIN, 0},
                    {writing ? child_.input() : -1, POLLOUT, 0}};
    const int timeout = static_cast<int>(std::min(left * 1000 + 1, 1e6));
    if (::poll(fds, 3, timeout) < 0 && errno != EINTR) return "cannot be waited for";
    if (fds[1].revents != 0) read_log();
    if (log_bytes_ > allowance_) {
      return fmt::format("wrote more than {} bytes to stderr", allowance_);
    }
    if (fds[0].revents != 0 && !drain(child_.output(), session_.pending_, bytes_)) {
      return gone("closed its stdout");
    }
    if (bytes_ > allowance_) return fmt::format("wrote more than {} bytes to stdout", allowance_);
    if (fds[2].revents != 0) return send();
    return "";
  }

  void read_log() {
    std::string& log = session_.log_;
    log_open_ = drain(child_.log(), log, log_bytes_);
    if (log.size() > kMostLog) log.erase(0, log.size() - kMostLog);
  }

  std::string send() {
    const ssize_t put = ::write(child_.input(), out_.data() + sent_, out_.size() - sent_);
    if (put > 0) sent_ += static_cast<std::size_t>(put);
    if (put >= 0 || errno == EAGAIN || errno == EINTR) return "";
    return gone("closed its stdin");
  }

  // The last words of a device that is no longer there.
  std::string gone(const std::string& what) {
    for (int i = 0; log_open_ && i < 16; ++i) {
      pollfd log{child_.log(), POLLIN, 0};
      if (::poll(&log, 1, 20) <= 0) break;
      read_log();
    }
    const std::string ending = child_.ending();
    return child_.ended() ? ending : what;
  }

  Session& session_;
  Child& child_;
  double seconds_;
  std::uint64_t allowance_;
  Clock::time_point progress_;
  std::string out_;
  std::size_t sent_ = 0, searched_ = 0;
  std::uint64_t bytes_ = 0, log_bytes_ = 0;
  bool log_open_ = true;
};

namespace {

// The requests of one case and what has come back.
class Book {
 public:
  Book(const std::vector<Request>& requests, std::int64_t first)
      : requests_(requests), first_(first), results_(requests.size()) {}

  [[nodiscard]] bool complete() const { return answered_ == requests_.size(); }

  std::optional<std::string> next() {
    if (sent_ == requests_.size() || sent_ - answered_ >= kAhead) return std::nullopt;
    const std::size_t i = sent_++;
    return request_line(first_ + static_cast<std::int64_t>(i), requests_[i]);
  }

  std::string take(std::string_view line) {
    base::Result<Reply> read = read_reply(line);
    if (!read) return fmt::format("answered what is no answer, {}: {}", read.error(), shown(line));
    Reply reply = std::move(read).value();
    const std::int64_t i = reply.id - first_;
    if (reply.id < first_ || i >= static_cast<std::int64_t>(sent_)) {
      return fmt::format("answered request {}, which was not asked", reply.id);
    }
    const Request& request = requests_[static_cast<std::size_t>(i)];
    std::optional<tensor::Tensor>& slot = results_[static_cast<std::size_t>(i)];
    if (slot) return fmt::format("answered request {} twice", reply.id);
    if (!reply.result) {
      return fmt::format("refused {}: {}", base::printable(request.name), shown(reply.error));
    }
    if (std::string problem = misfit(request, *reply.result); !problem.empty()) {
      return fmt::format("answered {} wrongly: {}", base::printable(request.name), problem);
    }
    slot = std::move(reply.result);
    ++answered_;
    return "";
  }

  std::vector<tensor::Tensor> results() {
    std::vector<tensor::Tensor> out;
    for (auto& result : results_) out.push_back(std::move(*result));
    return out;
  }

 private:
  const std::vector<Request>& requests_;
  std::int64_t first_;
  std::vector<std::optional<tensor::Tensor>> results_;
  std::size_t sent_ = 0, answered_ = 0;
};

// Bytes of the answers as base64, and what a device may write beside them.
std::uint64_t allowance(const std::vector<Request>& requests, std::uint64_t beside) {
  std::uint64_t out = beside;
  for (const Request& r : requests) {
    const auto count = static_cast<std::uint64_t>(tensor::element_count(r.shape).value_or(0));
    out +=
        count * static_cast<std::uint64_t>(numerics::byte_width(r.dtype)) * 4 / 3 + kLineOverhead;
  }
  return out;
}

}  // namespace

Session::Session(Program program, const Limits& limits)
    : program_(std::move(program)), limits_(limits) {
  program_.memory_bytes = limits.memory_bytes;
}

Session::~Session() = default;

void Session::drop() {
  child_.reset();
  pending_.clear();
}

// "" or why there is no device.
std::string Session::start() {
  if (failures_ > limits_.restarts) {
    return fmt::format("is not started again after {} failures one after another", failures_);
  }
  drop();
  log_.clear();
  ++starts_;
  base::Result<std::unique_ptr<Child>> child = Child::start(program_);
  if (!child) return child.error();
  child_ = std::move(child).value();
  bool asked = false, greeted = false;
  std::string problem =
      Exchange(*this, limits_.hello_seconds, limits_.output_bytes)
          .run(
              [&]() -> std::optional<std::string> {
                return std::exchange(asked, true) ? std::nullopt : std::optional(hello_line());
              },
              [&](std::string_view line) -> std::string {
                const base::Result<Hello> hello = read_hello(line);
                if (!hello) {
                  return fmt::format("greeted with what is no greeting, {}: {}", hello.error(),
                                     shown(line));
                }
                hello_ = hello.value();
                greeted = true;
                return "";
              },
              [&] { return greeted; });
  if (problem.empty()) return "";
  return "at its start: " + problem;
}

Answers Session::ask(const std::vector<Request>& requests) {
  const std::lock_guard lock(mutex_);
  const NoBrokenPipe guard;
  Answers out;
  if (child_ != nullptr) {
    // What came between two cases belongs to none: such a device is started again.
    std::uint64_t bytes = 0;
    const bool open = drain(child_->output(), pending_, bytes);
    if (!open || !pending_.empty() || child_->ended()) drop();
  }
  if (child_ == nullptr) out.failure = start();
  if (out.failure.empty()) {
    Book book(requests, next_id_);
    next_id_ += static_cast<std::int64_t>(requests.size());
    out.failure =
        Exchange(*this, limits_.request_seconds, allowance(requests, limits_.output_bytes))
            .run([&] { return book.next(); },
                 [&](std::string_view line) { return book.take(line); },
                 [&] { return book.complete(); });
    if (out.failure.empty()) out.results = book.results();
  }
  if (out.failure.empty()) {
    failures_ = 0;
    return out;
  }
  ++failures_;
  out.log = log_excerpt(log_);
  drop();
  return out;
}

}  // namespace mxcheck::device
