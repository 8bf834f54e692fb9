"""A second look at a line of Latin letters: would other letters of its script make it more usual?

`Szõlõ és gyümölcs` has no pair of letters that no language has. But read as Windows-1250 it is `Szőlő és gyümölcs`, and that costs
less in Hungarian than the line costs anywhere, ASCII included. Such lines are few letters away from whole text, and the running
sum of the gate does not see them. On the lines of the held-out matrix this finds 13 repairs and 135 flags more
(`benchmarks/encoding.py matrix`).
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from cleanse.encoding.pairs import CLASS, LAST, U8, U16, U32, Languages
from cleanse.encoding.pricing import describe_any_pair
from cleanse.kernels import Bytes, decode_character

NEVER = 1 << 28  # steps that no line costs
MOST_PLACES = 256  # of a line, at which a second look stops


@numba.njit(cache=True, nogil=True)
def look_again(
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
    """Say whether a line of Latin letters is less usual than what it may have been.

    Each counts in the language in which it costs least.

    First only what is not ASCII counts, and `against` steps may speak for the line: nearly all lines end there. Then ASCII counts too, and
    `least` steps must speak against the line. `second`, `allowed` and `cheapest` are of Gate. `buffer` and `sums` are work space: a row
    for the line, one for each way to read it again, and one for its ASCII.
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
            one, other, extra = describe_any_pair(np.int64(facts[min(before, LAST)]), np.int64(facts[min(code, LAST)]))
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
    """Say whether a line costs at most so many steps in a way to read it again.

    Each pair counts in the language in which it costs least, so this is never wrong where it says no.
    """
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
            one, other, extra = describe_any_pair(np.int64(facts[before]), np.int64(facts[code]))
            total += extra if one < 0 else extra + np.int64(cheapest[one, other])
        if changes and total <= most:
            return True
    return False


@numba.njit(cache=True, nogil=True)
def _read_pairs(data: Bytes, begin: int, stop: int, buffer: NDArray[np.int64]) -> int:
    """Put the pairs of characters outside ASCII into a buffer, and count them."""
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
