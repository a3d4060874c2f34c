// Watches the products of a run: widths for every one, operands for those that went wrong.
#include "sim/suite/product_notes.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "sim/mxu/locate.h"
#include "sim/mxu/schedule.h"

namespace mxcheck::suite {
namespace {

using reports::Finding;
using reports::ProductWidths;

const std::string kAcc = "/acc";

bool is_accumulator(const Finding& finding) {
  return finding.name.size() > kAcc.size() &&
         finding.name.compare(finding.name.size() - kAcc.size(), kAcc.size(), kAcc) == 0;
}

std::string product_of(const Finding& finding) {
  return finding.name.substr(0, finding.name.size() - kAcc.size());
}

// A product's operands, kept beyond the call that showed them.
struct KeptProduct {
  mxu::Product product;
  std::vector<std::int32_t> lhs, rhs;
};

KeptProduct keep(const mxu::Product& product) {
  KeptProduct kept{
      product, {product.lhs.begin(), product.lhs.end()}, {product.rhs.begin(), product.rhs.end()}};
  return kept;
}

mxu::Product view(const KeptProduct& kept) {
  mxu::Product product = kept.product;
  product.lhs = kept.lhs;
  product.rhs = kept.rhs;
  return product;
}

// Are the accumulators of this product in the order the array delivers them?
bool in_delivery_order(const graph::Graph& graph, const std::string& product) {
  for (const graph::Node& node : graph.nodes) {
    if (product.find("/quant/" + node.name + "/") == std::string::npos) continue;
    if (node.op != graph::Op::conv_general_dilated) return true;
    const std::string& layout = node.attributes.conv_layout[2];
    return product.ends_with("/fwd") && layout.front() == 'N' && layout.back() == 'C';
  }
  return false;
}

// Counts the wrong outputs of one product by PE. The map stays below kMapSide cells a side.
constexpr std::int64_t kMapSide = 128;
void add_to_map(const mxu::Localisation& where, reports::PeMap& map) {
  map.compared += where.compared;
  std::map<std::pair<std::int64_t, std::int64_t>, std::int64_t> counts;
  for (const reports::PeCount& pe : map.wrong) counts[{pe.row, pe.column}] = pe.wrong;
  for (const mxu::WrongOutput& wrong : where.wrong) {
    if (wrong.col < 0) continue;
    const std::int64_t row = wrong.row < 0 ? -1 : wrong.row / map.cell;
    ++counts[{row, wrong.col / map.cell}];
  }
  map.wrong.clear();
  for (const auto& [place, count] : counts) {
    map.wrong.push_back({place.first, place.second, count});
  }
}

void localise(const mxu::Profile& profile, const std::vector<KeptProduct>& products,
              const tensor::Tensor& observed, Finding& finding) {
  std::int64_t at = 0;
  reports::PeMap map{profile.rows, profile.cols, 1, 0, {}};
  map.cell = (std::max(profile.rows, profile.cols) + kMapSide - 1) / kMapSide;
  bool found = false;
  for (const KeptProduct& kept : products) {
    const std::int64_t size = kept.product.m * kept.product.n;
    if (at + size > observed.size()) break;
    std::vector<std::int64_t> slice;
    for (std::int64_t i = 0; i < size; ++i) slice.push_back(observed.load_int(at + i));
    at += size;
    const mxu::Localisation where = mxu::locate(profile, view(kept), slice);
    add_to_map(where, map);
    const mxu::WrongOutput* first = where.first();
    if (first == nullptr || found) continue;
    found = true;
    const auto known = [](std::int64_t value) {
      return value < 0 ? std::string("?") : std::to_string(value);
    };
    finding.explanation += fmt::format(
        "{}on a {} x {} array: output [{},{}] of tile m {}, n {}; chunk {}, k {}, PE row "
        "{}, column {}; {} of {} outputs",
        finding.explanation.empty() ? "" : "; ", profile.rows, profile.cols, first->m, first->n,
        first->tile_m, first->tile_n, known(first->chunk), known(first->k), known(first->row),
        known(first->col), where.wrong.size(), where.compared);
  }
  if (!map.wrong.empty()) finding.pe_map = std::move(map);
}

// What the product costs on the array, by the closed forms of its schedule.
void add_cost(const mxu::Profile& profile, const mxu::Product& product, ProductWidths& entry) {
  if (std::max({product.m, product.n, product.k}) > mxu::kMaxExtent) return;
  mxu::ProductShape shape;
  shape.m = product.m, shape.n = product.n, shape.k = product.k;
  shape.lhs_type = product.lhs_type, shape.rhs_type = product.rhs_type;
  shape.has_init = !product.init.empty();
  const mxu::Schedule schedule = mxu::schedule(profile, shape);
  constexpr std::int64_t kSumBytes = 4;
  entry.cycles += schedule.total();
  entry.bytes += schedule.bytes();
  entry.peak = profile.rows * profile.cols * profile.macs_per_pe;
  entry.edge_bytes = profile.rows + (1 + kSumBytes) * profile.cols;
}

// Sums of other codes say nothing about the array.
bool operands_differ(const reports::CheckResult& check, const std::string& product) {
  return std::any_of(check.findings.begin(), check.findings.end(), [&](const Finding& f) {
    return f.name == product + "/lhs.qvalue" || f.name == product + "/rhs.qvalue";
  });
}

}  // namespace

WidthCollector::WidthCollector(const mxu::Profile& profile) : profile_(profile) {
  observer_ = [this](const std::string& name, const mxu::Product& product) {
    if (products_.empty() || products_.back().name != name || products_.back().m != product.m) {
      products_.push_back({name, 0, product.m, product.k, product.n, 1, 1, 0, 0, 0, 0});
    }
    ProductWidths& entry = products_.back();
    ++entry.batch;
    add_cost(profile_, product, entry);
    if (product.m * product.n * product.k > kMaxWidthMacs) return;
    const mxu::WidthsNeeded widths = mxu::widths_needed(profile_, product);
    entry.partial_bits = std::max(entry.partial_bits, widths.partial);
    entry.acc_bits = std::max(entry.acc_bits, widths.acc);
  };
}

std::string width_note(const mxu::Profile& profile, const std::vector<ProductWidths>& products) {
  if (products.empty() || mxu::plain_wrap(profile)) return "";
  int partial = 1;
  int acc = 1;
  for (const ProductWidths& p : products) {
    partial = std::max(partial, p.partial_bits);
    acc = std::max(acc, p.acc_bits);
  }
  if (partial > profile.partial_bits || acc > profile.acc_bits) return "";
  return fmt::format(
      "no sum needed more than {} bits in the array and {} in the accumulators: these vectors "
      "cannot tell {} from a profile of any width from there up",
      partial, acc, profile.base);
}

void localise_findings(const exec::Request& request, const graph::Values& expected,
                       reports::CheckResult& check) {
  if (std::none_of(check.findings.begin(), check.findings.end(), is_accumulator)) return;
  std::map<std::string, std::vector<KeptProduct>> seen;
  for (const Finding& finding : check.findings) {
    if (is_accumulator(finding)) seen[product_of(finding)];
  }
  const exec::ProductObserver observer = [&](const std::string& name, const mxu::Product& product) {
    const auto wanted = seen.find(name);
    if (wanted != seen.end()) wanted->second.push_back(keep(product));
  };
  exec::Request watched = request;
  watched.observer = &observer;
  if (!exec::run(watched)) return;
  for (Finding& finding : check.findings) {
    if (!is_accumulator(finding)) continue;
    const std::string product = product_of(finding);
    if (operands_differ(check, product)) continue;
    const auto values = expected.find(finding.name);
    if (values == expected.end() || !in_delivery_order(request.graph, product)) continue;
    if (values->second.dtype() != tensor::DType::kS32) continue;
    localise(request.profile, seen[product], values->second, finding);
  }
}

}  // namespace mxcheck::suite
