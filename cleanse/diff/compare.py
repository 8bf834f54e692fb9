"""Compare two sides: documents by id, texts line by line, and hits by their place."""

from __future__ import annotations

import os
from dataclasses import dataclass

import polars as pl

from cleanse.diff.sides import HIT_PLACE, KEPT, SEEDS, Side, open_side
from cleanse.errors import InputError

ABSENT = "absent"  # the reason of a document that a side does not know
RULES = {
    "rule": pl.String(),
    "language": pl.String(),
    "action": pl.String(),
    "version_a": pl.String(),
    "version_b": pl.String(),
    "documents": pl.UInt32(),
    "hits_a": pl.UInt32(),
    "hits_b": pl.UInt32(),
    "characters_a": pl.UInt64(),
    "characters_b": pl.UInt64(),
}
LINES = {
    "id": pl.String(),
    "language": pl.String(),
    "text": pl.String(),
    "lines_a": pl.UInt32(),
    "lines_b": pl.UInt32(),
    "rule": pl.String(),
}
CHANGES = {
    "id": pl.String(),
    "language": pl.String(),
    "reason_a": pl.String(),
    "reason_b": pl.String(),
    "chars_a": pl.UInt32(),
    "chars_b": pl.UInt32(),
    "text": pl.String(),
}


@dataclass(frozen=True)
class Difference:
    """All that differs between A and B.

    `counts`: how many documents are kept on both sides, with the same text and with another; on one side; on neither. `reasons`: `reason_a, reason_b,
    language, documents, characters`, of documents whose fate differs. `changes`: CHANGES, a row a document that differs. `lines`: LINES, a row a
    line of text that stands more often on one side, of documents that both keep. `hits`: the hits of one side only, `side` says of which.
    `rules`: RULES, those hits counted by rule and language.
    """

    a: Side
    b: Side
    counts: dict[str, int]
    languages_changed: int
    reasons: pl.DataFrame
    changes: pl.DataFrame
    lines: pl.DataFrame
    by_language: pl.DataFrame
    hits: pl.DataFrame
    rules: pl.DataFrame
    versions: pl.DataFrame


def compare_outs(
    a: str | os.PathLike[str], b: str | os.PathLike[str], *, text_column: str = "text", id_column: str = "id"
) -> Difference:
    """Compare OUT_A with OUT_B.

    One of them, or both, may be another tool's Parquet: its columns are `text_column` and `id_column`.

    Raises:
        InputError: a side cannot be read, or they have no id in common.
    """
    left, right = open_side(a, text_column, id_column), open_side(b, text_column, id_column)
    pairs = _pair_documents(left, right)
    kept = (pl.col("reason_a") == KEPT) & (pl.col("reason_b") == KEPT)
    same = pl.lit(value=True)
    for seed in SEEDS:
        same = same & (pl.col(f"text_{seed}_a") == pl.col(f"text_{seed}_b"))
    fate = (
        pl.when(kept & same)
        .then(pl.lit("same"))
        .when(kept)
        .then(pl.lit("changed"))
        .when(pl.col("reason_a") == KEPT)
        .then(pl.lit("only_a"))
        .when(pl.col("reason_b") == KEPT)
        .then(pl.lit("only_b"))
        .otherwise(pl.lit("neither"))
    )
    pairs = pairs.with_columns(fate.alias("text"))
    counts = {name: pairs.filter(text=name).height for name in ("same", "changed", "only_a", "only_b", "neither")}
    changes = pairs.filter((pl.col("reason_a") != pl.col("reason_b")) | (pl.col("text") == "changed"))
    changes = changes.select(CHANGES.keys()).sort("id")
    lines = _compare_lines(left, right, changes.filter(text="changed"))
    hits, versions = _compare_hits(left, right, pairs)
    return Difference(
        left,
        right,
        counts,
        pairs.filter(pl.col("language_a") != pl.col("language_b")).height,
        _count_reasons(changes),
        changes,
        lines,
        _count_by_language(changes, lines),
        hits,
        _count_rules(hits, versions),
        versions.filter(pl.col("version_a") != pl.col("version_b")),
    )


