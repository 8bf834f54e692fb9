"""What the rules of duplicates say, and what that means: which pairs become candidates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cleanse import kernels
from cleanse.rules import Rules

# Patterns of one character in the rule of same words.
WORD_PARAMETERS = ("ignored", "signs", "behind", "before")
EXACT, FOLDED, NEAR = "dedupe/exact", "dedupe/folded", "dedupe/near"
CURVE_POINTS = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95)


@dataclass(frozen=True)
class Parameters:
    """What `dedupe/near` says, or its defaults where that rule is switched off."""

    exact: bool
    folded: bool
    near: bool
    threshold: float
    shingle: int
    bands: int
    rows: int
    seed: int
    rounds: int
    ignored: str
    signs: str
    behind: str
    before: str

    @staticmethod
    def of(selected: Rules, every: Rules) -> Parameters:
        """Take the switches from the rules that were selected and the numbers from all rules."""
        values = {name: float(str(value)) for name, value in every[NEAR].head.parameters.items()}
        words: dict[str, Any] = {name: str(every[FOLDED].head.parameters[name]) for name in WORD_PARAMETERS}
        whole: dict[str, Any] = {name: int(values[name]) for name in ("shingle", "seed", "rounds")}
        bands, rows = choose_bands(values["threshold"], int(values["permutations"]), values["recall"])
        return Parameters(
            exact=EXACT in selected,
            folded=FOLDED in selected,
            near=NEAR in selected,
            threshold=values["threshold"],
            bands=bands,
            rows=rows,
            **whole,
            **words,
        )

    @property
    def active(self) -> bool:
        """Say whether any duplicates are looked for."""
        return self.exact or self.folded or self.near

    @property
    def tables(self) -> tuple[kernels.U8, kernels.U32]:
        """Give the tables by which texts are cut into tokens."""
        return kernels.sign_tables(self.ignored, self.signs, self.behind, self.before)

    def band_names(self) -> list[str]:
        """Name the columns of band keys."""
        return [f"band_{number:02}" for number in range(self.bands)]

    def curve(self) -> dict[str, float]:
        """Give the probability that a pair of each similarity becomes a candidate: 1 - (1 - s^rows)^bands."""
        return {str(s): round(candidate_probability(s, self.bands, self.rows), 4) for s in CURVE_POINTS}


def candidate_probability(similarity: float, bands: int, rows: int) -> float:
    """Give the probability that a pair shares a band: 1 - (1 - s^rows)^bands (Leskovec, Rajaraman, Ullman, section 3.4.2).

    >>> round(candidate_probability(0.8, 22, 5), 4)
    0.9998
    """
    return float(1 - (1 - similarity**rows) ** bands)


def choose_bands(threshold: float, count: int, recall: float) -> tuple[int, int]:
    """Cut `count` minima into bands of as many rows as keep pairs at the threshold candidates with probability `recall`.

    More rows mean fewer candidates that come to nothing; exact verification makes up for the rest. One row where none is enough.

    >>> choose_bands(0.8, 112, 0.999), choose_bands(0.5, 112, 0.999), choose_bands(0.9, 112, 0.999)
    ((22, 5), (56, 2), (14, 8))
    """
    for rows in range(count, 0, -1):
        if candidate_probability(threshold, count // rows, rows) >= recall:
            return count // rows, rows
    return count, 1
