"""Values and gradients of the float ops as sequences of soft.py's roundings.

Each function takes the operands and the cotangent and returns the value and, per operand, the LIST of contributions in the order in which the
backward pass adds them to that operand's cotangent (`total` adds them).
"""
import numpy as np

from soft import *


def total(parts):
    s = parts[0]
    for p in parts[1:]:
        s = add(s, p)
    return s


def where(c, a, b):
    return np.where(c, a, b).astype(a.dtype)


def _unary(fn):
    def op(x, g):
        y, parts = fn(x, g)
        return y, total(parts)
    op.parts = fn
    return op


def _zero(x):
    return np.zeros_like(x)


def _neg(x, g):
    return neg(x), [neg(g)]


def _abs(x, g):
    up_ = up(x) >= 0   # false for NaN, true for -0 and negative subnormals of f32, bf16
    zero = _zero(g)
    return absolute(x), [add(neg(where(up_, zero, g)), where(up_, g, zero))]


def _exp_(x, g):
    y = exp(x)
    return y, [mul(g, y)]


def _log_(x, g):
    return log(x), [true_div(g, x)]


def _tanh_(x, g):
    y = tanh(x)
    t = mul(g, sub(const(1, x), y))
    return y, [t, mul(t, y)]


def _logistic(x, g):
    s = logistic(x)
    return s, [mul(g, mul(s, sub(const(1, x), s)))]


def _sqrt(x, g):
    y = sqrt(x)
    return y, [mul(g, true_div(const(0.5, x), y))]


def _rsqrt(x, g):
    y = rsqrt(x)
    return y, [mul(g, mul(const(-0.5, x), true_div(y, x)))]


def _square(x, g):
    return mul(x, x), [mul(g, x), mul(x, g)]


def _relu(x, g):
    return maximum(x, _zero(x)), [where(up(x) > 0, g, _zero(g))]


def _silu(x, g):
    s = logistic(x)
    d = mul(s, sub(const(1, x), s))
    return mul(x, s), [mul(g, s), mul(mul(x, g), d)]


def _gelu(x, g):
    c, k = const(0.044715, x), const(np.sqrt(2 / np.pi).astype(f32), x)
    one, half = const(1, x), const(0.5, x)
    cube, three_sq = mul(mul(x, x), x), mul(const(3, x), mul(x, x))
    T = tanh(mul(k, add(x, mul(c, cube))))
    h = mul(half, add(one, T))
    t = mul(mul(half, mul(x, g)), sub(one, T))
    t = add(t, mul(t, T))
    u = mul(k, t)
    return mul(x, h), [mul(g, h), u, mul(mul(c, u), three_sq)]


def _gelu_exact(x, g):
    r, half = const(np.sqrt(0.5).astype(f32), x), const(0.5, x)
    h, a = mul(half, x), mul(neg(x), r)
    e = erfc(a)
    t = mul(mul(const(-2 / np.sqrt(np.pi), x), mul(h, g)), exp(neg(mul(a, a))))
    return mul(h, e), [neg(mul(t, r)), mul(half, mul(g, e))]


unary = {n: _unary(f) for n, f in {
    'neg': _neg, 'abs': _abs, 'exp': _exp_, 'log': _log_, 'tanh': _tanh_, 'logistic': _logistic, 'sqrt': _sqrt, 'rsqrt': _rsqrt, 'square': _square,
    'relu': _relu, 'silu': _silu, 'gelu': _gelu, 'gelu_exact': _gelu_exact}.items()}


# --- broadcasting ---------------------------------------------------------------------------------------------------------------------------

def unbroadcast(ct, shape, then=lambda s: s):
    """Cotangent of a broadcast operand: ONE sum over all broadcast axes (the primitive: narrow types round every addition), then `then`, then,
    if the operand had fewer axes than the result (and was not a scalar), a second pass over the new size-1 axes (sum_of_one)."""
    if ct.shape == tuple(shape):
        return then(ct)
    if len(shape) == 0:
        return then(reduce_sum_raw(ct, range(ct.ndim)))
    padded = (1,) * (ct.ndim - len(shape)) + tuple(shape)
    axes = [a for a in range(ct.ndim) if padded[a] == 1 and ct.shape[a] != 1]
    s = then(reduce_sum_raw(ct, axes).reshape(padded))
    if len(shape) < ct.ndim:
        s = sum_of_one(s)
    return s.reshape(shape)


