// Two passes of locate_by_prefixes: one that writes the prefixes down, one that reads the answers.
#include "sim/suite/device_locate.h"

#include <fmt/format.h>

#include "sim/mxu/locate.h"

namespace mxcheck::suite {
namespace {

using Values = std::vector<std::int64_t>;

std::vector<std::int32_t> codes_of(const tensor::Tensor& t) {
  std::vector<std::int32_t> out;
  for (std::int64_t i = 0; i < t.size(); ++i) {
    out.push_back(static_cast<std::int32_t>(t.load_int(i)));
  }
  return out;
}

Values values_of(const tensor::Tensor& t) {
  Values out;
  for (std::int64_t i = 0; i < t.size(); ++i) out.push_back(t.load_int(i));
  return out;
}

device::Request with_lhs(const device::Request& request, std::span<const std::int32_t> lhs) {
  device::Request out = request;
  tensor::Tensor codes(request.operand("lhs")->dtype(), request.operand("lhs")->shape());
  for (std::size_t i = 0; i < lhs.size(); ++i) {
    codes.store_int(static_cast<std::int64_t>(i), lhs[i]);
  }
  out.operands.front().second = std::move(codes);
  out.name += "#prefix";
  return out;
}

}  // namespace

std::string locate_by_asking(const mxu::Profile& profile, const DeviceQuestion& question,
                             const tensor::Tensor& answer, device::Device& device) {
  const device::Request& request = question.request;
  const std::vector<std::int32_t> lhs = codes_of(*request.operand("lhs"));
  const std::vector<std::int32_t> rhs = codes_of(*request.operand("rhs"));
  mxu::Product product;
  product.m = request.shape[0];
  product.n = request.shape[1];
  product.k = request.operand("lhs")->dim(1);
  product.lhs = lhs;
  product.rhs = rhs;
  product.lhs_type = request.operand("lhs")->dtype();
  product.rhs_type = request.operand("rhs")->dtype();
  if (product.k > kMostPrefixes) return "";
  const Values whole = values_of(answer);
  std::vector<device::Request> prefixes;
  bool first = true;
  static_cast<void>(mxu::locate_by_prefixes(profile, product, [&](const mxu::Product& p) {
    if (std::exchange(first, false)) return whole;
    prefixes.push_back(with_lhs(request, p.lhs));
    return mxu::functional(profile, p).acc;
  }));
  const device::Answers answers = device.ask(prefixes);
  if (!answers.failure.empty()) return "";
  std::size_t next = 0;
  first = true;
  const mxu::Localisation where =
      mxu::locate_by_prefixes(profile, product, [&](const mxu::Product&) {
        return std::exchange(first, false) ? whole : values_of(answers.results.at(next++));
      });
  const mxu::WrongOutput* wrong = where.first();
  if (wrong == nullptr || wrong->k < 0 || wrong->row < 0) return "";
  return fmt::format(
      "asked again with prefixes of K: output [{},{}], chunk {}, k {}, PE row {}, "
      "column {}",
      wrong->m, wrong->n, wrong->chunk, wrong->k, wrong->row, wrong->col);
}

}  // namespace mxcheck::suite
