"""Where a function over shards runs: one interface, three thin implementations. The outcome does not depend on which.

`Here` is this process, `Pool` some processes of this machine, and `Cluster` (in `cluster`) is Ray on any number of machines.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from cleanse.workers import WorkerPool, take_pool

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
        """Let go of what the engine holds, such as processes and their memory. What is asked for afterwards may begin them anew."""


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

    They are spawned, never forked, since Polars holds threads. Each gets its share of the processors. They stay for the next function,
    until the engine is closed. A process can die, as one without memory does: then the items that were under way are done again, one
    after the other, each alone in a new process. Where that dies too, the result is `Died`.
    """

    def __init__(self, workers: int) -> None:
        """Say how many processes there are, at most."""
        self._workers = workers
        self._pool: WorkerPool | None = None
        self._idle = True

    def map(self, function: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result | Died]:
        """Give the result of each item; a single one is done here."""
        if len(items) <= 1:
            yield from map(function, items)
            return
        begun = 0
        try:
            while begun < len(items):
                stop = yield from self._map_until_death(function, items[begun:])
                begun += stop.done
                for item in items[begun : begun + stop.under_way]:
                    yield _run_alone(function, item)
                begun += stop.under_way
        except BaseException:
            self.close()
            raise

    def run_alone(self, function: Callable[[Item], Result], item: Item) -> Result | Died:
        """Run it in a new process."""
        return _run_alone(function, item)

    def close(self) -> None:
        """End the processes; what nobody has asked for is not done."""
        pool, self._pool = self._pool, None
        if pool is not None and self._idle:
            pool.dismiss()  # to tidy up after themselves they would take some tenths of a second
        elif pool is not None:
            pool.shutdown(wait=True, cancel_futures=True)

    def _map_until_death(
        self, function: Callable[[Item], Result], items: Sequence[Item]
    ) -> Generator[Result, None, _Stop]:
        pool = self._pool = self._pool or take_pool(self._workers)
        shared = pool.share(function)
        waiting: deque[Future[Result]] = deque()
        done = 0
        self._idle = False
        try:
            for item in items:
                waiting.append(pool.submit_item(shared, item))
                if len(waiting) >= self._workers * AHEAD:
                    yield waiting[0].result()
                    waiting.popleft()
                    done += 1
            while waiting:
                yield waiting[0].result()
                waiting.popleft()
                done += 1
        except BrokenProcessPool:
            self.close()
            return _Stop(done, max(1, len(waiting)))
        self._idle = True
        return _Stop(done, 0)


@dataclass(frozen=True)
class _Stop:
    """Where a pool stopped: how many items it has done, and how many were under way when a process died."""

    done: int
    under_way: int


def _run_alone(function: Callable[[Item], Result], item: Item) -> Result | Died:
    with WorkerPool(1) as pool:
        try:
            result: Result = pool.submit_item(pool.share(function), item).result()
        except BrokenProcessPool:
            return Died()
        return result
