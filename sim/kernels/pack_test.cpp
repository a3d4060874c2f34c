// Packing, copies and sums by every instruction set of this host, against what is to come out.
#include "sim/kernels/pack.h"

#include <array>
#include <catch2/catch.hpp>
#include <set>

#include "sim/kernels/fenced_memory.h"
#include "sim/kernels/gemm_definition.h"
#include "sim/kernels/gemm_samples.h"
#include "sim/kernels/isas_under_test.h"

namespace mxcheck::kernels {

using namespace testing;
namespace {

// Every code where DOT-8's panels have it, as stored; what is not a code's place is not written,
// but for the padding along k.
std::vector<std::uint8_t> panel_of(const PanelFormat& format, const LineMatrix& from, int count,
                                   int width, std::int64_t codes, std::vector<std::uint8_t> out) {
  const std::int64_t padded = panel_steps(codes, 0, format.group) * format.group;
  const std::int64_t bytes = code_bytes(format.storage);
  for (std::int64_t k = 0; k < padded; ++k) {
    for (int line = 0; line < count; ++line) {
      const std::int32_t stored =
          k >= codes
              ? 0
              : code(from.codes[line * from.line_stride + k * from.k_stride], format.is_signed) +
                    storage_offset(format.storage, format.is_signed);
      const std::int64_t at = (k / format.group * width + line) * format.group + k % format.group;
      for (std::int64_t b = 0; b < bytes; ++b) {
        out[static_cast<std::size_t>(at * bytes + b)] = static_cast<std::uint8_t>(stored >> 8 * b);
      }
    }
  }
  return out;
}

TEST_CASE("packing kernels put every code in its place [HW-TYPE]", "[kernels]") {
  constexpr std::array<PanelFormat, 5> kFormats = {{{Storage::kU8, true, 4},
                                                    {Storage::kS8, true, 4},
                                                    {Storage::kS16, true, 2},
                                                    {Storage::kS16, false, 2},
                                                    {Storage::kS8, true, 8}}};
  for (const Isa isa : isas_under_test()) {
    for (PanelFormat format : kFormats) {
      format.isa = isa;
      for (const std::int64_t codes : {1, 3, 4, 15, 16, 63, 64, 65, 131, 260}) {
        for (const int count : {1, 2, 3, 5, 6, 7, 8, 12, 16, 17, 31, 32, 64}) {
          for (const int layout : {0, 1, 2}) {  // lines, planes, neither contiguous
            const int width = count + layout;
            const std::int64_t apart = layout == 2 ? 2 : 1;
            const auto source =
                random_codes(static_cast<std::size_t>((codes * count - 1) * apart + 2), 6);
            const LineMatrix from = layout == 0
                                        ? LineMatrix{source.data() + 1, codes, 1}
                                        : LineMatrix{source.data() + 1, apart, count * apart};
            const auto bytes =
                static_cast<std::size_t>(panel_steps(codes, 0, format.group) * width *
                                         format.group * code_bytes(format.storage));
            const std::vector<std::uint8_t> untouched(bytes + 64, 0x77);
            std::vector<std::uint8_t> ours = untouched;
            pack_matrix_panel(format, from, 0, count, width, codes, ours.data());
            INFO(name(isa) << " " << codes << " codes of " << count << " lines, layout " << layout
                           << ", groups of " << format.group);
            CHECK(ours == panel_of(format, from, count, width, codes, untouched));
          }
        }
      }
    }
  }
}

TEST_CASE("copies of lines are the lines, flipped, widened or neither [HW-TYPE]", "[kernels]") {
  std::set<Storage> storages = {Storage::kU8, Storage::kS8};
  for (const GemmKernel& kernel : gemm_kernels()) storages.insert(kernel.lhs);
  for (const Isa isa : isas_under_test()) {
    for (const std::int64_t count : {1, 3, 63, 64, 65, 131, 260}) {
      for (const int lines : {1, 6}) {
        for (const Storage storage : storages) {
          for (const bool is_signed : {false, true}) {
            const std::int64_t stride = count + 5, bytes = code_bytes(storage);
            const std::int64_t out_stride = count * bytes + (lines == 6 ? 3 : 0);
            const auto source = random_codes(static_cast<std::size_t>(stride * lines), 10);
            std::vector<std::uint8_t> out(static_cast<std::size_t>(lines * out_stride + 64), 0x77),
                plain = out;
            LineCopy(isa, storage, is_signed)(source.data(), stride, lines, count, out.data(),
                                              out_stride);
            for (std::int64_t i = 0; i < lines * count; ++i) {
              const std::int32_t stored =
                  code(source[static_cast<std::size_t>(i / count * stride + i % count)],
                       is_signed) +
                  storage_offset(storage, is_signed);
              for (std::int64_t b = 0; b < bytes; ++b) {
                plain[static_cast<std::size_t>(i / count * out_stride + i % count * bytes + b)] =
                    static_cast<std::uint8_t>(stored >> 8 * b);
              }
            }
            INFO(name(isa) << " " << lines << " lines of " << count << " in " << bytes
                           << " bytes, signed " << is_signed);
            CHECK(out == plain);
          }
        }
      }
    }
  }
}

// What a sum kernel gives for a line: factor * sum of its codes, modulo 2^32.
std::int32_t scaled_sum(const std::uint8_t* codes, std::int64_t step, std::int64_t count,
                        bool is_signed, std::int32_t factor) {
  std::uint32_t sum = 0;
  for (std::int64_t k = 0; k < count; ++k) {
    sum += static_cast<std::uint32_t>(code(codes[k * step], is_signed));
  }
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(factor) * sum);
}

TEST_CASE("sums of lines are factor times the sum of their codes modulo 2^32 [DOT-8]",
          "[kernels]") {
  for (const Isa isa : isas_under_test()) {
    for (const bool is_signed : {false, true}) {
      for (const std::int32_t factor : {1, -128, 0x01234567}) {
        const LineSums sums(isa, is_signed, factor);
        for (const std::int64_t count : {1, 3, 4, 31, 32, 33, 63, 64, 65, 131, 260}) {
          for (const int lines : {1, 2, 4, 5, 15, 16, 17, 33}) {
            const std::int64_t stride = count + 5;
            const auto source =
                random_codes(static_cast<std::size_t>((lines - 1) * stride + count), 12);
            std::vector<std::int32_t> out(static_cast<std::size_t>(lines + 8), kCanary),
                plain = out;
            sums(source.data(), stride, lines, count, out.data());
            for (int i = 0; i < lines; ++i) {
              plain[static_cast<std::size_t>(i)] =
                  scaled_sum(source.data() + i * stride, 1, count, is_signed, factor);
            }
            INFO(name(isa) << " " << lines << " lines of " << count << ", signed " << is_signed);
            CHECK(out == plain);
          }
        }
      }
    }
  }
}

TEST_CASE("sums of a packed panel are those of its lines [DOT-8]", "[kernels]") {
  for (const Isa isa : isas_under_test()) {
    for (const bool is_signed : {false, true}) {
      const LineSums sums(isa, is_signed, -128);
      const PanelFormat format{Storage::kS8, is_signed, 4, Isa::kScalar};
      for (const std::int64_t codes : {4, 12, 64, 260}) {
        for (const int width : {1, 2, 5, 6, 7, 8, 9, 16, 17, 31}) {
          const auto source = random_codes(static_cast<std::size_t>(codes * width), 13);
          Fenced panel(static_cast<std::size_t>(codes * width));
          pack_matrix_panel(format, {source.data(), 1, width}, 0, width, width, codes,
                            panel.data());
          std::vector<std::int32_t> out(static_cast<std::size_t>(width + 8), kCanary), plain = out;
          sums.panel(panel.data(), width, codes, out.data());
          for (int i = 0; i < width; ++i) {
            plain[static_cast<std::size_t>(i)] =
                scaled_sum(source.data() + i, width, codes, is_signed, -128);
          }
          INFO(name(isa) << " " << width << " lines of " << codes << ", signed " << is_signed);
          CHECK(out == plain);
        }
      }
    }
  }
}

}  // namespace
}  // namespace mxcheck::kernels
