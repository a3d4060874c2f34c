"""Float ops in bits, in numpy alone: the executable form of the rules the experiments settle.

Arrays carry their dtype (float32, bfloat16, float16, float64); every function below rounds exactly where the op-by-op program on XLA:CPU
rounds.  f32, bf16 and f64 arithmetic has zeros for subnormal operands and results; f16 is computed in f32 and keeps its
subnormals.  `POLICY.reciprocal` is the one difference between the policies: a division by a compile-time constant or by a broadcast divisor
becomes a product with the reciprocal (f32, f16, f64; never bf16; never where the result has one element).
"""
import ml_dtypes
import numpy as np

np.seterr(all='ignore')
f32, f64, bf16, f16 = np.float32, np.float64, ml_dtypes.bfloat16, np.float16
NARROW = (np.dtype(bf16), np.dtype(f16))


class POLICY:
    reciprocal = False   # True: xla_cpu (its algebraic simplifier)
    lanes = 8            # see reduce_sum; 0: strictly row-major


def flush(x):
    """Subnormals become zeros of their sign (f32, f64)."""
    return np.where(np.abs(x) < np.finfo(x.dtype).tiny, np.copysign(x.dtype.type(0), x), x)


def up(x):
    """Computing form: f32 for the narrow types."""
    x = np.asarray(x)
    return flush(x.astype(f32)) if x.dtype in NARROW else flush(x) if x.dtype in (f32, f64) else x


def down(x, dtype):
    """Result form: one rounding to the dtype."""
    return flush(np.asarray(x)).astype(dtype)


def _lift(fn):
    def op(*args):
        arrays = [np.asarray(a) for a in args]
        dtype = arrays[0].dtype
        for a in arrays:
            assert a.dtype == dtype, [x.dtype for x in arrays]
        with np.errstate(all='ignore'):
            return down(fn(*[up(a) for a in arrays]), dtype)
    return op


add, sub, mul = _lift(lambda a, b: a + b), _lift(lambda a, b: a - b), _lift(lambda a, b: a * b)
true_div = _lift(lambda a, b: a / b)
sqrt = _lift(np.sqrt)
rsqrt = _lift(lambda a: a.dtype.type(1) / flush(np.sqrt(a)))


def const(value, like):
    """A scalar constant in the dtype of an array."""
    return np.asarray(value).astype(like.dtype)


def div(a, b):
    """a / b; under `reciprocal` a divisor broadcast inside the op turns it into a * (1 / b)."""
    a, b = np.asarray(a), np.asarray(b)
    out = np.broadcast_shapes(a.shape, b.shape)
    same = b.ndim > 0 and (1,) * (len(out) - b.ndim) + b.shape == out
    if POLICY.reciprocal and a.dtype != bf16 and not same and int(np.prod(out)) != 1:
        return mul(a, true_div(const(1, b), b))
    return true_div(a, b)


def neg(x):
    return (-x).astype(x.dtype)


def absolute(x):
    return np.abs(x)


def fma(a, b, c):
    """f32 fused multiply-add: exact f64 product, sum rounded to odd in f64, then once to f32."""
    a, b, c = np.broadcast_arrays(flush(np.asarray(a, f32)), flush(np.asarray(b, f32)), flush(np.asarray(c, f32)))
    with np.errstate(all='ignore'):
        p, q = a.astype(f64) * b.astype(f64), c.astype(f64)
        s = p + q
        t = s - p
        err = (p - (s - t)) + (q - t)
        bits = np.asarray(s).view(np.int64)
        fix = np.isfinite(s) & (err != 0) & ((bits & 1) == 0)
        odd = (bits + np.where((err > 0) == (s > 0), 1, -1)).view(f64)
        return flush(np.where(fix, odd, s).astype(f32))


def horner(x, *c):
    y = np.full(np.shape(x), c[0], f32)
    for k in c[1:]:
        y = fma(y, x, f32(k))
    return y


def _exp(x):
    a = np.where(np.isnan(x), f32(0), np.minimum(np.maximum(x, f32(-89)), f32(89)))   # beyond: 0 and inf
    n = np.minimum(np.floor(fma(a, f32(1.44269504088896341), f32(0.5))), f32(127))
    r = fma(-n, f32(0.693359375), a)
    r = fma(-n, f32(-2.12194440e-4), r)
    y = horner(r, 1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1)
    y = fma(y, r * r, r) + f32(1)
    return np.where(np.isnan(x), x, np.ldexp(y, n.astype(np.int32))).astype(f32)


def _log(x):
    b = x.view(np.int32)
    e = ((b >> 23) - 126).astype(f32)
    m = ((b & 0x007FFFFF) | 0x3F000000).view(f32)
    low = m < np.int32(0x3F3504F3).view(f32)
    z = np.where(low, (m - f32(1)) + m, m - f32(1))
    e = np.where(low, e - f32(1), e)
    z2 = z * z
    z3 = z2 * z
    a = horner(z, 7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1)
    b2 = horner(z, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1)
    c = horner(z, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1)
    v = fma(fma(a, z3, b2), z3, c)
    y = fma(v, z3, f32(-2.12194440e-4) * e)
    r = fma(f32(0.693359375), e, (z - f32(0.5) * z2) + y)
    r = np.where(x == np.inf, x, r)
    return np.where((x < 0) | np.isnan(x), f32(np.nan), np.where(x == 0, f32(-np.inf), r)).astype(f32)


