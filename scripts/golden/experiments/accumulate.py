"""A value used several times: in which order are the cotangent contributions added?

Answer: last use first, and a composite op's contributions go into the accumulator one by one, in the order ops.py lists them; where both operands of
a binary op are the same value, the second operand's contribution is added first (sub and mse: the first operand's).
"""
import numpy as np

import ops
from soft import add, mul
from common import DTYPES, Tally, run, sample

SCALAR = ('mse(x, x*s)', 'softmax_cross_entropy')


def main(policy):
    import jax
    import jax.numpy as jnp

    def ln(x, s, b):
        d = x - jnp.mean(x, -1, keepdims=True)
        return d * jax.lax.rsqrt(jnp.mean(d * d, -1, keepdims=True) + 1e-6) * s + b

    def rms(x, s):
        return x * jax.lax.rsqrt(jnp.mean(x * x, -1, keepdims=True) + 1e-6) * s

    rng = np.random.default_rng(5)
    shape = (9, 40)
    labels = rng.integers(0, 40, 9).astype(np.int32)
    for dtype_name, dtype in DTYPES.items():
        s, b = sample(rng, shape[-1:], dtype), sample(rng, shape[-1:], dtype)
        binary = {n: (lambda x, g, n=n: ops.binary[n](x, x, g)[1:][::1 if n == 'sub' else -1]) for n in ops.binary}
        cases = {n: ((lambda x, g, n=n: ops.unary[n].parts(x, g)[1]), f) for n, f in {
            'tanh': jnp.tanh, 'square': lambda x: x * x, 'silu': jax.nn.silu, 'gelu': jax.nn.gelu, 'abs': jnp.abs, 'logistic': jax.nn.sigmoid,
            'gelu_exact': lambda x: jax.nn.gelu(x, approximate=False)}.items()}
        cases |= {n + '(x, x)': (binary[n], lambda x, f=f: f(x, x)) for n, f in {
            'add': jnp.add, 'sub': jnp.subtract, 'mul': jnp.multiply, 'div': jnp.divide, 'max': jnp.maximum, 'min': jnp.minimum}.items()}
        cases['softmax'] = (lambda x, g: [ops.softmax(x, g)[1]], jax.nn.softmax)
        cases['log_softmax'] = (lambda x, g: ops.log_softmax(x, g)[1], jax.nn.log_softmax)
        cases['layer_norm'] = (lambda x, g: ops.layer_norm(x, s, b, g)[1], lambda x: ln(x, s, b))
        cases['rms_norm'] = (lambda x, g: ops.rms_norm(x, s, g)[1], lambda x: rms(x, s))
        cases['mse(x, x*s)'] = (lambda x, g: (lambda r: [r[1], mul(r[2], np.broadcast_to(s, x.shape))])(ops.mse(x, mul(x, s), g[0, 0])),
                                lambda x: (lambda d: jnp.mean(d * d))(x - x * s))
        cases['softmax_cross_entropy'] = (lambda x, g: ops.softmax_cross_entropy(x, labels, g[0, 0])[1],
                                          lambda x: jnp.mean(-jnp.take_along_axis(jax.nn.log_softmax(x), labels[..., None], axis=-1)))
        for name, (parts, fn) in cases.items():
            t = Tally(f'{policy} accumulate {name} {dtype_name}')
            for _ in range(3):
                x, g, g1, g2, c1, c2 = (sample(rng, shape, dtype) for _ in range(6))
                with jax.disable_jit():
                    _, back = jax.vjp(lambda v: (v * c1, fn(v), v * c2), jnp.asarray(x))
                    (real,) = back(tuple(map(jnp.asarray, (g1, g[0, 0] if name in SCALAR else g, g2))))
                t.add(ops.total([mul(g2, c2)] + list(parts(x, g)) + [mul(g1, c1)]), np.asarray(real))
            t.done()


run(main)
