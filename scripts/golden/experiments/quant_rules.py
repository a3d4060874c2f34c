"""Do the rules of a quantized dot_general (types, scales, zero points, tiles, residuals, gradients, masks) as modelled in
contraction_reference.py give the bits of Qwix, and where does a division become a product with a reciprocal?

Random configurations through qwix dot_general_qt and its gradient; refusals must agree as well. Then quotients, constants, means and the
running average of statistics under both policies. CASES=100 in the environment runs more configurations.
"""
import os
import random

import numpy as np

import contraction_reference as ref
from common import Tally, forward, run, sample
from contraction_reference import DTYPES, f32

METHODS = ['absmax', 'absmax', 'absmax', 'absmax,0.8', 'absmax,1.5', 'minmax', 'minmax,0.7', 'rms,3', 'rms,1.2', 'fixed,2', 'fixed,-1,2']
TYPES = ['s8', 's8', 's8', 's4', 'u8', 'u4', 'int2', 'int3', 'int5', 'int6', 'int7', 'f8e4m3fn', 'f8e5m2', 'nf4', None]


def qwix_type(name):
    import jax.numpy as jnp
    return {'s8': jnp.int8, 'u8': jnp.uint8, 's4': jnp.int4, 'u4': jnp.uint4, 'f8e4m3fn': jnp.float8_e4m3fn, 'f8e5m2': jnp.float8_e5m2}.get(name, name)


def configuration(pick):
    bwd = pick([None, None, 's8', 's8', 's4', 'u8', 'f8e4m3fn', 'f8e5m2', 'int6'])
    c = dict(lhs_qtype=pick(TYPES), rhs_qtype=pick(TYPES), tile_size=pick([None, None, None, 4, 0.5, 1.0, 128, 1]), lhs_calibration_method=pick(METHODS),
             rhs_calibration_method=pick(METHODS[:5] + METHODS), dlhs_grad_qtype=bwd, drhs_grad_qtype=bwd, use_original_residuals=bwd is None)
    if pick([0, 0, 1]):
        c.update(drhs_tile_size=pick([None, 1, 2, 0.5]), dlhs_tile_size=pick([None, None, 0.5]))
    if pick([0, 0, 0, 1]):
        c.update(dlhs_grad_calibration_method=pick(METHODS), drhs_grad_calibration_method=pick(METHODS))
    if pick([0, 0, 0, 1]):
        c.update(use_original_residuals=pick([True, False]), dlhs_residual_qtype=pick([None, 's8', 's4']), drhs_residual_qtype=pick([None, 's8', 'f8e4m3fn']))
    if pick([0] * 6 + [1]):
        c.update({k + '_disable_channelwise_axes': True for k in ('lhs', 'rhs', 'dlhs_grad', 'drhs_grad')})
    if pick([0] * 8 + [1]):
        c['disable_gradient_clipping'] = True
    return c


def operands(pick):
    """Shapes and dimension numbers; K <= 320 and no axis of size one, where contractions.py says the order is known."""
    batch, rest = [pick([2, 3]) for _ in range(pick([0, 0, 0, 1]))], [[pick([2, 3, 5, 9])], [pick([2, 4, 7])]]
    contract = [pick([4, 8, 16, 32]) for _ in range(pick([1, 1, 2]))]
    if pick([0, 0, 0, 1]):
        contract = [pick([128, 256])]
    while np.prod(contract) > 320:
        contract[0] //= 2
    sides = []
    for r in rest:
        axes = [('b', i) for i in range(len(batch))] + [('c', i) for i in range(len(contract))] + [('r', 0)]
        random.shuffle(axes)
        sides.append(([{'b': batch, 'c': contract, 'r': r}[k][i] for k, i in axes], tuple(axes.index(('c', i)) for i in range(len(contract))),
                      tuple(axes.index(('b', i)) for i in range(len(batch)))))
    (ls, lc, lb), (rs, rc, rb) = sides
    return ls, rs, ((lc, rc), (lb, rb))


