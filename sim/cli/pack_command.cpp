// `mxcheck pack`: writes every integer product of a case as vectors for a device that is checked
// offline; `mxcheck verify` judges what the device wrote back.
#include <fmt/format.h>

#include <list>
#include <set>

#include "sim/base/text.h"
#include "sim/cli/hardware_option.h"
#include "sim/cli/options.h"
#include "sim/exec/executor.h"
#include "sim/mxu/pack.h"
#include "sim/suite/bundle.h"
#include "sim/suite/run_case.h"

namespace mxcheck::cli {
namespace {

CommandLine pack_line() {
  CommandLine line;
  line.command = "pack";
  line.synopsis = "mxcheck pack CASE -o DIR [options]";
  line.options.add_options()                                     //
      ("output,o", po::value<std::string>(), "folder to write")  //
      ("hardware", po::value<std::string>(),
       "profile instead of the case's: preset or FILE.json")  //
      ("id", po::value<std::vector<std::string>>()->composing(),
       "one case of a folder or matrix")  //
      ("help,h", "this text");
  line.examples =
      "  mxcheck pack cases/qt/dense_f32_ieee.json -o pack --hardware gemmini_16\n"
      "  ... the device writes pack/product_NNN/observed.npy or observed.hex ...\n"
      "  mxcheck verify pack\n";
  return line;
}

CommandLine verify_line() {
  CommandLine line;
  line.command = "verify";
  line.synopsis =
      "mxcheck verify DIR             the results a device wrote into a pack\n"
      "       mxcheck verify --bundle DIR    a bundle of conform: any byte changed, missing, added";
  line.options.add_options()                                                       //
      ("bundle", po::value<std::string>(), "folder of a bundle")                   //
      ("digest", po::value<std::string>(), "with --bundle: what conform printed")  //
      ("help,h", "this text");
  line.examples =
      "  mxcheck verify pack\n"
      "  mxcheck verify --bundle bundle --digest sha256:0123...\n";
  return line;
}

// Products that own their codes; a list, so that spans stay valid.
struct Captured {
  std::string name;
  std::vector<std::int32_t> lhs, rhs;
  mxu::Product product;
};

std::list<Captured> capture(const casefile::Case& c, const mxu::Profile& profile,
                            base::Diagnostics& diagnostics) {
  std::list<Captured> out;
  const std::optional<graph::RunData> data = casefile::load_data(c, diagnostics);
  if (!data) return out;
  std::set<std::string> names;
  const exec::ProductObserver observer = [&](const std::string& name, const mxu::Product& product) {
    std::string unique = name;
    for (int n = 1; !names.insert(unique).second; ++n) unique = fmt::format("{}#{}", name, n);
    Captured& copy = out.emplace_back();
    copy.name = unique;
    copy.lhs.assign(product.lhs.begin(), product.lhs.end());
    copy.rhs.assign(product.rhs.begin(), product.rhs.end());
    copy.product = product;
    copy.product.lhs = copy.lhs;
    copy.product.rhs = copy.rhs;
  };
  exec::Request request{c.graph, c.rules, c.plan, c.run, *data, c.policy, profile};
  request.observer = &observer;
  const base::Result<exec::Outcome> outcome = exec::run(request);
  if (!outcome) throw UsageError(base::printable(outcome.error()));
  for (const base::Diagnostic& d : outcome.value().diagnostics) diagnostics.push_back(d);
  return out;
}

casefile::Case single_case(const po::variables_map& map) {
  if (texts(map, "paths").empty()) throw UsageError("mxcheck pack needs a case");
  suite::Selection selected;
  selected.ids = texts(map, "id");
  base::Result<suite::Collection> collected = suite::collect(paths(map), selected);
  if (!collected) throw UsageError(base::printable(collected.error()));
  suite::Collection collection = std::move(collected).value();
  for (const suite::RefusedCase& refused : collection.refused) {
    std::string message = "the case is refused";
    for (const base::Diagnostic& d : refused.diagnostics) message += "\n" + base::format(d);
    throw UsageError(message);
  }
  if (collection.cases.size() != 1) {
    throw UsageError(fmt::format("a pack holds one case, {} are selected; --id selects one",
                                 collection.cases.size()));
  }
  return std::move(collection.cases.front());
}

int verify_bundle(const po::variables_map& map) {
  const std::string dir = text(map, "bundle", "");
  if (!texts(map, "paths").empty()) throw UsageError("mxcheck verify takes a pack or a --bundle");
  base::Diagnostics problems;
  const std::optional<suite::ReadBundle> read = suite::read_bundle(dir, problems);
  for (const base::Diagnostic& d : problems) fmt::print(stderr, "{}\n", base::format(d));
  if (!read) {
    fmt::print("{}: damaged\n", base::printable(dir));
    return kExitFailed;
  }
  std::string expected = text(map, "digest", read->digest);
  if (expected.starts_with("sha256:")) expected.erase(0, 7);
  if (expected != read->digest) {
    fmt::print("{}: is whole, but another bundle: sha256:{}\n", base::printable(dir), read->digest);
    return kExitFailed;
  }
  const suite::BundleVerdict v = suite::verdict_of(read->bundle);
  fmt::print("{}: whole, sha256:{}\nverdict: {}\n{} passed, {} failed, {} skipped\n",
             base::printable(dir), read->digest, name(v.kind), v.totals.passed, v.totals.failed,
             v.totals.skipped);
  return kExitOk;
}

}  // namespace

int run_pack(const Arguments& arguments) {
  const po::variables_map map = parse(pack_line(), arguments);
  if (!has(map, "output")) throw UsageError("mxcheck pack needs -o DIR");
  const casefile::Case c = single_case(map);
  base::Diagnostics problems;
  const std::optional<mxu::Profile> profile = has(map, "hardware")
                                                  ? parse_hardware(text(map, "hardware", ""))
                                                  : suite::profile_of(c, problems);
  std::list<Captured> captured;
  if (profile) captured = capture(c, *profile, problems);
  for (const base::Diagnostic& d : problems) fmt::print(stderr, "{}\n", base::format(d));
  if (base::has_errors(problems)) return kExitUsage;
  if (captured.empty()) throw UsageError("the case has no integer products");
  std::vector<mxu::PackProduct> products;
  for (const Captured& one : captured) products.push_back({one.name, one.product});
  const std::string folder = text(map, "output", "");
  const base::Status status =
      mxu::write_pack(folder, *profile, products, fmt::format("case {} sha256:{}", c.id, c.digest));
  if (!status) throw UsageError(base::printable(status.error()));
  fmt::print("{}: {} products of {} for {}\n", base::printable(folder), products.size(),
             base::printable(c.id), mxu::describe(*profile));
  return kExitOk;
}

int run_verify(const Arguments& arguments) {
  const po::variables_map map = parse(verify_line(), arguments);
  if (has(map, "bundle")) return verify_bundle(map);
  if (has(map, "digest")) throw UsageError("--digest has no meaning without --bundle");
  const std::vector<std::string> folders = texts(map, "paths");
  if (folders.size() != 1) throw UsageError("mxcheck verify needs the folder of one pack");
  const base::Result<mxu::PackReport> report = mxu::verify_pack(folders.front());
  if (!report) throw UsageError(base::printable(report.error()));
  fmt::print("{}", mxu::pack_report_text(report.value()));
  using Kind = mxu::PackVerdict::Kind;
  std::size_t passed = 0;
  std::size_t skipped = 0;
  for (const mxu::PackVerdict& verdict : report.value().verdicts) {
    passed += verdict.kind == Kind::kPass ? 1 : 0;
    skipped += verdict.kind == Kind::kUndefined ? 1 : 0;
  }
  fmt::print("{} passed, {} failed, {} skipped\n", passed,
             report.value().verdicts.size() - passed - skipped, skipped);
  return report.value().passed() ? kExitOk : kExitFailed;
}

}  // namespace mxcheck::cli
