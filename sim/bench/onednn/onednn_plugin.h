// What the oneDNN plug-in exports: int8 products and convolutions with weights packed beforehand,
// on one thread. C linkage; every function is noexcept, null or 0 where oneDNN cannot do it.
#pragma once

#include <cstdint>

extern "C" {

struct mxcheck_onednn_conv {
  std::int64_t batch, height, width, in_channels, out_channels, kernel, padding;
};

// "2.6.3"
const char* mxcheck_onednn_version();
// Nothing beyond the instruction set of that name (isas.def), so that a ratio compares loops and
// not units; before the first product. The set oneDNN will use then, or its own choice for a name
// it does not know.
const char* mxcheck_onednn_limit(const char* isa);
// rhs: s8 [k, n]; the left side s8 or u8 [m, k], s32 results [m, n].
void* mxcheck_onednn_matmul(std::int64_t m, std::int64_t k, std::int64_t n, int lhs_signed,
                            const std::int8_t* rhs);
// x: s8 NHWC, kernel s8 HWIO, stride 1, s32 results NHWC.
void* mxcheck_onednn_convolution(const mxcheck_onednn_conv* shape, const std::int8_t* kernel);
void mxcheck_onednn_run(void* plan, const void* lhs, std::int32_t* out);
void mxcheck_onednn_free(void* plan);
}
