// Rank 0: hands the cases of a run out to the other ranks and to a process of its own, and takes
// what comes back. A rank that falls silent, or whose process dies, costs the case it had one more
// try elsewhere; without any rank left the calling thread computes itself.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "sim/cluster/case_server.h"
#include "sim/cluster/hand_out.h"
#include "sim/cluster/introduction.h"
#include "sim/cluster/post.h"
#include "sim/cluster/protocol.h"
#include "sim/suite/run_suite.h"

namespace mxcheck::cluster {

class Leader : public suite::CaseRunner {
 public:
  struct Setup {
    std::unique_ptr<Post> post;
    std::unique_ptr<CaseServer> own;  // null: only the others compute
    Introduction introduction;
    suite::SuiteOptions options;                     // for what is computed by the calling threads
    std::function<void(const std::string&)> notice;  // a rank that is left out or lost
  };
  // Starts the thread that talks.
  explicit Leader(Setup setup);
  ~Leader() override;

  [[nodiscard]] std::optional<suite::CaseRun> run(
      const std::shared_ptr<const casefile::Case>& c) override;
  [[nodiscard]] int size() const { return setup_.post->size(); }
  // Sends everyone home. All results must have been taken.
  void finish();

 private:
  struct Peer {
    bool lost = false;  // gets no case
    bool dead = false;  // says nothing
    std::string host;
    std::chrono::milliseconds heard{0};
  };
  enum class End { kOpen, kResult, kGivenUp, kWithdrawn, kStopped };
  struct Task {
    std::string id;
    End end = End::kOpen;
    std::string text;  // bytes of the result, or why it was given up
  };

  void talk();
  bool turn();
  bool hear(Message message);
  bool hear_own();
  bool hand_out();
  void greet(Peer& peer, const Message& message);
  void listen_for_silence();
  void give_signs_of_life();
  void close_tasks();
  void say_goodbye();
  void lose(int rank, const std::string& reason);
  // nullopt: nobody waits for the case any more.
  [[nodiscard]] std::optional<std::string> id_of(HandOut::Ticket ticket);
  void close(HandOut::Ticket ticket, End end, std::string text);
  void give_up(const std::optional<HandOut::GivenUp>& given_up);
  [[nodiscard]] bool stopped() const;
  [[nodiscard]] suite::CaseRun given_up_run(const casefile::Case& c, const std::string& why) const;

  Setup setup_;
  // Of the thread that talks.
  std::vector<Peer> peers_;
  HandOut hand_out_;
  Patience patience_;
  std::chrono::milliseconds said_{0};
  bool own_is_asked_ = false;
  // Of both.
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<HandOut::Ticket, Task> tasks_;
  std::vector<HandOut::Ticket> submitted_;
  HandOut::Ticket next_ = 0;
  bool closing_ = false;
  std::thread thread_;
};

}  // namespace mxcheck::cluster
