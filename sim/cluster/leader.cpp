// One thread talks, the threads of the run wait for their tickets. Worker 0 is the process of rank
// 0 itself, worker r the rank r.
#include "sim/cluster/leader.h"

#include <fmt/format.h>

#include "sim/base/text.h"
#include "sim/cluster/case_wire.h"
#include "sim/suite/case_result.h"

namespace mxcheck::cluster {
namespace {

constexpr int kOwn = 0;

}  // namespace

Leader::Leader(Setup setup) : setup_(std::move(setup)) {
  thread_ = std::thread([this] { talk(); });
}

Leader::~Leader() { finish(); }

void Leader::finish() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  if (thread_.joinable()) thread_.join();
}

std::optional<suite::CaseRun> Leader::run(const std::shared_ptr<const casefile::Case>& c) {
  Task task;
  {
    std::unique_lock lock(mutex_);
    const HandOut::Ticket ticket = next_++;
    tasks_[ticket].id = c->id;
    submitted_.push_back(ticket);
    changed_.wait(lock, [&] { return tasks_[ticket].end != End::kOpen; });
    task = std::move(tasks_[ticket]);
    tasks_.erase(ticket);
  }
  if (task.end == End::kStopped) return std::nullopt;
  if (task.end == End::kGivenUp) return given_up_run(*c, task.text);
  if (task.end == End::kResult) {
    std::optional<suite::CaseRun> run = from_bytes(task.text);
    return run ? std::move(*run) : given_up_run(*c, "its result cannot be read");
  }
  std::atomic<bool> abandoned = false;
  return suite::run_in_time(c, setup_.options, abandoned);
}

suite::CaseRun Leader::given_up_run(const casefile::Case& c, const std::string& why) const {
  suite::CaseRun run;
  run.result = suite::blank_result(c, setup_.options.cases);
  run.result.status = reports::Status::kSuiteError;
  run.result.reason = why;
  return run;
}

void Leader::talk() {
  peers_.resize(static_cast<std::size_t>(setup_.post->size()));
  if (setup_.own) hand_out_.join(kOwn);
  Nap nap;
  while (true) {
    if (turn()) nap.something();
    {
      const std::lock_guard lock(mutex_);
      if (closing_ && tasks_.empty()) break;
    }
    std::this_thread::sleep_for(nap.next());
  }
  say_goodbye();
}

// True if anything happened.
bool Leader::turn() {
  bool something = false;
  {
    const std::lock_guard lock(mutex_);
    for (const HandOut::Ticket ticket : submitted_) hand_out_.submit(ticket);
    something = !submitted_.empty();
    submitted_.clear();
  }
  while (std::optional<Message> message = setup_.post->receive()) {
    something = hear(std::move(*message)) || something;
  }
  something = hear_own() || something;
  listen_for_silence();
  give_signs_of_life();
  something = hand_out() || something;
  if (stopped()) close_tasks();
  return something;
}

bool Leader::hear(Message message) {
  Peer& peer = peers_[static_cast<std::size_t>(message.rank)];
  peer.heard = patience_.now();
  if (peer.lost) return false;  // too late: its case went to another
  switch (message.tag) {
    case kHello:
      greet(peer, message);
      break;
    case kBegun:
      hand_out_.begin(message.rank);
      break;
    case kResult:
      if (const auto ticket = hand_out_.finish(message.rank)) {
        close(*ticket, End::kResult, std::move(message.text));
      }
      break;
    case kDied:
      give_up(hand_out_.fail(message.rank, fmt::format("on {}: {}", peer.host, message.text)));
      break;
    case kUseless:
      lose(message.rank, message.text);
      break;
    default:
      return false;  // a sign of life
  }
  return true;
}

void Leader::greet(Peer& peer, const Message& message) {
  const std::optional<Introduction> worker = introduction_from(message.text);
  peer.host = worker ? base::printable(worker->host) : "an unknown host";
  const std::string reason =
      worker ? difference(setup_.introduction, *worker) : "it is another build";
  if (reason.empty()) {
    hand_out_.join(message.rank);
    return;
  }
  lose(message.rank, reason);
}

void Leader::lose(int rank, const std::string& reason) {
  Peer& peer = peers_[static_cast<std::size_t>(rank)];
  const std::string where = rank == kOwn ? "here" : "on " + peer.host;
  const std::optional<HandOut::Ticket> had = hand_out_.at(rank);
  const std::optional<std::string> id = had ? id_of(*had) : std::nullopt;
  const std::string again =
      id ? fmt::format(", its case {} goes to another", base::printable(*id)) : "";
  if (rank != kOwn) peer.lost = true;
  setup_.notice(fmt::format("rank {} {} computes no more{}: {}", rank, where, again,
                            base::printable(reason)));
  give_up(hand_out_.lose(rank, fmt::format("{}: {}", where, reason)));
}

