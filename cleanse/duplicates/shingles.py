"""The sets of shingles of the documents that are compared, and their exact similarity."""

from __future__ import annotations

import errno
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleanse import kernels
from cleanse.duplicates.parameters import Parameters
from cleanse.duplicates.signing import compose

LoadTexts = Callable[[pl.Series], pl.Series]


class Shingles:
    """The sets of shingles of some ranks: in memory where they are few, else in a file without a name."""

    def __init__(
        self,
        ranked: pl.DataFrame,
        members: kernels.U32,
        load_texts: LoadTexts,
        parameters: Parameters,
        folder: Path | None,
        held: int,
    ) -> None:
        """Load the texts of `members` in the order of their numbers, and cut each into its set of shingles."""
        own = ranked.select("rank", "number", "length", "tokens")[members].sort("number")
        self.held = held
        self.place = np.full(ranked.height, -1, dtype=np.int64)
        self.place[own["rank"].to_numpy()] = np.arange(own.height)
        # A text in memory is as long as its characters at least, and a shingle is a hash of 8 bytes.
        weight = own.select(pl.col("length").cast(pl.Int64) + 8 * pl.col("tokens").cast(pl.Int64)).to_series()
        slices = own.select("number", (weight.cum_sum() // held).alias("slice")).partition_by(
            "slice", maintain_order=True
        )
        self._file = tempfile.TemporaryFile(dir=folder) if len(slices) > 1 else None  # noqa: SIM115 - closed by __exit__
        self._sets = np.zeros(0, dtype=np.uint64)
        starts = [np.zeros(1, dtype=np.int64)]
        for part in slices:
            data, offsets = kernels.buffers(compose(load_texts(part["number"])))
            sets, own_starts = kernels.shingle_sets(data, offsets, *parameters.tables, parameters.shingle)
            starts.append(own_starts[1:] + starts[-1][-1])
            if self._file:
                self._file.write(sets.view(np.uint8).data)
            else:
                self._sets = sets
        self._starts = np.concatenate(starts)

    def __enter__(self) -> Self:
        """Use it in a `with` block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the file, which takes it away."""
        if self._file:
            self._file.close()

    def compare(self, left: kernels.Offsets, right: kernels.Offsets) -> NDArray[np.float64]:
        """Give the exact Jaccard similarity of pairs of ranks."""
        a, b = self.place[left], self.place[right]
        if not self._file:
            return kernels.jaccard(self._sets, self._starts, a, b)
        result = np.zeros(len(a), dtype=np.float64)
        # By place of the left one: what was read together lies together in the file, and often belongs together.
        order = np.argsort(a, kind="stable")
        sizes = 8 * np.diff(self._starts)
        left_sizes = np.where(np.diff(a[order], prepend=-1) != 0, sizes[a[order]], 0)
        chunks = np.cumsum(sizes[b[order]] + left_sizes) // self.held
        for chunk in np.split(order, np.flatnonzero(np.diff(chunks)) + 1):
            wanted = np.unique(np.concatenate([a[chunk], b[chunk]]))
            sets, starts = self._read(wanted)
            result[chunk] = kernels.jaccard(sets, starts, *(np.searchsorted(wanted, side[chunk]) for side in (a, b)))
        return result

    def _read(self, wanted: kernels.Offsets) -> tuple[kernels.U64, kernels.Offsets]:
        """Read the sets of some places, ascending; neighbours in one go."""
        assert self._file
        firsts, lasts = self._starts[wanted], self._starts[wanted + 1]
        starts = np.concatenate([[0], np.cumsum(lasts - firsts)])
        sets = np.empty(starts[-1], dtype=np.uint64)
        view = sets.view(np.uint8).data
        breaks = np.flatnonzero(firsts[1:] != lasts[:-1]) + 1
        begins = np.concatenate([[0], breaks])
        ends = np.concatenate([breaks, [len(wanted)]])
        for place, low, high in zip(
            (8 * firsts[begins]).tolist(), (8 * starts[begins]).tolist(), (8 * starts[ends]).tolist(), strict=True
        ):
            self._file.seek(place)
            if self._file.readinto(view[low:high]) != high - low:
                raise OSError(errno.EIO, "the file of shingles was cut short")
        return sets, starts
