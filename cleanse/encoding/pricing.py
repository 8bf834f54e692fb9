"""What a text costs in bits, by the model of letter pairs (`pairs.py`).

The dearer, the less usual: a text costs what each of its characters costs behind the one before it, in the language in which the sum
is least. Whole text costs about 4 bits a letter, damaged text about 10.

>>> whole, damaged = price_texts(["Паром не пришёл", "Ïàðîì íå ïðèø¸ë"])[:, 0]
>>> round(whole / STEPS), round(damaged / STEPS)
(60, 210)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from cleanse.encoding.pairs import (
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
    OTHER_BITS,
    SINGLE,
    STEPS,
    U8,
    U32,
    Languages,
    character_codes,
    load_figures,
)
from cleanse.kernels import Offsets

IDEOGRAPHS = 8  # stands for the scripts of many characters
SPARSE = 4  # letters of ASCII for each character that is not, where those are letters with accents


def price_lines(lines: Sequence[str]) -> NDArray[np.int64]:
    """Price lines, each pair of letters in the language where it is most usual.

    See `price_line`. Gives int64 of shape (lines, 5), see `price_all`.
    """
    return _price(lines, as_read=True)


def price_texts(texts: Sequence[str]) -> NDArray[np.int64]:
    """Price texts, each in its best language (`price_text`).

    Gives int64 of shape (texts, 5), see `price_all`.
    """
    return _price(texts, as_read=False)


def _price(texts: Sequence[str], *, as_read: bool) -> NDArray[np.int64]:
    return price_all(character_codes("".join(texts)), offsets_of(texts), load_figures().tables, as_read)


def price_end_to_end(texts: Sequence[str], allowed: U8) -> list[float]:
    """Price texts from end to end, each in the best language that it is allowed.

    ASCII counts too.

    `allowed` u8 of shape (texts, languages). Gives bits.
    """
    steps = price_whole(character_codes("".join(texts)), offsets_of(texts), allowed, load_figures().tables)
    return [float(step) for step in steps / STEPS]


def offsets_of(texts: Sequence[str]) -> Offsets:
    """Give where each text begins in all of them joined, and where the last ends.

    >>> offsets_of(["ab", "", "c"]).tolist()
    [0, 2, 2, 3]
    """
    return np.cumsum([0, *map(len, texts)]).astype(np.int64)


@numba.njit(cache=True, nogil=True)
def price_all(codes: U32, offsets: Offsets, languages: Languages, as_read: bool) -> NDArray[np.int64]:  # noqa: FBT001
    """Price texts one behind the other, by `price_line` or by `price_text`.

    The first is for lines `as_read`. Gives int64 of shape (texts, 5): steps in all; steps of what is not ASCII; the number of those places; 1 where most of what is not ASCII
    is of a script with many characters; 1 where the text `is_sparse`.
    """
    result = np.empty((len(offsets) - 1, 5), dtype=np.int64)
    for text in range(len(offsets) - 1):
        own = codes[offsets[text] : offsets[text + 1]]
        price = price_line(own, languages) if as_read else price_text(own, languages)
        result[text, 0], result[text, 1], result[text, 2] = price
        result[text, 3] = main_script(own, languages) == IDEOGRAPHS
        result[text, 4] = is_sparse(own, languages)
    return result


@numba.njit(cache=True, nogil=True)
def price_text(codes: U32, languages: Languages) -> tuple[Any, Any, Any]:
    """Say what a text costs in its best language.

    Gives steps in all, steps of what is not ASCII, and the number of those places. Only languages in the script of most of its characters
    are tried. ASCII costs the same in all.
    """
    classes, script_of, single = languages.classes, languages.script_of, languages.single
    facts, costs = languages.facts, languages.costs
    script = main_script(codes, languages)
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
        first, own, extra = describe_pair(before, fact)
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
    """Say what a line costs, each pair in the language in which it is most usual.

    Gives what `price_text` gives.
    """
    facts, usual = languages.facts, languages.usual
    total, foreign, places = np.int64(0), np.int64(0), np.int64(0)
    before = np.int64(facts[32])
    for code in codes:
        fact = np.int64(facts[min(code, LAST)])
        first, own, cost = describe_pair(before, fact)
        if first >= 0:
            cost += np.int64(usual[first, own])
        total += cost
        if not (fact & before & ASCII):
            foreign += cost
            places += 1
        before = fact
    return total, foreign, places


@numba.njit(cache=True, nogil=True)
def price_whole(codes: U32, offsets: Offsets, allowed: U8, languages: Languages) -> NDArray[np.int64]:
    """Say what texts cost from end to end, ASCII included (`price_end_to_end`).

    Gives int64 of shape (texts,), in steps: a place for each character, and one for the end.
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
            first, own, extra = describe_any_pair(before, fact)
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
def describe_pair(before: Any, code: Any) -> tuple[Any, Any, Any]:
    """Give the classes of a pair of characters, and what it costs in any language.

    That many steps come on top of its cost in a language. Where all languages have the same cost, the first class is -1. `before` and `code` are of
    `Languages.facts`: an array as an argument would be counted in and out each time, which takes ten times as long as all else.
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
def describe_any_pair(before: Any, code: Any) -> tuple[Any, Any, Any]:
    """Describe a pair as `describe_pair` does, also one of ASCII."""
    first, own, extra = describe_pair(before, code)
    if first < 0 and own and before & CLASS:
        first, extra = before & CLASS, np.int64(0)
    return first, own, extra


@numba.njit(cache=True, nogil=True)
def main_script(codes: U32, languages: Languages) -> int:
    """Give the number of the script of most characters outside ASCII, or IDEOGRAPHS."""
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
    """Give the script of most letters of each text, 0 where it has less than `fewest`."""
    result = np.zeros(len(offsets) - 1, dtype=np.int64)
    counts = np.empty(256, dtype=np.int64)
    for text in range(len(result)):
        counts[:] = 0
        for i in range(offsets[text], offsets[text + 1]):
            counts[scripts[min(codes[i], np.uint32(BMP - 1))]] += 1
        counts[0] = 0
        every, most = 0, 0
        for script in range(1, len(counts)):
            every += counts[script]
            if counts[script] > counts[most]:
                most = script
        if every >= fewest:
            result[text] = most
    return result


@numba.njit(cache=True, nogil=True)
def is_sparse(codes: U32, languages: Languages) -> bool:
    """Say whether what is not ASCII stands alone between letters that are.

    So look letters with accents, and no other script.
    """
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
