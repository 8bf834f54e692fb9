"""Blocks: a heading line, and the lines below it for as long as they look like links."""

from __future__ import annotations

import numpy as np
import polars as pl

from cleanse.compiled import match_any
from cleanse.matching.lines import Flags, Lines, Rows
from cleanse.rules import Block
from cleanse.segments import list_rows

# Why a block ends, for people.
STOPS = {
    "heading": "up to the next heading",
    "prose": "up to a line of prose",
    "long": "up to a line too long for a link",
    "lonely": "up to a short line that has too few like it",
    "parted": "up to a short line behind a blank one",
    "gap": "up to a gap of blank lines",
    "part": "up to a heading or a part of the text",
    "limit": "as many as the rule allows",
    "end": "up to the end of the document",
}
END = pl.Struct({"rule": pl.String, "line": pl.UInt32, "last": pl.UInt32, "stop": pl.String})
ENDS = pl.List(END)
SCHEMA = {"rule": pl.String, "doc": pl.UInt32, "line": pl.UInt32, "last": pl.UInt32, "stop": pl.String}


def extend_blocks(headings: Rows, lines: Lines, block: Block) -> tuple[Rows, pl.DataFrame]:
    """Add to heading rows the rows below them that look like links; `headings` are sorted, none twice.

    Gives all rows of the blocks, and a frame with a row a block: `doc`, `line` (of the heading), `last` (line in it), `stop` (one
    of STOPS). See `rules.Block` for what ends one.
    """
    # Runs of loose lines count beyond the limit of lines, so a little more is looked at.
    reach = headings + block.max_lines + block.loose_run + 1
    reach = np.minimum(reach, lines.bounds[lines.doc[headings].astype(np.int64) + 1])
    reach[:-1] = np.minimum(reach[:-1], headings[1:])
    number = np.repeat(np.arange(len(headings)), reach - headings)
    rows = list_rows(headings, reach)
    gaps = np.where(rows > headings[number], lines.line[rows].astype(np.int64) - lines.line[rows - 1], 1)
    below = _mark_items(lines.take(rows), block).with_columns(
        pl.Series("block", number),
        pl.Series("repeated", _find_repeated(rows, headings[number], reach[number], lines, block)),
        pl.Series("far", gaps > block.max_gap + 1),
        pl.Series("after_blank", gaps > 1),
        pl.Series("last", lines.from_end[rows] == 1),
        pl.Series("rank", rows - headings[number]),
    )
    below = below.with_columns(pl.when(pl.col("rank") == 0).then(0).otherwise("kind").alias("kind"))
    below = below.with_columns(
        ((pl.col("kind") != pl.col("kind").shift(1)) | pl.col("far"))
        .fill_null(value=True)
        .cum_sum()
        .over("block")
        .alias("run"),
        (pl.col("kind") == 1).cum_max().over("block").alias("below_item"),
    )
    run = ("block", "run")
    lonely = (pl.len().over(run) < block.loose_run) & ~pl.col("last").any().over(run)
    # Below bulleted items a loose line belongs to the item above it, unless a blank line parts them.
    parted = pl.col("below_item") & pl.col("after_blank")
    below = below.with_columns(
        pl.when(pl.col("rank") == 0)
        .then(None)
        .when("far")
        .then(pl.lit("gap"))
        .when(pl.col("part") | pl.col("repeated"))
        .then(pl.lit("part"))
        .when(pl.col("kind") == 3)
        .then(pl.when("prose").then(pl.lit("prose")).otherwise(pl.lit("long")))
        .when((pl.col("kind") == 2) & lonely)
        .then(pl.lit("lonely"))
        .when((pl.col("kind") == 2) & parted)
        .then(pl.lit("parted"))
        .when(pl.col("rank") > block.max_lines)
        .then(pl.lit("limit"))
        .alias("stop")
    )
    inside = below.filter(pl.col("stop").is_not_null().cum_sum().over("block") == 0)
    stops = below.group_by("block", maintain_order=True).agg(pl.col("stop").drop_nulls().first())
    ends = inside.group_by("block", maintain_order=True).agg(
        pl.col("doc").first(),
        pl.col("line").first(),
        pl.col("line").last().alias("last"),
        pl.col("row").last().alias("row"),
    )
    at_end = pl.Series(lines.from_end[ends["row"].to_numpy()] == 1)
    ends = ends.with_columns(
        pl.coalesce(stops["stop"], pl.when(at_end).then(pl.lit("end")).otherwise(pl.lit("heading"))).alias("stop")
    )
    return inside["row"].to_numpy().astype(np.int64), ends.select("doc", "line", "last", "stop")


