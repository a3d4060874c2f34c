// Judging a pack: its own integrity first (digests, expected values recomputed), then each result.
// Only file names this program gives are opened, whatever the manifest says.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "sim/base/digest.h"
#include "sim/base/file.h"
#include "sim/base/text.h"
#include "sim/mxu/cycle.h"
#include "sim/mxu/pack.h"
#include "sim/mxu/pack_format.h"
#include "sim/tensor/npy.h"

namespace mxcheck::mxu {
namespace {

using nlohmann::json;

// What is wrong with the pack; turned into an Error at the door.
struct Damaged {
  std::string fact;
};

template <typename T>
T member(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) throw Damaged{std::string("manifest lacks ") + key};
  const bool good = std::is_same_v<T, std::int64_t>  ? found->is_number_integer()
                    : std::is_same_v<T, std::string> ? found->is_string()
                    : std::is_same_v<T, bool>        ? found->is_boolean()
                                                     : true;
  if (!good) throw Damaged{std::string("manifest: ") + key + " has the wrong type"};
  return found->get<T>();
}

class Pack {
 public:
  explicit Pack(std::filesystem::path dir) : dir_(std::move(dir)) {
    const auto text = base::read_file(dir_ / "manifest.json", internal::kMaxManifestBytes);
    if (!text) throw Damaged{text.error()};
    manifest_ = json::parse(text.value(), nullptr, false);
    if (!manifest_.is_object()) throw Damaged{"manifest.json is not a JSON object"};
    if (member<std::string>(manifest_, "format") != internal::kPackFormat ||
        member<std::int64_t>(manifest_, "version") != internal::kPackVersion) {
      throw Damaged{"manifest.json is of another format or version"};
    }
    files_ = member<json>(manifest_, "files");
  }
  [[nodiscard]] const json& manifest() const { return manifest_; }
  [[nodiscard]] const std::filesystem::path& dir() const { return dir_; }

  // The content of one of the pack's own files, checked against its digest.
  [[nodiscard]] std::string file(const std::string& name) const {
    const auto text = base::read_file(dir_ / name, internal::kMaxPackFileBytes);
    if (!text) throw Damaged{text.error()};
    if (!files_.is_object() || !files_.contains(name) || !files_[name].is_string()) {
      throw Damaged{"manifest has no checksum of " + name};
    }
    if (base::sha256_hex(text.value()) != files_[name].get<std::string>()) {
      throw Damaged{name + " has changed since the pack was written"};
    }
    return text.value();
  }
  [[nodiscard]] tensor::Tensor array(const std::string& name, std::int64_t rows,
                                     std::int64_t cols) const {
    auto parsed = tensor::parse_npy(file(name));
    if (!parsed) throw Damaged{name + ": " + parsed.error()};
    if (parsed.value().shape() != tensor::Shape{rows, cols} ||
        !numerics::is_integer(parsed.value().dtype())) {
      throw Damaged{name + " has another shape or type than the manifest says"};
    }
    return std::move(parsed).value();
  }

