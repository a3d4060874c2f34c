// The cache of results: what its key holds, and what becomes of damaged, old and foreign files.
#include "sim/suite/result_cache.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <functional>
#include <set>

#include "reports/notes.h"
#include "sim/base/file.h"
#include "sim/suite/testing.h"

namespace mxcheck::suite {
namespace {

namespace fs = std::filesystem;
using reports::CaseResult;
using reports::Status;

casefile::Case a_case(const std::string& id = "test") {
  const std::string rule = R"({"module_path": ".*", "weight_qtype": "s8", "act_qtype": "s8"})";
  casefile::LoadedCases loaded =
      casefile::load_case_text(testing::dense(rule), "test.json", ".", id);
  REQUIRE(loaded.cases.size() == 1);
  return std::move(loaded.cases.front());
}

class Folder {
 public:
  Folder() : path_(fs::temp_directory_path() / "mxcheck_result_cache_test.XXXXXX") {
    std::string name = path_.string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { fs::remove_all(path_); }
  [[nodiscard]] fs::path operator/(const char* name) const { return path_ / name; }

  [[nodiscard]] std::vector<fs::path> entries() const {
    std::vector<fs::path> out;
    for (const auto& item : fs::recursive_directory_iterator(path_)) {
      if (item.is_regular_file() && item.path().extension() == ".json") out.push_back(item.path());
    }
    return out;
  }

 private:
  fs::path path_;
};

std::unique_ptr<ResultCache> open(const fs::path& folder, const CaseOptions& options,
                                  const std::string& tool = "tool") {
  auto cache = ResultCache::open(folder, tool, options);
  REQUIRE(cache.ok());
  return std::move(cache).value();
}

}  // namespace

TEST_CASE("every thing a result depends on is in the key", "[suite]") {
  struct Question {
    std::string tool = "build 1";
    casefile::Case c = a_case();
    FileDigests files{"golden", "data"};
    CaseOptions options;
  };
  const std::vector<std::function<void(Question&)>> changes{
      [](Question& q) { q.tool = "build 2"; },
      [](Question& q) { q.c.id = "other"; },
      [](Question& q) { q.c.digest = "other"; },
      [](Question& q) { q.files.golden = "other"; },
      [](Question& q) { q.files.data = "other"; },
      [](Question& q) { q.options.policy = numerics::policy_from_name("xla_cpu"); },
      [](Question& q) { q.options.profile = mxu::preset("gemmini_16"); },
      [](Question& q) {
        q.options.profile = mxu::preset("gemmini_16");
        q.options.profile->rows = 8;
      },
      [](Question& q) { q.options.level = exec::Level::kCycle; },
      [](Question& q) { q.options.fast_isas.clear(); },
      [](Question& q) { q.options.faults = {fault::parse_fault("round_toward_zero").value()}; },
      [](Question& q) { q.options.seed = 1; },
      [](Question& q) { q.options.checks = Checks::kDevice; },
      [](Question& q) { q.options.explain = false; },
      [](Question& q) { q.options.explain_milliseconds = 1; },
      [](Question& q) { q.options.details = true; },
      [](Question& q) { q.options.fake_quant_pairs = 1; },
      [](Question& q) { q.c.id = "test\"\ncase: \"x"; }};
  std::set<std::string> keys;
  const auto key = [](const Question& q) { return result_key(q.tool, q.c, q.files, q.options); };
  keys.insert(key({}));
  CHECK(keys.contains(key({})));
  for (const auto& change : changes) {
    Question q;
    change(q);
    keys.insert(key(q));
  }
  // The instruction set chosen is one of at least two only where the host has more than scalar.
  for (const kernels::Isa isa : kernels::isas_here()) {
    Question q;
    q.options.isa = isa;
    keys.insert(key(q));
  }
  CHECK(keys.size() == changes.size() + kernels::isas_here().size());
}

TEST_CASE("a pass is found again, nothing else is kept", "[suite]") {
  const Folder folder;
  const casefile::Case c = a_case();
  const CaseOptions options;
  const FileDigests files = *file_digests(c);
  const auto cache = open(folder / "cache", options);
  CHECK_FALSE(cache->find(c, files).has_value());
  CaseResult result = run_case(c, options).result;
  REQUIRE(result.status == Status::kPass);
  for (const Status status : {Status::kFail, Status::kSkip, Status::kVacuous, Status::kSuiteError,
                              Status::kUndefined, Status::kXfail, Status::kXpass}) {
    CaseResult other = result;
    other.status = status;
    cache->keep(c, files, other);
    CHECK_FALSE(cache->find(c, files).has_value());
  }
  cache->keep(c, files, result);
  const std::optional<CaseResult> found = cache->find(c, files);
  REQUIRE(found.has_value());
  CHECK(found->notes.front() == reports::kCachedNote);
  CHECK(found->checks.size() == result.checks.size());
  CHECK(cache->warnings().empty());
  CHECK_FALSE(open(folder / "cache", options, "another tool")->find(c, files).has_value());
  // The files are not what they were when the case was looked up.
  cache->keep(c, {"golden", ""}, result);
  CHECK(folder.entries().size() == 1);
}

TEST_CASE("a damaged entry is told, ignored and made anew", "[suite]") {
  const Folder folder;
  const casefile::Case c = a_case();
  const CaseOptions options;
  const FileDigests files = *file_digests(c);
  const CaseResult result = run_case(c, options).result;
  open(folder / "cache", options)->keep(c, files, result);
  REQUIRE(folder.entries().size() == 1);
  const fs::path file = folder.entries().front();
  const std::string good = base::read_file(file, 1 << 20).value();
  std::vector<std::string> bad{"", "x", good.substr(0, 80), good.substr(0, good.size() - 1),
                               good + " "};
  for (std::size_t i = 0; i < good.size(); i += 97) {
    bad.push_back(good);
    bad.back()[i] ^= 1;
  }
  for (const std::string& text : bad) {
    REQUIRE(base::write_file_atomically(file, text).ok());
    const auto cache = open(folder / "cache", options);
    CHECK_FALSE(cache->find(c, files).has_value());
    CHECK(cache->warnings().size() == 1);
    cache->keep(c, files, result);
    CHECK(cache->find(c, files).has_value());
  }
  // A whole entry in the place of another one.
  const casefile::Case other = a_case("other");
  const auto cache = open(folder / "cache", options);
  cache->keep(other, files, run_case(other, options).result);
  for (const fs::path& entry : folder.entries()) {
    if (entry != file) fs::copy_file(file, entry, fs::copy_options::overwrite_existing);
  }
  CHECK_FALSE(cache->find(other, files).has_value());
  CHECK(cache->warnings().size() == 1);
}

TEST_CASE("a cache that is too large loses what was not used for longest", "[suite]") {
  const Folder folder;
  const CaseOptions options;
  const auto cache = open(folder / "cache", options);
  std::vector<casefile::Case> cases;
  for (int i = 0; i < 10; ++i) {
    cases.push_back(a_case("case" + std::to_string(i)));
    cache->keep(cases.back(), {}, run_case(cases.back(), options).result);
  }
  REQUIRE(folder.entries().size() == 10);
  const auto old = fs::file_time_type::clock::now() - std::chrono::hours(1);
  for (const fs::path& entry : folder.entries()) fs::last_write_time(entry, old);
  CHECK(cache->find(cases[3], {}).has_value());
  CHECK(cache->find(cases[7], {}).has_value());
  const std::uintmax_t size = fs::file_size(folder.entries().front());
  const fs::path own = folder / "cache/notes.txt";
  REQUIRE(base::write_file_atomically(own, std::string(size, 'x')).ok());
  cache->shrink(11 * size);
  CHECK(folder.entries().size() == 10);
  cache->shrink(5 * size);
  CHECK(folder.entries().size() < 5);
  CHECK(cache->find(cases[3], {}).has_value());
  CHECK(cache->find(cases[7], {}).has_value());
  CHECK(fs::exists(own));
  // A run that added nothing leaves it alone.
  open(folder / "cache", options)->shrink(1);
  CHECK(cache->find(cases[3], {}).has_value());
}

TEST_CASE("a folder of something else does not become a cache", "[suite]") {
  const Folder folder;
  REQUIRE(base::write_file_atomically(folder / "mine/letter.txt", "dear").ok());
  CHECK_FALSE(ResultCache::open(folder / "mine", "tool", {}).ok());
  CHECK_FALSE(ResultCache::open(folder / "mine/letter.txt", "tool", {}).ok());
  CHECK(ResultCache::open(folder / "deep/new", "tool", {}).ok());
  CHECK(ResultCache::open(folder / "deep/new", "tool", {}).ok());
}

}  // namespace mxcheck::suite
