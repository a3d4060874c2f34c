// The packing kernels for whole groups of codes; the last, partial group, and groups that no kernel
// packs, are written here, once for all instruction sets.
#include "sim/kernels/pack.h"

#include <array>
#include <cstring>
#include <iterator>

#include "sim/base/check.h"
#include "sim/kernels/tally.h"

namespace mxcheck::kernels {

#define MXCHECK_PACK_KERNEL(lines, planes, group, bytes, isa) \
  void lines(const PackLines&);                               \
  void planes(const PackPlanes&);
#include "sim/kernels/kernels.def"
#undef MXCHECK_PACK_KERNEL
#define MXCHECK_COPY_KERNEL(function, bytes, isa) void function(const CopyLines&);
#include "sim/kernels/kernels.def"
#undef MXCHECK_COPY_KERNEL
#define MXCHECK_SUM_KERNEL(lines, panel, isa) \
  void lines(const SumLines&);                \
  void panel(const SumPanel&);
#include "sim/kernels/kernels.def"
#undef MXCHECK_SUM_KERNEL

namespace {

struct SumKernel {
  const char *lines_name, *panel_name;
  SumLinesFunction lines;
  SumPanelFunction panel;
  Isa isa;
};
constexpr SumKernel kSumKernels[] = {
#define MXCHECK_SUM_KERNEL(lines, panel, isa) {#lines, #panel, lines, panel, Isa::isa},
#include "sim/kernels/kernels.def"
#undef MXCHECK_SUM_KERNEL
};

struct PackKernel {
  const char *lines_name, *planes_name;
  PackLinesFunction lines;
  PackPlanesFunction planes;
  int group;
  std::int64_t bytes;  // of a stored code
  Isa isa;
};

constexpr PackKernel kPackKernels[] = {
#define MXCHECK_PACK_KERNEL(lines, planes, group, bytes, isa) \
  {#lines, #planes, lines, planes, group, bytes, Isa::isa},
#include "sim/kernels/kernels.def"
#undef MXCHECK_PACK_KERNEL
};

struct CopyKernel {
  const char* name;
  CopyLinesFunction run;
  std::int64_t bytes;  // of a stored code
  Isa isa;
};
constexpr CopyKernel kCopyKernels[] = {
#define MXCHECK_COPY_KERNEL(function, bytes, isa) {#function, function, bytes, Isa::isa},
#include "sim/kernels/kernels.def"
#undef MXCHECK_COPY_KERNEL
};

// The best for this format; nullptr if its groups are packed code by code.
const PackKernel* best_pack_kernel(const PanelFormat& format) {
  // Best first: this is asked for every panel.
  for (const PackKernel* kernel = std::end(kPackKernels); kernel-- != kPackKernels;) {
    const bool fits = kernel->group == format.group && kernel->bytes == code_bytes(format.storage);
    if (fits && covers(format.isa, kernel->isa)) return kernel;
  }
  return nullptr;
}

std::uint8_t flip_of(Storage storage, bool is_signed) {
  return storage_offset(storage, is_signed) == 0 ? 0 : 0x80;
}
std::uint8_t flip_of(const PanelFormat& format) {
  return flip_of(format.storage, format.is_signed);
}

// Code k of a line into its place, in any storage.
void store_code(const PanelFormat& format, std::uint8_t code, int width, int line, std::int64_t k,
                std::uint8_t* out) {
  const std::int64_t at = (k / format.group * width + line) * format.group + k % format.group;
  if (format.storage != Storage::kS16) {
    out[at] = static_cast<std::uint8_t>(code ^ flip_of(format));
    return;
  }
  const auto value = static_cast<std::int16_t>(
      format.is_signed ? std::int16_t{static_cast<std::int8_t>(code)} : std::int16_t{code});
  std::memcpy(out + at * 2, &value, sizeof value);
}

void clear_padding(const PanelFormat& format, int count, int width, std::int64_t codes,
                   std::uint8_t* out) {
  const std::int64_t padded = panel_steps(codes, 0, format.group) * format.group;
  const auto bytes = static_cast<std::size_t>(code_bytes(format.storage));
  for (std::int64_t k = codes; k < padded; ++k) {
    for (int line = 0; line < count; ++line) {
      const std::int64_t at = (k / format.group * width + line) * format.group + k % format.group;
      std::memset(out + at * static_cast<std::int64_t>(bytes), 0, bytes);
    }
  }
}

}  // namespace

std::int64_t code_bytes(Storage storage) { return storage == Storage::kS16 ? 2 : 1; }

std::int32_t storage_offset(Storage storage, bool is_signed) {
  if (storage == Storage::kU8) return is_signed ? 128 : 0;
  if (storage == Storage::kS8) return is_signed ? 0 : -128;
  return 0;
}

std::int64_t panel_steps(std::int64_t k, std::int64_t segment, int group) {
  if (segment == 0) return (k + group - 1) / group;
  return k / segment * ((segment + group - 1) / group);
}

void pack_line_panel(const PanelFormat& format, const std::uint8_t* const* lines, int count,
                     int width, std::int64_t codes, std::uint8_t* out) {
  const PackKernel* kernel = best_pack_kernel(format);
  const std::int64_t whole = kernel != nullptr ? codes / format.group : 0;
  if (whole > 0) {
    note_use(kernel->lines_name);
    kernel->lines({lines, count, width, whole, flip_of(format), format.is_signed, out});
  }
  for (int line = 0; line < count; ++line) {
    for (std::int64_t k = whole * format.group; k < codes; ++k) {
      store_code(format, lines[line][k], width, line, k, out);
    }
  }
  clear_padding(format, count, width, codes, out);
}

void pack_matrix_panel(const PanelFormat& format, const LineMatrix& from, std::int64_t first,
                       int count, int width, std::int64_t codes, std::uint8_t* out) {
  constexpr int kMostLines = 64;
  MXCHECK_CHECK(count <= kMostLines, "lines of a panel");
  const std::uint8_t* origin = from.codes + first * from.line_stride;
  if (from.k_stride == 1) {
    std::array<const std::uint8_t*, kMostLines> lines{};
    for (int i = 0; i < count; ++i) {
      lines[static_cast<std::size_t>(i)] = origin + i * from.line_stride;
    }
    pack_line_panel(format, lines.data(), count, width, codes, out);
    return;
  }
  const PackKernel* kernel = best_pack_kernel(format);
  const bool planes = kernel != nullptr && from.line_stride == 1;
  const std::int64_t whole = planes ? codes / format.group : 0;
  if (whole > 0) {
    note_use(kernel->planes_name);
    kernel->planes(
        {origin, from.k_stride, count, width, whole, flip_of(format), format.is_signed, out});
  }
  for (std::int64_t k = whole * format.group; k < codes; ++k) {
    for (int line = 0; line < count; ++line) {
      store_code(format, origin[line * from.line_stride + k * from.k_stride], width, line, k, out);
    }
  }
  clear_padding(format, count, width, codes, out);
}

LineCopy::LineCopy(Isa isa, Storage storage, bool is_signed)
    : flip_(flip_of(storage, is_signed)), is_signed_(is_signed) {
  for (const CopyKernel& kernel : kCopyKernels) {
    if (kernel.bytes != code_bytes(storage) || !covers(isa, kernel.isa)) continue;
    run_ = kernel.run;
    name_ = kernel.name;
  }
  MXCHECK_CHECK(run_ != nullptr, "a storage of this architecture's kernels");
}

LineSums::LineSums(Isa isa, bool is_signed, std::int32_t factor)
    : factor_(factor), flip_(static_cast<std::uint8_t>(is_signed ? 0 : 0x80)) {
  for (const SumKernel& kernel : kSumKernels) {
    if (!covers(isa, kernel.isa)) continue;
    lines_ = kernel.lines;
    panel_ = kernel.panel;
    lines_name_ = kernel.lines_name;
    panel_name_ = kernel.panel_name;
  }
}

}  // namespace mxcheck::kernels