 private:
  std::filesystem::path dir_;
  json manifest_, files_;
};

template <typename T>
std::vector<T> values_of(const tensor::Tensor& t) {
  std::vector<T> values;
  for (std::int64_t i = 0; i < t.size(); ++i) values.push_back(static_cast<T>(t.load_int(i)));
  return values;
}

std::int64_t extent(const json& entry, const char* key) {
  const auto value = member<std::int64_t>(entry, key);
  if (value < 0 || value > kMaxExtent) throw Damaged{std::string("manifest: ") + key};
  return value;
}

std::vector<std::int32_t> codes(const Pack& pack, const std::string& name, DType type,
                                std::int64_t rows, std::int64_t cols) {
  const std::vector<std::int32_t> result = values_of<std::int32_t>(pack.array(name, rows, cols));
  for (const std::int32_t code : result) {
    if (code < numerics::integer_min(type) || code > numerics::integer_max(type)) {
      throw Damaged{name + " holds a code out of the range of its type"};
    }
  }
  return result;
}

DType operand_type(const json& entry, const char* key) {
  const auto type = numerics::dtype_from_name(member<std::string>(entry, key));
  if (!type || !numerics::is_integer(*type)) throw Damaged{std::string("manifest: ") + key};
  return *type;
}

// The device's results, or the verdict that there are none.
std::vector<std::int64_t> observed(const Pack& pack, const Profile& profile, const Product& x,
                                   const std::string& folder, PackVerdict& verdict) {
  std::error_code ignored;
  const auto npy = pack.dir() / folder / "observed.npy", hex = pack.dir() / folder / "observed.hex";
  const auto unusable = [&](const std::string& fact) {
    verdict.kind = PackVerdict::Kind::kUnusable;
    verdict.text = fact;
    return std::vector<std::int64_t>{};
  };
  if (std::filesystem::exists(npy, ignored)) {
    const auto data = base::read_file(npy, internal::kMaxPackFileBytes);
    if (!data) return unusable(data.error());
    const auto tensor = tensor::parse_npy(data.value());
    if (!tensor) return unusable("observed.npy: " + tensor.error());
    if (tensor.value().shape() != tensor::Shape{x.m, x.n}) {
      return unusable("observed.npy has shape " + tensor::to_string(tensor.value().shape()));
    }
    if (!numerics::is_integer(tensor.value().dtype())) {
      return unusable("observed.npy does not hold integers");
    }
    return values_of<std::int64_t>(tensor.value());
  }
  if (std::filesystem::exists(hex, ignored)) {
    const auto data = base::read_file(hex, internal::kMaxPackFileBytes);
    if (!data) return unusable(data.error());
    auto values = internal::parse_results_hex(profile, x, data.value());
    if (!values) return unusable("observed.hex: " + values.error());
    return std::move(values).value();
  }
  verdict.kind = PackVerdict::Kind::kMissing;
  verdict.text = "no observed.npy or observed.hex";
  return {};
}

// One product of a pack, its files checked against their digests and against the profile.
struct Judged {
  std::vector<std::int32_t> lhs, rhs;
  std::vector<std::int64_t> init;
  Product product;
  ProductResult expected;
};

void read_product(const Pack& pack, const Profile& profile, const json& entry, std::size_t number,
                  Judged& out) {
  const std::string folder = internal::product_folder(number);
  Product& x = out.product;
  x.m = extent(entry, "m"), x.n = extent(entry, "n"), x.k = extent(entry, "k");
  x.lhs_type = operand_type(entry, "lhs_type");
  x.rhs_type = operand_type(entry, "rhs_type");
  out.lhs = codes(pack, folder + "/lhs.npy", x.lhs_type, x.m, x.k);
  out.rhs = codes(pack, folder + "/rhs.npy", x.rhs_type, x.k, x.n);
  if (member<bool>(entry, "init")) {
    out.init = values_of<std::int64_t>(pack.array(folder + "/init.npy", x.m, x.n));
    constexpr std::int64_t kLimit = std::int64_t{1} << 62;
    if (std::any_of(out.init.begin(), out.init.end(),
                    [](std::int64_t v) { return v <= -kLimit || v >= kLimit; })) {
      throw Damaged{folder + "/init.npy is out of range"};
    }
  }
  x.lhs = out.lhs, x.rhs = out.rhs, x.init = out.init;
  // Read first: the file's size bounds what the manifest can make this program allocate.
  const auto stored = values_of<std::int64_t>(pack.array(folder + "/expected.npy", x.m, x.n));
  out.expected = functional(profile, x);
  if (out.expected.status == Status::kRefused) throw Damaged{out.expected.refusal.fact};
  if (out.expected.acc != stored) {
    throw Damaged{folder + "/expected.npy is not what the profile gives"};
  }
  for (const char* image : {"control.hex", "stationary.hex", "streamed.hex", "expected.hex"}) {
    (void)pack.file(folder + '/' + image);
  }
  if (!out.init.empty()) (void)pack.file(folder + "/init.hex");
}

PackVerdict judge(const Pack& pack, const Profile& profile, const json& entry, std::size_t number) {
  Judged read;
  read_product(pack, profile, entry, number, read);
  PackVerdict verdict;
  verdict.name = member<std::string>(entry, "name");
  const std::vector<std::int64_t> results =
      observed(pack, profile, read.product, internal::product_folder(number), verdict);
  if (verdict.kind != PackVerdict::Kind::kPass) return verdict;
  verdict.where = locate(profile, read.product, results);
  verdict.text = localisation_text(profile, verdict.where);
  if (read.expected.status == Status::kUndefined) {
    verdict.kind = PackVerdict::Kind::kUndefined;
  } else if (!verdict.where.wrong.empty()) {
    verdict.kind = PackVerdict::Kind::kFail;
  }
  return verdict;
}

// Calls each(entry, number) for every product of a pack whose manifest can be meant.
template <typename Each>
Profile for_products(const Pack& pack, Each&& each) {
  const ParsedProfile parsed =
      parse_profile(member<json>(pack.manifest(), "profile").dump(), "manifest.json");
  if (!parsed.profile) throw Damaged{"the profile: " + parsed.diagnostics.front().fact};
  const auto products = member<json>(pack.manifest(), "products");
  if (!products.is_array() || products.size() > internal::kMaxPackProducts) {
    throw Damaged{"manifest: products"};
  }
  for (std::size_t i = 0; i < products.size(); ++i) {
    if (!products[i].is_object()) throw Damaged{"manifest: products"};
    each(*parsed.profile, products[i], i);
  }
  return *parsed.profile;
}

}  // namespace

