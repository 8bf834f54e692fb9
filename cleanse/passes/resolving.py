"""The second pass: find the duplicates over all parts, and those of an earlier OUT."""

from __future__ import annotations

import functools
import itertools
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from cleanse import dedupe, kernels
from cleanse.errors import InputError, OptionError
from cleanse.files import (
    open_parquet,
    store,
)
from cleanse.hits import divide_drafts
from cleanse.passes.cleaning import Job, ShardSummary, write_signatures

EARLIER_ROWS = 2_000  # of an earlier OUT, read at once


def digest_earlier(earlier: Path, out: Path) -> str:
    """Tell one earlier OUT from another by what its metadata says.

    Raises:
        OptionError: it is none of ours, or the OUT of this run.
    """
    hint = "--against takes what `cleanse run` wrote before: a file with its report beside it, or a folder"
    if earlier.resolve() == out.resolve():
        raise OptionError("--against is the OUT of this run", where=str(earlier), hint="write to another OUT")
    found = store.read_metadata(earlier) if earlier.exists() else None
    if found is None:
        raise OptionError("--against is no OUT of cleanse", where=str(earlier), hint=hint)
    return json.dumps(found, sort_keys=True)


def _read_earlier(place: Path) -> Iterator[pl.DataFrame]:
    """Read id and text of a file of an earlier OUT, EARLIER_ROWS rows at a time."""
    if store.is_jsonl(place):
        yield from store.scan_rows(place).select("id", "text").collect_batches(chunk_size=EARLIER_ROWS)
        return
    with open_parquet(str(place)) as parquet:
        for batch in parquet.iter_batches(EARLIER_ROWS, columns=["id", "text"]):
            yield pl.DataFrame(pl.from_arrow(batch))


def _sign_earlier(job: Job, earlier: Path) -> list[int]:
    """Copy id and text of an earlier OUT into the work folder, part by part, and sign them; give the number of documents of each."""
    heights: list[int] = []
    for place in store.out_files(earlier):
        for frame in _read_earlier(place):
            store.write_part(job.work, "earlier", 0, len(heights), frame)
            write_signatures(job, "earlier_signatures", 0, len(heights), frame.with_row_index("doc"))
            heights.append(frame.height)
    return heights


@dataclass(frozen=True)
class Resolved:
    """What the search for duplicates found.

    `drafts` are the decisions (dedupe.DECISIONS) that rules in draft would have made. `kept` names the documents that others are dropped for:
    `kept` u32, `kept_id` str, and where there is an earlier OUT `kept_in` str, its name, or null. `starts` are the numbers of the first documents
    of the parts.
    """

    outcome: dedupe.Outcome
    drafts: pl.DataFrame
    kept: pl.DataFrame
    starts: list[int]


def resolve(job: Job, summaries: list[ShardSummary], timing: dict[str, float], earlier: Path | None = None) -> Resolved:
    """Check ids and find duplicates over all parts, and among the documents of an `earlier` OUT.

    Documents are numbered in input order, and those of the earlier OUT behind them. Ids and texts are read part by part, never all at once.

    Raises:
        InputError: two documents have the same id.
    """
    clock = time.perf_counter()
    parts = list(store.iterate_parts([summary.batches for summary in summaries]))
    tables = [("documents", "signatures", *part) for part in parts]
    heights = _check_ids(_Parts(job.work, tables, []))
    outcome, tried = dedupe.Outcome(pl.DataFrame(schema=dedupe.DECISIONS)), pl.DataFrame(schema=dedupe.DECISIONS)
    count = sum(heights)
    starts = [0, *itertools.accumulate(heights)][:-1]
    signed = _Parts(job.work, tables, [])
    if job.signs and parts:
        if earlier is not None:
            old = _sign_earlier(job, earlier)
            tables += [("earlier", "earlier_signatures", 0, number) for number in range(len(old))]
            heights += old
        signed = _Parts(job.work, tables, pl.Series([0, *heights]).cum_sum().to_list())
        first = None if earlier is None else count

        def find(parameters: dedupe.Parameters) -> dedupe.Outcome:
            load = functools.partial(signed.load, "text")
            return dedupe.find_duplicates(
                signed.read_columns, load, parameters, first, folder=job.work, held=dedupe.HELD_BYTES
            )

        if job.duplicates.active:
            outcome = find(job.duplicates)
        if job.tried is not None:
            drafts = [rule.id for rule in divide_drafts(job.rules)[1]]
            tried = find(job.tried).decisions.filter(pl.col("reason").is_in(drafts))
    numbers = outcome.decisions["kept"].unique().sort()
    kept = pl.DataFrame({"kept": numbers, "kept_id": signed.load("id", numbers)})
    if earlier is not None:
        kept = kept.with_columns(pl.when(pl.col("kept") >= count).then(pl.lit(earlier.name)).alias("kept_in"))
    timing["resolve"] = time.perf_counter() - clock
    return Resolved(outcome, tried, kept, starts)


