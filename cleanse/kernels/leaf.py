"""Kernels that make no arrays of their own.

Numba counts the references to an array whenever a name is bound to it or to a part of it, as an argument of an inlined function is. Each
count locks the memory: in loops over characters this took a quarter of the time. A kernel that makes no array needs no counts, for its caller holds
them. So what makes arrays only makes them, and a leaf goes through the text.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba

Kernel = TypeVar("Kernel", bound=Callable[..., Any])


def leaf() -> Callable[[Kernel], Kernel]:
    """Decorate a kernel that makes no arrays; Numba refuses to compile one that does."""
    njit: Any = numba.njit  # its types do not know this option
    kernel: Callable[[Kernel], Kernel] = njit(cache=True, nogil=True, _nrt=False)
    return kernel
