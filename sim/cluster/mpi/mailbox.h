// Messages between MPI ranks that never wait for the other side. All calls from one thread.
#pragma once

#include <boost/mpi.hpp>
#include <chrono>
#include <list>
#include <optional>

#include "sim/cluster/post.h"

namespace mxcheck::cluster {

class Mailbox {
 public:
  Mailbox();  // MPI's own start, which waits for every rank
  // Without MPI's end, see end().
  ~Mailbox();
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  [[nodiscard]] int rank() const { return world_.rank(); }
  [[nodiscard]] int size() const { return world_.size(); }

  void send(Message message);
  [[nodiscard]] std::optional<Message> receive();
  // Lets messages leave, for so long at most; true if all have left.
  bool flush(std::chrono::milliseconds most);
  // MPI's own end, which waits for every rank.
  void end();

 private:
  struct Pending {
    Message message;
    boost::mpi::request request;
  };
  void begin_receiving();
  bool sweep();

  boost::mpi::environment* environment_;
  boost::mpi::communicator world_;
  std::list<Pending> sending_, receiving_;
};

}  // namespace mxcheck::cluster
