"""Before the first pass: count the lines of the pages of each site, where the input says which pages are of one site.

The pages that may be counted lie in the work folder, a part a shard. Sites are counted a portion at a time, so that memory holds at most
PORTION_BYTES of digests beside what a worker holds of its shard; a worker loads the counts of the sites in its batch only.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl

from cleanse.documents import DOCUMENT_SUFFIXES
from cleanse.files import JSON_OTHER, OTHER, Batch, Shard, read_shard, store
from cleanse.scorecards import site

if TYPE_CHECKING:
    from cleanse.passes.cleaning import Job
    from cleanse.passes.engine import Engine

PARTS = "site_pages"
COUNTED = "sites.parquet"
PORTION_BYTES = 256 << 20


def count_sites(job: Job, shards: Sequence[Shard], engine: Engine) -> None:
    """Count the lines of all sites and write the counts into the work folder; once in a run, also where it is resumed.

    Does nothing where no rule asks for them, or where nothing says which pages are of one site.
    """
    limits = site.Limits.of(job.rules)
    table = job.work / COUNTED
    if limits is None or table.exists() or not (job.columns.url or _has_files(shards)):
        return
    for _ in engine.map(functools.partial(_digest_shard, job=job, limits=limits), shards):
        pass
    parts = sorted((job.work / PARTS).glob("*.parquet"))
    portions = 1 + sum(part.stat().st_size for part in parts) // PORTION_BYTES
    counts = [pl.DataFrame(schema=site.COUNTS)]
    for portion in range(portions):
        mine = pl.col("site") % portions == portion
        pages = [pl.scan_parquet(part, glob=False).filter(mine).collect() for part in parts]
        counts.append(site.count_lines(site.join_pages(pages, limits), limits))
    temporary = table.with_suffix(".tmp")
    pl.concat(counts).sort("site").write_parquet(temporary, row_group_size=1_000)
    temporary.replace(table)


def _has_files(shards: Sequence[Shard]) -> bool:
    """Say whether there are files that are a document each: their folder is their site."""
    return any(span.file.kind in DOCUMENT_SUFFIXES for shard in shards for span in shard.spans)


def _digest_shard(shard: Shard, job: Job, limits: site.Limits) -> None:
    """Write the pages of a shard that may be counted."""
    if store.part_path(job.work, PARTS, shard.number, 0).exists():
        return
    parts: list[pl.DataFrame] = []
    for batch in read_shard(shard, job.columns, job.every):
        documents = batch.documents
        sites = _name_sites(documents, job)
        parts = [site.join_pages([*parts, site.digest_pages(documents, sites, limits)], limits)]
    store.write_part(job.work, PARTS, shard.number, 0, site.join_pages(parts, limits))


def _name_sites(documents: pl.DataFrame, job: Job) -> pl.Series:
    names = [f"{mark}{job.columns.url}" for mark in (OTHER, JSON_OTHER)] if job.columns.url else []
    return site.name_sites(documents, next((name for name in names if name in documents.columns), None))


def share_lines(batch: Batch, job: Job) -> pl.Series | None:
    """Give the column `site_lines` of a batch; None where no sites were counted."""
    limits = site.Limits.of(job.rules)
    table = job.work / COUNTED
    if limits is None or not table.exists():
        return None
    sites = _name_sites(batch.documents, job)
    wanted = pl.Series(site.hash_names(sites)).unique().to_list()
    counts = pl.scan_parquet(table, glob=False).filter(pl.col("site").is_in(wanted)).collect()
    return site.share_lines(batch.documents, sites, counts, limits)
