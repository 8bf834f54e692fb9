"""Tell a person who waits, or a program, how far a run is. What is told never changes what comes out.

A run calls a reporter with a Step. A reporter is any function that takes one; this module makes three.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any

PAUSE = 5.0  # seconds between two lines of a log


@dataclass(frozen=True)
class Step:
    """How far a run is: `done` of `total` parts of one pass, and the documents and megabytes of text that this pass has done."""

    name: str
    done: int
    total: int
    documents: int = 0
    megabytes: float = 0.0


Reporter = Callable[[Step], None]


def choose_reporter(stream: IO[str], *, as_json: bool = False) -> Reporter:
    """Choose how to tell: a bar on a terminal, else a line every few seconds; with `as_json` a line of JSON a step."""
    if as_json:
        return _report_json(stream)
    return _report_bar(stream) if stream.isatty() else report_lines(stream)


def report_lines(stream: IO[str], clock: Callable[[], float] = time.monotonic) -> Reporter:
    r"""Make a reporter that writes a line at most every PAUSE seconds.

    >>> import sys
    >>> times = iter([0.0, 2.0, 6.0])
    >>> report = report_lines(sys.stdout, lambda: next(times))
    >>> for done in (0, 1, 2):
    ...     report(Step("clean", done, 4, 500 * done, 8.0 * done))
    clean: 2 of 4 parts, 1 000 documents, 167 documents/s, 2.7 MB/s, 6 s left
    """
    begun: dict[str, float] = {}
    last: list[float] = []

    def report(step: Step) -> None:
        now = clock()
        started = begun.setdefault(step.name, now)
        if not last:
            last.append(now)
        if now - last[0] < PAUSE:
            return
        last[0] = now
        stream.write(f"{step.name}: {step.done} of {step.total} parts{describe_speed(step, now - started)}\n")
        stream.flush()

    return report


def describe_speed(step: Step, seconds: float) -> str:
    """Say how fast a pass is and how long it will still take.

    >>> describe_speed(Step("clean", 1, 4, 500, 8.0), 2.0)
    ', 500 documents, 250 documents/s, 4.0 MB/s, 6 s left'
    >>> describe_speed(Step("assemble", 1, 4), 0.0)
    ''
    """
    if seconds <= 0 or not step.done:
        return ""
    text = ""
    if step.documents:
        text = f", {_count(step.documents)} documents, {_count(round(step.documents / seconds))} documents/s"
        text += f", {step.megabytes / seconds:.1f} MB/s"
    left = seconds / step.done * (step.total - step.done)
    return f"{text}, {describe_time(left)} left"


def describe_time(seconds: float) -> str:
    """Write a length of time in its two largest units.

    >>> [describe_time(seconds) for seconds in (6.2, 75, 3 * 3600 + 120)]
    ['6 s', '1 min 15 s', '3 h 2 min']
    """
    whole = round(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {whole % 60} s" if minutes else f"{whole} s"


def _count(number: int) -> str:
    return f"{number:,}".replace(",", " ")


def _report_json(stream: IO[str]) -> Reporter:
    started = time.monotonic()

    def report(step: Step) -> None:
        line = {
            "step": step.name, "done": step.done, "total": step.total, "documents": step.documents,
            "megabytes": round(step.megabytes, 6), "seconds": round(time.monotonic() - started, 3),
        }  # fmt: skip
        stream.write(json.dumps(line) + "\n")
        stream.flush()

    return report


def _report_bar(stream: IO[str]) -> Reporter:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[speed]}"), TimeRemainingColumn()
    bar = Progress(*columns, console=Console(file=stream), transient=True)
    tasks: dict[str, Any] = {}
    begun: dict[str, float] = {}

    def report(step: Step) -> None:
        if step.name not in tasks:
            bar.start()
            begun[step.name] = time.monotonic()
            tasks[step.name] = bar.add_task(step.name, total=step.total, speed="")
        speed = describe_speed(step, time.monotonic() - begun[step.name]).removeprefix(", ").rpartition(", ")[0]
        bar.update(tasks[step.name], completed=step.done, total=step.total, speed=speed)
        if step.done >= step.total:
            bar.stop_task(tasks[step.name])
            bar.remove_task(tasks[step.name])
            if not bar.tasks:
                bar.stop()

    return report
