"""What is found in a document as a whole: its charset, its line ends, and how its row was read."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from cleanse.encoding.charset import CHARSET, ROW, UNCERTAIN, UTF8
from cleanse.encoding.lines import PLACES

LINE_ENDS = "encoding/line-ends"
METHODS = frozenset({"charset", "uncertain", "row", "line-ends"})


def find_in_documents(documents: pl.DataFrame, windows: pl.Series, methods: Collection[str]) -> pl.DataFrame:
    """Give a frame of PLACES: what was found in documents as a whole.

    Reads: `doc`, and where there are such `charset`, `uncertain` and `mended`. `windows` says which documents end all their lines with a
    carriage return. What bytes were decoded from is told whether anybody asks for it or not.
    """
    frames = [pl.DataFrame(schema=PLACES)]
    if "line-ends" in methods:
        frames.append(_list(documents.filter(windows), LINE_ENDS, pl.lit("\r\n"), pl.lit("\n")))
    if "charset" in documents.columns:
        foreign = documents.filter(pl.col("charset").is_not_null())
        frames.append(_list(foreign, CHARSET, pl.col("charset"), pl.lit(UTF8)))
    if "uncertain" in documents.columns and "uncertain" in methods:
        frames.append(_list(documents.filter("uncertain"), UNCERTAIN, pl.col("charset"), pl.lit(None)))
    if "mended" in documents.columns and "row" in methods:
        mended = documents.filter(pl.col("mended").is_not_null())
        frames.append(_list(mended, ROW, pl.col("mended"), pl.lit(None)))
    return pl.concat(frames)


def _list(documents: pl.DataFrame, rule: str, text: pl.Expr, replacement: pl.Expr) -> pl.DataFrame:
    """Give a row for each document."""
    null = pl.lit(None, pl.UInt32)
    place = {"line": null, "start": null, "end": null, "text": text, "replacement": replacement}
    found = documents.select("doc", rule=pl.lit(rule), **place)
    return found.select(pl.col(name).cast(dtype) for name, dtype in PLACES.items())
