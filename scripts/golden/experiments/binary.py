"""How do the binary ops broadcast, break ties and sum their gradients; where does a division become a product with the reciprocal?

Answer: ops.py.  Ties share the gradient in halves; a broadcast operand's gradient is one sum over the broadcast axes, each addition rounded to the dtype.
"""
import numpy as np

import ops
from common import DTYPES, Tally, edge, run, sample, vjp

SHAPES = [((3, 5), (3, 5)), ((3, 5), (5,)), ((3, 5), ()), ((3, 5), (3, 1)), ((5,), (3, 5)), ((3, 1, 5), (1, 4, 1)), ((7, 48), (48,)), ((48, 7), (7,)), ((40, 6), (1, 6)),
          ((6, 40), (6, 1)), ((3, 5, 9), (9,)), ((3, 9, 16), (16,)), ((1, 5), (5,)), ((1,), (1,)), ((), ()), ((1, 1), (1,)), ((5,), (1,)), ((70,), ()), ((4, 5), (1, 1)), ((2, 5, 5, 3), (3,))]


def main(policy):
    import jax.numpy as jnp
    functions = {'add': jnp.add, 'sub': jnp.subtract, 'mul': jnp.multiply, 'div': jnp.divide, 'max': jnp.maximum, 'min': jnp.minimum}
    rng = np.random.default_rng(3)
    for name, fn in functions.items():
        for dtype_name, dtype in DTYPES.items():
            t = Tally(f'{policy} {name} {dtype_name} value and both gradients')
            e = edge(dtype)
            pairs = [(np.repeat(e, e.size), np.tile(e, e.size))]
            pairs += [(sample(rng, a, dtype), sample(rng, b, dtype)) for a, b in SHAPES]
            pairs += [(rng.integers(-2, 3, a).astype(dtype), rng.integers(-2, 3, b).astype(dtype)) for a, b in SHAPES]
            for a, b in pairs:
                g = sample(rng, np.broadcast_shapes(a.shape, b.shape), dtype)
                for mine, real in zip(binary(name)(a, b, g), vjp(fn, g, a, b)):
                    t.add(np.asarray(mine), real, f'{a.shape} {b.shape}')
            t.done()


def binary(name):
    return ops.binary[name]


run(main)
