// The elementwise kernels and the float product for NEON, which every aarch64 has. Labels as in the
// bodies it includes: CAL, SCL-1, SCL-3, QNT, DEQ-1, DOT-4..DOT-6, POL-4, POL-5, RND-2.
#include "sim/kernels/vector_block.h"

#if defined(__aarch64__)
#include <arm_neon.h>

namespace mxcheck::kernels {
namespace {
#include "sim/kernels/vector_neon_layer.inc"
}  // namespace

#define MXCHECK_SUFFIX neon
#define MXCHECK_CHAIN_ROWS 12
#include "sim/kernels/vector_isa.inc"

void chain_f32_12x8_neon(const ChainTile& tile) { chain_any(tile); }

}  // namespace mxcheck::kernels
#endif
