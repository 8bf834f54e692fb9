"""Lines of a frame with all that a scorecard measures of them: kernels over the bytes, and over the numbers that those gave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleanse.kernels import U8, Offsets, places
from cleanse.matching import Lines
from cleanse.scorecards import measures
from cleanse.segments import list_rows

Kinds = NDArray[np.int32]
Site = NDArray[np.int8]


@dataclass(frozen=True)
class Surroundings:
    """What is known of the lines of some texts: counts of each line, hits of other rules, and where the core of each text is."""

    lines: places.I32
    bounds: Offsets
    hits: U8
    kinds: Kinds
    firsts: Offsets
    lasts: Offsets
    site: Site

    @staticmethod
    def of(
        lines: Lines, hits: U8, kinds: Kinds, site: Site | None = None, words: NDArray[np.int64] | None = None
    ) -> Surroundings:
        """Read the lines; `hits` and `kinds` are those of `count_hits`, `site` what other pages hold (`place_lines`), None where nobody knows.

        `words` says how many words of other rules each line holds (`Matched.words`); None is none.
        """
        read = places.read_lines(
            lines.data, lines.starts, lines.ends, lines.line, lines.bounds, places.line_classes(), places.fold_table(),
            places.FULL_HALVES,
        )  # fmt: skip
        if words is not None:
            read[:, places.RULE_WORDS] = words
        known = np.full((len(lines), 2), -1, dtype=np.int8) if site is None else site
        return Surroundings(read, lines.bounds, hits, kinds, *places.find_core(read, lines.bounds), known)

    @staticmethod
    def join(parts: Sequence[Surroundings]) -> Surroundings:
        """Put the texts of several one behind the other."""
        shifts = np.cumsum([0, *(len(part.lines) for part in parts)])[:-1]
        moved = list(zip(parts, shifts, strict=True))
        bounds = [part.bounds[:-1] + shift for part, shift in moved]
        return Surroundings(
            np.concatenate([part.lines for part in parts]),
            np.concatenate([*bounds, [sum(len(part.lines) for part in parts)]]),
            np.concatenate([part.hits for part in parts]),
            np.concatenate([part.kinds for part in parts]),
            np.concatenate([part.firsts + shift for part, shift in moved]),
            np.concatenate([part.lasts + shift for part, shift in moved]),
            np.concatenate([part.site for part in parts]),
        )

    def choose(self, texts: NDArray[np.int64]) -> tuple[Surroundings, NDArray[np.int64]]:
        """Keep some texts, in order; also give the rows that their lines had."""
        rows = list_rows(self.bounds[texts], self.bounds[texts + 1])
        bounds = np.cumsum([0, *np.diff(self.bounds)[texts]]).astype(np.int64)
        shift = bounds[:-1] - self.bounds[texts]
        kept = Surroundings(
            self.lines[rows],
            bounds,
            self.hits[rows],
            self.kinds[texts],
            self.firsts[texts] + shift,
            self.lasts[texts] + shift,
            self.site[rows],
        )
        return kept, rows

    def measure_pages(self) -> places.F32:
        """Give the measures of each text, a row each; columns as in `measures.PAGE_COLUMNS`."""
        return places.sum_documents(self.lines, self.bounds, self.hits, self.kinds, self.firsts, self.lasts)

    def measure_lines(self, names: Sequence[str]) -> places.F32:
        """Give some measures of each line, a column each in the order of `names`, which are none of the page."""
        chosen = np.array([measures.LINE_COLUMNS[name] for name in names], dtype=np.int64)
        return places.place_lines(self.lines, self.bounds, self.hits, self.firsts, self.lasts, self.site, chosen)

    @property
    def texts(self) -> NDArray[np.int64]:
        """Give for each line the number of its text."""
        return np.repeat(np.arange(len(self.kinds)), np.diff(self.bounds))


def count_hits(found: pl.DataFrame, lines: Lines) -> tuple[U8, Kinds]:
    """Count what other rules hit: for each line how many rules, at most 2; for each text how many different ones.

    Reads of `found`: `doc`, `line`, `rule`.
    """
    names = found["rule"].unique(maintain_order=True)
    count = max(1, len(names))
    rules = found["rule"].cast(pl.Enum(names)).to_physical().to_numpy().astype(np.int64)
    docs = found["doc"].to_numpy().astype(np.int64)
    rows, there = lines.find_rows(found)
    pairs = _distinct(rows[there] * count + rules[there]) // count
    hits = np.bincount(pairs, minlength=len(lines))
    kinds = np.bincount(_distinct(docs * count + rules) // count, minlength=lines.texts)
    return np.minimum(hits, 2).astype(np.uint8), kinds.astype(np.int32)


def _distinct(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give each number once, in order; `np.unique` takes six times as long."""
    ordered = np.sort(numbers)
    distinct: NDArray[np.int64] = ordered[np.diff(ordered, prepend=-1) != 0]
    return distinct
