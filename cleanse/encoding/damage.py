"""Numba kernels that look for damaged text: one pass over the bytes of all documents, line by line.

`find_lines` gives the few lines that any repair may concern, and why; `price` says what a text costs in bits
(`plausibility.py`). All release the GIL.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import ftfy.bad_codecs  # noqa: F401 - registers the sloppy code pages
import numba
import numpy as np
from numpy.typing import NDArray

from cleanse import cache
from cleanse.encoding import badness
from cleanse.encoding.plausibility import (
    ANOTHER_CASE,
    ASCII,
    ASCII_LETTER,
    ASCII_OTHER,
    BMP,
    CLASS,
    FIRST,
    INSIDE_WORD,
    IS_LOWER,
    IS_UPPER,
    LAST,
    LOWER,
    OTHER_BITS,
    SINGLE,
    STEPS,
    UPPER,
    Languages,
)
from cleanse.kernels import PLANES, Bytes, Offsets, decode_character

U8 = NDArray[np.uint8]
U16 = NDArray[np.uint16]
U32 = NDArray[np.uint32]

# Why a line is looked at, as bits.
ENTITY, CONTROL, BADNESS, LITERAL, RETURN, UNUSUAL, PAIRED, EVERY = 1, 2, 4, 8, 16, 32, 64, 128
# What a character is to the gate, as bits of a table.
IS_CONTROL, IS_LONE, IS_BEFORE_DASH, IS_STRONG, IS_WEAK, IS_LITERAL, IS_UNREADABLE, IS_TELLTALE = (
    1,
    2,
    4,
    8,
    16,
    32,
    64,
    128,
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
IDEOGRAPHS = 8  # stands for the scripts of many characters
SPARSE = 4  # letters of ASCII for each character that is not, where those are letters with accents
NEVER = 1 << 28  # steps that no line costs
MOST_PLACES = 256  # of a line, at which a second look stops
THREE_BYTES, TWO_BYTES = 2, 4  # characters of UTF-8 in a row that make a line of Han characters worth a look


# What programs take text for that is something else. The "sloppy" ones give the bytes that the code page leaves undefined
# the control character of the same number, as browsers do.
READERS = ("latin-1", "sloppy-windows-1252", "iso-8859-15", "sloppy-windows-1251", "koi8-r", "mac-roman")


class Gate(NamedTuple):
    """What `find_lines` reads: `marks` u8 of shape (PLANES,), `beyond` for the planes above, and `gbk` u16 of shape (BMP,).

    `gbk` holds the two bytes of a character in GBK, 0 where it has none; `second` u16 of shape (ways, BMP) what a character may have been
    in each way to read Latin letters again, 0 where it is in none; `allowed` u8 of shape (ways, languages) what is written in that page;
    `least` u8 of shape (classes, classes) what a pair costs in any of these. Where the marks allow it, `badness` decides.
    """

    marks: U8
    beyond: int
    gbk: U16
    badness: badness.Pattern
    second: U16
    allowed: U8
    least: U8


def make_gate(literals: Iterable[str], alphabet: str, second: U16, allowed: U8, calm: str, costs: U8) -> Gate:
    """Make the gate for rules that look for `literals`; `alphabet` holds the characters of the pattern of ftfy's badness.

    For `second` and `allowed` see Gate, for `costs` `plausibility.Languages`; a line with none but the characters of `calm` needs no second look.
    """
    marks = np.zeros(PLANES, dtype=np.uint8)
    for start, end in re.findall("(.)(?:-(.))?", CONTROLS, re.DOTALL):
        marks[ord(start) : ord(end or start) + 1] |= IS_CONTROL
    for character in alphabet:
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
        if any(chr(other).isalpha() for other in others) and chr(code) not in calm:
            marks[code] |= IS_TELLTALE
    beyond = 0
    for literal in literals:
        if ord(literal[0]) < PLANES:
            marks[ord(literal[0])] |= IS_LITERAL
        else:
            beyond = LITERAL
    least = costs[:, :, allowed.any(axis=0)].min(axis=-1)
    return Gate(marks, beyond, gbk_table(), badness.load_pattern(), second, allowed, least)


@cache.keep
def gbk_table() -> U16:
    """Give the two bytes of each character in GBK, 0 where it has none."""
    table = np.zeros(BMP, dtype=np.uint16)
    for lead in range(0x81, 0xFF):
        for trail in range(0x40, 0xFF):
            try:
                text = bytes([lead, trail]).decode("gb18030")
            except UnicodeDecodeError:
                continue
            if len(text) == 1:
                table[ord(text)] = lead << 8 | trail
    return table


@numba.njit(cache=True, nogil=True, inline="always")
def _is_entity(data: Bytes, i: int, end: int) -> bool:
    """Say whether an HTML entity begins at the ampersand at byte `i`: `&#?[0-9A-Za-z]{1,24};`."""
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


@numba.njit(cache=True, nogil=True)
def find_lines(
    data: Bytes,
    offsets: Offsets,
    gate: Gate,
    languages: Languages,
    always: int,
    suspicion: float,
    suspicion_short: float,
    suspicion_second: float,
    against_second: float,
) -> tuple[Offsets, U32]:
    """Find the lines that a repair may concern.

    Gives int64 of shape (lines, 5): number of the text, of the line in it, first byte, byte behind the last (without the
    break), and the reasons as bits; and u32 of shape (texts, 2): line breaks, and those with a return before them.

    A line is UNUSUAL where somewhere in it the bits by which its pairs of letters are less usual than is common
    add up to more than `suspicion` (a running sum that never falls below 0),
    in a line of at most SHORT_BYTES to more than `suspicion_short`, and each character is one that a reader may have given; or where it costs `suspicion_second` bits less in other letters of its
    script, and `against_second` bits speak at most against that in what is not ASCII (`_look_again`). PAIRED: some of its Han characters, or all that is
    not ASCII, are UTF-8 in GBK.
    Each line has the reasons `always` too: EVERY where all lines are looked at, else 0.
    """
    # Arrays of a tuple that are taken out of it for each character cost more than what is done with them.
    marks, gbk, beyond, pattern = gate.marks, gate.gbk, gate.beyond, gate.badness
    second, allowed, least = gate.second, gate.allowed, gate.least
    classes, cases, excess = languages.classes, languages.cases, languages.excess
    found = np.empty((256, 5), dtype=np.int64)
    count = 0
    breaks = np.zeros((len(offsets) - 1, 2), dtype=np.uint32)
    ascii_marks = np.zeros(128, dtype=np.uint8)
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
    buffer = np.empty((2, MOST_PLACES + 1), dtype=np.int64)
    sums = np.empty((2 + len(second), len(languages.script_of)), dtype=np.int32)
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
                and _look_again(
                    data, begin, stop, second, allowed, least, languages, against, second_limit, buffer, sums
                )
            ):
                reasons |= UNUSUAL
            if reasons & BADNESS and stop - begin <= LONGEST_SEGMENT:
                reasons ^= BADNESS
                if badness.is_bad(data, begin, stop, pattern):
                    reasons |= BADNESS
            reasons |= always
            if i < end:
                breaks[text, 0] += 1
                if i > begin and data[i - 1] == 13:
                    breaks[text, 1] += 1
                    reasons |= RETURN
            if reasons:
                if count == len(found):
                    more = np.empty((2 * count, 5), dtype=np.int64)
                    more[:count] = found
                    found = more
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
    return found[:count].copy(), breaks


@numba.njit(cache=True, nogil=True)
def _look_again(
    data: Bytes,
    begin: int,
    stop: int,
    second: U16,
    allowed: U8,
    cheapest: U8,
    languages: Languages,
    against: Any,
    least: Any,
    buffer: NDArray[np.int64],
    sums: NDArray[np.int32],
) -> Any:
    """Say whether a line of Latin letters is less usual, in any language, than what it may have been in another.

    First only what is not ASCII counts, and `against` steps may speak for the line, which nearly all lines need; then ASCII counts too,
    and `least` steps must speak against it. `cheapest` is `least` of Gate. `buffer` and `sums` are work space: a row for the line, one for each way to read it again, and one for its ASCII.
    """
    facts, costs = languages.facts, languages.costs
    places = _read_pairs(data, begin, stop, buffer)
    count = len(languages.script_of)
    line = best = np.int32(NEVER)
    rows = 0
    for way in range(-1, len(second)):
        own = sums[rows]
        for language in range(count):
            own[language] = 0
        alike, changes = np.int64(0), 0
        for k in range(places):
            before, code = buffer[0, k], buffer[1, k]
            if way >= 0:
                if before >= 0x80:
                    before = np.int64(second[way, min(before, LAST)])
                if code >= 0x80:
                    old = code
                    code = np.int64(second[way, min(code, LAST)])
                    changes += code != old
                if before == 0 or code == 0:
                    changes = 0
                    break
            one, other, extra = _describe_any_pair(np.int64(facts[min(before, LAST)]), np.int64(facts[min(code, LAST)]))
            alike += extra
            if one >= 0:
                row = costs[one, other]
                for language in range(len(row)):
                    own[language] += np.int32(row[language])
        if way < 0 or changes:
            for language in range(count):
                own[language] = own[language] + alike if way < 0 or allowed[way, language] else NEVER
                if way < 0:
                    line = min(line, own[language])
                else:
                    best = min(best, own[language])
            rows += 1
        if way < 0 and not _may_cost_less(buffer, places, second, cheapest, facts, line + against):
            return False
    if best == NEVER or line - best < -against:
        return False
    calm = sums[len(sums) - 1]
    for language in range(count):
        calm[language] = 0
    before = np.int64(32)
    i = begin
    for _ in range(MOST_PLACES):
        if i >= stop:
            break
        code, i = decode_character(data, i)
        if code < 0x80 and before < 0x80:
            row = costs[facts[before] & CLASS, facts[code] & CLASS]
            for language in range(len(row)):
                calm[language] += np.int32(row[language])
        before = np.int64(code)
    line = best = np.int32(NEVER)
    for language in range(count):
        line = min(line, sums[0, language] + calm[language])
        for row in range(1, rows):
            best = min(best, sums[row, language] + calm[language])
    return line - best >= least


@numba.njit(cache=True, nogil=True)
def _may_cost_less(buffer: NDArray[np.int64], places: int, second: U16, cheapest: U8, facts: U32, most: Any) -> bool:
    """Say whether a line costs at most so many steps in one of the ways to read it again, each pair in the language in which it costs least."""
    for way in range(len(second)):
        total = np.int64(0)
        changes = 0
        for k in range(places):
            before, code = buffer[0, k], buffer[1, k]
            if before >= 0x80:
                before = np.int64(second[way, min(before, LAST)])
            if code >= 0x80:
                old = code
                code = np.int64(second[way, min(code, LAST)])
                changes += code != old
            if before == 0 or code == 0:
                changes = 0
                break
            one, other, extra = _describe_any_pair(np.int64(facts[before]), np.int64(facts[code]))
            total += extra if one < 0 else extra + np.int64(cheapest[one, other])
        if changes and total <= most:
            return True
    return False


@numba.njit(cache=True, nogil=True)
def _read_pairs(data: Bytes, begin: int, stop: int, buffer: NDArray[np.int64]) -> int:
    """Put the pairs of characters of a line that are not of ASCII alone into a buffer, and count them."""
    places = 0
    before: Any = np.int64(32)
    code: Any
    i = begin
    while i <= stop and places < MOST_PLACES:
        if i < stop:
            code, i = decode_character(data, i)
        else:
            code, i = 32, i + 1
        if code >= 0x80 or before >= 0x80:
            buffer[0, places], buffer[1, places] = before, code
            places += 1
        before = np.int64(code)
    return places


@numba.njit(cache=True, nogil=True)
def _main_script(codes: U32, languages: Languages) -> int:
    """Give the script of most characters that are not ASCII: its number in `scripts`, or IDEOGRAPHS."""
    scripts = languages.scripts
    counts = np.zeros(IDEOGRAPHS + 1, dtype=np.int64)
    for code in codes:
        if code >= 0x80:
            if 0x2E80 <= code < 0xFFE0 and not (0xD800 <= code < 0xFB50):
                counts[IDEOGRAPHS] += 1
            else:
                counts[scripts[code] if code < 0x10000 else 0] += 1
    script = 1
    for k in range(2, IDEOGRAPHS + 1):
        if counts[k] > counts[script]:
            script = k
    return script


@numba.njit(cache=True, nogil=True)
def find_scripts(codes: U32, offsets: Offsets, scripts: U8, fewest: float) -> Offsets:
    """Give the number of the script of most letters of each text, 0 where it has less than `fewest`."""
    result = np.zeros(len(offsets) - 1, dtype=np.int64)
    counts = np.empty(256, dtype=np.int64)
    for text in range(len(result)):
        counts[:] = 0
        for i in range(offsets[text], offsets[text + 1]):
            counts[scripts[min(codes[i], np.uint32(BMP - 1))]] += 1
        counts[0] = 0
        if counts.sum() >= fewest:
            result[text] = counts.argmax()
    return result


@numba.njit(cache=True, nogil=True)
def is_sparse(codes: U32, languages: Languages) -> bool:
    """Say whether what is not ASCII stands alone between letters that are: so look letters with accents, and no other script."""
    classes = languages.classes
    letters = foreign = 0
    for i in range(len(codes)):
        if codes[i] >= 0x80:
            foreign += 1
            if i and codes[i - 1] >= 0x80:
                return False
        elif classes[codes[i]] >= FIRST:
            letters += 1
    return letters >= SPARSE * foreign


@numba.njit(cache=True, nogil=True)
def price_texts(codes: U32, offsets: Offsets, languages: Languages, as_read: bool) -> NDArray[np.int64]:  # noqa: FBT001
    """Price texts one behind the other, by `price_line` where they are `as_read`, else by `price_text`.

    Gives int64 of shape (texts, 5): what that gives; 1 where most of what is not ASCII is of scripts with many characters; 1 where it `is_sparse`.
    """
    result = np.empty((len(offsets) - 1, 5), dtype=np.int64)
    for text in range(len(offsets) - 1):
        own = codes[offsets[text] : offsets[text + 1]]
        price = price_line(own, languages) if as_read else price_text(own, languages)
        result[text, 0], result[text, 1], result[text, 2] = price
        result[text, 3] = _main_script(own, languages) == IDEOGRAPHS
        result[text, 4] = is_sparse(own, languages)
    return result


class Codecs(NamedTuple):
    """Code pages as tables.

    `readers` u16 of shape (readers, BMP): the byte of a character in each of READERS, NO_BYTE where it has none; `gbk` as in
    Gate. Of the pages of several bytes a character, a bit a page: `pairs` u8 of shape (0x10000,) says which pairs of bytes are a character, `singles` u8 of shape
    (256,) which bytes are one by themselves; `four` and `three` are the bits of the pages that have characters of four bytes as
    GB18030 does, and of three as EUC-JP.
    """

    readers: U16
    gbk: U16
    pairs: U8
    singles: U8
    four: int
    three: int


NO_BYTE = 256


def make_codecs(pages: Sequence[str]) -> Codecs:
    """Make the tables for READERS and for `pages` of several bytes a character."""
    readers = np.full((len(READERS), BMP), NO_BYTE, dtype=np.uint16)
    for number, reader in enumerate(READERS):
        for byte in range(256):
            readers[number, ord(bytes([byte]).decode(reader))] = byte
    pairs, singles = np.zeros(0x10000, dtype=np.uint8), np.zeros(256, dtype=np.uint8)
    for number, page in enumerate(pages):
        for byte in range(256):
            singles[byte] |= ("\ufffd" not in bytes([byte]).decode(page, "replace")) << number
        for lead in range(0x80, 0x100):
            rows = (
                b"".join(bytes([lead, trail, 10]) for trail in range(0x21, 0x100)).decode(page, "replace").split("\n")
            )
            for trail, text in enumerate(rows[:-1], 0x21):
                pairs[lead << 8 | trail] |= ("\ufffd" not in text) << number
    bits = {page: 1 << number for number, page in enumerate(pages)}
    return Codecs(readers, gbk_table(), pairs, singles, bits.get("gb18030", 0), bits.get("euc_jp", 0))


@numba.njit(cache=True, nogil=True)
def encode_lines(codes: U32, offsets: Offsets, codecs: Codecs) -> tuple[Offsets, Bytes]:
    """Turn lines back into the bytes that each reader may have had before it, each once.

    Gives int64 of shape (ways, 4): line, number of the reader (len(READERS) stands for GBK), where its bytes begin, and as bits what they
    may be: 1 for UTF-8, 2 and so on for the pages of `codecs`; and the bytes one behind the other, none of GBK, which is listed
    only where it gives UTF-8. What a bit does not allow is certainly none; what it allows, most likely.
    """
    readers, gbk, pairs, singles = codecs.readers, codecs.gbk, codecs.pairs, codecs.singles
    count = len(readers)
    ways = np.empty(((count + 1) * (len(offsets) - 1), 4), dtype=np.int64)
    data = np.empty(count * len(codes), dtype=np.uint8)
    wide = np.empty(2 * len(codes), dtype=np.uint8)
    found, end = 0, 0
    for line in range(len(offsets) - 1):
        begin, length = offsets[line], offsets[line + 1] - offsets[line]
        first = found
        for reader in range(count):
            bytes_of = readers[reader]
            whole = True
            for i in range(length):
                code = codes[begin + i]
                byte = bytes_of[code] if code < BMP else np.uint16(NO_BYTE)
                if byte == NO_BYTE:
                    whole = False
                    break
                data[end + i] = byte
            if not whole:
                continue
            for earlier in range(first, found):
                place = ways[earlier, 2]
                i = 0
                while i < length and data[place + i] == data[end + i]:
                    i += 1
                if i == length:
                    whole = False
                    break
            if not whole:
                continue
            own = data[end : end + length]
            ways[found, 0], ways[found, 1], ways[found, 2] = line, reader, end
            ways[found, 3] = is_utf8(own) | _find_pages(own, pairs, singles, codecs.four, codecs.three) << 1
            found += 1
            end += length
        size = 0
        whole = True
        for i in range(length):
            code = codes[begin + i]
            if code < 0x80:
                wide[size] = code
                size += 1
                continue
            pair = np.int64(gbk[code]) if code < BMP else np.int64(0)
            # Other characters have four bytes, of which the second is a digit: no UTF-8.
            if pair == 0:
                whole = False
                break
            wide[size], wide[size + 1] = pair >> 8, pair & 255
            size += 2
        if whole and size > length and is_utf8(wide[:size]):
            ways[found, 0], ways[found, 1], ways[found, 2], ways[found, 3] = line, count, end, 1
            found += 1
    return ways[:found].copy(), data[:end].copy()


@numba.njit(cache=True, nogil=True)
def is_utf8(data: Bytes) -> bool:
    """Say whether bytes are valid UTF-8."""
    i, end = 0, len(data)
    while i < end:
        first = data[i]
        i += 1
        if first < 0x80:
            continue
        low, high = 0x80, 0xBF
        if 0xC2 <= first < 0xE0:
            more = 1
        elif 0xE0 <= first < 0xF0:
            more = 2
            low = 0xA0 if first == 0xE0 else low
            high = 0x9F if first == 0xED else high
        elif 0xF0 <= first < 0xF5:
            more = 3
            low = 0x90 if first == 0xF0 else low
            high = 0x8F if first == 0xF4 else high
        else:
            return False
        if i + more > end or not low <= data[i] <= high:
            return False
        for k in range(1, more):
            if not 0x80 <= data[i + k] <= 0xBF:
                return False
        i += more
    return True


@numba.njit(cache=True, nogil=True)
def _find_pages(data: Bytes, pairs: U8, singles: U8, four: int, three: int) -> int:
    """Say of which pages bytes may be, as bits."""
    found = 0
    end = len(data)
    for page in range(8):
        bit = 1 << page
        i = 0
        while i < end:
            first = np.int64(data[i])
            if singles[first] & bit:
                i += 1
            elif i + 1 < end and pairs[first << 8 | np.int64(data[i + 1])] & bit:
                i += 2
            elif bit == four and i + 3 < end and 0x30 <= data[i + 1] < 0x3A and 0x30 <= data[i + 3] < 0x3A:
                i += 4
            elif bit == three and i + 2 < end and first == 0x8F:
                i += 3
            else:
                break
        if i >= end:
            found |= bit
    return found


@numba.njit(cache=True, nogil=True)
def price_all_pages(
    codes: U32,
    offsets: Offsets,
    data: Bytes,
    ways: Offsets,
    pages: U32,
    allowed: U8,
    languages: Languages,
    least: Offsets,
    akin: int,
) -> NDArray[np.int64]:
    """Run `price_pages` over the `ways` of lines (`encode_lines`) one behind the other: int64 of shape (ways, pages, 6).

    `least` int64 of shape (ways,).
    """
    result = np.empty((len(ways), len(pages), 6), dtype=np.int64)
    for way in range(len(ways)):
        line, place = ways[way, 0], ways[way, 2]
        own = codes[offsets[line] : offsets[line + 1]]
        result[way] = price_pages(own, data[place : place + len(own)], pages, allowed, languages, least[way], akin)
    return result


@numba.njit(cache=True, nogil=True)
def price_text(codes: U32, languages: Languages) -> tuple[Any, Any, Any]:
    """Say what a text costs in its best language: steps; of these, those of what is not ASCII; and how many places those are.

    Of the languages those in the script of most of its characters are tried. ASCII costs the same in all.
    """
    classes, script_of, single = languages.classes, languages.script_of, languages.single
    facts, costs = languages.facts, languages.costs
    script = _main_script(codes, languages)
    best = np.int64(1 << 60)
    foreign = places = np.int64(0)
    if script == IDEOGRAPHS:
        for k in range(len(single)):
            total, own, count = np.int64(0), np.int64(0), np.int64(0)
            before = np.int64(32)
            for code in codes:
                if code < 0x80:
                    letter = classes[code] >= FIRST
                    total += ASCII_LETTER if letter else ASCII_OTHER
                    if letter and before >= 0x80:
                        own += INSIDE_WORD
                else:
                    own += single[k, code] if code < 0x10000 else OTHER_BITS
                    if before < 0x80 and classes[before] >= FIRST:
                        own += INSIDE_WORD
                    count += 1
                before = np.int64(code)
            if total + own < best:
                best, foreign, places = total + own, own, count
        return best, foreign, places
    # Pairs of ASCII cost the same in all languages.
    sums = np.zeros(len(script_of), dtype=np.int32)
    calm, alike = np.int64(0), np.int64(0)
    before = np.int64(facts[32])
    for code in codes:
        fact = np.int64(facts[min(code, LAST)])
        first, own, extra = _describe_pair(before, fact)
        if fact & before & ASCII:
            calm += extra
        else:
            alike += extra
            places += 1
            if first >= 0:
                row = costs[first, own]
                for k in range(len(row)):
                    sums[k] += np.int32(row[k])
        before = fact
    for k in range(len(script_of)):
        if script_of[k] == script and calm + alike + sums[k] < best:
            best, foreign = calm + alike + sums[k], alike + sums[k]
    return best, foreign, places


@numba.njit(cache=True, nogil=True)
def price_line(codes: U32, languages: Languages) -> tuple[Any, Any, Any]:
    """Say what a line costs at least, as `price_text` does, each pair in the language in which it is most usual."""
    return _totalpairs(codes, languages, languages.usual)


@numba.njit(cache=True, nogil=True)
def price_whole(codes: U32, offsets: Offsets, allowed: U8, languages: Languages) -> NDArray[np.int64]:
    """Say what texts cost from end to end, ASCII included, each in the best language that it is allowed.

    `allowed` u8 of shape (texts, languages). Gives int64 of shape (texts,), in steps: a place for each character, and one
    for the end.
    """
    result = np.empty(len(offsets) - 1, dtype=np.int64)
    facts, costs = languages.facts, languages.costs
    sums = np.empty(len(languages.script_of), dtype=np.int32)
    for text in range(len(offsets) - 1):
        begin, end = offsets[text], offsets[text + 1]
        sums[:] = 0
        alike = np.int64(0)
        before = np.int64(facts[32])
        for i in range(begin, end + 1):
            fact = np.int64(facts[min(codes[i], LAST)] if i < end else facts[32])
            first, own, extra = _describe_any_pair(before, fact)
            alike += extra
            if first >= 0:
                row = costs[first, own]
                for language in range(len(row)):
                    sums[language] += np.int32(row[language])
            before = fact
        best = np.int64(1 << 60)
        for language in range(len(sums)):
            if allowed[text, language]:
                best = min(best, alike + sums[language])
        result[text] = best
    return result


@numba.njit(cache=True, nogil=True, inline="always")
def _describe_pair(before: Any, code: Any) -> tuple[Any, Any, Any]:
    """Give the classes of a character and the one before it, and steps that come on top of what the pair costs in a language.

    Where all languages have the same cost, the first class is -1, and the steps are that cost. `before` and `code` are `facts`: numbers alone, because
    an array that goes through here is counted in and out each time, which takes ten times as long as all else.
    """
    own, first = code & CLASS, before & CLASS
    if code & ASCII and (before & ASCII or not first):
        return np.int64(-1), own, np.int64(ASCII_LETTER if own >= FIRST else ASCII_OTHER)
    if not own:
        return np.int64(-1), own, (code >> SINGLE) & 255
    if not first:
        return np.int64(-1), own, np.int64(2 * ASCII_LETTER)
    return first, own, np.int64(ANOTHER_CASE if code & IS_UPPER and before & IS_LOWER else 0)


@numba.njit(cache=True, nogil=True, inline="always")
def _describe_any_pair(before: Any, code: Any) -> tuple[Any, Any, Any]:
    """Describe a pair as `_describe_pair` does, and those of ASCII alone too, which it holds to be alike in all languages."""
    first, own, extra = _describe_pair(before, code)
    if first < 0 and own and before & CLASS:
        first, extra = before & CLASS, np.int64(0)
    return first, own, extra


@numba.njit(cache=True, nogil=True)
def _totalpairs(codes: U32, languages: Languages, costs: U8) -> tuple[Any, Any, Any]:
    facts = languages.facts
    total, foreign, places = np.int64(0), np.int64(0), np.int64(0)
    before = np.int64(facts[32])
    for code in codes:
        fact = np.int64(facts[min(code, LAST)])
        first, own, cost = _describe_pair(before, fact)
        if first >= 0:
            cost += np.int64(costs[first, own])
        total += cost
        if not (fact & before & ASCII):
            foreign += cost
            places += 1
        before = fact
    return total, foreign, places


@numba.njit(cache=True, nogil=True)
def price_pages(
    codes: U32, data: Bytes, pages: U32, allowed: U8, languages: Languages, least: int, akin: int
) -> NDArray[np.int64]:
    """Read the bytes of a line, one a character, by each code page, and say what comes out.

    `codes` is the line as read; `pages` u32 of shape (pages, 256), 0 where a byte is no text; `allowed` u8 of shape
    (pages, languages), 1 where a language is written in a page. Gives int64 of shape (pages, 6): steps of the text in its best language (-1: no text,
    or not `least` steps cheaper than the line, nor in its script and `akin` steps cheaper than it is in its language); then, of the places where a character or the one before it changed: steps
    in the line, steps in the text, their number; 1 where most characters that are not ASCII are letters, and most of them do not stand
    alone; the language.
    """
    classes, cases, script_of, scripts = languages.classes, languages.cases, languages.script_of, languages.scripts
    facts, costs, usual = languages.facts, languages.costs, languages.usual
    result = np.full((len(pages), 6), np.int64(-1))
    count = len(codes)
    text = np.empty(count + 1, dtype=np.uint32)
    text[count] = 32
    # Only places beside what is not ASCII can differ.
    places = np.empty(count + 1, dtype=np.int64)
    length, calm = 0, np.int64(0)
    for i in range(count + 1):
        foreign = (i < count and codes[i] >= 0x80) or (i > 0 and codes[i - 1] >= 0x80)
        if foreign:
            places[length] = i
            length += 1
        else:
            calm += ASCII_LETTER if i < count and classes[codes[i]] >= FIRST else ASCII_OTHER
        if i < count:
            text[i] = codes[i]
    page_scripts = np.zeros(len(pages), dtype=np.int64)
    for page in range(len(pages)):
        for language in range(len(script_of)):
            if allowed[page, language]:
                page_scripts[page] = script_of[language]
    # What each place of the line costs as read: where it is most usual, and in each language of its script.
    script = _main_script(codes, languages)
    as_read = np.empty(length, dtype=np.int64)
    in_language = np.empty((length, len(script_of)), dtype=np.int64)
    candidates = np.empty(len(script_of), dtype=np.int64)
    known = 0
    for language in range(len(script_of)):
        if script_of[language] == script:
            candidates[known] = language
            known += 1
    for k in range(length):
        i = places[k]
        before = np.int64(facts[min(codes[i - 1], LAST)] if i else facts[32])
        fact = np.int64(facts[min(codes[i], LAST)] if i < count else facts[32])
        first, own, extra = _describe_pair(before, fact)
        as_read[k] = extra if first < 0 else extra + np.int64(usual[first, own])
        for n in range(known):
            in_language[k, n] = extra if first < 0 else extra + np.int64(costs[first, own, candidates[n]])
    sums = np.zeros(known, dtype=np.int64)
    for k in range(length):
        for n in range(known):
            sums[n] += in_language[k, n]
    whole_line = sums.min() if known else np.int64(0)
    pairs = np.empty((length, 3), dtype=np.int64)
    changed = np.empty(length, dtype=np.bool_)
    every = np.empty(len(script_of), dtype=np.int32)
    new = np.empty(len(script_of), dtype=np.int32)
    sparse = is_sparse(codes, languages)
    for page in range(len(pages)):
        if sparse and page_scripts[page] != 1:
            continue
        whole = True
        letters, foreign_count, together, changes = 0, 0, 0, 0
        for k in range(length):
            i = places[k]
            if i == count or codes[i] < 0x80:
                continue
            code = pages[page, data[i]]
            if code == 0:
                whole = False
                break
            text[i] = code
            changes += code != codes[i]
            foreign_count += 1
            together += (i > 0 and codes[i - 1] >= 0x80) or (i + 1 < count and codes[i + 1] >= 0x80)
            letters += cases[code] > 0 or scripts[code] > 0 or 0x300 <= code < 0x370
        if not whole or not changes:
            continue
        now, then, altered = np.int64(0), np.int64(0), np.int64(0)
        sums[:] = 0
        for k in range(length):
            i = places[k]
            before = np.int64(facts[min(text[i - 1], LAST)] if i else facts[32])
            pairs[k, 0], pairs[k, 1], pairs[k, 2] = _describe_pair(before, np.int64(facts[min(text[i], LAST)]))
            changed[k] = (i < count and text[i] != codes[i]) or (i > 0 and text[i - 1] != codes[i - 1])
            if changed[k]:
                now += pairs[k, 2] if pairs[k, 0] < 0 else pairs[k, 2] + np.int64(usual[pairs[k, 0], pairs[k, 1]])
                then += as_read[k]
                altered += 1
                for n in range(known):
                    sums[n] += in_language[k, n]
        # A whole line is in one language, and costs what it costs there.
        if known:
            then = max(then, sums.min())
        dear = then - now < least
        if dear and page_scripts[page] != script:
            continue
        every[:], new[:] = 0, 0
        alike, now = np.int64(0), np.int64(0)
        for k in range(length):
            alike += pairs[k, 2]
            if changed[k]:
                now += pairs[k, 2]
            if pairs[k, 0] >= 0:
                row = costs[pairs[k, 0], pairs[k, 1]]
                for language in range(len(row)):
                    every[language] += np.int32(row[language])
                if changed[k]:
                    for language in range(len(row)):
                        new[language] += np.int32(row[language])
        best = np.int64(1 << 60)
        for language in range(len(every)):
            if allowed[page, language] and calm + alike + every[language] < best:
                best = calm + alike + every[language]
                result[page, 0] = best
                result[page, 2] = now + new[language]
                result[page, 3] = altered
                result[page, 5] = language
        if dear and whole_line - (best - calm) < akin:
            result[page] = -1
            continue
        result[page, 1] = then
        result[page, 4] = 2 * letters >= foreign_count and (
            2 * together >= foreign_count or script_of[result[page, 5]] == 1
        )
    return result
