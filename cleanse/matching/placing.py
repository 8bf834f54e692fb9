"""From hit lines to places: each rule hits what its scope says, a line, parts of it, or a block; and a method has the last word."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import polars as pl

from cleanse import segments
from cleanse.compiled import run_compiled
from cleanse.matching import blocks
from cleanse.matching.decoration import OPENING
from cleanse.matching.lines import Lines, Rows
from cleanse.matching.spans import measure_spans, unused_characters, whole_lines
from cleanse.rules import Pattern, Rule, Variant

Method = Callable[[pl.DataFrame, Lines, Rule], pl.DataFrame]
Variants = Sequence[tuple[Rule, Variant]]


def place_hits(
    pairs: pl.DataFrame,
    matched: pl.DataFrame,
    variants: Variants,
    patterns: Sequence[Pattern],
    methods: Mapping[str, Method],
    lines: Lines,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Give the places of what was hit, according to the scope of each rule, and where blocks end.

    Reads of `pairs`: `variant` and `row`, which hit; of `matched` those that patterns matched, with `pattern`. Gives frames of
    `segments.FOUND_SCHEMA` and of `blocks.SCHEMA`.
    """
    found = [pl.DataFrame(schema=segments.FOUND_SCHEMA)]
    ends = [pl.DataFrame(schema=blocks.SCHEMA)]
    plain: list[tuple[str, Rows]] = []
    rows_of = _group_rows(pairs)
    for rule, numbers in _by_rule(variants):
        hit = [rows_of[number] for number in numbers if number in rows_of]
        if not hit:
            continue
        rows = _sort_distinct(np.concatenate(hit))
        rows = _leave_out(rows, [variants[number] for number in numbers], lines)
        if not len(rows):
            continue
        if rule.head.method:
            placed = methods[rule.head.method](lines.take(rows), lines, rule)
        elif rule.head.scope == "span":
            placed = _find_spans(matched.filter(pl.col("variant").is_in(numbers)), patterns, lines)
        elif rule.head.scope == "block" and rule.head.block:
            rows, stops = blocks.extend_blocks(rows, lines, rule.head.block)
            ends.append(stops.select(pl.lit(rule.id).alias("rule"), pl.all()).select(blocks.SCHEMA.keys()))
            plain.append((rule.id, rows))
            continue
        else:
            plain.append((rule.id, rows))
            continue
        whole = (pl.col("start") == 0) & (pl.col("end") == pl.col("text").str.len_chars())
        placed = placed.with_columns(pl.lit(rule.id).alias("rule"), whole.alias("whole"))
        found.append(placed.select(pl.col(name).cast(dtype) for name, dtype in segments.FOUND_SCHEMA.items()))
    if plain:
        rules = pl.concat([pl.repeat(rule_id, len(rows), eager=True) for rule_id, rows in plain])
        placed = whole_lines(lines.take(np.concatenate([rows for _, rows in plain])))
        placed = placed.with_columns(rules.alias("rule"), whole=pl.lit(value=True))
        found.append(placed.select(pl.col(name).cast(dtype) for name, dtype in segments.FOUND_SCHEMA.items()))
    return pl.concat(found).unique(["doc", "rule", "line", "start", "end"], maintain_order=True), pl.concat(ends)


def _group_rows(pairs: pl.DataFrame) -> dict[int, Rows]:
    """Give the rows that each variant hits."""
    variants, rows = pairs["variant"].to_numpy(), pairs["row"].to_numpy().astype(np.int64)
    order = np.argsort(variants, kind="stable")
    firsts = np.flatnonzero(np.diff(variants[order], prepend=-1))
    groups = np.split(rows[order], firsts[1:]) if len(rows) else []
    return dict(zip(variants[order][firsts].tolist(), groups, strict=True))


def _sort_distinct(rows: Rows) -> Rows:
    """Give each row once, in order; on rows that come in runs `np.unique` takes several times as long."""
    ordered = np.sort(rows)
    distinct: Rows = ordered[np.diff(ordered, prepend=-1) != 0]
    return distinct


def _by_rule(variants: Variants) -> Iterator[tuple[Rule, list[int]]]:
    """Give each rule and the numbers of its variants."""
    numbers: dict[str, list[int]] = {}
    for number, (rule, _) in enumerate(variants):
        numbers.setdefault(rule.id, []).append(number)
    for own in numbers.values():
        yield variants[own[0]][0], own


def _leave_out(rows: Rows, variants: Variants, lines: Lines) -> Rows:
    """Take away the lines that a rule leaves alone though its patterns match them (`unless`)."""
    unless = [pattern for _, variant in variants for pattern in variant.unless]
    if not unless or not len(rows):
        return rows
    texts = lines.take_composed(rows)["text"]
    if variants[0][0].head.trim:
        texts = texts.str.replace(f"^{OPENING}+", "")
    left = np.zeros(len(rows), dtype=np.bool_)
    for pattern in unless:
        left |= run_compiled(pattern, functools.partial(texts.str.contains, pattern)).to_numpy()
    kept: Rows = rows[~left]
    return kept


def _find_spans(matched: pl.DataFrame, patterns: Sequence[Pattern], lines: Lines) -> pl.DataFrame:
    """Give the places of the patterns in the lines that they match: LINE_SCHEMA, `start`, `end`."""
    rows = matched["row"].unique().sort().to_numpy()
    texts = lines.take_composed(rows)
    marks = unused_characters(texts["text"])
    found = pl.concat(
        measure_spans(texts.join(group, on="row", how="semi"), patterns[int(str(number))].regex, *marks)
        for (number,), group in matched.group_by("pattern", maintain_order=True)
    )
    as_read = lines.take(found["row"].to_numpy())["text"]
    moved = (as_read != found["text"]).arg_true()
    if not len(moved):
        return found
    # Letters were composed in few lines.
    composed = found["start"].gather(moved), found["end"].gather(moved), as_read.gather(moved)
    places = [segments.unshift_composed(start, end, text) for start, end, text in zip(*composed, strict=True)]
    return found.with_columns(
        as_read.alias("text"),
        found["start"].scatter(moved, [start for start, _ in places]),
        found["end"].scatter(moved, [end for _, end in places]),
    )
