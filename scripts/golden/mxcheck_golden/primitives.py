"""JAX primitives in the words of the case format: one table line, or one small function, each.

`steps` answers how an equation is said: a list of `Step`s, each a node whose operands are the
equation's (by position) or earlier steps' results. A step without an op passes its operand on.
"""

import dataclasses
import math

import numpy as np

from . import dtypes

QUANTIZABLE = ("dot_general", "einsum", "conv_general_dilated", "ragged_dot")


class NoSuchOp(Exception):
    """What the case format has no op for."""


@dataclasses.dataclass
class Step:
    op: str | None
    args: list  # Positions of the equation's operands; ("step", i) for the result of step i.
    attributes: dict = dataclasses.field(default_factory=dict)
    results: list[int] = dataclasses.field(default_factory=list)  # Of the last step: several results.

    def operands(self):
        for arg in self.args:
            yield (True, arg[1]) if isinstance(arg, tuple) else (False, arg)


# Primitives that are ops of the same meaning, operands in the same order.
_SAME = {
    name: name
    for name in ("add", "sub", "mul", "div", "max", "min", "neg", "abs", "exp", "log", "tanh", "logistic",
                 "sqrt", "rsqrt", "square", "stop_gradient")
}
_SAME["add_any"] = "add"
# Primitives that change nothing a case could see.
_NOTHING = {"copy", "copy_p", "optimization_barrier", "sharding_constraint", "reduce_precision"}
# Functions jax wraps as one equation: by the name they carry.
_WHOLE = {"relu": "relu", "_take": "take"}


def is_whole(equation) -> bool:
    return equation.params.get("name") in _WHOLE


def steps(equation, values) -> list[Step]:
    """How an equation is said in a case; raises NoSuchOp. `values`: names, or arrays of constants."""
    name = equation.primitive.name
    everything = list(range(len(equation.invars)))
    if is_whole(equation):
        return _whole(equation)
    if name in ("max", "min"):
        return _extremum(name, values, everything)
    if name in _SAME:
        return [Step(_SAME[name], everything)]
    if name in _NOTHING:
        return [Step(None, [0])]
    special = _SPECIAL.get(name)
    if special is None:
        shapes = ", ".join(var.aval.str_short() for var in equation.invars)
        raise NoSuchOp(f"{name} of {shapes}")
    return special(equation)


def _whole(equation) -> list[Step]:
    op = _WHOLE[equation.params["name"]]
    if op != "take":
        return [Step(op, [0])]
    table, ids, out = (var.aval.shape for var in (*equation.invars[:2], equation.outvars[0]))
    if len(equation.invars) != 2 or out != ids + table[1:]:
        raise NoSuchOp("take along an axis other than 0")
    return [Step("take", [0, 1])]


def _extremum(name: str, values, everything) -> list[Step]:
    """A neutral bound (softmax's max with -inf) is nothing."""
    neutral = -np.inf if name == "max" else np.inf
    for i, value in enumerate(values):
        if isinstance(value, np.ndarray) and value.ndim == 0 and value == neutral:
            return [Step(None, [1 - i])]
    return [Step(name, everything)]


def _lists(value):
    return [_lists(item) for item in value] if isinstance(value, (tuple, list)) else int(value)


def _dtype_name(dtype) -> str:
    return dtypes.NAMES[np.dtype(dtype)]


def _dot_general(equation) -> list[Step]:
    lhs, rhs = (var.aval.dtype for var in equation.invars)
    wanted = equation.params.get("preferred_element_type")
    if wanted is not None and not lhs == rhs == np.dtype(wanted):
        raise NoSuchOp(f"dot_general of {lhs} and {rhs} with results in {np.dtype(wanted)}")
    return [Step("dot_general", [0, 1], {"dimension_numbers": _lists(equation.params["dimension_numbers"])})]


_NHWC = ((0, 3, 1, 2), (3, 2, 0, 1), (0, 3, 1, 2))


def _conv(equation) -> list[Step]:
    params = equation.params
    if tuple(params["dimension_numbers"]) != _NHWC or params["batch_group_count"] != 1:
        raise NoSuchOp("conv_general_dilated other than NHWC by HWIO")
    attributes = {
        "window_strides": _lists(params["window_strides"]),
        "padding": _lists(params["padding"]),
        "lhs_dilation": _lists(params["lhs_dilation"]),
        "rhs_dilation": _lists(params["rhs_dilation"]),
    }
    attributes = {key: value for key, value in attributes.items() if key == "padding" or value != [1, 1]}
    if params["feature_group_count"] != 1:
        attributes["feature_group_count"] = int(params["feature_group_count"])
    return [Step("conv_general_dilated", [0, 1], attributes)]


