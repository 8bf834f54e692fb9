"""Ray Core as an engine: plain tasks that take and give paths, on any number of machines with shared storage."""

from __future__ import annotations

import os
import socket
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from cleanse.errors import OptionError, WorkerError
from cleanse.files import is_work
from cleanse.passes.engine import Died

Item = TypeVar("Item")
Result = TypeVar("Result")
AHEAD = 3  # tasks for each processor: those that wait keep it busy while the first in order is not done yet
RETRIES = 3  # of a task whose process or machine dies
PASSED_ON = ("CLEANSE_CACHE", "PYTHONPATH")  # variables that workers get, too
KNOCK_SECONDS = 10.0  # for a cluster to answer
SHARED_SECONDS = 10.0  # for shared storage to show a new folder to a machine


class Cluster:
    """Ray, with one task for each item. Ray gives the task of a machine that died to another one.

    All machines must see the input and the work folder under the same paths, and have the same cleanse installed.
    """

    def __init__(self, address: str | None, workers: int | None, work: Path) -> None:
        """Join the Ray at `address`, or where there is none start one on this machine; `workers` is the most tasks at a time.

        Raises:
            OptionError: Ray is not installed, or there is none at the address.
        """
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        try:
            import ray
        except ImportError as error:
            hint = "pip install 'cleanse-corpus[ray]'"
            raise OptionError("--engine ray needs Ray, which is not installed", hint=hint) from error
        self._ray: Any = ray
        self._work = work
        self._own = not ray.is_initialized()
        if self._own:
            variables = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
            settings: dict[str, Any] = {
                "address": address,
                "runtime_env": {"env_vars": {"POLARS_MAX_THREADS": "1", **variables}},
                "log_to_driver": False,
                "logging_level": "ERROR",
            }
            if address is None and not os.environ.get("RAY_ADDRESS"):
                settings |= {"include_dashboard": False, "num_cpus": workers}
            try:
                _knock(address)
                ray.init(**settings)
            except (OSError, RuntimeError, ValueError) as error:
                hint = "start it with `ray start --head`, and give its address, such as 10.0.0.1:6379"
                raise OptionError("no Ray answers", where=f"--ray-address {address}", hint=hint) from error
        self._window = workers or max(1, int(self._ray.cluster_resources().get("CPU", 1))) * AHEAD

    def map(self, function: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result | Died]:
        """Give the result of each item in order. The function travels once, the items one by one."""
        task, shared = self._task(RETRIES), self._ray.put(function)
        waiting: deque[Any] = deque()
        for item in items:
            waiting.append(task.remote(shared, item, self._work))
            if len(waiting) >= self._window:
                yield self._take(waiting.popleft())
        while waiting:
            yield self._take(waiting.popleft())

    def run_alone(self, function: Callable[[Item], Result], item: Item) -> Result | Died:
        """Give the result of one item; its process dies once at most."""
        result: Result | Died = self._take(self._task(0).remote(function, item, self._work))
        return result

    def close(self) -> None:
        """Leave the cluster, where it was entered here; what this run has under way there ends."""
        if self._own:
            self._ray.shutdown()

    def _task(self, retries: int) -> Any:
        return self._ray.remote(num_cpus=1, max_retries=retries)(_run)

    def _take(self, waiting: Any) -> Any:
        errors = self._ray.exceptions
        try:
            return self._ray.get(waiting)
        except errors.RayTaskError as error:
            raise error.cause from None
        except (errors.WorkerCrashedError, errors.NodeDiedError, errors.OutOfMemoryError):
            return Died()
        except errors.RayError as error:
            hint = "look at it with `ray status`; give the same command again, and it goes on where it stopped"
            raise WorkerError("Ray cannot run a task", where=str(error).splitlines()[0], hint=hint) from error


def _knock(address: str | None) -> None:
    """See that somebody listens at host:port, for Ray itself would wait for minutes.

    Raises:
        OSError: nobody does.
    """
    host, _, port = (address or "").removeprefix("ray://").rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host.strip("[]"), int(port)), KNOCK_SECONDS).close()


def _run(function: Callable[[Any], Any], item: Any, work: Path) -> Any:
    """Run in a worker of Ray: see that the storage is shared, and do the item."""
    deadline = time.monotonic() + SHARED_SECONDS
    while not is_work(work):
        if time.monotonic() > deadline:
            hint = "--engine ray needs input and OUT on storage that all machines see under the same path"
            raise WorkerError("a machine of the cluster does not see the work folder", where=str(work), hint=hint)
        time.sleep(0.1)
    return function(item)
