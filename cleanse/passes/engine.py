"""Run a function over shards: here, or in a pool of processes. The outcome does not depend on which."""

from __future__ import annotations

import contextlib
import os
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import TypeVar

from cleanse.passes.workers import WorkerPool

Item = TypeVar("Item")
Result = TypeVar("Result")
AHEAD = 2  # items that wait for each worker, so that none is idle


@dataclass(frozen=True)
class Died:
    """Stands for the result of an item whose process died, with nothing else at work beside it."""


def count_processors() -> int:
    """Count the processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def map_shards(function: Callable[[Item], Result], items: Sequence[Item], workers: int = 1) -> Iterator[Result | Died]:
    """Give the result of `function` for each item, in the order of the items.

    With more than one worker, `function` and the items must be picklable; the processes are spawned, never forked, since
    Polars holds threads. Each gets its share of the processors. A process can die, as one without memory does: then the items
    that were under way are done again, one after the other, each alone in a new process. Where that dies too, the result is `Died`.
    """
    if workers <= 1 or len(items) <= 1:
        yield from map(function, items)
        return
    workers = min(workers, len(items))
    begun = 0
    while begun < len(items):
        stop = yield from _map_until_death(function, items[begun:], workers)
        begun += stop.done
        for item in items[begun : begun + stop.under_way]:
            yield run_alone(function, item)
        begun += stop.under_way


@dataclass(frozen=True)
class _Stop:
    """Where a pool stopped: how many items it has done, and how many were under way when a process died."""

    done: int
    under_way: int


def _map_until_death(
    function: Callable[[Item], Result], items: Sequence[Item], workers: int
) -> Generator[Result, None, _Stop]:
    waiting: deque[Future[Result]] = deque()
    done = 0
    with _pool(workers) as pool:
        try:
            for item in items:
                waiting.append(pool.submit(function, item))
                if len(waiting) >= workers * AHEAD:
                    yield waiting[0].result()
                    waiting.popleft()
                    done += 1
            while waiting:
                yield waiting[0].result()
                waiting.popleft()
                done += 1
        except BrokenProcessPool:
            return _Stop(done, max(1, len(waiting)))
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
    return _Stop(done, 0)


def run_alone(function: Callable[[Item], Result], item: Item) -> Result | Died:
    """Give the result of one item, made in a process of its own; `Died` where that process died."""
    with _pool(1) as pool:
        try:
            return pool.submit(function, item).result()
        except BrokenProcessPool:
            return Died()


@contextlib.contextmanager
def _pool(workers: int) -> Iterator[WorkerPool]:
    """Open a pool whose processes share the processors."""
    threads = str(max(1, (os.cpu_count() or 1) // workers))
    before = os.environ.get("POLARS_MAX_THREADS")
    os.environ["POLARS_MAX_THREADS"] = threads  # read when the new process imports Polars
    try:
        with WorkerPool(workers) as pool:
            yield pool
    finally:
        if before is None:
            os.environ.pop("POLARS_MAX_THREADS", None)
        else:
            os.environ["POLARS_MAX_THREADS"] = before
