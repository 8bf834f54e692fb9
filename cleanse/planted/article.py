"""What a segment has in common with the rest of its document.

It is asked only for segments that lack little, so a document is read for it once and seldom. Lines that are planted are no part of the rest.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Set as AbstractSet

import numpy as np

from cleanse.kernels import PLANES
from cleanse.matching import Lines
from cleanse.planted.marks import CYRILLIC, EAST, GREEK, LATIN, LETTER, class_table
from cleanse.planted.measures import list_units

SCRIPTS = (LATIN, CYRILLIC, GREEK, EAST, LETTER)  # the last are all scripts without a class of their own
MOST_NAMES = 100  # of a document that are counted: a list of as many names as lines would take the square of its length


class Article:
    """A document: how many letters it has of each class of scripts, its text in lower case, and its words, counted when they are asked for."""

    def __init__(self, text: str) -> None:
        """Count the letters of a text."""
        self.letters = count_scripts(text)
        self._written = text
        self._repeats: dict[str, int] = {}

    @functools.cached_property
    def text(self) -> str:
        """Give the text in lower case."""
        return self._written.lower()

    @functools.cached_property
    def units(self) -> Counter[str]:
        """Count the words."""
        return Counter(list_units(self.text))

    def count_name(self, name: str) -> int:
        """Count how often a name stands in the text; 0 for names beyond the first MOST_NAMES, since each is looked for in the whole text.

        >>> Article("Slot88 and slot88").count_name("slot88")
        2
        """
        if name not in self._repeats and len(self._repeats) < MOST_NAMES:
            self._repeats[name] = self.text.count(name)
        return self._repeats.get(name, 0)

    def is_foreign(self, segment: str, foreign_percent: int, rest_percent: int) -> bool:
        """Say whether a segment is in a script that the rest has not; the segment is part of what was counted.

        More than `foreign_percent` of its letters are of one script, and less than `rest_percent` of those of the rest.

        >>> Article("The boats lie in the harbour. 网上赌场").is_foreign("网上赌场", 80, 2)
        True
        """
        letters = count_scripts(segment)
        if letters.total() < 2:
            return False
        main = letters.most_common(1)[0][0]
        rest = self.letters - letters
        own = 100 * letters[main] > foreign_percent * letters.total()
        return own and 100 * rest[main] < rest_percent * rest.total()

    def find_strange(self, segment: str, rest_units: int, least_units: int) -> float:
        """Give the percentage of the units of a segment that the rest has not; 0 where it has fewer than `least_units` or the rest fewer than `rest_units`.

        >>> Article("The boats lie in the harbour. 网上赌场").find_strange("网上赌场", 3, 3)
        100.0
        """
        own = Counter(list_units(segment.lower()))
        count = own.total()
        if count < least_units or self.units.total() - count < rest_units:
            return 0.0
        return 100 * sum(number for unit, number in own.items() if self.units[unit] <= number) / count


def count_scripts(text: str) -> Counter[int]:
    """Count the letters of a text by class of scripts."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    kinds = np.bincount(class_table()[codes[codes < PLANES]], minlength=16)
    return Counter({kind: int(kinds[kind]) for kind in SCRIPTS if kinds[kind]})


class Articles:
    """The documents of a batch, each counted when it is asked for; the last one is kept."""

    def __init__(self, lines: Lines, planted: AbstractSet[int] = frozenset()) -> None:
        """Take the lines of a batch, and the rows that are planted and belong to no article."""
        self._lines = lines
        self._planted = planted
        self._last = (-1, Article(""))

    def of_row(self, row: int) -> Article:
        """Give the document of a line."""
        document = int(self._lines.doc[row])
        if document != self._last[0]:
            self._last = (document, Article(self._read(document)))
        return self._last[1]

    def _read(self, document: int) -> str:
        """Give the text of a document without its planted lines; the bytes of its lines stand one behind the other."""
        lines = self._lines
        first, behind = int(lines.bounds[document]), int(lines.bounds[document + 1])
        planted = [row for row in range(first, behind) if row in self._planted] if self._planted else []
        cuts = [int(lines.starts[first])]
        for row in planted:
            cuts += [int(lines.starts[row]), int(lines.ends[row])]
        cuts.append(int(lines.ends[behind - 1]))
        parts = (lines.data[begin:end].tobytes() for begin, end in zip(cuts[::2], cuts[1::2], strict=True))
        return b"\n".join(parts).decode("utf-8", "replace")
