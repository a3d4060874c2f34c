// One loop: messages, the answer of the process that computes, a sign of life.
#include "sim/cluster/worker.h"

#include <thread>

#include "sim/cluster/protocol.h"

namespace mxcheck::cluster {
namespace {

constexpr int kLeader = 0;

class Worker {
 public:
  Worker(std::unique_ptr<Post> post, std::unique_ptr<CaseServer> server,
         const Introduction& introduction)
      : post_(std::move(post)), server_(std::move(server)) {
    post_->send({kLeader, kHello, to_bytes(introduction)});
  }

  bool work() {
    Nap nap;
    while (!left_) {
      bool something = false;
      while (const std::optional<Message> message = post_->receive()) {
        heard_ = patience_.now();
        something = hear(*message) || something;
      }
      something = answer() || something;
      const std::chrono::milliseconds now = patience_.now();
      if (post_->gone() || now - heard_ > kSilence) return false;
      if (now - said_ >= kSignOfLife) {
        post_->send({kLeader, kAlive, ""});
        said_ = now;
      }
      if (something) nap.something();
      std::this_thread::sleep_for(nap.next());
    }
    server_.reset();
    post_->end(all_ ? Post::Leaving::kTogether : Post::Leaving::kAlone);
    return true;
  }

 private:
  bool hear(const Message& message) {
    if (message.tag == kLeave) {
      left_ = true;
      all_ = message.text == "all";
    }
    if (message.tag != kCase) return left_;
    asked_ = server_ != nullptr && server_->ask(message.text);
    if (!asked_) post_->send({kLeader, kUseless, "its process is gone"});
    return true;
  }

  bool answer() {
    if (!asked_) return false;
    std::optional<Answer> answer = server_->poll(0);
    if (!answer) return false;
    if (answer->kind == Answer::Kind::kBegun) {
      post_->send({kLeader, kBegun, ""});
      return true;
    }
    asked_ = false;
    constexpr std::size_t kMostBytes = std::size_t{1} << 30;
    if (answer->text.size() > kMostBytes) {
      *answer = {Answer::Kind::kDied, "its result has more than 1 GiB"};
    }
    const Tag tag = answer->kind == Answer::Kind::kReply  ? kResult
                    : answer->kind == Answer::Kind::kDied ? kDied
                                                          : kUseless;
    post_->send({kLeader, tag, std::move(answer->text)});
    return true;
  }

  std::unique_ptr<Post> post_;
  std::unique_ptr<CaseServer> server_;
  Patience patience_;
  std::chrono::milliseconds heard_{0}, said_{0};
  bool asked_ = false, left_ = false, all_ = false;
};

}  // namespace

bool work(std::unique_ptr<Post> post, std::unique_ptr<CaseServer> server,
          const Introduction& introduction) {
  return Worker(std::move(post), std::move(server), introduction).work();
}

}  // namespace mxcheck::cluster
