"""Flag what is there to rank or to sell, and say how much of it a document holds.

What is spam stands in `rules/spam/`: patterns with a weight, and `planted`, a scorecard that adds up evidence of a segment. This
module runs both and makes the score of the document.
"""

from __future__ import annotations

import functools
import itertools
import re
import unicodedata
from dataclasses import dataclass

import numpy as np
import polars as pl

from cleanse import segments
from cleanse.hits import attach_hits, explode_hits, make_hits
from cleanse.matching import Lines, Matched, Method, Occurrences
from cleanse.planted import EVIDENCE_SCHEMA, Planted
from cleanse.rules import Rules

FAMILY = "spam"
COLUMN = "spam_hits"
POINTS = "spam_points"
OTHER_POINTS = "boilerplate_points"  # of the scorecards of boilerplate, which are signals too
SIGNAL = segments.SIGNAL
SCORE = "spam/score"
PARAMETERS = {SCORE: {"kept"}}
# Scripts that are written without spaces: a mechanism of Unicode, not a judgement.
UNSPACED = "\u2e80-\u2fdf\u3005-\u3007\u3021-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff"
UNSPACED_RUN = re.compile(rf"[{UNSPACED}]")
METHODS: dict[str, Method] = {}


@functools.cache
def unit_pattern() -> re.Pattern[str]:
    """Give the pattern of a unit or a run of unspaced letters; for Python, the vowel signs of Hindi are no letters."""
    combining = (chr(code) for code in range(0x300, 0x1F000) if unicodedata.category(chr(code)).startswith("M"))
    marks = "".join(mark for mark in combining if not UNSPACED_RUN.match(mark))
    return re.compile(rf"[{UNSPACED}]+|[^\W{UNSPACED}]+(?:[{marks}]+[^\W{UNSPACED}]*)*")


def units(text: str) -> list[str]:
    """Cut a text into what can be compared: words, and pairs of characters where words have no spaces.

    >>> units("call log 通话记录")
    ['call', 'log', '通话', '话记', '记录']
    """
    found: list[str] = []
    for run in unit_pattern().findall(text.casefold()):
        if UNSPACED_RUN.match(run) and len(run) > 1:
            found.extend(run[index : index + 2] for index in range(len(run) - 1))
        else:
            found.append(run)
    return found


@dataclass(frozen=True)
class Finder:
    """The spam rules, made ready: `plain` have patterns, `cards` are the scorecards of segments."""

    rules: Rules
    plain: Rules
    cards: tuple[Planted, ...]

    @staticmethod
    def of(rules: Rules) -> Finder:
        """Take the spam rules out of a set."""
        own = rules.family(FAMILY)
        plain = Rules(rule for rule in own if rule.head.scorecard is None)
        return Finder(own, plain, tuple(Planted(rule) for rule in own if rule.head.scorecard))

    @property
    def terms(self) -> list[tuple[bytes, int]]:
        """Give the forms of the terms of all scorecards, numbered through."""
        numbered = zip(self._first_terms, self.cards, strict=False)
        return [(form, first + number) for first, card in numbered for form, number in card.lexicon.written]

    @functools.cached_property
    def _first_terms(self) -> list[int]:
        """Give the number of the first term of each scorecard, and how many there are."""
        return [0, *itertools.accumulate(len(card.lexicon.names) for card in self.cards)]

    def find_planted(self, lines: Lines, terms: Occurrences) -> pl.DataFrame:
        """Give the segments over the threshold of a scorecard: `planted.EVIDENCE_SCHEMA`; `terms` are those of `terms` in the lines."""
        found = [pl.DataFrame(schema=EVIDENCE_SCHEMA)]
        for card, (first, end) in zip(self.cards, itertools.pairwise(self._first_terms), strict=True):
            own = terms.take((terms.literals >= first) & (terms.literals < end))
            found.append(card.find(lines, own._replace(literals=own.literals - np.uint32(first))))
        return pl.concat(found)