void Leader::give_up(const std::optional<HandOut::GivenUp>& given_up) {
  if (!given_up) return;
  close(given_up->ticket, End::kGivenUp,
        fmt::format("the process that computed it died twice: {}",
                    base::join(given_up->reasons, "; ")));
}

bool Leader::hear_own() {
  if (!own_is_asked_) return false;
  const std::optional<Answer> answer = setup_.own->poll(0);
  if (!answer) return false;
  own_is_asked_ = answer->kind == Answer::Kind::kBegun;
  switch (answer->kind) {
    case Answer::Kind::kBegun:
      hand_out_.begin(kOwn);
      break;
    case Answer::Kind::kReply:
      if (const auto ticket = hand_out_.finish(kOwn)) close(*ticket, End::kResult, answer->text);
      break;
    case Answer::Kind::kDied:
      give_up(hand_out_.fail(kOwn, "here: " + answer->text));
      break;
    case Answer::Kind::kGone:
      lose(kOwn, answer->text);
      break;
  }
  return true;
}

void Leader::listen_for_silence() {
  const std::chrono::milliseconds now = patience_.now();
  for (std::size_t rank = 1; rank < peers_.size(); ++rank) {
    Peer& peer = peers_[rank];
    const bool silent = now - peer.heard >= kSilence;
    peer.dead = peer.dead || silent;
    if (peer.lost || !(silent || setup_.post->gone())) continue;
    if (peer.host.empty()) peer.host = "an unknown host";
    lose(static_cast<int>(rank), silent ? fmt::format("silent for {} s", kSilence.count() / 1000)
                                        : std::string("no rank can be reached"));
  }
}

void Leader::give_signs_of_life() {
  const std::chrono::milliseconds now = patience_.now();
  if (now - said_ < kSignOfLife) return;
  said_ = now;
  for (std::size_t rank = 1; rank < peers_.size(); ++rank) {
    if (!peers_[rank].dead) setup_.post->send({static_cast<int>(rank), kAlive, ""});
  }
}

bool Leader::hand_out() {
  bool something = false;
  while (const std::optional<HandOut::Pair> pair = hand_out_.assign()) {
    const std::optional<std::string> id = id_of(pair->ticket);
    something = true;
    if (!id) {  // nobody waits for it any more
      static_cast<void>(hand_out_.finish(pair->worker));
      continue;
    }
    if (pair->worker != kOwn) {
      setup_.post->send({pair->worker, kCase, *id});
      continue;
    }
    own_is_asked_ = setup_.own->ask(*id);
    if (!own_is_asked_) lose(kOwn, "its process is gone");
  }
  // Ranks that have not said a word yet may still come; they are not waited for.
  if (hand_out_.has_workers()) return something;
  for (const HandOut::Ticket ticket : hand_out_.withdraw()) close(ticket, End::kWithdrawn, "");
  return something;
}

std::optional<std::string> Leader::id_of(HandOut::Ticket ticket) {
  const std::lock_guard lock(mutex_);
  const auto found = tasks_.find(ticket);
  return found == tasks_.end() ? std::nullopt : std::optional(found->second.id);
}

void Leader::close(HandOut::Ticket ticket, End end, std::string text) {
  const std::lock_guard lock(mutex_);
  const auto found = tasks_.find(ticket);
  if (found == tasks_.end() || found->second.end != End::kOpen) return;
  found->second.end = end;
  found->second.text = std::move(text);
  changed_.notify_all();
}

bool Leader::stopped() const {
  return setup_.options.stop != nullptr && setup_.options.stop->load();
}

void Leader::close_tasks() {
  const std::lock_guard lock(mutex_);
  for (auto& [ticket, task] : tasks_) {
    if (task.end == End::kOpen) task.end = End::kStopped;
  }
  changed_.notify_all();
}

void Leader::say_goodbye() {
  bool all = true;
  for (std::size_t rank = 1; rank < peers_.size(); ++rank) all = all && !peers_[rank].dead;
  for (std::size_t rank = 1; rank < peers_.size(); ++rank) {
    setup_.post->send({static_cast<int>(rank), kLeave, all ? "all" : "alone"});
  }
  setup_.own.reset();
  setup_.post->end(all ? Post::Leaving::kTogether : Post::Leaving::kAlone);
}

}  // namespace mxcheck::cluster
