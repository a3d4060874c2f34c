// Times by the monotonic clock; peaks in assembly, so that no compiler can do less than is counted.
#include "sim/bench/measure.h"

#include <sched.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <limits>
#include <string>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "sim/base/threefry.h"

namespace mxcheck::bench {
namespace {

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

#if defined(__x86_64__)
constexpr std::int64_t kRounds = 20000;

// Two vectors of codes like any: on zeros a processor draws less power and may clock higher.
const std::array<std::uint64_t, 16>& peak_operands() {
  static const std::array<std::uint64_t, 16> kOperands = [] {
    std::array<std::uint64_t, 16> out{};
    for (std::size_t i = 0; i < out.size(); ++i) {
      out[i] = std::uint64_t{base::random_word(11, 2 * i)} << 32 | base::random_word(11, 2 * i + 1);
    }
    return out;
  }();
  return kOperands;
}
#define MXCHECK_OPERANDS(move, reg) move " (%1), %%" reg "14\n\t" move " 64(%1), %%" reg "15\n\t"

// Twelve independent sums of `instruction`, kRounds times.
#define MXCHECK_TWELVE(instruction, reg)                                                     \
  instruction " %%" reg "14, %%" reg "15, %%" reg "0\n\t" instruction " %%" reg "14, %%" reg \
              "15, %%" reg "1\n\t" instruction " %%" reg "14, %%" reg "15, %%" reg           \
              "2\n\t" instruction " %%" reg "14, %%" reg "15, %%" reg "3\n\t" instruction    \
              " %%" reg "14, %%" reg "15, %%" reg "4\n\t" instruction " %%" reg "14, %%" reg \
              "15, %%" reg "5\n\t" instruction " %%" reg "14, %%" reg "15, %%" reg           \
              "6\n\t" instruction " %%" reg "14, %%" reg "15, %%" reg "7\n\t" instruction    \
              " %%" reg "14, %%" reg "15, %%" reg "8\n\t" instruction " %%" reg "14, %%" reg \
              "15, %%" reg "9\n\t" instruction " %%" reg "14, %%" reg "15, %%" reg           \
              "10\n\t" instruction " %%" reg "14, %%" reg "15, %%" reg "11\n\t"
#define MXCHECK_CLOBBERS                                                                   \
  "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", \
      "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", "cc", "memory"

__attribute__((target("avx512f,avx512vnni"))) void peak_avx512() {
  std::int64_t rounds = kRounds;
  asm volatile(MXCHECK_OPERANDS("vmovdqu64", "zmm") "1:\n\t" MXCHECK_TWELVE(
                   "vpdpbusd", "zmm") "dec %0\n\tjnz 1b"
               : "+r"(rounds)
               : "r"(peak_operands().data())
               : MXCHECK_CLOBBERS);
}
__attribute__((target("avx2,avxvnni"))) void peak_avx_vnni() {
  std::int64_t rounds = kRounds;
  asm volatile(MXCHECK_OPERANDS("vmovdqu", "ymm") "1:\n\t" MXCHECK_TWELVE("%{vex%} vpdpbusd",
                                                                          "ymm") "dec %0\n\tjnz 1b"
               : "+r"(rounds)
               : "r"(peak_operands().data())
               : MXCHECK_CLOBBERS);
}
// vpmaddwd and vpaddd in pairs, six sums.
#define MXCHECK_PAIR(n) \
  "vpmaddwd %%ymm14, %%ymm15, %%ymm13\n\tvpaddd %%ymm13, %%ymm" #n ", %%ymm" #n "\n\t"
__attribute__((target("avx2"))) void peak_avx2() {
  std::int64_t rounds = kRounds;
  asm volatile(MXCHECK_OPERANDS("vmovdqu", "ymm") "1:\n\t" MXCHECK_PAIR(0) MXCHECK_PAIR(1)
                   MXCHECK_PAIR(2) MXCHECK_PAIR(3) MXCHECK_PAIR(4)
                       MXCHECK_PAIR(5) "dec %0\n\tjnz 1b"
               : "+r"(rounds)
               : "r"(peak_operands().data())
               : MXCHECK_CLOBBERS);
}

__attribute__((target("avx512f,avx512bw"))) void read_avx512(const char* from, std::size_t bytes) {
  __m512i a = _mm512_setzero_si512(), b = a, c = a, d = a;
  for (std::size_t i = 0; i < bytes; i += 256) {
    a = _mm512_or_si512(a, _mm512_loadu_si512(from + i));
    b = _mm512_or_si512(b, _mm512_loadu_si512(from + i + 64));
    c = _mm512_or_si512(c, _mm512_loadu_si512(from + i + 128));
    d = _mm512_or_si512(d, _mm512_loadu_si512(from + i + 192));
  }
  asm volatile("" : : "v"(a), "v"(b), "v"(c), "v"(d));
}
__attribute__((target("avx2"))) void read_avx2(const char* from, std::size_t bytes) {
  __m256i a = _mm256_setzero_si256(), b = a, c = a, d = a;
  const auto* from32 = reinterpret_cast<const __m256i*>(from);
  for (std::size_t i = 0; i < bytes / sizeof a; i += 4) {
    a = _mm256_or_si256(a, _mm256_loadu_si256(from32 + i));
    b = _mm256_or_si256(b, _mm256_loadu_si256(from32 + i + 1));
    c = _mm256_or_si256(c, _mm256_loadu_si256(from32 + i + 2));
    d = _mm256_or_si256(d, _mm256_loadu_si256(from32 + i + 3));
  }
  asm volatile("" : : "x"(a), "x"(b), "x"(c), "x"(d));
}
#endif

void read_plain(const char* from, std::size_t bytes) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < bytes; i += sizeof sum) {
    std::uint64_t word;
    __builtin_memcpy(&word, from + i, sizeof word);
    sum |= word;
  }
  asm volatile("" : : "r"(sum));
}

