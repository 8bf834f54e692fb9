"""Try a run out: on the first documents, on a sample of them, or without doing anything."""

from __future__ import annotations

import functools
import heapq
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl
import xxhash

from cleanse.files import (
    JSON_OTHER,
    OTHER,
    Batch,
    Columns,
    Inputs,
    Shard,
    Span,
    Wanted,
    check_place,
    check_sources,
    find_inputs,
    is_address,
    plan_shards,
    read_shard,
    report_address,
    report_folder,
    work_folder,
)
from cleanse.options import Options
from cleanse.passes.engine import Died, Engine
from cleanse.rules import Rules, load_rules

SHOWN_IDS = 3
MEGABYTE = 1_000_000


def choose_columns(options: Options) -> Columns:
    """Say which columns of rows are text, id and address."""
    text, own = options.text_column, options.id_column
    numbered = options.number_rows or (own is None and text == "id")
    return Columns(text, None if numbered else own or "id", options.url_column, id_required=own is not None)


def cut_shards(found: Inputs, options: Options) -> list[Shard]:
    """Divide what was found into shards of the size that was chosen."""
    size = shard_size(options)
    return plan_shards(found, size) if size else plan_shards(found)


def shard_size(options: Options) -> int | None:
    """Give the bytes of input in a shard, or None where nobody chose."""
    return int(options.shard_mb * MEGABYTE) if options.shard_mb else options.shard_bytes


def with_whole_paths(found: Inputs) -> Inputs:
    """Name the files from the root on, for processes that stand in other folders; addresses are as they were."""
    return replace(found, files=tuple(replace(file, path=_whole_path(file.path)) for file in found.files))


def _whole_path(path: str) -> str:
    return path if is_address(path) else os.path.abspath(path)  # noqa: PTH100 - a link keeps its name


def count_read(batch: Batch) -> int:
    """Count what a batch holds: documents, and what could not be read."""
    return batch.documents.height + batch.quarantine.height


def limit_inputs(found: Inputs, columns: Columns, rules: Rules, most: int) -> Inputs:
    """Keep the files that hold the first `most` documents; those behind them are not opened."""
    left = most
    for number, file in enumerate(found.files, 1):
        left -= sum(map(count_read, read_shard(Shard(0, (Span(file),), left), columns, rules)))
        if left <= 0:
            return replace(found, files=found.files[:number])
    return found


def limit_shards(shards: Sequence[Shard], columns: Columns, rules: Rules, most: int) -> list[Shard]:
    """Keep the shards that hold the first `most` documents, and tell the last of them where to stop."""
    left = most
    for number, shard in enumerate(shards, 1):
        count = sum(map(count_read, read_shard(replace(shard, limit=left), columns, rules)))
        if count >= left:
            return [*shards[: number - 1], replace(shard, limit=left)]
        left -= count
    return list(shards)


@dataclass(frozen=True)
class Sample:
    """Which documents a sample holds: those whose ids have the smallest hashes, up to `last`.

    So it does not depend on the number of workers, on the order of the files, or on the clock.
    """

    seed: int
    last: int

    def holds(self, identity: str) -> bool:
        """Say whether a document is in the sample."""
        return _hash(self.seed, identity) <= self.last

    def cut(self, batch: Batch) -> Batch:
        """Keep what is in the sample; what could not be read counts like a document, under its source and row."""
        documents = batch.documents.filter(self._choose(batch.documents["id"].to_list()))
        quarantine = batch.quarantine.filter(self._choose(_names(batch.quarantine)))
        originals = batch.originals.filter(self._choose(batch.originals["id"].to_list()))
        return Batch(documents, quarantine, originals, batch.kinds)

    def _choose(self, identities: list[str]) -> pl.Series:
        return pl.Series([self.holds(identity) for identity in identities], dtype=pl.Boolean)


def choose_sample(
    shards: Sequence[Shard], columns: Columns, rules: Rules, most: int, seed: int, engine: Engine
) -> Sample | None:
    """Choose `most` documents by a hash of their ids; None where there are not more than that. All input is read for it."""
    smallest = functools.partial(_smallest, columns=columns, rules=rules, most=most, seed=seed)
    found: list[int] = []
    for numbers in engine.map(smallest, shards):
        if not isinstance(numbers, Died):  # the run itself will say what killed it
            found = heapq.nsmallest(most + 1, [*found, *numbers])
    return Sample(seed, found[most - 1]) if len(found) > most else None


def _smallest(shard: Shard, columns: Columns, rules: Rules, most: int, seed: int) -> list[int]:
    found: list[int] = []
    for batch in read_shard(shard, columns, rules):
        identities = [*batch.documents["id"].to_list(), *_names(batch.quarantine)]
        found = heapq.nsmallest(most + 1, [*found, *(_hash(seed, identity) for identity in identities)])
    return found


def _hash(seed: int, identity: str) -> int:
    return xxhash.xxh3_64_intdigest(identity.encode(), seed)


def _names(quarantine: pl.DataFrame) -> list[str]:
    rows = quarantine.select("source", "row").iter_rows()
    return [source if row is None else f"{source}#{row}" for source, row in rows]


@dataclass(frozen=True)
class Looked:
    """What the first file of a kind holds: ids of its first documents, the other columns, and what could not be read."""

    kind: str
    files: int
    source: str
    ids: tuple[str, ...]
    columns: tuple[str, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True)
class Preview:
    """What a run would read, in how many shards, and where it would write."""

    inputs: Inputs
    shards: int
    kinds: tuple[Looked, ...]
    out: Path | str
    report: Path | str


def preview(inputs: Sequence[str | os.PathLike[str]], out: str | os.PathLike[str], options: Options) -> Preview:
    """Say what a run would read and write. Nothing is written.

    Raises:
        InputError, OptionError, OutputError, RuleError: what the run itself would raise before it begins.
    """
    place = check_place(out, inputs, overwrite=options.overwrite, report=options.report)
    address = os.fspath(out) if is_address(os.fspath(out)) else None
    rules = load_rules(*options.rules)
    options.choose(rules)
    columns = choose_columns(options)
    found = find_inputs(inputs, work_folder(place) if address else place, Wanted(options.include, options.exclude))
    check_sources(found)
    if options.limit is not None:
        found = limit_inputs(found, columns, rules, options.limit)
    shards = cut_shards(found, options)
    counts = Counter(file.kind for file in found.files)
    kinds = [_look(found, kind, count, columns, rules) for kind, count in counts.items()]
    if address:
        return Preview(found, len(shards), tuple(kinds), address, report_address(address))
    return Preview(found, len(shards), tuple(kinds), Path(out), report_folder(place))


def _look(found: Inputs, kind: str, count: int, columns: Columns, rules: Rules) -> Looked:
    file = next(file for file in found.files if file.kind == kind)
    batches = list(read_shard(Shard(0, (Span(file),), SHOWN_IDS), columns, rules))
    ids = [identity for batch in batches for identity in batch.documents["id"].to_list()]
    others = dict.fromkeys(
        name.removeprefix(prefix)
        for batch in batches
        for name in batch.documents.columns
        for prefix in (OTHER, JSON_OTHER)
        if name.startswith(prefix)
    )
    problems = [error for batch in batches for error in batch.quarantine["error"].to_list()]
    return Looked(kind, count, file.source, tuple(ids), tuple(others), tuple(problems))
