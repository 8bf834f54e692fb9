"""What the bytes of a line cost in bits, read by each code page of one byte a character.

`price_pages` is the inner loop of the search for readings: of nearly every page it says at a few characters that it makes nothing
better of the line. `readings.py` makes texts only of what is left.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from cleanse.encoding.pairs import ASCII_LETTER, ASCII_OTHER, FIRST, LAST, LATIN, U8, U32, Languages
from cleanse.encoding.pricing import describe_pair, is_sparse, main_script
from cleanse.kernels import Bytes, Offsets, find_least


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
    """Run `price_pages` over lines, each in the `ways` that `encode_lines` gives.

    `least` int64 of shape (ways,). Gives int64 of shape (ways, pages, 5).
    """
    result = np.empty((len(ways), len(pages), 5), dtype=np.int64)
    for way in range(len(ways)):
        line, place = ways[way, 0], ways[way, 2]
        own = codes[offsets[line] : offsets[line + 1]]
        result[way] = price_pages(own, data[place : place + len(own)], pages, allowed, languages, least[way], akin)
    return result


@numba.njit(cache=True, nogil=True)
def price_pages(
    codes: U32, data: Bytes, pages: U32, allowed: U8, languages: Languages, least: int, akin: int
) -> NDArray[np.int64]:
    """Read the bytes of a line by each code page, and price what comes out.

    `codes` is the line as read; `pages` u32 of shape (pages, 256), 0 where a byte is no text; `allowed` u8 of shape (pages, languages), 1
    where a language is written in a page. Gives int64 of shape (pages, 5):

    0. steps of the text in its best language; -1 where the page gives no text, or one that is not worth a look: few of what is not ASCII
       are letters, or most of them stand alone as only Latin ones do; or it is not `least` steps cheaper than the line, nor in the script
       of the line and `akin` steps cheaper than the line is in its language
    1. of the places where a character or the one before it changed: steps in the line
    2. the same: steps in the text
    3. the number of these places
    4. the language
    """
    classes, cases, script_of, scripts = languages.classes, languages.cases, languages.script_of, languages.scripts
    facts, costs, usual = languages.facts, languages.costs, languages.usual
    result = np.full((len(pages), 5), np.int64(-1))
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
    script = main_script(codes, languages)
    candidates = np.flatnonzero(script_of == script)
    known = len(candidates)
    as_read = np.empty(length, dtype=np.int64)
    in_language = np.empty((length, known), dtype=np.int64)
    sums = np.zeros(known, dtype=np.int64)
    whole_line = np.int64(-1)
    pairs = np.empty((length, 3), dtype=np.int64)
    changed = np.empty(length, dtype=np.bool_)
    every = np.empty(len(script_of), dtype=np.int32)
    new = np.empty(len(script_of), dtype=np.int32)
    sparse = is_sparse(codes, languages)
    for page in range(len(pages)):
        if sparse and page_scripts[page] != LATIN:
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
        if not whole or not changes or 2 * letters < foreign_count:
            continue
        if 2 * together < foreign_count and page_scripts[page] != LATIN:
            continue
        if whole_line < 0:
            # What each place of the line costs as read: where it is most usual, and in each language of its script.
            for k in range(length):
                i = places[k]
                before = np.int64(facts[min(codes[i - 1], LAST)] if i else facts[32])
                fact = np.int64(facts[min(codes[i], LAST)] if i < count else facts[32])
                first, own, extra = describe_pair(before, fact)
                as_read[k] = extra if first < 0 else extra + np.int64(usual[first, own])
                for n in range(known):
                    in_language[k, n] = extra if first < 0 else extra + np.int64(costs[first, own, candidates[n]])
                    sums[n] += in_language[k, n]
            whole_line = find_least(sums) if known else np.int64(0)
        now, then, altered = np.int64(0), np.int64(0), np.int64(0)
        sums[:] = 0
        for k in range(length):
            i = places[k]
            before = np.int64(facts[min(text[i - 1], LAST)] if i else facts[32])
            pairs[k, 0], pairs[k, 1], pairs[k, 2] = describe_pair(before, np.int64(facts[min(text[i], LAST)]))
            changed[k] = (i < count and text[i] != codes[i]) or (i > 0 and text[i - 1] != codes[i - 1])
            if changed[k]:
                now += pairs[k, 2] if pairs[k, 0] < 0 else pairs[k, 2] + np.int64(usual[pairs[k, 0], pairs[k, 1]])
                then += as_read[k]
                altered += 1
                for n in range(known):
                    sums[n] += in_language[k, n]
        # A whole line is in one language, and costs what it costs there.
        if known:
            then = max(then, find_least(sums))
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
                result[page, 4] = language
        if dear and whole_line - (best - calm) < akin:
            result[page] = -1
            continue
        result[page, 1] = then
    return result
