// Plain arrays of bytes, one MPI message each: what Boost.MPI does for other types takes two, and a
// rank that dies between them would leave the other side waiting.
#include "sim/cluster/mpi/mailbox.h"

#include <limits>
#include <thread>

#include "sim/base/check.h"

namespace mxcheck::cluster {

namespace mpi = boost::mpi;

Mailbox::Mailbox() : environment_(new mpi::environment(false)) {
  // A send to a dead rank must not end this one.
  MPI_Comm_set_errhandler(world_, MPI_ERRORS_RETURN);
}

Mailbox::~Mailbox() {
  // A request that is still open belongs to MPI, as does its buffer: both stay to the end.
  static std::list<Pending> open;
  open.splice(open.end(), sending_);
  open.splice(open.end(), receiving_);
}

void Mailbox::end() {
  delete environment_;
  environment_ = nullptr;
}

void Mailbox::send(Message message) {
  MXCHECK_CHECK(message.text.size() <= static_cast<std::size_t>(std::numeric_limits<int>::max()),
                "a message of more than 2 GiB");
  Pending& one = sending_.emplace_back(Pending{std::move(message), {}});
  const std::string& bytes = one.message.text;
  one.request =
      world_.isend(one.message.rank, one.message.tag, bytes.data(), static_cast<int>(bytes.size()));
}

bool Mailbox::sweep() {
  sending_.remove_if([](Pending& one) {
    try {
      return one.request.test().has_value();
    } catch (const mpi::exception&) {
      return true;  // to a rank that is gone
    }
  });
  return sending_.empty();
}

void Mailbox::begin_receiving() {
  while (const boost::optional<mpi::status> status = world_.iprobe(mpi::any_source, mpi::any_tag)) {
    const int size = status->count<char>().value_or(0);
    Pending& one = receiving_.emplace_back(Pending{
        {status->source(), status->tag(), std::string(static_cast<std::size_t>(size), '\0')}, {}});
    one.request = world_.irecv(one.message.rank, one.message.tag, one.message.text.data(), size);
  }
}

std::optional<Message> Mailbox::receive() {
  sweep();
  begin_receiving();
  for (auto one = receiving_.begin(); one != receiving_.end(); ++one) {
    if (!one->request.test()) continue;
    Message out = std::move(one->message);
    receiving_.erase(one);
    return out;
  }
  return std::nullopt;
}

bool Mailbox::flush(std::chrono::milliseconds most) {
  const auto end = std::chrono::steady_clock::now() + most;
  while (!sweep()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

}  // namespace mxcheck::cluster
