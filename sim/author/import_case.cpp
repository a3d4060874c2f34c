// The case becomes a draft, its files are renamed in it, and the text is read back before anything
// is written.
#include "sim/author/import_case.h"

#include <algorithm>
#include <cctype>
#include <map>

#include "sim/base/digest.h"
#include "sim/base/file.h"
#include "sim/casefile/draft.h"
#include "sim/suite/discover.h"
#include "sim/tensor/safetensors.h"

namespace mxcheck::author {
namespace {

namespace fs = std::filesystem;
using base::Error;
using casefile::Case;

// Words of letters, digits, "_", "-", "." (not leading), joined by "/".
bool is_path(const std::string& id) {
  const fs::path path = id;
  return !id.empty() && path.is_relative() && id.back() != '/' &&
         std::all_of(path.begin(), path.end(), [](const fs::path& part) {
           const std::string word = part.string();
           return !word.empty() && word[0] != '.' &&
                  std::all_of(word.begin(), word.end(), [](unsigned char c) {
                    return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.';
                  });
         });
}

// Where goldens of the suite are: golden/data, under the case's topic; else a folder beside the
// case.
fs::path golden_of(const fs::path& root, const fs::path& case_file, const std::string& id) {
  std::error_code error;
  const fs::path data = root / "golden" / "data";
  if (fs::is_directory(data, error)) return data / (id + ".safetensors");
  return case_file.parent_path() / "golden" / (case_file.stem().string() + ".safetensors");
}

class Importer {
 public:
  Importer(const Case& c, const fs::path& folder, const std::string& id)
      : case_(c), draft_(casefile::draft_of(c)) {
    std::error_code error;
    plan_.id = id;
    plan_.folder = folder;
    plan_.case_file = fs::weakly_canonical(folder, error) / (id + ".json");
    plan_.root = suite::suite_root(fs::weakly_canonical(folder, error));
    plan_.golden = golden_of(plan_.root, plan_.case_file, id);
  }

  base::Result<ImportPlan> plan() {
    if (!is_path(plan_.id)) {
      return Error{"'" + plan_.id + "' is no id: words of letters, digits, _ - . joined by /"};
    }
    if (case_.expect.golden.empty()) return Error{case_.id + " names no golden: nothing to import"};
    if (!case_.matrix.empty()) return Error{case_.id + " is one of a matrix: import single cases"};
    const base::Status golden = read_golden();
    if (!golden) return Error{golden.error()};
    const base::Status data = rename_data();
    if (!data) return Error{data.error()};
    draft_.expect.golden = below_case(plan_.golden);
    plan_.case_text = casefile::write_draft(draft_);
    plan_.provenance["case"] = plan_.id;
    plan_.provenance["case_sha256"] = base::sha256_hex(plan_.case_text);
    return std::move(plan_);
  }

 private:
  [[nodiscard]] std::string below_case(const fs::path& file) const {
    return file.lexically_relative(plan_.case_file.parent_path()).generic_string();
  }

  base::Status read_golden() {
    const fs::path file = case_.file.parent_path() / case_.expect.golden;
    base::Result<std::string> bytes = base::read_file(file, tensor::kMaxSafetensorsBytes);
    if (!bytes) return Error{bytes.error()};
    const auto parsed = tensor::parse_safetensors(bytes.value());
    if (!parsed) return Error{file.string() + ": " + parsed.error()};
    const base::Result<GoldenStore> store = GoldenStore::of(file, case_.root);
    if (!store) return Error{store.error()};
    plan_.provenance =
        store.value().provenance(base::sha256_hex(bytes.value())).value_or(ProvenanceEntry{});
    for (const auto& [key, value] : parsed.value().metadata) plan_.provenance.emplace(key, value);
    plan_.golden_bytes = std::move(bytes).value();
    return base::Unit{};
  }

  base::Status rename_data() {
    base::Status status = base::Unit{};
    const auto rename = [&](casefile::TensorSource& source) {
      if (status) status = rename_source(source);
    };
    for (auto* group : {&draft_.inputs, &draft_.params, &draft_.run.cotangents}) {
      for (auto& [name, source] : *group) rename(source);
    }
    for (auto& [name, source] : draft_.quant_stats) rename(source);
    for (auto& [name, source] : draft_.expect.values) rename(source);
    return status;
  }

  base::Status rename_source(casefile::TensorSource& source) {
    for (casefile::TensorSource& step : source.steps) {
      const base::Status status = rename_source(step);
      if (!status) return status;
    }
    if (source.kind != casefile::TensorSource::Kind::kFile) return base::Unit{};
    const auto known = renamed_.find(source.file);
    if (known != renamed_.end()) {
      source.file = known->second;
      return base::Unit{};
    }
    base::Result<std::string> bytes =
        base::read_file(case_.file.parent_path() / source.file, tensor::kMaxSafetensorsBytes);
    if (!bytes) return Error{bytes.error()};
    fs::path place = plan_.golden;
    const std::string number = renamed_.empty() ? "" : std::to_string(renamed_.size());
    place.replace_extension(".data" + number + ".safetensors");
    plan_.data.emplace_back(place, std::move(bytes).value());
    source.file = renamed_[source.file] = below_case(place);
    return base::Unit{};
  }

  const Case& case_;
  casefile::Draft draft_;
  ImportPlan plan_;
  std::map<std::string, std::string> renamed_;  // file as the case named it -> as it will
};

}  // namespace

std::vector<fs::path> ImportPlan::occupied() const {
  std::vector<fs::path> files = {case_file, golden}, out;
  for (const auto& [file, bytes] : data) files.push_back(file);
  std::error_code error;
  for (const fs::path& file : files) {
    if (fs::exists(file, error)) out.push_back(file);
  }
  return out;
}

base::Result<ImportPlan> plan_import(const Case& c, const fs::path& folder, const std::string& id) {
  return Importer(c, folder, id).plan();
}

base::Status write_import(const ImportPlan& plan) {
  std::error_code error;
  fs::create_directories(plan.golden.parent_path(), error);
  fs::create_directories(plan.case_file.parent_path(), error);
  for (const auto& [file, bytes] : plan.data) {
    const base::Status written = base::write_file_atomically(file, bytes);
    if (!written) return written;
  }
  const base::Status golden =
      replace_goldens({{plan.golden, plan.root, plan.golden_bytes, plan.provenance}});
  if (!golden) return golden;
  return base::write_file_atomically(plan.case_file, plan.case_text);
}

}  // namespace mxcheck::author
