"""Numba kernels over the lines of many pages of one site: which lines other pages hold too. Nothing else.

A line is known by a digest of its bytes, in which digits, capitals of ASCII and white space do not count; a row of two lines by a digest of both.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from cleanse.kernels.text import U64, Bytes, Offsets

UNKNOWN = -1
LEAST_LONG = 3  # long lines that both of two pages must have, so that these are compared; else all lines are


@numba.njit(cache=True, nogil=True)
def digest_lines(data: Bytes, starts: Offsets, ends: Offsets) -> U64:
    """Give a digest of each line: a number counts as one `0`, ASCII capitals as small letters, white space of ASCII not at all."""
    out = np.empty(len(starts), dtype=np.uint64)
    prime = np.uint64(0x9E3779B97F4A7C15)
    for row in range(len(starts)):
        value = np.uint64(0xCBF29CE484222325)
        number = False
        for i in range(np.uint64(starts[row]), np.uint64(ends[row])):
            byte = data[i]
            if byte <= 32:
                continue
            digit = 48 <= byte <= 57
            if digit and number:
                continue
            number = digit
            if digit:
                byte = np.uint8(48)
            elif 65 <= byte <= 90:
                byte = np.uint8(byte + 32)
            value = (value ^ np.uint64(byte)) * prime
            value ^= value >> np.uint64(29)
        out[row] = value
    return out


@numba.njit(cache=True, nogil=True)
def digest_rows(lines: U64, bounds: Offsets) -> U64:
    """Give for each line a digest of it and the next one of its text; 0 for the last line of a text."""
    out = np.zeros(len(lines), dtype=np.uint64)
    for text in range(len(bounds) - 1):
        for row in range(bounds[text], bounds[text + 1] - 1):
            value = (lines[row] * np.uint64(0xFF51AFD7ED558CCD)) ^ lines[row + 1]
            value ^= value >> np.uint64(31)
            out[row] = value * np.uint64(0xC4CEB9FE1A85EC53) | np.uint64(1)
    return out


@numba.njit(cache=True, nogil=True)
def list_sets(lines: U64, rows: U64, bounds: Offsets, chosen: NDArray[np.bool_]) -> tuple[U64, Offsets]:
    """Give for each text the digests of its `chosen` lines, and of rows that are not 0, sorted and each once; and where they begin."""
    out = np.empty(len(lines) + len(rows), dtype=np.uint64)
    edges = np.zeros(len(bounds), dtype=np.int64)
    filled = 0
    for text in range(len(bounds) - 1):
        begin = filled
        for row in range(bounds[text], bounds[text + 1]):
            if chosen[row]:
                out[filled] = lines[row]
                filled += 1
            if len(rows) and rows[row]:
                out[filled] = rows[row]
                filled += 1
        out[begin:filled].sort()
        last = begin
        for place in range(begin, filled):
            if place == begin or out[place] != out[last - 1]:
                out[last] = out[place]
                last += 1
        filled = last
        edges[text + 1] = filled
    return out[:filled].copy(), edges


@numba.njit(cache=True, nogil=True)
def count_keys(
    sites: Offsets, lines: U64, edges: Offsets, left_out: NDArray[np.bool_]
) -> tuple[U64, NDArray[np.uint32], Offsets]:
    """Count on how many pages of a site each digest stands: those on two or more, sorted, their counts, and where each site begins.

    The arguments are those of `find_alike`; pages that are `left_out` do not count.
    """
    out = np.empty(len(lines) // 2 + 1, dtype=np.uint64)
    counts = np.empty(len(out), dtype=np.uint32)
    starts = np.zeros(len(sites), dtype=np.int64)
    most = 0
    for site in range(len(sites) - 1):
        most = max(most, edges[sites[site + 1]] - edges[sites[site]])
    every = np.empty(most, dtype=np.uint64)
    filled = 0
    for site in range(len(sites) - 1):
        size = 0
        for page in range(sites[site], sites[site + 1]):
            if not left_out[page]:
                for place in range(edges[page], edges[page + 1]):
                    every[size] = lines[place]
                    size += 1
        every[:size].sort()
        place = 0
        while place < size:
            end = place + 1
            while end < size and every[end] == every[place]:
                end += 1
            if end - place > 1:
                out[filled] = every[place]
                counts[filled] = end - place
                filled += 1
            place = end
        starts[site + 1] = filled
    return out[:filled].copy(), counts[:filled].copy(), starts


@numba.njit(cache=True, nogil=True)
def _share_of(left: U64, right: U64) -> float:
    """Give the Jaccard share of two sets, each sorted and without repeats."""
    i = j = common = 0
    while i < len(left) and j < len(right):
        if left[i] == right[j]:
            common += 1
            i += 1
            j += 1
        elif left[i] < right[j]:
            i += 1
        else:
            j += 1
    total = len(left) + len(right) - common
    return common / total if total else 0.0


@numba.njit(cache=True, nogil=True)
def find_alike(
    sites: Offsets, lines: U64, edges: Offsets, longs: U64, long_edges: Offsets, percent: int
) -> NDArray[np.bool_]:
    """Say which pages are nearly the same as an earlier page of their site that is not: `percent` of their long lines, or of all.

    The pages of site `s` are `sites[s]` up to `sites[s + 1]`; page `p` has `lines[edges[p]:edges[p + 1]]` and its long ones among `longs`,
    sorted and without repeats.
    """
    out = np.zeros(len(edges) - 1, dtype=np.bool_)
    for site in range(len(sites) - 1):
        for page in range(sites[site] + 1, sites[site + 1]):
            own = longs[long_edges[page] : long_edges[page + 1]]
            for other in range(sites[site], page):
                if out[other]:
                    continue
                its = longs[long_edges[other] : long_edges[other + 1]]
                if len(own) >= LEAST_LONG and len(its) >= LEAST_LONG:
                    share = _share_of(own, its)
                else:
                    share = _share_of(lines[edges[page] : edges[page + 1]], lines[edges[other] : edges[other + 1]])
                if share * 100 >= percent:
                    out[page] = True
                    break
    return out


@numba.njit(cache=True, nogil=True)
def _count_of(key: np.uint64, keys: U64, counts: NDArray[np.uint32], low: int, high: int) -> int:
    while low < high:
        middle = (low + high) // 2
        if keys[middle] < key:
            low = middle + 1
        else:
            high = middle
    return int(counts[low]) if low < len(keys) and keys[low] == key else 0


@numba.njit(cache=True, nogil=True)
def find_shares(
    lines: U64, rows: U64, bounds: Offsets, sites: Offsets, members: NDArray[np.bool_], pages: Offsets, starts: Offsets, keys: U64,
    counts: NDArray[np.uint32], least: int, shared: int,
) -> NDArray[np.int8]:  # fmt: skip
    """Give for each line the percent of the other pages of its site that hold it, and that hold it beside the same line: int8 (lines, 2).

    Text `t` is of site `sites[t]`, or of none where that is -1; `members` says whether it was counted itself. Of site `s`, `pages[s]` pages
    were counted, and its `keys`, sorted, lie from `starts[s]` on with their `counts`; what one page alone holds is not among them.
    UNKNOWN where a site has fewer than `least` other pages, or less than `shared` percent of the lines of a text stand on any of them.
    """
    out = np.full((len(lines), 2), UNKNOWN, dtype=np.int8)
    for text in range(len(bounds) - 1):
        site = sites[text]
        if site < 0:
            continue
        others = pages[site] - members[text]
        if others < least or others < 1:
            continue
        low, high = starts[site], starts[site + 1]
        known = 0
        before = 0  # how many hold the line above and this one
        for row in range(bounds[text], bounds[text + 1]):
            alone = max(0, _count_of(lines[row], keys, counts, low, high) - members[text])
            below = 0
            if row + 1 < bounds[text + 1]:
                below = max(0, _count_of(rows[row], keys, counts, low, high) - members[text])
            known += alone > 0
            out[row, 0] = min(100, 100 * alone // others)
            out[row, 1] = min(100, 100 * max(before, below) // others)
            before = below
        if known * 100 < shared * (bounds[text + 1] - bounds[text]):
            out[bounds[text] : bounds[text + 1]] = UNKNOWN
    return out
