// Speed of the Verilator build of systolic_array: clocks it with changing activations and prints
// one JSON line with processing-element updates per second. Built by scripts/rtl_bench.sh.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>

#include "Vsystolic_array.h"
#include "verilated.h"

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 0.5;
  const auto context = std::make_unique<VerilatedContext>();
  const auto top = std::make_unique<Vsystolic_array>(context.get());
  std::uint32_t state = 1;
  const auto clock = [&] {
    top->clk = 0;
    top->eval();
    top->clk = 1;
    top->eval();
  };
  const auto scramble = [&](auto& words) {
    for (int i = 0; i < 4; ++i) words[i] = state = state * 1664525u + 1013904223u;
  };
  top->load = 1;
  for (int i = 0; i < 16; ++i) {
    scramble(top->load_word);
    clock();
  }
  top->load = 0;
  top->switch_in = 1;
  clock();
  top->switch_in = 0;
  // Processor time, as the other side of the comparison: other programs do not count.
  const auto now = [] { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; };
  const double begin = now();
  double elapsed = 0;
  std::uint64_t clocks = 0;
  while (elapsed < seconds) {
    for (int i = 0; i < 20000; ++i) {
      scramble(top->act_word);
      clock();
    }
    clocks += 20000;
    elapsed = now() - begin;
  }
  std::uint32_t check = 0;
  for (int i = 0; i < 16; ++i) check ^= top->sum_word[i];
  std::printf(
      "{\"clocks\": %llu, \"seconds\": %.6f, \"pe_updates_per_second\": %.6g, \"check\": %u}\n",
      static_cast<unsigned long long>(clocks), elapsed, static_cast<double>(clocks) * 256 / elapsed,
      check);
  return 0;
}
