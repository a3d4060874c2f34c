// Checking a bundle: what it holds is read as hostile input, made again, and compared byte by byte.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "reports/read.h"
#include "sim/base/digest.h"
#include "sim/base/file.h"
#include "sim/base/json_reader.h"
#include "sim/base/text.h"
#include "sim/suite/bundle.h"

namespace mxcheck::suite {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 30;
constexpr base::JsonLimits kLimits{std::size_t{64} << 20, 2'000'000, 6};

const std::vector<std::string>& needed() {
  static const std::vector<std::string> names{"SHA256SUMS",        "bundle.json",     "device.json",
                                              "does_not_prove.md", "exceptions.json", "host.json",
                                              "report.json",       "results.json"};
  return names;
}

class Reader {
 public:
  Reader(const fs::path& dir, base::Diagnostics& diagnostics)
      : dir_(dir), diagnostics_(diagnostics) {}

  std::optional<ReadBundle> read() {
    list();
    if (!good_) return std::nullopt;
    check_sums();
    check_host();
    ReadBundle out;
    out.digest = base::sha256_hex(files_.at("SHA256SUMS"));
    if (!good_ || !parse(out.bundle)) return std::nullopt;
    derive(out.bundle);
    return good_ ? std::optional(std::move(out)) : std::nullopt;
  }

 private:
  void refuse(const std::string& file, const char* label, const std::string& fact,
              const std::string& expectation) {
    base::Diagnostic d;
    d.file = (dir_ / file).string();
    d.label = label;
    d.fact = fact;
    d.expectation = expectation;
    diagnostics_.push_back(d);
    good_ = false;
  }

  void list() {
    std::error_code error;
    fs::directory_iterator it(dir_, error);
    if (error) {
      return refuse("", "BNDL-FILE", "cannot be read: " + error.message(),
                    "the folder of a bundle");
    }
    for (const fs::directory_entry& entry : it) {
      const std::string name = entry.path().filename().string();
      const bool known = std::find(needed().begin(), needed().end(), name) != needed().end() ||
                         name == "must_pass.json" || name == "waivers.json";
      if (!known || !fs::is_regular_file(entry.symlink_status(error))) {
        refuse(name, "BNDL-FILE", "was added", "the files of a bundle and no others");
        continue;
      }
      base::Result<std::string> text = base::read_file(entry.path(), kMostBytes);
      if (text) {
        files_[name] = std::move(text).value();
      } else {
        refuse(name, "BNDL-FILE", text.error(), "a readable file");
      }
    }
    for (const std::string& name : needed()) {
      if (files_.count(name) == 0)
        refuse(name, "BNDL-FILE", "is missing", "every file of a bundle");
    }
  }

  // The sums of the files that are there are the sums that are written: said file by file.
  void check_sums() {
    std::map<std::string, std::string> summed = files_;
    summed.erase("SHA256SUMS");
    summed.erase("host.json");
    const std::string& written = files_.at("SHA256SUMS");
    if (internal::sums_text(summed) == written) return;
    std::set<std::string> lines;
    for (const std::string& line : base::split(written, '\n')) lines.insert(line);
    bool named = false;
    for (const auto& [name, text] : summed) {
      if (lines.erase(base::sha256_hex(text) + "  " + name) != 0) continue;
      refuse(name, "BNDL-SUM", "is not the file that SHA256SUMS names", "unchanged files");
      named = true;
    }
    for (const std::string& line : lines) {
      const std::string name = line.size() > 66 ? line.substr(66) : "";
      if (name.empty() || summed.count(name) != 0) continue;
      refuse(name, "BNDL-FILE", "is missing, SHA256SUMS names it", "every file of a bundle");
      named = true;
    }
    if (!named) refuse("SHA256SUMS", "BNDL-SUM", "has been changed", "one line a file, in order");
  }

  void check_host() {
    const std::string& text = files_.at("host.json");
    const std::string mark = "  \"bundle\": \"";
    const std::size_t at = text.rfind(mark);
    if (at != std::string::npos && text.starts_with("{\n")) {
      host_ = text.substr(2, at - 2);
      if (internal::host_text(host_, files_.at("SHA256SUMS")) == text) return;
    }
    refuse("host.json", "BNDL-SUM", "has been changed, or belongs to another bundle",
           "the digests of itself and of SHA256SUMS");
  }

  bool parse(Bundle& out) {
    base::Diagnostics problems;
    std::optional<reports::RunResult> report =
        reports::parse_report(files_.at("report.json"), (dir_ / "report.json").string(), problems);
    std::optional<device::DeviceFile> device =
        device::parse_device_file(files_.at("device.json"), dir_ / "device.json", problems);
    const auto list = files_.find("must_pass.json");
    if (list != files_.end()) {
      out.must_pass = parse_must_pass(list->second, (dir_ / "must_pass.json").string(), problems);
      good_ = good_ && out.must_pass.has_value();
    }
    out.digests = internal::parse_results(files_.at("results.json"), problems);
    good_ = good_ && report && device && !base::has_errors(problems);
    diagnostics_.insert(diagnostics_.end(), problems.begin(), problems.end());
    if (!good_) return false;
    out.report = std::move(*report);
    out.device = std::move(*device);
    out.host = host_;
    const auto waivers = files_.find("waivers.json");
    if (waivers != files_.end()) out.waivers = waivers->second;
    return true;
  }

  void derive(const Bundle& bundle) {
    for (const auto& [name, text] : internal::bundle_files(bundle)) {
      const auto found = files_.find(name);
      if (found != files_.end() && found->second == text) continue;
      refuse(name, "BNDL-DERIVED", "does not follow from report.json, device.json and results.json",
             "the file that this program makes of them");
    }
  }

  fs::path dir_;
  base::Diagnostics& diagnostics_;
  std::map<std::string, std::string> files_;
  std::string host_;
  bool good_ = true;
};

}  // namespace

namespace internal {

std::map<std::string, DeviceDigests> parse_results(const std::string& text,
                                                   base::Diagnostics& diagnostics) {
  std::map<std::string, DeviceDigests> out;
  const std::optional<base::JsonDocument> document = base::parse_json(text, diagnostics, kLimits);
  if (!document) return out;
  base::JsonReader reader("results.json", {"BNDL-DERIVED", "BNDL-DERIVED"}, diagnostics);
  const base::JsonValue root = document->root();
  if (!reader.check_object(root, {"cases"}, "results.json")) return out;
  const auto cases = reader.require(root, "cases", "results.json");
  if (!cases || !reader.expect_kind(*cases, base::JsonKind::kArray)) return out;
  for (const base::JsonValue& item : cases->items()) {
    if (reader.full() || !item.is(base::JsonKind::kObject)) break;
    const auto word = [&](const char* key) {
      const auto value = reader.require(item, key, "a case");
      return value ? reader.string(*value).value_or("") : "";
    };
    const auto count = [&](const char* key) {
      const auto value = reader.require(item, key, "a case");
      return value ? reader.integer(*value, 0, std::int64_t{1} << 40).value_or(0) : 0;
    };
    DeviceDigests d{word("requests"), word("expected"),  word("results"),
                    count("product"), count("quantize"), count("quantized_dot")};
    out.emplace(word("id"), std::move(d));
  }
  return out;
}

}  // namespace internal

std::optional<ReadBundle> read_bundle(const fs::path& dir, base::Diagnostics& diagnostics) {
  return Reader(dir, diagnostics).read();
}

}  // namespace mxcheck::suite
