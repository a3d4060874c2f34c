// A report is refused with everything that speaks against it.
#include "sim/cli/earlier_option.h"

#include <fmt/format.h>

#include "reports/read.h"
#include "sim/base/program_id.h"
#include "sim/base/text.h"
#include "sim/cli/byte_count.h"

namespace mxcheck::cli {
namespace {

std::unique_ptr<suite::ReportResults> read_resumed(const std::string& file,
                                                   const reports::RunContext& context,
                                                   const suite::CaseOptions& options,
                                                   const suite::Expectations* expectations) {
  base::Diagnostics problems;
  std::optional<reports::RunResult> report = reports::read_report(file, problems);
  std::string why;
  if (report) {
    for (const std::string& difference : suite::context_differences(report->context, context)) {
      why += "\n  " + base::printable(difference);
    }
  }
  for (const base::Diagnostic& d : problems) why += "\n" + base::format(d);
  std::unique_ptr<suite::ReportResults> out;
  if (report) {
    out = std::make_unique<suite::ReportResults>(std::move(*report), options, expectations);
    for (const std::string& id : out->doubled()) {
      why += "\n  it has more than one result of " + base::printable(id);
    }
  }
  if (!why.empty()) {
    throw UsageError(fmt::format("--resume: {} is not a report that this run can go on from:{}",
                                 base::printable(file), why));
  }
  return out;
}

}  // namespace

void add_earlier_options(po::options_description& options) {
  options.add_options()  //
      ("resume", po::value<std::string>(),
       "REPORT.json of this command, cut short: go on from there. Cases that did not change keep "
       "their results, the others run; the new reports are those of a whole run")  //
      ("cache", po::value<std::string>(),
       "DIR: a case that passed is not run again while neither it, its files, this build nor an "
       "option that matters changes; the report says cached. off: no cache (default)")  //
      ("cache-size", po::value<std::string>(),
       "what was not used for longest leaves the cache when it has more (1G)");
}

Earlier::Earlier(const po::variables_map& map, const reports::RunContext& context,
                 const suite::CaseOptions& options, const suite::Expectations* expectations) {
  if (has(map, "resume")) {
    if (has(map, "dump")) {
      throw UsageError("--resume and --dump: a report does not hold the values");
    }
    if (has(map, "device")) {
      throw UsageError("--resume and --device: a report cannot tell whether it is the same device");
    }
    resumed_ = cli::text(map, "resume", "");
    report_ = read_resumed(resumed_, context, options, expectations);
  }
  constexpr std::uint64_t kCacheBytes = std::uint64_t{1} << 30;
  cache_bytes_ = byte_count(map, "cache-size", kCacheBytes);
  folder_ = cli::text(map, "cache", "off");
  if (folder_.empty() || folder_ == "off") return;
  if (has(map, "dump")) {
    unused_ = "--dump writes values, which a result does not hold";
  } else if (has(map, "device")) {
    unused_ = "a device is asked every time";
  } else if (const std::string build = base::program_id(); build.empty()) {
    unused_ = "this build of the program cannot be told from others";
  } else {
    const std::string tool = context.version + " " + context.commit + " " + build;
    base::Result<std::unique_ptr<suite::ResultCache>> opened =
        suite::ResultCache::open(folder_, tool, options);
    if (!opened) throw UsageError("--cache: " + base::printable(opened.error()));
    cache_ = std::move(opened).value();
  }
}

std::vector<suite::EarlierResults*> Earlier::results() const {
  std::vector<suite::EarlierResults*> out;
  if (report_ != nullptr) out.push_back(report_.get());
  if (cache_ != nullptr) out.push_back(cache_.get());
  return out;
}

void Earlier::finish() {
  if (cache_ != nullptr) cache_->shrink(cache_bytes_);
}

std::string Earlier::text(const reports::RunResult& run) const {
  std::string out;
  const auto line = [&](std::size_t count, const std::string& source) {
    out += fmt::format("{} of {} results are those of {}\n", count, run.cases.size(),
                       base::printable(source));
  };
  if (report_ != nullptr) line(report_->taken(), resumed_);
  if (cache_ != nullptr) line(cache_->found(), "the cache " + folder_);
  if (!unused_.empty()) out += fmt::format("the cache is not used: {}\n", unused_);
  return out;
}

std::vector<std::string> Earlier::warnings() const {
  return cache_ != nullptr ? cache_->warnings() : std::vector<std::string>{};
}

}  // namespace mxcheck::cli
