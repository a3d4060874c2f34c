"""The last point before XLA: what it cannot compile is made compilable, long contractions are seen.

XLA:CPU cannot compile products of four-bit codes. Just before such a product is dispatched its
codes are widened to bytes: the integers, their sums and the result type are the same, and nothing
above the dispatch, Qwix included, sees a difference.
"""

import contextlib

from jax import lax
from jax._src.lax.lax import ragged_dot_general_p
import numpy as np

from .block_length import Witness
from .dtypes import is_float_array

_WIDE = {np.dtype("int4"): np.int8, np.dtype("uint4"): np.uint8}


_witness: Witness | None = None


@contextlib.contextmanager
def long_contractions_seen():
    """Yields a witness of the float contractions dispatched inside."""
    global _witness
    _witness = Witness()
    try:
        yield _witness
    finally:
        _witness = None


def _widen(operand):
    wide = _WIDE.get(np.dtype(operand.dtype))
    return operand if wide is None else operand.astype(wide)


def _changes_result(lhs, rhs, preferred) -> bool:
    """Two bare integers with no stated result type take the result type from the codes."""
    integers = all(np.dtype(x.dtype).kind in "iu" or np.dtype(x.dtype) in _WIDE for x in (lhs, rhs))
    return integers and preferred is None


def _wrap(primitive, needs_equal_types: bool) -> None:
    dispatch = primitive.impl

    def impl(lhs, rhs, *rest, **params):
        mixed = needs_equal_types and lhs.dtype != rhs.dtype
        if not mixed and not _changes_result(lhs, rhs, params.get("preferred_element_type")):
            lhs, rhs = _widen(lhs), _widen(rhs)
        out = dispatch(lhs, rhs, *rest, **params)
        if _witness is not None and primitive is lax.dot_general_p and is_float_array(out):
            _witness.see(lhs, rhs, params["dimension_numbers"], out)
        return out

    primitive.def_impl(impl)


def install() -> None:
    """Puts the widening in place, once per process."""
    _wrap(lax.dot_general_p, needs_equal_types=False)
    _wrap(ragged_dot_general_p, needs_equal_types=False)
    _wrap(lax.conv_general_dilated_p, needs_equal_types=True)
