"""Tensor sources of the case format, in numpy: literal, stored, constant, counting, random.

Every float value is rounded to f32 (f64 for f64) and only then to its dtype, and the random forms
round after each operation, so that any implementation of the format makes the same bits.
"""

import hashlib
import math
import os

import numpy as np

from . import dtypes, safetensors_io, threefry

_FORMS = ("values", "bits", "file", "fill", "iota", "random", "steps")


class SourceError(ValueError):
    """A tensor source that says nothing or says it wrongly."""


def is_stepped(source) -> bool:
    return "steps" in source


def at_step(source, step: int):
    """The source that serves a step: a plain source serves every one."""
    return source["steps"][step] if is_stepped(source) else source


def build(source: dict, base_dir: str, root_dir: str | None = None) -> np.ndarray:
    """The array a source stands for; `file` paths are relative to base_dir, inside root_dir."""
    forms = [form for form in _FORMS if form in source]
    if len(forms) != 1 or forms[0] == "steps":
        raise SourceError(f"a tensor source has exactly one of {_FORMS[:-1]}, found {forms}")
    if forms[0] == "file":
        return _from_file(source, base_dir, root_dir)
    name = source.get("dtype", "f32")
    if name not in dtypes.NUMPY:
        raise SourceError(f"unknown dtype {name!r}")
    return _BUILDERS[forms[0]](source, name)


def _number(item) -> float | int:
    """A number of the case format: JSON number, boolean, hex float or one of the named specials."""
    if isinstance(item, str):
        if item in ("nan", "inf", "-inf"):
            return float(item)
        return -0.0 if item == "-0" else float.fromhex(item)
    return item


def _round(values: np.ndarray, name: str) -> np.ndarray:
    """float64 or exact values -> f32 (f64 for f64) -> the dtype."""
    if name == "f64":
        return values.astype(np.float64)
    with np.errstate(over="ignore"):
        return values.astype(np.float32).astype(dtypes.NUMPY[name])


def _integers(items: list, name: str) -> np.ndarray:
    exact = []
    for item in items:
        value = _number(item)
        if not math.isfinite(value) or int(value) != value:
            raise SourceError(f"{item!r} is not an integer")
        exact.append(int(value))
    wide = np.array(exact, dtype=object)
    array = wide.astype(np.int64).astype(dtypes.NUMPY[name])
    if any(int(a) != b for a, b in zip(array, exact)):
        raise SourceError(f"a value is out of the range of {name}")
    return array


def _convert(items: list, name: str) -> np.ndarray:
    if dtypes.is_float(name):
        return _round(np.array([float(_number(item)) for item in items], dtype=np.float64), name)
    return _integers(items, name)


def _flatten(values, shape_out: list[int], depth: int = 0) -> list:
    if not isinstance(values, list):
        return [values]
    if len(shape_out) == depth:
        shape_out.append(len(values))
    elif shape_out[depth] != len(values):
        raise SourceError("a nested list is ragged")
    return [leaf for item in values for leaf in _flatten(item, shape_out, depth + 1)]


def _from_values(source: dict, name: str) -> np.ndarray:
    found: list[int] = []
    flat = _flatten(source["values"], found)
    shape = source.get("shape", found)
    return _convert(flat, name).reshape(shape)


def _from_bits(source: dict, name: str) -> np.ndarray:
    found: list[int] = []
    flat = _flatten(source["bits"], found)
    dtype = dtypes.NUMPY[name]
    words = np.array([int(word, 16) for word in flat], dtype=f"u{dtype.itemsize}")
    if name in ("s4", "u4"):
        nibbles = words.astype(np.uint8) & 0xF
        signed = ((nibbles ^ 8).astype(np.int8) - 8) if name == "s4" else nibbles
        return signed.astype(dtype).reshape(source.get("shape", found))
    return words.view(dtype).reshape(source.get("shape", found))


def _from_fill(source: dict, name: str) -> np.ndarray:
    one = _convert([source["fill"]], name)[0]
    return np.full(source["shape"], one, dtype=dtypes.NUMPY[name])


def _from_iota(source: dict, name: str) -> np.ndarray:
    shape, axis = source["shape"], source["iota"]
    start, step = _number(source.get("start", 0)), _number(source.get("step", 1))
    line = [start + step * i for i in range(shape[axis])]
    column = _convert(line, name).reshape([-1 if a == axis else 1 for a in range(len(shape))])
    return np.array(np.broadcast_to(column, shape))


def _from_random(source: dict, name: str) -> np.ndarray:
    shape, seed = source["shape"], source["seed"]
    count = int(np.prod(shape, dtype=np.int64))
    kind = source["random"]
    if kind == "integers":
        low, high = int(source["low"]), int(source["high"])
        span = np.uint64(high - low + 1)
        scaled = (threefry.words(seed, count).astype(np.uint64) * span) >> np.uint64(32)
        exact = scaled.astype(np.int64) + low
        if dtypes.is_float(name):
            return _shaped(_scale_shift(exact.astype(np.float32), source), shape, name)
        return exact.astype(dtypes.NUMPY[name]).reshape(shape)
    if kind == "uniform":
        unit = (threefry.words(seed, count) >> np.uint32(9)).astype(np.float32)
        unit = unit * np.float32(2.0**-23)
        low, high = (np.float32(_number(source.get(k, d))) for k, d in (("low", 0), ("high", 1)))
        values = low + unit * (high - low)
    elif kind == "normal":
        words = threefry.words(seed, 6 * count).reshape(count, 6).astype(np.int64)
        total = ((words & 0xFFFF) + (words >> 16)).sum(axis=1)
        values = (total - 393210).astype(np.float32) * np.float32(2.0**-16)
    else:
        raise SourceError(f"unknown random form {kind!r}")
    return _shaped(_scale_shift(values, source), shape, name)


def _scale_shift(values: np.ndarray, source: dict) -> np.ndarray:
    """Optional f32 multiply, then optional f32 add."""
    if "scale" in source:
        values = values * np.float32(_number(source["scale"]))
    if "shift" in source:
        values = values + np.float32(_number(source["shift"]))
    return values


def _shaped(values: np.ndarray, shape, name: str) -> np.ndarray:
    if not dtypes.is_float(name):
        return _integers([float(v) for v in values], name).reshape(shape)
    return _round(values, name).reshape(shape)


def _from_file(source: dict, base_dir: str, root_dir: str | None) -> np.ndarray:
    path = os.path.realpath(os.path.join(base_dir, source["file"]))
    root = os.path.realpath(root_dir or base_dir)
    if os.path.commonpath([path, root]) != root:
        raise SourceError(f"{source['file']} leaves the suite")
    with open(path, "rb") as file:
        blob = file.read()
    if "sha256" in source and hashlib.sha256(blob).hexdigest() != source["sha256"]:
        raise SourceError(f"{source['file']} does not have the stated checksum")
    tensors, _ = safetensors_io.decode(blob)
    array = tensors[source["tensor"]]
    name = source.get("dtype")
    return array if name is None or array.dtype == dtypes.NUMPY[name] else array.astype(dtypes.NUMPY[name])


_BUILDERS = {
    "values": _from_values,
    "bits": _from_bits,
    "fill": _from_fill,
    "iota": _from_iota,
    "random": _from_random,
}
