"""The terms of `rules/spam/planted/<language>.toml`, made ready to be found in bytes.

A term stands alone: a letter or digit before or behind it makes another word of it, except in scripts without spaces; a star at
an end lets the word go on there. Where a term lies inside a longer one, only the longer one counts.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from cleanse.kernels import PLANES, U8, Bytes, Offsets, decode_character
from cleanse.matching import Forms, Occurrences, find_literals, prepare_forms, spell
from cleanse.planted import marks

Terms = Mapping[str, Mapping[Any, list[str]]]  # of a language: theme -> level -> terms
LEVELS = ("topic", "pitch", "sure", "words")
OPEN_START, OPEN_END = 1, 2
# Scripts without spaces between words, and Hangul, which joins endings to its words.
UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\ua4cf\uac00-\ud7af\uf900-\ufaff]")
BOUND = np.array(
    [kind in (marks.LATIN, marks.DIGIT, marks.CYRILLIC, marks.GREEK, marks.FANCY, marks.LETTER) for kind in range(13)]
)


@dataclass(frozen=True)
class Lexicon:
    """All terms: `theme` and `level` (index into LEVELS) of each, `open` bits, and two sets of forms.

    `written` holds every way to write a term of a theme (its bytes, its number), for texts as they are; `lowered` the lower case of all,
    made ready, for folded texts.
    """

    names: tuple[str, ...]
    themes: tuple[str, ...]
    theme: NDArray[np.uint8]
    level: NDArray[np.uint8]
    open: U8
    written: tuple[tuple[bytes, int], ...]
    lowered: Forms

    @staticmethod
    def of(languages: Mapping[str, Terms], unmarked_chars: int) -> Lexicon:
        """Take the terms of each language; a term that several languages have counts where it weighs most.

        Latin terms of at least `unmarked_chars` characters are also found without their accents, as people type them in a hurry.
        """
        levels: dict[tuple[str, str], int] = {}
        for themes in languages.values():
            for theme, lists in themes.items():
                for level, terms in lists.items():
                    for term in terms:
                        own = LEVELS.index(level)
                        levels[term, theme] = max(own, levels.get((term, theme), 0))
        every = tuple(sorted({theme for _, theme in levels}))
        entries = sorted(levels)
        names, opens = [], []
        spelled, lowered = [], []
        for number, (term, theme) in enumerate(entries):
            text = term.strip("* ")
            wild = term.endswith("*") and not term.endswith(" *")
            opened = OPEN_END if wild or UNSPACED.match(text[-1]) else 0
            if term.startswith("*") or UNSPACED.match(text[0]) or not text[0].isalnum():
                opened |= OPEN_START
            if not text[-1].isalnum():
                opened |= OPEN_END
            names.append(term)
            opens.append(opened)
            forms = [text]
            if len(text) >= unmarked_chars and (bare := _unmark(text)) != text:
                forms.append(bare)
            if levels[term, theme] < LEVELS.index("words"):
                spelled += [(spelling.encode(), number) for form in forms for spelling in spell(form)]
            lowered += [(form.lower().replace("ı", "i").encode(), number) for form in forms]
        return Lexicon(
            tuple(names),
            every,
            np.array([every.index(theme) for _, theme in entries], dtype=np.uint8),
            np.array([levels[entry] for entry in entries], dtype=np.uint8),
            np.array(opens, dtype=np.uint8),
            tuple(spelled),
            prepare_forms(lowered),
        )

    @functools.cached_property
    def forms(self) -> Forms:
        """Make `written` ready to be looked for by itself; a run looks for it together with the words of all rules."""
        return prepare_forms(self.written)

    def find(
        self, data: Bytes, starts: Offsets, ends: Offsets, *, folded: bool
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], Offsets, Offsets]:
        """Give `line`, `term`, `start` and `end` (bytes) of each term that stands alone, in order of place."""
        return self.choose(
            data, starts, ends, find_literals(data, starts, ends, self.lowered if folded else self.forms)
        )

    def choose(
        self, data: Bytes, starts: Offsets, ends: Offsets, found: Occurrences
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], Offsets, Offsets]:
        """Give the same of the terms that were found already."""
        alone = _stand_alone(
            data, starts, ends, found.lines, found.starts, found.ends, self.open[found.literals],
            marks.class_table(), BOUND,
        )  # fmt: skip
        lines, terms = found.lines[alone].astype(np.int64), found.literals[alone].astype(np.int64)
        begins, stops = found.starts[alone], found.ends[alone]
        order = np.lexsort((-self.level[terms].astype(np.int64), -stops, begins, lines))
        return lines[order], terms[order], begins[order], stops[order]


def _unmark(text: str) -> str:
    """Write Latin letters without their marks.

    >>> _unmark("canlı bahis"), _unmark("đánh bài"), _unmark("игровой")
    ('canli bahis', 'danh bai', 'игровой')
    """
    letters = unicodedata.normalize("NFD", text.replace("đ", "d").replace("ı", "i").replace("ł", "l"))
    if not all(c.isascii() for c in letters if not unicodedata.combining(c)):
        return text
    return "".join(c for c in letters if not unicodedata.combining(c))


@numba.njit(cache=True, nogil=True)
def _stand_alone(
    data: Bytes, starts: Offsets, ends: Offsets, lines: NDArray[np.uint32], begins: Offsets, stops: Offsets,
    opens: U8, classes: U8, bound: NDArray[np.bool_],
) -> NDArray[np.bool_]:  # fmt: skip
    alone = np.ones(len(lines), dtype=np.bool_)
    for number in range(len(lines)):
        i = begins[number]
        if not opens[number] & 1 and i > starts[lines[number]]:
            k = i - 1
            while data[k] & 0xC0 == 0x80:
                k -= 1
            code, _ = decode_character(data, k)
            if code < PLANES and bound[classes[code]]:
                alone[number] = False
                continue
        if not opens[number] & 2 and stops[number] < ends[lines[number]]:
            code, _ = decode_character(data, stops[number])
            if code < PLANES and bound[classes[code]]:
                alone[number] = False
    return alone


@numba.njit(cache=True, nogil=True)
def find_densest(
    lines: NDArray[np.int64], begins: Offsets, weights: NDArray[np.int64], count: int, window: int
) -> NDArray[np.int64]:
    """Give for each of `count` lines the greatest sum of the weights of terms that begin within `window` bytes; terms stand in order of place."""
    densest = np.zeros(count, dtype=np.int64)
    first = 0
    total = np.int64(0)
    for number in range(len(lines)):
        if number and lines[number] != lines[number - 1]:
            first, total = number, np.int64(0)
        total += weights[number]
        while begins[number] - begins[first] > window:
            total -= weights[first]
            first += 1
        densest[lines[number]] = max(densest[lines[number]], total)
    return densest