const char* name(PackVerdict::Kind kind) {
  constexpr const char* kNames[] = {"PASS", "FAIL", "MISSING", "UNUSABLE", "UNDEFINED"};
  return kNames[static_cast<std::size_t>(kind)];
}

bool PackReport::passed() const {
  return !verdicts.empty() && std::all_of(verdicts.begin(), verdicts.end(), [](const auto& v) {
    return v.kind == PackVerdict::Kind::kPass;
  });
}

base::Result<PackReport> verify_pack(const std::filesystem::path& dir) {
  try {
    const Pack pack(dir);
    PackReport report;
    report.profile =
        for_products(pack, [&](const Profile& profile, const json& entry, std::size_t i) {
          report.verdicts.push_back(judge(pack, profile, entry, i));
        });
    return report;
  } catch (const Damaged& damaged) {
    return base::Error{base::printable(damaged.fact)};
  }
}

base::Result<PackResults> read_pack_results(const std::filesystem::path& dir) {
  try {
    const Pack pack(dir);
    PackResults out;
    out.origin = member<std::string>(pack.manifest(), "origin");
    for_products(pack, [&](const Profile& profile, const json& entry, std::size_t i) {
      Judged read;
      read_product(pack, profile, entry, i, read);
      PackVerdict verdict;
      PackResults::One one;
      one.values = observed(pack, profile, read.product, internal::product_folder(i), verdict);
      if (verdict.kind != PackVerdict::Kind::kPass) one.problem = verdict.text;
      out.products.push_back(std::move(one));
    });
    return out;
  } catch (const Damaged& damaged) {
    return base::Error{base::printable(damaged.fact)};
  }
}

std::string pack_report_text(const PackReport& report) {
  std::string text;
  for (const PackVerdict& v : report.verdicts) {
    text += std::string(name(v.kind)) + ' ' + base::printable(v.name) + ": " + v.text;
    if (text.back() != '\n') text += '\n';
  }
  const std::vector<std::string> unknown = unknown_keys(report.profile);
  text += "agreement is with the profile " + describe(report.profile) + "\n";
  if (!unknown.empty()) text += "not published, so not proven: " + base::join(unknown, ", ") + "\n";
  return text;
}

}  // namespace mxcheck::mxu
