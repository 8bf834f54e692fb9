"""Kernels that are loaded from the cache: they run, and other kernels can be compiled with them."""

from __future__ import annotations

import subprocess
import sys

ALONE = """
import numba, numpy
from cleanse.kernels.text import decode_character
data = numpy.frombuffer("é".encode(), dtype=numpy.uint8)
print(decode_character(data, 0)[0], sum(decode_character.stats.cache_hits.values()))
@numba.njit
def decode_first(data):
    return decode_character(data, 0)[0] + 1
print(decode_first(data))
"""


def test_a_kernel_from_the_cache_is_called_and_linked() -> None:
    """It gives what it gives when it is compiled, by itself and inside of a new kernel."""
    command = [sys.executable, "-c", ALONE]
    subprocess.run(command, check=True, capture_output=True)  # the cache holds it now
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["233", "1", "234"]
