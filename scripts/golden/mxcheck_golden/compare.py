"""Bit comparison of stored and freshly recorded values: equal bits, or both NaN."""

import numpy as np

from . import dtypes


def differing(wanted: np.ndarray, found: np.ndarray) -> int:
    """How many elements differ; all of them if dtype or shape do."""
    found = dtypes.storable(found)[1]
    if wanted.dtype != found.dtype or wanted.shape != found.shape:
        return max(wanted.size, found.size, 1)
    unequal = dtypes.bits(wanted) != dtypes.bits(found)
    if dtypes.is_float_array(wanted):
        unequal &= ~(np.isnan(wanted) & np.isnan(found))
    return int(unequal.sum())


def tensors(wanted: dict[str, np.ndarray], found: dict[str, np.ndarray]) -> dict:
    """Names that one side lacks, and element counts of those that differ."""
    common = sorted(wanted.keys() & found.keys())
    counts = {name: (differing(wanted[name], found[name]), wanted[name].size) for name in common}
    return {
        "missing": sorted(wanted.keys() - found.keys()),
        "extra": sorted(found.keys() - wanted.keys()),
        "differences": {name: count for name, count in counts.items() if count[0]},
        "names": len(common),
        "elements": sum(size for _, size in counts.values()),
    }
