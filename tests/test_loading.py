"""Kernels that are loaded from the cache: they run, and other kernels can be compiled with them."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys
import types
from typing import Any

from numba.core.dispatcher import Dispatcher

import cleanse

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


MAKES_ARRAYS = {"empty", "empty_like", "zeros", "zeros_like", "ones", "full", "copy", "arange", "array", "concatenate", "sort", "argsort", "unique", "cumsum", "flatnonzero", "append"}  # fmt: skip


def list_kernels() -> dict[str, Any]:
    """Give all kernels of the house by name."""
    for module in pkgutil.walk_packages(cleanse.__path__, "cleanse."):
        if module.name != "cleanse.__main__":
            importlib.import_module(module.name)
    modules = [module for name, module in sys.modules.items() if name.startswith("cleanse.")]
    return {
        f"{value.py_func.__module__}.{value.py_func.__name__}": value
        for module in modules
        for value in vars(module).values()
        if isinstance(value, Dispatcher)
    }


def test_what_a_leaf_calls_makes_no_arrays() -> None:
    """Numba compiles it without counts too where the cache does not hold it yet, and refuses if it makes an array."""
    kernels = list_kernels()
    leaves = [name for name, kernel in kernels.items() if kernel.targetoptions.get("_nrt") is False]
    assert "cleanse.encoding.gate._scan_lines" in leaves
    waiting, seen, guilty = list(leaves), set(leaves), set()
    while waiting:
        name = waiting.pop()
        function = kernels[name].py_func
        if MAKES_ARRAYS & set(function.__code__.co_names):
            guilty.add(name)
        for used in function.__code__.co_names:
            own = function.__globals__
            value = own.get(used)
            if value is None:  # `module.kernel`
                modules = [
                    own[name] for name in function.__code__.co_names if isinstance(own.get(name), types.ModuleType)
                ]
                value = next((getattr(module, used) for module in modules if hasattr(module, used)), None)
            called = f"{value.py_func.__module__}.{value.py_func.__name__}" if isinstance(value, Dispatcher) else None
            if called and called not in seen:
                seen.add(called)
                waiting.append(called)
    assert guilty == set()
