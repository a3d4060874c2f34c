// A case is in exactly one place: waiting, at a worker, or out of here.
#include "sim/cluster/hand_out.h"

namespace mxcheck::cluster {

std::optional<HandOut::Pair> HandOut::assign() {
  if (idle_.empty() || waiting_.empty()) return std::nullopt;
  const Pair pair{*idle_.begin(), waiting_.front()};
  idle_.erase(idle_.begin());
  waiting_.pop_front();
  busy_.emplace(pair.worker, Hand{pair.ticket});
  return pair;
}

std::optional<HandOut::Ticket> HandOut::at(Worker worker) const {
  const auto found = busy_.find(worker);
  return found == busy_.end() ? std::nullopt : std::optional(found->second.ticket);
}

void HandOut::begin(Worker worker) {
  const auto found = busy_.find(worker);
  if (found != busy_.end()) found->second.begun = true;
}

std::optional<HandOut::Ticket> HandOut::finish(Worker worker) {
  const std::optional<Ticket> ticket = at(worker);
  if (!ticket) return std::nullopt;
  busy_.erase(worker);
  deaths_.erase(*ticket);
  idle_.insert(worker);
  return ticket;
}

std::optional<HandOut::GivenUp> HandOut::return_case(Worker worker, const std::string& reason) {
  const auto found = busy_.find(worker);
  if (found == busy_.end()) return std::nullopt;
  const Hand hand = found->second;
  busy_.erase(found);
  std::vector<std::string>& reasons = deaths_[hand.ticket];
  if (hand.begun) reasons.push_back(reason);
  if (reasons.size() < 2) {
    waiting_.push_front(hand.ticket);
    return std::nullopt;
  }
  GivenUp out{hand.ticket, reasons};
  deaths_.erase(hand.ticket);
  return out;
}

std::optional<HandOut::GivenUp> HandOut::fail(Worker worker, const std::string& reason) {
  begin(worker);  // what cannot be finished was begun
  std::optional<GivenUp> out = return_case(worker, reason);
  idle_.insert(worker);
  return out;
}

std::optional<HandOut::GivenUp> HandOut::lose(Worker worker, const std::string& reason) {
  std::optional<GivenUp> out = return_case(worker, reason);
  idle_.erase(worker);
  return out;
}

std::vector<HandOut::Ticket> HandOut::withdraw() {
  std::vector<Ticket> out(waiting_.begin(), waiting_.end());
  waiting_.clear();
  return out;
}

}  // namespace mxcheck::cluster
