// Boost.Asio's thread pool; turns are handed out by one shared counter.
#include "sim/base/parallel.h"

#include <algorithm>
#include <atomic>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <exception>
#include <latch>
#include <mutex>

namespace mxcheck::base {

struct Pool::Workers {
  explicit Workers(unsigned count) : threads(count) {}
  boost::asio::thread_pool threads;
};

Pool::Pool(unsigned threads) : threads_(std::max(threads, 1U)) {
  if (threads_ > 1) workers_ = std::make_unique<Workers>(threads_ - 1);
}
Pool::~Pool() = default;

void Pool::run(std::int64_t count, const std::function<void(std::int64_t)>& turn) {
  if (count <= 0) return;
  if (workers_ == nullptr || count == 1) {
    for (std::int64_t i = 0; i < count; ++i) turn(i);
    return;
  }
  std::atomic<std::int64_t> next{0};
  std::exception_ptr failure;
  std::mutex failure_mutex;
  const auto work = [&] {
    try {
      for (std::int64_t i = next++; i < count; i = next++) turn(i);
    } catch (...) {
      const std::scoped_lock lock(failure_mutex);
      if (!failure) failure = std::current_exception();
      next = count;
    }
  };
  const auto helpers = static_cast<std::ptrdiff_t>(std::min<std::int64_t>(count - 1, threads_ - 1));
  std::latch done(helpers);
  for (std::ptrdiff_t i = 0; i < helpers; ++i) {
    boost::asio::post(workers_->threads, [&] {
      work();
      done.count_down();
    });
  }
  work();
  done.wait();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace mxcheck::base
