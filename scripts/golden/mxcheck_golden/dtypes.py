"""Dtype names of the case format, their numpy types and their safetensors tags.

Four-bit integers have no tag of their own and are stored one per byte; four-bit floats keep theirs,
also one per byte, as the raw code.
"""

import ml_dtypes
import numpy as np

NUMPY = {
    "f64": np.dtype(np.float64),
    "f32": np.dtype(np.float32),
    "f16": np.dtype(np.float16),
    "bf16": np.dtype(ml_dtypes.bfloat16),
    "s64": np.dtype(np.int64),
    "s32": np.dtype(np.int32),
    "s16": np.dtype(np.int16),
    "s8": np.dtype(np.int8),
    "s4": np.dtype(ml_dtypes.int4),
    "u32": np.dtype(np.uint32),
    "u8": np.dtype(np.uint8),
    "u4": np.dtype(ml_dtypes.uint4),
    "pred": np.dtype(np.bool_),
    "f8e4m3fn": np.dtype(ml_dtypes.float8_e4m3fn),
    "f8e5m2": np.dtype(ml_dtypes.float8_e5m2),
    "f4e2m1fn": np.dtype(ml_dtypes.float4_e2m1fn),
}

_FLOATS = {"f64", "f32", "f16", "bf16", "f8e4m3fn", "f8e5m2", "f4e2m1fn"}
NAMES = {dtype: name for name, dtype in NUMPY.items()}

# safetensors tag -> numpy dtype of the bytes in the file.
TAGS = {
    "F64": NUMPY["f64"], "F32": NUMPY["f32"], "F16": NUMPY["f16"], "BF16": NUMPY["bf16"],
    "I64": NUMPY["s64"], "I32": NUMPY["s32"], "I16": NUMPY["s16"], "I8": NUMPY["s8"],
    "U32": NUMPY["u32"], "U8": NUMPY["u8"], "BOOL": NUMPY["pred"],
    "F8_E4M3": NUMPY["f8e4m3fn"], "F8_E5M2": NUMPY["f8e5m2"],
}
_TAG_OF = {dtype: tag for tag, dtype in TAGS.items()}


def is_float(name: str) -> bool:
    return name in _FLOATS


def is_float_array(array) -> bool:
    """Whether an array has a dtype gradients exist for."""
    return NAMES[np.dtype(array.dtype)] in _FLOATS


def storable(array: np.ndarray) -> tuple[str, np.ndarray]:
    """The tag and the stored form of an array; four-bit values become one byte each."""
    array = np.asarray(array)
    if array.dtype == NUMPY["s4"]:
        array = array.astype(np.int8)
    elif array.dtype == NUMPY["u4"]:
        array = array.astype(np.uint8)
    elif array.dtype == NUMPY["f4e2m1fn"]:
        array = array.view(np.uint8)
    return _TAG_OF[array.dtype], array


def bits(array: np.ndarray) -> np.ndarray:
    """The array's bit patterns as unsigned integers of its width."""
    array = np.asarray(array)
    flat = np.ascontiguousarray(array).reshape(-1)
    return flat.view(f"u{array.dtype.itemsize}").reshape(array.shape)
