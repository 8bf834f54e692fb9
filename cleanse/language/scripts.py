"""Which lines of a document speak for its language: kernels over the bytes of many documents.

A line has a vote where most of it is letters and it looks like running text: several words, few capitals, no address, no code.
Where no line of a document looks so, all lines with letters vote.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from cleanse import cache, kernels
from cleanse.kernels import U8, U64, Bytes, Offsets, add_to, add_up, decode_character, leaf

# Scripts of Unicode by the names that Polars knows; the order is that of the numbers in `script_table`, from 1.
SCRIPTS = (
    "Latin", "Cyrillic", "Arabic", "Devanagari", "Han", "Hiragana", "Katakana", "Hangul", "Thai", "Greek", "Hebrew",
    "Bengali", "Tamil", "Telugu", "Kannada", "Malayalam", "Gujarati", "Gurmukhi", "Oriya", "Sinhala", "Lao", "Khmer",
    "Myanmar", "Tibetan", "Georgian", "Armenian", "Ethiopic", "Thaana", "Syriac", "Mongolian", "Cherokee",
    "Canadian_Aboriginal", "Tifinagh", "Yi", "Nko", "Vai", "Ol_Chiki", "Bamum", "Lisu", "Javanese", "Balinese", "Sundanese",
    "Buginese", "Batak", "Rejang", "Tai_Le", "New_Tai_Lue", "Tai_Viet", "Tai_Tham", "Cham", "Lepcha", "Limbu", "Meetei_Mayek",
    "Chakma", "Saurashtra", "Sora_Sompeng", "Warang_Citi", "Syloti_Nagri", "Newa", "Kayah_Li", "Hanifi_Rohingya", "Adlam",
    "Mende_Kikakui", "Osage", "Pahawh_Hmong", "Nyiakeng_Puachue_Hmong", "Wancho", "Mro", "Tagalog", "Hanunoo", "Buhid",
    "Tagbanwa", "Phags_Pa", "Gothic", "Coptic", "Ogham", "Runic", "Glagolitic", "Samaritan", "Mandaic", "Osmanya", "Deseret",
    "Shavian", "Egyptian_Hieroglyphs", "Cuneiform", "Bopomofo",
)  # fmt: skip
HAN = SCRIPTS.index("Han") + 1
UPPER = 128
# Kinds of ASCII bytes, and the number of them.
LOWER, CAPITAL, CODE, DIGIT, SPACE, OTHER, KINDS = range(7)
STRETCH = 1000  # bytes that are counted together
# Columns of a row that stands for a line, of one that says what a document is like, and of one that stands for a script in a document.
FIRST, LENGTH, DOC, LINE, SCRIPT, LETTERS, VOTES, COLUMNS = range(8)
MAIN, TOTAL, KANA, RUNNING, VOTELESS = range(5)
DOC_OF, SCRIPT_OF, LETTERS_OF, VOTES_OF = range(4)


@cache.keep
def script_table() -> U8:
    """Give for each code point of planes 0 and 1 the number of its script; 0 where it is no letter, 128 more for capitals."""
    characters = kernels.code_points()
    letters = characters.str.contains(r"^[\p{L}\p{M}]$").to_numpy()
    upper = characters.str.contains(r"^\p{Lu}$").to_numpy()
    table = np.zeros(kernels.PLANES, dtype=np.uint8)
    for number, script in enumerate(SCRIPTS, 1):
        table[characters.str.contains(rf"^\p{{{script}}}$").to_numpy() & letters] = number
    table[upper & (table > 0)] += UPPER
    return table


@functools.cache
def kind_table() -> U8:
    """Give for each ASCII byte its kind: letter, capital, sign of code, digit, white space, or other."""
    table = np.full(128, OTHER, dtype=np.uint8)
    table[97:123] = LOWER
    table[65:91] = CAPITAL
    table[48:58] = DIGIT
    for sign in b"{}<>=_;|\\/@#$^~`*[]+()":
        table[sign] = CODE
    for space in b" \t\r\x0b\x0c":
        table[space] = SPACE
    return table


@functools.cache
def unspaced_scripts() -> NDArray[np.bool_]:
    """Say of each script number whether it is written without spaces between words."""
    return np.array([False, *(script in (*kernels.UNSPACED, "Bopomofo", "Yi") for script in SCRIPTS)])


def _scan_lines(
    data: Bytes, offsets: Offsets, scripts: U8, kinds: U8, unspaced: NDArray[np.bool_], han: int, numbers: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], Offsets]:
    """Give a row a line with letters, letters by document and script, and where the rows of each document begin."""
    texts = len(offsets) - 1
    most = kernels.count_lines(data, offsets)
    sizes = ((256,), (KINDS,), (3, numbers), (most, 7), (texts, numbers), (texts + 1,))
    own, seen, tiers, rows, counts, bounds = (np.zeros(size, dtype=np.int64) for size in sizes)
    ones = np.uint64(1) << (np.uint64(10) * kinds.astype(np.uint64))
    used = _scan_texts(data, offsets, scripts, ones, unspaced, han, numbers, own, seen, tiers, rows, counts, bounds)
    return rows[:used].copy(), counts, bounds


@leaf()
def _scan_texts(
    data: Bytes, offsets: Offsets, scripts: U8, ones: U64, unspaced: NDArray[np.bool_], han: int, numbers: int,
    own: Offsets, seen: Offsets, tiers: NDArray[np.int64], rows: NDArray[np.int64], counts: NDArray[np.int64], bounds: Offsets,
) -> int:  # fmt: skip
    """Write the rows, the letters and where rows begin; give the number of rows. `own`, `seen` and `tiers` are for counting."""
    texts, used = len(offsets) - 1, 0
    for text in range(texts):
        i, end = offsets[text], offsets[text + 1]
        line = 0
        tiers[:] = 0
        while i < end:
            begin, colons = i, 0
            low, high = 256, 0
            seen[:] = 0
            while i < end:
                byte = data[i]
                if byte < 0x80:
                    if byte == 10:
                        break
                    # The kinds of a stretch are counted in one number, ten bits each.
                    packed = np.uint64(0)
                    stop = min(end, i + STRETCH)
                    while i < stop:
                        byte = data[i]
                        if byte >= 0x80 or byte == 10:
                            break
                        packed += ones[byte]
                        if byte == 58 and i + 2 < end and data[i + 1] == 47 and data[i + 2] == 47:
                            colons += 1
                        i += 1
                    for kind in range(KINDS):
                        seen[kind] += (packed >> np.uint64(10 * kind)) & np.uint64(1023)
                else:
                    point, i = decode_character(data, i)
                    found = int(scripts[point]) if point < 0x20000 else (han if point < 0x40000 else 0)
                    if found:
                        own[found] += 1
                        low = min(low, found)
                        high = max(high, found)
                    else:
                        seen[5] += 1
            length = i - begin
            if seen[0] or seen[1] or high:
                upper, letters = seen[1], seen[0] + seen[1]
                own[1] += letters
                if letters:
                    low = min(low, 1)
                    high = max(high, 1)
                # Capitals of scripts stand 128 above them.
                if high >= 128:
                    for number in range(max(low, 128), high + 1):
                        if own[number]:
                            upper += own[number]
                            own[number - 128] += own[number]
                            low = min(low, number - 128)
                            own[number] = 0
                    high = numbers - 1
                letters = 0
                main = low
                for number in range(low, high + 1):
                    letters += own[number]
                    if own[number] > own[main]:
                        main = number
                visible = letters + seen[2] + seen[3] + seen[5]
                words = seen[4] + 1
                votes = 1
                if colons * 8 > words or seen[2] * 10 > visible or seen[3] > letters:
                    votes = 0
                elif letters * 10 >= visible * 7:
                    if unspaced[main]:
                        if letters >= 8:
                            votes = 2
                    elif letters >= 20 and words >= 4 and upper * 10 <= words * 6:
                        votes = 2
                for number in range(low, high + 1):
                    if own[number]:
                        tiers[votes, number] += own[number]
                        own[number] = 0
                rows[used, 0], rows[used, 1], rows[used, 2], rows[used, 3] = begin, length, text, line
                rows[used, 4], rows[used, 5], rows[used, 6] = main, letters, votes
                used += 1
            i += 1
            line += 1
        running, labels = add_up(tiers[2]), add_up(tiers[1])
        add_to(counts[text], tiers[2])
        # A few letters of running text in a page of labels do not outvote the labels.
        if running < 40 and running * 10 < labels:
            add_to(counts[text], tiers[1])
        if running + labels == 0:
            add_to(counts[text], tiers[0])
        elif add_up(counts[text]) == 0:
            add_to(counts[text], tiers[1])
        bounds[text + 1] = used
    return used


@numba.njit(cache=True, nogil=True)
def _weigh_documents(
    rows: NDArray[np.int64], counts: NDArray[np.int64], bounds: NDArray[np.int64], han: int, east: NDArray[np.bool_], weights: NDArray[np.int64]
) -> NDArray[np.int64]:  # fmt: skip
    """Give for each document its main script and numbers about it; letters are weighted, and those of kana put to Han."""
    texts = len(counts)
    heads = np.zeros((texts, 5), dtype=np.int64)
    for text in range(texts):
        total, main, most = 0, 0, 0
        for number in range(counts.shape[1]):
            if counts[text, number]:
                counts[text, number] *= weights[number]
                total += counts[text, number]
        kana = 0
        for number in range(counts.shape[1]):
            if east[number] and number != han:
                kana += counts[text, number]
                counts[text, number] = 0
        counts[text, han] += kana
        for number in range(counts.shape[1]):
            if counts[text, number] > most or (number == han and counts[text, number] == most and most):
                main, most = number, counts[text, number]
        heads[text, 0] = main
        heads[text, 1] = total
        heads[text, 2] = kana
        for row in range(bounds[text], bounds[text + 1]):
            if rows[row, 6] == 2:
                heads[text, 3] += rows[row, 5]
            elif rows[row, 6] == 0:
                heads[text, 4] += rows[row, 5]
    return heads


@numba.njit(cache=True, nogil=True)
def _choose_units(
    rows: NDArray[np.int64], counts: NDArray[np.int64], bounds: NDArray[np.int64], heads: NDArray[np.int64], han: int,
    east: NDArray[np.bool_], limits: NDArray[np.float64],
) -> NDArray[np.int64]:  # fmt: skip
    """Give a row for each script that a document is written in, the main script first."""
    min_letters, min_text, min_part, min_share = limits[0], limits[1], limits[2], limits[3]
    units = np.zeros((len(counts) + 16, 4), dtype=np.int64)
    present = np.zeros(counts.shape[1], dtype=np.bool_)
    used = 0
    for text in range(len(counts)):
        first, last = bounds[text], bounds[text + 1]
        main, total = heads[text, 0], heads[text, 1]
        if total < min_letters or first == last:
            continue
        present[:] = False
        letters = 0
        for row in range(first, last):
            letters += rows[row, 5]
            script = rows[row, 4]
            present[han if east[script] else script] = True
        # Code, addresses and the like.
        if heads[text, 4] and heads[text, 3] < min_text and 2 * heads[text, 4] > letters:
            continue
        if used + counts.shape[1] > len(units):
            larger = np.zeros((2 * len(units) + counts.shape[1], 4), dtype=np.int64)
            larger[:used] = units[:used]
            units = larger
        least = max(min_part, min_share * total)
        begun = used
        for number in range(counts.shape[1]):
            own = counts[text, number]
            if present[number] and own and (number == main or (own >= least and last - first > 1)):
                units[used, 0], units[used, 1], units[used, 2] = text, number, own
                if number == main and used > begun:
                    units[begun, 1], units[used, 1] = units[used, 1], units[begun, 1]
                    units[begun, 2], units[used, 2] = units[used, 2], units[begun, 2]
                used += 1
        if used > begun and units[begun, 1] != main:
            used = begun
    return units[:used]


@numba.njit(cache=True, nogil=True, inline="always")
def _is_own(row: NDArray[np.int64], script: int, best: int, han: int, east: NDArray[np.bool_]) -> bool:
    return row[6] == best and (row[4] == script or (script == han and east[row[4]]))


@numba.njit(cache=True, nogil=True)
def _choose_pieces(
    data: Bytes, scripts: U8, rows: NDArray[np.int64], bounds: NDArray[np.int64], units: NDArray[np.int64], han: int,
    east: NDArray[np.bool_], most: int, chars: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:  # fmt: skip
    """Cut pieces out of the lines with the most votes, spread evenly over the letters of the script; whole words where words are parted."""
    starts = np.zeros(len(units) * most, dtype=np.int64)
    ends = np.zeros(len(units) * most, dtype=np.int64)
    of_unit = np.zeros(len(units) + 1, dtype=np.int64)
    used = 0
    for unit in range(len(units)):
        text, script = units[unit, 0], units[unit, 1]
        first, last = bounds[text], bounds[text + 1]
        best, letters = -1, 0
        for row in range(first, last):
            if rows[row, 4] == script or (script == han and east[rows[row, 4]]):
                if rows[row, 6] > best:
                    best, letters = rows[row, 6], 0
                if rows[row, 6] == best:
                    letters += rows[row, 5]
        units[unit, 3] = best
        count = min(most, 1 + letters // chars)
        reach, piece, done = 0, 0, 0
        for row in range(first, last):
            if not _is_own(rows[row], script, best, han, east):
                continue
            line_end = rows[row, 0] + rows[row, 1]
            while piece < count:
                target = max(0, letters * (2 * piece + 1) // (2 * count) - chars // 2)
                if target >= reach + rows[row, 5]:
                    break
                piece += 1
                i = max(done, rows[row, 0] + max(0, target - reach) * rows[row, 1] // rows[row, 5])
                if i >= line_end:
                    continue
                if i > rows[row, 0]:
                    while i < line_end and (data[i] & 0xC0) == 0x80:
                        i += 1
                    # From a word on, where one begins near.
                    near = i
                    while near < line_end and near < i + chars:
                        point, behind = decode_character(data, near)
                        near = behind
                        if point < 0x20000 and not scripts[point]:
                            i = behind
                            break
                begin, seen, current = i, 0, row
                word = i
                end = line_end
                while seen < chars:
                    if i >= end:
                        current += 1
                        if (
                            current < last and rows[current, 0] == end + 1 and seen * 2 < chars
                            and _is_own(rows[current], script, best, han, east)
                        ):  # fmt: skip
                            i = rows[current, 0]
                            end = i + rows[current, 1]
                        word = i
                        if i >= end:
                            break
                    point, i = decode_character(data, i)
                    seen += 1
                    if point < 0x20000 and not scripts[point]:
                        word = i
                if i >= end:
                    word = i
                stop = word if word > begin + (i - begin) // 2 else i
                starts[used], ends[used] = begin, stop
                done = stop
                used += 1
            reach += rows[row, 5]
        of_unit[unit + 1] = used
    return starts[:used], ends[:used], of_unit


@numba.njit(cache=True, nogil=True)
def count_signs(
    data: Bytes, starts: NDArray[np.int64], ends: NDArray[np.int64], pieces: NDArray[np.int64], wanted: NDArray[np.bool_], table: U8, kinds: int
) -> NDArray[np.int64]:  # fmt: skip
    """Count in the pieces of each wanted unit the characters of each kind; `table` has a bit for each kind of a code point."""
    out = np.zeros((len(wanted), kinds), dtype=np.int64)
    for unit in range(len(wanted)):
        if wanted[unit]:
            for piece in range(pieces[unit], pieces[unit + 1]):
                i = starts[piece]
                while i < ends[piece]:
                    point, i = decode_character(data, i)
                    if point < len(table) and table[point]:
                        for kind in range(kinds):
                            out[unit, kind] += (table[point] >> kind) & 1
    return out


@dataclass(frozen=True)
class Scan:
    """What is known of many documents before any detector.

    `rows`: a row a line with letters: FIRST byte, LENGTH in bytes, DOC, LINE, SCRIPT as a number from 1 of SCRIPTS, LETTERS, VOTES (2 for
    running text, 1 for other lines, 0 for addresses and code). `bounds`: where the rows of each document begin. `heads`: a row a document:
    MAIN script, TOTAL of its letters, those in KANA, letters in RUNNING text, in VOTELESS lines. `units`: a row for each script that a document is
    written in, the main one first: DOC_OF, SCRIPT_OF, LETTERS_OF, VOTES_OF the lines that speak for it. `starts`, `ends`: pieces of those
    lines. `pieces`: where the pieces of each unit begin.
    """

    rows: NDArray[np.int64]
    bounds: NDArray[np.int64]
    heads: NDArray[np.int64]
    units: NDArray[np.int64]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    pieces: NDArray[np.int64]


def east_asian() -> NDArray[np.bool_]:
    """Say of each script number whether it is Han or kana: Japanese mixes them."""
    names = ("Han", "Hiragana", "Katakana")
    return np.array([False, *(script in names for script in SCRIPTS)])


def scan(data: Bytes, offsets: Offsets, weights: NDArray[np.int64], limits: Mapping[str, float]) -> Scan:
    """Scan many documents; `weights` says for how many letters a letter of each script counts."""
    east = east_asian()
    rows, counts, bounds = _scan_lines(
        data, offsets, script_table(), kind_table(), unspaced_scripts(), HAN, len(SCRIPTS) + 1
    )
    heads = _weigh_documents(rows, counts, bounds, HAN, east, weights)
    least = np.array([limits[name] for name in ("min_letters", "min_text_letters", "min_part_letters", "min_share")])
    units = _choose_units(rows, counts, bounds, heads, HAN, east, least)
    pieces = _choose_pieces(
        data, script_table(), rows, bounds, units, HAN, east, int(limits["pieces"]), int(limits["piece_chars"])
    )
    return Scan(rows, bounds, heads, units, *pieces)
