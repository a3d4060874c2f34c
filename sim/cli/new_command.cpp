// `mxcheck new`: writes a small valid case to start from, and says what to do with it.
#include <fmt/format.h>

#include <charconv>

#include "reports/console.h"
#include "sim/author/new_case.h"
#include "sim/base/file.h"
#include "sim/base/text.h"
#include "sim/cli/options.h"
#include "sim/cli/policy_option.h"
#include "sim/mxu/profile.h"
#include "sim/suite/discover.h"

namespace mxcheck::cli {
namespace {

namespace fs = std::filesystem;

std::string template_list() {
  std::string out;
  for (const author::TemplateInfo& info : author::templates()) {
    out += fmt::format("  {:<10} {:<38} --shape {}\n", info.name, info.meaning, info.shape);
  }
  return out;
}

CommandLine command_line() {
  CommandLine line;
  line.command = "new";
  line.synopsis =
      "mxcheck new NAME [options]    writes NAME.json\n\ntemplates:\n" + template_list() +
      "\nmodes:\n"
      "  float        no rule                     qat   float gradients past the quantizer\n"
      "  qt           gradients quantized too     ptq   forward only\n"
      "  weight_only  activations stay float      srq   static ranges over three steps\n\n"
      "types: those of rules (s8, u4, f8e4m3fn, mxfp8, ...), int8, int4, fp8_e4m3, or float";
  line.options.add_options()                                                                      //
      ("template,t", po::value<std::string>(), "the graph, default dense")                        //
      ("op", po::value<std::string>(), "a graph around this op instead")                          //
      ("mode,m", po::value<std::string>(), "float, qat, qt (default), ptq, weight_only, srq")     //
      ("lhs", po::value<std::string>(), "type of activations, default s8")                        //
      ("rhs", po::value<std::string>(), "type of weights, default s8")                            //
      ("bwd", po::value<std::string>(), "type of gradients in mode qt, default s8")               //
      ("dtype", po::value<std::string>(), "of the float values: f32 (default), bf16, f16")        //
      ("calibration", po::value<std::string>(), "of activations: absmax, minmax, \"rms,2\" ...")  //
      ("weight-calibration", po::value<std::string>(), "of weights")                              //
      ("bwd-calibration", po::value<std::string>(), "of gradients")                               //
      ("tile", po::value<std::string>(), "elements along the contraction, or a fraction of it")   //
      ("policy", po::value<std::string>(), "numerics policy, default ieee")                       //
      ("hardware", po::value<std::string>(), "preset of the matrix unit, default ideal_int32")    //
      ("shape", po::value<std::string>(), "dimensions, such as 5x24x7")                           //
      ("seed", po::value<std::string>(), "of the random data, default 1")                         //
      ("output,o", po::value<std::string>(), "DIR to write into, default the current folder")     //
      ("force,f", "replace a file that is there")                                                 //
      ("quiet,q", "no next steps")                                                                //
      ("help,h", "this text");
  line.examples =
      "  mxcheck new dense_qt --op dot_general --mode qt\n"
      "  mxcheck new conv_bf16 --template conv --mode qat --dtype bf16 -o cases/conv\n"
      "  mxcheck new tiled --lhs int8 --rhs int4 --bwd float --tile 8 --shape 6x32x5\n"
      "  mxcheck new codes --template raw --lhs u8 --rhs s8 --hardware gemmini_16\n";
  return line;
}

std::vector<std::int64_t> shape_of(const po::variables_map& map) {
  std::vector<std::int64_t> out;
  if (!has(map, "shape")) return out;
  const std::string word = text(map, "shape", "");
  for (const std::string& part : base::split(word, 'x')) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
    if (error != std::errc{} || end != part.data() + part.size() || value < 1) {
      throw UsageError(fmt::format("--shape is '{}'; it must be positive numbers such as 5x24x7",
                                   base::printable(word)));
    }
    out.push_back(value);
  }
  return out;
}

std::optional<numerics::CalibrationMethod> calibration(const po::variables_map& map,
                                                       const char* option) {
  if (!has(map, option)) return std::nullopt;
  auto parsed = numerics::parse_calibration_method(text(map, option, ""));
  if (const auto* error = std::get_if<numerics::CalibrationError>(&parsed)) {
    throw UsageError(
        fmt::format("--{}: {} [{}]", option, base::printable(error->fact), error->label));
  }
  return std::get<numerics::CalibrationMethod>(parsed);
}

std::optional<numerics::TileSize> tile(const po::variables_map& map) {
  if (!has(map, "tile")) return std::nullopt;
  const std::string word = text(map, "tile", "");
  if (word.find('.') == std::string::npos) {
    return numerics::TileSize(integer(map, "tile", 0, 1, std::int64_t{1} << 20));
  }
  const double fraction = positive_number(map, "tile", 1);
  if (fraction > 1) throw UsageError("--tile: a fraction is at most 1");
  return numerics::TileSize(fraction);
}

std::optional<std::string> given(const po::variables_map& map, const char* option) {
  return has(map, option) ? std::optional<std::string>(text(map, option, "")) : std::nullopt;
}

author::NewCase request_of(const po::variables_map& map) {
  author::NewCase out;
  if (has(map, "template") && has(map, "op")) {
    throw UsageError("--template and --op: one at a time");
  }
  std::vector<std::string> names;
  for (const author::TemplateInfo& info : author::templates()) names.emplace_back(info.name);
  out.form = one_of(map, "template", "dense", names);
  if (has(map, "op")) out.op = one_of(map, "op", "", graph::op_names());
  if (has(map, "mode")) {
    out.mode = author::new_mode_from_name(one_of(map, "mode", "qt", author::new_mode_names()));
  }
  out.lhs = given(map, "lhs"), out.rhs = given(map, "rhs"), out.bwd = given(map, "bwd");
  out.dtype =
      numerics::dtype_from_name(one_of(map, "dtype", "f32", {"f32", "bf16", "f16"})).value();
  out.calibration = calibration(map, "calibration");
  out.weight_calibration = calibration(map, "weight-calibration");
  out.bwd_calibration = calibration(map, "bwd-calibration");
  out.tile = tile(map);
  if (has(map, "policy")) out.policy = parse_policy(text(map, "policy", ""));
  out.hardware = one_of(map, "hardware", "ideal_int32", mxu::preset_names());
  out.shape = shape_of(map);
  constexpr std::int64_t kMostSeed = std::int64_t{1} << 40;
  out.seed = static_cast<std::uint64_t>(integer(map, "seed", 1, 0, kMostSeed));
  return out;
}

fs::path file_of(const po::variables_map& map) {
  const std::vector<std::string> words = texts(map, "paths");
  if (words.size() != 1) throw UsageError("mxcheck new needs one name");
  fs::path name = words.front();
  if (name.extension() != ".json") name += ".json";
  const std::string stem = name.stem().string();
  if (stem.empty() || stem.starts_with(".")) {
    throw UsageError(fmt::format("'{}' is no name of a case", base::printable(words.front())));
  }
  return fs::path(text(map, "output", "")) / name;
}

// What the reader says of the text; nothing is written that it refuses.
void must_be_valid(const std::string& text, const fs::path& file) {
  const fs::path folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
  const casefile::LoadedCases loaded =
      casefile::load_case_text(text, file, suite::suite_root(folder), file.stem().string());
  for (const base::Diagnostic& d : loaded.diagnostics) {
    fmt::print(stderr, "{}\n", base::format(d));
  }
  if (loaded.cases.size() != 1 || base::has_errors(loaded.diagnostics)) {
    throw UsageError("such a case would be refused; nothing is written");
  }
}

}  // namespace

int run_new(const Arguments& arguments) {
  const po::variables_map map = parse(command_line(), arguments);
  const fs::path file = file_of(map);
  const base::Result<casefile::Draft> draft = author::new_case(request_of(map));
  if (!draft) throw UsageError(draft.error());
  const std::string text = casefile::write_draft(draft.value());
  must_be_valid(text, file);
  std::error_code error;
  if (fs::exists(fs::symlink_status(file, error)) && !has(map, "force")) {
    throw UsageError(
        fmt::format("{} is there already; --force replaces it", base::printable(file.string())));
  }
  const base::Status written = base::write_file_atomically(file, text);
  if (!written) throw UsageError(base::printable(written.error()));
  const std::string name = base::printable(file.string());
  fmt::print("{}\n", name);
  if (!has(map, "quiet")) {
    const std::string word = reports::shell_quote(file.string());
    fmt::print(
        "next:\n"
        "  mxcheck show {0}     # shapes, rules, what is exact\n"
        "  mxcheck lint {0}     # after each edit\n"
        "  mxcheck run {0}      # the checks that need no expected values\n"
        "  mxcheck bless {0}    # records what comes out as expected\n",
        word);
  }
  return kExitOk;
}

}  // namespace mxcheck::cli
