"""Which lines of which documents are furniture: a scorecard of documents and one of lines together, and runs of lines.

1. The scorecard of documents asks a question, such as whether a document is a page with furniture around a text. Only the lines of those
   that pass are measured. Of several such pairs the first one that a document passes judges it.
2. The scorecard of lines adds up the evidence of each line; the sum of its document is one of its measures.
3. Runs: a line between two that go goes too, and a heading stays with what it stands above (`kernels.places.decide_lines`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleanse.compiled import match_any
from cleanse.kernels import places
from cleanse.matching import Lines, Matched
from cleanse.rules import Rules
from cleanse.scorecards.card import BASE, Card
from cleanse.scorecards.measures import PAGE_COLUMNS, PAGE_OF_LINE, PLACED_MEASURES
from cleanse.scorecards.surroundings import Site, Surroundings, count_hits
from cleanse.segments import list_rows

DOUBTFUL = places.DOUBTFUL  # the fate of a line that nearly goes
SHOWN_TERMS = 6  # the biggest terms of a sum that are written down one by one
ALL = "all measures"  # the whole sum of a line that is far above the threshold
REST = "other measures"  # the sum of all others
BETWEEN = "between lines that go"  # the points that a line between two others is given
TERMS_SCHEMA = {"row": pl.Int64, "evidence": pl.String, "weight": pl.Int32}


@dataclass(frozen=True)
class Outcome:
    """What was found in the texts, and in the lines of those that pass the question of the pair.

    Of each text: `page_sums`, `page_values`, its measures, and `judged`, whether this pair or an earlier one judged it. Of each line that
    this one judged: `rows`, its place among all lines; `sums`; `fates`, what becomes of it (`kernels.places`); `values`, its own
    measures; `texts`, the text that it is of.
    """

    judged: NDArray[np.bool_]
    page_sums: NDArray[np.int32]
    page_values: places.F32
    rows: NDArray[np.int64]
    sums: NDArray[np.int32]
    fates: NDArray[np.uint8]
    values: places.F32
    texts: NDArray[np.int64]


@dataclass(frozen=True)
class Furniture:
    """A scorecard of lines and the one of documents that it asks, which may be missing: then every document passes."""

    line: Card
    page: Card | None

    @staticmethod
    def of(rules: Rules) -> list[Furniture]:
        """Pair the scorecards of a family, in the order of the ids of those of lines."""
        cards = [Card.of(rule) for rule in rules if rule.head.scorecard]
        documents = {card.rule: card for card in cards if card.limits.of == "document"}
        return [Furniture(card, documents.get(card.limits.asks or "")) for card in cards if card.limits.of == "line"]

    def judge(
        self, lines: Lines, surroundings: Surroundings, struck: NDArray[np.bool_], before: Outcome | None = None
    ) -> Outcome:
        """Add up the evidence of all lines; `struck` says which of them go already, `before` what an earlier pair judged."""
        limits = self.line.limits
        page_values = surroundings.measure_pages() if before is None else before.page_values
        judged = np.zeros(len(page_values), dtype=np.bool_) if before is None else before.judged
        page_sums = np.full(len(page_values), limits.page, dtype=np.int32)
        passes = ~judged
        if self.page is not None:
            page_sums = self.page.add_rows(page_values, PAGE_COLUMNS)
            passes &= page_sums >= self.page.limits.threshold
        pages = np.flatnonzero(passes)
        own, rows = surroundings.choose(pages)
        near, far = self.line.divide(PLACED_MEASURES)
        values = own.measure_lines(near.measures)
        # What counts of the page is the same for all its lines, and added up once.
        alike = far.add_rows(_list_pages(page_values, page_sums), PAGE_OF_LINE)
        texts = pages[own.texts]
        sums = near.add_rows(values, near.columns) + alike[texts]
        between, heading, doubt, braked = (
            limits.threshold if limit is None else limit
            for limit in (limits.between, limits.heading, limits.doubt, limits.braked)
        )
        if limits.spares:
            # Below each limit, so that nobody takes them and no run goes over them.
            stay = _find_spared(lines, rows, own, limits.spares, limits.spares_within)
            sums = np.where(stay, np.minimum(sums, min(limits.threshold, between, heading, doubt) - 1), sums)
        fates = places.decide_lines(
            sums, own.lines, own.bounds, struck[rows], limits.threshold, between, heading, doubt, braked,
            limits.brake_units, limits.brake_percent,
        )  # fmt: skip
        return Outcome(judged | passes, page_sums, page_values, rows, sums, fates, values, texts)

    def list_terms(self, outcome: Outcome, chosen: NDArray[np.int64]) -> pl.DataFrame:
        """Give the terms of some of `outcome.rows`, the SHOWN_TERMS biggest by themselves and the others as one: TERMS_SCHEMA.

        Of a line that is farther above the threshold than `doubt` is below it, only the sum is given: nobody asks why it went, and
        on raw pages they are most lines.
        """
        limits = self.line.limits
        far = outcome.sums[chosen] > 2 * limits.threshold - (limits.threshold if limits.doubt is None else limits.doubt)
        sure = {"row": outcome.rows[chosen][far], "weight": outcome.sums[chosen][far]}
        sums = pl.DataFrame(sure, schema={"row": pl.Int64, "weight": pl.Int32})
        chosen = chosen[~far]
        points = self._list_points(outcome, chosen)
        near = _list_terms(points, self.line, outcome.rows[chosen])
        terms = pl.concat([near, sums.select("row", pl.lit(ALL).alias("evidence"), "weight")])
        missing = self.line.limits.threshold - outcome.sums[chosen]
        between = outcome.fates[chosen] == places.GOES_BETWEEN
        given = {"row": outcome.rows[chosen][between], "weight": missing[between]}
        lifted = pl.DataFrame(given, schema={"row": pl.Int64, "weight": pl.Int32})
        return pl.concat([terms, lifted.select("row", pl.lit(BETWEEN).alias("evidence"), "weight")])

    def _list_points(self, outcome: Outcome, chosen: NDArray[np.int64]) -> NDArray[np.int32]:
        """Give the points of some of `outcome.rows`, a column a table in the order of the card."""
        near, far = self.line.divide(PLACED_MEASURES)
        pages = _list_pages(outcome.page_values, outcome.page_sums)
        parts = [
            near.list_rows(outcome.values, chosen, near.columns),
            far.list_rows(pages, outcome.texts[chosen], PAGE_OF_LINE),
        ]
        order = {measure: place for place, measure in enumerate([*near.measures, *far.measures])}
        return np.column_stack(parts)[:, [order[measure] for measure in self.line.measures]]

    def list_page_terms(self, outcome: Outcome, texts: NDArray[np.int64]) -> pl.DataFrame:
        """Give the terms of some documents in the same way; `row` is the number of the text."""
        if self.page is None:
            return pl.DataFrame(schema=TERMS_SCHEMA)
        return _list_terms(self.page.list_rows(outcome.page_values, texts, PAGE_COLUMNS), self.page, texts)


def _find_spared(
    lines: Lines, rows: NDArray[np.int64], own: Surroundings, patterns: Sequence[str], within: int
) -> NDArray[np.bool_]:
    """Say which rows match one of some patterns, or stand between two of their text that do and are at most `within` rows apart.

    Only lines with a digit are asked, which keeps the patterns off most lines of a page.
    """
    asked = np.flatnonzero(own.lines[:, places.DIGITS] > 0)
    found = asked[match_any(lines.take(rows[asked])["text"], patterns)]
    spared = np.zeros(len(rows), dtype=np.bool_)
    spared[found] = True
    texts = own.texts
    near = (np.diff(found) <= within) & (texts[found[1:]] == texts[found[:-1]])
    spared[list_rows(found[:-1][near], found[1:][near])] = True
    return spared


def _list_pages(values: places.F32, sums: NDArray[np.int32]) -> places.F32:
    """Give what is measured of the page of a line: columns as in PAGE_OF_LINE."""
    return np.column_stack([values, sums.astype(np.float32)])


def _list_terms(points: NDArray[np.int32], card: Card, rows: NDArray[np.int64]) -> pl.DataFrame:
    """Write the biggest points of each row out, and the sum of the others."""
    points = np.column_stack([points, np.full(len(points), card.limits.base, dtype=np.int32)])
    order = np.argsort(-np.abs(points), axis=1, kind="stable")
    first, rest = order[:, :SHOWN_TERMS], order[:, SHOWN_TERMS:]
    biggest = np.take_along_axis(points, first, axis=1)
    others = np.take_along_axis(points, rest, axis=1).sum(axis=1)
    weights = np.column_stack([biggest, others]).astype(np.int32)
    names = pl.Series([*card.measures, BASE, REST])
    labels = np.column_stack([first, np.full(len(points), len(names) - 1)])
    # Most terms are 0, and are gone before they get their names.
    row, column = np.nonzero(weights)
    shown = {"row": rows[row], "evidence": names.gather(labels[row, column]), "weight": weights[row, column]}
    return pl.DataFrame(shown, schema=TERMS_SCHEMA)


def survey(
    lines: Lines, matched: Matched, acting: set[str], striking: set[str], site: Site | None = None
) -> tuple[Surroundings, NDArray[np.bool_]]:
    """Measure the lines of a batch, with what other rules found in it; also say which lines those strike whole.

    Reads of `matched.places`: `doc`, `line`, `rule`, `whole`, `start`, `end`, `text`; only `acting` rules count as evidence, and
    `striking` ones take lines away. `site` says which lines other pages of the site hold (`Surroundings.of`).
    """
    found = matched.places
    hits, kinds = count_hits(found.filter(pl.col("rule").is_in(sorted(acting))), lines)
    whole = pl.col("whole") | ((pl.col("start") == 0) & (pl.col("end") == pl.col("text").str.len_chars()))
    gone, _ = count_hits(found.filter(pl.col("rule").is_in(sorted(striking)) & whole), lines)
    return Surroundings.of(lines, hits, kinds, site, matched.words), gone > 0
