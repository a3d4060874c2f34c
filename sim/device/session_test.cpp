// Programs of a few lines stand for devices; what they do wrong is in scripts/e2e/test_devices.py.
#include "sim/device/session.h"

#include <signal.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <thread>

namespace mxcheck::device {
namespace {

Program shell(const std::string& script) {
  Program program;
  program.words = {"/bin/sh", "-c", script};
  program.folder = ".";
  return program;
}

Request one_request() {
  Request r;
  r.name = "one";
  r.operands = {{"lhs", tensor::Tensor(tensor::DType::kS8, {1, 1})},
                {"rhs", tensor::Tensor(tensor::DType::kS8, {1, 1})}};
  r.shape = {1, 1};
  return r;
}

constexpr const char* kHello =
    R"(read x; echo '{"hello":{"protocol":1,"name":"sh","version":"0"}}';)";
constexpr const char* kAnswer =
    R"(echo '{"id":ID,"result":{"dtype":"s32","shape":[1,1],"data":"BwAAAA=="}}';)";

std::string answer(int id) {
  std::string text = kAnswer;
  return text.replace(text.find("ID"), 2, std::to_string(id));
}

Limits quick() {
  Limits limits;
  limits.request_seconds = limits.hello_seconds = 5;
  return limits;
}

TEST_CASE("a session asks, and keeps the device for the next case", "[device]") {
  Session session(shell(kHello + ("read y; " + answer(1)) + "read z; " + answer(2)), quick());
  for (int i = 0; i < 2; ++i) {
    const Answers answers = session.ask({one_request()});
    INFO(answers.failure);
    REQUIRE(answers.results.size() == 1);
    CHECK(answers.results[0].load_int(0) == 7);
  }
  CHECK(session.starts() == 1);
  CHECK(session.hello().name == "sh");
}

TEST_CASE("a device outlives the thread that started it", "[device]") {
  Session session(shell(kHello + ("read y; " + answer(1)) + "read z; sleep 0.2; " + answer(2)),
                  quick());
  Answers first;
  std::thread([&] { first = session.ask({one_request()}); }).join();
  CHECK(first.failure == "");
  CHECK(session.ask({one_request()}).failure == "");
  CHECK(session.starts() == 1);
}

TEST_CASE("what a device says between two cases belongs to none: it is started again", "[device]") {
  Session session(
      shell(std::string(kHello) +
            "read y; id=${y#*:}; id=${id%%,*}; printf '{\"id\":%s,\"result\":"
            "{\"dtype\":\"s32\",\"shape\":[1,1],\"data\":\"BwAAAA==\"}}\\nnoise\\n' $id; read z"),
      quick());
  for (int i = 1; i <= 3; ++i) {
    const Answers answers = session.ask({one_request()});
    INFO(answers.failure);
    CHECK(answers.results.size() == 1);
    CHECK(session.starts() == i);
  }
}

TEST_CASE("the end of a device is told, with its log", "[device]") {
  const std::pair<const char*, const char*> table[] = {
      {"read y; echo last words >&2; exit 3", "exited with code 3"},
      {"read y; kill -9 $$", "was killed by signal 9 (Killed)"}};
  for (const auto& [script, expected] : table) {
    Session session(shell(std::string(kHello) + script), quick());
    const Answers answers = session.ask({one_request()});
    CHECK(answers.failure == expected);
  }
  Session session(shell(std::string(kHello) + table[0].first), quick());
  CHECK(session.ask({one_request()}).log == "last words");
}

TEST_CASE("a program that cannot be started is told as such", "[device]") {
  Program program;
  program.words = {"/no/such/program"};
  program.folder = ".";
  Session session(program, quick());
  CHECK(session.ask({one_request()}).failure ==
        "at its start: cannot be started: No such file or directory");
}

TEST_CASE("a device that keeps failing is not started for ever", "[device]") {
  Limits limits = quick();
  limits.restarts = 2;
  Session session(shell("exit 1"), limits);
  for (int i = 0; i < 3; ++i) CHECK(session.ask({one_request()}).failure != "");
  CHECK(session.starts() == 3);
  CHECK(session.ask({one_request()}).failure ==
        "is not started again after 3 failures one after another");
  CHECK(session.starts() == 3);
}

TEST_CASE("a session leaves no process behind", "[device]") {
  pid_t orphan = 0;
  {
    Session session(shell("trap '' TERM HUP; (setsid sleep 600 & echo $! >&2);" +
                          std::string(kHello) + "read y; sleep 1; echo nonsense"),
                    quick());
    const Answers answers = session.ask({one_request()});
    orphan = static_cast<pid_t>(std::stol("0" + answers.log));
  }
  REQUIRE(orphan > 1);
  CHECK(::kill(orphan, 0) != 0);
}

}  // namespace
}  // namespace mxcheck::device
