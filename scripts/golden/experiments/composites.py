"""Reductions, softmax, losses and norms: which primitives in which order, and in which order are the contributions to one operand added?

Answer: ops.py.
"""
import numpy as np

import ops
from common import DTYPES, Tally, run, sample, vjp

SHAPES = [(6, 40), (3, 5), (5, 48), (1, 7), (4, 1), (2, 7, 16), (3, 2, 9, 5), (33, 10), (64, 96), (7,), (2, 130), (1, 1)]


def main(policy):
    import jax
    import jax.numpy as jnp

    def ln(x, s, b):
        d = x - jnp.mean(x, -1, keepdims=True)
        return d * jax.lax.rsqrt(jnp.mean(d * d, -1, keepdims=True) + 1e-6) * s + b

    def rms(x, s):
        return x * jax.lax.rsqrt(jnp.mean(x * x, -1, keepdims=True) + 1e-6) * s

    def mse(a, b):
        d = a - b
        return jnp.mean(d * d)

    rng = np.random.default_rng(4)
    for dtype_name, dtype in DTYPES.items():
        tallies = {}

        def compare(name, mine, real, note):
            t = tallies.setdefault(name, Tally(f'{policy} {name} {dtype_name}'))
            for i, (m, r) in enumerate(zip(mine, real)):
                t.add(np.asarray(m), r, f'{note} part {i}')

        for shape in SHAPES:
            for scale in (1, 4):
                x, y = sample(rng, shape, dtype, scale), sample(rng, shape, dtype, scale)
                if scale == 4:
                    x = np.round(x.astype(np.float32)).astype(dtype)   # ties
                g = sample(rng, shape, dtype)
                for axes in ([(a,) for a in range(len(shape))] + [tuple(range(len(shape)))])[:4]:
                    out = tuple(n for a, n in enumerate(shape) if a not in axes)
                    h = sample(rng, out, dtype)
                    compare('reduce_sum', ops.reduce_sum_(x, h, axes), vjp(lambda v: jnp.sum(v, axis=axes), h, x), f'{shape} {axes}')
                    compare('reduce_mean', ops.reduce_mean_(x, h, axes), vjp(lambda v: jnp.mean(v, axis=axes), h, x), f'{shape} {axes}')
                    compare('reduce_max', ops.reduce_max_(x, h, axes), vjp(lambda v: jnp.max(v, axis=axes), h, x), f'{shape} {axes}')
                for axis in {-1, 0}:
                    compare('softmax', ops.softmax(x, g, axis), vjp(lambda v: jax.nn.softmax(v, axis=axis), g, x), f'{shape} axis {axis}')
                    v, dx = ops.log_softmax(x, g, axis)
                    compare('log_softmax', (v, ops.total(dx)), vjp(lambda v: jax.nn.log_softmax(v, axis=axis), g, x), f'{shape} axis {axis}')
                one = sample(rng, (), dtype)
                compare('mse', ops.mse(x, y, one), vjp(mse, one, x, y), str(shape))
                labels = rng.integers(0, shape[-1], shape[:-1]).astype(np.int32)

                def xent(v):
                    return jnp.mean(-jnp.take_along_axis(jax.nn.log_softmax(v), labels[..., None], axis=-1))
                if len(shape) > 1:
                    v, dx = ops.softmax_cross_entropy(x, labels, one)
                    compare('softmax_cross_entropy', (v, ops.total(dx)), vjp(xent, one, x), str(shape))
                s, b = sample(rng, shape[-1:], dtype), sample(rng, shape[-1:], dtype)
                v, dx, ds, db = ops.layer_norm(x, s, b, g)
                compare('layer_norm', (v, ops.total(dx), ds, db), vjp(ln, g, x, s, b), str(shape))
                v, dx, ds = ops.rms_norm(x, s, g)
                compare('rms_norm', (v, ops.total(dx), ds), vjp(rms, g, x, s), str(shape))
        for t in tallies.values():
            t.done()


run(main)