def _reshape(equation) -> list[Step]:
    before, after = equation.invars[0].aval.shape, equation.outvars[0].aval.shape
    if equation.params.get("dimensions") is not None:
        raise NoSuchOp("reshape with a permutation")
    return [Step(None, [0])] if before == after else [Step("reshape", [0], {"shape": _lists(after)})]


def _broadcast_in_dim(equation) -> list[Step]:
    before, after = equation.invars[0].aval.shape, equation.outvars[0].aval.shape
    kept = equation.params["broadcast_dimensions"]
    aligned = [1] * len(after)
    for axis, extent in zip(kept, before):
        aligned[axis] = extent
    out = []
    if tuple(aligned) != before:
        out.append(Step("reshape", [0], {"shape": _lists(aligned)}))
    if tuple(aligned) != after:
        out.append(Step("broadcast_to", [("step", 0) if out else 0], {"shape": _lists(after)}))
    return out or [Step(None, [0])]


def _convert(equation) -> list[Step]:
    before, after = equation.invars[0].aval.dtype, equation.outvars[0].aval.dtype
    return [Step(None, [0])] if before == after else [Step("convert", [0], {"dtype": _dtype_name(after)})]


def _integer_pow(equation) -> list[Step]:
    power = equation.params["y"]
    if power == 1:
        return [Step(None, [0])]
    if power < 2:
        raise NoSuchOp(f"integer_pow with exponent {power}")
    out = [Step("square", [0])]
    for i in range(power - 2):
        out.append(Step("mul", [("step", i), 0]))
    return out


def _split(equation) -> list[Step]:
    axis, shape = equation.params["axis"], equation.invars[0].aval.shape
    out, start = [], 0
    for size in equation.params["sizes"]:
        low, high = [0] * len(shape), list(shape)
        low[axis], high[axis] = start, start + size
        out.append(Step("slice", [0], {"start": _lists(low), "limit": _lists(high)}))
        start += size
    out[-1].results = list(range(len(out)))
    return out


def _slice(equation) -> list[Step]:
    params = equation.params
    attributes = {"start": _lists(params["start_indices"]), "limit": _lists(params["limit_indices"])}
    if params["strides"] is not None:
        attributes["strides"] = _lists(params["strides"])
    return [Step("slice", [0], attributes)]


def _reduce(op: str):
    return lambda equation: [Step(op, [0], {"axes": _lists(equation.params["axes"])})]


def _pool_attributes(equation) -> dict:
    params = equation.params
    dilated = any(d != 1 for key in ("base_dilation", "window_dilation") for d in params[key])
    window, strides, padding = (params[k] for k in ("window_dimensions", "window_strides", "padding"))
    edges = (window[0], window[-1], strides[0], strides[-1], *padding[0], *padding[-1])
    if len(window) != 4 or dilated or edges != (1, 1, 1, 1, 0, 0, 0, 0):
        raise NoSuchOp(f"{equation.primitive.name} other than over the middle of NHWC")
    attributes = {"window": _lists(window[1:-1])}
    if strides != window:
        attributes["strides"] = _lists(strides[1:-1])
    if any(low or high for low, high in padding):
        attributes["padding"] = _lists(padding[1:-1])
    return attributes


def _max_pool(equation) -> list[Step]:
    return [Step("max_pool", [0], _pool_attributes(equation))]


def average_pool(total, division, divisor) -> dict | None:
    """Attributes of avg_pool if `division` divides a window's sum by the size of the window."""
    if total.primitive.name != "reduce_window_sum" or division.primitive.name != "div":
        return None
    size = math.prod(total.params["window_dimensions"])
    return _pool_attributes(total) if divisor.ndim == 0 and float(divisor) == size else None


def _select(equation) -> list[Step]:
    if len(equation.invars) != 3 or equation.invars[0].aval.dtype != np.dtype(bool):
        raise NoSuchOp("select_n of more than two cases")
    return [Step("select", [0, 2, 1])]


def _clamp(equation) -> list[Step]:
    return [Step("max", [1, 0]), Step("min", [("step", 0), 2])]


_SPECIAL = {
    "dot_general": _dot_general,
    "conv_general_dilated": _conv,
    "ragged_dot": lambda equation: [Step("ragged_dot", [0, 1, 2])],
    "reshape": _reshape,
    "squeeze": _reshape,
    "expand_dims": _reshape,
    "broadcast_in_dim": _broadcast_in_dim,
    "convert_element_type": _convert,
    "integer_pow": _integer_pow,
    "transpose": lambda equation: [Step("transpose", [0], {"permutation": _lists(equation.params["permutation"])})],
    "concatenate": lambda equation: [
        Step("concatenate", list(range(len(equation.invars))), {"axis": int(equation.params["dimension"])})
    ],
    "split": _split,
    "slice": _slice,
    "reduce_sum": _reduce("reduce_sum"),
    "reduce_max": _reduce("reduce_max"),
    "reduce_window_max": _max_pool,
    "select_n": _select,
    "clamp": _clamp,
}
