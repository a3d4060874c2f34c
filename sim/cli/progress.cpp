// The time left is the time so far, scaled: cases differ, so it is rounded to what it is worth.
#include "sim/cli/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>

namespace mxcheck::cli {
namespace {

std::string duration_text(double seconds) {
  const auto whole = std::llround(seconds);
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
}

}  // namespace

Progress::Progress(const po::variables_map& map, std::size_t total) : total_(total) {
  on_ = one_of(map, "progress", "auto", {"auto", "never"}) == "auto" &&
        isatty(STDERR_FILENO) == 1 && isatty(STDOUT_FILENO) == 1;
}

void Progress::clear() {
  if (shown_) fmt::print(stderr, "\r\x1b[K");
  shown_ = false;
}

void Progress::step(Outcome outcome) {
  ++done_;
  if (outcome == Outcome::kFailed) ++failed_;
  const Clock::time_point now = Clock::now();
  if (!on_ || now < next_) return;
  next_ = now + std::chrono::milliseconds(100);
  const double elapsed = std::chrono::duration<double>(now - start_).count();
  const double left = elapsed * static_cast<double>(total_ - done_) / static_cast<double>(done_);
  fmt::print(stderr, "\r\x1b[K{}/{} cases, {} failed, about {} left", done_, total_, failed_,
             duration_text(left));
  static_cast<void>(std::fflush(stderr));
  shown_ = true;
}

}  // namespace mxcheck::cli
