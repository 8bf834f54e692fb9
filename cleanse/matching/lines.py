"""The lines of a batch of texts, as places in one buffer.

Nearly all lines are only counted and looked through by kernels; a text is cut out for those that a rule asks for.
"""

from __future__ import annotations

import functools

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleanse import kernels
from cleanse.kernels import U32, Bytes, Offsets
from cleanse.matching.decoration import decoration_table, open_lines

LINE_SCHEMA = {"row": pl.UInt32, "doc": pl.UInt32, "line": pl.UInt32, "text": pl.String}
Rows = NDArray[np.int64]
Flags = NDArray[np.bool_]


def _split(data: Bytes, offsets: Offsets) -> tuple[U32, U32, Offsets, Offsets, U32]:
    return kernels.split_buffer(data, offsets, kernels.space_table())


class Lines:
    """The lines of texts that have a visible character; a line is known by its `row`, counted from 0.

    Patterns are written with composed letters. So in `data` letters are composed with their marks where a text has them apart, as
    that of Mac file names and of some Vietnamese pages does; `take` gives lines as they were.

    Arrays with an entry a row: `doc`, number of the text; `line`, number in it; `starts` and `ends`, bytes in `data`; `chars`,
    length in code points; `ordinals` (from 0) and `from_end` (from 1), place among the lines of the text.
    """

    def __init__(self, texts: pl.Series) -> None:
        """Split a column of texts; null counts as empty."""
        texts = texts.fill_null("")
        self.data, offsets = kernels.buffers(texts)
        self.doc, self.line, self.starts, self.ends, self.chars = _split(self.data, offsets)
        self.texts = len(offsets) - 1
        self._starts, self._ends = self.starts, self.ends
        uncomposed = kernels.find_uncomposed(self.data, offsets, *kernels.composing_tables())
        if uncomposed.any():
            self._compose(
                texts.filter(pl.Series(uncomposed)).str.normalize("NFC"), np.flatnonzero(uncomposed[self.doc])
            )

    def _compose(self, texts: pl.Series, rows: Rows) -> None:
        """Let `rows` stand for the lines of `texts`, which are the same lines with letters composed, behind all others."""
        data, offsets = kernels.buffers(texts)
        _, _, starts, ends, chars = _split(data, offsets)
        self.starts, self.ends = self.starts.copy(), self.ends.copy()
        self.starts[rows], self.ends[rows] = len(self.data) + starts, len(self.data) + ends
        self.chars[rows] = chars
        self.data = np.concatenate([self.data, data])

    def __len__(self) -> int:
        """Count the lines."""
        return len(self.doc)

    @functools.cached_property
    def bounds(self) -> Offsets:
        """Give for each text its first row; the rows of text `i` end before `bounds[i + 1]`."""
        return np.searchsorted(self.doc, np.arange(self.texts + 1)).astype(np.int64)

    @functools.cached_property
    def _keys(self) -> Rows:
        keys: Rows = (self.doc.astype(np.int64) << 32) + self.line
        return keys

    def find_rows(self, places: pl.DataFrame) -> tuple[Rows, Flags]:
        """Give for each `doc` and `line` of some places its row, and whether there is one; where there is none, the row says nothing."""
        if not len(self):
            return np.zeros(places.height, dtype=np.int64), np.zeros(places.height, dtype=np.bool_)
        wanted = (places["doc"].to_numpy().astype(np.int64) << 32) + places["line"].to_numpy()
        rows = np.minimum(np.searchsorted(self._keys, wanted), len(self) - 1)
        return rows, self._keys[rows] == wanted

    @functools.cached_property
    def ordinals(self) -> Rows:
        """Give for each row its place among the lines of its text, from 0."""
        return np.arange(len(self)) - self.bounds[self.doc]

    @functools.cached_property
    def from_end(self) -> Rows:
        """Give for each row its place among the lines of its text counted from the last, which is 1."""
        after: Rows = self.bounds[self.doc.astype(np.int64) + 1] - np.arange(len(self))
        return after

    @functools.cached_property
    def opened(self) -> Offsets:
        """Give for each row the byte behind what stands before its text and opens no quotation."""
        return open_lines(self.data, self.starts, self.ends, decoration_table())

    @functools.cached_property
    def closed(self) -> Offsets:
        """Give for each row the byte at which its text ends, without the white space there."""
        return kernels.trim_ends(self.data, self.starts, self.ends, kernels.space_table())

    @functools.cached_property
    def first_started(self) -> NDArray[np.uint16]:
        """Give for each row its first visible byte, `prefilter.END` where there is none."""
        return self.first_bytes(self.starts, self.ends)

    @functools.cached_property
    def first_opened(self) -> NDArray[np.uint16]:
        """Give the same from `opened` on."""
        return self.first_bytes(self.opened, self.ends)

    def first_bytes(self, starts: Offsets, ends: Offsets) -> NDArray[np.uint16]:
        """Give the first visible byte of stretches of `data`, `prefilter.END` where there is none."""
        return kernels.first_visible(self.data, starts, ends, kernels.space_table())

    def cut(self, starts: Offsets, ends: Offsets) -> pl.Series:
        """Cut out texts by bytes of `data`; an end before its start gives an empty text."""
        return kernels.as_texts(*kernels.gather_bytes(self.data, starts, ends))

    def take(self, rows: Rows | U32) -> pl.DataFrame:
        """Give some rows as a frame of LINE_SCHEMA, in the order asked for, as they were before letters were composed."""
        return self._take(rows, self._starts, self._ends)

    def take_composed(self, rows: Rows | U32) -> pl.DataFrame:
        """Give the same as rules see it, with composed letters."""
        return self._take(rows, self.starts, self.ends)

    def _take(self, rows: Rows | U32, starts: Offsets, ends: Offsets) -> pl.DataFrame:
        return pl.DataFrame(
            [
                pl.Series("row", rows.astype(np.uint32, copy=False)),
                pl.Series("doc", self.doc[rows]),
                pl.Series("line", self.line[rows]),
                self.cut(starts[rows], ends[rows]),
            ]
        )
