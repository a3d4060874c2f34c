// Rank 0 and workers without MPI: a post made of queues, a suite in one file. Whatever dies, every
// case comes back once, and the report is that of one process.
#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <deque>
#include <filesystem>
#include <functional>
#include <mutex>
#include <regex>
#include <thread>

#include "reports/json.h"
#include "sim/base/file.h"
#include "sim/cluster/case_compute.h"
#include "sim/cluster/courier.h"
#include "sim/cluster/leader.h"
#include "sim/cluster/worker.h"

namespace mxcheck::cluster {
namespace {

// Queues between all ranks. What `watch` takes does not arrive.
class Exchange {
 public:
  explicit Exchange(int size) : queues_(static_cast<std::size_t>(size)) {}
  void put(int from, int to, Message message) {
    const std::lock_guard lock(mutex_);
    message.rank = from;
    queues_[static_cast<std::size_t>(to)].push_back(std::move(message));
  }
  std::optional<Message> get(int rank) {
    const std::lock_guard lock(mutex_);
    auto& queue = queues_[static_cast<std::size_t>(rank)];
    if (queue.empty()) return std::nullopt;
    Message out = std::move(queue.front());
    queue.pop_front();
    if (watch && watch(rank, out)) return std::nullopt;
    return out;
  }
  [[nodiscard]] int size() const { return static_cast<int>(queues_.size()); }

  // Given the receiver and a message it is about to take; set before the first message.
  std::function<bool(int to, const Message&)> watch;

 private:
  std::mutex mutex_;
  std::vector<std::deque<Message>> queues_;
};

class QueuePost : public Post {
 public:
  QueuePost(std::shared_ptr<Exchange> exchange, int rank)
      : exchange_(std::move(exchange)), rank_(rank) {}
  [[nodiscard]] int rank() const override { return rank_; }
  [[nodiscard]] int size() const override { return exchange_->size(); }
  void send(Message message) override {
    const int to = message.rank;
    exchange_->put(rank_, to, std::move(message));
  }
  [[nodiscard]] std::optional<Message> receive() override { return exchange_->get(rank_); }
  [[nodiscard]] bool gone() const override { return gone_; }
  void end(Leaving) override {}
  void leave_everyone() { gone_ = true; }

 private:
  std::shared_ptr<Exchange> exchange_;
  int rank_;
  std::atomic<bool> gone_ = false;
};

struct Suite {
  Suite() {
    std::filesystem::create_directories(folder);
    const std::string text = R"({"mxcheck": 1, "title": "t", "tags": ["smoke"],
      "inputs": {"x": {"random": "normal", "seed": "${S}", "shape": [2, 4]}},
      "params": {"d/kernel": {"random": "normal", "seed": 2, "shape": [4, 3]}},
      "nodes": [{"name": "y", "op": "dot_general", "module": "d", "args": ["x", "d/kernel"],
                 "dimension_numbers": [[[1], [0]], [[], []]]}],
      "rules": [{"module_path": ".*", "weight_qtype": "s8", "act_qtype": "s8"}],
      "run": {"mode": "forward"},
      "matrix": {"S": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]}})";
    REQUIRE(base::write_file_atomically(folder / "many.json", text).ok());
    base::Result<suite::Collection> collected = suite::collect({folder}, {});
    REQUIRE(collected.ok());
    collection = std::move(collected).value();
    REQUIRE(collection.cases.size() == 20);
  }
  ~Suite() {
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
  }
  [[nodiscard]] suite::Collection copy() const {
    suite::Collection out;
    out.cases = collection.cases;
    return out;
  }

  std::filesystem::path folder = std::filesystem::temp_directory_path() /
                                 ("mxcheck_cluster_test_" + std::to_string(::getpid()));
  suite::Collection collection;
};

std::string report_of(const suite::SuiteRun& run) {
  static const std::regex kTimes(R"("milliseconds": [0-9.e+-]+)");
  return std::regex_replace(reports::to_json(run.result), kTimes, "\"milliseconds\": 0");
}

std::unique_ptr<CaseServer> server_for(const CaseServer::Compute& compute) {
  auto server = CaseServer::start(compute);
  REQUIRE(server.ok());
  return std::move(server).value();
}

