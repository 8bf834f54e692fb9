"""Decoration: what sites put around a label, and what stands around a place in a line."""

from __future__ import annotations

import functools

import numba
import numpy as np

from cleanse import cache
from cleanse.kernels import PLANES, U8, Bytes, Offsets, code_points, decode_character, leaf

# What sites put around a label: Unicode's spaces, invisible characters, dashes, connectors, brackets, arrows and other
# symbols, and the punctuation of lists. Not quotes, not the marks of questions and exclamations, not commas, which make
# speech of a label; not the signs of copyright and of currencies, which are words of their own.
DECORATION = r"(?:[\p{Z}\p{C}\p{Pd}\p{Pc}\p{Ps}\p{Pe}\p{Sm}\p{Sk}*•·・‧∙:：/\\.…。।॥|#»«‹›†‡※§]|[\p{So}--[©®ⓒⓟ℗]])"
# Before a pattern only what cannot open a quotation or a bracket is taken away.
OPENING = r"(?:[\p{Z}\p{C}\p{Pd}\p{Pc}\p{Sm}\p{Sk}*•·・‧∙:：/\\.…。।॥|#»›†‡※§]|[\p{So}--[©®ⓒⓟ℗]])"
DECORATES, OPENS = 1, 2  # bits of `decoration_table`
BEFORE_DECORATES, BEFORE_OPENS, BEHIND_DECORATES = 1, 2, 4  # bits of `judge_surroundings`


@cache.keep
def decoration_table() -> U8:
    """Give for each code point of planes 0 and 1 whether it is decoration (DECORATES), also before a pattern (OPENS)."""
    characters = code_points()
    table = np.zeros(PLANES, dtype=np.uint8)
    for pattern, bit in ((DECORATION, DECORATES), (OPENING, OPENS)):
        table[characters.str.contains(f"^{pattern}$").to_numpy()] |= bit
    return table


def strip_decoration(text: str) -> str:
    """Take the decoration at both ends of a text away."""
    bare = [not _decorates(character) for character in text]
    if not any(bare):
        return ""
    return text[bare.index(True) : len(text) - bare[::-1].index(True)]


@functools.lru_cache(maxsize=10_000)
def _decorates(character: str) -> bool:
    return bool(
        decoration_bits.py_func(ord(character), decoration_table()) & DECORATES
    )  # loading the kernel takes longer


@numba.njit(cache=True, nogil=True, inline="always")
def decoration_bits(code: int, table: U8) -> int:
    """Give DECORATES and OPENS of a character, as bits."""
    if code < PLANES:
        return int(table[code])
    # Above the table stand Han, unassigned codes, tags and private use, and the variation selectors, which are marks.
    return DECORATES | OPENS if code >= 0x40000 and not 0xE0100 <= code < 0xE01F0 else 0


@numba.njit(cache=True, nogil=True)
def judge_surroundings(
    data: Bytes, line_starts: Offsets, line_ends: Offsets, starts: Offsets, ends: Offsets, table: U8
) -> U8:
    """Say of each place in a line what stands around it: BEFORE_DECORATES, BEFORE_OPENS, BEHIND_DECORATES as bits.

    All arrays are bytes of the buffer and of one length. Nothing at all counts as decoration. Places of one line stand together, so that
    each line is walked once, however many places it has.
    """
    result = np.zeros(len(starts), dtype=np.uint8)
    begin = end = np.int64(-1)
    decorates = opens = bare = 0
    for place in range(len(starts)):
        if line_starts[place] != begin or line_ends[place] != end:
            begin, end = line_starts[place], line_ends[place]
            decorates = _walk_front(data, begin, end, table, DECORATES)
            opens = _walk_front(data, begin, end, table, OPENS)
            bare = _walk_back(data, begin, end, table)
        flags = BEFORE_DECORATES if starts[place] <= decorates else 0
        flags |= BEFORE_OPENS if starts[place] <= opens else 0
        result[place] = flags | (BEHIND_DECORATES if ends[place] >= bare else 0)
    return result


@leaf()
def _walk_front(data: Bytes, start: int, end: int, table: U8, bit: int) -> int:
    """Give the byte of the first character of a line that has not this bit, else the end of the line."""
    i = start
    while i < end:
        code, behind = decode_character(data, i)
        if not decoration_bits(code, table) & bit:
            break
        i = behind
    return i


@leaf()
def _walk_back(data: Bytes, start: int, end: int, table: U8) -> int:
    """Give the byte behind the last character of a line that is no decoration, else the start of the line."""
    behind = end
    while behind > start:
        i = behind - 1
        while i > start and data[i] & 0xC0 == 0x80:
            i -= 1
        code, _ = decode_character(data, i)
        if not decoration_bits(code, table) & DECORATES:
            break
        behind = i
    return behind


@numba.njit(cache=True, nogil=True)
def open_lines(data: Bytes, starts: Offsets, ends: Offsets, table: U8) -> Offsets:
    """Give for each line the byte behind what stands before it and opens no quotation."""
    result = np.empty(len(starts), dtype=np.int64)
    for line in range(len(starts)):
        result[line] = _walk_front(data, starts[line], ends[line], table, OPENS)
    return result
