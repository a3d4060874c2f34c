// Output is read and, but for its end, thrown away: a program may not block on it.
#include "sim/device/run_program.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "sim/device/session.h"

namespace mxcheck::device {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t kMostLog = 4096;
constexpr std::size_t kBlock = std::size_t{1} << 16;
constexpr int kRoundMs = 200;

// False at the end of the stream.
bool keep_end(int fd, std::string& log, std::uint64_t& bytes) {
  char block[kBlock];
  const ssize_t got = ::read(fd, block, sizeof(block));
  if (got > 0) {
    bytes += static_cast<std::uint64_t>(got);
    log.append(block, static_cast<std::size_t>(got));
    if (log.size() > kMostLog) log.erase(0, log.size() - kMostLog);
  }
  return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

}  // namespace

ProgramEnd run_program(Program program, const Limits& limits) {
  program.memory_bytes = limits.memory_bytes;
  base::Result<std::unique_ptr<Child>> started = Child::start(program);
  if (!started) return {started.error(), ""};
  Child& child = *started.value();
  child.close_input();
  ProgramEnd out;
  const Clock::time_point begin = Clock::now();
  bool output = true, log = true;
  std::uint64_t bytes = 0;
  while (out.failure.empty() && !child.ended()) {
    pollfd fds[] = {{output ? child.output() : -1, POLLIN, 0},
                    {log ? child.log() : -1, POLLIN, 0},
                    {child.status(), POLLIN, 0}};
    static_cast<void>(::poll(fds, 3, kRoundMs));
    if (fds[0].revents != 0) output = keep_end(child.output(), out.log, bytes);
    if (fds[1].revents != 0) log = keep_end(child.log(), out.log, bytes);
    if (bytes > limits.output_bytes) {
      out.failure = fmt::format("wrote more than {} bytes", limits.output_bytes);
    } else if (std::chrono::duration<double>(Clock::now() - begin).count() >
               limits.request_seconds) {
      out.failure = fmt::format("did not end within {} s", limits.request_seconds);
    }
  }
  if (out.failure.empty()) {
    for (bool more = true; more && output;) {
      const std::uint64_t before = bytes;
      output = keep_end(child.output(), out.log, bytes);
      more = bytes != before;
    }
    for (bool more = true; more && log;) {
      const std::uint64_t before = bytes;
      log = keep_end(child.log(), out.log, bytes);
      more = bytes != before;
    }
    if (child.exit_code() != 0) out.failure = child.ending();
  }
  out.log = log_excerpt(out.log);
  return out;
}

}  // namespace mxcheck::device
