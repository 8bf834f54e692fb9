"""Places in a text with composed letters, carried back to the text as it was."""

from __future__ import annotations

import bisect
import functools
import unicodedata

FIRST_MARK = "\u0300"  # no character before it joins the one that stands before


def unshift_composed(start: int, end: int, text: str) -> tuple[int, int]:
    r"""Carry a span of a text with composed letters back to the text as it was, widened to the letters and marks that it cuts.

    >>> unshift_composed(1, 2, "ae\u0301o"), unshift_composed(0, 1, "\u1112\u1161\u11ab!")
    ((1, 3), (0, 3))
    """
    read, composed = _list_clusters(text)
    left = read[max(0, bisect.bisect_right(composed, start) - 1)]
    return left, max(left, read[bisect.bisect_left(composed, end)])


@functools.lru_cache(maxsize=1)
def _list_clusters(text: str) -> tuple[list[int], list[int]]:
    """Give where each letter with its marks begins, in a text and in the same with composed letters; the first list ends with the end.

    The places of a line are asked for one after another, so only the last text is remembered.
    """
    read, composed = [0] if text else [], [0] if text else []
    begin = 0
    for place, character in enumerate(text[1:], 1):
        # Most letters tell by themselves, so that a heap of marks is not composed again for each of them.
        if character >= FIRST_MARK:
            own = unicodedata.normalize("NFC", character)
            if unicodedata.combining(unicodedata.normalize("NFD", character)[0]):
                continue
            before = text[begin:place]
            if unicodedata.normalize("NFC", before + character) != unicodedata.normalize("NFC", before) + own:
                continue
        read.append(place)
        composed.append(composed[-1] + len(unicodedata.normalize("NFC", text[begin:place])))
        begin = place
    return [*read, len(text)], composed
