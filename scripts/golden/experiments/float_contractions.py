"""numpy model of float and integer contractions and convolutions: the order in which XLA on this backend adds, one fused multiply-add
at a time. The quantized ones are in contraction_reference.py.

Subnormal flushing is not modelled.
"""
import numpy as np
import ml_dtypes

f32, f64, i32 = np.float32, np.float64, np.int32
BF16, F16 = ml_dtypes.bfloat16, np.float16


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
