// The program: hands the command line to the commands and returns their exit code.
#include <cstdlib>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "sim/cli/command.h"

int main(int argc, char** argv) {
#ifdef __GLIBC__
  // Tensors are freed and asked for again case after case: the pages of the last ones are kept,
  // where the default gives them back and has the kernel clear others.
  constexpr int kMapped = 32 << 20, kKept = 64 << 20;  // bytes
  mallopt(M_MMAP_THRESHOLD, kMapped);
  mallopt(M_TRIM_THRESHOLD, kKept);
#endif
  return mxcheck::cli::main_program(mxcheck::cli::Arguments(argv + 1, argv + argc));
}