// One run over `workers` ranks beside the first. All forks come before all threads.
struct Cluster {
  Cluster(const Suite& suite, int workers, const CaseServer::Compute& own,
          const CaseServer::Compute& others, const Introduction& foreign = {"there", "", {}},
          const std::atomic<bool>* stop = nullptr,
          std::function<bool(Cluster&, int to, const Message&)> watch = nullptr)
      : exchange(std::make_shared<Exchange>(workers + 1)) {
    if (watch) {
      exchange->watch = [this, watch = std::move(watch)](int to, const Message& message) {
        return watch(*this, to, message);
      };
    }
    std::unique_ptr<CaseServer> mine = own ? server_for(own) : nullptr;
    std::vector<std::unique_ptr<CaseServer>> servers;
    for (int i = 0; i < workers; ++i) servers.push_back(server_for(others));
    for (int i = 0; i < workers; ++i) {
      threads.emplace_back([this, i, foreign, server = std::move(servers[i])]() mutable {
        good += work(std::make_unique<QueuePost>(exchange, i + 1), std::move(server), foreign);
      });
    }
    options.jobs = static_cast<unsigned>(2 * (workers + 1));
    auto post = std::make_unique<QueuePost>(exchange, 0);
    leader_post = post.get();
    Leader::Setup setup;
    setup.post = std::move(post);
    setup.own = std::move(mine);
    setup.introduction = {"here", "", {}};
    setup.options.stop = stop;
    setup.notice = [this](const std::string& text) { notices.push_back(text); };
    leader = std::make_unique<Leader>(std::move(setup));
    options.runner = leader.get();
    static_cast<void>(suite);
  }
  suite::SuiteRun run(const Suite& suite) { return suite::run_suite(suite.copy(), options); }
  void finish() {
    leader->finish();
    for (std::thread& thread : threads) thread.join();
  }

  std::shared_ptr<Exchange> exchange;
  suite::SuiteOptions options;
  std::vector<std::string> notices;  // of the leader's thread, read after finish()
  std::atomic<int> good = 0;
  QueuePost* leader_post = nullptr;
  std::unique_ptr<Leader> leader;
  std::vector<std::thread> threads;
};

}  // namespace

TEST_CASE("a run over several processes has the report of one", "[cluster]") {
  const Suite suite;
  const suite::SuiteOptions plain;
  const std::string expected = report_of(suite::run_suite(suite.copy(), plain));
  const CaseServer::Compute compute = computing(suite.collection, plain);
  for (const int workers : {0, 1, 3}) {
    Cluster cluster(suite, workers, compute, compute);
    const suite::SuiteRun run = cluster.run(suite);
    cluster.finish();
    CHECK(report_of(run) == expected);
    CHECK(cluster.notices.empty());
    CHECK(cluster.good == workers);
  }
}

TEST_CASE("a case that kills every process that computes it is given up, the rest goes on",
          "[cluster]") {
  const Suite suite;
  const suite::SuiteOptions plain;
  const CaseServer::Compute compute = computing(suite.collection, plain);
  const std::string deadly = suite.collection.cases[7].id;
  const CaseServer::Compute dying = [&](const std::string& id) {
    if (id == deadly) static_cast<void>(::raise(SIGSEGV));
    return compute(id);
  };
  for (const int workers : {0, 2}) {
    Cluster cluster(suite, workers, dying, dying);
    const suite::SuiteRun run = cluster.run(suite);
    cluster.finish();
    REQUIRE(run.result.cases.size() == 20);
    for (const reports::CaseResult& c : run.result.cases) {
      const bool bad = c.id == deadly;
      CHECK(c.status == (bad ? reports::Status::kSuiteError : reports::Status::kPass));
      if (bad) CHECK(c.reason.find("died twice") != std::string::npos);
      if (bad) CHECK(c.reason.find("killed by signal 11") != std::string::npos);
    }
    CHECK_FALSE(run.result.incomplete);
  }
}

TEST_CASE("a rank whose keeper is gone is left out, its case computed elsewhere", "[cluster]") {
  const Suite suite;
  const suite::SuiteOptions plain;
  const std::string expected = report_of(suite::run_suite(suite.copy(), plain));
  const CaseServer::Compute compute = computing(suite.collection, plain);
  // Kills its keeper, and with it itself, at its first case.
  const CaseServer::Compute treacherous = [](const std::string&) -> Reply {
    ::kill(::getppid(), SIGKILL);
    ::pause();
    return {};
  };
  Cluster cluster(suite, 1, compute, treacherous);
  const suite::SuiteRun run = cluster.run(suite);
  cluster.finish();
  CHECK(report_of(run) == expected);
  for (const std::string& notice : cluster.notices) {
    CHECK(notice.find("computes no more") != std::string::npos);
  }
  // Here everyone dies: the calling threads compute what nobody died of twice.
  Cluster alone(suite, 0, treacherous, treacherous);
  CHECK(report_of(alone.run(suite)) == expected);
  alone.finish();
  CHECK(alone.notices.size() == 1);
}

TEST_CASE("ranks of another build or suite compute nothing", "[cluster]") {
  const Suite suite;
  const suite::SuiteOptions plain;
  const CaseServer::Compute compute = computing(suite.collection, plain);
  const CaseServer::Compute never = [](const std::string&) -> Reply { ::_exit(1); };
  const Introduction foreign{"there", "", {{"commit", "\"1234567\""}}};
  Cluster cluster(suite, 2, compute, never, foreign);
  const suite::SuiteRun run = cluster.run(suite);
  cluster.finish();
  for (const reports::CaseResult& c : run.result.cases) CHECK(c.status == reports::Status::kPass);
  for (const std::string& notice : cluster.notices) {
    CHECK(notice.find("another build") != std::string::npos);
  }
}

