// Finding cases and their suite root, and the checksums of their goldens (REF, GOLD-CHECKSUM).
#include "sim/suite/discover.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "sim/base/digest.h"
#include "sim/suite/checksums.h"

namespace mxcheck::suite {
namespace {

namespace fs = std::filesystem;

// A folder of its own for each test, removed afterwards.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (fs::temp_directory_path() / "mxcheck_test_XXXXXX").string();
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~TemporaryFolder() { fs::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  fs::path write(const std::string& name, const std::string& text) const {
    fs::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name) << text;
    return path_ / name;
  }
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

std::vector<std::string> ids(const std::vector<CaseFile>& files) {
  std::vector<std::string> out;
  for (const CaseFile& file : files) out.push_back(file.id);
  return out;
}

}  // namespace

TEST_CASE("a folder gives its cases by id, without its schema and device files", "[suite]") {
  const TemporaryFolder folder;
  for (const char* name : {"qt/b.json", "qt/a.json", "a.json", "schema/case.json", "note.txt",
                           ".hidden/c.json", "devices/d.json", "qt/devices/e.json"}) {
    folder.write(name, "{}");
  }
  const auto found = discover({folder.path()});
  REQUIRE(found.ok());
  CHECK(ids(found.value()) == std::vector<std::string>{"a", "qt/a", "qt/b", "qt/devices/e"});
}

TEST_CASE("a file stands for itself, once, and two files of one id are refused", "[suite]") {
  const TemporaryFolder folder;
  const fs::path a = folder.write("x/a.json", "{}");
  const fs::path b = folder.write("y/a.json", "{}");
  CHECK(ids(discover({a, a}).value()) == std::vector<std::string>{"a"});
  CHECK_FALSE(discover({a, b}).ok());
  CHECK_FALSE(discover({folder.path() / "none"}).ok());
  CHECK_FALSE(discover({folder.write("n.txt", "")}).ok());
}

TEST_CASE("the root is the nearest marked folder, else the folder given [REF]", "[suite]") {
  const TemporaryFolder folder;
  folder.write("suite/cases/qt/a.json", "{}");
  const fs::path cases = fs::canonical(folder.path() / "suite/cases");
  CHECK(suite_root(cases) == cases);
  folder.write("suite/.mxcheck-root", "");
  CHECK(suite_root(cases) == cases.parent_path());
}

TEST_CASE("a golden must have the checksum its folder promises [GOLD-CHECKSUM]", "[suite]") {
  const TemporaryFolder folder;
  const fs::path golden = folder.write("data/qt/a.safetensors", "abc");
  const fs::path other = folder.write("data/qt/b.safetensors", "abc");
  folder.write("data/SHA256SUMS", base::sha256_hex("abc") + "  qt/a.safetensors\n");
  base::Diagnostics diagnostics;
  CHECK(Checksums().check(golden, folder.path(), diagnostics) == base::sha256_hex("abc"));
  CHECK(diagnostics.empty());
  Checksums().check(other, folder.path(), diagnostics);
  REQUIRE(diagnostics.size() == 1);
  CHECK(diagnostics[0].severity == base::Severity::kWarning);
  folder.write("data/qt/a.safetensors", "abd");
  diagnostics.clear();
  Checksums().check(golden, folder.path(), diagnostics);
  REQUIRE(diagnostics.size() == 1);
  CHECK(diagnostics[0].label == "GOLD-CHECKSUM");
  CHECK(base::has_errors(diagnostics));
}

TEST_CASE("while a golden is replaced either checksum is good, and told [GOLD-CHECKSUM]",
          "[suite]") {
  const TemporaryFolder folder;
  const auto line = [](const char* bytes) { return base::sha256_hex(bytes) + "  a.safetensors\n"; };
  folder.write("SHA256SUMS", line("old") + line("new"));
  for (const char* bytes : {"old", "new", "other"}) {
    const fs::path golden = folder.write("a.safetensors", bytes);
    base::Diagnostics diagnostics;
    Checksums().check(golden, folder.path(), diagnostics);
    REQUIRE(diagnostics.size() == 1);
    CHECK(base::has_errors(diagnostics) == (bytes == std::string("other")));
  }
}

TEST_CASE("a damaged checksum file is an error [GOLD-CHECKSUM]", "[suite]") {
  const TemporaryFolder folder;
  const fs::path golden = folder.write("a.safetensors", "abc");
  folder.write("SHA256SUMS", "not a checksum\n");
  base::Diagnostics diagnostics;
  Checksums().check(golden, folder.path(), diagnostics);
  CHECK(base::has_errors(diagnostics));
}

}  // namespace mxcheck::suite
