"""Find the literals of all rules in all lines: one pass over the bytes, which is the first gate of every rule.

A window of eight bytes slides over the text; a table of hashed beginnings turns away nearly all places, and what is left is compared
byte by byte.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from cleanse.kernels import U8, U32, Bytes, Offsets, decode_character
from cleanse.matching.decoration import DECORATES, decoration_bits, decoration_table
from cleanse.matching.forms import GOLDEN, GOLDEN32, HEADS, SHORT, SLOT_BITS, WIDE_BITS, Forms

ROOM = 1 << 18  # places that are verified in one go
# For each set of lengths, as bits, the one whose bit is the lowest.
SMALLEST = np.array(
    [HEADS[(bits & -bits).bit_length() - 1] if bits else 0 for bits in range(1 << len(HEADS))], dtype=np.uint64
)
ASCII_LOWER = np.array([code + 32 if 65 <= code <= 90 else code for code in range(256)], dtype=np.uint8)
ASCII_LOWER.setflags(write=False)


class Occurrences(NamedTuple):
    """Where literals stand: `lines` (index of the line), `literals` (number), `starts` and `ends` (bytes of the buffer)."""

    lines: U32
    literals: U32
    starts: Offsets
    ends: Offsets

    def take(self, chosen: NDArray[np.bool_]) -> Occurrences:
        """Give some of them."""
        return Occurrences(self.lines[chosen], self.literals[chosen], self.starts[chosen], self.ends[chosen])


NO_OCCURRENCES = Occurrences(
    np.zeros(0, dtype=np.uint32), np.zeros(0, dtype=np.uint32), np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
)


def find_literals(data: Bytes, starts: Offsets, ends: Offsets, forms: Forms) -> Occurrences:
    """Find literals wherever they stand, ASCII in either case: `starts` and `ends` are the bytes of the lines in `data`."""
    return _find(data, starts, ends, forms, opening=False)


def find_openings(data: Bytes, starts: Offsets, ends: Offsets, forms: Forms) -> Occurrences:
    """Find the literals that open a line: before them stands nothing but decoration."""
    return _find(data, starts, ends, forms, opening=True)


def _find(data: Bytes, starts: Offsets, ends: Offsets, forms: Forms, *, opening: bool) -> Occurrences:
    """Look at the lines in portions for whose places there is room, even if a form began at every byte."""
    found = [NO_OCCURRENCES]
    room = max(ROOM, int((ends - starts).max(initial=0)))
    lines, places = np.empty(room, dtype=np.uint32), np.empty(room, dtype=np.int64)
    line = 0
    while len(forms.owners) and line < len(starts):
        if opening:
            line, count = _open(data, starts, ends, forms, ASCII_LOWER, decoration_table(), line, lines, places)
        else:
            line, count = _scan(data, starts, ends, forms, ASCII_LOWER, line, lines, places)
        found.append(Occurrences(*_verify(data, lines[:count], places[:count], ends, forms, ASCII_LOWER)))
    return join_occurrences(found)


def join_occurrences(found: Sequence[Occurrences]) -> Occurrences:
    """Put several finds together, one after another."""
    return Occurrences(*(np.concatenate(parts) for parts in zip(*found, strict=True)))


@numba.njit(cache=True, nogil=True, inline="always")
def _is_long_head(wide: U8, head: np.uint64) -> np.uint8:
    """Say whether a form may begin with these eight or six bytes: 1, or 0 if none does."""
    slot = np.uint64(head * np.uint64(GOLDEN)) >> np.uint64(64 - WIDE_BITS)
    return np.uint8((wide[slot >> np.uint64(3)] >> np.uint8(slot & np.uint64(7))) & np.uint8(1))


@numba.njit(cache=True, nogil=True)
def _scan(
    data: Bytes, starts: Offsets, ends: Offsets, forms: Forms, fold: U8, line: int, lines: U32, places: Offsets
) -> tuple[int, int]:
    """Write the lines, from `line` on, and bytes at which a form may begin; give the next line and the number of places."""
    count = 0
    begins, pairs, triples, wide = forms.begins, forms.pairs, forms.triples, forms.wide
    second, third, eight, two_bytes = np.uint8(1 << 1), np.uint8(1 << SHORT), np.uint32(8), np.uint64(16)
    golden, golden32, shift32 = np.uint64(GOLDEN), np.uint32(GOLDEN32), np.uint32(32 - SLOT_BITS)
    sixteen, wide_shift, shorter = np.uint32(16), np.uint64(64 - WIDE_BITS), np.uint8(0xFE)
    three, seven, one = np.uint64(3), np.uint64(7), np.uint8(1)
    for number in range(line, len(starts)):
        first, end = starts[number], ends[number]
        if count + end - first > len(lines):
            return number, count
        window = np.uint64(0)
        for j in range(np.uint64(first), np.uint64(end + 7)):
            window <<= np.uint64(8)
            if j < np.uint64(end):
                window |= np.uint64(fold[data[j]])
            half = np.uint32(window >> np.uint64(32))
            slot = np.uint64(window * golden) >> wide_shift
            full = (wide[slot >> three] >> np.uint8(slot & seven)) & one
            there = (begins[np.uint32(half * golden32) >> shift32] & (full | shorter)) | pairs[half >> sixteen]
            if not there:
                continue
            if there == third and not triples[np.uint32((half >> eight) * golden32) >> sixteen]:
                continue
            if there == second and not _is_long_head(wide, window >> two_bytes):
                continue
            i = np.int64(j) - 7
            if i < first:
                continue  # not full yet
            lines[count], places[count] = number, i
            count += 1
    return len(starts), count


@numba.njit(cache=True, nogil=True)
def _open(
    data: Bytes,
    starts: Offsets,
    ends: Offsets,
    forms: Forms,
    fold: U8,
    table: U8,
    line: int,
    lines: U32,
    places: Offsets,
) -> tuple[int, int]:
    """Do the same where nothing but decoration stands before the place."""
    count = 0
    begins, pairs = forms.begins, forms.pairs
    golden32, shift32, sixteen = np.uint32(GOLDEN32), np.uint32(32 - SLOT_BITS), np.uint32(16)
    for number in range(line, len(starts)):
        i, end = starts[number], ends[number]
        if count + end - i > len(lines):
            return number, count
        for _ in range(end - i):
            half = np.uint32(0)
            for k in range(i, i + 4):
                half = np.uint32(half << np.uint32(8)) | (np.uint32(fold[data[k]]) if k < end else np.uint32(0))
            if begins[np.uint32(half * golden32) >> shift32] | pairs[half >> sixteen]:
                lines[count], places[count] = number, i
                count += 1
            code, i = decode_character(data, i)
            if i >= end or not decoration_bits(code, table) & DECORATES:
                break
    return len(starts), count


@numba.njit(cache=True, nogil=True)
def _verify(
    data: Bytes, lines: U32, places: Offsets, ends: Offsets, forms: Forms, fold: U8
) -> tuple[U32, U32, Offsets, Offsets]:
    """Compare the forms with what stands at each place: the four arrays of Occurrences."""
    found_lines, literals = np.empty(1024, dtype=np.uint32), np.empty(1024, dtype=np.uint32)
    begun, ended = np.empty(1024, dtype=np.int64), np.empty(1024, dtype=np.int64)
    count = 0
    begins, pairs, table, records = forms.begins, forms.pairs, forms.table, forms.records
    golden, golden32, shift32 = np.uint64(GOLDEN), np.uint32(GOLDEN32), np.uint32(32 - SLOT_BITS)
    last = np.uint64(len(table) - 1)
    first, second, two_bytes = np.uint8(1), np.uint8(2), np.uint64(16)
    thirty_two, eight, many, low = np.uint64(32), np.uint64(8), np.uint64(0xFFFFFF), np.uint64(0xFF)
    shift = np.uint64(64)
    while np.uint64(1) << (np.uint64(64) - shift) <= last:
        shift -= np.uint64(1)
    for place in range(len(places)):
        i, end = np.uint64(places[place]), np.uint64(ends[lines[place]])
        window = np.uint64(0)
        for k in range(i, i + eight):
            window = (window << eight) | (np.uint64(fold[data[k]]) if k < end else np.uint64(0))
        half = np.uint32(window >> thirty_two)
        there = begins[np.uint32(half * golden32) >> shift32] | pairs[half >> np.uint32(16)]
        if there & first and not _is_long_head(forms.wide, window):
            there ^= first
        if there & second and not _is_long_head(forms.wide, window >> two_bytes):
            there ^= second
        for _ in range(len(HEADS)):  # at most; Numba makes slow code of a `while` here
            if not there:
                break
            length = SMALLEST[there]
            there &= there - np.uint8(1)
            head = window >> (np.uint64(64) - eight * length)
            slot = np.uint64((head + length) * golden) >> shift
            entry = table[slot, 1]
            while entry and (table[slot, 0] != head or entry & low != length):
                slot = (slot + np.uint64(1)) & last
                entry = table[slot, 1]
            if not entry:
                continue
            begin = entry >> thirty_two
            same = length  # bytes that the text shares with the form before
            for form in range(begin, begin + ((entry >> eight) & many)):
                shared = np.uint64(records[form, 2])
                if shared > same:
                    continue  # it parts from the text where the one before did
                start, size = np.uint64(records[form, 0]), np.uint64(records[form, 1])
                same = max(length, shared)
                while same < size and i + same < end and fold[data[i + same]] == forms.data[start + same]:
                    same += np.uint64(1)
                if same < size:
                    if i + same >= end or fold[data[i + same]] < forms.data[start + same]:
                        break  # forms stand in order: all behind it part from the text too
                    continue
                if count == len(found_lines):
                    found_lines, literals = _double(found_lines), _double(literals)
                    begun, ended = _double(begun), _double(ended)
                found_lines[count], literals[count] = lines[place], records[form, 3]
                begun[count], ended[count] = np.int64(i), np.int64(i + size)
                count += 1
    return found_lines[:count].copy(), literals[:count].copy(), begun[:count].copy(), ended[:count].copy()


@numba.njit(cache=True, nogil=True)
def _double(values: Any) -> Any:
    larger = np.empty(2 * len(values), dtype=values.dtype)
    larger[: len(values)] = values
    return larger
