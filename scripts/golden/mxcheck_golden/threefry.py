"""Counter-based random words of the case format: threefry2x32 in numpy, independent of jax.

Word i of a seed is the xor of the two outputs of threefry2x32 with key (seed >> 32, seed mod 2^32)
and counter (i >> 32, i mod 2^32). Key 0, counter 0 gives the pair 6b200159 99ba4efe.
"""

import numpy as np

_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
_PARITY = 0x1BD11BDA
_MASK = 0xFFFFFFFF


def _rotate_left(x: np.ndarray, bits: int) -> np.ndarray:
    return (x << np.uint32(bits)) | (x >> np.uint32(32 - bits))


def threefry2x32(key: tuple[int, int], high: np.ndarray, low: np.ndarray):
    """The two output words for each pair of counter words (uint32 arrays of one shape)."""
    schedule = (key[0] & _MASK, key[1] & _MASK, (key[0] ^ key[1] ^ _PARITY) & _MASK)
    x = high + np.uint32(schedule[0])
    y = low + np.uint32(schedule[1])
    for group in range(5):
        for bits in _ROTATIONS[group % 2]:
            x = x + y
            y = _rotate_left(y, bits) ^ x
        x = x + np.uint32(schedule[(group + 1) % 3])
        y = y + np.uint32((schedule[(group + 2) % 3] + group + 1) & _MASK)
    return x, y


def words(seed: int, count: int) -> np.ndarray:
    """The first `count` random words of a seed, as uint32."""
    index = np.arange(count, dtype=np.uint64)
    high = (index >> np.uint64(32)).astype(np.uint32)
    low = (index & np.uint64(_MASK)).astype(np.uint32)
    first, second = threefry2x32(((seed >> 32) & _MASK, seed & _MASK), high, low)
    return first ^ second
