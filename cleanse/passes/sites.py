"""Before the first pass: count the lines of the pages of each site, where the input says which pages are of one site.

The pages that may be counted lie in the work folder, a part a shard. Sites are counted a portion at a time, so that memory holds at most
PORTION_BYTES of digests beside what a worker holds of its shard; a worker loads the counts of the sites in its batch only.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from cleanse.documents import DOCUMENT_SUFFIXES
from cleanse.files import JSON_OTHER, OTHER, Batch, Shard, store
from cleanse.passes.engine import Died
from cleanse.passes.spill import read_and_keep
from cleanse.scorecards import site

if TYPE_CHECKING:
    from cleanse.passes.cleaning import Job
    from cleanse.passes.engine import Engine

PARTS = "site_pages"
COUNTED = "sites"
DONE = "done"
PORTION_BYTES = 256 << 20
GROUP_ROWS = 256
HASHES = 1 << 64


def count_sites(job: Job, shards: Sequence[Shard], engine: Engine) -> None:
    """Count the lines of all sites and write the counts into the work folder; once in a run, also where it is resumed.

    Does nothing where no rule asks for them, where nothing says which pages are of one site or there are too few for any, or where a shard
    kills each process that reads it.
    """
    limits = site.Limits.of(job.rules)
    done = job.work / COUNTED / DONE
    if limits is None or done.exists() or not (job.columns.url or _count_files(shards) > limits.least):
        return
    died = [
        isinstance(one, Died) for one in engine.map(functools.partial(_digest_shard, job=job, limits=limits), shards)
    ]
    done.parent.mkdir(exist_ok=True)
    if any(died):
        # Which pages are in such a shard depends on how the input was cut; so no page gets evidence, or OUT would depend on it too.
        done.touch()
        return
    parts = sorted((job.work / PARTS).glob("*.parquet"))
    portions = 1 + sum(part.stat().st_size for part in parts) // PORTION_BYTES
    for portion in range(portions):
        # The hashes of sites are spread evenly; parts are in their order, so that of each part a stretch is read.
        first, last = (HASHES * edge // portions for edge in (portion, portion + 1))
        mine = pl.col("site").is_between(first, last - 1)
        pages = [pl.scan_parquet(part, glob=False).filter(mine).collect() for part in parts]
        counted = site.count_lines(site.join_pages(pages, limits), limits)
        _write(counted, job.work / COUNTED / f"{portion:05}.parquet")
    done.touch()


def _write(frame: pl.DataFrame, place: Path) -> None:
    """Write a table in the order of its sites, so that a reader finds the few that it wants."""
    temporary = place.with_suffix(".tmp")
    frame.write_parquet(temporary, compression="lz4", row_group_size=GROUP_ROWS, statistics=True)
    temporary.replace(place)


def _count_files(shards: Sequence[Shard]) -> int:
    """Count the files that are a document each: their folder is their site."""
    return sum(span.file.kind in DOCUMENT_SUFFIXES for shard in shards for span in shard.spans)


def _digest_shard(shard: Shard, job: Job, limits: site.Limits) -> None:
    """Write the pages of a shard that may be counted."""
    place = store.part_path(job.work, PARTS, shard.number, 0)
    if place.exists():
        return
    parts: list[pl.DataFrame] = []
    for batch in read_and_keep(shard, job):
        documents = batch.documents
        sites = _name_sites(documents, job)
        parts = [site.join_pages([*parts, site.digest_pages(documents, sites, limits)], limits)]
    place.parent.mkdir(exist_ok=True)
    _write(site.join_pages(parts, limits), place)


def _name_sites(documents: pl.DataFrame, job: Job) -> pl.Series:
    names = [f"{mark}{job.columns.url}" for mark in (OTHER, JSON_OTHER)] if job.columns.url else []
    return site.name_sites(documents, next((name for name in names if name in documents.columns), None))


def share_lines(batch: Batch, job: Job) -> pl.Series | None:
    """Give the column `site_lines` of a batch; None where no sites were counted."""
    limits = site.Limits.of(job.rules)
    tables = sorted((job.work / COUNTED).glob("*.parquet"))
    if limits is None or not tables:
        return None
    sites = _name_sites(batch.documents, job)
    wanted = pl.Series(site.hash_names(sites)).unique().to_list()
    counts = pl.scan_parquet(tables, glob=False).filter(pl.col("site").is_in(wanted)).collect()
    return site.share_lines(batch.documents, sites, counts, limits)