def tag_spam(frame: pl.DataFrame, finder: Finder, lines: Lines, matched: Matched) -> pl.DataFrame:
    """Make hits of the spam in a batch: what rules matched, and what scorecards add up. See `line_rules.tag_lines`."""
    places = segments.locate(matched.places, frame)
    evidence = finder.find_planted(lines, matched.terms)
    # `locate` puts documents that were repaired behind the others; in this order each place keeps its points.
    mended = frame.filter(pl.col("encoding_hits").list.len() > 0)["doc"]
    evidence = evidence.sort(pl.col("doc").is_in(mended.implode()), maintain_order=True)
    placed = segments.locate(evidence.select(list(segments.FOUND_SCHEMA)), frame)
    measured = placed.select("doc", "rule", "line", "start", "end", evidence["points"]).explode("points")
    signals = measured.unnest("points").rename({"measure": "evidence", "points": "weight"})
    tagged = attach_hits(frame, make_hits(pl.concat([places, placed]), finder.rules, frame), COLUMN)
    return segments.attach_signals(tagged, signals, POINTS)


def score_spam(documents: pl.LazyFrame, rules: Rules, every: Rules) -> pl.LazyFrame:
    """Add up the evidence for spam.

    Reads: `text`, `spam_hits`, `spam_points`, and `boilerplate_points` where there is one. Adds: `signals` list[SIGNAL], of rules that act:
    a row for each hit of a rule that has a weight, and the points of scorecards. `spam_score` f32: each hit has a chance p of being spam, its weight, or 1 / (1 + 2 ** -(points / 10))
    where it has points. s is the sum of p times its share of the characters, at most 1; n the sum of all p; the score is 1 - (1 - s) * kept ** n,
    with `kept` (.9) of the rule `spam/score` in `every`. So a page that is nothing but spam is near 1, and each planted line in a long article takes a tenth of the rest.
    """
    kept = every[SCORE].head.parameters.get("kept", 1) if SCORE in every else 1
    weights = {rule.id: rule.head.weight for rule in rules.family(FAMILY) if rule.head.weight is not None}
    place = ["doc", "rule", "line", "start", "end"]

    def score(frame: pl.DataFrame) -> pl.DataFrame:
        hits = explode_hits(frame, COLUMN).filter("acts")
        points = (
            frame.select("doc", POINTS)
            .filter(pl.col(POINTS).list.len() > 0)
            .explode(POINTS)
            .unnest(POINTS)
            .join(hits.select(place).unique(), on=place, how="semi", maintain_order="left")
        )
        weighed = hits.with_columns(
            pl.col("rule").replace_strict(weights, default=None, return_dtype=pl.Float32).alias("weight"),
            pl.lit(None, pl.String).alias("evidence"),
        ).filter(pl.col("weight").is_not_null())
        fields = list(SIGNAL.to_schema())
        rows = pl.concat([weighed.select("doc", *fields), points.select("doc", *fields)])
        summed = points.group_by(place, maintain_order=True).agg(pl.col("weight").cast(pl.Float64).sum())
        chances = pl.concat(
            [
                weighed.select(*place, pl.col("weight").cast(pl.Float64).alias("chance")),
                summed.select(*place, (1 / (1 + 2 ** (-pl.col("weight") / 10))).alias("chance")),
            ]
        )
        chars = frame.select("doc", pl.col("text").str.len_chars().alias("chars"))
        share = (pl.col("end") - pl.col("start")).cast(pl.Float64) / pl.col("chars")
        scores = (
            chances.join(chars, on="doc", how="left", maintain_order="left")
            .group_by("doc", maintain_order=True)
            .agg((pl.col("chance") * share).sum().clip(0, 1).alias("covered"), pl.col("chance").sum().alias("counted"))
            .select("doc", (1 - (1 - pl.col("covered")) * pl.lit(kept) ** pl.col("counted")).alias("spam_score"))
        )
        joined = segments.attach_signals(frame, rows, "signals")
        joined = joined.join(scores, on="doc", how="left", maintain_order="left")
        if OTHER_POINTS in frame.columns:
            joined = joined.with_columns(pl.concat_list(OTHER_POINTS, "signals").alias("signals"))
        return joined.with_columns(
            pl.col("spam_score").fill_null(0).cast(pl.Float32),
        )

    return segments.as_stage(documents, score, {"signals": segments.SIGNALS, "spam_score": pl.Float32()})
