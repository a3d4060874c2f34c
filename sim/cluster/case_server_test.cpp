// A process of its own for every answer that kills it, and the same one for those that do not.
#include "sim/cluster/case_server.h"

#include <signal.h>
#include <unistd.h>

#include <catch2/catch.hpp>

namespace mxcheck::cluster {
namespace {

constexpr int kWritten = 200;  // milliseconds: enough to fill a socket

// A reply longer than a socket holds. Its reader is held until this process waits for it to read
// on; then this one is stopped for good, and the reader has the beginning.
Reply stopped_while_answering() {
  const pid_t self = ::getpid(), reader = ::getppid();
  if (::fork() == 0) {
    ::kill(reader, SIGSTOP);
    ::usleep(kWritten * 1000);
    ::kill(self, SIGSTOP);
    ::kill(reader, SIGCONT);
    ::_exit(0);
  }
  return {std::string(std::size_t{16} << 20, 'x'), Then::kNext};
}

Reply compute(const std::string& request) {
  if (request == "stopped") return stopped_while_answering();
  if (request == "die") static_cast<void>(::raise(SIGKILL));
  if (request == "leave") ::_exit(7);
  if (request == "pid") return {std::to_string(::getpid()), Then::kNext};
  if (request == "last") return {std::to_string(::getpid()), Then::kLast};
  if (request == "large") return {std::string(std::size_t{3} << 20, 'x'), Then::kNext};
  return {"answer to " + request, Then::kNext};
}

std::unique_ptr<CaseServer> started() {
  auto server = CaseServer::start(compute);
  REQUIRE(server.ok());
  return std::move(server).value();
}

constexpr int kForever = -1;

Answer next_of(CaseServer& server) {
  while (true) {
    if (std::optional<Answer> out = server.poll(kForever)) return *std::move(out);
  }
}

// What came of it; that it has arrived is told before.
Answer answer(CaseServer& server, const std::string& request) {
  if (!server.ask(request)) return {Answer::Kind::kGone, ""};
  const Answer first = next_of(server);
  if (first.kind == Answer::Kind::kGone) return first;
  CHECK(first.kind == Answer::Kind::kBegun);
  return next_of(server);
}

}  // namespace

TEST_CASE("requests are answered one after the other by one process", "[case_server]") {
  const auto server = started();
  CHECK(answer(*server, "x").text == "answer to x");
  CHECK(answer(*server, "").text == "answer to ");
  CHECK(answer(*server, "large").text.size() == std::size_t{3} << 20);
  const std::string pid = answer(*server, "pid").text;
  CHECK(answer(*server, "pid").text == pid);
  CHECK(pid != std::to_string(::getpid()));
  CHECK_FALSE(server->poll(0).has_value());  // nothing was asked
}

TEST_CASE("a process that dies is told with how, and the next request has another",
          "[case_server]") {
  const auto server = started();
  const std::string pid = answer(*server, "pid").text;
  for (int turn = 0; turn < 3; ++turn) {
    const Answer died = answer(*server, "die");
    CHECK(died.kind == Answer::Kind::kDied);
    CHECK(died.text == "killed by signal 9 (Killed)");
    CHECK(answer(*server, "leave").text == "ended with code 7");
    const Answer next = answer(*server, "pid");
    CHECK(next.kind == Answer::Kind::kReply);
    CHECK(next.text != pid);
  }
}

TEST_CASE("a process that is killed between two requests costs neither", "[case_server]") {
  const auto server = started();
  const pid_t pid = std::stoi(answer(*server, "pid").text);
  ::kill(pid, SIGKILL);
  // Its keeper reaps it only when it needs it; by then the signal has done its work or not yet.
  const Answer next = answer(*server, "x");
  if (next.kind == Answer::Kind::kReply) CHECK(next.text == "answer to x");
  CHECK(answer(*server, "x").text == "answer to x");
}

TEST_CASE("a process that is stopped between two requests ends with its server", "[case_server]") {
  auto server = started();
  const pid_t pid = std::stoi(answer(*server, "pid").text);
  ::kill(pid, SIGSTOP);
  constexpr unsigned kPatience = 60;
  ::alarm(kPatience);  // ends a test that waits for ever
  server.reset();
  ::alarm(0);
  CHECK(::kill(pid, 0) != 0);
}

TEST_CASE("a process that is stopped while it answers ends with its server", "[case_server]") {
  auto server = started();
  REQUIRE(server->ask("stopped"));
  CHECK(next_of(*server).kind == Answer::Kind::kBegun);
  CHECK_FALSE(server->poll(2 * kWritten).has_value());
  constexpr unsigned kPatience = 60;
  ::alarm(kPatience);  // ends a test that waits for ever
  server.reset();
  ::alarm(0);
}

TEST_CASE("after its last reply a process is not asked again", "[case_server]") {
  const auto server = started();
  const std::string pid = answer(*server, "pid").text;
  const Answer last = answer(*server, "last");
  CHECK(last.kind == Answer::Kind::kReply);
  CHECK(last.text == pid);
  CHECK(answer(*server, "pid").text != pid);
}

TEST_CASE("without its keeper a server is gone, and says so", "[case_server]") {
  const auto server = started();
  CHECK(answer(*server, "x").kind == Answer::Kind::kReply);
  ::kill(server->keeper(), SIGKILL);
  CHECK(answer(*server, "x").kind == Answer::Kind::kGone);
  CHECK_FALSE(server->ask("x"));
  CHECK(server->poll(0)->kind == Answer::Kind::kGone);
}

}  // namespace mxcheck::cluster
