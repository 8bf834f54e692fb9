"""Spans of a line and their unions."""

from __future__ import annotations

import bisect
from collections.abc import Iterable

import numpy as np
import polars as pl


def merge_spans(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Give the union of spans, sorted; spans that touch become one.

    >>> merge_spans([(4, 6), (0, 2), (2, 5), (9, 9)])
    [(0, 6)]
    """
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if start >= end:
            continue
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def lies_in(start: int, end: int, union: list[tuple[int, int]]) -> bool:
    """Say whether a span lies inside one of the spans of a union, as `merge_spans` gives it.

    >>> lies_in(4, 6, [(0, 2), (3, 7)]), lies_in(1, 4, [(0, 2), (3, 7)])
    (True, False)
    """
    before = bisect.bisect_right(union, start, key=lambda span: span[0]) - 1
    return before >= 0 and end <= union[before][1]


def find_covered(places: pl.DataFrame, spans: pl.DataFrame) -> pl.Series:
    """Say of each place whether it lies inside the union of the spans of its line.

    Reads of both: `doc`, `line`, `start`, `end`. A place without a line, or an empty one that no span touches, is not covered.
    """
    names = ["doc", "line", "start", "end"]
    asked = places.select(names).with_row_index("place").drop_nulls()
    covered = np.zeros(places.height, dtype=np.bool_)
    spans = spans.select(names).drop_nulls().filter(pl.col("start") < pl.col("end"))
    if asked.is_empty() or spans.is_empty():
        return pl.Series(covered)
    # A number for each line, the same in both, and places as one number: spans are then looked up by bisection.
    keys = [(frame["doc"].cast(pl.UInt64) * 2**32 + frame["line"]).to_numpy() for frame in (asked, spans)]
    _, numbers = np.unique(np.concatenate(keys), return_inverse=True)
    own, other = numbers[: asked.height].astype(np.uint64) << 32, numbers[asked.height :].astype(np.uint64) << 32
    starts, ends = other + spans["start"].to_numpy(), other + spans["end"].to_numpy()
    order = np.argsort(starts, kind="stable")
    starts, reach = starts[order], np.maximum.accumulate(ends[order])
    # The end of all spans so far: where the next one begins behind it, a new stretch of the union begins.
    opens = np.append(True, starts[1:] > reach[:-1])
    begins, stops = starts[opens], reach[np.append(np.flatnonzero(opens)[1:] - 1, len(starts) - 1)]
    at = np.searchsorted(begins, own + asked["start"].to_numpy(), side="right").astype(np.int64) - 1
    covered[asked["place"].to_numpy()] = (at >= 0) & (own + asked["end"].to_numpy() <= stops[np.maximum(at, 0)])
    return pl.Series(covered)
