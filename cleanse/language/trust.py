"""What each detector said of texts of known language, and what it is worth when it says it again."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Any

from cleanse.language.detectors import DETECTORS, Said

SPREAD = 80  # languages over which what a detector says wrongly is spread
LENGTHS = ("long", "short")
LATIN = "-Latn"  # ends the name of a language that has rows of its own for texts in Latin letters


@dataclass
class Trust:
    """What a detector says of texts whose language is known, for one length of text.

    `right` and `wrong` count how sure it was; `said` counts what it said wrongly; `of` counts, by true language, what it said.
    """

    right: dict[str, float]
    wrong: dict[str, float]
    said: dict[str, float]
    of: dict[str, dict[Said, float]]
    known: frozenset[str]

    @functools.cached_property
    def _totals(self) -> dict[str, float]:
        return {language: sum(counts.values()) for language, counts in self.of.items()}

    def texts(self, language: str) -> float:
        """Give how many texts of a language were seen."""
        return self._totals.get(language, 0.0)

    @functools.cached_property
    def _sums(self) -> tuple[float, float]:
        return sum(self.right.values()), sum(self.wrong.values())

    @functools.cached_property
    def _known_points(self) -> dict[tuple[str, Said], float]:
        return {}

    def points(self, language: str, said: Said, prior: float, *, latin: bool = False) -> float:
        """Give the bits of log-likelihood that the detector says this of a text in `language`, written in Latin letters or not."""
        name = f"{language}{LATIN}" if latin and f"{language}{LATIN}" in self.of else language
        known = self._known_points.get((name, said))
        if known is None:
            known = self._known_points[name, said] = self._weigh(name, language, said, prior)
        return known

    def _weigh(self, name: str, language: str, said: Said, prior: float) -> float:
        counts = self.of.get(name, {})
        total = self._totals.get(name, 0.0)
        share = (counts.get(said, 0.0) + prior * self._expect(language, said)) / (total + prior)
        return math.log2(max(share, 1e-7))

    def _expect(self, language: str, said: Said) -> float:
        right, wrong = self._sums
        tag, sure = said
        if tag == language:
            return self.right.get(sure, 0.0) / (right + wrong)
        by_chance = (self.wrong.get(sure, 0.0) + 0.5) / (wrong + 4) * (self.said.get(tag, 0.0) + 0.5) / (wrong + SPREAD)
        return by_chance * (wrong / (right + wrong) if language in self.known else 1.0)


def read_trust(tables: dict[str, Any]) -> dict[tuple[str, str], Trust]:
    """Read what each detector said, by length of text."""
    known = {
        name: frozenset(
            {
                said.split(" ")[0]
                for regime in LENGTHS
                for table in tables[name][regime]["of"].values()
                for said in table
            }
        )
        | frozenset(tables[name]["long"]["said"])
        for name in DETECTORS
    }
    trust = {}
    for name in DETECTORS:
        for regime in LENGTHS:
            table = tables[name][regime]
            of = {
                language: {_read_said(said): float(count) for said, count in own.items()}
                for language, own in table["of"].items()
            }
            trust[regime, name] = Trust(table["right"], table["wrong"], table["said"], of, known[name] - {"un"})
    return trust


def _read_said(text: str) -> Said:
    tag, _, sure = text.partition(" ")
    return tag, sure
