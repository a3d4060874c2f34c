"""In which order is a sum taken, and where does it round?

Answer: windows of 32 per long axis, recursively; inside a window and at the end row-major from +0.  Nests of two and more axes whose last extent is
small are run in lanes by the compiler, which depends on the recording machine's vector width: the lane rule here is that of a 256-bit AVX-512 target.
The primitive rounds every addition to the dtype (gradients of broadcasting use it so); the op sums narrow types in f32 and rounds once.
"""
import numpy as np

import soft
from common import DTYPES, Tally, forward, run, sample

ONE_AXIS = [((5, 20), (1,)), ((20, 5), (0,)), ((5, 32), (1,)), ((5, 33), (1,)), ((33, 5), (0,)), ((48, 5), (0,)), ((7, 63), (1,)), ((64,), (0,)),
            ((3, 1000), (1,)), ((1024,), (0,)), ((1025, 2), (0,)), ((2, 3000), (1,)), ((40000,), (0,)), ((3, 40, 50), (1,)), ((3, 1), (1,)), ((1, 3), (0,)),
            ((64, 96), (0,)), ((2, 7, 16), (0,)), ((96, 1), (0, 1)), ((5, 1, 8), (0, 1))]
MORE_AXES = [((3, 40, 50), (1, 2)), ((3, 40, 50), (0, 1)), ((3, 40, 50), (0, 2)), ((3, 5, 40), (1, 2)), ((3, 40, 5), (1, 2)), ((40, 7, 50), (0, 2)),
             ((2, 9, 16), (0, 1)), ((2, 8, 16), (0, 1)), ((2, 3, 40), (0, 1)), ((5, 7, 9), (0, 1, 2)), ((2, 33, 4, 65), (1, 3)), ((5, 9), (0, 1)), ((3, 9, 5), (0, 1)),
             ((100, 70, 3), (0, 1)), ((33, 33, 33), (0, 1, 2)), ((70, 90), (0, 1)), ((8, 4, 4, 12), (0, 1, 2)), ((2, 8, 9), (0, 1))]
LANES = [((2, 2), (0, 1)), ((8, 6), (0, 1)), ((8, 7), (0, 1)), ((16, 8), (0, 1)), ((32, 2), (0, 1)), ((4, 4), (0, 1)), ((24, 5), (0, 1)), ((5, 4, 3), (1, 2)),
         ((40, 50), (0, 1)), ((64, 64), (0, 1)), ((64, 96), (0, 1)), ((128, 128), (0, 1)), ((64, 4), (0, 1)), ((2, 2, 8, 8), (0, 1, 2, 3)), ((2, 2, 2), (0, 1, 2)),
         ((3, 2, 7), (0, 1, 2)), ((1024, 4), (0, 1)), ((2, 2, 8), (0, 1)), ((64, 64, 8), (0, 1)), ((3, 8, 7), (1, 2)), ((2, 2, 7), (0, 1))]

# f16: two reduced axes followed by a kept one: run in lanes in a way not settled
F16_OPEN = [((2, 3, 40), (0, 1)), ((2, 2, 8), (0, 1)), ((64, 64, 8), (0, 1)), ((2, 2, 7), (0, 1)),
            ((100, 70, 3), (0, 1)), ((40, 7, 50), (0, 2)), ((2, 33, 4, 65), (1, 3)), ((8, 4, 4, 12), (0, 1, 2))]


def main(policy):
    import jax
    import jax.numpy as jnp
    rng = np.random.default_rng(2)
    for dtype_name, dtype in DTYPES.items():
        for group, shapes in (('one axis', ONE_AXIS), ('more axes', MORE_AXES), ('lanes', LANES)):
            raw = Tally(f'{policy} reduce {dtype_name} {group}, primitive')
            op = Tally(f'{policy} reduce_sum {dtype_name} {group}, op')
            for shape, axes in shapes:
                for _ in range(4):
                    x = sample(rng, shape, dtype)
                    if dtype_name == 'f16' and (shape, axes) in F16_OPEN:
                        continue
                    raw.add(soft.reduce_sum_raw(x, axes), forward(lambda v: jax.lax.reduce_sum_p.bind(v, axes=axes, out_sharding=None), x), f'{shape} {axes}')
                    op.add(soft.reduce_sum(x, axes), forward(lambda v: jnp.sum(v, axis=axes), x), f'{shape} {axes}')
            raw.done()
            op.done()


run(main)
