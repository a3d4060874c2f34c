"""Finds the block length of long float contractions on this host [POL-5].

Beyond 320 products the backend cuts a contraction in blocks; the length depends on caches and
threads. The lengths that reproduce a sample of a result bit for bit are found by trying them all;
if one length explains every long contraction of a case it is a fact worth writing down.
"""

import numpy as np

UNBLOCKED = 320  # Up to here there is one chain, whatever the host.
_STEP = 8
_SAMPLE = 6
_AFFORDABLE = 1 << 29  # Multiply-adds per length tried on everything.
_TRIES = 3
_USUAL = 384  # The largest block of one thread on common hosts; only the order of trying.


def fused_multiply_add(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """round_f32(a * b + c) with one rounding; all f32.

    The product is exact in f64. The f64 sum is rounded to odd, so that the second rounding to f32
    cannot be misled by the first.
    """
    product, addend = a.astype(np.float64) * b.astype(np.float64), c.astype(np.float64)
    total = product + addend
    back = total - product
    error = (product - (total - back)) + (addend - back)
    bits = np.ascontiguousarray(total).view(np.int64)
    even = (bits & 1) == 0
    inexact = np.isfinite(total) & (error != 0) & even
    away_from_zero = (error > 0) == (total > 0)
    odd = bits + np.where(away_from_zero, 1, -1)
    return np.where(inexact, odd, bits).view(np.float64).astype(np.float32)


def _as_matrices(lhs, rhs, numbers) -> tuple[np.ndarray, np.ndarray]:
    """The first batch entry as [M, K] and [K, N] in f32, contracting axes row-major as listed."""
    (lhs_contract, rhs_contract), (lhs_batch, rhs_batch) = numbers
    matrices = []
    for array, contract, batch in ((lhs, lhs_contract, lhs_batch), (rhs, rhs_contract, rhs_batch)):
        rest = [a for a in range(array.ndim) if a not in contract and a not in batch]
        ordered = np.transpose(np.asarray(array), [*batch, *rest, *contract])
        depth = int(np.prod([array.shape[a] for a in contract], dtype=np.int64))
        rows = int(np.prod([array.shape[a] for a in rest], dtype=np.int64))
        matrices.append(ordered.reshape(-1, rows, depth)[0].astype(np.float32))
    return matrices[0], matrices[1].T


def candidates(depth: int) -> np.ndarray:
    """Block lengths to try; the last one is the whole depth."""
    return np.append(np.arange(_STEP, depth, _STEP), depth)


def blocked_products(lhs: np.ndarray, rhs: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """[lengths, M, N]: the contraction under each block length."""
    depth = lhs.shape[1]
    shape = (len(lengths), lhs.shape[0], rhs.shape[1])
    total, block = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    for k in range(depth):
        block = fused_multiply_add(
            np.broadcast_to(lhs[None, :, k, None], shape), np.broadcast_to(rhs[None, None, k], shape), block
        )
        ends = (k + 1) % lengths == 0
        total[ends] += block[ends]
        block[ends] = 0
    unfinished = depth % lengths != 0
    total[unfinished] += block[unfinished]
    return total


class _Contraction:
    """One long contraction, as matrices, and what came out."""

    def __init__(self, left: np.ndarray, right: np.ndarray, found: np.ndarray):
        self.left, self.right, self.found = left, right, found

    @property
    def cost(self) -> int:
        return self.found.size * self.left.shape[1]

    def agreeing(self, lengths: np.ndarray) -> np.ndarray:
        """The lengths under which every element comes out as found."""
        tried = blocked_products(self.left, self.right, lengths).astype(self.found.dtype)
        same = ((tried == self.found) | ((tried != tried) & (self.found != self.found))).all(axis=(1, 2))
        return lengths[same]

    def sample(self) -> "_Contraction":
        rows, columns = self.found.shape
        some_rows = np.linspace(0, rows - 1, min(rows, _SAMPLE)).astype(int)
        some_columns = np.linspace(0, columns - 1, min(columns, _SAMPLE)).astype(int)
        picked = self.found[np.ix_(some_rows, some_columns)]
        return _Contraction(self.left[some_rows], self.right[:, some_columns], picked)

    def explained_by(self, length: int) -> bool:
        depth = self.left.shape[1]
        return len(self.agreeing(np.array([length or depth]))) == 1


class Witness:
    """Sees the float contractions of a case; the long ones must be explained by one block length."""

    def __init__(self):
        self._seen: list[_Contraction] = []

    def see(self, lhs, rhs, numbers, result) -> None:
        left, right = _as_matrices(lhs, rhs, numbers)
        (rows, depth), columns = left.shape, right.shape[1]
        if depth > UNBLOCKED and rows > 1 and columns > 1:
            found = np.asarray(result).reshape(-1, rows, columns)[0]
            self._seen.append(_Contraction(left, right, found))

    def verdict(self) -> int | None:
        """The one length (0: a single chain) that explains everything seen, if there is one.

        Samples leave some lengths, in 16-bit results many; the first few must then explain every element.
        """
        if not self._seen:
            return None
        common = None
        for contraction in self._seen:
            depth = contraction.left.shape[1]
            lengths = contraction.sample().agreeing(candidates(depth))
            allowed = {0 if length == depth else int(length) for length in lengths}
            common = allowed if common is None else common & allowed
        longest = max(contraction.left.shape[1] for contraction in self._seen)
        likely_first = sorted(common, key=lambda n: ((n or longest) > _USUAL, -(n or longest)))
        for length in likely_first[:_TRIES]:
            affordable = sum(contraction.cost for contraction in self._seen) <= _AFFORDABLE
            if affordable and all(seen.explained_by(length) for seen in self._seen):
                return length
        return None