def add_(a, b, g):
    return add(a, b), unbroadcast(g, a.shape), unbroadcast(g, b.shape)


def sub_(a, b, g):
    return sub(a, b), unbroadcast(g, a.shape), unbroadcast(neg(g), b.shape)


def mul_(a, b, g):
    return mul(a, b), unbroadcast(mul(g, b), a.shape), unbroadcast(mul(a, g), b.shape)


def div_(a, b, g):
    w = true_div(const(1, b), mul(b, b))
    return div(a, b), unbroadcast(div(g, b), a.shape), unbroadcast(mul(mul(g, w), a), b.shape, neg)


def _pick(fn):
    def op(a, b, g):
        y = fn(a, b)
        at, bt = up(a) == up(y), up(b) == up(y)
        one, zero, two = const(1, y), const(0, y), const(2, y)
        wa = true_div(where(at, one, zero), where(bt, two, one))
        wb = true_div(where(bt, one, zero), where(at, two, one))
        return y, unbroadcast(mul(g, wa), a.shape), unbroadcast(mul(g, wb), b.shape)
    return op


max_, min_ = _pick(maximum), _pick(minimum)
binary = {'add': add_, 'sub': sub_, 'mul': mul_, 'div': div_, 'max': max_, 'min': min_}


# --- reductions -----------------------------------------------------------------------------------------------------------------------------

def over_n(x, n):
    """Division by a compile-time count: narrow types divide in f32 and stay f32 (the caller rounds)."""
    wide = x.astype(f32) if x.dtype in NARROW else x
    n = const(n, wide)
    if POLICY.reciprocal and x.size != 1:
        return mul(wide, true_div(const(1, n), n))
    return true_div(wide, n)


def mean(x, axes, keepdims=True):
    s = reduce_sum_raw(x.astype(f32) if x.dtype in NARROW else x, axes)
    if keepdims:
        s = np.expand_dims(s, tuple(a % x.ndim for a in axes))
    return down(over_n(s, int(np.prod([x.shape[a] for a in axes]))), x.dtype)


def mean_grad(g, n):
    """Per element, before broadcasting."""
    return down(over_n(g, n), g.dtype)


def expand(g, x, axes):
    return np.broadcast_to(np.expand_dims(g, tuple(a % x.ndim for a in axes)) if g.ndim != x.ndim else g, x.shape)


def reduce_sum_(x, g, axes):
    return reduce_sum(x, axes), expand(g, x, axes)


def reduce_mean_(x, g, axes):
    n = int(np.prod([x.shape[a] for a in axes]))
    return mean(x, axes, False), expand(mean_grad(g, n), x, axes)


def row_max(x, axes):
    y = np.full([n for a, n in enumerate(x.shape) if a not in [b % x.ndim for b in axes]], -np.inf, x.dtype)
    moved = np.moveaxis(x, [a % x.ndim for a in axes], range(len(axes))).reshape((-1,) + y.shape)
    for v in moved:
        y = maximum(y, v)
    return y


def reduce_max_(x, g, axes):
    y = row_max(x, axes)
    at = where(up(x) == up(expand(y, x, axes)), const(1, x), const(0, x))
    h = true_div(g, reduce_sum_raw(at, axes))
    return y, mul(expand(h, x, axes), at)


# --- softmax, losses, norms -----------------------------------------------------------------------------------------------------------------

def _exp_shifted(x, axis):
    m = np.expand_dims(row_max(x, [axis]), axis)
    d = sub(x, m)
    e = exp(d)
    return d, e, reduce_sum(e, [axis], True)


