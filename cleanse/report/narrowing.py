"""Which documents the page looks at: all of them, or where there are very many hits a share, so that memory does not grow with the run."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from cleanse import kernels
from cleanse.files import open_parquet

MOST_ROWS = 500_000  # of hits and drafts together that the page looks at
STEP = 20_000  # rows that are written at once
WEIGHED = ("hits", "drafts")
NARROWED = (*WEIGHED, "signals", "measures", "dropped")


@dataclass(frozen=True)
class View:
    """The tables that the page looks at: those of the report, or in a `folder` of their own those of some documents.

    `documents` counts these, and `every` all of them.
    """

    folder: Path
    documents: int
    every: int

    @property
    def is_whole(self) -> bool:
        """Say whether all documents are looked at."""
        return self.documents == self.every


@contextlib.contextmanager
def narrow_report(report: Path) -> Iterator[View]:
    """Give the tables that the page looks at, of which there are about MOST_ROWS rows.

    Documents are chosen by a hash of their ids, so the same ones in every run; each is there with all its rows. A narrower view lies in the
    folder of the report until the block ends.
    """
    rows = sum(_count_rows(report / f"{name}.parquet") for name in WEIGHED)
    every = _count_rows(report / "measures.parquet")
    if rows <= MOST_ROWS:
        yield View(report, every, every)
        return
    last = int(MOST_ROWS / rows * 2**64)
    with tempfile.TemporaryDirectory(prefix=".page-", dir=report) as name:
        folder = Path(name)
        names = [f"{table}.parquet" for table in NARROWED]
        pl.collect_all([_copy_some(report / name, folder / name, last) for name in names])
        yield View(folder, _count_rows(folder / "measures.parquet"), every)


def _count_rows(table: Path) -> int:
    with open_parquet(str(table)) as parquet:
        return int(parquet.metadata.num_rows)


def _copy_some(table: Path, to: Path, last: int) -> pl.LazyFrame:
    """Plan to copy the rows of documents whose ids have a hash up to `last`."""
    hashes = pl.col("id").map_batches(_hash_ids, return_dtype=pl.UInt64, is_elementwise=True)
    rows = pl.scan_parquet(table, glob=False).filter(hashes <= last)
    # It is read a few times and then gone, so it is packed lightly.
    return rows.sink_parquet(to, compression="lz4", row_group_size=STEP, statistics=False, lazy=True)


def _hash_ids(identities: pl.Series) -> pl.Series:
    return pl.Series(kernels.hash_texts(*kernels.buffers(identities)), dtype=pl.UInt64)
