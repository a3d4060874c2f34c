// The program: hands the command line to the commands and returns their exit code.
#include "sim/cli/command.h"

int main(int argc, char** argv) {
  return mxcheck::cli::main_program(mxcheck::cli::Arguments(argv + 1, argv + argc));
}
