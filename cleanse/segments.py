r"""Documents and their lines: splitting, evidence, edits and their undoing. The one place that does offsets.

*Text as read* is split at "\n" into lines numbered from 0. Evidence points into it: line, start, end (characters)
and the text there. Rules look at the *repaired* text, which has the same lines; `locate` carries what they find back.
"""

from __future__ import annotations

import bisect
import functools
import itertools
import operator
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np
import polars as pl

from cleanse import kernels
from cleanse.hits import explode_hits

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
FIRST_MARK = "\u0300"  # no character before it joins the one that stands before


_start_of, _end_of = operator.attrgetter("start"), operator.attrgetter("end")


class Piece(NamedTuple):
    """A stretch of a line: untouched (`replacement` is None), or edited by `rule`."""

    start: int
    end: int
    replacement: str | None
    rule: str | None

    @property
    def length(self) -> int:
        """Count the characters that stand there after the edit."""
        return self.end - self.start if self.replacement is None else len(self.replacement)


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
        return result.sort("doc").select(*frame.columns, *adds)

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
    elsewhere = found.join(mended, on="doc", how="anti", maintain_order="left").with_columns(length)
    inside = found.join(mended, on="doc", how="semi", maintain_order="left").drop("text")
    if inside.height:
        affected = mended.join(inside.select("doc").unique(), on="doc", how="semi")
        as_read = split_lines(affected, "text").join(
            inside.select("doc", "line").unique(), on=["doc", "line"], how="semi"
        )
        as_read = as_read.with_columns(pl.col("text").str.len_chars().cast(pl.UInt32).alias("length"))
        inside = inside.join(as_read, on=["doc", "line"], how="left", maintain_order="left")
        fixes = line_fixes(affected).join(inside.select("doc", "line").unique(), on=["doc", "line"], how="semi")
        # Most lines of a document that was mended were not: their places stay.
        inside = inside.with_row_index("order")
        touched = inside.join(
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


def cut_line(length: int, edits: Iterable[Piece]) -> list[Piece]:
    """Cut a line of `length` characters into pieces: the `edits`, and the untouched stretches between them.

    >>> [tuple(piece) for piece in cut_line(6, [Piece(2, 4, "é", "a")])]
    [(0, 2, None, None), (2, 4, 'é', 'a'), (4, 6, None, None)]
    """
    pieces, cursor = [], 0
    for edit in edits:
        if cursor < edit.start:
            pieces.append(Piece(cursor, edit.start, None, None))
        pieces.append(edit)
        cursor = edit.end
    if cursor < length:
        pieces.append(Piece(cursor, length, None, None))
    return pieces


def unshift(start: int, end: int, pieces: list[Piece]) -> tuple[int, int]:
    """Carry a span of the edited line back to the line as it was, widened to every edit that it cuts.

    >>> pieces = cut_line(8, [Piece(0, 4, "ü", "encoding/mojibake")])
    >>> unshift(2, 5, pieces), unshift(0, 1, pieces)
    ((5, 8), (0, 4))
    """
    return Shifts(pieces).unshift(start, end)


class Shifts:
    """The pieces of a line made ready to carry many places between the line as it was and as it is after the edits."""

    def __init__(self, pieces: list[Piece]) -> None:
        """Sum up how long the pieces are; they cover the line from its start to its end."""
        self._pieces = pieces
        self._ends = list(itertools.accumulate(piece.length for piece in pieces))
        self._begins = [0, *self._ends[:-1]] if pieces else []

    def unshift(self, start: int, end: int) -> tuple[int, int]:
        """Carry a span of the edited line back to the line as it was, widened to every edit that it cuts."""
        first, last = bisect.bisect_right(self._ends, start), bisect.bisect_left(self._begins, end) - 1
        if first > last:
            return 0, 0
        head, tail = self._pieces[first], self._pieces[last]
        left, right = head.start, tail.end
        if head.replacement is None:
            left += max(0, start - self._begins[first])
        if tail.replacement is None and end < self._ends[last]:
            right = tail.start + end - self._begins[last]
        return left, right

    def widen(self, start: int, end: int) -> tuple[int, int]:
        """Widen a span of the line as it was to the edits that it cuts."""
        first = bisect.bisect_right(self._pieces, start, key=_end_of)
        last = bisect.bisect_left(self._pieces, end, key=_start_of) - 1
        for number in {first, last}:
            if 0 <= number < len(self._pieces):
                piece = self._pieces[number]
                if piece.replacement is not None and piece.start < end and start < piece.end:
                    start, end = min(start, piece.start), max(end, piece.end)
        return start, end


def unshift_composed(start: int, end: int, text: str) -> tuple[int, int]:
    r"""Carry a span of a text with composed letters back to the text as it was, widened to the letters and marks that it cuts.

    >>> unshift_composed(1, 2, "ae\u0301o"), unshift_composed(0, 1, "\u1112\u1161\u11ab!")
    ((1, 3), (0, 3))
    """
    read, composed = _list_clusters(text)
    left = read[max(0, bisect.bisect_right(composed, start) - 1)]
    return left, max(left, read[bisect.bisect_left(composed, end)])


@functools.lru_cache(maxsize=1)
def _list_clusters(text: str) -> tuple[list[int], list[int]]:
    """Give where each letter with its marks begins, in a text and in the same with composed letters; the first list ends with the end.

    The places of a line are asked for one after another, so only the last text is remembered.
    """
    read, composed = [0] if text else [], [0] if text else []
    begin = 0
    for place, character in enumerate(text[1:], 1):
        # Most letters tell by themselves, so that a heap of marks is not composed again for each of them.
        if character >= FIRST_MARK:
            own = unicodedata.normalize("NFC", character)
            if unicodedata.combining(unicodedata.normalize("NFD", character)[0]):
                continue
            before = text[begin:place]
            if unicodedata.normalize("NFC", before + character) != unicodedata.normalize("NFC", before) + own:
                continue
        read.append(place)
        composed.append(composed[-1] + len(unicodedata.normalize("NFC", text[begin:place])))
        begin = place
    return [*read, len(text)], composed


def rewrite(pieces: Iterable[Piece], edits: Iterable[Piece]) -> list[Piece]:
    """Apply further `edits`, given as places in the text that `pieces` make of a line; none of them is empty.

    What several edits did to one stretch becomes one piece, which bears the rule of the first of them.

    >>> pieces = cut_line(6, [Piece(1, 3, "é", "a")])
    >>> [tuple(piece) for piece in rewrite(pieces, [Piece(0, 2, "E", "b")])]
    [(0, 3, 'E', 'a'), (3, 6, None, None)]
    """
    pieces, ordered = list(pieces), sorted(edits)
    if len(pieces) == 1 and pieces[0].replacement is None:
        return cut_line(pieces[0].end, ordered)
    done: list[Piece] = []
    first = cursor = 0
    grows, named = -1, False  # the edit that made the last piece, and whether that bears the rule of an earlier one
    for piece in _split_pieces(pieces, ordered):
        begin, cursor = cursor, cursor + piece.length
        while first < len(ordered) and ordered[first].end <= begin:
            first += 1
        stop = first
        while stop < len(ordered) and ordered[stop].start < cursor:
            stop += 1
        if first == stop:
            done.append(piece)
            grows = -1
            continue
        joins = grows == first
        start, _, text, rule = done.pop() if joins else Piece(piece.start, piece.start, "", ordered[first].rule)
        if piece.rule and not (joins and named):
            rule, named = piece.rule, True
        elif not joins:
            named = False
        text = f"{text}{_overwrite(piece.replacement or '', begin, ordered[first:stop], joins=joins)}"
        done.append(Piece(start, piece.end, text, rule))
        grows = stop - 1
    return done


def _split_pieces(pieces: Iterable[Piece], edits: Iterable[Piece]) -> Iterator[Piece]:
    """Cut the untouched pieces where an edit begins or ends."""
    cuts = sorted({place for edit in edits for place in (edit.start, edit.end)})
    number = cursor = 0
    for piece in pieces:
        begin, cursor = cursor, cursor + piece.length
        if piece.replacement is not None:
            yield piece
            continue
        start = piece.start
        while number < len(cuts) and cuts[number] <= begin:
            number += 1
        while number < len(cuts) and cuts[number] < cursor:
            place = piece.start + cuts[number] - begin
            yield Piece(start, place, None, None)
            start = place
            number += 1
        yield Piece(start, piece.end, None, None)


def _overwrite(text: str, begin: int, edits: Iterable[Piece], *, joins: bool) -> str:
    """Apply edits to `text`, which begins at `begin`; where it `joins`, the text of the first edit is already there."""
    parts, place = [], begin
    for number, edit in enumerate(edits):
        if number or not joins:
            parts += [text[max(0, place - begin) : max(0, edit.start - begin)], edit.replacement or ""]
        place = edit.end
    return "".join([*parts, text[place - begin :]])


def join_pieces(line: str, pieces: Iterable[Piece]) -> str:
    """Give the text that `pieces` make of `line`."""
    return "".join(line[p.start : p.end] if p.replacement is None else p.replacement for p in pieces)


def merge_spans(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Give the union of spans, sorted; spans that touch become one.

    >>> merge_spans([(4, 6), (0, 2), (2, 5), (9, 9)])
    [(0, 6)]
    """
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if start >= end:
            continue
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def lies_in(start: int, end: int, union: list[tuple[int, int]]) -> bool:
    """Say whether a span lies inside one of the spans of a union, as `merge_spans` gives it.

    >>> lies_in(4, 6, [(0, 2), (3, 7)]), lies_in(1, 4, [(0, 2), (3, 7)])
    (True, False)
    """
    before = bisect.bisect_right(union, start, key=lambda span: span[0]) - 1
    return before >= 0 and end <= union[before][1]


def find_covered(places: pl.DataFrame, spans: pl.DataFrame) -> pl.Series:
    """Say of each place whether it lies inside the union of the spans of its line.

    Reads of both: `doc`, `line`, `start`, `end`. A place without a line, or an empty one that no span touches, is not covered.
    """
    names = ["doc", "line", "start", "end"]
    asked = places.select(names).with_row_index("place").drop_nulls()
    covered = np.zeros(places.height, dtype=np.bool_)
    spans = spans.select(names).drop_nulls().filter(pl.col("start") < pl.col("end"))
    if asked.is_empty() or spans.is_empty():
        return pl.Series(covered)
    # A number for each line, the same in both, and places as one number: spans are then looked up by bisection.
    keys = [(frame["doc"].cast(pl.UInt64) * 2**32 + frame["line"]).to_numpy() for frame in (asked, spans)]
    _, numbers = np.unique(np.concatenate(keys), return_inverse=True)
    own, other = numbers[: asked.height].astype(np.uint64) << 32, numbers[asked.height :].astype(np.uint64) << 32
    starts, ends = other + spans["start"].to_numpy(), other + spans["end"].to_numpy()
    order = np.argsort(starts, kind="stable")
    starts, reach = starts[order], np.maximum.accumulate(ends[order])
    # The end of all spans so far: where the next one begins behind it, a new stretch of the union begins.
    opens = np.append(True, starts[1:] > reach[:-1])
    begins, stops = starts[opens], reach[np.append(np.flatnonzero(opens)[1:] - 1, len(starts) - 1)]
    at = np.searchsorted(begins, own + asked["start"].to_numpy(), side="right").astype(np.int64) - 1
    covered[asked["place"].to_numpy()] = (at >= 0) & (own + asked["end"].to_numpy() <= stops[np.maximum(at, 0)])
    return pl.Series(covered)
