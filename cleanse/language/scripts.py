"""Which lines of a document speak for its language: kernels over the bytes of many documents.

A line has a vote where most of it is letters and it looks like running text: several words, few capitals, no address, no code.
Where no line of a document looks so, all lines with letters vote.
"""

from __future__ import annotations

import functools

import numba
import numpy as np
from numpy.typing import NDArray

from cleanse import cache, kernels
from cleanse.kernels import U8, Bytes, Offsets, decode_character

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
# Columns of a row that stands for a line, and of one that says what a document is like.
FIRST, LENGTH, DOC, LINE, SCRIPT, LETTERS, VOTES, COLUMNS = range(8)
MAIN, OWN, TOTAL, PROBES, RUNNING, VOTELESS = range(6)
MOST_PROBES = 3


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


@numba.njit(cache=True, nogil=True)
def _scan_lines(
    data: Bytes, offsets: Offsets, scripts: U8, kinds: U8, unspaced: NDArray[np.bool_], han: int, numbers: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Give a row a line with letters, letters by document and script, and where the rows of each document begin."""
    texts = len(offsets) - 1
    capacity = 1024
    rows = np.zeros((capacity, 7), dtype=np.int64)
    used = 0
    bounds = np.zeros(texts + 1, dtype=np.int64)
    counts = np.zeros((texts, numbers), dtype=np.int64)
    own = np.zeros(256, dtype=np.int64)
    seen = np.zeros(6, dtype=np.int64)
    tiers = np.zeros((3, numbers), dtype=np.int64)
    for text in range(texts):
        i = offsets[text]
        end = offsets[text + 1]
        line = 0
        tiers[:] = 0
        while i < end:
            begin = i
            colons = 0
            low, high = 256, 0
            seen[:] = 0
            while i < end:
                byte = data[i]
                if byte < 0x80:
                    if byte == 10:
                        break
                    seen[kinds[byte]] += 1
                    if byte == 58 and i + 2 < end and data[i + 1] == 47 and data[i + 2] == 47:
                        colons += 1
                    i += 1
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
                upper = seen[1]
                letters = seen[0] + seen[1]
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
                if used == capacity:
                    capacity *= 2
                    larger = np.zeros((capacity, 7), dtype=np.int64)
                    larger[:used] = rows[:used]
                    rows = larger
                rows[used, 0] = begin
                rows[used, 1] = length
                rows[used, 2] = text
                rows[used, 3] = line
                rows[used, 4] = main
                rows[used, 5] = letters
                rows[used, 6] = votes
                used += 1
            i += 1
            line += 1
        running, labels = tiers[2].sum(), tiers[1].sum()
        counts[text] += tiers[2]
        # A few letters of running text in a page of labels do not outvote the labels.
        if running < 40 and running * 10 < labels:
            counts[text] += tiers[1]
        if running + labels == 0:
            counts[text] += tiers[0]
        elif counts[text].sum() == 0:
            counts[text] += tiers[1]
        bounds[text + 1] = used
    return rows[:used], counts, bounds


@numba.njit(cache=True, nogil=True)
def _choose_probes(
    rows: NDArray[np.int64],
    counts: NDArray[np.int64],
    bounds: NDArray[np.int64],
    han: int,
    east: NDArray[np.bool_],
    weights: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give for each document its main script and numbers about it, and the rows of its probes."""
    texts = len(counts)
    heads = np.zeros((texts, 6), dtype=np.int64)
    probes = np.zeros((texts, 3), dtype=np.int64)
    for text in range(texts):
        total, main, most, kana = 0, 0, 0, 0
        for number in range(counts.shape[1]):
            if counts[text, number]:
                counts[text, number] *= weights[number]
            own = counts[text, number]
            if own:
                total += own
                if east[number] and number != han:
                    kana += own
                elif number != han and own > most:
                    most = own
                    main = number
        if counts[text, han] + kana > most:
            main = han
            most = counts[text, han] + kana
        heads[text, 0] = main
        heads[text, 1] = most
        heads[text, 2] = total
        best, weight, last = -1, 0, 0
        for row in range(bounds[text], bounds[text + 1]):
            votes = rows[row, 6]
            if votes == 2:
                heads[text, 4] += rows[row, 5]
            elif votes == 0:
                heads[text, 5] += rows[row, 5]
            script = rows[row, 4]
            if script == main or (main == han and east[script]):
                if votes > best:
                    best = votes
                    weight = 0
                if votes == best:
                    weight += rows[row, 5]
                    if rows[row, 5] >= 40:
                        last = row
        number, reach = 0, 0
        for row in range(bounds[text], bounds[text + 1]):
            script = rows[row, 4]
            if rows[row, 6] == best and (script == main or (main == han and east[script])):
                reach += rows[row, 5]
                # The lines in which one and three quarters of the letters are reached, and the last.
                if number < 2 and reach * 4 >= weight * (2 * number + 1):
                    while number < 2 and reach * 4 >= weight * (2 * number + 1):
                        probes[text, number] = row
                        number += 1
        if number:
            probes[text, 2] = max(last, probes[text, 1])
            heads[text, 3] = number
    return heads, probes


def scan(data: Bytes, offsets: Offsets, weights: NDArray[np.int64]) -> tuple[NDArray[np.int64], ...]:
    """Scan many documents; `weights` says for how many letters a letter of each script counts.

    Gives a row a line with letters (FIRST byte, LENGTH in bytes, DOC, LINE, SCRIPT as a number from 1 of SCRIPTS, LETTERS, VOTES: 2 for
    running text, 1 for other lines, 0 for addresses and code); letters by document and script, of the lines with the most votes; where
    the rows of each document begin; a row a document (MAIN script, letters of its OWN, TOTAL, whether there are PROBES, letters in
    RUNNING text, in VOTELESS lines); and the rows of its probes, three, which may be the same.
    """
    han = HAN
    east = np.zeros(len(SCRIPTS) + 1, dtype=np.bool_)
    east[[han, SCRIPTS.index("Hiragana") + 1, SCRIPTS.index("Katakana") + 1]] = True
    rows, counts, bounds = _scan_lines(
        data, offsets, script_table(), kind_table(), unspaced_scripts(), han, len(SCRIPTS) + 1
    )
    heads, probes = _choose_probes(rows, counts, bounds, han, east, weights)
    return rows, counts, bounds, heads, probes
