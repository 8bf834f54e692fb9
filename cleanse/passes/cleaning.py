"""The first pass: read a shard, run the stages over it, and write its tables in parts."""

from __future__ import annotations

import functools
import time
from collections import defaultdict
from dataclasses import asdict, dataclass, field
from pathlib import Path

import orjson
import polars as pl

from cleanse import boilerplate, dedupe, documents, pipeline
from cleanse.errors import InputError, LedgerError, WorkerError
from cleanse.files import (
    JSON_OTHER,
    OTHER,
    Batch,
    Columns,
    Shard,
    store,
)
from cleanse.hits import explode_hits
from cleanse.passes.care import Care, cut_batch, read_announcement
from cleanse.passes.engine import Died, Engine
from cleanse.passes.sites import share_lines
from cleanse.passes.spill import let_go, read_once
from cleanse.passes.trying import MEGABYTE, Sample
from cleanse.progress import Reporter, Step
from cleanse.rules import Rules


@dataclass(frozen=True)
class Job:
    """All that a worker needs: the rules, the columns, the duplicates to look for and the folder to write to.

    `tried` are the duplicates that rules in draft would look for together with the others; None where no such rule is in draft.
    `judged` holds what reviewers found, by rule and language, for the table of rules. `file_bytes` is how much text a file of OUT holds,
    where OUT is a folder. Of the documents only those of `sample` are cleaned, where there is one.
    """

    work: Path
    rules: Rules
    every: Rules
    columns: Columns
    duplicates: dedupe.Parameters
    keep: tuple[str, ...] = ()
    tried: dedupe.Parameters | None = None
    judged: pl.DataFrame | None = None
    file_bytes: int | None = None
    sample: Sample | None = None

    @property
    def signs(self) -> bool:
        """Say whether documents get signatures, by which duplicates are found."""
        return self.duplicates.active or self.tried is not None


