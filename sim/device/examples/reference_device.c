/* A correct device of tier `library` in plain C: wrapping products, quantization and scales under
 * the policy ieee, for f32. Compiled with -DFAULT_<NAME> it is a deliberately wrong one (a line of
 * sim/fault/faults.def); the tests expect it to be caught and called by that name.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "mxcheck_device.h"

#define REFUSED 1

static const mxcheck_array* operand(const mxcheck_request* request, const char* key) {
  for (int32_t i = 0; i < request->operand_count; ++i) {
    if (strcmp(request->operands[i].key, key) == 0) return &request->operands[i].array;
  }
  return NULL;
}

/* A code of any integer type. */
static int32_t code_at(const mxcheck_array* array, int64_t i) {
  if (array->dtype[0] == 'u') return ((const uint8_t*)array->data)[i];
  if (strcmp(array->dtype, "s32") == 0) return ((const int32_t*)array->data)[i];
  return ((const int8_t*)array->data)[i];
}

/* The 32 bits a sum wraps to. */
static int32_t wrapped(uint32_t bits) {
  int32_t value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static int32_t weight(int32_t code) {
#ifdef FAULT_weight_minus_128_as_minus_127
  return code == -128 ? -127 : code;
#else
  return code;
#endif
}

static int32_t one_sum(const mxcheck_array* lhs, const mxcheck_array* rhs, int64_t m, int64_t n) {
  const int64_t depth = lhs->shape[1], columns = rhs->shape[1];
  uint32_t sum = 0;
  for (int64_t k = 0; k < depth; ++k) {
    sum += (uint32_t)(code_at(lhs, m * depth + k) * weight(code_at(rhs, k * columns + n)));
  }
#ifdef FAULT_accumulator_narrow
  sum = (uint32_t)(int32_t)(int16_t)(uint16_t)sum;
#endif
  return wrapped(sum);
}

static int32_t product(const mxcheck_request* request, int32_t* out) {
  const mxcheck_array *lhs = operand(request, "lhs"), *rhs = operand(request, "rhs");
  const mxcheck_array* init = operand(request, "init");
  for (int64_t m = 0; m < lhs->shape[0]; ++m) {
    for (int64_t n = 0; n < rhs->shape[1]; ++n) {
      const int64_t at = m * rhs->shape[1] + n;
      const uint32_t start = init == NULL ? 0 : (uint32_t)((const int64_t*)init->data)[at];
      out[at] = wrapped(start + (uint32_t)one_sum(lhs, rhs, m, n));
    }
  }
  return 0;
}

/* Position in an array whose dimensions are 1 or those of `shape`. */
static int64_t broadcast(const mxcheck_array* array, const int64_t* shape, int64_t position) {
  int64_t index = 0, stride = 1;
  for (int32_t axis = array->rank - 1; axis >= 0; --axis) {
    if (array->shape[axis] != 1) index += position % shape[axis] * stride;
    stride *= array->shape[axis];
    position /= shape[axis];
  }
  return index;
}

static float flushed(float x) { return fabsf(x) < 1.17549435e-38F ? copysignf(0.0F, x) : x; }

static int32_t code_of(float value, int32_t low, int32_t high) {
  if (isnan(value)) return 0;
#ifdef FAULT_round_half_away
  const float rounded = roundf(value);
#else
  const float rounded = nearbyintf(value);
#endif
  return rounded < (float)low ? low : rounded > (float)high ? high : (int32_t)rounded;
}

static int32_t quantize(const mxcheck_request* request, mxcheck_result* result) {
  const mxcheck_array *x = operand(request, "x"), *scale = operand(request, "scale");
  const mxcheck_array* zero_point = operand(request, "zero_point");
  const int is_unsigned = result->dtype[0] == 'u', narrow = result->dtype[1] == '4';
  const int32_t low = is_unsigned ? 0 : narrow ? -8 : -128;
  const int32_t high = is_unsigned ? (narrow ? 15 : 255) : (narrow ? 7 : 127);
  int64_t size = 1;
  for (int32_t axis = 0; axis < x->rank; ++axis) size *= x->shape[axis];
  for (int64_t i = 0; i < size; ++i) {
    const float s = ((const float*)scale->data)[broadcast(scale, x->shape, i)];
    float value = flushed(flushed(((const float*)x->data)[i]) / flushed(s));
    if (zero_point != NULL) {
      value = flushed(value + (float)code_at(zero_point, broadcast(zero_point, x->shape, i)));
    }
    ((uint8_t*)result->data)[i] = (uint8_t)code_of(value, low, high);
  }
  return 0;
}

/* What one side's zero point takes off an accumulator: zero point times the other side's codes. */
static uint32_t correction(const mxcheck_array* zero_point, int64_t at, const mxcheck_array* other,
                           int64_t begin, int64_t step) {
  if (zero_point == NULL) return 0;
  const int64_t count = zero_point->shape[0] * zero_point->shape[1];
  const int64_t depth = step == 1 ? other->shape[1] : other->shape[0];
  uint32_t sum = 0;
  for (int64_t k = 0; k < depth; ++k) sum += (uint32_t)code_at(other, begin + k * step);
  return sum * (uint32_t)code_at(zero_point, count == 1 ? 0 : at);
}

static float scale_at(const mxcheck_array* scale, int64_t at) {
  const int64_t count = scale->shape[0] * scale->shape[1];
  return flushed(((const float*)scale->data)[count == 1 ? 0 : at]);
}

static int32_t quantized_dot(const mxcheck_request* request, float* out) {
  const mxcheck_array *lhs = operand(request, "lhs"), *rhs = operand(request, "rhs");
  const mxcheck_array* lhs_scale = operand(request, "lhs_scale");
  const mxcheck_array* rhs_scale = operand(request, "rhs_scale");
  for (int64_t m = 0; m < lhs->shape[0]; ++m) {
    for (int64_t n = 0; n < rhs->shape[1]; ++n) {
      uint32_t sum = (uint32_t)one_sum(lhs, rhs, m, n);
      sum -= correction(operand(request, "lhs_zero_point"), m, rhs, n, rhs->shape[1]);
      sum -= correction(operand(request, "rhs_zero_point"), n, lhs, m * lhs->shape[1], 1);
#ifdef FAULT_scales_combined
      const float value = (float)wrapped(sum) * flushed(scale_at(lhs_scale, m) * scale_at(rhs_scale, n));
#else
      const float value = flushed((float)wrapped(sum) * scale_at(lhs_scale, m)) * scale_at(rhs_scale, n);
#endif
      out[m * rhs->shape[1] + n] = flushed(value);
    }
  }
  return 0;
}

int32_t mxcheck_device_abi(void) { return MXCHECK_DEVICE_ABI; }
const char* mxcheck_device_name(void) { return "reference in C"; }
const char* mxcheck_device_version(void) { return "1"; }

int32_t mxcheck_device_answer(const mxcheck_request* request, mxcheck_result* result, char* error,
                              size_t error_size) {
  if (strcmp(request->op, "product") == 0 && strcmp(result->dtype, "s32") == 0) {
    return product(request, (int32_t*)result->data);
  }
  if (strcmp(request->op, "quantize") == 0 && strcmp(operand(request, "x")->dtype, "f32") == 0) {
    return quantize(request, result);
  }
  if (strcmp(request->op, "quantized_dot") == 0 && strcmp(result->dtype, "f32") == 0) {
    return quantized_dot(request, (float*)result->data);
  }
  (void)snprintf(error, error_size, "%s of %s is not offered", request->op, result->dtype);
  return REFUSED;
}
