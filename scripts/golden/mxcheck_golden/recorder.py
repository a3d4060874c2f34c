"""Listens inside Qwix: wraps its functions, passes every value through, and keeps a copy.

What is heard is filed under `quant/<node>/<product>/<what>`, product being fwd, dlhs or drhs:
operands when a product takes them, the integer accumulators when the backend hands them over
(before zero points and scales), the product's result, and the noise of stochastic rounding.
The backward functions are told their node by a tag that travels with the residuals.
"""

import contextlib
import dataclasses

import jax
import numpy as np
from qwix._src.core import conv_general
from qwix._src.core import conv_general_qt
from qwix._src.core import dot_general
from qwix._src.core import dot_general_qt
from qwix._src.core import qarray
from qwix._src.core import ragged_dot
from qwix._src.core import ragged_dot_qt
from qwix._src.core import stochastic_rounding


@jax.tree_util.register_static
@dataclasses.dataclass(frozen=True)
class _NodeTag:
    """The node a residual belongs to; static, so that it passes through JAX untouched."""

    node: str


class Recorder:
    """What Qwix did during one step, by name."""

    def __init__(self):
        self.values: dict[str, np.ndarray] = {}
        self.node: str | None = None
        self._products: list[str] = []

    def keep(self, name: str, value) -> None:
        self.values[name] = np.asarray(value)

    def keep_here(self, what: str, value) -> None:
        if self.node is not None and self._products:
            self.keep(f"quant/{self.node}/{self._products[0]}/{what}", value)

    @contextlib.contextmanager
    def products(self, node: str | None, names: tuple[str, ...]):
        """The products that follow, in order, belong to the node."""
        saved = self.node, self._products
        self.node, self._products = node, list(names)
        try:
            yield
        finally:
            self.node, self._products = saved

    def product(self, lhs, rhs, compute):
        """Runs one product and files its operands and result."""
        for side, operand in (("lhs", lhs), ("rhs", rhs)):
            if isinstance(operand, qarray.QArray):
                self.keep_here(f"{side}.qvalue", operand.qvalue)
                self.keep_here(f"{side}.scale", operand.scale)
                if operand.zero_point is not None:
                    self.keep_here(f"{side}.zero_point", operand.zero_point)
        out = compute()
        self.keep_here("out", out)
        self._products = self._products[1:]
        return out


_active: Recorder | None = None


@contextlib.contextmanager
def listening(recorder: Recorder):
    """Everything Qwix computes inside goes to the recorder."""
    global _active
    saved, _active = _active, recorder
    try:
        yield recorder
    finally:
        _active = saved


def _wrap_product(module, name: str) -> None:
    original = getattr(module, name)

    def wrapped(lhs, rhs, *args, **kwargs):
        if _active is None:
            return original(lhs, rhs, *args, **kwargs)
        return _active.product(lhs, rhs, lambda: original(lhs, rhs, *args, **kwargs))

    setattr(module, name, wrapped)


def _wrap_fast_path(module, name: str, backend_op: str) -> None:
    """The first backend product of a fast path delivers the accumulators."""
    original = getattr(module, name)

    def wrapped(*args, **kwargs):
        if _active is None:
            return original(*args, **kwargs)
        backend = getattr(jax.lax, backend_op)
        heard = []

        def first_is_kept(*op_args, **op_kwargs):
            out = backend(*op_args, **op_kwargs)
            if not heard:
                heard.append(out)
                if out.dtype == np.int32:
                    _active.keep_here("acc", out)
            return out

        setattr(jax.lax, backend_op, first_is_kept)
        try:
            return original(*args, **kwargs)
        finally:
            setattr(jax.lax, backend_op, backend)

    setattr(module, name, wrapped)


def _wrap_vjp(custom_vjp, module, name: str) -> None:
    """Tags the residuals of a custom_vjp with the node, and names the products of its backward."""
    forward = getattr(module, f"{name}_fwd")
    backward = getattr(module, f"{name}_bwd")

    def tagged_forward(*args, **kwargs):
        node = _active.node if _active is not None else None
        with _products(node, ("fwd",)):
            out, residuals = forward(*args, **kwargs)
        return out, (residuals, _NodeTag(node))

    def untagged_forward(*args, **kwargs):
        out, (residuals, _) = tagged_forward(*args, **kwargs)
        return out, residuals

    def tagged_backward(*args):
        *static, (residuals, tag), cotangent = args
        with _products(tag.node, ("dlhs", "drhs")):
            return backward(*static, residuals, cotangent)

    setattr(module, f"{name}_fwd", untagged_forward)
    custom_vjp.defvjp(tagged_forward, tagged_backward)


def _products(node, names):
    return _active.products(node, names) if _active is not None else contextlib.nullcontext()


def _wrap_noise() -> None:
    original = stochastic_rounding.NoiseFn.__call__

    def wrapped(self, shape):
        noise = original(self, shape)
        if _active is not None:
            _active.keep_here("noise", noise)
        return noise

    stochastic_rounding.NoiseFn.__call__ = wrapped


def install() -> None:
    """Puts the wrappers in place, once per process."""
    _wrap_product(dot_general, "dot_general")
    _wrap_fast_path(dot_general, "_fast_dot_general", "dot_general")
    _wrap_vjp(dot_general_qt.dot_general_qt_fwd_bwd, dot_general_qt, "dot_general_qt")
    _wrap_product(conv_general, "conv_general_dilated")
    _wrap_fast_path(conv_general, "_fast_conv_general_dilated", "conv_general_dilated")
    _wrap_vjp(conv_general_qt.conv_general_qt, conv_general_qt, "conv_general_qt")
    _wrap_product(ragged_dot, "ragged_dot_general")
    _wrap_fast_path(ragged_dot, "_fast_ragged_dot_general", "ragged_dot_general")
    _wrap_vjp(ragged_dot_qt.ragged_dot_qt, ragged_dot_qt, "ragged_dot_qt")
    _wrap_noise()
