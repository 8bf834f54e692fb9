"""Kernels that count what tells code from prose in each line."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from cleanse.kernels.text import U8, Bytes, Offsets

OTHER, MARK, BLANK, BEHIND = 0, 1, 2, 3  # classes of bytes in the table of `count_marks`
LONGEST_ENTITY = 32  # bytes between "&" and ";"
COUNTS = 6  # columns of `count_marks`
TAB = 4  # columns that a tab indents by


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
        if data[i] == 60:  # <
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
def count_marks(data: Bytes, starts: Offsets, ends: Offsets, classes: U8, openers: U8) -> NDArray[np.uint32]:
    """Count what tells code from prose in each line, given by its bytes.

    `classes` has for each byte OTHER, MARK, BLANK, or BEHIND for a mark only right behind a letter, a digit or an underscore.

    Gives six columns: visible bytes outside tags and entities; marks among them; tags; entities; indent in columns, a tab
    being four; whether `openers` has the first visible byte. The time is linear: of a "<" no more is read than up to the next one.
    """
    out = np.zeros((len(starts), COUNTS), dtype=np.uint32)
    for row in range(len(starts)):
        i, end = starts[row], ends[row]
        indent = 0
        while i < end and classes[data[i]] == BLANK:
            indent += TAB if data[i] == 9 else 1
            i += 1
        visible, marks, tags, entities = 0, 0, 0, 0
        out[row, 5] = openers[data[i]] if i < end else 0
        while i < end:
            byte = data[i]
            behind = 0
            if byte == 60:
                behind = _end_of_tag(data, i, end)
                tags += behind > 0
            elif byte == 38:
                behind = _end_of_entity(data, i, end)
                entities += behind > 0
            if behind > 0:
                i = behind
                continue
            kind = classes[byte]
            visible += kind != BLANK
            marks += kind == MARK or (kind == BEHIND and i > starts[row] and _is_word(data[i - 1]))
            i += 1
        out[row, 0], out[row, 1], out[row, 2], out[row, 3], out[row, 4] = visible, marks, tags, entities, indent
    return out


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
