"""In which order does XLA:CPU add the products of a float contraction, for which shapes, layouts and types?

Matrix products, the two vector products, batches, several contracting axes, mixed element types, convolutions (plain, transposed, degenerate) and
ragged_dot against the numpy models beside (float_contractions.py, contraction_reference.py). What the model does not know is left out: K > 320 without a block length, f64,
M = N = 1 with several contracting axes under ieee, and K of 2 or 3 with M >= 16 and 3 <= N <= 8.
"""
import random

import numpy as np

import contraction_reference as ref
import float_contractions as floats
from common import Tally, forward, run
from contraction_reference import STORED, DTYPES, f32


def dims_of(equation):
    inputs, out = equation.split('->')
    l, r = inputs.split(',')
    batch = [c for c in out if c in l and c in r]
    contract = [c for c in l if c in r and c not in out]
    at = lambda s, cs: tuple(s.index(c) for c in cs)
    return l, r, ((at(l, contract), at(r, contract)), (at(l, batch), at(r, batch)))


def array(rng, shape, kind):
    x = rng.standard_normal(shape).astype(f32)
    if kind in DTYPES:
        return x.astype(DTYPES[kind])
    if floats.is_int(STORED[kind]):
        lo, hi = ref.INT_RANGE[kind]
        x = np.clip(np.rint(x * hi / 3), lo, hi)
    return x.astype(STORED[kind])


def dots(tally, rng, equations, sizes, count, kinds=('f32', 'f32'), result=None):
    import jax
    for _ in range(count):
        equation = random.choice(equations)
        l, r, dims = dims_of(equation)
        size = {c: random.choice(sizes[c]) for c in set(l + r)}
        a, b = array(rng, [size[c] for c in l], kinds[0]), array(rng, [size[c] for c in r], kinds[1])
        lp, rp, lra, rra, la, ra = floats.canonical(dims, a.ndim, b.ndim)
        m, n = int(np.prod([a.shape[i] for i in lra])), int(np.prod([b.shape[i] for i in rra]))
        k = int(np.prod([a.shape[i] for i in dims[0][0]]))
        if (m == n == 1 and not (len(l) == len(r) == 2)) or (k in (2, 3) and m >= 16 and 3 <= n <= 8):
            continue
        want = forward(lambda x, y: jax.lax.dot_general(x, y, dims, preferred_element_type=result), a, b)
        tally.add(floats.lax_dot(a, b, dims, result), want, f'{equation} {size}')
    tally.done()


def convolutions(rng):
    import jax
    names = ('NHWC', 'HWIO', 'NHWC')
    plain, transposed, thin = Tally('convolution, one product over all taps'), Tally('convolution, transposed'), Tally('convolution, one pixel or feature')
    one = (1, 1)
    for tally, x, k, strides, padding, ld, rd in [
            (plain, (2, 8, 8, 3), (3, 3, 3, 5), one, ((1, 1), (1, 1)), one, one), (plain, (2, 9, 8, 3), (3, 3, 3, 5), (2, 2), ((1, 1), (0, 1)), one, one),
            (plain, (2, 8, 8, 3), (3, 3, 3, 5), one, ((2, 2), (2, 2)), one, (2, 2)), (plain, (2, 6, 6, 3), (3, 3, 3, 5), one, ((1, -1), (0, 1)), one, one),
            (plain, (2, 8, 8, 4), (1, 1, 4, 5), one, ((0, 0), (0, 0)), one, one), (plain, (1, 12, 12, 2), (9, 9, 2, 4), one, ((1, 1), (1, 1)), one, one),
            (plain, (2, 6, 6, 8), (5, 5, 8, 5), (2, 2), ((1, 2), (0, 1)), (3, 2), one), (plain, (2, 6, 6, 8), (3, 3, 8, 5), one, ((1, 2), (0, 1)), (2, 2), (2, 2)),
            (transposed, (2, 5, 5, 3), (3, 3, 3, 5), one, ((1, 1), (1, 1)), (2, 2), one), (transposed, (2, 6, 6, 3), (3, 3, 3, 5), one, ((1, -1), (0, 1)), (2, 1), one),
            (transposed, (2, 6, 6, 8), (5, 5, 8, 5), one, ((1, 2), (0, 1)), (3, 2), one), (transposed, (2, 6, 6, 8), (3, 3, 8, 1), one, ((2, 2), (2, 2)), (2, 2), one),
            (transposed, (1, 1, 1, 4), (3, 3, 4, 3), one, ((2, 2), (2, 2)), (2, 2), one),
            (thin, (1, 3, 3, 2), (3, 3, 2, 4), one, ((0, 0), (0, 0)), one, one), (thin, (1, 3, 3, 32), (3, 3, 32, 9), one, ((0, 0), (0, 0)), one, one),
            (thin, (1, 1, 1, 127), (1, 1, 127, 9), one, ((0, 0), (0, 0)), one, one), (thin, (2, 5, 5, 4), (5, 5, 4, 1), one, ((0, 0), (0, 0)), one, one),
            ] + [(thin, (1, 7, 9, c), (1, 1, c, 1), one, ((0, 0), (0, 0)), one, one) for c in (2, 3, 5, 7, 8, 15, 16, 24, 31, 47, 72)]:
        a, b = array(rng, x, 'f32'), array(rng, k, 'f32')
        want = forward(lambda p, q: jax.lax.conv_general_dilated(p, q, strides, padding, lhs_dilation=ld, rhs_dilation=rd, dimension_numbers=names), a, b)
        tally.add(floats.float_conv(a, b, strides, padding, ld, rd), want, f'{x} {k} {strides} {padding} {ld} {rd}')
    for tally in (plain, transposed, thin):
        tally.done()


