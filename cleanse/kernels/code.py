"""Kernels that count what tells code from prose in each line."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from cleanse.kernels.text import PLANES, U8, U32, U64, Bytes, Offsets, _is_visible, count_lines, decode_character

# Bits of bytes in the table of `measure_lines`: visible, a mark; and from CLOSER on those of bytes that are looked at more closely.
BLANK, OTHER, MARK = 0, 1, 2
CLOSER = BREAK = 4
BEHIND, TAG, ENTITY = 8, 16, 32
LONGEST_ENTITY = 32  # bytes between "&" and ";"
VISIBLE, MARKS, TAGS, ENTITIES, INDENT, BLANKS, OPENS, BYTES, COUNTS = range(
    9
)  # columns of `measure_lines`, and their number
TAB = 4  # columns that a tab indents by
PATTERNS = 64  # bits of a mask


@numba.njit(cache=True, nogil=True)
def _is_word(byte: int) -> bool:
    """Say whether a byte is an ASCII letter or digit, or an underscore."""
    return 97 <= byte | 32 <= 122 or 48 <= byte <= 57 or byte == 95


@numba.njit(cache=True, nogil=True)
def _end_of_tag(data: Bytes, start: int, end: int) -> int:
    """Give the byte behind a tag that begins at `start`, a "<"; 0 where none does."""
    i = start + 1
    if i < end and (data[i] == 47 or data[i] == 33 or data[i] == 63):  # / ! ?
        i += 1
    if i >= end or not (97 <= data[i] | 32 <= 122 or data[i] == 45):  # a letter, or the dash of a comment
        return 0
    while i < end:
        if data[i] == 62:  # >
            return i + 1
        if data[i] == 60 or data[i] == 10:  # < or the end of the line
            return 0
        i += 1
    return 0


@numba.njit(cache=True, nogil=True)
def _end_of_entity(data: Bytes, start: int, end: int) -> int:
    """Give the byte behind an entity that begins at `start`, an "&"; 0 where none does."""
    i = start + 1
    while i < min(end, start + LONGEST_ENTITY):
        if data[i] == 59:  # ;
            return i + 1 if i > start + 1 else 0
        if not (97 <= data[i] | 32 <= 122 or 48 <= data[i] <= 57 or data[i] == 35):
            return 0
        i += 1
    return 0


@numba.njit(cache=True, nogil=True)
def measure_lines(
    data: Bytes, offsets: Offsets, classes: U8, openers: U8, bits: U64, spaces: NDArray[np.bool_]
) -> tuple[U32, Offsets, Offsets, NDArray[np.int64], U64, Offsets]:
    """Find the lines of all texts that have a visible character, and count what tells code from prose in each.

    `classes` has for each byte BLANK, or OTHER and with it MARK, or BEHIND for a mark only right behind a letter, a digit or an
    underscore; BREAK for the line feed; and TAG for "<" and ENTITY for "&", which come on top. `bits` has a bit for some bytes.

    Gives `line` (from 0, blank lines counted), `starts` and `ends` (bytes, without the break), an entry a line; a row of columns a line:
    VISIBLE bytes outside tags and entities; MARKS among them; TAGS; ENTITIES; INDENT in columns, a tab being four, and in bytes, BLANKS; OPENS, whether `openers`
    has the first visible byte; BYTES; the `bits` of each line; and the first line of each text, with the number of lines at the end.
    The time is linear: of a "<" no more is read than up to the next one or the end of the line.
    """
    size = count_lines(data, offsets)
    lines, masks = np.empty(size, np.uint32), np.empty(size, np.uint64)
    starts, ends = np.empty(size, np.int64), np.empty(size, np.int64)
    counts = np.empty((size, COUNTS), dtype=np.int64)
    bounds = np.zeros(len(offsets), dtype=np.int64)
    one, row = np.uint64(1), 0
    for text in range(len(offsets) - 1):
        i, last = np.uint64(offsets[text]), np.uint64(offsets[text + 1])
        number = 0
        while i < last:
            start = i
            indent = 0
            while i < last and classes[data[i]] == BLANK:
                indent += TAB if data[i] == 9 else 1
                i += one
            first = i
            visible, marks, tags, entities = np.uint64(0), np.uint64(0), 0, 0
            mask = np.uint64(0)
            while i < last:
                byte = data[i]
                kind = np.uint64(classes[byte])
                mask |= bits[byte]
                if kind >= CLOSER:
                    if kind == BREAK:
                        break
                    behind = 0
                    if kind & TAG:
                        behind = _end_of_tag(data, np.int64(i), np.int64(last))  # type: ignore[arg-type]
                        tags += behind > 0
                    elif kind & ENTITY:
                        behind = _end_of_entity(data, np.int64(i), np.int64(last))  # type: ignore[arg-type]
                        entities += behind > 0
                    elif i > start and _is_word(data[i - one]):
                        marks += one
                    if behind > 0:
                        while i < np.uint64(behind):
                            mask |= bits[data[i]]
                            i += one
                        continue
                visible += kind & one
                marks += (kind >> one) & one
                i += one
            ascii_first = first < i and data[first] < 0x80
            if ascii_first or _is_visible(data, np.int64(first), np.int64(i), spaces):  # type: ignore[arg-type]
                lines[row], starts[row], ends[row], masks[row] = number, start, i, mask
                counts[row, VISIBLE], counts[row, MARKS], counts[row, TAGS] = visible, marks, tags
                counts[row, ENTITIES], counts[row, INDENT], counts[row, OPENS] = entities, indent, openers[data[first]]
                counts[row, BLANKS], counts[row, BYTES] = first - start, i - start
                row += 1
            i += one
            number += 1
        bounds[text + 1] = row
    return lines[:row], starts[:row], ends[:row], counts[:row], masks[:row], bounds


@numba.njit(cache=True, nogil=True)
def _opens_blank(data: Bytes, place: int, spaces: NDArray[np.bool_]) -> bool:
    """Say whether at a place white space stands."""
    code, _ = decode_character(data, place)
    return code < PLANES and spaces[code]


@numba.njit(cache=True, nogil=True)
def find_possible(
    data: Bytes,
    starts: Offsets,
    counts: NDArray[np.int64],
    masks: U64,
    spaces: NDArray[np.bool_],
    groups: Offsets,
    bounds: Offsets,
    needs: U64,
    owners: Offsets,
    tagged: NDArray[np.bool_],
    bare: NDArray[np.bool_],
    points: Offsets,
) -> tuple[U64, Offsets, Offsets]:
    """Say of each line which patterns may match it, as bits, and how many points these give it at most and at least.

    A line whose first visible byte is in group `g = groups[byte]` is asked for `needs[bounds[g]:bounds[g + 1]]`, bits of which it must
    have all; one need of a pattern must be met, and `owners` names the patterns, in order. The last group has all needs: it is for lines that
    begin with white space of Unicode. `tagged` says whether a pattern looks only at lines with a tag or an entity, `bare` whether it
    sees the line without them and so may see another first byte. A line without marks, tags, entities and an opener matches nothing.
    """
    possible = np.zeros(len(starts), dtype=np.uint64)
    most, least = np.zeros(len(starts), dtype=np.int64), np.zeros(len(starts), dtype=np.int64)
    for row in range(len(starts)):
        has_tag = counts[row, TAGS] + counts[row, ENTITIES] > 0
        if not (has_tag or counts[row, MARKS] or counts[row, OPENS]):
            continue
        place = starts[row] + counts[row, BLANKS]
        own = groups[data[place]]
        every = len(bounds) - 2
        if data[place] >= 0x80 and _opens_blank(data, place, spaces):
            own = every
        for group in (own, every):
            # A second time only where tags may stand before what a pattern sees.
            if group == every and own != every and not has_tag:
                break
            for k in range(bounds[group], bounds[group + 1]):
                pattern = owners[k]
                bit = np.uint64(1) << np.uint64(pattern)
                if masks[row] & needs[k] != needs[k] or possible[row] & bit or (tagged[pattern] and not has_tag):
                    continue
                if group != own and not bare[pattern]:
                    continue
                possible[row] |= bit
                most[row] += max(points[pattern], 0)
                least[row] += min(points[pattern], 0)
    return possible, most, least


@numba.njit(cache=True, nogil=True)
def sum_near(values: Offsets, bounds: Offsets, reach: int) -> Offsets:
    """Add up for each row the values of the `reach` rows before and behind it in its text, its own left out.

    The rows of text `i` begin at `bounds[i]` and end before `bounds[i + 1]`.
    """
    out = np.zeros(len(values), dtype=np.int64)
    for text in range(len(bounds) - 1):
        first, last = bounds[text], bounds[text + 1]
        total = np.int64(0)
        for row in range(first, min(first + reach, last)):
            total += values[row]
        for row in range(first, last):
            if row + reach < last:
                total += values[row + reach]
            if row - reach - 1 >= first:
                total -= values[row - reach - 1]
            out[row] = total - values[row]
    return out
