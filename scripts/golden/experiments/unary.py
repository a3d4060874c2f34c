"""Which f32 steps, and which roundings to bf16 and f16, make up each elementwise function and its gradient?

Answer: soft.py's functions; narrow types compute each primitive in f32 and round once per primitive.
"""
import numpy as np

import ops
from common import DTYPES, Tally, edge, run, sample, vjp


def main(policy):
    import jax
    import jax.numpy as jnp
    functions = {
        'neg': jnp.negative, 'abs': jnp.abs, 'exp': jnp.exp, 'log': jnp.log, 'tanh': jnp.tanh, 'logistic': jax.nn.sigmoid, 'sqrt': jnp.sqrt,
        'rsqrt': jax.lax.rsqrt, 'square': lambda x: x * x, 'relu': jax.nn.relu, 'silu': jax.nn.silu,
        'gelu': lambda x: jax.nn.gelu(x, approximate=True), 'gelu_exact': lambda x: jax.nn.gelu(x, approximate=False),
    }
    rng = np.random.default_rng(1)
    for name, fn in functions.items():
        for dtype_name, dtype in DTYPES.items():
            tallies = [Tally(f'{policy} {name} {dtype_name} {part}') for part in ('value', 'gradient')]
            cases = [edge(dtype), np.array(1.25, dtype)]
            cases += [sample(rng, (n,), dtype, s) for n, s in ((7, 1), (1000, 1), (20000, 3), (20000, 0.1), (2000, 30), (2000, 1e-3))]
            if dtype_name != 'f32':   # every bit pattern
                cases.append(np.arange(65536, dtype=np.uint16).view(dtype))
            for x in cases:
                for g in (np.ones_like(x), sample(rng, x.shape, dtype)):
                    y, dx = vjp(fn, g, x)
                    my_y, my_dx = ops.unary[name](x, g)
                    tallies[0].add(my_y, y, str(x.shape))
                    tallies[1].add(my_dx, dx, str(x.shape))
            for t in tallies:
                t.done()


run(main)