def _pair_documents(left: Side, right: Side) -> pl.DataFrame:
    ours, theirs = left.read_documents(), right.read_documents()
    names = [name for name in ours.columns if name != "id"]
    pairs = ours.rename({name: f"{name}_a" for name in names}).join(
        theirs.rename({name: f"{name}_b" for name in names}), on="id", how="full", coalesce=True
    )
    shared = pairs["reason_a"].is_not_null() & pairs["reason_b"].is_not_null()
    if pairs.height and not shared.any():
        hint = "compare runs over the same input; for another tool name its column with --id-column"
        raise InputError("the two have no id in common", where=f"{left.place} and {right.place}", hint=hint)
    return pairs.with_columns(
        pl.col("reason_a", "reason_b").fill_null(ABSENT),
        pl.col("chars_a", "chars_b").fill_null(0),
        pl.coalesce("language_b", "language_a", pl.lit("und")).alias("language"),
    )


def _count_lines(side: Side, identities: pl.Series) -> pl.LazyFrame:
    """Count the lines of some documents: `id, text, lines`; white space around a line, and blank lines, are not looked at."""
    texts = side.read_texts(identities).lazy()
    lines = texts.select("id", pl.col("text").str.split("\n")).explode("text")
    lines = lines.with_columns(pl.col("text").str.strip_chars()).filter(pl.col("text") != "")
    return lines.group_by("id", "text").agg(pl.len().cast(pl.UInt32).alias("lines"))


def _compare_lines(left: Side, right: Side, changed: pl.DataFrame) -> pl.DataFrame:
    """Give the lines that stand more often on one side, of documents whose text differs, with the rule of ours that takes them."""
    if changed.is_empty():
        return pl.DataFrame(schema=LINES)
    a, b = (_count_lines(side, changed["id"]) for side in (left, right))
    counted = a.join(b, on=["id", "text"], how="full", coalesce=True, suffix="_b").with_columns(
        pl.col("lines", "lines_b").fill_null(0).cast(pl.Int64)
    )
    more = (pl.col("lines") - pl.col("lines_b")).alias("more")
    lines = (
        counted.with_columns(more)
        .filter(pl.col("more") != 0)
        .select(
            "id",
            "text",
            pl.col("more").clip(0).cast(pl.UInt32).alias("lines_a"),
            (-pl.col("more")).clip(0).cast(pl.UInt32).alias("lines_b"),
        )
        .collect()
    )
    lines = lines.join(changed.select("id", "language"), on="id", how="left")
    takers = [_read_takers(side, other, lines) for side, other in ((left, "lines_b"), (right, "lines_a"))]
    taken = pl.concat(takers).unique(["id", "text"], keep="first", maintain_order=True)
    joined = lines.join(taken, on=["id", "text"], how="left")
    return joined.select(pl.col(name).cast(dtype) for name, dtype in LINES.items()).sort("id", "text")


def _read_takers(side: Side, other: str, lines: pl.DataFrame) -> pl.DataFrame:
    """Give `id, text, rule` of lines that only the other side has and that a rule of this side took."""
    if not side.ours:
        return pl.DataFrame(schema={name: LINES[name] for name in ("id", "text", "rule")})
    wanted = lines.filter(pl.col(other) > 0).select("id", "text")
    strips = side.scan_hits().filter(pl.col("action") == "strip")
    strips = strips.select("id", pl.col("text").str.strip_chars(), "rule").filter(
        pl.col("id").is_in(wanted["id"].unique().implode())
    )
    return wanted.lazy().join(strips, on=["id", "text"]).sort("id", "text", "rule").collect()


