"""Where in a line a pattern matches: places in characters."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from cleanse.compiled import run_compiled
from cleanse.errors import CleanseError
from cleanse.matching.lines import LINE_SCHEMA

FEW = 200  # lines that Python reads sooner


def whole_lines(lines: pl.DataFrame) -> pl.DataFrame:
    """Add `start` and `end` that cover each line."""
    return lines.with_columns(pl.lit(0, pl.UInt32).alias("start"), pl.col("text").str.len_chars().alias("end"))


def find_spans(lines: pl.DataFrame, patterns: tuple[str, ...]) -> pl.DataFrame:
    """Give a row for each match of each pattern, with `start` and `end` in characters.

    Polars tells where a match is in bytes and only for the first, so every match is put between two characters that
    no line of this frame has, and the pieces between them are measured. A pattern with the groups `before`, `hit`
    and `after` hits only the middle one.
    """
    opening, closing = unused_characters(lines["text"])
    empty = lines.head(0).select(*LINE_SCHEMA, pl.lit(0, pl.UInt32).alias("start"), pl.lit(0, pl.UInt32).alias("end"))
    return pl.concat([empty, *(measure_spans(lines, pattern, opening, closing) for pattern in patterns)])


def find_places(texts: list[str], patterns: tuple[str, ...]) -> list[list[tuple[int, int]]]:
    """Give what `find_spans` finds in a few texts, a list for each: fewer than it takes Polars to set about measuring them."""
    series = pl.Series("text", texts, dtype=pl.String)
    opening, closing = unused_characters(series)
    found: list[list[tuple[int, int]]] = [[] for _ in texts]
    for pattern in patterns:
        marked = series.str.replace_all(pattern, _mark(pattern, opening, closing))
        for own, text in zip(found, marked, strict=True):
            own.extend(_read_marks(text, opening, closing))
    return found


def _read_marks(text: str, opening: str, closing: str) -> Iterator[tuple[int, int]]:
    """Give the places between the marks of a text, as places in the text without them."""
    first, *parts = text.split(opening)
    at = len(first)
    for part in parts:
        hit, rest = part.split(closing)
        if hit:
            yield at, at + len(hit)
        at += len(hit) + len(rest)


def _list_spans(lines: pl.DataFrame, marked: list[str], opening: str, closing: str) -> pl.DataFrame:
    """Give what `measure_spans` gives of lines with marks: fewer than it takes Polars to set about measuring them."""
    found = [(number, *place) for number, text in enumerate(marked) for place in _read_marks(text, opening, closing)]
    places = pl.DataFrame(found, schema={"number": pl.UInt32, "start": pl.UInt32, "end": pl.UInt32}, orient="row")
    return lines.select(list(LINE_SCHEMA))[places["number"]].hstack(places.select("start", "end"))


def _mark(pattern: str, opening: str, closing: str) -> str:
    """Give what a match is replaced with so that it stands between two characters."""
    grouped = "(?P<hit>" in pattern
    return f"${{before}}{opening}${{hit}}{closing}${{after}}" if grouped else f"{opening}${{0}}{closing}"


def measure_spans(lines: pl.DataFrame, pattern: str, opening: str, closing: str) -> pl.DataFrame:
    """Give what `find_spans` finds with one pattern; no line has the characters `opening` and `closing`."""
    mark = _mark(pattern, opening, closing)
    marked = run_compiled(pattern, lambda: lines["text"].str.replace_all(pattern, mark))
    if lines.height <= FEW:
        return _list_spans(lines, marked.to_list(), opening, closing)
    parts = (
        lines.lazy()
        .with_columns(marked.str.split(opening).alias("part"))
        .filter(pl.col("part").list.len() > 1)
        .explode("part")
        .with_columns(pl.col("part").str.split_exact(closing, 1).struct.rename_fields(["hit", "rest"]))
        .unnest("part")
        .collect()
    )
    measured = parts.with_columns(
        pl.col("hit").str.len_chars().alias("inside"),
        pl.col("rest").str.len_chars().fill_null(0).alias("outside"),
    ).with_columns((pl.col("inside") + pl.col("outside")).cum_sum().over("row").alias("stop"))
    return measured.filter(pl.col("rest").is_not_null() & (pl.col("inside") > 0)).select(
        *LINE_SCHEMA,
        (pl.col("stop") - pl.col("outside") - pl.col("inside")).alias("start"),
        (pl.col("stop") - pl.col("outside")).alias("end"),
    )


def unused_characters(texts: pl.Series) -> tuple[str, str]:
    """Find two characters that occur in none of the texts: noncharacters first, then private use.

    Raises:
        CleanseError: the texts use all of 137,000 such characters.
    """
    if not texts.str.contains(r"[\x{FDD0}-\x{FDEF}]").any():
        return "\ufdd0", "\ufdd1"
    found: list[str] = []
    for code in (*range(0xFDD0, 0xFDF0), *range(0x10FFFE, 0xF0000, -1)):
        if not texts.str.contains(chr(code), literal=True).any():
            found.append(chr(code))
        if len(found) == 2:
            return found[0], found[1]
    raise CleanseError("the text uses every private character there is", hint="take that document out of the input")
