"""A pool of processes that knows nothing of Ctrl-C: this process hears it, and ends them."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import resource_tracker
from multiprocessing.context import SpawnContext, SpawnProcess


class WorkerPool(ProcessPoolExecutor):
    """Processes that are spawned, never forked, since Polars holds threads. An interrupt ends them at once."""

    def __init__(self, workers: int) -> None:
        """Open a pool of so many processes."""
        if hasattr(resource_tracker, "ensure_running"):
            resource_tracker.ensure_running()  # it lets signals through again when it starts
        super().__init__(workers, mp_context=_DeafContext())

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002
        """Wait for what is under way; but on an interrupt, or where nobody wants the rest, end the processes first."""
        error = sys.exc_info()[1]
        if error is not None and not isinstance(error, Exception):
            for process in list((self._processes or {}).values()):
                process.terminate()
        super().shutdown(wait, cancel_futures=cancel_futures)


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