TEST_CASE("without a post the rest is computed here", "[cluster]") {
  const Suite suite;
  const suite::SuiteOptions plain;
  const std::string expected = report_of(suite::run_suite(suite.copy(), plain));
  const CaseServer::Compute compute = computing(suite.collection, plain);
  // Answers nobody: the rank has a case and keeps it.
  const CaseServer::Compute silent = [](const std::string&) -> Reply {
    while (true) ::pause();
  };
  Cluster cluster(suite, 1, compute, silent);
  cluster.leader_post->leave_everyone();
  const suite::SuiteRun run = cluster.run(suite);
  CHECK(report_of(run) == expected);
  cluster.finish();
}

// A rank that is lost before its case arrives had no part in what became of the case.
TEST_CASE("a case that one process died of and another never got is computed", "[cluster]") {
  Suite suite;
  suite.collection.cases.resize(1);
  const suite::SuiteOptions plain;
  const std::string expected = report_of(suite::run_suite(suite.copy(), plain));
  std::array<int, 2> known{};  // a byte comes when rank 0 hears of rank 1
  REQUIRE(::pipe(known.data()) == 0);
  const CaseServer::Compute treacherous = [&](const std::string&) -> Reply {
    char byte = 0;
    static_cast<void>(::read(known[0], &byte, 1));
    ::kill(::getppid(), SIGKILL);
    ::pause();
    return {};
  };
  const CaseServer::Compute never = [](const std::string&) -> Reply { ::_exit(1); };
  std::atomic<ssize_t> written = 0;
  std::atomic<int> lost = 0;
  Cluster cluster(suite, 1, treacherous, never, {"there", "", {}}, nullptr,
                  [&](Cluster& all, int to, const Message& message) {
                    if (to == 0 && message.tag == kHello) written += ::write(known[1], "", 1);
                    if (message.tag != kCase) return false;
                    ++lost;
                    all.leader_post->leave_everyone();
                    return true;
                  });
  CHECK(report_of(cluster.run(suite)) == expected);
  cluster.finish();
  CHECK(written == 1);
  CHECK(lost == 1);
  for (const int end : known) ::close(end);
}

TEST_CASE("an interrupted run ends at once and is incomplete", "[cluster]") {
  const Suite suite;
  const CaseServer::Compute silent = [](const std::string&) -> Reply {
    while (true) ::pause();
  };
  std::atomic<bool> stop = false;
  Cluster cluster(suite, 1, silent, silent, {"there", "", {}}, &stop);
  cluster.options.stop = &stop;
  std::thread interrupt([&] { stop = true; });
  const suite::SuiteRun run = cluster.run(suite);
  interrupt.join();
  CHECK(run.interrupted);
  CHECK(run.result.incomplete);
  CHECK(run.result.cases.empty());
  cluster.finish();
}

// Cases that were still to be handed out when the run was stopped once kept rank 0 waiting for
// them.
TEST_CASE("a run that is interrupted between two cases ends with what it has", "[cluster]") {
  const Suite suite;
  const suite::SuiteOptions plain;
  const CaseServer::Compute compute = computing(suite.collection, plain);
  for (int turn = 0; turn < 5; ++turn) {
    std::atomic<bool> stop = false;
    Cluster cluster(suite, 1, compute, compute, {"there", "", {}}, &stop);
    cluster.options.stop = &stop;
    int results = 0;
    cluster.options.finished = [&](const reports::CaseResult&) {
      if (++results == 3) stop = true;
    };
    const suite::SuiteRun run = cluster.run(suite);
    CHECK(run.interrupted);
    CHECK(run.result.cases.size() >= 3);
    cluster.finish();
  }
}

TEST_CASE("differences between processes are named by their first fact", "[cluster]") {
  const Introduction first{"a", "", {{"version", "1"}, {"commit", "x"}}};
  Introduction other = first;
  CHECK(difference(first, other).empty());
  other.host = "b";
  CHECK(difference(first, other).empty());
  other.facts[1].second = "y";
  CHECK(difference(first, other) == "its commit is y, here it is x");
  other.facts.pop_back();
  CHECK(difference(first, other) == "it is another build");
  other.trouble = "no such folder";
  CHECK(difference(first, other) == "no such folder");
  const auto back = introduction_from(to_bytes(first));
  REQUIRE(back.has_value());
  CHECK(difference(first, *back).empty());
  CHECK_FALSE(introduction_from("x").has_value());
}

TEST_CASE("messages are read back or refused", "[cluster]") {
  const auto back = message_from(to_bytes(Message{3, 2, "text"}));
  REQUIRE(back.has_value());
  CHECK((back->rank == 3 && back->tag == 2 && back->text == "text"));
  CHECK_FALSE(message_from("").has_value());
  CHECK_FALSE(message_from(to_bytes(Message{-1, 2, ""})).has_value());
  CHECK_FALSE(message_from(to_bytes(Message{1, 2, ""}) + "x").has_value());
}

}  // namespace mxcheck::cluster