@dataclass
class ShardSummary:
    """What one shard came to: the same whether it was just made or found finished."""

    batches: int = 0
    read: int = 0
    quarantined: int = 0
    characters: int = 0
    bytes: int = 0
    kinds: dict[str, list[str]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    written: dict[str, int] = field(default_factory=dict)


def clean_shards(job: Job, shards: list[Shard], engine: Engine, progress: Reporter | None) -> list[ShardSummary]:
    """Clean all shards with an engine, and tell `progress` of each that is done."""
    summaries = []
    clean = functools.partial(clean_shard, job=job)
    done = size = 0
    if progress:
        progress(Step("clean", 0, len(shards)))
    for number, (shard, summary) in enumerate(zip(shards, engine.map(clean, shards), strict=True), 1):
        summaries.append(_clean_with_care(shard, job, engine) if isinstance(summary, Died) else summary)
        done += summaries[-1].read
        size += summaries[-1].bytes
        if progress:
            progress(Step("clean", number, len(shards), done, size / MEGABYTE))
    return summaries


def _clean_with_care(shard: Shard, job: Job, engine: Engine) -> ShardSummary:
    """Clean a shard whose process died, in processes of its own, until the documents that kill them are known.

    Raises:
        WorkerError: the process dies before it has read a document.
    """
    care: Care | None = Care()
    announcement = job.work / "shards" / f"{shard.number:05}.begun"
    while care is not None:
        announcement.unlink(missing_ok=True)
        summary = engine.run_alone(functools.partial(clean_shard, job=job, care=care), shard)
        if not isinstance(summary, Died):
            return summary
        care = care.narrow(read_announcement(announcement))
    names = ", ".join(dict.fromkeys(span.file.source for span in shard.spans))
    hint = "it was probably out of memory: use fewer --workers, or take these files out of the input"
    raise WorkerError("a worker process died", where=f"while it read {names}", hint=hint)


def clean_shard(shard: Shard, job: Job, care: Care | None = None) -> ShardSummary:
    """Read a shard and run the stages over it, batch by batch.

    Writes the parts `documents`, `hits`, `drafts`, `signals`, `blocks`, `measures`, `signatures`, `quarantine` and `originals` of each batch,
    and at the end a marker with the summary. A shard whose marker and parts are there is not done again. With `care` the batches are cut into pieces.

    Raises:
        InputError: a file of rows has no text column. LedgerError: the characters of a document do not add up.
    """
    marker = job.work / "shards" / f"{shard.number:05}.json"
    if marker.exists():
        known = ShardSummary(**orjson.loads(marker.read_bytes()))
        if store.are_whole(job.work, known.written):
            return known
    prepared = pipeline.Prepared.of(job.rules, job.every, job.keep)
    summary = ShardSummary()
    seconds: defaultdict[str, float] = defaultdict(float)
    clock = time.perf_counter()
    number = 0
    for whole in read_once(shard, job):
        batch = job.sample.cut(whole) if job.sample else whole
        seconds["read"] += time.perf_counter() - clock
        announcement = job.work / "shards" / f"{shard.number:05}.begun"
        for piece in cut_batch(batch, number, care, announcement) if care else [batch]:
            _clean_batch(piece, prepared, job, shard.number, summary, seconds)
        number += batch.documents.height
        clock = time.perf_counter()
    summary.seconds = dict(seconds)
    store.write_json(marker, asdict(summary))
    let_go(shard, job)
    return summary


def _clean_batch(
    batch: Batch,
    prepared: pipeline.Prepared,
    job: Job,
    shard: int,
    summary: ShardSummary,
    seconds: defaultdict[str, float],
) -> None:
    others = [name for name in batch.documents.columns if name.startswith((OTHER, JSON_OTHER))]
    frame = batch.documents.drop(others)
    shares = share_lines(batch, job)
    if shares is not None:
        frame = frame.with_columns(shares)
    for name, stage in pipeline.STAGES.items():
        clock = time.perf_counter()
        frame = stage(frame.lazy(), prepared).collect()
        seconds[name] += time.perf_counter() - clock
    clock = time.perf_counter()
    frame = pipeline.finish(frame).with_row_index("doc")
    _check_characters(frame)
    tables = _tables(frame)
    tables["documents"] = tables["documents"].hstack(batch.documents.select(others))
    tables |= {"quarantine": batch.quarantine, "originals": batch.originals}
    for name, table in tables.items():
        summary.written |= store.write_part(job.work, name, shard, summary.batches, table)
    summary.batches += 1
    summary.read += frame.height + batch.quarantine.height
    summary.quarantined += batch.quarantine.height
    summary.characters += int(frame["chars_in"].sum())
    summary.bytes += int(frame["text"].str.len_bytes().sum())
    for name, kinds in batch.kinds.items():
        summary.kinds[name] = sorted({*summary.kinds.get(name, []), *kinds})
    seconds["write"] += time.perf_counter() - clock
    clock = time.perf_counter()
    if job.signs:
        kept = frame.filter(pl.col("reason").is_null()).select("doc", "id", pl.col("clean").alias("text"))
        summary.written |= write_signatures(job, "signatures", shard, summary.batches - 1, kept)
    seconds["signature"] += time.perf_counter() - clock


def write_signatures(job: Job, table: str, shard: int, batch: int, frame: pl.DataFrame) -> dict[str, int]:
    """Write the part of the table of signatures for one batch, from `doc`, `id` and the clean `text`: a column a band."""
    length = pl.col("text").str.len_chars().cast(pl.UInt32).alias("length")
    signed = frame.select("doc", "id", length).hstack(dedupe.sign_documents(frame["text"], job.duplicates))
    return store.write_part(job.work, table, shard, batch, signed)


def _check_characters(frame: pl.DataFrame) -> None:
    expected = pl.col("chars_in").cast(pl.Int64) - pl.col("removed") - pl.col("changed") + pl.col("replaced")
    wrong = frame.filter(pl.col("chars_out") != expected)
    if wrong.height:
        hint = "this is a bug in cleanse: please report it with the document"
        raise LedgerError("the characters of a document do not add up", where=wrong["id"][0], hint=hint)


def _tables(frame: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Divide what the stages found into the tables of the work folder."""
    hits = explode_hits(frame, *pipeline.EVIDENCE)
    gone = frame.select("doc", pl.col("gone").alias("line")).filter(pl.col("line").list.len() > 0).explode("line")
    hits = hits.join(gone.with_columns(went=pl.lit(value=True)), on=["doc", "line"], how="left", maintain_order="left")
    strip = pl.col("action") == "strip"
    hits = hits.with_columns(
        pl.when(strip & pl.col("went").is_null()).then(pl.lit("")).otherwise("replacement").alias("replacement")
    )
    hits = hits.join(frame.select("doc", "id"), on="doc", how="left", maintain_order="left")
    hits = hits.sort("doc", "line", "start", "end", "rule", maintain_order=True)
    signals = (
        frame.select("doc", "id", "signals")
        .filter(pl.col("signals").list.len() > 0)
        .explode("signals")
        .unnest("signals")
        # Terms of one sum have the same place: without their names the order would hang on the size of a batch.
        .sort("doc", "line", "start", "end", "rule", "evidence", nulls_last=False, maintain_order=True)
    )
    ends = frame.select("doc", "id", pl.col(boilerplate.ENDS).alias("ends"))
    columns = ["doc", *documents.HITS]
    return {
        "documents": frame.select(
            "id",
            "source",
            pl.col("clean").alias("text"),
            "language",
            "language_score",
            "spam_score",
            "flags",
            "chars_in",
            "chars_out",
            "removed",
            "changed",
            "replaced",
            "reason",
        ),
        "hits": hits.filter("acts").select(columns),
        "drafts": hits.filter(~pl.col("acts")).select(columns),
        "signals": signals.select("doc", *documents.SIGNALS),
        "blocks": ends.filter(pl.col("ends").list.len() > 0)
        .explode("ends")
        .unnest("ends")
        .select("doc", *documents.BLOCKS),
        "measures": frame.select(*documents.MEASURES),
    }


def refuse_quarantine(job: Job, summaries: list[ShardSummary]) -> InputError:
    """Make the error of a run under `--strict`: how many were quarantined, and why the first ones were."""
    rows = pl.concat(
        store.read_part(job.work, "quarantine", *part).head(3)
        for part in store.iterate_parts([summary.batches for summary in summaries])
    )
    count = sum(summary.quarantined for summary in summaries)
    first = "; ".join(f"{source} row {row}: {error}" for source, row, error, _ in rows.head(3).iter_rows())
    return InputError(f"{count} quarantined under --strict: {first}", hint="mend the input, or run without --strict")


def total_seconds(summaries: list[ShardSummary]) -> dict[str, float]:
    """Add up the seconds of each stage over all shards."""
    total: defaultdict[str, float] = defaultdict(float)
    for summary in summaries:
        for name, seconds in summary.seconds.items():
            total[name] += seconds
    return {f"stage {name}": seconds for name, seconds in total.items()}
