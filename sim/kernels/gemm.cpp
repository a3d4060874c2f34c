// The list of product kernels, and the right side of a product packed for one of them.
#include "sim/kernels/gemm.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <new>

#include "sim/base/aligned.h"
#include "sim/base/check.h"
#include "sim/kernels/pack.h"
#include "sim/numerics/rounding.h"

namespace mxcheck::kernels {

#define MXCHECK_GEMM_KERNEL(function, isa, rows, columns, group, lhs, rhs, access, scaling) \
  void function(const GemmStrip&);
#include "sim/kernels/kernels.def"
#undef MXCHECK_GEMM_KERNEL

namespace {

constexpr std::size_t kLine = base::kCacheLine;
constexpr std::size_t kHugePage = std::size_t{2} << 20;
constexpr std::int64_t kNoOffset = 0;
constexpr std::int32_t kNoSum = 0;

}  // namespace

const std::vector<GemmKernel>& gemm_kernels() {
  static const std::vector<GemmKernel> kKernels = {
#define MXCHECK_GEMM_KERNEL(function, isa, rows, columns, group, lhs, rhs, access, scaling)  \
  {#function,         Isa::isa,         rows,    columns, group, Storage::lhs, Storage::rhs, \
   LhsAccess::access, Scaling::scaling, function},
#include "sim/kernels/kernels.def"
#undef MXCHECK_GEMM_KERNEL
  };
  return kKernels;
}

std::vector<const GemmKernel*> gemm_kernels_for(Isa isa) {
  std::vector<const GemmKernel*> out;
  for (const GemmKernel& kernel : gemm_kernels()) {
    if (covers(isa, kernel.isa)) out.insert(out.begin(), &kernel);
  }
  return out;
}

const GemmKernel& gemm_kernel_for(Isa isa, std::int64_t m) {
  const std::vector<const GemmKernel*> kernels = gemm_kernels_for(isa);
  const GemmKernel* best = kernels.front();
  for (const GemmKernel* other : kernels) {
    if (other->isa == best->isa && m <= other->rows && other->rows < best->rows) best = other;
  }
  return *best;
}

void Buffer::Free::operator()(std::uint8_t* p) const { std::free(p); }

std::uint8_t* Buffer::reserve(std::size_t bytes) {
  if (bytes <= size_ && data_ != nullptr) return data_.get();
  // A large buffer asks for huge pages: a panel is read once and soon, and its addresses with it.
  const std::size_t unit = bytes < kHugePage ? kLine : kHugePage;
  const std::size_t rounded = std::max(bytes + unit - 1, unit) / unit * unit;
  data_.reset(static_cast<std::uint8_t*>(std::aligned_alloc(unit, rounded)));
  if (data_ == nullptr) throw std::bad_alloc();
  if (unit == kHugePage) static_cast<void>(madvise(data_.get(), rounded, MADV_HUGEPAGE));
  size_ = bytes;
  return data_.get();
}

void PackedRhs::pack(const GemmKernel& kernel, Isa isa, const CodeMatrix& rhs,
                     std::int64_t segment) {
  MXCHECK_CHECK(segment == 0 || rhs.rows % segment == 0, "k is whole segments");
  kernel_ = &kernel;
  isa_ = isa;
  k_ = rhs.rows;
  n_ = rhs.columns;
  segment_ = segment == 0 ? k_ : segment;
  steps_ = segment_ == 0 ? 0 : panel_steps(k_, segment_, kernel.group);
  offset_ = storage_offset(kernel.rhs, rhs.is_signed);
  const PanelFormat format{kernel.rhs, rhs.is_signed, kernel.group, isa};
  const LineMatrix from{rhs.codes, rhs.column_stride, rhs.row_stride};
  const std::int64_t bytes = code_bytes(kernel.rhs);
  const std::int64_t panel_bytes = steps_ * kernel.columns * kernel.group * bytes;
  std::uint8_t* out = codes_.reserve(static_cast<std::size_t>(panels() * panel_bytes));
  const std::int64_t segments = segment_ == 0 ? 0 : k_ / segment_;
  const std::int64_t segment_bytes =
      segments == 0 ? 0 : steps_ / segments * kernel.columns * kernel.group * bytes;
  inits_.assign(static_cast<std::size_t>(panels() * kernel.columns), 0);
  // Of a left side of the sign that the kernel does not store; 16 bits store both.
  const std::int32_t lo = storage_offset(kernel.lhs, kernel.lhs == Storage::kU8);
  Buffer ones;
  if (lo != 0) {
    const auto count = static_cast<std::size_t>(steps_ * kernel.group);
    std::fill_n(ones.reserve(count), count, std::uint8_t{1});
  }
  for (std::int64_t panel = 0; panel < panels(); ++panel) {
    const std::int64_t first = panel * kernel.columns;
    const int width = static_cast<int>(std::min<std::int64_t>(kernel.columns, n_ - first));
    std::uint8_t* place = out + panel * panel_bytes;
    if (width < kernel.columns) std::fill_n(place, panel_bytes, std::uint8_t{0});
    for (std::int64_t s = 0; s < segments; ++s) {
      LineMatrix part = from;
      part.codes += s * segment_ * rhs.row_stride;
      pack_matrix_panel(format, part, first, width, kernel.columns, segment_,
                        place + s * segment_bytes);
    }
    if (lo != 0) fill_inits(panel, ones.data());
  }
  for (std::int32_t& sum : inits_) sum = numerics::wrap_mul(-lo, sum);
}

// The column sums of a panel that has just been packed: a row of stored ones times it.
void PackedRhs::fill_inits(std::int64_t panel, const std::uint8_t* ones) {
  GemmStrip strip{};
  strip.lhs = strip.fetch = strip.ahead = ones;
  strip.offsets = &kNoOffset;
  strip.segments = 1;
  strip.row_stride = strip.step_stride = kernel_->group;
  strip.steps = steps_;
  strip.rhs = codes_.data() + panel * panel_bytes();
  strip.row_init = &kNoSum;
  strip.acc = inits_.data() + panel * kernel_->columns;
  strip.stride = strip.columns = kernel_->columns;
  strip.rows = 1;
  kernel_->run(strip);
}

std::int64_t PackedRhs::panels() const { return (n_ + kernel_->columns - 1) / kernel_->columns; }

std::int64_t PackedRhs::panel_bytes() const {
  return steps_ * kernel_->columns * kernel_->group * code_bytes(kernel_->rhs);
}

const std::uint8_t* PackedRhs::panel(std::int64_t index) const {
  return codes_.data() + index * panel_bytes();
}

}  // namespace mxcheck::kernels