def _compare_hits(left: Side, right: Side, pairs: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Give the hits that only one side has, with `side` and `language`; and `rule, version_a, version_b`."""
    versions = pl.DataFrame(schema={"rule": pl.String, "version_a": pl.String, "version_b": pl.String})
    schema = {"side": pl.String(), "language": pl.String(), **dict.fromkeys(HIT_PLACE, pl.String())}
    if not (left.ours and right.ours):
        return pl.DataFrame(
            schema={**schema, "line": pl.UInt32, "start": pl.UInt32, "end": pl.UInt32, "characters": pl.UInt64}
        ), versions
    keys = [f"hit_{seed}" for seed in SEEDS]
    numbered = {name: side.number_hits() for name, side in (("a", left), ("b", right))}
    found = []
    for name, side, other in (("a", left, "b"), ("b", right, "a")):
        rows = numbered[name].with_row_index("row").join(numbered[other], on=keys, how="anti")["row"].sort()
        hits = side.scan_hits().with_row_index("row").filter(pl.col("row").is_in(rows.implode())).collect()
        languages = pairs.select("id", pl.coalesce(f"language_{name}", "language").alias("language"), f"chars_{name}")
        hits = hits.join(languages, on="id", how="left", maintain_order="left")
        found.append(hits.select(pl.lit(name).alias("side"), "language", *HIT_PLACE, _count_characters(name)))
    versions = (
        left.read_versions()
        .rename({"version": "version_a"})
        .join(right.read_versions().rename({"version": "version_b"}), on="rule", how="full", coalesce=True)
        .with_columns(pl.col("version_a", "version_b").fill_null(""))
        .sort("rule")
    )
    return pl.concat(found), versions


def _count_characters(side: str) -> pl.Expr:
    """Count what a hit covers: its span; of a document that is dropped, all that was left of it."""
    dropped = (pl.col("action") == "drop") & pl.col("line").is_null()
    span = (pl.col("end") - pl.col("start")).fill_null(0)
    return pl.when(dropped).then(f"chars_{side}").otherwise(span).cast(pl.UInt64).alias("characters")


def _count_rules(hits: pl.DataFrame, versions: pl.DataFrame) -> pl.DataFrame:
    on_a, on_b = pl.col("side") == "a", pl.col("side") == "b"
    chars = pl.col("characters")
    counted = hits.group_by("rule", "language", "action").agg(
        pl.col("id").n_unique().alias("documents"),
        on_a.sum().alias("hits_a"),
        on_b.sum().alias("hits_b"),
        chars.filter(on_a).sum().alias("characters_a"),
        chars.filter(on_b).sum().alias("characters_b"),
    )
    joined = counted.join(versions, on="rule", how="left")
    table = joined.select(pl.col(name).cast(dtype) for name, dtype in RULES.items())
    all_hits = pl.col("hits_a") + pl.col("hits_b")
    return table.sort(all_hits, "rule", "language", "action", descending=[True, False, False, False])


def _count_reasons(changes: pl.DataFrame) -> pl.DataFrame:
    moved = changes.filter(pl.col("reason_a") != pl.col("reason_b"))
    counted = moved.group_by("reason_a", "reason_b", "language").agg(
        pl.len().alias("documents"), pl.max_horizontal("chars_a", "chars_b").sum().alias("characters")
    )
    return counted.sort("documents", "reason_a", "reason_b", "language", descending=[True, False, False, False])


def _count_by_language(changes: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """Count by language: documents whose text changed, only A or only B keeps, and lines and characters lost (only A) and gained."""
    documents = changes.group_by("language").agg(
        *((pl.col("text") == name).sum().alias(name) for name in ("changed", "only_a", "only_b"))
    )
    chars = pl.col("text").str.len_chars().cast(pl.UInt64)
    counted = lines.group_by("language").agg(
        pl.col("lines_a").sum().alias("lines_lost"),
        pl.col("lines_b").sum().alias("lines_gained"),
        (chars * pl.col("lines_a")).sum().alias("characters_lost"),
        (chars * pl.col("lines_b")).sum().alias("characters_gained"),
    )
    return (
        documents.join(counted, on="language", how="left")
        .with_columns(pl.col("lines_lost", "lines_gained", "characters_lost", "characters_gained").fill_null(0))
        .sort("changed", "only_a", "only_b", "language", descending=[True, True, True, False])
    )