PeakWork shortest_peak(kernels::Isa isa) {
#if defined(__x86_64__)
  constexpr double kBytes512 = 64, kBytes256 = 32;
  switch (isa) {
    case kernels::Isa::kAvx512Vnni:
      return {peak_avx512, 2.0 * 12 * kBytes512 * kRounds, "vpdpbusd zmm"};
    case kernels::Isa::kAvxVnni:
      return {peak_avx_vnni, 2.0 * 12 * kBytes256 * kRounds, "vpdpbusd ymm"};
    case kernels::Isa::kAvx2:
      return {peak_avx2, 2.0 * 6 * (kBytes256 / 2) * kRounds, "vpmaddwd + vpaddd ymm"};
    default:
      break;
  }
#endif
  static_cast<void>(isa);
  return {};
}

}  // namespace

std::vector<double> interleaved(const std::vector<std::function<void()>>& pieces, double seconds) {
  constexpr double kShortest = 100e-6;
  constexpr int kLeast = 3;
  const double turn = std::min(20e-3, seconds / 10);
  constexpr double kWarmed = 50e-3;  // below this a turn begins with a run that is not timed
  std::vector<int> inner(pieces.size(), 1), times(pieces.size(), 1);
  std::vector<bool> warmed(pieces.size(), false);
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    pieces[i]();  // pages, caches, lazy set-up
    const double start = now();
    pieces[i]();
    const double once = std::max(now() - start, 1e-9);
    inner[i] = std::max(1, static_cast<int>(kShortest / once));
    times[i] = std::max(1, static_cast<int>(turn / (once * inner[i])));
    warmed[i] = once < kWarmed;
  }
  std::vector<double> best(pieces.size(), std::numeric_limits<double>::infinity());
  const double start = now();
  for (int round = 0; round < kLeast || now() - start < seconds; ++round) {
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      if (warmed[i]) pieces[i]();
      for (int t = 0; t < times[i]; ++t) {
        const double begin = now();
        for (int j = 0; j < inner[i]; ++j) pieces[i]();
        best[i] = std::min(best[i], (now() - begin) / inner[i]);
      }
    }
  }
  return best;
}

PeakWork peak_work(kernels::Isa isa, double operations) {
  PeakWork work = shortest_peak(isa);
  if (!work.run || operations < 2 * work.operations) return work;
  const auto times = static_cast<int>(operations / work.operations);
  return {[run = work.run, times] {
            for (int i = 0; i < times; ++i) run();
          },
          work.operations * times, work.instruction};
}

void read_memory(const void* from, std::size_t bytes) {
  const auto* start = static_cast<const char*>(from);
#if defined(__x86_64__)
  if (kernels::here(kernels::Isa::kAvx512Vnni)) return read_avx512(start, bytes);
  if (kernels::here(kernels::Isa::kAvx2)) return read_avx2(start, bytes);
#endif
  read_plain(start, bytes);
}

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(':');
    if (line.starts_with("model name") && colon != std::string::npos) {
      return line.substr(std::min(colon + 2, line.size()));
    }
  }
  return "";
}

int pin_thread() {
  const int processor = sched_getcpu();
  cpu_set_t set;
  CPU_ZERO(&set);
  if (processor < 0) return -1;
  CPU_SET(processor, &set);
  return sched_setaffinity(0, sizeof set, &set) == 0 ? processor : -1;
}

}  // namespace mxcheck::bench