def dots(policy, rng, count):
    import jax
    import jax.numpy as jnp
    from qwix._src.core import dot_general_qt
    pol, pick = ref.Policy(policy), random.choice
    out, grads, refusals = Tally('quantized dot_general, result'), Tally('quantized dot_general, gradients'), Tally('refusals')
    for _ in range(count):
        ls, rs, dims = operands(pick)
        c = configuration(pick)
        dt = pick(list(DTYPES))
        lhs, rhs = sample(rng, ls, DTYPES[dt]), sample(rng, rs, DTYPES[pick([dt, dt, dt, 'f32', 'bf16', 'f16'])])
        g = None
        try:
            config = dot_general_qt.DotGeneralQtConfig(**{k: qwix_type(v) if k.endswith('qtype') else v for k, v in c.items()})
            with jax.disable_jit():
                y, back = jax.vjp(lambda a, b: dot_general_qt.dot_general_qt(a, b, dims, config), jnp.asarray(lhs), jnp.asarray(rhs))
                g = sample(rng, y.shape, np.asarray(y).dtype)
                real = (np.asarray(y),) + tuple(map(np.asarray, back(jnp.asarray(g))))
        except Exception as e:  # whatever Qwix or JAX refuse
            if 'sub-byte' in str(e):
                continue
            real = None
        try:
            with np.errstate(all='ignore'):
                model = ref.dot_general_qt(lhs, rhs, dims, c, g if g is not None else sample(rng, (1,), f32), pol)
        except Exception:
            model = None
        note = f'{lhs.dtype} {rhs.dtype} {ls} {rs} {dims} { {k: v for k, v in c.items() if v} }'
        refusals.add(np.array([model is None]), np.array([real is None]), note)
        if real is not None and model is not None:
            out.add(model[0], real[0], note)
            grads.add(model[1], real[1], 'dlhs ' + note)
            grads.add(model[2], real[2], 'drhs ' + note)
    for t in (out, grads, refusals):
        t.done()


def divisions(policy, rng):
    import jax.numpy as jnp
    from qwix._src import averaging
    from qwix._src.core import qarray
    pol = ref.Policy(policy)
    quotient, constant, mean = Tally('x / scale'), Tally('x / constant'), Tally('mean over an axis')
    for dt in DTYPES.values():
        for xs, ss in [((64, 32), (1, 1)), ((64, 32), (64, 1)), ((64, 32), (64, 32)), ((64, 32), (64, 4)), ((64, 32), (8, 4)), ((1, 1), (1, 1)), ((64, 1), (64, 1)), ((64, 1), (1, 1)), ((64,), (1,))]:
            x, s = sample(rng, xs, dt), np.abs(sample(rng, ss, dt)) + np.array(0.25, dt)
            quotient.add(pol.quotient(x, s), forward(lambda a, b: qarray.call_with_generic_broadcast(jnp.divide, a, b), x, s), f'{xs} {ss}')
        for c in (127.5, 7.5, 255.5, 255., 448., 57344., 6.):
            for xs in ((64, 1), (64, 32), (2, 1), (1, 1), (1,)):
                x = np.abs(sample(rng, xs, dt))
                constant.add(pol.div_const(x, c), forward(lambda a: a / c, x), f'{c} {xs}')
        for xs in ((3, 64), (5, 64), (7, 1), (10, 2)):
            x = np.abs(sample(rng, xs, dt))
            mean.add(pol.mean(x, (0,)), forward(lambda a: jnp.mean(a, axis=(0,), keepdims=True), x), f'{xs}')
    average = Tally('sum / count of statistics')
    for xs in ((64, 1), (2, 1), (4, 8, 1), (1, 1)):
        for count in (3, 5, 7, 10):
            s = np.abs(sample(rng, xs, f32)) * count
            want = forward(lambda v, n: averaging.SimpleMovingAverage().get_calibration({'count': n, 'sum_of_absmax': v})['absmax'], s, np.int32(count))
            average.add(pol.div_const(s, count), want, f'{xs} {count}')
    for t in (quotient, constant, mean, average):
        t.done()


def main(policy):
    rng = np.random.default_rng(2)
    random.seed(2)
    divisions(policy, rng)
    dots(policy, rng, int(os.environ.get('CASES', '25')))


if __name__ == '__main__':
    run(main)
