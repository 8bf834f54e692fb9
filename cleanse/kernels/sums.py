"""Sum and least of some numbers, for other kernels: one that calls those of NumPy takes a quarter of a second more to load."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from cleanse.kernels.leaf import leaf


@numba.njit(cache=True, nogil=True)
def add_up(values: NDArray[np.int64]) -> np.int64:
    """Add some numbers up."""
    total = np.int64(0)
    for value in values:
        total += np.int64(value)
    return total


@numba.njit(cache=True, nogil=True)
def find_least(values: NDArray[np.int64]) -> np.int64:
    """Give the least of some numbers."""
    least = np.int64(values[0])
    for value in values:
        least = min(least, np.int64(value))
    return least


@leaf()
def add_to(values: NDArray[np.int64], others: NDArray[np.int64]) -> None:
    """Add to each number the one that stands at its place among others."""
    for place in range(len(values)):
        values[place] += others[place]