def softmax(x, g, axis=-1):
    d, e, S = _exp_shifted(x, axis)
    w = true_div(const(1, S), mul(S, S))
    z = neg(np.expand_dims(reduce_sum_raw(mul(mul(g, w), e), [axis]), axis))
    z = sum_of_one(z)
    return div(e, S), mul(add(div(g, S), np.broadcast_to(z, x.shape)), e)


def log_softmax(x, g, axis=-1):
    d, e, S = _exp_shifted(x, axis)
    z = true_div(np.expand_dims(reduce_sum_raw(neg(g), [axis]), axis), S)
    z = sum_of_one(z)
    return sub(d, log(S)), [g, mul(np.broadcast_to(z, x.shape), e)]


def softmax_cross_entropy(x, labels, g):
    """Rows over all leading axes; x is [..., classes]."""
    onehot = labels[..., None] == np.arange(x.shape[-1])
    l = log_softmax(x, np.zeros_like(x))[0]
    picked = neg(np.take_along_axis(l, labels[..., None], -1))
    loss = mean(picked, range(picked.ndim), False)
    r = neg(mean_grad(g, picked.size))
    return loss, log_softmax(x, where(onehot, np.broadcast_to(r, x.shape), np.zeros_like(x)))[1]


def mse(a, b, g):
    d = sub(a, b)
    loss = mean(mul(d, d), range(a.ndim), False)
    r = np.broadcast_to(mean_grad(g, a.size), a.shape)
    t = add(mul(r, d), mul(d, r))
    return loss, t, neg(t)


def layer_norm(x, scale, bias, g, epsilon=1e-6):
    n, lead = x.shape[-1], range(x.ndim - 1)
    d = sub(x, mean(x, [-1]))
    w = add(mean(mul(d, d), [-1]), const(epsilon, x))
    i = rsqrt(w)
    q = mul(d, i)
    y = add(mul(q, scale), bias)
    dbias, dscale = unbroadcast(g, bias.shape), unbroadcast(mul(q, g), scale.shape)
    b = mul(g, scale)
    e = np.expand_dims(reduce_sum_raw(mul(d, b), [-1]), -1)
    k = mean_grad(mul(e, mul(const(-0.5, x), true_div(i, w))), n)
    k = sum_of_one(k)
    t = add(add(mul(b, i), mul(d, k)), mul(k, d))
    z = mean_grad(np.expand_dims(reduce_sum_raw(neg(t), [-1]), -1), n)
    z = sum_of_one(z)
    return y, [t, np.broadcast_to(z, x.shape)], dscale, dbias


def rms_norm(x, scale, g, epsilon=1e-6):
    n = x.shape[-1]
    w = add(mean(mul(x, x), [-1]), const(epsilon, x))
    i = rsqrt(w)
    q = mul(x, i)
    dscale = unbroadcast(mul(q, g), scale.shape)
    b = mul(g, scale)
    e = np.expand_dims(reduce_sum_raw(mul(x, b), [-1]), -1)
    k = mean_grad(mul(e, mul(const(-0.5, x), true_div(i, w))), n)
    k = sum_of_one(k)
    return mul(q, scale), [mul(b, i), mul(x, k), mul(k, x)], dscale


# --- pools (NHWC), take ---------------------------------------------------------------------------------------------------------------------

def _windows(x, window, strides, pads, fill):
    """[N, OH, OW, C, kh*kw] padded windows, row-major inside, and the indices of the padded image they come from."""
    (kh, kw), (sh, sw), ((t, b), (l, r)) = window, strides, pads
    p = np.pad(x, ((0, 0), (t, b), (l, r), (0, 0)), constant_values=fill)
    oh, ow = (p.shape[1] - kh) // sh + 1, (p.shape[2] - kw) // sw + 1
    taps = [p[:, i:i + sh * (oh - 1) + 1:sh, j:j + sw * (ow - 1) + 1:sw, :] for i in range(kh) for j in range(kw)]
    return np.stack(taps, -1)


