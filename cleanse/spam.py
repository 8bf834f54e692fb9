"""Flag what is there to rank or to sell, and say how much of it a document holds.

What is spam stands in `rules/spam/`, each rule with a weight. This module adds the comparison that no pattern can
make, a text that repeats itself, and the score.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections import Counter

import polars as pl

from cleanse import segments
from cleanse.matching import LINE_SCHEMA, Lines, Matcher, Method, find_spans, tag, whole_lines
from cleanse.rules import Rule, Rules

FAMILY = "spam"
COLUMN = "spam_hits"
SIGNAL = pl.Struct({"rule": pl.String, "line": pl.UInt32, "start": pl.UInt32, "end": pl.UInt32, "weight": pl.Float32})
# Scripts that are written without spaces: a mechanism of Unicode, not a judgement.
UNSPACED = "\u2e80-\u2fdf\u3005-\u3007\u3021-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff"
UNSPACED_RUN = re.compile(rf"[{UNSPACED}]")


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


def repetition(text: str) -> float:
    """Give the share of the units of a text that occur in it more than once.

    >>> round(repetition("call log app, free call log app"), 2), repetition("one two")
    (0.86, 0.0)
    """
    counts = Counter(units(text))
    total = sum(counts.values())
    return sum(count for count in counts.values() if count > 1) / total if total else 0.0


def repeated_phrase(candidates: pl.DataFrame, lines: Lines, rule: Rule) -> pl.DataFrame:
    """Hit places in which the group `inner` of the rule's pattern repeats what the group `outer` says, or itself.

    Parameters of the rule: `min_units` of the inner part (words, or pairs of characters in scripts without spaces);
    `min_share` of its units that must stand in the outer part, or more than once in it where there is no outer part.
    """
    del lines
    parameters = rule.head.parameters
    places = []
    for variant in rule.variants:
        found = (
            find_spans(candidates, variant.patterns) if rule.head.scope == "span" else whole_lines(candidates)
        ).with_columns(pl.col("text").str.slice("start", pl.col("end") - pl.col("start")).alias("place"))
        for pattern in variant.patterns:
            groups = found["place"].str.extract_groups(pattern).struct.unnest()
            inner = groups["inner"].to_list()
            outer = groups["outer"].to_list() if "outer" in groups.columns else [None] * len(inner)
            # A Python loop over the few places that the pattern let through.
            keep = [_repeats(a, b, parameters) for a, b in zip(inner, outer, strict=True)]
            places.append(found.filter(pl.Series(keep, dtype=pl.Boolean)).select(*LINE_SCHEMA, "start", "end"))
    return pl.concat(places).unique(maintain_order=True)


def _repeats(inner: str | None, outer: str | None, parameters: dict[str, int | float | str | list[str]]) -> bool:
    if inner is None:
        return False
    own = units(inner)
    if len(own) < float(str(parameters["min_units"])):
        return False
    if outer is None:
        share = repetition(inner)
    else:
        theirs = set(units(outer))
        share = sum(unit in theirs for unit in own) / len(own)
    return share >= float(str(parameters["min_share"]))


def says_twice(candidates: pl.DataFrame, lines: Lines, rule: Rule) -> pl.DataFrame:
    """Hit lines whose group `inner` is one phrase, a separator, and the same phrase again.

    Parameters of the rule: `min_units` of the phrase.
    """
    del lines
    parameters = rule.head.parameters
    inner = candidates["text"].str.extract_groups(rule.variants[0].patterns[0]).struct.field("inner")
    frame = candidates.with_columns(inner.alias("inner")).filter(pl.col("inner").is_not_null())
    body = pl.col("inner").str.strip_chars().str.to_lowercase()
    half = (body.str.len_chars() - 1) // 2
    twice = (body.str.len_chars() % 2 == 1) & (body.str.slice(0, half) == body.str.slice(half + 1, half))
    frame = frame.filter(twice)
    enough = [len(units(text)) >= 2 * float(str(parameters["min_units"])) for text in frame["inner"]]
    return whole_lines(frame.filter(pl.Series(enough, dtype=pl.Boolean)).select(LINE_SCHEMA.keys()))


METHODS: dict[str, Method] = {"repeated-phrase": repeated_phrase, "says-twice": says_twice}


def prepare(rules: Rules) -> Matcher:
    """Make the spam rules ready to match."""
    return Matcher.prepare(rules.family(FAMILY), METHODS)


def tag_spam(documents: pl.LazyFrame, matcher: Matcher) -> pl.LazyFrame:
    """Find spam segments.

    Reads: `text`, `repaired`, `language`, `encoding_hits`. Adds: `spam_hits` list[HIT].
    """
    return tag(documents, matcher, COLUMN)


def score_spam(documents: pl.LazyFrame, rules: Rules) -> pl.LazyFrame:
    """Add up the evidence for spam.

    Reads: `spam_hits`. Adds: `signals` list[SIGNAL], one for each hit of a rule that has a weight and is not in draft;
    `spam_score` f32, 1 minus the product of 1 - weight over the signals (a noisy or), so 0 without any and below 1.
    """
    weights = {rule.id: rule.head.weight for rule in rules.family(FAMILY) if rule.head.weight is not None}

    def score(frame: pl.DataFrame) -> pl.DataFrame:
        hits = segments.explode_hits(frame, COLUMN)
        signals = (
            hits.with_columns(
                pl.col("rule").replace_strict(weights, default=None, return_dtype=pl.Float32).alias("weight")
            )
            .filter(pl.col("weight").is_not_null() & pl.col("acts"))
            .select("doc", pl.struct("rule", "line", "start", "end", "weight").cast(SIGNAL).alias("signals"))
            .group_by("doc", maintain_order=True)
            .agg("signals")
        )
        miss = (
            1
            - pl.col("signals")
            .list.eval(pl.element().struct.field("weight").cast(pl.Float64))
            .list.eval((1 - pl.element()).product())
            .list.first()
        )
        return frame.join(signals, on="doc", how="left", maintain_order="left").with_columns(
            pl.col("signals").fill_null(pl.lit([], dtype=pl.List(SIGNAL))),
            miss.fill_null(0).cast(pl.Float32).alias("spam_score"),
        )

    return segments.as_stage(documents, score, {"signals": pl.List(SIGNAL), "spam_score": pl.Float32()})
