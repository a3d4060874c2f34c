"""numpy model of quantized contractions (no JAX, no Qwix): what the experiments next to it compare with the real thing, bit for bit.

Float arithmetic is f32 with exact fused multiply-adds; bf16, f16 and fp8 come from ml_dtypes. Subnormal flushing is not modelled.
"""
import numpy as np
import ml_dtypes

f32, f64, i32 = np.float32, np.float64, np.int32
BF16, F16 = ml_dtypes.bfloat16, np.float16
DTYPES = {'f32': f32, 'bf16': BF16, 'f16': F16}
STORED = {'s8': np.int8, 'u8': np.uint8, 's4': ml_dtypes.int4, 'u4': ml_dtypes.uint4, 'f8e4m3fn': ml_dtypes.float8_e4m3fn,
          'f8e5m2': ml_dtypes.float8_e5m2, 'int2': ml_dtypes.int4, 'int3': ml_dtypes.int4, 'int5': np.int8, 'int6': np.int8,
          'int7': np.int8, 'nf4': ml_dtypes.uint4, 'mxfp8': ml_dtypes.float8_e4m3fn, 'mxfp4': ml_dtypes.float4_e2m1fn,
          'nvfp4': ml_dtypes.float4_e2m1fn}
BOUND = {'s8': 127.5, 's4': 7.5, 'u8': 255.5, 'u4': 15.5, 'int2': 1.5, 'int3': 3.5, 'int5': 15.5, 'int6': 31.5, 'int7': 63.5,
         'f8e4m3fn': 448., 'f8e5m2': 57344., 'nf4': 1., 'mxfp8': 448., 'mxfp4': 6., 'nvfp4': 6.}
INT_RANGE = {'s8': (-128, 127), 'u8': (0, 255), 's4': (-8, 7), 'u4': (0, 15), 'int2': (-2, 1), 'int3': (-4, 3), 'int5': (-16, 15),
             'int6': (-32, 31), 'int7': (-64, 63)}
NF4 = np.array([-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
                -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
                0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0], f32)
QABLE = (np.dtype(f32), np.dtype(BF16), np.dtype(F16), np.dtype(f64))


# ---- f32 contractions ---------------------------------------------------------------------------------------------------------

def fma(a, b, c):
    """Correctly rounded f32 a*b + c (the product is exact in f64, the sum is rounded to odd there)."""
    a, b, c = np.broadcast_arrays(np.asarray(a, f32), np.asarray(b, f32), np.asarray(c, f32))
    p, c = a.astype(f64) * b.astype(f64), c.astype(f64)
    with np.errstate(invalid='ignore', over='ignore'):
        s = p + c
        t = s - p
        e = (p - (s - t)) + (c - t)
        u = np.ascontiguousarray(s).view(np.int64)
        fix = (e != 0) & ((u & 1) == 0) & np.isfinite(s) & np.isfinite(e)
        u = np.where(fix, u + np.where((e > 0) == (s > 0), 1, -1), u)
        return u.view(f64).astype(f32)


def ascending(a, b, block=None):
    """Sum over the last axis: each block from +0 by fma, block sums added in order."""
    shape = np.broadcast_shapes(a.shape[:-1], b.shape[:-1])
    k, total = a.shape[-1], None
    block = block or max(k, 1)
    for lo in range(0, max(k, 1), block):
        acc = np.zeros(shape, f32)
        for i in range(lo, min(k, lo + block)):
            acc = fma(a[..., i], b[..., i], acc)
        total = acc if total is None else total + acc
    return total


def gemv_row(m, v):
    """m [R,K] stored with K minor: eight lanes, a horizontal sum, a scalar tail."""
    rows, k = m.shape
    k8, full = k - k % 8, rows - rows % 8
    acc, tail = np.zeros((rows, 8), f32), np.zeros(rows, f32)
    for i in range(0, k8, 8):
        acc = fma(m[:, i:i + 8], v[None, i:i + 8], acc)
    for i in range(k8, k):
        tail = fma(m[:, i], v[i], tail)
    h = np.empty(rows, f32)
    a = acc[:full]
    h[:full] = ((a[:, 0] + a[:, 1]) + (a[:, 2] + a[:, 3])) + ((a[:, 4] + a[:, 5]) + (a[:, 6] + a[:, 7]))
    a = acc[full:]
    a = a[:, :4] + a[:, 4:]
    a = a[:, :2] + a[:, 2:]
    h[full:] = a[:, 0] + a[:, 1]
    return h + tail


