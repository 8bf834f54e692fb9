"""Documents and their lines: splitting, and carrying what rules find in the repaired text back to the text as read."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleanse import kernels
from cleanse.hits import explode_hits
from cleanse.kernels import Bytes, Offsets
from cleanse.segments.pieces import Piece, Shifts, cut_line

Flags = NDArray[np.bool_]
SIGNAL = pl.Struct(
    {
        "rule": pl.String,
        "line": pl.UInt32,
        "start": pl.UInt32,
        "end": pl.UInt32,
        "weight": pl.Float32,
        "evidence": pl.String,
    }
)
SIGNALS = pl.List(SIGNAL)
SIGNAL_SCHEMA = {"doc": pl.UInt32, **{field.name: field.dtype for field in SIGNAL.fields}}
FOUND_SCHEMA = {
    "doc": pl.UInt32,
    "rule": pl.String,
    "line": pl.UInt32,
    "start": pl.UInt32,
    "end": pl.UInt32,
    "whole": pl.Boolean,
    "text": pl.String,
}
PLACE_SCHEMA = {name: dtype for name, dtype in FOUND_SCHEMA.items() if name != "whole"}


def split_lines(documents: pl.DataFrame, column: str) -> pl.DataFrame:
    """Explode `column` into one row a line.

    Reads: `doc` u32, `column` str. Gives: `doc` u32, `line` u32, `text` str, in order; null texts have no lines.
    """
    lines = (
        documents.select("doc", pl.col(column).str.split("\n").alias("text"))
        .filter(pl.col("text").is_not_null())
        .with_columns(pl.int_ranges(0, pl.col("text").list.len(), dtype=pl.UInt32).alias("line"))
    )
    return lines.explode("line", "text").select("doc", "line", "text")


def find_lines(data: Bytes, offsets: Offsets, places: Offsets, numbers: Offsets) -> tuple[Offsets, Offsets, Flags]:
    """Find some lines of the texts in a buffer (`kernels.buffers`), each given by the place of its text and its number there.

    Gives the bytes at which each begins and ends, without its break, and whether it is the last of its text.
    """
    breaks = np.flatnonzero(data[: offsets[-1]] == kernels.LINE_FEED)
    own = np.searchsorted(breaks, offsets[places]) + numbers
    last: Flags = own >= np.searchsorted(breaks, offsets[places + 1])
    bounds = np.append(breaks, 0)  # nobody asks for what stands behind the last break
    begins = np.where(numbers > 0, bounds[own - 1] + 1, offsets[places])
    return begins, np.where(last, offsets[places + 1], bounds[own]), last


def list_rows(starts: Offsets, ends: Offsets) -> Offsets:
    """Give all rows of some stretches, each from its start to before its end, one stretch behind the other.

    >>> list_rows(np.array([4, 0]), np.array([6, 3])).tolist()
    [4, 5, 0, 1, 2]
    """
    sizes = ends - starts
    first = np.cumsum(sizes) - sizes
    rows: Offsets = np.repeat(starts - first, sizes) + np.arange(sizes.sum())
    return rows


def attach_signals(documents: pl.DataFrame, signals: pl.DataFrame, column: str) -> pl.DataFrame:
    """Add the rows of `signals` to their documents as a list of structs called `column`, in the order in which they stand.

    Reads: `doc` of both frames. Adds: `column` list[SIGNAL], empty where a document has none.
    """
    grouped = (
        signals.select("doc", pl.struct(*SIGNAL.to_schema()).cast(SIGNAL).alias(column))
        .group_by("doc", maintain_order=True)
        .agg(column)
    )
    joined = documents.join(grouped, on="doc", how="left", maintain_order="left")
    return joined.with_columns(pl.col(column).fill_null(pl.lit([], dtype=SIGNALS)))


def as_stage(
    documents: pl.LazyFrame, function: Callable[[pl.DataFrame], pl.DataFrame], adds: dict[str, pl.DataType]
) -> pl.LazyFrame:
    """Run `function` over a LazyFrame as a stage: it sees a `doc` number, and only the columns in `adds` come out new.

    Raises:
        polars.exceptions.SchemaError: the function did not add what it declared.
    """
    schema = documents.collect_schema()

    def numbered(frame: pl.DataFrame) -> pl.DataFrame:
        result = function(frame.with_row_index("doc"))
        result = result if result["doc"].is_sorted() else result.sort("doc")
        return result.select(*frame.columns, *adds)

    return documents.map_batches(numbered, schema={**schema, **adds})


def locate(found: pl.DataFrame, documents: pl.DataFrame) -> pl.DataFrame:
    """Carry places in the repaired text back to the text as read.

    Reads `found` (FOUND_SCHEMA: places in the repaired text; `whole` where they cover their whole line; `text`, that line)
    and of `documents`: `doc`, `text`, `encoding_hits`. A place that cuts a repaired stretch is widened to it.
    Gives a frame of PLACE_SCHEMA: the same places in the text as read, and the text there, of which `hits.make_hits` makes hits.
    """
    if found.is_empty():
        return pl.DataFrame(schema=PLACE_SCHEMA)
    # Only of a line that is hit whole the length is asked: one with many places would be measured for each of them.
    length = pl.when("whole").then("text").otherwise(pl.lit("")).str.len_chars().cast(pl.UInt32).alias("length")
    mended = documents.select("doc", "text", "encoding_hits").filter(pl.col("encoding_hits").list.len() > 0)
    in_mended = found["doc"].is_in(mended["doc"].implode())
    elsewhere = found.filter(~in_mended).with_columns(length)
    inside = found.filter(in_mended)
    if inside.height:
        inside = inside.with_columns(_read_lines(inside, mended)).with_columns(
            pl.col("text").str.len_chars().cast(pl.UInt32).alias("length")
        )
        # Of a hit that covers its line nobody asks where in it the fixes are.
        parts = inside.filter(~pl.col("whole"))
        if parts.height:
            fixes = line_fixes(mended.filter(pl.col("doc").is_in(parts["doc"].unique().implode())))
            fixes = fixes.join(parts.select("doc", "line").unique(), on=["doc", "line"], how="semi")
            # Most lines of a document that was mended were not: their places stay.
            inside = inside.with_row_index("order")
            touched = inside.filter(~pl.col("whole")).join(
                fixes.select("doc", "line").unique(), on=["doc", "line"], how="semi", maintain_order="left"
            )
            others = inside.join(touched.select("order"), on="order", how="anti", maintain_order="left")
            inside = pl.concat([others, _shift_places(touched, fixes)]).sort("order").drop("order")
    placed = pl.concat([elsewhere, inside.select(elsewhere.columns)]) if inside.height else elsewhere
    placed = placed.with_columns(
        pl.when("whole").then(0).otherwise("start").cast(pl.UInt32).alias("start"),
        pl.when("whole").then("length").otherwise("end").cast(pl.UInt32).alias("end"),
    )
    placed = placed.with_columns(_cut_texts(placed))
    return placed.select(
        "doc",
        "rule",
        "line",
        "start",
        "end",
        "text",
    )


def _read_lines(found: pl.DataFrame, documents: pl.DataFrame) -> pl.Series:
    """Give of each row of `found` its line (`doc`, `line`) in `text` of `documents`, which have all these lines."""
    affected = documents.filter(pl.col("doc").is_in(found["doc"].unique().implode())).sort("doc")
    data, offsets = kernels.buffers(affected["text"])
    places = affected["doc"].search_sorted(found["doc"]).to_numpy().astype(np.int64)
    begins, ends, _ = find_lines(data, offsets, places, found["line"].to_numpy().astype(np.int64))
    return kernels.as_texts(*kernels.gather_bytes(data, begins, ends))


def _cut_texts(placed: pl.DataFrame) -> pl.Series:
    """Give the text of each place, of which `text` is the line; each line is walked once, however many places it has."""
    parts = placed.with_row_index("place").filter(~pl.col("whole"))
    if parts.is_empty():
        return placed["text"]
    parts = parts.with_columns(pl.struct("doc", "line").rank("dense").alias("number")).sort("number", "start")
    lines = parts.group_by("number", maintain_order=True).agg(pl.col("text").first())["text"]
    data, offsets = kernels.buffers(lines)
    number = parts["number"].to_numpy().astype(np.int64) - 1
    bounds = []
    for name in ("start", "end"):
        places = parts[name].to_numpy().astype(np.int64)
        order = np.lexsort((places, number))
        begins, ends = offsets[number[order]], offsets[number[order] + 1]
        found = np.empty(len(order), dtype=np.int64)
        found[order] = kernels.find_bytes(data, begins, ends, places[order])
        bounds.append(found)
    texts = kernels.as_texts(*kernels.gather_bytes(data, *bounds))
    return placed["text"].scatter(parts["place"], texts).alias("text")


def line_fixes(documents: pl.DataFrame) -> pl.DataFrame:
    """Give the fixes that act, one row each: `doc, line, start, end, replacement, rule`; document-wide ones excluded."""
    hits = explode_hits(documents, "encoding_hits")
    fixes = hits.filter((pl.col("action") == "fix") & pl.col("acts") & pl.col("line").is_not_null())
    return fixes.select("doc", "line", "start", "end", "replacement", "rule")


def _shift_places(placed: pl.DataFrame, fixes: pl.DataFrame) -> pl.DataFrame:
    edits: dict[tuple[int, int], list[Piece]] = {}
    for doc, line, start, end, text, rule in fixes.sort("doc", "line", "start").iter_rows():
        edits.setdefault((doc, line), []).append(Piece(start, end, text or "", rule))
    places = zip(placed["doc"], placed["line"], placed["start"], placed["end"], placed["length"], strict=True)
    shifts: dict[tuple[int, int], Shifts] = {}
    moved = []
    for doc, line, start, end, length in places:
        if (doc, line) in edits and (doc, line) not in shifts:
            shifts[doc, line] = Shifts(cut_line(length, edits[doc, line]))
        moved.append(shifts[doc, line].unshift(start, end) if (doc, line) in edits else (start, end))
    return placed.with_columns(
        pl.Series("start", [start for start, _ in moved], pl.UInt32),
        pl.Series("end", [end for _, end in moved], pl.UInt32),
    )
