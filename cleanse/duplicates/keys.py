"""Keys that occur more than once, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import polars as pl

from cleanse import kernels

ReadColumns = Callable[[list[str]], Iterable[pl.DataFrame]]
HELD_BYTES = 1 << 28  # of band keys, and of texts and shingles, at a time
ENTRY_BYTES = 40  # that a key takes while it is looked for whom else has it
RANGE_KEYS = 32  # a range holds more than that, however little memory there is: each reads all keys


def select_keys(read: ReadColumns, name: str, rows: kernels.U32) -> Callable[[], Iterator[kernels.U64]]:
    """Make a function that gives a column at some ascending rows, part by part."""

    def give() -> Iterator[kernels.U64]:
        start = 0
        for frame in read([name]):
            low, high = np.searchsorted(rows, np.array([start, start + frame.height], dtype=np.uint32))
            yield frame[name].to_numpy()[rows[low:high] - np.uint32(start)]
            start += frame.height

    return give


def find_shared(
    read: Callable[[], Iterable[kernels.U64]], count: int, held: int = HELD_BYTES
) -> Iterator[tuple[kernels.U32, kernels.Offsets]]:
    """Give the places of keys that occur more than once, group by group, and where each group begins.

    `read` gives `count` keys, part by part; they are hashes. Where they take more than `held` bytes, they are read once for each of some
    ranges of keys, and there is an outcome for each range.
    """
    ranges = max(1, min(-(-ENTRY_BYTES * count // held), count // RANGE_KEYS))
    for number in range(ranges):
        keys, places = [np.zeros(0, dtype=np.uint64)], [np.zeros(0, dtype=np.uint32)]
        start = 0
        for part in read():
            # Bits from the middle: those at both ends are the ones by which keys are looked up.
            own = np.flatnonzero((part >> np.uint64(20)) % np.uint64(ranges) == number)
            keys.append(part[own])
            places.append((own + start).astype(np.uint32))
            start += len(part)
        members, starts = kernels.find_repeated(np.concatenate(keys))
        yield np.concatenate(places)[members], starts
