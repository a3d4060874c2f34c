// Writing a pack: files first, the manifest with their digests last, then the folder to its place.
#include "sim/mxu/pack.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "sim/base/digest.h"
#include "sim/base/file.h"
#include "sim/base/new_folder.h"
#include "sim/mxu/cycle.h"
#include "sim/mxu/pack_format.h"
#include "sim/tensor/npy.h"

namespace mxcheck::mxu {
namespace {

using Json = nlohmann::ordered_json;

template <typename T>
std::string npy(DType dtype, std::int64_t rows, std::int64_t cols, std::span<const T> values) {
  tensor::Tensor t(dtype, {rows, cols});
  for (std::size_t i = 0; i < values.size(); ++i) {
    t.store_int(static_cast<std::int64_t>(i), values[i]);
  }
  return tensor::serialize_npy(t).value();
}

class Writer {
 public:
  explicit Writer(std::filesystem::path dir) : dir_(std::move(dir)) {}

  void write(const std::string& name, const std::string& content) {
    if (!problem_.empty()) return;
    std::error_code error;
    std::filesystem::create_directories((dir_ / name).parent_path(), error);
    const base::Status status = base::write_file_atomically(dir_ / name, content);
    if (!status) problem_ = status.error();
    digests_[name] = base::sha256_hex(content);
  }
  [[nodiscard]] const std::string& problem() const { return problem_; }
  [[nodiscard]] const Json& digests() const { return digests_; }

 private:
  std::filesystem::path dir_;
  std::string problem_;
  Json digests_ = Json::object();
};

Json describe_product(const PackProduct& item, const ProductResult& result) {
  const Product& x = item.product;
  Json entry = {{"name", item.name},
                {"m", x.m},
                {"n", x.n},
                {"k", x.k},
                {"lhs_type", numerics::name(x.lhs_type)},
                {"rhs_type", numerics::name(x.rhs_type)},
                {"init", !x.init.empty()},
                {"status", result.status == Status::kOk ? "ok" : "undefined"},
                {"digest", digest(result)}};
  if (result.overflow) {
    entry["overflow"] = {{"m", result.overflow->m},
                         {"n", result.overflow->n},
                         {"k", result.overflow->k},
                         {"stage", name(result.overflow->stage)}};
  }
  return entry;
}

void write_product(const Profile& profile, const Product& x, const ProductResult& result,
                   const std::string& folder, Writer& writer) {
  writer.write(folder + "/lhs.npy", npy(x.lhs_type, x.m, x.k, x.lhs));
  writer.write(folder + "/rhs.npy", npy(x.rhs_type, x.k, x.n, x.rhs));
  writer.write(folder + "/expected.npy",
               npy(DType::kS64, x.m, x.n, std::span<const std::int64_t>(result.acc)));
  const internal::HexImages images = internal::hex_images(profile, x, result.acc);
  writer.write(folder + "/control.hex", images.control);
  writer.write(folder + "/stationary.hex", images.stationary);
  writer.write(folder + "/streamed.hex", images.streamed);
  writer.write(folder + "/expected.hex", images.expected);
  if (x.init.empty()) return;
  writer.write(folder + "/init.npy", npy(DType::kS64, x.m, x.n, x.init));
  writer.write(folder + "/init.hex", images.init);
}

}  // namespace

base::Status write_pack(const std::filesystem::path& dir, const Profile& profile,
                        const std::vector<PackProduct>& products, const std::string& origin) {
  if (products.size() > internal::kMaxPackProducts) {
    return base::Error{"a pack holds at most 1000 products"};
  }
  base::NewFolder folder(dir);
  if (!folder.made()) return folder.made();
  Writer writer(folder.path());
  Json manifest = {{"format", internal::kPackFormat},
                   {"version", internal::kPackVersion},
                   {"origin", origin},
                   {"profile", Json::parse(info_json(profile))["profile"]},
                   {"unknown_keys", unknown_keys(profile)},
                   {"products", Json::array()}};
  for (std::size_t i = 0; i < products.size(); ++i) {
    const ProductResult result = functional(profile, products[i].product);
    if (result.status == Status::kRefused) {
      return base::Error{products[i].name + ": " + result.refusal.label + ": " +
                         result.refusal.fact};
    }
    write_product(profile, products[i].product, result, internal::product_folder(i), writer);
    manifest["products"].push_back(describe_product(products[i], result));
  }
  manifest["files"] = writer.digests();
  writer.write("manifest.json",
               manifest.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
  if (!writer.problem().empty()) return base::Error{writer.problem()};
  return folder.place();
}

}  // namespace mxcheck::mxu
