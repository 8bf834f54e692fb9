"""Sentences that are broken over lines: where a label is the end of one, and where a text goes on in the next line."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleanse.matching.lines import Lines

Rows = NDArray[np.int64]
Flags = NDArray[np.bool_]
UNFINISHED = r"\p{Ll}[,;]?\s*$"  # the line goes on: a small letter and no mark that ends a sentence
# The rest of a sentence: a small letter or a date at its beginning, and a full stop at its end.
REST = r"""^\s*(?:\p{Ll}|\p{N}|\p{L}+\s\p{N}).*[^.\s][.۔]["”’»)]*\s*$"""


def find_sentence_ends(rows: Rows, taken: Flags, lines: Lines) -> Flags:
    """Say of each row whether it is the end of a sentence that begins in the line above.

    That line stands right above, is longer, ends in the middle of a sentence, and is not `taken` itself.
    """
    above = np.maximum(rows - 1, 0)
    ends: Flags = (rows > 0) & (lines.doc[above] == lines.doc[rows])
    ends &= lines.line[above].astype(np.int64) + 1 == lines.line[rows]
    ends &= (lines.chars[above] > lines.chars[rows]) & ~taken
    asked = np.flatnonzero(ends)
    if len(asked):
        rest = lines.take(rows[asked])["text"].str.contains(REST)
        ends[asked] = (rest & lines.take(above[asked])["text"].str.contains(UNFINISHED)).to_numpy()
    return ends


def join_broken(rows: Rows, lines: Lines) -> pl.DataFrame:
    """Cut lines out as `Lines.take` does; to one whose sentence is broken the line right below is joined."""
    cut = lines.take(rows)
    below = np.minimum(rows + 1, len(lines) - 1)
    near = (below > rows) & (lines.doc[below] == lines.doc[rows])
    near &= lines.line[below].astype(np.int64) == lines.line[rows].astype(np.int64) + 1
    broken = cut["text"].str.contains(UNFINISHED) & pl.Series(near)
    if not broken.any():
        return cut
    joined = cut["text"] + " " + lines.take(below)["text"]
    return cut.with_columns(text=pl.select(pl.when(broken).then(joined).otherwise(cut["text"])).to_series())
