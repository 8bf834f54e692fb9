"""Measure each document: numbers only. The limits that make rules of them stand in `rules/quality/`."""

from __future__ import annotations

import polars as pl

from cleanse import segments

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
# Scripts without spaces: each of their characters counts as a word, as it does in `dedupe`.
WORD = (
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}]"
    r"|[\p{L}\p{M}\p{N}]+"
)
UNSPACED = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}]"
# A line ends like a sentence, quotes and brackets behind the mark included: the marks of all scripts that Unicode
# calls Sentence_Terminal and that are in use, and the ellipsis.
ENDED = r"[.!?…。！？．｡؟۔।॥։።၊။៕᙮‼⁇⁈⁉][\"'”’»›」』）)\]】》〉\s]{0,6}$"
BULLET = r"^\s*[-*•·‣▪●○◦–—]\s"


def measure_documents(documents: pl.LazyFrame) -> pl.LazyFrame:
    """Measure the clean text of each document.

    Reads: `clean`. Adds one column for each name in MEASURES. Characters are Unicode code points; a word is a run of
    letters, marks and digits, or one character of a script without spaces; shares are of the visible characters, or of
    the lines that are not blank, and 0 where there are none. A duplicate line is a second or later copy of a line.
    """

    def measure(frame: pl.DataFrame) -> pl.DataFrame:
        text = pl.col("clean").fill_null("")
        # Bytes of letters, digits and white space are told apart by three linear passes over each text.
        frame = frame.with_columns(
            text.str.len_chars().alias("chars"),
            text.str.count_matches(r"\S").alias("visible_chars"),
            text.str.count_matches(r"[\p{L}\p{M}]").alias("letters"),
            text.str.count_matches(r"\p{N}").alias("digits"),
            text.str.count_matches(WORD).alias("words"),
        )
        lines = segments.split_lines(frame, "clean").with_columns(pl.col("text").str.strip_chars().alias("text"))
        filled = lines.filter(pl.col("text") != "")
        by_line = filled.group_by("doc").agg(
            pl.len().alias("filled"),
            pl.col("text").str.len_chars().sum().alias("line_chars"),
            pl.col("text").str.contains(ENDED).sum().alias("ended"),
            pl.col("text").str.contains(BULLET).sum().alias("bullets"),
            (pl.len() - pl.col("text").n_unique()).alias("duplicates"),
        )
        counts = lines.group_by("doc").agg(pl.len().alias("lines"))
        joined = frame.join(counts, on="doc", how="left", maintain_order="left").join(
            by_line, on="doc", how="left", maintain_order="left"
        )
        names = ["lines", "filled", "line_chars", "ended", "bullets", "duplicates"]
        joined = joined.with_columns(pl.col(names).fill_null(0))
        symbols = pl.col("visible_chars").cast(pl.Int64) - pl.col("letters") - pl.col("digits")
        return joined.with_columns(
            (pl.col("lines") - pl.col("filled")).alias("blank_lines"),
            _share("letters", "visible_chars").alias("letter_share"),
            _share("digits", "visible_chars").alias("digit_share"),
            (pl.when(pl.col("visible_chars") > 0).then(symbols / pl.col("visible_chars")).otherwise(0)).alias(
                "symbol_share"
            ),
            pl.when(pl.col("words") > 0)
            .then((pl.col("letters") + pl.col("digits")) / pl.col("words"))
            .otherwise(0)
            .alias("mean_word_chars"),
            _share("line_chars", "filled").alias("mean_line_chars"),
            _share("ended", "filled").alias("ended_line_share"),
            _share("bullets", "filled").alias("bullet_line_share"),
            _share("duplicates", "filled").alias("duplicate_line_share"),
        ).with_columns(pl.col(name).cast(dtype) for name, dtype in MEASURES.items())

    return segments.as_stage(documents, measure, dict(MEASURES))


def _share(part: str, whole: str) -> pl.Expr:
    return pl.when(pl.col(whole) > 0).then(pl.col(part) / pl.col(whole)).otherwise(0)
