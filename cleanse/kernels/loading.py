"""Load kernels from the cache of Numba without what only compiling needs: half of the start of a small run went there."""

from __future__ import annotations

from typing import Any

import llvmlite.binding  # type: ignore[import-untyped]
import numba.core.dispatcher
from numba.core.caching import FunctionCache
from numba.core.codegen import JITCodeLibrary
from numba.core.runtime.nrt import rtsys


class _Library(JITCodeLibrary):
    """The machine code of one kernel.

    Beside it the cache holds what other kernels need to be compiled with it. Numba reads that each time, which takes longer than to load
    the machine code; here it is read when another kernel is compiled.
    """

    _unread: bytes | None = None

    @classmethod
    def _unserialize(cls, codegen: Any, state: Any) -> Any:
        name, kind, data = state
        if kind != "object":
            return super()._unserialize(codegen, state)  # type: ignore[no-untyped-call]
        self = codegen.create_library(name)
        self.enable_object_caching()
        self._set_compiled_object(data[0])
        self._finalize_final_module()
        self._unread = data[1]
        return self

    def get_pointer_to_function(self, name: str) -> int:
        """Give the address of a function; 0 where there is none of that name."""
        if self._unread is None:
            return int(super().get_pointer_to_function(name))  # type: ignore[no-untyped-call]
        return int(self._codegen._engine.get_function_address(name))  # noqa: SLF001 - Numba asks what it has read first

    def _get_module_for_linking(self) -> Any:
        if self._unread is not None:
            self._shared_module = llvmlite.binding.parse_bitcode(self._unread)
            self._codegen._engine._load_defined_symbols(self._shared_module)  # type: ignore[no-untyped-call]  # noqa: SLF001 - as Numba does
            self._unread = None
        return super()._get_module_for_linking()  # type: ignore[no-untyped-call]


class _KernelCache(FunctionCache):
    """The cache of one kernel.

    Numba makes itself ready to compile before it looks into the cache: it imports all that it knows of NumPy, of Python and, where it is
    installed, of SciPy. To load machine code it needs its runtime only. It still makes itself ready where there is something to compile.
    """

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Give the compiled kernel for a signature; None where it is not in the cache."""
        rtsys.initialize(target_context)
        target_context.codegen()._library_class = _Library  # noqa: SLF001 - there is no other way to it
        with self._guard_against_spurious_io_errors():
            return self._load_overload(sig, target_context)  # type: ignore[no-untyped-call]


def _choose_cache(function: Any) -> FunctionCache:
    """Give a function its cache: ours for kernels of this package, and that of Numba for functions of others."""
    own = function.__module__.partition(".")[0] == __name__.partition(".")[0]
    return (_KernelCache if own else FunctionCache)(function)  # type: ignore[no-untyped-call]


def load_quickly() -> None:
    """Let the kernels that are defined from now on be loaded in this way; where Numba has changed, they are loaded as it does."""
    if not all(hasattr(JITCodeLibrary, name) for name in ("_unserialize", "_get_module_for_linking")):
        return
    if hasattr(FunctionCache, "_load_overload") and hasattr(numba.core.dispatcher, "FunctionCache"):
        numba.core.dispatcher.FunctionCache = _choose_cache