def _tanh(x):
    c = np.minimum(np.maximum(x, f32(-7.99881172180175781)), f32(7.99881172180175781))
    c = np.where(np.isnan(x), x, c)
    s = c * c
    n = c * horner(s, -2.76076847742355e-16, 2.00018790482477e-13, -8.60467152213735e-11, 5.12229709037114e-8, 1.48572235717979e-5,
                   6.37261928875436e-4, 4.89352455891786e-3)
    d = horner(s, 1.19825839466702e-6, 1.18534705686654e-4, 2.26843463243900e-3, 4.89352518554385e-3)
    return np.where(np.abs(x) >= 20, np.copysign(f32(1), x), n / d)


exp, log = _lift(_exp), _lift(_log)


def tanh(x):
    return np.where(np.abs(x.astype(f32)) < f32(0.0004), x, _lift(_tanh)(x)).astype(x.dtype)   # tiny arguments keep their bits, subnormals too


def logistic(x):
    one = const(1, x)
    return true_div(one, add(one, exp(neg(x))))



def _maximum(a, b):
    """NaN wins, +0 is above -0."""
    zeros = (a == 0) & (b == 0)
    m = np.where(zeros, np.where(np.signbit(a) & np.signbit(b), a, np.abs(a)), np.where(a > b, a, b))
    return np.where(np.isnan(a) | np.isnan(b), a.dtype.type(np.nan), m)


maximum = _lift(_maximum)
minimum = _lift(lambda a, b: -_maximum(-a, -b))


def _erfc(x):
    a, s = np.abs(x), flush(x * x)
    small = fma(-x, horner(s, 7.853861353153693e-5, -8.010193625184903e-4, 5.188327685732524e-3, -2.685381193529856e-2, 1.128358514861418e-1,
                           -3.761262582423300e-1, 1.128379165726710), f32(1))
    y = f32(1) / s
    p = np.where(a < 2, horner(y, 2.326819970068386e-2, -1.387039388740657e-1, 3.687424674597105e-1, -5.824733027278666e-1, 6.210004621745983e-1,
                               -4.944515323274145e-1, 3.404879937665872e-1, -2.741127028184656e-1, 5.638259427386472e-1),
                 horner(y, -1.047766399936249e+1, 1.297719955372516e+1, -7.495518717768503, 2.921019019210786, -1.015265279202700,
                        4.218463358204948e-1, -2.820767439740514e-1, 5.641895067754075e-1)).astype(f32)
    v = (flush(_exp(-s)) * (f32(1) / a)) * p
    v = np.where(-s < f32(-88.72283905206835), f32(0), v)
    return np.where(a < 1, small, np.where(x < 0, f32(2) - v, v)).astype(f32)


erfc = _lift(_erfc)


def _nest(x, axes, lanes):
    """One loop nest over `axes` (ascending), from +0.  Row-major, except that XLA's compiler runs some nests of two or more axes in lanes."""
    keep = [a for a in range(x.ndim) if a not in axes]
    kept = [x.shape[a] for a in keep]
    real = [a for a in axes if x.shape[a] > 1]
    t = np.transpose(x, list(axes) + keep).reshape([x.shape[a] for a in real] + kept)
    zero = np.zeros(kept, x.dtype)
    if len(real) >= 2 and lanes and POLICY.lanes and x.dtype != bf16:
        p, b = x.shape[real[-2]], x.shape[real[-1]]
        inner = int(np.prod([x.shape[a] for a in keep if a > real[-2]]))
        if inner == 1:
            laned = 2 <= b <= 8 and (p in (2, 4) or p % 8 == 0)
        else:
            laned = b == 2 and p in (2, 4, 8) and inner & (inner - 1) == 0
        if laned:
            width = min(p, 4 if b > 6 else 8)
            if x.dtype == f16:   # known for inner == 1 only
                width = p if p <= 16 else 16 if p % 16 == 0 and b <= 6 else 8
            t = t.reshape([-1, p, b] + kept)
            acc = zero
            for block in t:
                lane = [acc] + [zero] * (width - 1)
                for row in range(p):
                    for value in block[row]:
                        lane[row % width] = add(lane[row % width], value)
                while len(lane) > 1:
                    half = len(lane) // 2
                    lane = [add(lane[i], lane[i + half]) for i in range(half)]
                acc = lane[0]
            return acc
    acc = zero
    for value in t.reshape([-1] + kept):
        acc = add(acc, value)
    return acc


def sum_of_one(x):
    """A sum over axes of extent 1: 0 + x (-0 and subnormals become +0); the simplifier removes it."""
    return x if POLICY.reciprocal else add(np.zeros_like(x), x)


def reduce_sum_raw(x, axes):
    """The reduction primitive: in the dtype itself, EVERY addition rounded (bf16 and f16 too)."""
    axes = sorted(a % x.ndim for a in axes)
    if not axes:
        return x
    if all(x.shape[a] == 1 for a in axes):
        return sum_of_one(x).reshape([n for a, n in enumerate(x.shape) if a not in axes])
    if all(x.shape[a] <= 32 for a in axes):
        return _nest(x, axes, True)
    pads, split, inner = [(0, 0)] * x.ndim, [], []
    for a, n in enumerate(x.shape):
        if a in axes:
            w = min(n, 32)
            count = -(-n // w)
            pad = count * w - n
            pads[a] = (pad // 2, pad - pad // 2)
            split += [count, w]
            inner.append(len(split) - 1)
        else:
            split.append(n)
    windows = np.pad(x, pads).reshape(split)
    return reduce_sum_raw(_nest(windows, inner, not any(map(any, pads))), axes)


def reduce_sum(x, axes, keepdims=False):
    """The op: narrow types summed in f32, rounded once."""
    y = reduce_sum_raw(x.astype(f32) if x.dtype in NARROW else x, axes)
    if keepdims:
        y = np.expand_dims(y, tuple(a % x.ndim for a in axes))
    return y.astype(x.dtype)
