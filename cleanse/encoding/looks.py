"""Repairs that change how text looks and not what it says. All of them are off by default.

>>> lines = Lines.of("ﬁnd the ﬂoor")
>>> [edit[:3] for edit in change_looks(lines, "ligatures", "encoding/ligatures")[0]]
[(0, 1, 'fi'), (8, 9, 'fl')]
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Callable

import ftfy.fixes

from cleanse import cache
from cleanse.encoding.changes import compare
from cleanse.encoding.lines import Edits, Lines

LINE_BREAKS = "\r\x0b\x85\u2028\u2029"
STRETCH = 256  # characters that a change is tried on together


def mend_breaks(line: str) -> str:
    r"""Put a space where a line breaks in a way of its own; a fix never adds a line.

    >>> mend_breaks("one\u2028two")
    'one two'
    """
    return re.sub(f"[{LINE_BREAKS}]+", " ", line)


def compose_letters(line: str) -> str:
    r"""Compose letters and their marks (Unicode form NFC).

    >>> compose_letters("cafe\u0301")
    'café'
    """
    return unicodedata.normalize("NFC", line)


# By the method of the rule: what it does to a line.
CHANGES: dict[str, Callable[[str], str]] = {
    "line-breaks": mend_breaks,
    "ligatures": ftfy.fixes.fix_latin_ligatures,
    "nfc": compose_letters,
    "quotes": ftfy.fixes.uncurl_quotes,
    "width": ftfy.fixes.fix_character_width,
}


def change_looks(lines: Lines, method: str, rule: str) -> Edits:
    """Change how lines look by one of CHANGES."""
    change = CHANGES[method]
    return {
        row: compare(lines.texts[row], change(lines.texts[row]), rule) for row in lines.holding(find_characters(method))
    }


@functools.cache
def find_characters(method: str) -> frozenset[str]:
    """Find the characters without which one of CHANGES changes nothing.

    >>> "ﬁ" in find_characters("ligatures"), "f" in find_characters("ligatures")
    (True, False)
    """
    return cache.fetch("encoding.looks.characters", method, lambda: _try_characters(method))


def _try_characters(method: str) -> frozenset[str]:
    change = CHANGES[method]
    characters = [chr(code) for code in range(0x80, 0x30000) if not 0xD800 <= code < 0xE000]
    # A stretch that stays as it is holds no such character, and nearly all stretches do.
    stretches = [characters[first : first + STRETCH] for first in range(0, len(characters), STRETCH)]
    touched = [stretch for stretch in stretches if change(text := "".join(stretch)) != text]
    changed = [c for stretch in touched for c in stretch if change(c) != c]
    if method != "nfc":
        return frozenset(changed + (["\r", "\x0b"] if method == "line-breaks" else []))
    seconds = {
        unicodedata.decomposition(c).split()[-1]
        for c in characters
        if unicodedata.decomposition(c)[:1] not in ("", "<")
    }
    composing = {chr(int(code, 16)) for code in seconds} | {
        chr(code) for code in (*range(0x1161, 0x1176), *range(0x11A8, 0x11C3))
    }
    return frozenset([*changed, *(c for c in characters if c in composing or unicodedata.combining(c))])
