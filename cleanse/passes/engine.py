"""Run a function over shards: here, or in a pool of processes. The outcome does not depend on which."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from cleanse.errors import WorkerError
from cleanse.passes.workers import WorkerPool

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_shards(function: Callable[[Item], Result], items: Sequence[Item], workers: int = 1) -> Iterator[Result]:
    """Give the result of `function` for each item, in the order of the items.

    With more than one worker, `function` and the items must be picklable; the processes are spawned, never forked, since
    Polars holds threads. Each gets its share of the processors.
    """
    if workers <= 1 or len(items) <= 1:
        yield from map(function, items)
        return
    workers = min(workers, len(items))
    threads = str(max(1, (os.cpu_count() or 1) // workers))
    before = os.environ.get("POLARS_MAX_THREADS")
    os.environ["POLARS_MAX_THREADS"] = threads  # read when the new process imports Polars
    try:
        with WorkerPool(workers) as pool:
            yield from pool.map(function, items)
    except BrokenProcessPool as error:
        hint = "it was probably out of memory: use fewer --workers"
        raise WorkerError("a worker process died", hint=hint) from error
    finally:
        if before is None:
            del os.environ["POLARS_MAX_THREADS"]
        else:
            os.environ["POLARS_MAX_THREADS"] = before
