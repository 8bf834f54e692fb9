"""The second pass: find the duplicates over all parts, and those of an earlier OUT."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
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


def _sign_earlier(job: Job, earlier: Path) -> list[pl.DataFrame]:
    """Copy id and text of an earlier OUT into the work folder, part by part, and sign them; give the ids."""
    ids: list[pl.DataFrame] = []
    for place in store.out_files(earlier):
        for frame in _read_earlier(place):
            store.write_part(job.work, "earlier", 0, len(ids), frame)
            write_signatures(job, "earlier_signatures", 0, len(ids), frame.with_row_index("doc"))
            ids.append(frame.select("id"))
    return ids


def resolve(
    job: Job, summaries: list[ShardSummary], timing: dict[str, float], earlier: Path | None = None
) -> tuple[dedupe.Outcome, pl.DataFrame, pl.DataFrame]:
    """Check ids and find duplicates over all parts, and among the documents of an `earlier` OUT.

    Gives the outcome; the decisions (dedupe.DECISIONS) that rules in draft would have made; and `id` str of every document in input order, its place being its number, then of those of the
    earlier OUT, with `kept_in`, the name of that OUT, or null.

    Raises:
        InputError: two documents have the same id.
    """
    clock = time.perf_counter()
    parts = list(store.iterate_parts([summary.batches for summary in summaries]))
    ids = [store.read_part(job.work, "documents", *part, columns=["id"]) for part in parts]
    numbered = pl.concat([pl.DataFrame(schema={"id": pl.String}), *ids])
    if earlier is not None:
        numbered = numbered.with_columns(pl.lit(None, pl.String).alias("kept_in"))
    if len(twice := _find_twice(ids)):
        names = ", ".join(twice.head(5).to_list())
        hint = "number the rows with --number-rows, or name a column whose values differ with --id-column"
        what = "1 id occurs" if len(twice) == 1 else f"{len(twice)} ids occur"
        raise InputError(f"{what} more than once", where=names, hint=hint)
    outcome, tried = dedupe.Outcome(pl.DataFrame(schema=dedupe.DECISIONS)), pl.DataFrame(schema=dedupe.DECISIONS)
    if job.signs and parts:
        tables = [("documents", "signatures", *part) for part in parts]
        count = numbered.height
        if earlier is not None:
            old = _sign_earlier(job, earlier)
            tables += [("earlier", "earlier_signatures", 0, number) for number in range(len(old))]
            ids += old
            named = pl.lit(earlier.name).alias("kept_in")
            numbered = pl.concat([numbered, *(frame.with_columns(named) for frame in old)])
        starts = pl.Series([0, *(frame.height for frame in ids)]).cum_sum().to_list()
        signed = _Parts(job.work, tables, starts)
        first = None if earlier is None else count

        def find(parameters: dedupe.Parameters) -> dedupe.Outcome:
            return dedupe.find_duplicates(
                signed.read_columns, signed.load_texts, parameters, first, folder=job.work, held=dedupe.HELD_BYTES
            )

        if job.duplicates.active:
            outcome = find(job.duplicates)
        if job.tried is not None:
            drafts = [rule.id for rule in divide_drafts(job.rules)[1]]
            tried = find(job.tried).decisions.filter(pl.col("reason").is_in(drafts))
    timing["resolve"] = time.perf_counter() - clock
    return outcome, tried, numbered


def _find_twice(ids: list[pl.DataFrame]) -> pl.Series:
    """Give the ids that occur more than once, in input order: those that share a hash are compared."""
    hashes = [kernels.hash_texts(*kernels.buffers(frame["id"])) for frame in ids]
    places = kernels.find_repeated(np.concatenate([np.zeros(0, dtype=np.uint64), *hashes]))[0]
    suspects = pl.concat([pl.DataFrame(schema={"id": pl.String}), *ids])[np.sort(places)]["id"]
    return suspects.filter(suspects.is_duplicated()).unique(maintain_order=True)


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

    def load_texts(self, numbers: pl.Series) -> pl.Series:
        """Fetch clean texts by ascending numbers of their documents."""
        bounds = numbers.search_sorted(pl.Series(self.starts)).to_list()
        found = [pl.Series("text", [], dtype=pl.String)]
        for (table, _, shard, batch), start, low, high in zip(
            self.parts, self.starts, bounds, bounds[1:], strict=False
        ):
            if low < high:
                texts = store.read_part(self.work, table, shard, batch, ["text"])["text"]
                # A copy, or the few texts that are gathered would hold on to all of the part.
                found.append(kernels.as_texts(*kernels.buffers(texts.gather(numbers[low:high] - start))))
        return pl.concat(found)
