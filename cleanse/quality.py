"""Measure each document: numbers only. The limits that make rules of them stand in `rules/quality/`."""

from __future__ import annotations

import polars as pl

from cleanse import kernels, segments

MEASURES = {
    "chars": pl.UInt32(),
    "visible_chars": pl.UInt32(),
    "lines": pl.UInt32(),
    "blank_lines": pl.UInt32(),
    "words": pl.UInt32(),
    "mean_word_chars": pl.Float32(),
    "letter_share": pl.Float32(),
    "digit_share": pl.Float32(),
    "symbol_share": pl.Float32(),
    "mean_line_chars": pl.Float32(),
    "ended_line_share": pl.Float32(),
    "bullet_line_share": pl.Float32(),
    "duplicate_line_share": pl.Float32(),
}


def measure_documents(documents: pl.LazyFrame) -> pl.LazyFrame:
    """Measure the clean text of each document.

    Reads: `clean`. Adds one column for each name in MEASURES. Characters are Unicode code points; a word is a run of
    letters, marks and digits, or one character of a script without spaces; shares are of the visible characters, or of
    the lines that are not blank, and 0 where there are none. A duplicate line is a second or later copy of a line.
    """

    def measure(frame: pl.DataFrame) -> pl.DataFrame:
        data, offsets = kernels.buffers(frame["clean"].fill_null(""))
        counts = kernels.measure_texts(data, offsets, kernels.measure_table(), len(kernels.COUNTS))
        counted = pl.DataFrame(counts, schema=list(kernels.COUNTS)).with_columns(pl.all().cast(pl.Int64))
        symbols = pl.col("visible_chars") - pl.col("letters") - pl.col("digits")
        measured = counted.with_columns(
            (pl.col("lines") - pl.col("filled")).alias("blank_lines"),
            _share(pl.col("letters") + pl.col("digits"), "words").alias("mean_word_chars"),
            _share(pl.col("letters"), "visible_chars").alias("letter_share"),
            _share(pl.col("digits"), "visible_chars").alias("digit_share"),
            _share(symbols, "visible_chars").alias("symbol_share"),
            _share(pl.col("line_chars"), "filled").alias("mean_line_chars"),
            _share(pl.col("ended"), "filled").alias("ended_line_share"),
            _share(pl.col("bullets"), "filled").alias("bullet_line_share"),
            _share(pl.col("duplicates"), "filled").alias("duplicate_line_share"),
        )
        return frame.hstack(measured.select(pl.col(name).cast(dtype) for name, dtype in MEASURES.items()))

    return segments.as_stage(documents, measure, dict(MEASURES))


def _share(part: pl.Expr, whole: str) -> pl.Expr:
    return pl.when(pl.col(whole) > 0).then(part / pl.col(whole)).otherwise(0)
