/* The C interface of a device under test that is a shared library (tier `library`).
 *
 * mxcheck loads the library in a process of its own, checks mxcheck_device_abi(), and calls
 * mxcheck_device_answer() once a request, one at a time. Whatever happens in there, a crash
 * included, costs the case it happens in. What the operations mean: docs/devices.md.
 *
 * Arrays are row-major and little-endian; s4 and u4 take a byte an element, s4 sign-extended. All
 * memory belongs to mxcheck and lives as long as the call.
 */
#ifndef MXCHECK_DEVICE_H
#define MXCHECK_DEVICE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MXCHECK_DEVICE_ABI 1

typedef struct {
  const char* dtype; /* "s8", "u8", "s4", "u4", "s32", "s64", "f32", "bf16", "f16" */
  int32_t rank;
  const int64_t* shape;
  const void* data;
} mxcheck_array;

typedef struct {
  const char* key; /* "lhs", "rhs", "init", "x", "scale", ... */
  mxcheck_array array;
} mxcheck_operand;

typedef struct {
  const char* op;      /* "product", "quantize", "quantized_dot" */
  const char* name;    /* the value that is asked for; for logs */
  const char* profile; /* the matrix unit, "" where none is concerned */
  const char* policy;  /* the arithmetic of scales and codes, "" where none is concerned */
  int32_t operand_count;
  const mxcheck_operand* operands;
} mxcheck_request;

typedef struct {
  const char* dtype; /* what is asked for: type and shape are fixed, data is to be filled */
  int32_t rank;
  const int64_t* shape;
  void* data; /* zero when the call begins */
} mxcheck_result;

/* MXCHECK_DEVICE_ABI as the library was compiled with it. */
int32_t mxcheck_device_abi(void);
/* Names for reports; the strings stay where they are. */
const char* mxcheck_device_name(void);
const char* mxcheck_device_version(void);
/* 0, or anything else with a reason in `error` (of `error_size` bytes, NUL included). */
int32_t mxcheck_device_answer(const mxcheck_request* request, mxcheck_result* result, char* error,
                              size_t error_size);

#ifdef __cplusplus
}
#endif

#endif
