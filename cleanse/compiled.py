"""Patterns that stay compiled from one batch to the next.

Polars keeps the last 32 patterns that a thread has asked for. The rules ask for hundreds in turn, so that each would be compiled anew for
each batch, which takes longer than all its lines. So patterns are shared out among threads that wait for them, each of which
has no more than Polars keeps. A call waits for its threads: they do nothing at the same time, and change nothing but the time.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

Value = TypeVar("Value")
KEPT = 30  # patterns of a thread; Polars keeps 32
MOST_THREADS = 40  # what is asked for beyond their patterns is compiled each time


class _Threads:
    """The threads, and which pattern belongs to which, by the order in which patterns were first asked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers: dict[str, int] = {}
        self._threads: list[ThreadPoolExecutor] = []

    def number(self, patterns: Sequence[str]) -> list[int]:
        """Give for each pattern the number of its thread; MOST_THREADS where it has none."""
        with self._lock:
            for pattern in patterns:
                self._numbers.setdefault(pattern, min(len(self._numbers) // KEPT, MOST_THREADS))
            return [self._numbers[pattern] for pattern in patterns]

    def run(self, number: int, call: Callable[[], Value]) -> Value:
        """Run a call in a thread and wait for it."""
        if number >= MOST_THREADS:
            return call()
        with self._lock:
            while len(self._threads) <= number:
                self._threads.append(ThreadPoolExecutor(1, f"cleanse-patterns-{len(self._threads)}"))
        return self._threads[number].submit(call).result()


_threads = _Threads()


def run_compiled(pattern: str, call: Callable[[], Value]) -> Value:
    """Run a call of Polars that matches a pattern where the pattern stays compiled.

    >>> run_compiled("a+b", lambda: pl.Series(["aab", "b"]).str.contains("a+b")).to_list()
    [True, False]
    """
    return _threads.run(_threads.number([pattern])[0], call)


def match_any(texts: pl.Series, patterns: Sequence[str]) -> NDArray[np.bool_]:
    """Say of each text whether one of the patterns matches it.

    >>> match_any(pl.Series(["ab", "b", "c"]), ["^a", "c$"]).tolist()
    [True, False, True]
    """
    found = np.zeros(len(texts), dtype=np.bool_)
    by_thread: dict[int, list[pl.Expr]] = {}
    for number, pattern in zip(_threads.number(patterns), patterns, strict=True):
        by_thread.setdefault(number, []).append(pl.col("text").str.contains(pattern))
    frame = texts.rename("text").to_frame()
    for number, asked in by_thread.items():
        either = pl.any_horizontal(asked)
        found |= _threads.run(number, functools.partial(frame.select_seq, either)).to_series().to_numpy()
    return found


def match_own(texts: pl.Series, patterns: pl.Series) -> pl.Series:
    """Say of each text whether its own pattern matches it; equal patterns stand together.

    >>> match_own(pl.Series(["ab", "b", "c"]), pl.Series(["^a", "^a", "c$"])).to_list()
    [True, False, True]
    """
    pairs = pl.DataFrame({"text": texts, "pattern": patterns})
    runs = patterns.rle_id()
    firsts = patterns.filter(runs.is_first_distinct()).to_list()
    numbers = np.array(_threads.number(firsts), dtype=np.int64)[runs.to_numpy()]
    matches = np.zeros(len(texts), dtype=np.bool_)
    asked = pl.col("text").str.contains(pl.col("pattern"))
    for number in np.unique(numbers).tolist():
        own = np.flatnonzero(numbers == number)
        rows = pairs[own]
        matches[own] = _threads.run(number, lambda rows=rows: rows.select_seq(asked).to_series().to_numpy())  # type: ignore[misc]
    return pl.Series("text", matches)


def match_groups(
    texts: pl.Series, groups: Sequence[tuple[NDArray[np.int64], Sequence[str]]]
) -> list[NDArray[np.bool_]]:
    """Say of groups of texts, given by their places, whether one of the patterns of the group matches each.

    >>> texts = pl.Series(["ab", "b", "c"])
    >>> [found.tolist() for found in match_groups(texts, [(np.array([0, 1]), ["^a", "c$"]), (np.array([2]), ["c$"])])]
    [[True, False], [True]]
    """
    asked: dict[str, list[NDArray[np.int64]]] = {}
    for places, patterns in groups:
        for pattern in patterns if len(places) else ():
            asked.setdefault(pattern, []).append(places)
    places_of = {pattern: np.unique(np.concatenate(own)) for pattern, own in asked.items()}
    sizes = [len(places) for places in places_of.values()]
    every = np.concatenate([*places_of.values(), np.zeros(0, dtype=np.int64)])
    owns = pl.Series(list(places_of), dtype=pl.String).gather(np.repeat(np.arange(len(sizes)), sizes))
    answers = match_own(texts.gather(every), owns).to_numpy()
    matches = dict(zip(places_of, np.split(answers, np.cumsum(sizes)[:-1]), strict=True)) if sizes else {}
    found = []
    for places, patterns in groups:
        own = np.zeros(len(places), dtype=np.bool_)
        for name in patterns if len(places) else ():
            own |= matches[name][np.searchsorted(places_of[name], places)]
        found.append(own)
    return found
