"""The case format's float ops as JAX functions, one primitive after the other [FLT-6].

Compositions are spelled so that their gradients, taken by JAX itself, come out in the documented
order: `square` is x * x (two contributions), a norm is its textbook chain, a mean is sum / n.
"""

import math

from flax import linen as nn
import jax
from jax import lax
from jax import numpy as jnp

from . import dtypes


def _gelu(x, approximate=True):
    return jax.nn.gelu(x, approximate=approximate)


def _silu(x):
    return x * jax.nn.sigmoid(x)


def _softmax(x, axis=-1):
    unnormalized = jnp.exp(x - lax.stop_gradient(jnp.max(x, axis, keepdims=True)))
    return unnormalized / jnp.sum(unnormalized, axis, keepdims=True)


def _log_softmax(x, axis=-1):
    return jax.nn.log_softmax(x, axis=axis)


def _layer_norm(x, scale, bias, epsilon=1e-6):
    mean = jnp.mean(x, axis=-1, keepdims=True)
    centered = x - mean
    variance = jnp.mean(centered * centered, axis=-1, keepdims=True)
    return centered * lax.rsqrt(variance + epsilon) * scale + bias


def _rms_norm(x, scale, epsilon=1e-6):
    mean_square = jnp.mean(x * x, axis=-1, keepdims=True)
    return x * lax.rsqrt(mean_square + epsilon) * scale


def _mse(a, b):
    difference = a - b
    return jnp.mean(difference * difference)


def _softmax_cross_entropy(logits, labels):
    log_p = _log_softmax(logits)
    return jnp.mean(-jnp.take_along_axis(log_p, labels[..., None], axis=-1)[..., 0])


def _axes(axes):
    return None if axes is None else tuple(axes)


def _pads(padding):
    return padding if isinstance(padding, str) else tuple(tuple(pair) for pair in padding)


def _max_pool(x, window, strides=None, padding="VALID"):
    return nn.max_pool(x, tuple(window), strides=tuple(strides or window), padding=_pads(padding))


def _avg_pool(x, window, strides=None, padding="VALID"):
    window, strides = tuple(window), tuple(strides or window)
    pads = _pads(padding)
    if not isinstance(pads, str):
        pads = ((0, 0),) + pads + ((0, 0),)
    total = lax.reduce_window(
        x, jnp.zeros((), x.dtype), lax.add, (1,) + window + (1,), (1,) + strides + (1,), pads
    )
    return total / math.prod(window)


def _slice(x, start, limit, strides=None):
    return lax.slice(x, start, limit, strides)


def _dot_general(lhs, rhs, dimension_numbers):
    contract, batch = dimension_numbers
    numbers = tuple(tuple(tuple(side) for side in pair) for pair in (contract, batch))
    both_integers = all(jnp.issubdtype(x.dtype, jnp.integer) for x in (lhs, rhs))
    accumulate = {"preferred_element_type": jnp.int32} if both_integers else {}
    return jax.lax.dot_general(lhs, rhs, numbers, **accumulate)


def _einsum(lhs, rhs, equation):
    both_integers = all(jnp.issubdtype(x.dtype, jnp.integer) for x in (lhs, rhs))
    accumulate = {"preferred_element_type": jnp.int32} if both_integers else {}
    return jnp.einsum(equation, lhs, rhs, **accumulate)


def _conv_general_dilated(
    lhs,
    rhs,
    window_strides=(1, 1),
    padding="SAME",
    lhs_dilation=None,
    rhs_dilation=None,
    dimension_numbers=("NHWC", "HWIO", "NHWC"),
    feature_group_count=1,
):
    both_integers = all(jnp.issubdtype(x.dtype, jnp.integer) for x in (lhs, rhs))
    accumulate = {"preferred_element_type": jnp.int32} if both_integers else {}
    return jax.lax.conv_general_dilated(
        lhs,
        rhs,
        tuple(window_strides),
        _pads(padding),
        lhs_dilation=lhs_dilation and tuple(lhs_dilation),
        rhs_dilation=rhs_dilation and tuple(rhs_dilation),
        dimension_numbers=tuple(dimension_numbers),
        feature_group_count=feature_group_count,
        **accumulate,
    )


def _ragged_dot(lhs, rhs, group_sizes):
    return jax.lax.ragged_dot(lhs, rhs, group_sizes)


OPS = {
    "dot_general": _dot_general,
    "einsum": _einsum,
    "conv_general_dilated": _conv_general_dilated,
    "ragged_dot": _ragged_dot,
    "add": jnp.add,
    "sub": jnp.subtract,
    "mul": jnp.multiply,
    "div": jnp.divide,
    "max": jnp.maximum,
    "min": jnp.minimum,
    "neg": jnp.negative,
    "abs": jnp.abs,
    "exp": jnp.exp,
    "log": jnp.log,
    "tanh": jnp.tanh,
    "logistic": jax.nn.sigmoid,
    "sqrt": jnp.sqrt,
    "rsqrt": lax.rsqrt,
    "square": lambda x: x * x,
    "relu": jax.nn.relu,
    "gelu": _gelu,
    "silu": _silu,
    "stop_gradient": lax.stop_gradient,
    "reduce_sum": lambda x, axes=None, keepdims=False: jnp.sum(x, _axes(axes), keepdims=keepdims),
    "reduce_mean": lambda x, axes=None, keepdims=False: jnp.mean(x, _axes(axes), keepdims=keepdims),
    "reduce_max": lambda x, axes=None, keepdims=False: jnp.max(x, _axes(axes), keepdims=keepdims),
    "softmax": _softmax,
    "log_softmax": _log_softmax,
    "layer_norm": _layer_norm,
    "rms_norm": _rms_norm,
    "reshape": lambda x, shape: jnp.reshape(x, tuple(shape)),
    "transpose": lambda x, permutation: jnp.transpose(x, tuple(permutation)),
    "broadcast_to": lambda x, shape: jnp.broadcast_to(x, tuple(shape)),
    "concatenate": lambda *xs, axis=0: jnp.concatenate(xs, axis=axis),
    "slice": _slice,
    "convert": lambda x, dtype: lax.convert_element_type(x, dtypes.NUMPY[dtype]),
    "take": lambda table, ids, axis=0: jnp.take(table, ids, axis=axis),
    "select": jnp.where,
    "max_pool": _max_pool,
    "avg_pool": _avg_pool,
    "mse": _mse,
    "softmax_cross_entropy": _softmax_cross_entropy,
}
