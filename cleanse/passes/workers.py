"""A pool of processes that knows nothing of Ctrl-C: this process hears it, and ends them. They do not outlive this process."""

from __future__ import annotations

import contextlib
import multiprocessing
import multiprocessing.connection
import os
import pickle
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import resource_tracker
from multiprocessing.context import SpawnContext, SpawnProcess
from multiprocessing.shared_memory import SharedMemory
from typing import Any

ORPHANED = 3  # status of a process whose parent was killed


class WorkerPool(ProcessPoolExecutor):
    """Processes that are spawned, never forked, since Polars holds threads. An interrupt ends them at once."""

    def __init__(self, function: Callable[[Any], Any], workers: int) -> None:
        """Open a pool of so many processes, each of which reads the function once.

        It may hold much, so it lies in shared memory: what does not fit into a pipe would be waited for without end where a process dies
        before it has read it.
        """
        if hasattr(resource_tracker, "ensure_running"):
            resource_tracker.ensure_running()  # it lets signals through again when it starts
        content = pickle.dumps(function, protocol=pickle.HIGHEST_PROTOCOL)
        self._shared: SharedMemory | None = SharedMemory(create=True, size=len(content))
        memoryview(self._shared.buf)[: len(content)] = content  # type: ignore[arg-type]
        start = (self._shared.name, len(content))
        super().__init__(workers, mp_context=_DeafContext(), initializer=_begin, initargs=start)

    def submit_item(self, item: Any) -> Future[Any]:
        """Let a process run the function over an item."""
        return self.submit(_apply, item)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002
        """Wait for what is under way; but on an interrupt, or where nobody wants the rest, end the processes first."""
        error = sys.exc_info()[1]
        if error is not None and not isinstance(error, Exception):
            for process in list((self._processes or {}).values()):
                process.terminate()
        super().shutdown(wait, cancel_futures=cancel_futures)
        if self._shared is not None:
            self._shared.close()
            self._shared.unlink()
            self._shared = None


_given: list[Callable[[Any], Any]] = []  # in a worker: the function


def _begin(name: str, size: int) -> None:
    """Begin a worker: read the function, and end when the parent is gone.

    A worker whose parent was killed would wait for work for ever, or go on writing where the next run is at work already.
    """
    shared = SharedMemory(name)
    _given[:] = [pickle.loads(bytes(shared.buf or b"")[:size])]  # noqa: S301 - the parent wrote it, and nobody else may
    shared.close()
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    multiprocessing.connection.wait([sentinel])
    os._exit(ORPHANED)


def _apply(item: Any) -> Any:
    return _given[0](item)


class _DeafProcess(SpawnProcess):
    """A process that inherits a blocked interrupt, so that it says nothing even while it starts."""

    def start(self) -> None:
        with _interrupts_blocked():
            super().start()


class _DeafContext(SpawnContext):
    Process = _DeafProcess


@contextlib.contextmanager
def _interrupts_blocked() -> Iterator[None]:
    if not hasattr(signal, "pthread_sigmask"):  # not on this system
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
