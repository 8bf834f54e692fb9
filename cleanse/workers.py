"""A pool of processes that knows nothing of Ctrl-C: this process hears it, and ends them. They do not outlive this process.

Nothing that takes time is imported here, so that the command can begin the processes before it gets ready itself.
"""

from __future__ import annotations

import contextlib
import importlib
import multiprocessing
import multiprocessing.connection
import os
import pickle
import signal
import sys
import threading
import types
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import resource_tracker
from multiprocessing.context import SpawnContext, SpawnProcess
from multiprocessing.shared_memory import SharedMemory
from typing import Any

from cleanse.memory import uncollected

ORPHANED = 3  # status of a process whose parent was killed
THREADS = "POLARS_MAX_THREADS"  # read when a new process imports Polars
READY = "cleanse.passes"  # what a process needs, whatever it will be asked for
CUT_SUFFIXES = (".parquet", ".jsonl", ".ndjson")  # of files that are cut into shards
WORTH_BYTES = 32 << 20  # of such a file, from which on processes are begun at once


def count_processors() -> int:
    """Count the processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class WorkerPool(ProcessPoolExecutor):
    """Processes that are spawned, never forked, since Polars holds threads. An interrupt ends them at once.

    They share the processors.
    """

    def __init__(self, workers: int) -> None:
        """Open a pool of so many processes at most. They are begun when there is something to do."""
        if hasattr(resource_tracker, "ensure_running"):
            resource_tracker.ensure_running()  # it lets signals through again when it starts
        self.workers = workers
        self._threads = str(max(1, (os.cpu_count() or 1) // workers))
        self._shared: list[SharedMemory] = []
        super().__init__(workers, mp_context=_DeafContext(), initializer=_begin)

    def get_ready(self) -> None:
        """Begin all processes, and let them import what they need."""
        with contextlib.suppress(BrokenProcessPool):  # one has died: whoever asks for something will see it
            for _ in range(self.workers):
                self.submit(_import_quickly, READY)

    def share(self, function: Callable[[Any], Any]) -> Function:
        """Lay a function where all processes find it.

        It may hold much, so it lies in shared memory: what does not fit into a pipe would be waited for without end where a process dies
        before it has read it.
        """
        content = pickle.dumps(function, protocol=pickle.HIGHEST_PROTOCOL)
        shared = SharedMemory(create=True, size=len(content))
        memoryview(shared.buf)[: len(content)] = content  # type: ignore[arg-type]
        self._shared.append(shared)
        return shared.name, len(content)

    def submit(self, function: Callable[..., Any], /, *given: Any, **named: Any) -> Future[Any]:
        """Let a process run a function; a process that is begun for it gets its share of the processors."""
        before = os.environ.get(THREADS)
        os.environ[THREADS] = self._threads
        try:
            return super().submit(function, *given, **named)
        finally:
            if before is None:
                del os.environ[THREADS]
            else:
                os.environ[THREADS] = before

    def submit_item(self, function: Function, item: Any) -> Future[Any]:
        """Let a process run a shared function over an item."""
        return self.submit(_apply, function, item)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002
        """Wait for what is under way; but on an interrupt, or where nobody wants the rest, end the processes first."""
        error = sys.exc_info()[1]
        if error is not None and not isinstance(error, Exception):
            self._terminate()
        super().shutdown(wait, cancel_futures=cancel_futures)
        while self._shared:
            shared = self._shared.pop()
            shared.close()
            shared.unlink()

    def dismiss(self) -> None:
        """End processes that have nothing to do, also while they are starting."""
        self._terminate()
        self.shutdown(cancel_futures=True)

    def _terminate(self) -> None:
        for process in list((self._processes or {}).values()):
            process.terminate()


Function = tuple[str, int]  # where a shared function lies, and its bytes
_early: list[WorkerPool] = []  # begun before it was known what they are for


@contextlib.contextmanager
def begin_early(inputs: Sequence[str], workers: int) -> Iterator[None]:
    """Begin the processes of a run that will need them; those that nobody has taken at the end of the block are ended.

    A file that is cut into several shards needs them for sure; of all others it is not known yet.
    """
    if workers > 1 and any(map(_is_large, inputs)):
        _early.append(WorkerPool(workers))
        _early[0].get_ready()
    try:
        yield
    finally:
        while _early:
            _early.pop().dismiss()


def take_pool(workers: int) -> WorkerPool:
    """Give the pool that was begun early, if it has so many processes; else a new one."""
    if _early and _early[0].workers == workers:
        return _early.pop()
    return WorkerPool(workers)


def _is_large(name: str) -> bool:
    try:
        return name.lower().endswith(CUT_SUFFIXES) and os.path.getsize(name) >= WORTH_BYTES  # noqa: PTH202 - a name may be no UTF-8
    except (OSError, ValueError):
        return False


def _import_quickly(name: str) -> None:
    """Import a module; what it makes stays, so that nobody has to look for memory to free."""
    with uncollected():
        importlib.import_module(name)


_given: dict[str, Callable[[Any], Any]] = {}  # in a worker: the function that was used last, by its name


def _begin() -> None:
    """Begin a worker: it ends when the parent is gone.

    A worker whose parent was killed would wait for work for ever, or go on writing where the next run is at work already.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    multiprocessing.connection.wait([sentinel])
    os._exit(ORPHANED)


def _apply(function: Function, item: Any) -> Any:
    name, size = function
    if name not in _given:
        shared = SharedMemory(name)
        _given.clear()
        _given[name] = pickle.loads(bytes(shared.buf or b"")[:size])  # noqa: S301 - the parent wrote it, and nobody else may
        shared.close()
    return _given[name](item)


class _DeafProcess(SpawnProcess):
    """A process that inherits a blocked interrupt, so that it says nothing even while it starts, and that knows nothing of the script.

    Python would run the script that called us in each process again, to find its functions: a script that does not ask whether it is
    the first one (`if __name__ == "__main__"`) would begin its run anew there. All that our processes call stands in modules.
    """

    def start(self) -> None:
        with _interrupts_blocked(), _script_hidden():
            super().start()


class _DeafContext(SpawnContext):
    Process = _DeafProcess


@contextlib.contextmanager
def _script_hidden() -> Iterator[None]:
    """Let a module without a file stand for the script: so a new process is told of none."""
    script = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = script


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
