"""Near duplicates: documents that share a band are compared, and keepers are chosen among the pairs that are verified."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from cleanse import kernels
from cleanse.duplicates.keys import ENTRY_BYTES, ReadColumns, find_shared, select_keys
from cleanse.duplicates.outcome import Outcome
from cleanse.duplicates.parameters import Parameters
from cleanse.duplicates.shingles import Shingles

WAITING_PAIRS = 1 << 22  # that may hold one another again


def find_buckets(
    read: ReadColumns, rows: kernels.U32, height: int, parameters: Parameters, held: int
) -> list[tuple[kernels.U32, kernels.Offsets]]:
    """Give for each band the rows in buckets of two or more, bucket by bucket, and where each bucket begins.

    The keys of as many bands are read at once as fit into `held` bytes; where one does not fit, some ranges of its keys one after another.
    """
    names = parameters.band_names()
    if ENTRY_BYTES * len(rows) > held:
        shared = (find_shared(select_keys(read, name, rows), len(rows), held) for name in names)
        return [(rows[members], starts) for band in shared for members, starts in band]
    step = max(1, held // (8 * max(1, height)))
    buckets = []
    for first in range(0, len(names), step):
        here = names[first : first + step]
        keys = np.empty((len(here), len(rows)), dtype=np.uint64)
        start = 0
        for frame in read(here):
            low, high = np.searchsorted(rows, np.array([start, start + frame.height], dtype=np.uint32))
            for number, name in enumerate(here):
                keys[number, low:high] = frame[name].to_numpy()[rows[low:high] - np.uint32(start)]
            start += frame.height
        for number in range(len(here)):
            members, starts = kernels.find_repeated(keys[number])
            buckets.append((rows[members], starts))
    return buckets


def find_near(
    buckets: list[tuple[kernels.U32, kernels.Offsets]],
    shingles: Shingles,
    count: int,
    parameters: Parameters,
    outcome: Outcome,
    kept: int = 0,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Find for each of `count` ranks the kept rank it is nearest to, or -1, and the similarity.

    In each round the first document of each bucket that was not dropped and has not led yet is compared with all behind
    it: star edges, so a bucket of n near duplicates costs n comparisons and not n². Rounds end when every document that is
    kept has led in each of its buckets, or at the limit, and what is then unfinished is counted. The first `kept` ranks
    are not compared with one another.
    """
    twins = np.full(count, -1, dtype=np.int64)
    best = np.ones(count, dtype=np.float64)
    outcome.largest_bucket = max((int(np.diff(starts).max(initial=0)) for _, starts in buckets), default=0)
    led = [kernels.mark_last(*bucket) for bucket in buckets]

    def count_unfinished() -> int:
        return sum(kernels.count_unled(*bucket, done, twins) for bucket, done in zip(buckets, led, strict=True))

    compared = np.zeros(0, dtype=np.uint64)
    similar, similarity = compared, np.zeros(0, dtype=np.float64)
    outcome.unfinished_buckets = count_unfinished()
    for _ in range(parameters.rounds):
        if not outcome.unfinished_buckets:
            break
        new = _without(_pair_all(buckets, led, twins, kept), compared)
        if len(new):
            compared = np.sort(np.concatenate([compared, new]))
            scores = shingles.compare(*_ranks(new))
            enough = scores >= parameters.threshold
            similar, similarity = np.append(similar, new[enough]), np.append(similarity, scores[enough])
            twins, best = _choose_keepers(similar, similarity, count)
        outcome.unfinished_buckets = count_unfinished()
    outcome.candidates = len(compared)
    outcome.verified = len(similar)
    return twins, best


def _pair_all(
    buckets: list[tuple[kernels.U32, kernels.Offsets]], led: list[kernels.U8], twins: NDArray[np.int64], kept: int
) -> kernels.U64:
    """Let each bucket be led by the next document, and give the different pairs, ascending."""
    found = [np.zeros(0, dtype=np.uint64)]
    for bucket, done in zip(buckets, led, strict=True):
        found.append(kernels.pair_buckets(*bucket, done, twins, kept))
        # The same pair comes from several bands: what waits is cut down before it grows large.
        if sum(map(len, found[1:])) > max(len(found[0]), WAITING_PAIRS):
            found = [_distinct(np.concatenate(found))]
    return _distinct(np.concatenate(found))


def _distinct(pairs: kernels.U64) -> kernels.U64:
    """Give the different pairs, ascending; numpy's `unique` would take several times the memory."""
    pairs = np.sort(pairs)
    return pairs[np.flatnonzero(np.diff(pairs, prepend=~pairs[:1]))]


def _without(pairs: kernels.U64, others: kernels.U64) -> kernels.U64:
    """Give the pairs that are not among others; both are ascending."""
    if not len(others):
        return pairs
    places = np.minimum(np.searchsorted(others, pairs), len(others) - 1)
    return pairs[np.flatnonzero(others[places] != pairs)]


def _ranks(pairs: kernels.U64) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Take pairs of ranks apart, which are left << 32 | right."""
    return (pairs >> np.uint64(32)).astype(np.int64), (pairs & np.uint64(0xFFFFFFFF)).astype(np.int64)


def _choose_keepers(
    similar: kernels.U64, similarity: NDArray[np.float64], count: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    left, right = _ranks(similar)
    order = np.lexsort((left, right))
    chosen: tuple[NDArray[np.int64], NDArray[np.float64]] = choose_keepers(
        left[order], right[order], similarity[order], count
    )
    return chosen


@numba.njit(cache=True, nogil=True)
def choose_keepers(left: Any, right: Any, similarity: Any, count: int) -> Any:
    """Go through verified pairs by `right`; a document is dropped when a document before it is similar and kept.

    Arrays of pairs with left < right, sorted by right. Gives int64 of `count`: the most similar kept one or -1, the
    smallest rank on a tie; and that similarity.
    """
    twins = np.full(count, -1, dtype=np.int64)
    best = np.ones(count, dtype=np.float64)
    i = 0
    while i < len(right):
        document = right[i]
        while i < len(right) and right[i] == document:
            if twins[left[i]] < 0 and (twins[document] < 0 or similarity[i] > best[document]):
                twins[document] = left[i]
                best[document] = similarity[i]
            i += 1
    return twins, best
