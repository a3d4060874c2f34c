// One table, both ways: the first line of a dtype is what it becomes in numpy.
#include "sim/python/arrays.h"

#include <cstring>

namespace mxcheck::python {
namespace {

namespace py = pybind11;

struct Pair {
  const char* dtype;
  const char* numpy;
};
constexpr Pair kPairs[] = {
    {"f64", "float64"},
    {"f32", "float32"},
    {"f16", "float16"},
    {"s64", "int64"},
    {"s32", "int32"},
    {"s16", "int16"},
    {"s8", "int8"},
    {"u32", "uint32"},
    {"u8", "uint8"},
    {"pred", "bool"},
    {"bf16", "uint16"},
    {"f8e4m3fn", "uint8"},
    {"f8e5m2", "uint8"},
    {"f4e2m1fn", "uint8"},
    {"u4", "uint8"},
    {"s4", "int8"},
    // from ml_dtypes
    {"bf16", "bfloat16"},
    {"f8e4m3fn", "float8_e4m3fn"},
    {"f8e5m2", "float8_e5m2"},
    {"f4e2m1fn", "float4_e2m1fn"},
    {"u4", "uint4"},
    {"s4", "int4"},
};

const char* numpy_name(const std::string& dtype) {
  for (const Pair& pair : kPairs) {
    if (dtype == pair.dtype) return pair.numpy;
  }
  throw py::type_error("no numpy type for " + dtype);
}

std::string dtype_name(const std::string& numpy) {
  if (numpy == "uint16") {
    throw py::type_error("uint16 is no dtype of the library; bits of bf16 need dtype='bf16'");
  }
  for (const Pair& pair : kPairs) {
    if (numpy == pair.numpy) return pair.dtype;
  }
  throw py::type_error("no dtype of the library is numpy's " + numpy);
}

}  // namespace

py::array to_numpy(const Array& array) {
  py::array out(py::dtype(numpy_name(array.dtype)),
                std::vector<py::ssize_t>(array.shape.begin(), array.shape.end()));
  if (!array.bytes.empty()) {
    std::memcpy(out.mutable_data(), array.bytes.data(), array.bytes.size());
  }
  return out;
}

Array from_numpy(const py::object& value, const std::string& dtype) {
  const py::array array = py::array::ensure(value, py::array::c_style);
  if (!array) throw py::error_already_set();
  Array out;
  out.dtype = dtype.empty() ? dtype_name(py::str(array.dtype().attr("name"))) : dtype;
  const auto itemsize = static_cast<std::size_t>(array.itemsize());
  // An unknown dtype has width 0 and is the library's to refuse.
  if (!dtype.empty() && element_width(dtype) != 0 && element_width(dtype) != itemsize) {
    throw py::type_error("elements of " + dtype + " have another width than those of the array");
  }
  out.shape.assign(array.shape(), array.shape() + array.ndim());
  out.bytes.resize(itemsize * static_cast<std::size_t>(array.size()));
  if (!out.bytes.empty()) std::memcpy(out.bytes.data(), array.data(), out.bytes.size());
  return out;
}

}  // namespace mxcheck::python
