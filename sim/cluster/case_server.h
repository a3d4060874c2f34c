// Answers requests in a process of its own, so that one that crashes takes nothing else with it.
//
// start() forks a keeper. The keeper forks the process that computes, hands it one request after
// the other, and when it dies says so and forks the next: whatever was loaded before start() is
// there at once. The keeper and what it started end with this object or this process. Start it
// before the first thread: a fork copies only the thread that calls it.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "sim/base/result.h"

namespace mxcheck::cluster {

// kLast: what answered must not be asked again, the next request gets a fresh process.
enum class Then { kNext, kLast };
struct Reply {
  std::string bytes;
  Then then = Then::kNext;
};

struct Answer {
  enum class Kind {
    kBegun,  // the request has arrived; what came of it follows
    kReply,
    kDied,  // while it computed; `text` says how
    kGone,  // the keeper is no more, and with it this server
  };
  Kind kind = Kind::kReply;
  std::string text;
};

class CaseServer {
 public:
  using Compute = std::function<Reply(const std::string& request)>;

  [[nodiscard]] static base::Result<std::unique_ptr<CaseServer>> start(const Compute& compute);
  ~CaseServer();
  CaseServer(const CaseServer&) = delete;
  CaseServer& operator=(const CaseServer&) = delete;

  // One request at a time; false if the server is gone.
  [[nodiscard]] bool ask(const std::string& request);
  // That it has arrived, later what came of it, if that is known within the time; 0: no waiting.
  [[nodiscard]] std::optional<Answer> poll(int milliseconds);
  [[nodiscard]] pid_t keeper() const { return keeper_; }

 private:
  CaseServer(int socket, pid_t keeper) : socket_(socket), keeper_(keeper) {}
  std::optional<Answer> take();

  int socket_;
  pid_t keeper_;
  std::string have_;  // of the answer so far
  bool gone_ = false;
};

}  // namespace mxcheck::cluster
