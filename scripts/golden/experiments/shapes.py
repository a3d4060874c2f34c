"""Ops that only move or convert values: do they keep bits, and what are their gradients?

Answer: reshape, transpose, broadcast_to, concatenate, slice, select move bits (subnormals, -0 kept); their gradients move bits too, except that
broadcast_to sums.  convert rounds once (f32 to bf16 keeps and makes subnormals; to f16 likewise); its gradient is the conversion back.
"""
import numpy as np

import ops
import soft
from common import DTYPES, Tally, edge, forward, run, sample, vjp


def main(policy):
    import jax
    import jax.numpy as jnp
    rng = np.random.default_rng(7)
    for dtype_name, dtype in DTYPES.items():
        t = Tally(f'{policy} moves {dtype_name}')
        x = np.resize(edge(dtype), (6, 8))
        g = np.resize(edge(dtype)[::-1], (6, 8))

        def check(fn, value, *grads, args=(x,), ct=None):
            for m, r in zip((value,) + grads, vjp(fn, g if ct is None else ct, *args)):
                t.add(np.asarray(m), r)
        check(lambda v: jnp.reshape(v, (48,)), x.reshape(48), g, ct=g.reshape(48))
        check(lambda v: jnp.transpose(v, (1, 0)), x.T, g, ct=np.ascontiguousarray(g.T))
        check(lambda v: jax.lax.slice(v, (1, 0), (6, 7), (2, 3)), x[1:6:2, 0:7:3],
              (lambda z: (z.__setitem__((slice(1, 6, 2), slice(0, 7, 3)), g[:3, :3]), z)[1])(np.zeros_like(x)), ct=np.ascontiguousarray(g[:3, :3]))
        y = np.resize(edge(dtype)[5:], (6, 3))
        check(lambda a, b: jnp.concatenate([a, b], 1), np.concatenate([x, y], 1), g, g[:, :3], args=(x, y), ct=np.concatenate([g, g[:, :3]], 1))
        p = rng.integers(0, 2, (6, 8)) == 1
        z = np.zeros_like(g)
        check(lambda a, b: jnp.where(p, a, b), np.where(p, x, g), np.where(p, g, z), np.where(p, z, g), args=(x, g))
        h = sample(rng, (4, 6, 8), dtype)
        check(lambda v: jnp.broadcast_to(v, (4, 6, 8)), np.broadcast_to(x, h.shape), soft.reduce_sum_raw(h, [0]), ct=h)
        k, c = sample(rng, (4, 6, 48), dtype), x[:, :1]
        check(lambda v: jnp.broadcast_to(v, (6, 48)), np.broadcast_to(c, (6, 48)), soft.reduce_sum_raw(k[0], [1])[:, None], args=(c,), ct=k[0])
        t.done()
        for to_name, to in DTYPES.items():
            t = Tally(f'{policy} convert {dtype_name} to {to_name} value and gradient')
            for v in (edge(dtype), sample(rng, (20000,), dtype, 3), sample(rng, (20000,), dtype, 1e-5), np.array([1e-40, 6e-8, 2e-8, 65520, 65519, 1e-45], np.float32).astype(dtype)):
                w = sample(rng, v.shape, to, 1e-4)
                for m, r in zip((v.astype(np.float32).astype(to), w.astype(np.float32).astype(dtype)), vjp(lambda a: a.astype(to), w, v)):
                    t.add(m, r)
            t.done()
    for dtype_name, dtype in DTYPES.items():
        t = Tally(f'{policy} convert s32 to {dtype_name} (through f32)')
        i = rng.integers(-2**31, 2**31, 20000).astype(np.int32)
        t.add(i.astype(np.float32).astype(dtype), forward(lambda a: a.astype(dtype), i))
        t.add((i >> 16).astype(np.float32).astype(dtype), forward(lambda a: a.astype(dtype), i >> 16))
        t.done()
        t = Tally(f'{policy} convert {dtype_name} to s32 (toward zero, saturating, NaN to 0)')
        v = np.concatenate([edge(dtype), sample(rng, (5000,), dtype, 1e4), sample(rng, (5000,), dtype, 3)])
        wide = np.nan_to_num(v.astype(np.float64), nan=0, posinf=1e300, neginf=-1e300)
        t.add(np.clip(np.trunc(wide), -2**31, 2**31 - 1).astype(np.int32), forward(lambda a: a.astype(jnp.int32), v))
        t.done()


run(main)