def gemv_col(m, v):
    """m [R,K] logical, stored with K major: ascending, rows beyond the last full eight slightly differently."""
    rows, k = m.shape
    full = rows - rows % 8
    out = np.empty(rows, f32)
    out[:full] = ascending(m[:full], v[None])
    for r in range(full, rows):
        special = rows % 8 == 1 or (rows == 2 and r == 0)
        unfused = (8 if k >= 8 else k if k >= 3 else 0) if special else 0
        acc = f32(m[r, 0] * v[0]) if k else f32(0)
        for i in range(1, k):
            acc = f32(acc + f32(m[r, i] * v[i])) if i < unfused else fma(m[r, i:i + 1], v[i:i + 1], acc)[0]
        out[r] = acc
    return out


def gemv_split(m, v):
    """m [R,K] x v: what a convolution with one output feature uses. Eight fused lanes over multiples of 16, then the bits of K."""
    k = m.shape[1]
    p = lambda i: m[:, i] * v[i]
    tree = lambda a: ((a[:, 0] + a[:, 1]) + (a[:, 4] + a[:, 5])) + ((a[:, 2] + a[:, 3]) + (a[:, 6] + a[:, 7]))
    if k == 2:
        return fma(m[:, 1], v[1], p(0))
    i, parts = k - k % 16, []
    if i:
        acc = m[:, :8] * v[:8]
        for t in range(8, i, 8):
            acc = fma(m[:, t:t + 8], v[None, t:t + 8], acc)
        parts.append(tree(acc))
    if k & 8:
        parts.append(tree(m[:, i:i + 8] * v[i:i + 8]))
        i += 8
    if k & 4:
        parts.append((p(i) + p(i + 1)) + (p(i + 2) + p(i + 3)))
        i += 4
    if k & 2:
        parts.append(p(i) + p(i + 1))
        i += 2
    if k & 1:
        parts.append(p(i))
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


def unfused(a, b, block=None):
    """[M,K] x [K,N], products rounded before they are added; each block from +0, block sums added in order."""
    k = a.shape[1]
    block, total = block or k, np.zeros((a.shape[0], b.shape[1]), f32)
    for lo in range(0, k, block):
        acc = np.zeros_like(total)
        for i in range(lo, min(k, lo + block)):
            acc = acc + a[:, i, None] * b[i]
        total = total + acc
    return total


def conv_matmul(a, b, block=None):
    """The product inside a float convolution: [pixels, taps*features] x [.., output features]."""
    (m, k), n = a.shape, b.shape[1]
    if m < 4 and n < 4:
        return ascending(a[:, None], b.T[None])
    if m == 1:
        return unfused(a, b, 16 if k >= 128 else None)
    if n == 1:
        return gemv_split(a, b[:, 0])[:, None]
    return ascending(a[:, None], b.T[None], block)


def patches(x, kernel, strides, padding, lhs_dilation, rhs_dilation):
    """NHWC -> [N, OH, OW, KH, KW, C]; missing taps are zeros."""
    n, h, w, c = x.shape
    size = lambda s, d: s + (s - 1) * (d - 1)
    y = np.zeros((n, size(h, lhs_dilation[0]), size(w, lhs_dilation[1]), c), x.dtype)
    y[:, ::lhs_dilation[0], ::lhs_dilation[1]] = x
    y = np.pad(y, [(0, 0)] + [(max(lo, 0), max(hi, 0)) for lo, hi in padding] + [(0, 0)])
    (t, b), (l, r) = [(max(-lo, 0), max(-hi, 0)) for lo, hi in padding]
    y = y[:, t:y.shape[1] - b, l:y.shape[2] - r]
    (kh, kw), (sh, sw), (dh, dw) = kernel, strides, rhs_dilation
    oh, ow = (y.shape[1] - size(kh, dh)) // sh + 1, (y.shape[2] - size(kw, dw)) // sw + 1
    out = np.zeros((n, oh, ow, kh, kw, c), x.dtype)
    for i in range(kh):
        for j in range(kw):
            out[:, :, :, i, j] = y[:, i * dh:i * dh + (oh - 1) * sh + 1:sh, j * dw:j * dw + (ow - 1) * sw + 1:sw]
    return out


