"""What a segment has in common with the rest of its document.

It is asked only for segments that lack little, so a document is read for it once and seldom. Lines that are planted are no part of the rest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Set
from dataclasses import dataclass

import numpy as np

from cleanse.kernels import PLANES
from cleanse.matching import Lines
from cleanse.planted.marks import CYRILLIC, EAST, GREEK, LATIN, LETTER, class_table
from cleanse.planted.measures import list_units

SCRIPTS = (LATIN, CYRILLIC, GREEK, EAST, LETTER)  # the last are all scripts without a class of their own


@dataclass(frozen=True)
class Article:
    """A text in lower case, its words, how often each occurs, and how many letters it has of each class of scripts."""

    text: str
    units: Counter[str]
    letters: Counter[int]

    @staticmethod
    def of(text: str) -> Article:
        """Count what a text holds."""
        lowered = text.lower()
        return Article(lowered, Counter(list_units(lowered)), count_scripts(text))

    def compare(self, segment: str, rest_units: int, least_units: int, *, inside: bool = True) -> dict[str, float]:
        """Measure how strange a segment of this document is in it; nothing, where the rest has fewer than `rest_units` units.

        The segment is part of what was counted, unless it is not `inside`.

        >>> article = Article.of("The boats lie in the harbour. 网上赌场")
        >>> article.compare("网上赌场", 3, 3)
        {'foreign-script': 1, 'strange-percent': 100.0}
        """
        own = Counter(list_units(segment.lower()))
        count = sum(own.values())
        if sum(self.units.values()) - count * inside < rest_units:
            return {}
        letters = count_scripts(segment)
        main = letters.most_common(1)[0][0] if letters else LATIN
        rest = self.letters - letters if inside else self.letters
        foreign = count > 1 and letters[main] > 0.8 * letters.total() and rest[main] < 0.02 * rest.total()
        values: dict[str, float] = {"foreign-script": 1} if foreign else {}
        if count >= least_units:
            alone = sum(number for unit, number in own.items() if self.units[unit] <= number * inside)
            values["strange-percent"] = 100 * alone / count
        return values


def count_scripts(text: str) -> Counter[int]:
    """Count the letters of a text by class of scripts."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    kinds = np.bincount(class_table()[codes[codes < PLANES]], minlength=16)
    return Counter({kind: int(kinds[kind]) for kind in SCRIPTS if kinds[kind]})


class Articles:
    """The documents of a batch, each counted when it is asked for; the last one is kept."""

    def __init__(self, lines: Lines, planted: Set[int] = frozenset()) -> None:
        """Take the lines of a batch, and the rows that are planted and belong to no article."""
        self._lines = lines
        self._planted = planted
        self._last = (-1, Article("", Counter(), Counter()))

    def of_row(self, row: int) -> Article:
        """Give the document of a line."""
        document = int(self._lines.doc[row])
        if document != self._last[0]:
            first, behind = self._lines.bounds[document], self._lines.bounds[document + 1]
            rows = [k for k in range(first, behind) if k not in self._planted]
            texts = self._lines.take(np.array(rows, dtype=np.int64))["text"]
            self._last = (document, Article.of("\n".join(texts.to_list())))
        return self._last[1]
