"""Which differences people see, and both sides of each in its place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from cleanse.diff.compare import Difference
from cleanse.diff.sides import Side
from cleanse.passes import NO_EDITS, group_edits, undo
from cleanse.report import Piece, cut_line, read_texts

CONTEXT_CHARS = 160  # characters shown before and behind a hit in its line
EXCERPT_CHARS = 300  # characters shown of a document


@dataclass(frozen=True)
class HitSample:
    """A hit that one side makes: the line as read, as either side treats it."""

    side: str
    id: str
    line: int | None
    a: tuple[Piece, ...]
    b: tuple[Piece, ...]


def sample_hits(found: Difference, each: int) -> dict[tuple[str, str], list[HitSample]]:
    """Choose hits of each rule and language that only one side makes.

    `each` of a side at most, no text twice. They are spread evenly over the ids in their order, so the same two OUTs give the same samples.
    """
    group = ["rule", "language", "side"]
    texts = found.hits.sort("id", "line", "start", nulls_last=True).unique(
        [*group, "text", "replacement"], keep="first", maintain_order=True
    )
    place, count = pl.int_range(pl.len()).over(group), pl.len().over(group)
    step = pl.max_horizontal(count // each, pl.lit(1))
    chosen = texts.filter((place % step == 0) & (place // step < each))
    lines = {side: _read_lines(own, chosen["id"].unique()) for side, own in (("a", found.a), ("b", found.b))}
    samples: dict[tuple[str, str], list[HitSample]] = {}
    for hit in chosen.sort("rule", "language", "side", "id", "line").iter_rows(named=True):
        own = [_show(lines[side].get(hit["id"]), hit) for side in ("a", "b")]
        samples.setdefault((hit["rule"], hit["language"] or "und"), []).append(
            HitSample(hit["side"], hit["id"], hit["line"], own[0], own[1])
        )
    return samples


Document = tuple[list[str], list[dict[str, Any]], str]


def _read_lines(side: Side, identities: pl.Series) -> dict[str, Document]:
    """Give the lines as read, the hits and the fate of some documents."""
    texts = read_texts(side.report, side.place, identities)
    hits = side.scan_hits().filter(pl.col("id").is_in(identities.implode())).collect()
    by_id = {identity: group.to_dicts() for (identity,), group in hits.group_by("id", maintain_order=True)}
    edits = group_edits(hits)
    found = {}
    for identity, text in texts.items():
        own = by_id.get(identity, [])
        drops = [hit["rule"] for hit in own if hit["action"] == "drop"]
        fate = f"dropped by {', '.join(drops)}" if drops else "kept"
        found[identity] = (undo(text, edits.get(identity, NO_EDITS)).split("\n"), own, fate)
    return found


def _show(document: Document | None, hit: dict[str, Any]) -> tuple[Piece, ...]:
    """Give the line of a hit with the marks of one side; of a hit on the whole document, what became of it."""
    if document is None:
        return (Piece("(not in this OUT)"),)
    lines, hits, fate = document
    number = hit["line"]
    if number is None:
        own = [other for other in hits if other["line"] is None and other["rule"] == hit["rule"]]
        text = next((line for line in lines if line.strip()), "")
        marks = ", ".join(f"{other['action']} by {other['rule']}" for other in own) or "not hit"
        return (Piece(f"({fate}; {marks}) "), *cut_line(text, [], 0, EXCERPT_CHARS))
    if number >= len(lines):
        return (Piece("(no such line)"),)
    here = [other for other in hits if other["line"] == number]
    start, end = max(0, hit["start"] - CONTEXT_CHARS), min(hit["end"], hit["start"] + EXCERPT_CHARS) + CONTEXT_CHARS
    return cut_line(lines[number], here, start, end, own=hit)


def sample_lines(found: Difference, each: int) -> list[dict[str, Any]]:
    """Choose lines that only one side has, longer ones first.

    `each` of a rule, language and side at most, no text twice.
    """
    rows = found.lines.with_columns(
        pl.when(pl.col("lines_a") > 0).then(pl.lit("a")).otherwise(pl.lit("b")).alias("side"),
        pl.col("text").str.len_chars().alias("chars"),
    )
    group = ["rule", "language", "side"]
    rows = rows.unique([*group, "text"], keep="first", maintain_order=True)
    rows = rows.sort(*group, "chars", "id", "text", descending=[False, False, False, True, False, False])
    return rows.filter(pl.int_range(pl.len()).over(group) < each).to_dicts()


def sample_documents(found: Difference, each: int) -> list[dict[str, Any]]:
    """Choose documents whose fate differs, with how their text begins.

    `each` of a pair of reasons at most.
    """
    moved = found.changes.filter(pl.col("reason_a") != pl.col("reason_b"))
    group = ["reason_a", "reason_b"]
    chosen = moved.filter(pl.int_range(pl.len()).over(group) < each)
    texts: dict[str, str] = {}
    for side in (found.b, found.a):
        own = side.read_texts(chosen["id"]) if not side.ours else None
        texts |= dict(own.iter_rows()) if own is not None else read_texts(side.report, side.place, chosen["id"])
    return [
        {**row, "excerpt": (texts.get(row["id"]) or "").strip()[:EXCERPT_CHARS]}
        for row in chosen.sort(*group, "id").to_dicts()
    ]