def float_conv(x, k, strides, padding, lhs_dilation=(1, 1), rhs_dilation=(1, 1), block=None):
    """f32 NHWC x HWIO -> NHWC, one feature group."""
    if SIMPLIFIED and k.shape[:2] == (1, 1) and max(strides) == max(lhs_dilation) == 1 and not np.any(padding):
        return lax_dot(x.reshape(-1, x.shape[3]), k[0, 0], (((1,), (0,)), ((), ())), f32, block).reshape(x.shape[:3] + (-1,))
    p = patches(x, k.shape[:2], strides, padding, lhs_dilation, rhs_dilation)
    n, oh, ow, kh, kw, c = p.shape
    if max(lhs_dilation) > 1 and max(strides) == 1 and max(rhs_dilation) == 1:
        hit = patches(np.ones_like(x), k.shape[:2], strides, padding, lhs_dilation, rhs_dilation)[..., :1]
        out = np.zeros((n, oh, ow, k.shape[3]), f32)
        pixels = x.shape[0] * x.shape[1] * x.shape[2]
        for i in range(kh):
            for j in range(kw):
                a = p[:, :, :, i, j].reshape(-1, c)
                if pixels == 1 and k.size // c >= 4:
                    t = unfused(a, k[i, j], 16 if c >= 128 else None)
                else:
                    t = ascending(a[:, None], k[i, j].T[None])
                out = np.where(hit[:, :, :, i, j] != 0, out + t.reshape(out.shape), out)
        return out
    return conv_matmul(p.reshape(n * oh * ow, -1), k.reshape(-1, k.shape[3]), block).reshape(n, oh, ow, -1)


def matmul(a, b, la=False, ra=False, block=None):
    """[M,K] x [K,N] in f32; la: lhs is stored [K,M]; ra: rhs is stored [N,K]."""
    m, n = a.shape[0], b.shape[1]
    if m == 1 and not ra:
        return gemv_col(b.T, a[0])[None]
    if n == 1 and la:
        return gemv_col(a, b[:, 0])[:, None]
    if m == 1:
        return gemv_row(b.T, a[0])[None]
    if n == 1:
        return gemv_row(a, b[:, 0])[:, None]
    return ascending(a[:, None, :], b.T[None], block)


def canonical(dims, lhs_ndim, rhs_ndim):
    (lca, rca), (lba, rba) = dims
    lca, rca, lba, rba = map(tuple, (lca, rca, lba, rba))
    lra = tuple(i for i in range(lhs_ndim) if i not in lca + lba)
    rra = tuple(i for i in range(rhs_ndim) if i not in rca + rba)
    nb = len(lba)
    own = lambda ba, ca, nd: ba == tuple(range(nb)) and len(ca) == 1 and nd == nb + 2
    la = own(lba, lca, lhs_ndim) and lca[0] == nb
    ra = own(rba, rca, rhs_ndim) and rca[0] == nb + 1
    return lba + lra + lca, rba + rca + rra, lra, rra, la, ra


SIMPLIFIED = False  # xla_cpu: K = 1 is a plain product (keeps -0), M = N = 1 a product and a reduction, a 1x1 convolution a dot


