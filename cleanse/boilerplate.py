"""Tag lines and spans that belong to the page, not to the text.

What is boilerplate stands in `rules/boilerplate/`. This module adds the comparisons that no pattern can make: a line that repeats
its neighbour, a line made of the words of the title, and a line that counts only in a run of its like. What no rule knows by its words,
the scorecards of this family may know by its place in the page (`cleanse/scorecards/`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleanse import quality, segments
from cleanse.compiled import run_compiled
from cleanse.hits import acts, attach_hits, make_hits
from cleanse.matching import LINE_SCHEMA, Lines, Matched, Method, blocks, whole_lines
from cleanse.rules import Rule, Rules
from cleanse.scorecards import DOUBTFUL, Furniture, Outcome, site, survey

FAMILY = "boilerplate"
COLUMN = "boilerplate_hits"
ENDS = "boilerplate_ends"
POINTS = "boilerplate_points"
PAGE_POINTS = "page_points"


def neighbours(candidates: pl.DataFrame, lines: Lines, before: int, after: int) -> pl.DataFrame:
    """Pair each candidate with the lines around it, blank ones not counted.

    Reads of the candidates: `row, doc, line, text`. Gives a row a pair: those, and `other`, the text of the neighbour.
    """
    rows = candidates["row"].to_numpy().astype(np.int64)
    frames = [candidates.head(0).with_columns(pl.lit(None, pl.String).alias("other"))]
    for step in (*range(-before, 0), *range(1, after + 1)):
        there = np.clip(rows + step, 0, len(lines) - 1)
        inside = (there == rows + step) & (lines.doc[there] == lines.doc[rows])
        other = lines.take(there[inside])["text"]
        frames.append(candidates.filter(pl.Series(inside)).with_columns(other.alias("other")))
    return pl.concat(frames)


def repeats_neighbour(candidates: pl.DataFrame, lines: Lines, rule: Rule) -> pl.DataFrame:
    """Hit lines that end with the whole text of a line after them, behind a short prefix: breadcrumb and title.

    Parameters of the rule: `within` lines below; `min_repeat` characters of the repeated line, which are `min_share` of the
    whole; `max_prefix` characters in front of it, a letter among them.
    """
    parameters = rule.head.parameters
    pairs = neighbours(candidates, lines, 0, int(str(parameters["within"])))
    other = pl.col("other").str.strip_chars()
    own = pl.col("text").str.strip_chars_end()
    prefix = own.str.len_chars().cast(pl.Int64) - other.str.len_chars()
    enough = other.str.len_chars() >= parameters["min_share"] * own.str.len_chars()
    named = own.str.head(prefix).str.contains(r"\p{L}")
    repeated = (
        enough
        & named
        & (other.str.len_chars() >= parameters["min_repeat"])
        & (prefix > 0)
        & (prefix <= parameters["max_prefix"])
        & own.str.ends_with(other)
    )
    return whole_lines(pairs.filter(repeated).unique("row", maintain_order=True).select(LINE_SCHEMA.keys()))


def words_of_title(candidates: pl.DataFrame, lines: Lines, rule: Rule) -> pl.DataFrame:
    """Hit lines whose words nearly all stand in a neighbouring line, the title: the alternative text of an image.

    A title has a capital, or a letter of a script without capitals: lines of a list in lower case share words too.

    Parameters of the rule: `within` lines above or below; `min_share` of the words of the line.
    """
    parameters = rule.head.parameters
    within = int(str(parameters["within"]))
    pairs = neighbours(candidates, lines, within, within)
    words = pl.col("text").str.to_lowercase().str.extract_all(r"[\p{L}\p{M}\p{N}]+").list.unique()
    title = pl.col("other").str.to_lowercase().str.extract_all(r"[\p{L}\p{M}\p{N}]+").list.unique()
    share = words.list.set_intersection(title).list.len() / words.list.len()
    differs = pl.col("text").str.strip_chars() != pl.col("other").str.strip_chars()
    titled = pl.col("other").str.contains(r"[\p{Lu}\p{Lt}\p{Lo}]")
    hits = pairs.filter(differs & titled & (share >= parameters["min_share"]))
    return whole_lines(hits.unique("row", maintain_order=True).select(LINE_SCHEMA.keys()))


def in_run(candidates: pl.DataFrame, lines: Lines, rule: Rule) -> pl.DataFrame:
    """Hit lines that follow each other in runs, blank lines not counted: one menu word may be a heading, several are a menu.

    Parameters of the rule: `min_run` lines.
    """
    del lines
    parts = (pl.col("row").diff() != 1) | (pl.col("doc").diff() != 0)
    runs = candidates.sort("row").with_columns(parts.fill_null(value=True).cum_sum().alias("run"))
    long = runs.filter(pl.len().over("run") >= rule.head.parameters["min_run"])
    return whole_lines(long.select(LINE_SCHEMA.keys()))


def no_reference(candidates: pl.DataFrame, lines: Lines, rule: Rule) -> pl.DataFrame:
    """Hit lines but for addresses that a sentence or a reference around them needs.

    Parameters of the rule, all patterns: `address`, of the lines that this is asked of; `above`, of the line over them and over other
    candidates in between, where it leads to the address; `below`, of the line under them, where it goes on behind it.
    """
    parameters = {name: str(pattern) for name, pattern in rule.head.parameters.items()}
    rows = candidates.sort("row")
    place = rows["row"].to_numpy().astype(np.int64)
    doc = lines.doc[place]
    # Addresses that follow each other belong to the line over the first of them.
    parts = np.flatnonzero((np.diff(place) != 1) | (np.diff(doc) != 0)) + 1
    sizes = np.diff([0, *parts, len(place)])
    starts = np.repeat(place[[0, *parts]], sizes) if len(place) else place
    ends = np.repeat(place[[*(parts - 1), -1]], sizes) if len(place) else place
    pattern = parameters["address"]
    addresses = np.flatnonzero(run_compiled(pattern, lambda: rows["text"].str.contains(pattern)).to_numpy())
    needed = _neighbour_matches(starts[addresses], -1, parameters["above"], lines)
    needed |= _neighbour_matches(ends[addresses], 1, parameters["below"], lines)
    hit = np.ones(len(rows), dtype=np.bool_)
    hit[addresses] = ~needed
    return whole_lines(rows.filter(pl.Series(hit)).select(LINE_SCHEMA.keys()))


def _neighbour_matches(rows: NDArray[np.int64], step: int, pattern: str, lines: Lines) -> NDArray[np.bool_]:
    """Say of each row whether the line one step on, blank ones not counted, is of the same text and matches."""
    there = np.clip(rows + step, 0, len(lines) - 1)
    inside: NDArray[np.bool_] = (there == rows + step) & (lines.doc[there] == lines.doc[rows])
    texts = lines.take(there[inside])["text"]
    inside[inside] = run_compiled(pattern, lambda: texts.str.contains(pattern)).to_numpy()
    return inside


METHODS: dict[str, Method] = {
    "repeats-neighbour": repeats_neighbour,
    "words-of-title": words_of_title,
    "in-run": in_run,
    "no-reference": no_reference,
}


@dataclass(frozen=True)
class Finder:
    """The boilerplate rules, made ready: `plain` have patterns and methods, `furniture` are pairs of scorecards of lines and documents.

    With them go the rules of the family quality, for a recipe takes lines out of texts too.
    """

    rules: Rules
    plain: Rules
    furniture: list[Furniture]

    @staticmethod
    def of(rules: Rules) -> Finder:
        """Take the boilerplate rules out of a set, and those of quality."""
        own = rules.family(FAMILY)
        plain = Rules([*(rule for rule in own if rule.head.scorecard is None), *rules.family(quality.FAMILY)])
        return Finder(Rules([*own, *plain]), plain, Furniture.of(own))


def tag_boilerplate(frame: pl.DataFrame, finder: Finder, lines: Lines, matched: Matched) -> pl.DataFrame:
    """Make hits of the boilerplate in a batch: what rules matched, and what scorecards add up. See `line_rules.tag_lines`."""
    hits = make_hits(segments.locate(matched.places, frame), finder.rules, frame)
    signals = pl.DataFrame(schema=segments.SIGNAL_SCHEMA)
    sums = pl.Series(PAGE_POINTS, [None] * frame.height, dtype=pl.Int32)
    if finder.furniture and len(lines):
        more, signals, outcomes = tag_furniture(frame, lines, matched, finder.furniture, finder.rules)
        hits = pl.concat([hits, more])
        sums = pl.Series(PAGE_POINTS, outcomes[0].page_sums) if finder.furniture[0].page else sums
    tagged = blocks.attach_ends(attach_hits(frame, hits, COLUMN), matched.ends, ENDS)
    return segments.attach_signals(tagged, signals, POINTS).with_columns(sums)


def tag_furniture(
    frame: pl.DataFrame, lines: Lines, matched: Matched, pairs: Sequence[Furniture], rules: Rules
) -> tuple[pl.DataFrame, pl.DataFrame, list[Outcome]]:
    """Hit the lines that a scorecard takes for furniture, and say why: hits, signals (`segments.SIGNAL_SCHEMA`), and all sums of each pair.

    A line that another rule takes whole is not hit again. A line that nearly reaches the threshold is hit by a draft.
    """
    known = site.place_shares(frame, lines) if site.COLUMN in frame.columns else None
    acting = {own.id: own for own in rules.family(FAMILY) if acts(own)}
    strips = {name for name, own in acting.items() if own.action == "strip"}
    surroundings, struck = survey(lines, matched, set(acting), strips, known)
    outcomes: list[Outcome] = []
    hits, signals = [], []
    for pair in pairs:
        outcomes.append(pair.judge(lines, surroundings, struck, outcomes[-1] if outcomes else None))
        own_hits, own_signals = _tag_pair(frame, lines, pair, outcomes[-1], struck, rules)
        hits.append(own_hits)
        signals.append(own_signals)
    return pl.concat(hits), pl.concat(signals), outcomes


def _tag_pair(
    frame: pl.DataFrame, lines: Lines, furniture: Furniture, outcome: Outcome, struck: NDArray[np.bool_], rules: Rules
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Make the hits and signals of what one pair of scorecards judged."""
    rule = furniture.line.rule
    placed = np.flatnonzero((outcome.fates != 0) & ~struck[outcome.rows])
    rows = outcome.rows[placed]
    chosen = lines.take(rows)
    places = whole_lines(chosen).select(
        "doc", pl.lit(rule).alias("rule"), "line", "start", "end", pl.lit(value=True).alias("whole"), "text"
    )
    located = segments.locate(places.cast(pl.Schema(segments.FOUND_SCHEMA)), frame)
    # Lines stand in order, and each has one place: so both are found without a join.
    own = np.searchsorted(rows, lines.find_rows(located)[0])
    doubtful = pl.Series("only_noted", outcome.fates[placed[own]] == DOUBTFUL)
    hits = make_hits(located.with_columns(doubtful).sort("only_noted", maintain_order=True), rules, frame)
    terms = furniture.list_terms(outcome, placed)
    spots = np.argsort(own)[np.searchsorted(rows, terms["row"].to_numpy())]
    signals = terms.hstack(located.select("doc", "line", "start", "end")[spots])
    columns = list(segments.SIGNAL_SCHEMA)
    signals = signals.with_columns(pl.lit(rule).alias("rule")).select(columns).cast(pl.Schema(segments.SIGNAL_SCHEMA))
    if furniture.page is None:
        return hits, signals
    pages = furniture.list_page_terms(outcome, np.unique(lines.doc[rows]).astype(np.int64))
    pages = pages.select(
        pl.col("row").alias("doc"), pl.lit(furniture.page.rule).alias("rule"), *(pl.lit(None).alias(name) for name in ("line", "start", "end")),
        "weight", "evidence",
    )  # fmt: skip
    return hits, pl.concat([pages.select(columns).cast(pl.Schema(segments.SIGNAL_SCHEMA)), signals])
