// The clock of the benchmarks, and rates to hold others against.
#pragma once

#include <functional>
#include <vector>

#include "sim/kernels/isa.h"

namespace mxcheck::bench {

// Several pieces of work in turn, A B C A B C ..., until `seconds` are over (every piece at least
// three times): the shortest time of each, in seconds. A turn is up to 20 ms (or a tenth of
// `seconds`) of one piece, every run timed for itself, after one that is not timed (but of a piece
// longer than 50 ms): what the piece before it left in the caches is no part of its time, and some
// caches keep data only when they have seen them several times. A piece shorter than 100 us is
// repeated inside a time.
[[nodiscard]] std::vector<double> interleaved(const std::vector<std::function<void()>>& pieces,
                                              double seconds);

// A piece of work that does nothing but the best integer multiply-add of an instruction set in
// registers, and the operations it does; no work where none is known. It goes on for about as many
// operations as are asked for: clocks and neighbours change from moment to moment, and the best of
// short spans is better than the best of long ones.
struct PeakWork {
  std::function<void()> run;
  double operations = 0;
  const char* instruction = "";
};
[[nodiscard]] PeakWork peak_work(kernels::Isa isa, double operations = 0);

// Reads `bytes` bytes once (a multiple of 256) as fast as loads go, in cache.
void read_memory(const void* from, std::size_t bytes);

// The processor's name, "" if it is not told.
[[nodiscard]] std::string processor_name();
// Pins the calling thread to the processor it runs on; its number, -1 if that failed.
int pin_thread();

}  // namespace mxcheck::bench
