"""What XLA:CPU cannot compile by itself: products of four-bit codes.

Just before such a product is dispatched its codes are widened to bytes. The integers, their sums
and the result type are the same; nothing above the dispatch, Qwix included, sees a difference.
"""

from jax import lax
from jax._src.lax.lax import ragged_dot_general_p
import numpy as np

_WIDE = {np.dtype("int4"): np.int8, np.dtype("uint4"): np.uint8}


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
        return dispatch(lhs, rhs, *rest, **params)

    primitive.def_impl(impl)


def install() -> None:
    """Puts the widening in place, once per process."""
    _wrap(lax.dot_general_p, needs_equal_types=False)
    _wrap(ragged_dot_general_p, needs_equal_types=False)
    _wrap(lax.conv_general_dilated_p, needs_equal_types=True)
