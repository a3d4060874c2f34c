// The elementwise kernels and the float product for AVX2, FMA and F16C. Labels as in the bodies it
// includes: CAL, SCL-1, SCL-3, QNT, DEQ-1, DOT-4..DOT-6, POL-4, POL-5, RND-2.
#include "sim/kernels/vector_block.h"

#if defined(__x86_64__)
#include <immintrin.h>

namespace mxcheck::kernels {
namespace {
#include "sim/kernels/vector_avx2_layer.inc"
}  // namespace

#define MXCHECK_SUFFIX avx2
#define MXCHECK_CHAIN_ROWS 6
#include "sim/kernels/vector_isa.inc"

void chain_f32_6x16_avx2(const ChainTile& tile) { chain_any(tile); }

}  // namespace mxcheck::kernels
#endif