def padding(shape, window, strides, mode):
    if mode == 'VALID':
        return ((0, 0), (0, 0))
    out = []
    for n, k, s in zip(shape[1:3], window, strides):
        total_ = max((-(-n // s) - 1) * s + k - n, 0)
        out.append((total_ // 2, total_ - total_ // 2))
    return tuple(out)


def max_pool(x, g, window, strides, pads):
    """Gradient: windows in row-major order of the output, each adds g to the FIRST maximum of its window (a later tap replaces only if the kept one
    is not >= it; a NaN tap replaces a number, and is itself replaced by any later tap).  Padding takes part as -inf: chosen, its g is lost."""
    y = _windows(x, window, strides, pads, -np.inf)
    v = np.full(y.shape[:-1], -np.inf, x.dtype)
    for k in range(y.shape[-1]):
        v = maximum(v, y[..., k])
    (kh, kw), (sh, sw), ((t, _), (l, _)) = window, strides, pads
    dx = np.zeros_like(x)
    n_, h_, w_, c_ = x.shape
    for n in range(n_):
        for i in range(g.shape[1]):
            for j in range(g.shape[2]):
                for c in range(c_):
                    best, kept = None, None
                    for a in range(kh):
                        for b in range(kw):
                            r, q = i * sh + a - t, j * sw + b - l
                            tap = up(x[n, r, q, c]) if 0 <= r < h_ and 0 <= q < w_ else f32(-np.inf)
                            if best is None or not kept >= tap:
                                best, kept = (r, q), tap
                    if 0 <= best[0] < h_ and 0 <= best[1] < w_:
                        dx[n, best[0], best[1], c] = add(dx[n, best[0], best[1], c], g[n, i, j, c])
    return v, dx


def avg_pool(x, g, window, strides, pads):
    """Sum of the window (taps in row-major order, from +0, each addition rounded to the dtype), divided by kh*kw (padding counted) in the dtype."""
    (kh, kw), (sh, sw), ((t, b), (l, r)) = window, strides, pads
    n = const(kh * kw, x)

    def by_n(v):
        if POLICY.reciprocal and v.dtype != bf16 and v.size != 1:
            return mul(v, true_div(const(1, n), n))
        return true_div(v, n)

    def window_sum(taps, padded):
        # f16 with 2, 4 or 8 rows, unpadded: the compiler gives each row its own lane (host-dependent, as in soft._nest)
        rows = kh if not padded and x.dtype == f16 and kh in (2, 4, 8) and kw > 1 and kh * kw < 64 and POLICY.lanes else 1
        lane = [np.zeros(taps.shape[:-1], x.dtype)] * rows
        for k in range(taps.shape[-1]):
            lane[k // kw % rows] = add(lane[k // kw % rows], taps[..., k])
        while len(lane) > 1:
            half = len(lane) // 2
            lane = [add(lane[i], lane[i + half]) for i in range(half)]
        return lane[0]
    y = by_n(window_sum(_windows(x, window, strides, pads, 0), any(map(any, pads))))
    h = by_n(g)
    spread = np.zeros((x.shape[0], (g.shape[1] - 1) * sh + 1, (g.shape[2] - 1) * sw + 1, x.shape[3]), x.dtype)
    spread[:, ::sh, ::sw] = h
    # pad so that the stride-1 windows give back the input's extent
    full = []
    for size, k, got, lo in ((x.shape[1], kh, spread.shape[1], t), (x.shape[2], kw, spread.shape[2], l)):
        before = k - 1 - lo
        full.append((before, size + k - 1 - got - before))
    dx = window_sum(_windows(spread, window, (1, 1), tuple((max(a, 0), max(b_, 0)) for a, b_ in full), 0), False)
    return y, dx


def take(table, ids, g, axis=0):
    """Gradient: from +0, the slices of g added in row-major order of ids, each addition rounded to the dtype."""
    y = np.take(table, ids, axis)
    dt = np.zeros_like(np.moveaxis(table, axis, 0))
    rows = np.moveaxis(g, range(axis, axis + ids.ndim), range(ids.ndim)).reshape((ids.size,) + dt.shape[1:])
    for i, row in zip(ids.reshape(-1), rows):
        dt[i] = add(dt[i], row)
    return y, np.moveaxis(dt, 0, axis)
