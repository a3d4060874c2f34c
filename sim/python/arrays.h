// Arrays of the library as numpy arrays and back.
//
//   dtype                                  numpy
//   f64 f32 f16 s64 s32 s16 s8 u32 u8      of the same name
//   pred                                   bool
//   bf16                                   uint16, the bits
//   f8e4m3fn f8e5m2 f4e2m1fn u4            uint8, the bits
//   s4                                     int8
// numpy has no types for the last three lines; a dtype's name comes with its array. The bits can be
// viewed under the types of ml_dtypes, whose arrays are taken too.
#pragma once

#include <pybind11/numpy.h>

#include <string>

#include "mxcheck/mxcheck.h"

namespace mxcheck::python {

// A copy.
[[nodiscard]] pybind11::array to_numpy(const Array& array);
// A copy; `dtype` names what numpy cannot, "" takes it from the array. Throws TypeError for an
// array of a type that stands for none, or whose elements have another width than `dtype`.
[[nodiscard]] Array from_numpy(const pybind11::object& value, const std::string& dtype);

}  // namespace mxcheck::python