def _mark_items(lines: pl.DataFrame, block: Block) -> pl.DataFrame:
    """Add `kind`, 1 for sure items, 2 for loose ones, 3 for neither, and yes or no: `prose`, and `part` of the text."""
    texts = lines["text"]
    prose = match_any(texts, block.prose)
    loose = (texts.str.len_chars() <= block.loose_chars).to_numpy() & ~prose
    kind = np.where(match_any(texts, block.items), 1, np.where(loose, 2, 3))
    return lines.with_columns(
        pl.Series("kind", kind, pl.Int32), pl.Series("prose", prose), pl.Series("part", match_any(texts, block.parts))
    )


def _find_repeated(rows: Rows, first: Rows, end: Rows, lines: Lines, block: Block) -> Flags:
    """Tell which of `rows` say the same as a heading of the text: a short line right above a long one.

    So a table of contents behind the links does not go with them. Titles of other pages stand over long lines too, over one each: the first
    sentences of the page. So in a run of such rows one has to stand over two long lines. The heading stands outside the rows that
    the block can reach, from `first` to before `end`.
    """
    docs = np.unique(lines.doc[rows].astype(np.int64))
    every = list_rows(lines.bounds[docs], lines.bounds[docs + 1])
    long = np.append(lines.chars > block.loose_chars, [False, False])
    over = every[~long[every] & long[every + 1] & (lines.from_end[every] > 1)]
    text = pl.col("text").str.strip_chars()
    headings = (
        lines.take(over)
        .select("doc", text, pl.Series("heading", over))
        .with_columns(pl.Series("section", long[over + 2] & (lines.from_end[over] > 2)))
    )
    asked = (
        lines.take(rows)
        .select("doc", text)
        .with_columns(pl.Series("at", np.arange(len(rows))), pl.Series("first", first), pl.Series("end", end))
    )
    outside = (pl.col("heading") < pl.col("first")) | (pl.col("heading") >= pl.col("end"))
    same = asked.join(headings, on=["doc", "text"], how="inner", maintain_order="left").filter(outside)
    repeated, section = np.zeros(len(rows), dtype=np.bool_), np.zeros(len(rows), dtype=np.bool_)
    repeated[same["at"].to_numpy()] = True
    section[same.filter("section")["at"].to_numpy()] = True
    runs = np.cumsum(np.diff(repeated, prepend=False) | (np.diff(first, prepend=-1) != 0))
    return repeated & np.isin(runs, runs[section])


def attach_ends(documents: pl.DataFrame, ends: pl.DataFrame, column: str) -> pl.DataFrame:
    """Add to documents with `doc` the ends of their blocks (SCHEMA) as `column` list[END], in the order of lines."""
    fields = [field.name for field in END.fields]
    grouped = (
        ends.sort("doc", "line", "rule")
        .select("doc", pl.struct(fields).cast(END).alias(column))
        .group_by("doc", maintain_order=True)
        .agg(column)
    )
    joined = documents.join(grouped, on="doc", how="left", maintain_order="left")
    return joined.with_columns(pl.col(column).fill_null(pl.lit([], dtype=ENDS)))
