"""Pools and take: which maximum gets the gradient, in which order do overlapping windows and repeated ids add up, where is it rounded?

Answer: ops.py.
"""
import numpy as np

import ops
from common import DTYPES, Tally, run, sample, vjp

POOLS = [((2, 6, 6, 3), (2, 2), (2, 2), 'VALID'), ((1, 7, 8, 2), (3, 3), (1, 1), 'VALID'), ((2, 7, 8, 3), (3, 2), (2, 2), 'VALID'), ((1, 5, 5, 2), (3, 3), (2, 2), 'SAME'),
         ((1, 9, 7, 1), (3, 3), (3, 3), 'VALID'), ((1, 6, 6, 1), (6, 6), (6, 6), 'VALID'), ((1, 8, 8, 4), (4, 4), (2, 2), 'VALID'), ((1, 4, 4, 2), (1, 1), (1, 1), 'VALID'),
         ((3, 5, 9, 2), (2, 3), (1, 2), 'SAME'), ((1, 6, 5, 2), (2, 2), (3, 3), 'VALID'), ((1, 8, 8, 3), (7, 7), (1, 1), 'VALID'), ((1, 12, 12, 8), (5, 5), (1, 1), 'VALID')]
TAKES = [((5, 6), (5,), 0), ((5, 6), (2, 3), 0), ((3, 5), (4,), 1), ((3, 5, 2), (2, 2), 1), ((40, 16), (100,), 0), ((4,), (9,), 0), ((2, 3), (500,), 0), ((7, 3), (), 0)]


def main(policy):
    import flax.linen as nn
    import jax.numpy as jnp
    rng = np.random.default_rng(6)
    for dtype_name, dtype in DTYPES.items():
        for name, mine, real in (('max_pool', ops.max_pool, nn.max_pool), ('avg_pool', ops.avg_pool, nn.avg_pool)):
            t = [Tally(f'{policy} {name} {dtype_name} {part}') for part in ('value', 'gradient')]
            for shape, window, strides, mode in POOLS:
                pads = ops.padding(shape, window, strides, mode)
                for ties in (False, True):
                    x = rng.integers(-3, 4, shape).astype(dtype) if ties else sample(rng, shape, dtype)
                    if ties and name == 'max_pool':
                        x.reshape(-1)[:: 7] = np.array([np.nan, -0.0, 0.0], dtype)[np.arange(x.reshape(-1)[::7].size) % 3]
                    y = np.asarray(real(jnp.asarray(x), window, strides, mode))
                    g = sample(rng, y.shape, dtype)
                    y, dx = vjp(lambda v: real(v, window, strides, mode), g, x)
                    my, mdx = mine(x, g, window, strides, pads)
                    t[0].add(my, y, f'{shape} {window} {strides} {mode}')
                    t[1].add(mdx, dx, f'{shape} {window} {strides} {mode} ties={ties}')
            for k in t:
                k.done()
        t = Tally(f'{policy} take {dtype_name} value and gradient')
        for shape, ids_shape, axis in TAKES:
            table = sample(rng, shape, dtype)
            ids = rng.integers(0, shape[axis], ids_shape).astype(np.int32)
            g = sample(rng, np.take(table, ids, axis).shape, dtype)
            for m, r in zip(ops.take(table, ids, g, axis), vjp(lambda v: jnp.take(v, ids, axis=axis), g, table)):
                t.add(np.asarray(m), r, f'{shape} {ids_shape} {axis}')
        t.done()


run(main)
