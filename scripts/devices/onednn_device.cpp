// oneDNN's int8 matrix products as devices of tier `library`: u8 or s8 times s8 to s32, no
// attributes, so that nothing but the sums is asked. By gemm_x8s8s32, or with -DONEDNN_MATMUL by
// the matmul primitive, which brings its sums to f32 on their way out (2.6.3): beyond 2^24 they are
// rounded.
//
// Before VNNI oneDNN multiplies pairs into saturating 16-bit sums; scripts/conform_third_party.sh
// leaves these devices out on such processors.
#include <cstdio>
#include <cstring>
#include <oneapi/dnnl/dnnl.hpp>
#include <string>

#include "sim/device/mxcheck_device.h"

namespace {

using dnnl::memory;
constexpr std::int32_t kRefused = 1;

const mxcheck_array* operand(const mxcheck_request& request, const char* key) {
  for (std::int32_t i = 0; i < request.operand_count; ++i) {
    if (std::strcmp(request.operands[i].key, key) == 0) return &request.operands[i].array;
  }
  return nullptr;
}

// The integer product of the library's BLAS-like interface: sums stay s32 to the end.
void multiply_by_gemm(const mxcheck_array& lhs, const mxcheck_array& rhs, std::int32_t* out) {
  const memory::dim m = lhs.shape[0], k = lhs.shape[1], n = rhs.shape[1];
  const auto* b = static_cast<const std::int8_t*>(rhs.data);
  const std::int32_t no_offset = 0;
  const dnnl_status_t status =
      lhs.dtype[0] == 'u'
          ? dnnl_gemm_u8s8s32('N', 'N', 'F', m, n, k, 1, static_cast<const std::uint8_t*>(lhs.data),
                              k, 0, b, n, 0, 0, out, n, &no_offset)
          : dnnl_gemm_s8s8s32('N', 'N', 'F', m, n, k, 1, static_cast<const std::int8_t*>(lhs.data),
                              k, 0, b, n, 0, 0, out, n, &no_offset);
  if (status != dnnl_success) throw dnnl::error(status, "the product was refused");
}

// The primitive of neural networks.
void multiply_by_matmul(const mxcheck_array& lhs, const mxcheck_array& rhs, std::int32_t* out) {
  static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  static dnnl::stream stream(engine);
  using Type = memory::data_type;
  const Type lhs_type = lhs.dtype[0] == 'u' ? Type::u8 : Type::s8;
  const memory::dim m = lhs.shape[0], k = lhs.shape[1], n = rhs.shape[1];
  const memory::desc a({m, k}, lhs_type, memory::format_tag::ab);
  const memory::desc b({k, n}, Type::s8, memory::format_tag::ab);
  const memory::desc c({m, n}, Type::s32, memory::format_tag::ab);
  const dnnl::matmul::primitive_desc how(dnnl::matmul::desc(a, b, c), engine);
  dnnl::matmul(how).execute(stream,
                            {{DNNL_ARG_SRC, memory(a, engine, const_cast<void*>(lhs.data))},
                             {DNNL_ARG_WEIGHTS, memory(b, engine, const_cast<void*>(rhs.data))},
                             {DNNL_ARG_DST, memory(c, engine, out)}});
  stream.wait();
}

}  // namespace

extern "C" {

std::int32_t mxcheck_device_abi() { return MXCHECK_DEVICE_ABI; }
const char* mxcheck_device_name() { return "oneDNN"; }
const char* mxcheck_device_version() {
  static const std::string text = std::to_string(dnnl::version()->major) + "." +
                                  std::to_string(dnnl::version()->minor) + "." +
                                  std::to_string(dnnl::version()->patch);
  return text.c_str();
}

std::int32_t mxcheck_device_answer(const mxcheck_request* request, mxcheck_result* result,
                                   char* error, size_t error_size) {
  const mxcheck_array *lhs = operand(*request, "lhs"), *rhs = operand(*request, "rhs");
  const bool offered = std::strcmp(request->op, "product") == 0 && lhs != nullptr &&
                       rhs != nullptr && rhs->dtype[0] == 's' &&
                       operand(*request, "init") == nullptr;
  if (!offered) {
    std::snprintf(error, error_size, "%s is not offered", request->op);
    return kRefused;
  }
  try {
#ifdef ONEDNN_MATMUL
    multiply_by_matmul(*lhs, *rhs, static_cast<std::int32_t*>(result->data));
#else
    multiply_by_gemm(*lhs, *rhs, static_cast<std::int32_t*>(result->data));
#endif
    return 0;
  } catch (const dnnl::error& problem) {
    std::snprintf(error, error_size, "%s", problem.what());
    return kRefused;
  }
}

}  // extern "C"
