// Colour is for terminals, unless NO_COLOR or the option says otherwise.
#include "sim/cli/console_option.h"

#include <unistd.h>

#include <cstdlib>

namespace mxcheck::cli {
namespace {

bool use_color(const po::variables_map& map) {
  const std::string word = one_of(map, "color", "auto", {"auto", "always", "never"});
  if (word != "auto") return word == "always";
  // mpirun gives its ranks a terminal of its own, whatever reads behind it.
  const bool relayed = std::getenv("OMPI_COMM_WORLD_SIZE") != nullptr;
  return isatty(STDOUT_FILENO) == 1 && !relayed && std::getenv("NO_COLOR") == nullptr;
}

}  // namespace

void add_console_options(po::options_description& options) {
  options.add_options()                                             //
      ("color", po::value<std::string>(), "auto, always or never")  //
      ("quiet,q", "failures and the last line only")                //
      ("verbose,v", "a line per case; -vv: also per check")         //
      ("very-verbose", "the same as -vv");
}

reports::ConsoleStyle console_style(const po::variables_map& map) {
  reports::ConsoleStyle style;
  style.verbosity = static_cast<reports::Verbosity>(verbosity(map));
  style.color = use_color(map);
  return style;
}

}  // namespace mxcheck::cli
