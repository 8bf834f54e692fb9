"""Load kernels from the cache of Numba without what only compiling needs: half of the start of a small run went there."""

from __future__ import annotations

from typing import Any

import numba.core.dispatcher
from numba.core.caching import FunctionCache
from numba.core.runtime.nrt import rtsys


class _KernelCache(FunctionCache):
    """The cache of one kernel.

    Numba makes itself ready to compile before it looks into the cache: it imports all that it knows of NumPy, of Python and, where it is
    installed, of SciPy. To load machine code it needs its runtime only. It still makes itself ready where there is something to compile.
    """

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Give the compiled kernel for a signature; None where it is not in the cache."""
        rtsys.initialize(target_context)
        with self._guard_against_spurious_io_errors():
            return self._load_overload(sig, target_context)  # type: ignore[no-untyped-call]


def _choose_cache(function: Any) -> FunctionCache:
    """Give a function its cache: ours for kernels of this package, and that of Numba for functions of others."""
    own = function.__module__.partition(".")[0] == __name__.partition(".")[0]
    return (_KernelCache if own else FunctionCache)(function)  # type: ignore[no-untyped-call]


def load_quickly() -> None:
    """Let the kernels that are defined from now on be loaded in this way; where Numba has changed, they are loaded as it does."""
    if hasattr(FunctionCache, "_load_overload") and hasattr(numba.core.dispatcher, "FunctionCache"):
        numba.core.dispatcher.FunctionCache = _choose_cache