def lax_dot(a, b, dims, result=None, block=None):
    """lax.dot_general. Integers: s32. Else f32 inside and one rounding. result None: lax's own result type."""
    lp, rp, lra, rra, la, ra = canonical(dims, a.ndim, b.ndim)
    nb, nc = len(dims[1][0]), len(dims[0][0])
    ints = is_int(a.dtype) and is_int(b.dtype)
    if result is None:
        if np.dtype(f32) in (a.dtype, b.dtype):
            result = f32
        elif np.dtype(BF16) in (a.dtype, b.dtype):
            result = BF16
            a, b = (x.astype(BF16) if x.dtype == np.dtype(F16) else x for x in (a, b))
        else:
            result = F16
    work = i32 if ints else f32
    at, bt = a.transpose(lp).astype(work), b.transpose(rp).astype(work)
    batch, k = at.shape[:nb], int(np.prod(at.shape[at.ndim - nc:]))
    m, n = at.shape[nb:at.ndim - nc], bt.shape[nb + nc:]
    am = at.reshape(int(np.prod(batch)), int(np.prod(m)), k)
    bm = bt.reshape(int(np.prod(batch)), k, int(np.prod(n)))
    if ints:
        out = np.matmul(am, bm)
    elif k == 1 and SIMPLIFIED:
        out = am * bm
    elif SIMPLIFIED and am.shape[1] == bm.shape[2] == 1:
        x, y = am[:, 0], bm[:, :, 0]
        out = ascending(x, y) if k <= 32 else reduce_sum(x * y, (1,))
        out = out[:, None, None]
    else:
        out = np.stack([matmul(x, y, la, ra, block) for x, y in zip(am, bm)])
    return out.reshape(batch + m + n).astype(i32 if ints and np.dtype(result) == i32 else result)


def is_int(dt):
    return 'int' in np.dtype(dt).name


# ---- element rules --------------------------------------------------------------------------------------------------------------

def promote(*dts):
    dts = {np.dtype(d) for d in dts}
    fl = {d for d in dts if d in QABLE}
    if not fl:
        return np.dtype(i32)
    if len(fl) > 1:
        return np.dtype(f32)
    return fl.pop()


def result_type(*ops):
    dts = []
    for o in ops:
        d = np.dtype(o['scale'].dtype if isinstance(o, dict) else o.dtype)
        dts.append(d if d.itemsize > 1 else np.dtype(i32) if is_int(d) else np.dtype(BF16))
    values = [np.dtype(o['qvalue'].dtype if isinstance(o, dict) else o.dtype) for o in ops]
    res = promote(*dts)
    return (np.dtype(i32) if all(map(is_int, values)) else res), res


