// A pool of threads for loops whose turns are independent: every turn writes its own place, so the
// result does not depend on how many threads there are or which finishes first.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

namespace mxcheck::base {

class Pool {
 public:
  // `threads` in all, the calling one included; at least 1.
  explicit Pool(unsigned threads);
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  [[nodiscard]] unsigned threads() const { return threads_; }
  // turn(i) for every i in [0, count), in any order, some at a time; returns when all are done. The
  // first exception a turn throws is thrown again here. One loop at a time: a turn may not start
  // another on the same pool.
  void run(std::int64_t count, const std::function<void(std::int64_t)>& turn);

 private:
  struct Workers;
  unsigned threads_;
  std::unique_ptr<Workers> workers_;
};

}  // namespace mxcheck::base