def ragged(rng):
    import jax
    tally = Tally('ragged_dot as a masked dense product, forward and gradients')
    dims = jax.lax.RaggedDotDimensionNumbers((((0,), (0,)), ((), ())), [0], [])
    for m, k, n, sizes in [(8, 16, 6, [3, 0, 5]), (10, 12, 5, [4, 1, 0, 3]), (6, 9, 3, [0, 6])]:
        a, b, g = array(rng, (m, k), 'f32'), array(rng, (len(sizes), k, n), 'f32'), array(rng, (m, n), 'f32')
        end = np.cumsum(sizes)
        rows = np.arange(m)
        inside = (rows >= (end - sizes)[:, None]) & (rows < end[:, None])
        spread = lambda x: np.where(inside[:, :, None], x[None], f32(0))
        gs = np.array(sizes, np.int32)
        tally.add(floats.lax_dot(spread(a), b, (((2, 0), (1, 0)), ((), ()))), forward(jax.lax.ragged_dot, a, b, gs), 'forward')
        tally.add(floats.lax_dot(spread(a), spread(g), (((1,), (1,)), ((0,), (0,)))), forward(lambda x, y, s: jax.lax.ragged_dot_general(x, y, s, dims), a, g, gs), 'weights')
    tally.done()


def main(policy):
    ref.Policy(policy)
    rng = np.random.default_rng(1)
    random.seed(1)
    two = ['mk,kn->mn', 'mk,nk->mn', 'km,kn->mn', 'km,nk->mn']
    many = ['bmk,bkn->bmn', 'bmk,bnk->bmn', 'bkm,bkn->bmn', 'mbk,nbk->bmn', 'bmk,kbn->bmn', 'mxk,kn->mxn', 'mxk,nk->mxn', 'mk,xnk->mxn', 'mkj,kjn->mn', 'kmj,nkj->mn', 'btmk,bsmk->bmts']
    small = dict(b=[2, 3], x=[1, 2], j=[2, 3], t=[1, 3], s=[2, 9])
    dots(Tally('matrices'), rng, two, dict(m=[2, 3, 8, 17, 40], n=[2, 5, 16, 33], k=[1, 2, 4, 7, 31, 100, 320]), 40)
    dots(Tally('row vector'), rng, two, dict(m=[1], n=[1, 2, 3, 8, 9, 13, 33], k=[1, 2, 3, 7, 8, 9, 17, 64, 400]), 60)
    dots(Tally('column vector'), rng, two, dict(n=[1], m=[1, 2, 3, 8, 9, 13, 33], k=[1, 2, 3, 7, 8, 9, 17, 64, 400]), 60)
    dots(Tally('batches and several axes'), rng, many, dict(small, m=[1, 1, 3, 9], n=[1, 2, 9, 13], k=[4, 8, 9, 17]), 60)
    for lhs, rhs, result in [('bf16', 'bf16', None), ('f16', 'f16', None), ('f32', 'bf16', None), ('f16', 'bf16', None), ('f32', 's8', None), ('bf16', 's8', None), ('f16', 'f8e4m3fn', None),
                             ('f8e5m2', 'f8e4m3fn', f32), ('s8', 'f8e4m3fn', f32), ('s8', 'f8e4m3fn', floats.BF16), ('s4', 'f8e4m3fn', f32), ('bf16', 'f16', f32)]:
        dots(Tally(f'{lhs} x {rhs}' + (f' to {np.dtype(result).name}' if result else '')), rng, two + many[:2], dict(small, m=[1, 3, 9], n=[1, 2, 13], k=[5, 8, 17, 40]), 10, (lhs, rhs), result)
    convolutions(rng)
    ragged(rng)


if __name__ == '__main__':
    run(main)
