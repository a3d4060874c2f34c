// Folders that appear whole or not at all, names of what killed writers leave, and the program's
// id.
#include "sim/base/new_folder.h"

#include <catch2/catch.hpp>
#include <cstdlib>

#include "sim/base/file.h"
#include "sim/base/program_id.h"
#include "sim/base/temporary_file.h"

namespace mxcheck::base {
namespace {

namespace fs = std::filesystem;

class Playground {
 public:
  Playground() {
    std::string name = (fs::temp_directory_path() / "mxcheck_new_folder_test.XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  Playground(const Playground&) = delete;
  Playground& operator=(const Playground&) = delete;
  ~Playground() { fs::remove_all(path_); }
  [[nodiscard]] fs::path operator/(const char* name) const { return path_ / name; }
  [[nodiscard]] std::ptrdiff_t entries() const {
    return std::distance(fs::directory_iterator(path_), fs::directory_iterator());
  }

 private:
  fs::path path_;
};

}  // namespace

TEST_CASE("a folder appears when it is placed, whole", "[base]") {
  const Playground ground;
  {
    NewFolder folder(ground / "a/b/");
    REQUIRE(folder.made().ok());
    REQUIRE(write_file_atomically(folder.path() / "x", "1").ok());
    CHECK_FALSE(fs::exists(ground / "a/b"));
    CHECK(folder.place().ok());
  }
  CHECK(read_file(ground / "a/b/x", 10).value() == "1");
  CHECK((fs::status(ground / "a/b").permissions() & fs::perms::owner_all) == fs::perms::owner_all);
  { const NewFolder given_up(ground / "c"); }
  CHECK_FALSE(fs::exists(ground / "c"));
  CHECK(ground.entries() == 1);
}

TEST_CASE("a folder is not placed over anything but an empty one", "[base]") {
  const Playground ground;
  fs::create_directory(ground / "empty");
  CHECK(NewFolder(ground / "empty").place().ok());
  REQUIRE(write_file_atomically(ground / "full/x", "old").ok());
  REQUIRE(write_file_atomically(ground / "file", "old").ok());
  for (const char* name : {"full", "file"}) {
    NewFolder folder(ground / name);
    REQUIRE(write_file_atomically(folder.path() / "x", "new").ok());
    const Status placed = folder.place();
    REQUIRE_FALSE(placed.ok());
    CHECK(placed.error() == (ground / name).string() + " exists already");
  }
  CHECK(read_file(ground / "full/x", 10).value() == "old");
  CHECK(read_file(ground / "file", 10).value() == "old");
  CHECK_FALSE(NewFolder(ground / "file/below").made().ok());
  CHECK(ground.entries() == 3);
}

TEST_CASE("what a killed writer leaves is known by its name", "[base]") {
  CHECK(is_leftover("r.json.Ab3dEf", "r.json"));
  for (const char* other : {"r.json", "r.json.Ab3dE", "r.json.Ab3dEfg", "r.json.Ab3d.f",
                            "s.json.Ab3dEf", "r.jsonxAb3dEf", "r.json.Ab3d/f"}) {
    CHECK_FALSE(is_leftover(other, "r.json"));
  }
}

TEST_CASE("the program has an id, always the same", "[base]") {
  CHECK(program_id().size() == 64);
  CHECK(program_id() == program_id());
}

}  // namespace mxcheck::base
