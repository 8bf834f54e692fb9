"""The gate: one pass over the bytes of all documents finds the few lines that any repair may concern, and says why.

Whatever is slow, and whatever is Python, comes behind it. Why a line is looked at is told in bits: an entity, a control character, the
pattern of ftfy's badness, a character that a rule names, a carriage return at its end, letters that no language has side by side, and
Han characters whose bytes in GBK are UTF-8. What the gate lets through is not damaged yet: it only may be.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

import numba
import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleanse.encoding import badness
from cleanse.encoding.badness import U64
from cleanse.encoding.codepages import READERS, gbk_table, second_readings
from cleanse.encoding.pairs import (
    ANOTHER_CASE,
    BMP,
    FIRST,
    LOWER,
    STEPS,
    TYPOGRAPHIC,
    U8,
    U16,
    U32,
    UPPER,
    Languages,
    load_figures,
)
from cleanse.encoding.second_look import MOST_PLACES, look_again
from cleanse.kernels import PLANES, Bytes, Offsets, buffers, count_lines, decode_character, leaf

# Why a line is looked at, as bits.
ENTITY = 1  # it holds an HTML entity
CONTROL = 2  # it holds a control character, or one of those that ftfy takes out with them
BADNESS = 4  # ftfy's pattern of badness is somewhere in it
LITERAL = 8  # it holds a character that a repair looks for
RETURN = 16  # it ends with a carriage return
UNUSUAL = 32  # its letters do not follow each other as they do in a language
PAIRED = 64  # its Han characters are bytes of UTF-8 in GBK
EVERY = 128  # all lines are looked at
# What a character is to the gate, as bits of a table.
IS_CONTROL, IS_LONE, IS_BEFORE_DASH, IS_STRONG, IS_WEAK, IS_LITERAL, IS_UNREADABLE, IS_TELLTALE = (
    1 << n for n in range(8)
)
# Characters that take part in the pattern of `ftfy.badness` next to one that is not ASCII; STRONG unless Cyrillic or Greek, of
# which one in a pair must be STRONG. LONE may match beside ASCII, BEFORE_DASH before a hyphen.
LONE = "ŒœÃÂØÙЂ"
BEFORE_DASH = "ВГРСΒΓΞΟ"
CONTROLS = "\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\u206a-\u206f\ufeff\ufff9-\ufffc"
# ftfy cuts lines that are longer than this (ftfy.TextFixerConfig.max_decode_length), and so do we; some patterns match only
# where such a piece begins.
LONGEST_SEGMENT = 1_000_000
CALM_BITS = 1.0  # bits by which a character of ASCII, or of a script without a table, lowers it
SHORT_BYTES = 64
CALM = (1e6, 1e6, 1e6, 0.0)  # suspicion of a gate for which no line is unusual
THREE_BYTES, TWO_BYTES = 2, 4  # characters of UTF-8 in a row that make a line of Han characters worth a look


class Tables(NamedTuple):
    """What `scan_lines` reads.

    `marks` u8 of shape (PLANES,): what a character is to the gate, as bits (IS_CONTROL, ...); `beyond`: the reasons that a character of
    the planes above gives. `gbk`: see `codepages.gbk_table`. Where the marks allow it, the pattern `badness` decides.

    For the second look: `second` u16 of shape (ways, BMP) and `allowed` u8 of shape (ways, languages), see `codepages.second_readings`;
    `cheapest` u8 of shape (classes, classes): what a pair costs at least in any of these languages.
    """

    marks: U8
    beyond: int
    gbk: U16
    badness: badness.Pattern
    second: U16
    allowed: U8
    cheapest: U8


def make_tables(characters: Iterable[str]) -> Tables:
    """Make the tables for repairs that look for these characters."""
    second, allowed = second_readings()
    marks = np.zeros(PLANES, dtype=np.uint8)
    for start, end in re.findall("(.)(?:-(.))?", CONTROLS, re.DOTALL):
        marks[ord(start) : ord(end or start) + 1] |= IS_CONTROL
    for character in badness.alphabet():
        if character > "\x7f":
            weak = "\u0370" <= character < "\u0530"
            marks[ord(character)] |= IS_WEAK if weak else IS_STRONG
    marks[[ord(character) for character in LONE]] |= IS_LONE
    marks[[ord(character) for character in BEFORE_DASH]] |= IS_BEFORE_DASH
    marks[BMP:] |= IS_UNREADABLE
    readable = "".join(bytes(range(256)).decode(reader, "ignore") for reader in READERS)
    foreign = np.ones(BMP, dtype=bool)
    foreign[[ord(character) for character in readable]] = False
    marks[:BMP][foreign] |= IS_UNREADABLE
    for code in np.flatnonzero(second.any(axis=0)):
        others = {int(way[code]) for way in second if way[code]} - {int(code)}
        if any(chr(other).isalpha() for other in others) and chr(code) not in TYPOGRAPHIC:
            marks[code] |= IS_TELLTALE
    beyond = 0
    for character in characters:
        if ord(character) < PLANES:
            marks[ord(character)] |= IS_LITERAL
        else:
            beyond = LITERAL
    cheapest = load_figures().tables.costs[:, :, allowed.any(axis=0)].min(axis=-1)
    return Tables(marks, beyond, gbk_table(), badness.load_pattern(), second, allowed, cheapest)


class Gate:
    """The gate for one set of repairs.

    >>> gate = Gate("\u200b")
    >>> gate.find_reasons(["plain", "a &amp; b", "FÃ¼r", "a\u200bb"]) == [0, ENTITY, BADNESS, LITERAL]
    True
    """

    def __init__(self, characters: Iterable[str] = (), suspicion: tuple[float, float, float, float] = CALM) -> None:
        """Take the characters that repairs look for, and when a line is UNUSUAL.

        See `scan_lines`. By default no line is.
        """
        self._tables = make_tables(characters)
        self._languages = load_figures().tables
        self._suspicion = suspicion

    def find_lines(self, data: Bytes, offsets: Offsets, always: int = 0) -> tuple[Offsets, U32]:
        """Find the lines that a repair may concern, and count line breaks (`scan_lines`)."""
        return scan_lines(data, offsets, self._tables, self._languages, always, *self._suspicion)

    def find_reasons(self, lines: Iterable[str]) -> list[int]:
        """Say of each line why a repair may concern it, as bits."""
        series = pl.Series(lines, dtype=pl.String)
        found, _ = self.find_lines(*buffers(series))
        reasons = np.zeros(len(series), dtype=np.int64)
        np.bitwise_or.at(reasons, found[:, 0], found[:, 4])
        return reasons.tolist()


@numba.njit(cache=True, nogil=True, inline="always")
def _is_entity(data: Bytes, i: int, end: int) -> bool:
    """Say whether an HTML entity begins at an ampersand: `&#?[0-9A-Za-z]{1,24};`."""
    i += 1
    if i < end and data[i] == 35:
        i += 1
    length = 0
    while i < end and length <= 24:
        byte = data[i]
        if byte == 59:
            return length > 0
        if not (48 <= byte <= 57 or 65 <= byte <= 90 or 97 <= byte <= 122):
            return False
        length += 1
        i += 1
    return False


def scan_lines(
    data: Bytes,
    offsets: Offsets,
    tables: Tables,
    languages: Languages,
    always: int,
    suspicion: float,
    suspicion_short: float,
    suspicion_second: float,
    against_second: float,
) -> tuple[Offsets, U32]:
    """Find the lines that a repair may concern.

    Gives int64 of shape (lines, 5): number of the text, number of the line in it, first byte, byte behind the last (without the break), and
    the reasons as bits; and u32 of shape (texts, 2): line breaks, and those with a carriage return before them.

    A line is UNUSUAL where a running sum, which never falls below 0, of the bits by which its pairs of letters are less usual than is common
    exceeds `suspicion`, or `suspicion_short` in a line of at most SHORT_BYTES; and each character must be one that a reader may have given.
    It is UNUSUAL too where it costs `suspicion_second` bits less in other letters of its script, and at most `against_second` bits
    speak against that in what is not ASCII (`look_again`).
    It is PAIRED where some of its Han characters, or all that is not ASCII, are UTF-8 in GBK.
    Each line has the reasons `always` too: EVERY where all lines are looked at, else 0.
    """
    texts = len(offsets) - 1
    most = count_lines(data, offsets)
    found, breaks = np.empty((most, 5), dtype=np.int64), np.zeros((texts, 2), dtype=np.uint32)
    buffer = np.empty((2, MOST_PLACES + 1), dtype=np.int64)
    sums = np.empty((2 + len(tables.second), len(languages.script_of)), dtype=np.int32)
    count = _scan_lines(
        data, offsets, tables, languages, always, suspicion, suspicion_short, suspicion_second, against_second,
        np.zeros(128, dtype=np.uint8), buffer, sums, np.empty_like(tables.badness.first), found, breaks,
    )  # fmt: skip
    return found[:count].copy(), breaks


@leaf()
def _scan_lines(
    data: Bytes, offsets: Offsets, tables: Tables, languages: Languages, always: int, suspicion: float, suspicion_short: float,
    suspicion_second: float, against_second: float, ascii_marks: U8, buffer: Offsets, sums: NDArray[np.int32], state: U64,
    found: Offsets, breaks: U32,
) -> int:  # fmt: skip
    """Write the lines into `found` and count in `breaks`; give how many lines there are. `ascii_marks`, `buffer`, `sums` and `state` are room."""
    # Arrays of a tuple that are taken out of it for each character cost more than what is done with them.
    marks, gbk, beyond, pattern = tables.marks, tables.gbk, tables.beyond, tables.badness
    second, allowed, cheapest = tables.second, tables.allowed, tables.cheapest
    classes, cases, excess = languages.classes, languages.cases, languages.excess
    count = 0
    for byte in range(128):
        ascii_marks[byte] = CONTROL if marks[byte] & IS_CONTROL else 0
        if marks[byte] & IS_LITERAL:
            ascii_marks[byte] |= LITERAL
    ascii_marks[38] |= ENTITY
    ascii_marks[10] |= 128
    calm = np.int64(CALM_BITS * STEPS)
    long_limit, short_limit = np.int64(suspicion * STEPS), np.int64(suspicion_short * STEPS)
    another_case = np.int64(ANOTHER_CASE)
    second_limit, against = np.int64(suspicion_second * STEPS), np.int64(against_second * STEPS)
    for text in range(len(offsets) - 1):
        i, end = offsets[text], offsets[text + 1]
        line = 0
        while True:
            begin = i
            reasons = 0
            total = np.int64(0)  # the running sum, in steps
            before: Any = 1  # the class of the last character, and its case
            before_case = 0
            before_mark = 0
            expected = 0  # bytes of UTF-8 that are still to come, if the Han characters are read as GBK
            sequences2 = sequences3 = 0
            width = 0
            highest = np.int64(0)
            unreadable = telltale = False
            paired = False  # there are characters that GBK has
            broken = False  # the line, in GBK, is no UTF-8
            while i < end:
                byte = data[i]
                if byte < 0x80:
                    start = i
                    mark = ascii_marks[byte]
                    while mark == 0:
                        i += 1
                        if i == end:
                            break
                        byte = data[i]
                        if byte >= 0x80:
                            break
                        mark = ascii_marks[byte]
                    if before >= FIRST:
                        # The pair of a letter and what follows it.
                        total += excess[before, classes[data[start]]]
                        if cases[data[start]] == UPPER and before_case == LOWER:
                            total += another_case
                        highest = max(highest, total)
                    length = i - start
                    if length:
                        total = max(np.int64(0), total - calm * length)
                        before = np.int64(classes[data[i - 1]])
                        before_case = cases[data[i - 1]]
                    before_mark = 0
                    if expected:
                        broken = True
                    expected = sequences2 = sequences3 = 0
                    if i == end:
                        break
                    if mark == 0:
                        continue
                    if mark & 128:
                        break
                    if mark & ENTITY:
                        if _is_entity(data, i, end):
                            reasons |= ENTITY
                        mark &= ~ENTITY
                    reasons |= mark
                    before = np.int64(classes[byte])
                    before_case = 0
                    total = max(np.int64(0), total - calm)
                    i += 1
                    continue
                code, i = decode_character(data, i)
                if code >= PLANES:
                    unreadable = broken = True
                    if code >= 0xE0000:
                        reasons |= beyond
                    before = before_case = before_mark = 0
                    total = max(np.int64(0), total - calm)
                    expected = sequences2 = sequences3 = 0
                    continue
                mark = marks[code]
                if mark:
                    if mark & IS_UNREADABLE:
                        unreadable = True
                    if mark & IS_TELLTALE:
                        telltale = True
                    if mark & IS_CONTROL:
                        reasons |= CONTROL
                    if mark & IS_LITERAL:
                        reasons |= LITERAL
                    if (
                        mark & IS_LONE
                        or (mark & before_mark & IS_STRONG)
                        or (
                            mark & (IS_STRONG | IS_WEAK)
                            and before_mark & (IS_STRONG | IS_WEAK)
                            and (mark | before_mark) & IS_STRONG
                        )
                    ):
                        reasons |= BADNESS
                    if mark & IS_BEFORE_DASH and i < end and data[i] == 45:
                        reasons |= BADNESS
                before_mark = mark
                own = np.int64(classes[code]) if code < 0x10000 else np.int64(0)
                if own:
                    case = cases[code]
                    if before:
                        total += excess[before, own]
                        if case == UPPER and before_case == LOWER:
                            total += another_case
                        highest = max(highest, total)
                        total = max(total, np.int64(0))
                    before = own
                    before_case = case
                    if code >= 0x2000 and gbk[code]:
                        pass
                    else:
                        broken = True
                        expected = sequences2 = sequences3 = 0
                        continue
                else:
                    before = before_case = 0
                    total = max(np.int64(0), total - calm)
                pair = np.int64(gbk[code]) if code < 0x10000 else np.int64(0)
                if pair == 0:
                    broken = True
                    expected = sequences2 = sequences3 = 0
                    continue
                paired = True
                for half in (pair >> 8, pair & 255):
                    if expected:
                        if 0x80 <= half < 0xC0:
                            expected -= 1
                            if expected == 0:
                                if width == 2:
                                    sequences2 += 1
                                else:
                                    sequences3 += 1
                                if sequences3 >= THREE_BYTES or sequences2 >= TWO_BYTES:
                                    reasons |= PAIRED
                            continue
                        broken = True
                        expected = sequences2 = sequences3 = 0
                    if 0xC2 <= half < 0xE0:
                        expected, width = 1, 2
                    elif 0xE0 <= half < 0xF0:
                        expected, width = 2, 3
                    elif 0xF0 <= half < 0xF5:
                        expected, width = 3, 4
                    else:
                        if half >= 0x80:
                            broken = True
                        sequences2 = sequences3 = 0
            stop = i
            if paired and not broken and expected == 0:
                reasons |= PAIRED
            if before >= FIRST:
                highest = max(highest, total + excess[before, 1])
            if (not unreadable and highest > (short_limit if stop - begin <= SHORT_BYTES else long_limit)) or (
                telltale
                and not unreadable
                and look_again(
                    data, begin, stop, second, allowed, cheapest, languages, against, second_limit, buffer, sums
                )
            ):
                reasons |= UNUSUAL
            if reasons & BADNESS and stop - begin <= LONGEST_SEGMENT:
                reasons ^= BADNESS
                if badness.is_bad(data, begin, stop, pattern, state):
                    reasons |= BADNESS
            reasons |= always
            if i < end:
                breaks[text, 0] += 1
                if i > begin and data[i - 1] == 13:
                    breaks[text, 1] += 1
                    reasons |= RETURN
            if reasons:
                found[count, 0] = text
                found[count, 1] = line
                found[count, 2] = begin
                found[count, 3] = stop
                found[count, 4] = reasons
                count += 1
            if i >= end:
                break
            i += 1
            line += 1
    return count
