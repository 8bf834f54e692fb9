"""When Python looks for memory to free: not while many small objects are made of one table or text."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """Keep the garbage collector from looking through all there is, again and again, while many small objects come and go.

    What nothing refers to is freed all the same; only rings of objects wait.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
