// Panels from codes in memory: one panel is [steps][width][group] of up to `width` lines.
#pragma once

#include <cstdint>

#include "sim/kernels/gemm.h"
#include "sim/kernels/tally.h"

namespace mxcheck::kernels {

// Bytes of one stored code.
[[nodiscard]] std::int64_t code_bytes(Storage storage);
// What storing adds to a code: +128 for s8 as u8, -128 for u8 as s8, else 0.
[[nodiscard]] std::int32_t storage_offset(Storage storage, bool is_signed);
// Groups along k when every segment of `segment` codes is padded to whole groups.
[[nodiscard]] std::int64_t panel_steps(std::int64_t k, std::int64_t segment, int group);

struct PanelFormat {
  Storage storage = Storage::kS8;
  bool is_signed = true;  // of the codes
  int group = 4;
  Isa isa = Isa::kScalar;  // of the packing kernel
};

// `count` lines of `codes` codes each, k contiguous in each line; out: [steps][width][group],
// padding along k stored as 0, lines beyond `count` left as they are.
void pack_line_panel(const PanelFormat& format, const std::uint8_t* const* lines, int count,
                     int width, std::int64_t codes, std::uint8_t* out);

// Lines `first` .. `first + count` of a matrix of lines x k: line stride and k stride in elements.
struct LineMatrix {
  const std::uint8_t* codes = nullptr;
  std::int64_t line_stride = 0, k_stride = 1;
};
void pack_matrix_panel(const PanelFormat& format, const LineMatrix& from, std::int64_t first,
                       int count, int width, std::int64_t codes, std::uint8_t* out);

// Copies lines of codes as a storage has them, by the best kernel of an instruction set.
class LineCopy {
 public:
  LineCopy(Isa isa, Storage storage, bool is_signed);
  // out: [lines, count] as stored, `out_stride` bytes apart, from lines `line_stride` bytes apart.
  void operator()(const std::uint8_t* codes, std::int64_t line_stride, int lines,
                  std::int64_t count, std::uint8_t* out, std::int64_t out_stride) const {
    note_use(name_);
    run_({codes, line_stride, lines, count, flip_, is_signed_, out, out_stride});
  }

 private:
  CopyLinesFunction run_ = nullptr;
  const char* name_ = "";
  std::uint8_t flip_;
  bool is_signed_;
};

// `factor` times the sums of codes along k, modulo 2^32, by the best kernel of an instruction set.
class LineSums {
 public:
  LineSums(Isa isa, bool is_signed, std::int32_t factor);
  // out: [lines], lines `line_stride` bytes apart, `count` codes each, k contiguous.
  void operator()(const std::uint8_t* codes, std::int64_t line_stride, int lines,
                  std::int64_t count, std::int32_t* out) const {
    note_use(lines_name_);
    lines_({codes, line_stride, lines, count, flip_, start(count), factor_, out});
  }
  // Of a panel packed as s8 in groups of four, `count` codes a line, padding 0.
  void panel(const std::uint8_t* packed, int width, std::int64_t count, std::int32_t* out) const {
    note_use(panel_name_);
    panel_({packed, width, (count + 3) / 4, start(count), factor_, out});
  }

 private:
  // A u8 code is its flipped bits as s8, plus 128.
  [[nodiscard]] std::int32_t start(std::int64_t count) const {
    if (flip_ == 0) return 0;
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(factor_) *
                                     static_cast<std::uint32_t>(128 * count));
  }
  SumLinesFunction lines_ = nullptr;
  SumPanelFunction panel_ = nullptr;
  const char *lines_name_ = "", *panel_name_ = "";
  std::int32_t factor_;
  std::uint8_t flip_;
};

}  // namespace mxcheck::kernels