def _check_ids(parts: _Parts) -> list[int]:
    """Refuse ids that occur more than once: those that share a hash are compared. Gives the number of documents of each part.

    Raises:
        InputError: it names some of them.
    """
    heights = [frame.height for frame in parts.read_ids()]

    def read_hashes() -> Iterator[kernels.U64]:
        for frame in parts.read_ids():
            yield kernels.hash_texts(*kernels.buffers(frame["id"]))

    found = [places for places, _ in dedupe.find_shared(read_hashes, sum(heights))]
    places = pl.Series("place", np.sort(np.concatenate(found)), pl.UInt32)
    if not len(places):
        return heights
    starts = pl.Series([0, *heights]).cum_sum().to_list()
    suspects = replace(parts, starts=starts).load("id", places)
    twice = suspects.filter(suspects.is_duplicated()).unique(maintain_order=True)
    if len(twice):
        names = ", ".join(twice.head(5).to_list())
        hint = "number the rows with --number-rows, or name a column whose values differ with --id-column"
        raise InputError(
            "1 id occurs more than once" if len(twice) == 1 else f"{len(twice)} ids occur more than once",
            where=names,
            hint=hint,
        )
    return heights


@dataclass(frozen=True)
class _Parts:
    """Clean texts and signatures as they lie in the work folder: the names of both tables, shard and batch of each part.

    A document's number is its place in its part, counted from where the part starts.
    """

    work: Path
    parts: list[tuple[str, str, int, int]]
    starts: list[int]

    def read_columns(self, names: list[str]) -> Iterator[pl.DataFrame]:
        """Read some columns of the signatures, part by part."""
        columns = ["doc" if name == "number" else name for name in names]
        for (_, table, shard, batch), start in zip(self.parts, self.starts, strict=False):
            frame = store.read_part(self.work, table, shard, batch, columns)
            if "doc" in columns:
                frame = frame.with_columns((pl.col("doc").cast(pl.Int64) + start).cast(pl.UInt32)).rename(
                    {"doc": "number"}
                )
            yield frame

    def read_ids(self) -> Iterator[pl.DataFrame]:
        """Read the ids of the documents, part by part."""
        for table, _, shard, batch in self.parts:
            yield store.read_part(self.work, table, shard, batch, ["id"])

    def load(self, column: str, numbers: pl.Series) -> pl.Series:
        """Fetch ids or clean texts by ascending numbers of their documents."""
        bounds = numbers.search_sorted(pl.Series(self.starts, dtype=pl.Int64)).to_list()
        found = [pl.Series(column, [], dtype=pl.String)]
        for (table, _, shard, batch), start, low, high in zip(
            self.parts, self.starts, bounds, bounds[1:], strict=False
        ):
            if low < high:
                texts = store.read_part(self.work, table, shard, batch, [column])[column]
                # A copy, or the few texts that are gathered would hold on to all of the part.
                found.append(kernels.as_texts(*kernels.buffers(texts.gather(numbers[low:high] - start))))
        return pl.concat(found)
