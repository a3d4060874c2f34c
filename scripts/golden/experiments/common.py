"""Harness of the experiments: real JAX, op by op, under one numerics policy, compared bit for bit with a numpy emulation.

`run(main)` calls main(policy) once per policy, each in a fresh process (XLA reads its flags once), and exits 1 if any comparison differed.
A policy may be named on the command line: `unary.py ieee`.
"""
import os
import subprocess
import sys

import ml_dtypes
import numpy as np

FLAGS = ['--xla_cpu_experimental_ynn_fusion_type=', '--xla_cpu_enable_platform_dependent_math=false']
POLICIES = {'ieee': ['--xla_disable_hlo_passes=algsimp'] + FLAGS, 'xla_cpu': FLAGS}
DTYPES = {'f32': np.float32, 'bf16': ml_dtypes.bfloat16, 'f16': np.float16}
np.seterr(all='ignore')
differences = []


def run(main):
    if len(sys.argv) > 1 and sys.argv[1] in POLICIES and os.environ.get('EXPERIMENT_CHILD'):
        import soft
        soft.POLICY.reciprocal = sys.argv[1] == 'xla_cpu'
        main(sys.argv[1])
        sys.exit(1 if differences else 0)
    bad = 0
    for policy in sys.argv[1:] or list(POLICIES):
        env = dict(os.environ, EXPERIMENT_CHILD='1', JAX_PLATFORMS='cpu', XLA_FLAGS=' '.join(POLICIES[policy]))
        bad |= subprocess.run([sys.executable, sys.argv[0], policy], env=env).returncode
    sys.exit(1 if bad else 0)


def bits(a):
    a = np.ascontiguousarray(a)
    return a.view({1: np.uint8, 2: np.uint16, 4: np.uint32, 8: np.uint64}[a.dtype.itemsize])


class Tally:
    """Counts equal values over many comparisons; prints one line."""

    def __init__(self, title):
        self.title, self.equal, self.total, self.first = title, 0, 0, ''

    def add(self, got, want, note=''):
        got, want = np.asarray(got), np.asarray(want)
        if got.shape != want.shape or got.dtype != want.dtype:
            self.first = self.first or f'{note}: {got.dtype}{got.shape} instead of {want.dtype}{want.shape}'
            self.total += want.size
            return
        same = (bits(got) == bits(want)).reshape(want.shape)
        if want.dtype.kind != 'i' and want.dtype != bool:
            same = same | (np.isnan(got.astype(np.float64)) & np.isnan(want.astype(np.float64)))
        self.equal += int(same.sum())
        self.total += same.size
        if not same.all() and not self.first:
            i = tuple(np.argwhere(~same)[0])
            self.first = f'{note} at {[int(k) for k in i]}: emulated {got[i]!s}, recorded {want[i]!s}; {int((~same).sum())} of {same.size} differ'

    def done(self):
        ok = self.equal == self.total
        print(f'{self.title}: {self.equal} of {self.total} equal' + ('' if ok else f'   DIFFERENT, first: {self.first}'), flush=True)
        if not ok:
            differences.append(self.title)
        return ok


def vjp(fn, cotangent, *args):
    """Value and gradients of fn at args by real JAX, op by op."""
    import jax
    import jax.numpy as jnp
    with jax.disable_jit():
        y, back = jax.vjp(fn, *map(jnp.asarray, args))
        return (np.asarray(y),) + tuple(np.asarray(g) for g in back(jnp.asarray(cotangent)))


def forward(fn, *args):
    import jax
    import jax.numpy as jnp
    with jax.disable_jit():
        return np.asarray(fn(*map(jnp.asarray, args)))


def edge(dtype):
    """Zeros, subnormals, the ends of the range, infinities, NaN, halves and small integers."""
    info = ml_dtypes.finfo(dtype)
    tiny, big = float(info.tiny), float(info.max)
    v = [0.0, -0.0, tiny, -tiny, tiny * 0.5, -tiny * 0.5, tiny * 1.5, tiny * 3, big, -big, big / 2, np.inf, -np.inf, np.nan, 1, -1, 2, -2, 0.5, -0.5,
         0.25, 3, -3, 10, -10, 20, -20, 88, -88, 89, -89, 100, -100, 1e-3, -1e-3, 1e-10, -1e-10, 0.1, -0.1, 7.99, -7.99, 0.0004, -0.0004, 0.00039]
    with np.errstate(all='ignore'):
        return np.array(v, np.float64).astype(np.float32).astype(dtype)


def sample(rng, shape, dtype, scale=1.0):
    return (rng.standard_normal(shape) * scale).astype(np.float32).astype(dtype)
