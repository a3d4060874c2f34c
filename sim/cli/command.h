// What a command of the program is: a name, its help, its options, and a function from the parsed
// command line to an exit code. Only this folder prints or exits.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace mxcheck::cli {

// Exit codes of the command-line contract.
inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;       // some case not as expected
inline constexpr int kExitInterrupted = 2;  // partial reports were written
inline constexpr int kExitInternal = 3;
inline constexpr int kExitUsage = 4;    // usage, invalid case or configuration
inline constexpr int kExitNothing = 5;  // nothing selected
inline constexpr int kExitHost = 77;    // this host cannot run it

using Arguments = std::vector<std::string>;

// What becomes of a command line that mpirun starts in several processes. One that names a shard is
// run as it is: then each of them was given a part of its own.
enum class Several : std::uint8_t {
  kTogether,  // they find each other and compute one run
  kOnce,      // the first does it, the others end: for what only tells something
  kRefused,   // it would be done, written or judged several times
};

struct Command {
  const char* name;
  const char* summary;  // one line
  int (*run)(const Arguments& arguments);
  Several several = Several::kRefused;
};

// Every command, in the order of the help text.
[[nodiscard]] const std::vector<Command>& commands();

int run_run(const Arguments& arguments);
int run_list(const Arguments& arguments);
int run_lint(const Arguments& arguments);
int run_show(const Arguments& arguments);
int run_new(const Arguments& arguments);
int run_bless(const Arguments& arguments);
int run_import(const Arguments& arguments);
int run_help(const Arguments& arguments);
int run_completion(const Arguments& arguments);
int run_fmt(const Arguments& arguments);
int run_explain(const Arguments& arguments);
int run_info(const Arguments& arguments);
int run_sim(const Arguments& arguments);
int run_conform(const Arguments& arguments);
int run_device_host(const Arguments& arguments);
int run_pack(const Arguments& arguments);
int run_verify(const Arguments& arguments);
int run_mutate(const Arguments& arguments);
int run_report(const Arguments& arguments);
int run_diff(const Arguments& arguments);
int run_merge(const Arguments& arguments);
int run_minimize(const Arguments& arguments);
int run_bench(const Arguments& arguments);

// The text of `mxcheck --help`.
[[nodiscard]] std::string program_help();

// The whole program; argv without its first element.
int main_program(const Arguments& arguments);

}  // namespace mxcheck::cli
