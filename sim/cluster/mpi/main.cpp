// mxcheck-mpi FD: the courier of one rank (courier.h). Carries messages between its socket and MPI,
// computes nothing, knows no cases. `mxcheck run` starts it under mpirun; of no use by hand.
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "sim/cluster/courier.h"
#include "sim/cluster/frames.h"
#include "sim/cluster/mpi/mailbox.h"
#include "sim/cluster/protocol.h"

namespace {

using namespace mxcheck::cluster;

// How long the last messages may take to leave.
constexpr std::chrono::milliseconds kLastMessages{2'000};
constexpr unsigned kEndSeconds = 10;

class Carrier {
 public:
  explicit Carrier(int socket) : socket_(socket) {}

  // False if the process it carries for is gone, or some rank.
  bool carry() {
    const Message self{mailbox_.rank(), 1, std::to_string(mailbox_.size())};
    if (!write_frame(socket_, to_bytes(self))) return false;
    Nap nap;
    while (true) {
      bool something = false;
      while (std::optional<Message> message = mailbox_.receive()) {
        if (!write_frame(socket_, to_bytes(*message))) return false;
        something = true;
      }
      pollfd watched{socket_, POLLIN, 0};
      while (::poll(&watched, 1, 0) > 0) {
        const std::optional<std::string> bytes = read_frame(socket_);
        std::optional<Message> message = bytes ? message_from(*bytes) : std::nullopt;
        if (!message) return false;
        if (message->tag == kEndTag) return leave(message->text == "together");
        mailbox_.send(std::move(*message));
        something = true;
      }
      if (something) nap.something();
      std::this_thread::sleep_for(nap.next());
    }
  }

 private:
  bool leave(bool together) {
    const bool sent = mailbox_.flush(kLastMessages);
    if (!together || !sent) return false;
    // A rank that died since it was heard last is not there for MPI's end; then the alarm ends
    // this.
    ::alarm(kEndSeconds);
    mailbox_.end();
    return true;
  }

  int socket_;
  Mailbox mailbox_;
};

}  // namespace

int main(int argc, char** argv) {
  const long number = argc == 2 ? std::strtol(argv[1], nullptr, 10) : -1;
  const int socket = number < 3 || number > INT_MAX ? -1 : static_cast<int>(number);
  sockaddr address{};
  socklen_t size = sizeof address;
  if (socket < 3 || ::getsockname(socket, &address, &size) != 0) {
    static_cast<void>(
        std::fputs("mxcheck-mpi is started by mxcheck: mpirun -n N mxcheck run ...\n", stderr));
    return 4;
  }
  // It ends with the process it carries for, which may have something to write first.
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) static_cast<void>(::signal(signal, SIG_IGN));
  const bool together = Carrier(socket).carry();
  // Without MPI's end: it would wait for ranks that are gone.
  if (!together) ::_exit(0);
  return 0;
}
