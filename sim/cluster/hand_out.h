// Which worker computes which case: plain bookkeeping, without processes or messages.
//
// Cases are handed out as workers ask for more, first come first served. A case whose worker dies
// is handed out once more, before all others; if that one dies as well the case is given up. What a
// lost worker had not begun is not blamed for it: the worker was gone before the case came. A
// worker that is lost never gets another case.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace mxcheck::cluster {

class HandOut {
 public:
  using Worker = int;
  using Ticket = std::size_t;  // a case that is asked for, numbered by the caller
  struct Pair {
    Worker worker;
    Ticket ticket;
  };
  // A case that a second worker died of, and how both did.
  struct GivenUp {
    Ticket ticket;
    std::vector<std::string> reasons;
  };

  void join(Worker worker) { idle_.insert(worker); }
  void submit(Ticket ticket) { waiting_.push_back(ticket); }
  // An idle worker and the case it must begin now.
  [[nodiscard]] std::optional<Pair> assign();
  // The worker has its case and computes it from now on.
  void begin(Worker worker);
  // What the worker had, which is done; nullopt if it had nothing.
  [[nodiscard]] std::optional<Ticket> finish(Worker worker);
  // The worker could not finish its case and takes others.
  [[nodiscard]] std::optional<GivenUp> fail(Worker worker, const std::string& reason);
  // The worker is gone.
  [[nodiscard]] std::optional<GivenUp> lose(Worker worker, const std::string& reason);
  // Takes back all that waits, for want of workers.
  [[nodiscard]] std::vector<Ticket> withdraw();

  [[nodiscard]] bool has_workers() const { return !idle_.empty() || !busy_.empty(); }
  [[nodiscard]] std::optional<Ticket> at(Worker worker) const;

 private:
  struct Hand {
    Ticket ticket;
    bool begun = false;
  };
  // The case waits again, before all others, or is given up.
  [[nodiscard]] std::optional<GivenUp> return_case(Worker worker, const std::string& reason);

  std::set<Worker> idle_;
  std::map<Worker, Hand> busy_;
  std::deque<Ticket> waiting_;
  std::map<Ticket, std::vector<std::string>> deaths_;
};

}  // namespace mxcheck::cluster
