// Detection by the compiler's run-time tests on x86 and by the kernel's hardware words on aarch64.
#include "sim/kernels/isa.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#if defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif
#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace mxcheck::kernels {
namespace {

#if defined(__x86_64__)
bool has_f16c() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_F16C) != 0;
}
// CPUID leaf 7, subleaf 1, EAX bit 4. g++ 12's __builtin_cpu_supports does not know the word.
bool has_avx_vnni() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid_count(7, 1, &a, &b, &c, &d) != 0 && (a & (1U << 4)) != 0;
}
bool has_avx2() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && has_f16c();
}
#endif

bool detect(Isa isa) {
  switch (isa) {
    case Isa::kScalar:
      return true;
#if defined(__x86_64__)
    case Isa::kAvx2:
      return has_avx2();
    case Isa::kAvxVnni:
      return has_avx2() && has_avx_vnni();
    case Isa::kAvx512Vnni:
      return has_avx2() && __builtin_cpu_supports("avx512f") &&
             __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
             __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni");
#elif defined(__aarch64__)
    case Isa::kNeonDotprod:
      return (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0;
    case Isa::kNeonI8mm:
      return (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0 &&
             (getauxval(AT_HWCAP2) & HWCAP2_I8MM) != 0;
#endif
    default:
      return false;
  }
}

std::vector<IsaInfo> find_isas() {
  std::vector<IsaInfo> out;
#define MXCHECK_ISA(enumerator, name, requires, architecture) \
  out.push_back({Isa::enumerator, name, requires, architecture, detect(Isa::enumerator)});
#include "sim/kernels/isas.def"
#undef MXCHECK_ISA
  return out;
}

std::vector<Isa> find_isas_here() {
  std::vector<Isa> out;
  for (const IsaInfo& info : isas()) {
    if (info.here) out.push_back(info.isa);
  }
  std::reverse(out.begin(), out.end());
  return out;
}

}  // namespace

const std::vector<IsaInfo>& isas() {
  static const std::vector<IsaInfo> kIsas = find_isas();
  return kIsas;
}

const std::vector<Isa>& isas_here() {
  static const std::vector<Isa> kHere = find_isas_here();
  return kHere;
}

const char* name(Isa isa) { return isas()[static_cast<std::size_t>(isa)].name; }
bool here(Isa isa) { return isas()[static_cast<std::size_t>(isa)].here; }
Isa best_isa() { return isas_here().front(); }

base::Result<Isa> choose_isa(std::string_view wanted) {
  if (wanted.empty()) return best_isa();
  std::string available;
  for (const Isa isa : isas_here()) {
    if (wanted == name(isa)) return isa;
    available += available.empty() ? name(isa) : std::string(", ") + name(isa);
  }
  for (const IsaInfo& info : isas()) {
    if (wanted != info.name) continue;
    return base::Error{fmt::format("this host does not have {} (it needs {}); there is: {}",
                                   info.name, info.needs, available)};
  }
  return base::Error{
      fmt::format("there is no instruction set of that name; there is: {}", available)};
}

bool covers(Isa chosen, Isa kernel) {
  if (kernel == Isa::kScalar || kernel == chosen) return true;
  if (kernel > chosen) return false;
  const IsaInfo& mine = isas()[static_cast<std::size_t>(chosen)];
  const IsaInfo& other = isas()[static_cast<std::size_t>(kernel)];
  return other.here && std::strcmp(mine.architecture, other.architecture) == 0;
}

}  // namespace mxcheck::kernels
