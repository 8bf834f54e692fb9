"""What the count of sites has read is kept in the work folder for the cleaning: files that take long to read are read once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import polars as pl

from cleanse.documents import DOCUMENT_SUFFIXES, WEB_SUFFIXES
from cleanse.files import Batch, Shard, read_shard, store

if TYPE_CHECKING:
    from cleanse.passes.cleaning import Job

KEPT = "read"
TABLES = tuple(field.name for field in fields(Batch) if field.name != "kinds")


def read_and_keep(shard: Shard, job: Job) -> Iterator[Batch]:
    """Read a shard; where it has files that are a document each, or pages of the web, what was read is kept.

    Each of those is opened, and its charset is looked for, or its HTML is read: that takes longer than to write the texts and read them again.
    Rows are quick to read, so they are not kept.
    """
    slow = any(span.file.kind in (*DOCUMENT_SUFFIXES, *WEB_SUFFIXES) for span in shard.spans)
    kinds: list[dict[str, list[str]]] = []
    written: dict[str, int] = {}
    for batch in read_shard(shard, job.columns, job.every):
        if slow:
            for table in TABLES:
                written |= _write(job.work, shard.number, len(kinds), table, getattr(batch, table))
            kinds.append({name: sorted(own) for name, own in batch.kinds.items()})
        yield batch
    if slow:
        store.write_json(_name_marker(job.work, shard.number), {"kinds": kinds, "written": written})


def read_once(shard: Shard, job: Job) -> Iterator[Batch]:
    """Give what was kept of a shard, or read it where nothing was, or not all."""
    marker = _name_marker(job.work, shard.number)
    known = orjson.loads(marker.read_bytes()) if marker.exists() else None
    if known is None or not store.are_whole(job.work, known["written"]):
        yield from read_shard(shard, job.columns, job.every)
        return
    for number, kinds in enumerate(known["kinds"]):
        tables = {table: _read(_name(job.work, shard.number, number, table)) for table in TABLES}
        yield Batch(**tables, kinds={name: set(own) for name, own in kinds.items()})


def let_go(shard: Shard, job: Job) -> None:
    """Delete what was kept of a shard that is done."""
    _name_marker(job.work, shard.number).unlink(missing_ok=True)
    for path in (job.work / KEPT).glob(f"{shard.number:05}-*.arrow"):
        path.unlink(missing_ok=True)


def _write(work: Path, shard: int, batch: int, table: str, frame: pl.DataFrame) -> dict[str, int]:
    path = _name(work, shard, batch, table)
    path.parent.mkdir(exist_ok=True)
    frame.write_ipc(path, compression="lz4")
    return {f"{KEPT}/{path.name}": path.stat().st_size}


def _read(path: Path) -> pl.DataFrame:
    with path.open("rb") as stream:  # not by its name, which may hold what Polars takes for a pattern
        return pl.read_ipc(stream)


def _name(work: Path, shard: int, batch: int, table: str) -> Path:
    return work / KEPT / f"{shard:05}-{batch:05}-{table}.arrow"


def _name_marker(work: Path, shard: int) -> Path:
    return work / KEPT / f"{shard:05}.json"
