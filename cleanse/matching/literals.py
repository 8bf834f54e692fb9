"""Find the literals of all rules in all lines: one pass over the bytes, which is the first gate of every rule.

A literal has several *forms*, the ways in which it may be written. A window of eight bytes slides over the text; a table of
hashed beginnings turns away nearly all places, and what is left is compared byte by byte.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeVar

import numba
import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleanse import cache
from cleanse.kernels import PLANES, U8, U32, U64, Bytes, Offsets, code_points, decode_character

HEADS = (8, 6, 4, 3, 2, 1)  # bytes of a form that are hashed: the most that it has
SHORT = 3  # the kinds of HEADS from here on are of fewer than four bytes
SLOT_BITS = 18
WIDE_BITS = 20
TABLE_BITS = 12  # at least
ROOM = 1 << 18  # places that are verified in one go
GOLDEN = 0x9E3779B97F4A7C15
GOLDEN32 = 0x9E3779B1
# For each set of lengths, as bits, the one whose bit is the lowest.
SMALLEST = np.array(
    [HEADS[(bits & -bits).bit_length() - 1] if bits else 0 for bits in range(1 << len(HEADS))], dtype=np.uint64
)
ASCII_LOWER = np.array([code + 32 if 65 <= code <= 90 else code for code in range(256)], dtype=np.uint8)
ASCII_LOWER.setflags(write=False)
TURKISH = frozenset("ığşİĞŞ")  # letters by which words are known that make İ of i in capitals
GREEK = str.maketrans("ΆΈΉΊΌΎΏ", "ΑΕΗΙΟΥΩ")  # Greek words lose their accents in capitals
ROMANIAN = str.maketrans("șțȘȚ", "şţŞŢ")  # older pages write a cedilla for the comma below
SPACES = (" ", "\u00a0", "\u3000", "\t", "  ")

# What sites put around a label: Unicode's spaces, invisible characters, dashes, connectors, brackets, arrows and other
# symbols, and the punctuation of lists. Not quotes, not the marks of questions and exclamations, not commas, which make
# speech of a label; not the signs of copyright and of currencies, which are words of their own.
DECORATION = r"(?:[\p{Z}\p{C}\p{Pd}\p{Pc}\p{Ps}\p{Pe}\p{Sm}\p{Sk}*•·・‧∙:：/\\.…。।॥|#»«‹›†‡※§]|[\p{So}--[©®ⓒⓟ℗]])"
# Before a pattern only what cannot open a quotation or a bracket is taken away.
OPENING = r"(?:[\p{Z}\p{C}\p{Pd}\p{Pc}\p{Sm}\p{Sk}*•·・‧∙:：/\\.…。।॥|#»›†‡※§]|[\p{So}--[©®ⓒⓟ℗]])"
Texts = TypeVar("Texts", pl.Expr, pl.Series)
DECORATES, OPENS = 1, 2  # bits of `decoration_table`
BEFORE_DECORATES, BEFORE_OPENS, BEHIND_DECORATES = 1, 2, 4  # bits of `judge_surroundings`


class Forms(NamedTuple):
    """Literals made ready for `find_literals`, sorted by the length of their head and by its bytes.

    `data`, `starts`: the bytes of all forms, ASCII in lower case, and where each begins; `owners`: the number of the literal
    that a form belongs to; `begins`: which lengths of HEADS, as bits, there are among the forms that begin with four bytes of
    this hash; `pairs`: the same for forms of fewer than four bytes, by their first two; `triples`: whether a form of three bytes has
    this hash, since two bytes say little of a Han character; `wide`: whether a head of eight or six bytes has
    this hash, a bit each; `table`: at the hash of a head, or the
    next free place behind it, one more than its number, 0 where there is none; `heads`, `lengths`, `firsts`: of each head its
    bytes, their number and the first form that begins with it; `shared`: how many bytes a form has in common with the one before
    it, which has the same head.
    """

    data: Bytes
    starts: Offsets
    owners: U32
    begins: U8
    pairs: U8
    triples: NDArray[np.bool_]
    wide: U8
    table: U32
    heads: U64
    lengths: U64
    firsts: Offsets
    shared: U32


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


def spell(literal: str) -> list[str]:
    """Give the ways in which a literal is usually written; ASCII case is folded by the search itself.

    The literal as its author wrote it is one of them, which is how Turkish capitals get through. Greek capitals may lack their accents,
    and the comma of Romanian may be a cedilla. A space may be another or two.
    Letters and their marks are composed, as `Lines` makes them; what Unicode never composes may also be as its author wrote it.
    """
    lowered = literal.lower()
    if literal.isascii():
        return sorted({lowered.replace(" ", space) for space in SPACES})
    cased = {literal, lowered, literal.upper(), lowered.title(), lowered[:1].upper() + lowered[1:]}
    if not TURKISH.isdisjoint(literal):
        cased.add(literal.replace("i", "İ").upper())
    cased |= {text.translate(table) for text in cased for table in (GREEK, ROMANIAN)}
    forms = {unicodedata.normalize("NFC", text) for text in cased} | cased
    return sorted({form.replace(" ", space) for form in forms for space in SPACES})


def prepare_forms(forms: Sequence[tuple[bytes, int]]) -> Forms:
    """Make (bytes of a form, number of its literal) ready to be looked for; empty forms are left out."""
    by_kind: list[list[tuple[bytes, int]]] = [[] for _ in HEADS]
    kinds = [next((k for k, length in enumerate(HEADS) if size >= length), 0) for size in range(HEADS[0] + 1)]
    for form, owner in {(form.lower(), owner) for form, owner in forms if form}:
        by_kind[kinds[min(len(form), HEADS[0])]].append((form, owner))
    ordered = [pair for own in by_kind for pair in sorted(own)]
    data = np.frombuffer(b"".join(form for form, _ in ordered), dtype=np.uint8)
    starts = np.cumsum([0, *(len(form) for form, _ in ordered)]).astype(np.int64)
    kind_of = np.repeat(np.arange(len(HEADS)), [len(own) for own in by_kind])
    lengths = np.array(HEADS, dtype=np.uint64)[kind_of]
    heads = _heads(data, starts, lengths)
    changes = np.ones(len(ordered), dtype=np.bool_)
    changes[1:] = (heads[1:] != heads[:-1]) | (kind_of[1:] != kind_of[:-1])
    firsts = np.append(np.flatnonzero(changes), len(ordered)).astype(np.int64)
    shared = _share(data, starts)
    shared[firsts[:-1]] = 0
    heads, lengths = heads[changes], lengths[changes]
    distinct = list(zip(kind_of[changes].tolist(), heads.tolist(), strict=True))
    begins, pairs, triples, wide = _hash_beginnings(distinct)
    table = np.zeros(1 << TABLE_BITS, dtype=np.uint32)
    while len(distinct) * 4 > len(table):
        table = np.zeros(2 * len(table), dtype=np.uint32)
    for number, (kind, head) in enumerate(distinct):
        slot = slot_of(head, HEADS[kind], len(table))
        while table[slot]:
            slot = (slot + 1) % len(table)
        table[slot] = number + 1
    owners = np.array([owner for _, owner in ordered], dtype=np.uint32)
    return Forms(data, starts, owners, begins, pairs, triples, wide, table, heads, lengths, firsts, shared)


def _heads(data: Bytes, starts: Offsets, lengths: U64) -> U64:
    """Give the first bytes of each form as a number, as many as its head has."""
    heads = np.zeros(len(lengths), dtype=np.uint64)
    for place in range(HEADS[0]):
        within = lengths > place
        heads[within] = (heads[within] << np.uint64(8)) | data[starts[:-1][within] + place]
    return heads


def _hash_beginnings(heads: Sequence[tuple[int, int]]) -> tuple[U8, U8, NDArray[np.bool_], U8]:
    """Give `begins`, `pairs`, `triples` and `wide` of Forms, for heads as (kind, bytes as a number)."""
    begins = np.zeros(1 << SLOT_BITS, dtype=np.uint8)
    pairs = np.zeros(1 << 16, dtype=np.uint8)
    triples = np.zeros(1 << 16, dtype=np.bool_)
    long = np.zeros(1 << WIDE_BITS, dtype=np.bool_)
    for kind, head in heads:
        if kind < SHORT:
            four = head >> (8 * HEADS[kind] - 32)
            begins[((four * GOLDEN32) & (2**32 - 1)) >> (32 - SLOT_BITS)] |= 1 << kind
        elif HEADS[kind] > 1:
            pairs[head >> (8 * HEADS[kind] - 16)] |= 1 << kind
        else:
            pairs[head << 8 : (head + 1) << 8] |= 1 << kind  # any byte may follow
        if kind == SHORT:
            triples[((head * GOLDEN32) & (2**32 - 1)) >> 16] = True
        if HEADS[kind] in (8, 6):
            long[((head * GOLDEN) & (2**64 - 1)) >> (64 - WIDE_BITS)] = True
    return begins, pairs, triples, np.packbits(long, bitorder="little")


@numba.njit(cache=True, nogil=True)
def _share(data: Bytes, starts: Offsets) -> U32:
    """Count for each form the bytes with which the one before it begins too."""
    shared = np.zeros(max(len(starts) - 1, 1), dtype=np.uint32)
    for form in range(1, len(starts) - 1):
        before, own = starts[form - 1], starts[form]
        most = min(own - before, starts[form + 1] - own)
        same = 0
        while same < most and data[before + same] == data[own + same]:
            same += 1
        shared[form] = same
    return shared


def slot_of(head: int, length: int, size: int) -> int:
    """Give the place of a head of so many bytes in a table of `size`, a power of two."""
    return (((head + length) * GOLDEN) & (2**64 - 1)) >> (64 - size.bit_length() + 1)


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
    return (wide[slot >> np.uint64(3)] >> np.uint8(slot & np.uint64(7))) & np.uint8(1)


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
            if i >= end or not _decoration(code, table) & DECORATES:
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
    begins, pairs, table = forms.begins, forms.pairs, forms.table
    golden, golden32, shift32 = np.uint64(GOLDEN), np.uint32(GOLDEN32), np.uint32(32 - SLOT_BITS)
    last = np.uint64(len(table) - 1)
    first, second, two_bytes = np.uint8(1), np.uint8(2), np.uint64(16)
    shift = np.uint64(64)
    while np.uint64(1) << (np.uint64(64) - shift) <= last:
        shift -= np.uint64(1)
    for place in range(len(places)):
        i, end = places[place], ends[lines[place]]
        window = np.uint64(0)
        for k in range(i, i + 8):
            window = (window << np.uint64(8)) | (np.uint64(fold[data[k]]) if k < end else np.uint64(0))
        half = np.uint32(window >> np.uint64(32))
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
            head = window >> (np.uint64(64) - np.uint64(8) * length)
            slot = np.uint64((head + length) * golden) >> shift
            number = -1
            while table[slot]:
                number = int(table[slot]) - 1
                if forms.heads[number] == head and forms.lengths[number] == length:
                    break
                number = -1
                slot = (slot + np.uint64(1)) & last
            if number < 0:
                continue
            same = np.int64(length)  # bytes that the text shares with the form before
            for form in range(forms.firsts[number], forms.firsts[number + 1]):
                if np.int64(forms.shared[form]) > same:
                    continue  # it parts from the text where the one before did
                begin = forms.starts[form]
                size = forms.starts[form + 1] - begin
                same = max(np.int64(length), np.int64(forms.shared[form]))
                while same < size and i + same < end and fold[data[i + same]] == forms.data[begin + same]:
                    same += 1
                if same < size:
                    continue
                if count == len(found_lines):
                    found_lines, literals = _double(found_lines), _double(literals)
                    begun, ended = _double(begun), _double(ended)
                found_lines[count], literals[count] = lines[place], forms.owners[form]
                begun[count], ended[count] = i, i + size
                count += 1
    return found_lines[:count].copy(), literals[:count].copy(), begun[:count].copy(), ended[:count].copy()


@numba.njit(cache=True, nogil=True)
def _double(values: Any) -> Any:
    larger = np.empty(2 * len(values), dtype=values.dtype)
    larger[: len(values)] = values
    return larger


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
    return bool(_decoration.py_func(ord(character), decoration_table()) & DECORATES)  # loading the kernel takes longer


@numba.njit(cache=True, nogil=True, inline="always")
def _decoration(code: int, table: U8) -> int:
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


@numba.njit(cache=True, nogil=True)
def _walk_front(data: Bytes, start: int, end: int, table: U8, bit: int) -> int:
    """Give the byte of the first character of a line that has not this bit, else the end of the line."""
    i = start
    while i < end:
        code, behind = decode_character(data, i)
        if not _decoration(code, table) & bit:
            break
        i = behind
    return i


@numba.njit(cache=True, nogil=True)
def _walk_back(data: Bytes, start: int, end: int, table: U8) -> int:
    """Give the byte behind the last character of a line that is no decoration, else the start of the line."""
    behind = end
    while behind > start:
        i = behind - 1
        while i > start and data[i] & 0xC0 == 0x80:
            i -= 1
        code, _ = decode_character(data, i)
        if not _decoration(code, table) & DECORATES:
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


def fold(texts: Texts) -> Texts:
    """Give texts in lower case, every run of white space as one space, the letters i of Turkish as one (`rules.fold_letters`)."""
    lowered = texts.str.to_lowercase().str.replace_all(r"\s+", " ")
    return lowered.str.replace_many(["i\u0307", "ı"], ["i", "i"])
