"""Where a function over shards runs: one interface, three thin implementations. The outcome does not depend on which.

`Here` is this process, `Pool` some processes of this machine, and `Cluster` (in `cluster`) is Ray on any number of machines.
"""

from __future__ import annotations

import contextlib
import os
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from cleanse.passes.workers import WorkerPool

Item = TypeVar("Item")
Result = TypeVar("Result")
AHEAD = 2  # items that wait for each worker, so that none is idle


@dataclass(frozen=True)
class Died:
    """Stands for the result of an item whose process died, with nothing else at work beside it."""


class Engine(Protocol):
    """Runs a function over items. Function and items must be picklable, and they name files by their whole paths."""

    def map(self, function: Callable[[Any], Result], items: Sequence[Any]) -> Iterator[Result | Died]:
        """Give the result of `function` for each item, in the order of the items; `Died` where its process dies each time."""

    def run_alone(self, function: Callable[[Any], Result], item: Any) -> Result | Died:
        """Give the result of one item, made in a process of its own; `Died` where that process died."""

    def close(self) -> None:
        """Let go of what the engine holds."""


def count_processors() -> int:
    """Count the processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextlib.contextmanager
def open_engine(name: str, workers: int | None, address: str | None, work: Path) -> Iterator[Engine]:
    """Open the engine that was chosen, for a run whose work folder is `work`.

    Raises:
        OptionError: Ray is not installed, or there is none at the address.
    """
    engine: Engine = Here() if (workers or 1) <= 1 else Pool(workers or 1)
    if name == "ray":
        from cleanse.passes.cluster import Cluster

        engine = Cluster(address, workers, work)
    try:
        yield engine
    finally:
        engine.close()


class Here:
    """This process: an item is done when its result is asked for, so that memory holds one."""

    def map(self, function: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result | Died]:
        """Give the result of each item."""
        yield from map(function, items)

    def run_alone(self, function: Callable[[Item], Result], item: Item) -> Result | Died:
        """Run it in a new process."""
        return _run_alone(function, item)

    def close(self) -> None:
        """Nothing is held."""


class Pool:
    """Processes of this machine.

    They are spawned, never forked, since Polars holds threads. Each gets its share of the processors. A process can die, as one without
    memory does: then the items that were under way are done again, one after the other, each alone in a new process. Where that dies too,
    the result is `Died`.
    """

    def __init__(self, workers: int) -> None:
        """Say how many processes there are, at most."""
        self._workers = workers

    def map(self, function: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result | Died]:
        """Give the result of each item; a single one is done here."""
        if len(items) <= 1:
            yield from map(function, items)
            return
        workers = min(self._workers, len(items))
        begun = 0
        while begun < len(items):
            stop = yield from _map_until_death(function, items[begun:], workers)
            begun += stop.done
            for item in items[begun : begun + stop.under_way]:
                yield _run_alone(function, item)
            begun += stop.under_way

    def run_alone(self, function: Callable[[Item], Result], item: Item) -> Result | Died:
        """Run it in a new process."""
        return _run_alone(function, item)

    def close(self) -> None:
        """Nothing is held: the processes end with the items."""


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
    with _pool(function, workers) as pool:
        try:
            for item in items:
                waiting.append(pool.submit_item(item))
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


def _run_alone(function: Callable[[Item], Result], item: Item) -> Result | Died:
    with _pool(function, 1) as pool:
        try:
            result: Result = pool.submit_item(item).result()
        except BrokenProcessPool:
            return Died()
        return result


@contextlib.contextmanager
def _pool(function: Callable[[Any], Any], workers: int) -> Iterator[WorkerPool]:
    """Open a pool whose processes share the processors."""
    threads = str(max(1, (os.cpu_count() or 1) // workers))
    before = os.environ.get("POLARS_MAX_THREADS")
    os.environ["POLARS_MAX_THREADS"] = threads  # read when the new process imports Polars
    try:
        with WorkerPool(function, workers) as pool:
            yield pool
    finally:
        if before is None:
            os.environ.pop("POLARS_MAX_THREADS", None)
        else:
            os.environ["POLARS_MAX_THREADS"] = before
