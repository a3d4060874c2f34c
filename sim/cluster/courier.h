// A post by a program of its own, the courier (sim/cluster/mpi), which alone knows of MPI: what it
// does when a rank dies, or is killed for, costs this process nothing but its messages.
//
// Frames on a socket. To the courier: rank, tag, text; tag 0 is the end. From it: once its rank and
// the number of ranks, then rank, tag, text.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <memory>

#include "sim/base/result.h"
#include "sim/cluster/post.h"

namespace mxcheck::cluster {

inline constexpr int kEndTag = 0;

// A message as bytes on the socket.
[[nodiscard]] std::string to_bytes(const Message& message);
[[nodiscard]] std::optional<Message> message_from(const std::string& bytes);

class Courier : public Post {
 public:
  // Starts PROGRAM FD, where FD is the number of its end of the socket.
  [[nodiscard]] static base::Result<std::unique_ptr<Courier>> start(
      const std::filesystem::path& program);
  ~Courier() override;
  Courier(const Courier&) = delete;
  Courier& operator=(const Courier&) = delete;

  // Waits until the courier knows who it is; false if it does not come to that.
  [[nodiscard]] bool meet();
  [[nodiscard]] int rank() const override { return rank_; }
  [[nodiscard]] int size() const override { return size_; }
  void send(Message message) override;
  [[nodiscard]] std::optional<Message> receive() override;
  [[nodiscard]] bool gone() const override { return gone_; }
  void end(Leaving leaving) override;

 private:
  Courier(int socket, pid_t process) : socket_(socket), process_(process) {}

  int socket_;
  pid_t process_;
  int rank_ = 0, size_ = 1;
  std::string have_;
  bool gone_ = false;
};

}  // namespace mxcheck::cluster
