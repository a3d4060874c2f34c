// Messages between the processes of one run, which never wait for the other side: it may be dead.
#pragma once

#include <optional>
#include <string>

namespace mxcheck::cluster {

struct Message {
  int rank = 0;  // of the other side
  int tag = 0;   // above 0
  std::string text;
};

class Post {
 public:
  virtual ~Post() = default;

  [[nodiscard]] virtual int rank() const = 0;
  [[nodiscard]] virtual int size() const = 0;
  virtual void send(Message message) = 0;
  // A message that is whole; nullopt if there is none now.
  [[nodiscard]] virtual std::optional<Message> receive() = 0;
  // Nobody can be reached any more.
  [[nodiscard]] virtual bool gone() const = 0;
  // The last call. kTogether: every rank makes it. kAlone: some cannot.
  enum class Leaving { kTogether, kAlone };
  virtual void end(Leaving leaving) = 0;
};

}  // namespace mxcheck::cluster