def generic(x, shape):
    """Repeats x so that it broadcasts to `shape` with tiles."""
    for ax, (a, b) in enumerate(zip(shape, x.shape)):
        if a != b and b != 1 and a % b == 0:
            x = np.repeat(x, a // b, axis=ax)
    return x


class Policy:
    def __init__(self, name):
        global SIMPLIFIED
        self.name = name
        SIMPLIFIED = name == 'xla_cpu'

    def reciprocal(self, dt):
        return self.name == 'xla_cpu' and np.dtype(dt) != np.dtype(BF16)

    def div_const(self, x, c):
        c = np.array(c, x.dtype)
        if self.reciprocal(x.dtype) and x.size > 1:
            return x * (np.ones((), x.dtype) / c).astype(x.dtype)
        return (x / c).astype(x.dtype)

    def quotient(self, x, s):
        """x / s; under xla_cpu the reciprocal is taken iff s is really broadcast."""
        if self.reciprocal(x.dtype) and s.shape != x.shape:
            return x * generic((np.ones((), s.dtype) / s).astype(s.dtype), x.shape)
        return (x / generic(s, x.shape)).astype(x.dtype)

    def mean(self, x, axes):
        s = reduce_sum(x.astype(f32), axes, keepdims=True)
        n = f32(np.prod([x.shape[a] for a in axes]))
        return self.div_const(s, n).astype(x.dtype)


def reduce_sum(x, axes, keepdims=False):
    """f32: row-major ascending in windows of 32; bf16, f16: in f32, rounded once."""
    axes = sorted(a % x.ndim for a in axes)
    y = x.astype(f32)
    keep = [a for a in range(x.ndim) if a not in axes]
    y = y.transpose(keep + axes)
    k = len(keep)
    while any(n > 1 for n in y.shape[k:]):
        if all(n <= 32 for n in y.shape[k:]):
            flat = y.reshape(y.shape[:k] + (-1,))
            acc = np.zeros(y.shape[:k], f32)
            for i in range(flat.shape[-1]):
                acc = acc + flat[..., i]
            y = acc.reshape(acc.shape + (1,) * len(axes))
            break
        shape, pads, big = list(y.shape[:k]), [(0, 0)] * k, []
        for j, n in enumerate(y.shape[k:]):
            if n > 32:
                p = -n % 32
                pads.append((p // 2, p - p // 2))
                shape += [(n + p) // 32, 32]
                big.append(j)
            else:
                pads.append((0, 0))
                shape += [1, n]
        y = np.pad(y, pads).reshape(shape)
        order = list(range(k)) + [k + 2 * j for j in range(len(axes))] + [k + 2 * j + 1 for j in range(len(axes))]
        y = y.transpose(order)
        outer = y.shape[:k + len(axes)]
        flat = y.reshape(outer + (-1,))
        acc = np.zeros(outer, f32)
        for i in range(flat.shape[-1]):
            acc = acc + flat[..., i]
        y = acc
    y = y.reshape(y.shape[:k]).astype(x.dtype)
    if keepdims:
        y = y.reshape([1 if a in axes else x.shape[a] for a in range(x.ndim)])
    return y


# ---- quantization ---------------------------------------------------------------------------------------------------------------

def tile_of(dim, t):
    return round(dim * t) if isinstance(t, float) else t


def calibrate(x, channelwise, tiled, method, pol):
    name, *args = method.lower().split(',')
    args = [float(a) for a in args]
    shape, split, axes = [], [], []
    for ax, d in enumerate(x.shape):
        if ax in channelwise:
            shape.append(d); split.append(d)
        elif ax in tiled:
            t = tile_of(d, tiled[ax])
            assert t > 0 and d % t == 0
            shape.append(d // t); split += [d // t, t]; axes.append(len(split) - 1)
        else:
            shape.append(1); split.append(d); axes.append(len(split) - 1)
    y, dt = x.reshape(split), x.dtype
    axes = tuple(axes)
    c = lambda v: np.array(v, dt)
    if name == 'absmax':
        m = np.abs(y).max(axis=axes, keepdims=True) if axes else np.abs(y)
        return {'absmax': (m * c(args[0]) if args else m).astype(dt).reshape(shape)}
    if name == 'minmax':
        lo = np.minimum(y.min(axis=axes, keepdims=True) if axes else y, c(0))
        hi = np.maximum(y.max(axis=axes, keepdims=True) if axes else y, c(0))
        if args:
            lo, hi = (lo * c(args[0])).astype(dt), (hi * c(args[0])).astype(dt)
        return {'min': lo.reshape(shape), 'max': hi.reshape(shape)}
    if name == 'rms':
        sq = (y * y).astype(dt)
        m = pol.mean(sq, axes) if axes else sq
        r = np.sqrt(m.astype(f32)).astype(dt)
        return {'absmax': (r * c(args[0])).astype(dt).reshape(shape)}
    if name == 'fixed':
        if len(args) == 1:
            args = [-args[0], args[0]]
        one = [1] * x.ndim
        if args[0] + args[1] == 0:
            return {'absmax': np.full(one, args[1], dt)}
        return {'min': np.full(one, args[0], dt), 'max': np.full(one, args[1], dt)}
    raise ValueError(method)


def to_code(q, qtype, noise=None):
    if qtype == 'nf4':
        return np.argmin(np.abs(NF4[:, None] - q.astype(f32).ravel()[None]), axis=0).astype(STORED['nf4']).reshape(q.shape)
    st = STORED[qtype]
    if not is_int(st):
        lim = float(ml_dtypes.finfo(st).max)
        return np.clip(q, np.array(-lim, q.dtype), np.array(lim, q.dtype)).astype(q.dtype).astype(st)
    if noise is not None and not qtype.startswith('int'):
        q = q.astype(f32) + noise
    lo, hi = INT_RANGE[qtype]
    r = np.nan_to_num(np.rint(q.astype(f32)), nan=0., posinf=1e9, neginf=-1e9)
    return np.clip(r, lo, hi).astype(st)


def scale_zero_point(cal, qtype, pol):
    zp = None
    if 'absmax' in cal:
        s = pol.div_const(cal['absmax'], BOUND[qtype])
    else:
        lo, hi = {'s8': (-128., 127.), 's4': (-8., 7.)}[qtype]
        s = pol.div_const((cal['max'] - cal['min']).astype(cal['max'].dtype), hi - lo)
    dt = s.dtype
    tiny = {np.dtype(f32): 2.0 ** -63, np.dtype(BF16): 2.0 ** -63, np.dtype(F16): 2.0 ** -7}[dt]
    s = np.where(s < np.array(tiny, dt), np.ones((), dt), s)
    if 'absmax' not in cal:
        zp = (np.array(lo, dt) - (cal['min'] / s).astype(dt)).astype(dt)
        zp = to_code(zp, qtype)
    if qtype in ('mxfp8', 'mxfp4'):
        e = np.ceil(np.log2(s.astype(f64)))
        s = (2.0 ** e).astype(dt)
    elif qtype == 'nvfp4':
        s = to_code(s, 'f8e4m3fn').astype(dt)
    return s, zp


def quantize(x, qtype, cal, pol, noise=None):
    s, zp = scale_zero_point(cal, qtype, pol)
    s = s.astype(x.dtype)
    q = pol.quotient(x, s)
    if zp is not None:
        q = (q + generic(zp, x.shape).astype(q.dtype)).astype(q.dtype)
    return {'qvalue': to_code(q, qtype, noise), 'scale': s, 'zp': zp, 'qtype': qtype}


def dequantize(q):
    v = q['qvalue']
    v = NF4[v.astype(int)] if q['qtype'] == 'nf4' else v
    dt = q['scale'].dtype
    v = v.astype(f32).astype(dt)
    if q['zp'] is not None:
        v = (v - generic(q['zp'], v.shape).astype(dt)).astype(dt)
    return (v * generic(q['scale'], v.shape)).astype(dt)


def tiled_axes(q):
    return {i: a // b for i, (a, b) in enumerate(zip(q['qvalue'].shape, q['scale'].shape)) if a != b and b != 1}


# ---- dot_general ----------------------------------------------------------------------------------------------------------------

def split(x, tiles):
    shape = []
    for ax, d in enumerate(x.shape):
        shape += [d // tiles[ax], tiles[ax]] if ax in tiles else [d]
    return x.reshape(shape)


def mul(x, s):
    dt = promote(x.dtype, s.dtype)
    return (x.astype(f32).astype(dt) * s.astype(dt)).astype(dt)


def slow(lhs, rhs, dims):
    for o, ca in zip((lhs, rhs), dims[0]):
        if not isinstance(o, dict):
            if np.dtype(o.dtype) in QABLE:
                return True
            continue
        if o['qtype'] == 'nf4':
            return True
        for a in ca:
            if o['scale'].shape[a] > 1 and o['qvalue'].shape[a] // o['scale'].shape[a] < 128:
                return True
    return False


def dot_general(lhs, rhs, dims, trace=None):
    if slow(lhs, rhs, dims):
        return lax_dot(*(dequantize(o) if isinstance(o, dict) else o for o in (lhs, rhs)), dims)
    (lca, rca), (lba, rba) = [tuple(map(tuple, d)) for d in dims]
    get = lambda o, k: o.get(k) if isinstance(o, dict) else None
    lv, rv = (o['qvalue'] if isinstance(o, dict) else o for o in (lhs, rhs))
    lz, rz = get(lhs, 'zp'), get(rhs, 'zp')
    if lz is not None and rz is not None:
        raise ValueError('DOT-ASYM2')
    lt, rt = (tiled_axes(o) if isinstance(o, dict) else {} for o in (lhs, rhs))
    ltc, rtc = {}, {}
    for a, b in zip(lca, rca):
        t = lt.get(a) or rt.get(b)
        if lt.get(a) and rt.get(b) and lt[a] != rt[b]:
            raise ValueError('DOT-TILE2')
        if t:
            ltc[a], rtc[b] = t, t
    lshape, rshape = lv.shape, rv.shape
    lv, rv = split(lv, ltc), split(rv, rtc)

    def move(ca, ba, t):
        nca = tuple(a + sum(x <= a for x in t) for a in ca)
        nba = tuple(a + sum(x < a for x in t) for a in ba) + tuple(a + sum(x < a for x in t) for a in ca if a in t)
        return nca, nba
    (lca, lba2), (rca, rba2) = move(lca, lba, ltc), move(rca, rba, rtc)
    d2 = ((lca, rca), (lba2, rba2))
    acc_t, res_t = result_type(lhs, rhs)
    lra = [i for i in range(lv.ndim) if i not in lca + lba2]
    rra = [i for i in range(rv.ndim) if i not in rca + rba2]

    def scale(s, tiles, perm):
        s = split(s, {a: 1 for a in tiles})
        return s.transpose([p for p in perm if p is not None] + [i for i in range(s.ndim) if i not in perm]).reshape(
            [1 if p is None else s.shape[p] for p in perm])
    res = lax_dot(lv, rv, d2, acc_t)
    if trace is not None:
        trace['acc'] = res

    def zero_point(z, tiles, v, ca, ba):
        z = split(z, {a: 1 for a in tiles})
        shape = list(z.shape)
        for a in ca + ba:
            shape[a] = v.shape[a]
        return np.broadcast_to(z, shape)
    if lz is not None:
        res = res - lax_dot(zero_point(lz, ltc, lv, lca, lba2), rv, d2, acc_t)
    if rz is not None:
        res = res - lax_dot(lv, zero_point(rz, rtc, rv, rca, rba2), d2, acc_t)
    if isinstance(lhs, dict):
        res = mul(res, scale(lhs['scale'], ltc, list(lba2) + lra + [None] * len(rra)))
    if isinstance(rhs, dict):
        res = mul(res, scale(rhs['scale'], rtc, list(rba2) + [None] * len(lra) + rra))
    if ltc:
        res = reduce_sum(res, tuple(range(len(lba), len(lba2))))
    return res.astype(res_t)


def how(ca, ndim, tile):
    tiled = {ca[-1]: tile} if tile else {}
    return [a for a in range(ndim) if a not in ca and a not in tiled], tiled


DEFAULTS = dict(lhs_qtype=None, rhs_qtype=None, tile_size=None, lhs_calibration_method='absmax', rhs_calibration_method='absmax',
                lhs_disable_channelwise_axes=False, rhs_disable_channelwise_axes=False,
                dlhs_grad_qtype=None, dlhs_grad_calibration_method='absmax', dlhs_tile_size=None, dlhs_grad_disable_channelwise_axes=False,
                drhs_grad_qtype=None, drhs_grad_calibration_method='absmax', drhs_tile_size=None, drhs_grad_disable_channelwise_axes=False,
                disable_gradient_clipping=False, use_original_residuals=False,
                dlhs_residual_qtype=None, dlhs_residual_calibration_method='absmax', dlhs_residual_disable_channelwise_axes=False,
                drhs_residual_qtype=None, drhs_residual_calibration_method='absmax', drhs_residual_disable_channelwise_axes=False)


def dot_general_qt(lhs, rhs, dims, config, g, pol, noise=None):
    """-> out, dlhs, drhs (g None: forward only). noise: function of the shape of g."""
    c = dict(DEFAULTS, **config)
    dims = tuple(tuple(tuple(x) for x in d) for d in dims)
    cals, q = [], []
    for side, x, ca in (('lhs', lhs, dims[0][0]), ('rhs', rhs, dims[0][1])):
        if c[side + '_qtype'] and np.dtype(x.dtype) in QABLE:
            cw, tl = how(ca, x.ndim, c['tile_size'])
            cals.append(calibrate(x, [] if c[side + '_disable_channelwise_axes'] else cw, tl, c[side + '_calibration_method'], pol))
            q.append(quantize(x, c[side + '_qtype'], cals[-1], pol))
        else:
            cals.append(None)
            q.append(x)
    out = dot_general(q[0], q[1], dims)
    if g is None:
        return out, None, None
    grads = []
    for dl in (True, False):
        me = 'dlhs' if dl else 'drhs'
        (lca, rca), (lba, rba) = dims
        xca, yca, xba, yba = (lca, rca, lba, rba) if dl else (rca, lca, rba, lba)
        x, y_in, y = (lhs, rhs, q[1]) if dl else (rhs, lhs, q[0])
        xra = tuple(i for i in range(x.ndim) if i not in xca + xba)
        yra = tuple(i for i in range(y_in.ndim) if i not in yca + yba)
        nb = len(xba)
        gca = tuple(range(nb + len(xra), nb + len(xra) + len(yra))) if dl else tuple(range(nb, nb + len(yra)))
        bd = ((gca, yra), (tuple(range(nb)), yba))
        perm = np.argsort(xba + xra + tuple(np.take(xca, np.argsort(yca)).astype(int)))
        if c['use_original_residuals'] or (isinstance(y, dict) and (tiled_axes(y) or y['qtype'] in ('mxfp8', 'mxfp4', 'nvfp4'))):
            y = y_in
        gg, tile = g, c[me + '_tile_size']
        if c[me + '_grad_qtype'] and np.dtype(g.dtype) in QABLE:
            if isinstance(y, dict):
                if y['zp'] is not None or y['qtype'].startswith('int') or y['qtype'] == 'nf4':
                    raise ValueError('BWD-RESIDUAL')
                to = dict(zip(gca + tuple(range(nb)), yra + yba))
                if any(d > 1 for a, d in enumerate(y['scale'].shape) if a not in to.values()):
                    raise ValueError('BWD-SCALE-AXIS')
                s = y['scale']
                used = [to[a] for a in range(g.ndim) if a in to]
                s = s.transpose(used + [a for a in range(s.ndim) if a not in used]).reshape(
                    [s.shape[to[a]] if a in to else 1 for a in range(g.ndim)])
                gg = mul(g, generic(s, g.shape))
                y = y['qvalue']
            cw, tl = how(gca, g.ndim, tile)
            cal = calibrate(gg, [] if c[me + '_grad_disable_channelwise_axes'] else cw, tl, c[me + '_grad_calibration_method'], pol)
            gg = quantize(gg, c[me + '_grad_qtype'], cal, pol, noise(gg.shape) if noise else None)
        if not isinstance(y, dict) and c[me + '_residual_qtype'] and np.dtype(y.dtype) in QABLE:
            cw, tl = how(yra, y.ndim, tile)
            cal = calibrate(y, [] if c[me + '_residual_disable_channelwise_axes'] else cw, tl, c[me + '_residual_calibration_method'], pol)
            y = quantize(y, c[me + '_residual_qtype'], cal, pol)
        grad = dot_general(gg, y, bd).transpose(perm)
        side = 'lhs' if dl else 'rhs'
        cal = cals[0 if dl else 1]
        if cal is not None and not c['disable_gradient_clipping']:
            grad = mask(grad, x, cal, c[side + '_calibration_method'])
        grads.append(grad)
    return out, grads[0], grads[1]


def mask(grad, x, cal, method):
    name, *args = method.lower().split(',')
    if name in ('absmax', 'minmax') and (not args or float(args[0]) >= 1):
        return grad
    lo, hi = (-cal['absmax'], cal['absmax']) if 'absmax' in cal else (cal['min'], cal['max'])
    keep = (x >= generic(lo, x.shape)) & (x <= generic(hi, x.shape))
    return np.where(keep, grad, np.zeros((), grad.dtype))


def same_bits(a, b):
    """Elementwise bit equality; any NaN equals any NaN."""
    a, b = np.asarray(a), np.asarray(b)
    if a.dtype != b.dtype or a.shape != b.shape:
        return np.zeros(max(a.size, 1), bool)
    u = f'u{a.dtype.itemsize}'
    with np.errstate(invalid='ignore'):
        return ((np.ascontiguousarray(a).view(u) == np.ascontiguousarray(b).view(u)) | ((a != a) & (b != b))).ravel()
