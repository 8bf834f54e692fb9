"""The third pass: write OUT and the tables of the report in input order, and balance the ledger."""

from __future__ import annotations

import shutil
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from cleanse import dedupe, documents
from cleanse.files import (
    store,
)
from cleanse.hits import make_hits
from cleanse.passes.cleaning import Job, ShardSummary
from cleanse.passes.columns import OtherColumn, find_columns
from cleanse.passes.resolving import Resolved
from cleanse.progress import Reporter, Step
from cleanse.rules import Rules
from cleanse.verdicts import (
    add_precision,
    count_verdicts,
)

WAITING_FRAMES = 2  # for each file that is written
READ_AHEAD = 2  # parts that are read side by side
COUNTED = ("rule", "language", "action", "documents", "lines", "characters", "documents_alone")  # of the table of rules


def assemble(
    job: Job,
    out: Path,
    summaries: list[ShardSummary],
    resolved: Resolved,
    metadata: dict[str, str],
    timing: dict[str, float],
    progress: Reporter | None,
) -> dict[str, Any]:
    """Write OUT and the tables of the report into the work folder, in input order, and balance the ledger.

    Gives the summary of the run.

    Raises:
        LedgerError: what was read is not what was kept, dropped and quarantined.
    """
    clock = time.perf_counter()
    outcome, tried = resolved.outcome, resolved.drafts
    batches = [summary.batches for summary in summaries]
    parts = list(store.iterate_parts(batches))
    others = find_columns(job, parts, summaries)
    _clear(job.work / "report", name_made_out(job, out))
    schema = {**documents.OUT, **{other.label: other.dtype or pl.String() for other in others}}
    against: dict[str, pl.DataType] = {"kept_in": pl.String()} if "kept_in" in resolved.kept.columns else {}
    tables = _TableWriters(job.work / "report", against)
    prefixed = {f"{store.METADATA_PREFIX}{key}": value for key, value in metadata.items()}
    writer = _Beside(store.open_out(name_made_out(job, out), schema, prefixed, job.file_bytes))
    ledger = store.Ledger(
        documents_read=sum(summary.read for summary in summaries),
        characters_read=sum(summary.characters for summary in summaries),
    )
    duplicates = outcome.decisions.join(resolved.kept, on="kept", how="left").drop("kept")
    sizes = outcome.decisions.group_by(pl.col("kept").alias("number")).agg((pl.len() + 1).alias("cluster_size"))
    counts = _add_counts([])
    touched: Counter[str] = Counter()
    decisions = duplicates.join(sizes, on="number", how="full", coalesce=True)

    def read(part: tuple[int, int], start: int) -> _Part:
        return _Part.read(job, part, start, decisions, tried)

    with ThreadPoolExecutor(READ_AHEAD) as threads:
        for number, made in enumerate(_read_ahead(threads, read, zip(parts, resolved.starts, strict=True)), 1):
            counts = _add_counts([counts, made.counts])
            touched.update(made.touched)
            tables.write_part(job.work, parts[number - 1], {"hits": made.hits, "drafts": made.drafts}, made.documents)
            kept = made.documents.filter(pl.col("reason").is_null())
            writer.write(_out_frame(kept, others))
            _enter(ledger, made.documents, kept)
            if progress:
                progress(Step("assemble", number, len(parts)))
    writer.close()
    ledger.documents_quarantined = tables.close()
    ledger.check()
    rules = _rule_table(counts, job)
    rules.write_parquet(job.work / "report" / "rules.parquet", compression="zstd")
    timing["assemble"] = time.perf_counter() - clock
    return {
        **_summarise(job, metadata, ledger, outcome, rules),
        "touched_lines": {action: touched[action] for action in ("fix", "flag", "strip")},
    }


@dataclass(frozen=True)
class _Part:
    """One part as it is written: its documents with what became of them, its hits and drafts with those of duplicates, and what is counted."""

    documents: pl.DataFrame
    hits: pl.DataFrame
    drafts: pl.DataFrame
    counts: pl.DataFrame
    touched: dict[str, int]

    @staticmethod
    def read(job: Job, part: tuple[int, int], start: int, decisions: pl.DataFrame, tried: pl.DataFrame) -> _Part:
        """Read a part whose first document has the number `start`; `decisions` say of numbers whether they are dropped, or how large their cluster is."""
        frame = store.read_part(job.work, "documents", *part).with_row_index("doc")
        frame = frame.with_columns((pl.col("doc") + start).alias("number"))
        frame = frame.join(decisions, on="number", how="left", maintain_order="left", suffix="_duplicate")
        frame = frame.with_columns(pl.coalesce("reason", "reason_duplicate").alias("reason"))
        drops = frame.filter(pl.col("reason_duplicate").is_not_null()).select("doc", "id", "reason")
        hits = _with_drops(store.read_part(job.work, "hits", *part), drops, job.rules)
        noted = frame.join(tried.select("number", reason_tried="reason"), on="number", maintain_order="left")
        noted = noted.select("doc", "id", reason="reason_tried")
        drafts = _with_drops(store.read_part(job.work, "drafts", *part), noted, job.rules)
        return _Part(frame, hits, drafts, count_hits(hits, frame), _count_lines(hits))


def _read_ahead(
    threads: ThreadPoolExecutor, read: Callable[..., _Part], parts: Iterable[tuple[tuple[int, int], int]]
) -> Iterator[_Part]:
    """Read parts side by side and give them in their order; READ_AHEAD of them at most wait."""
    waiting: deque[Future[_Part]] = deque()
    for part in parts:
        waiting.append(threads.submit(read, *part))
        if len(waiting) > READ_AHEAD:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _clear(*places: Path) -> None:
    """Take away what a run that was killed had assembled."""
    for place in places:
        if place.is_dir():
            shutil.rmtree(place)
        else:
            place.unlink(missing_ok=True)


def _with_drops(hits: pl.DataFrame, duplicates: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """Add a hit for each duplicate. Reads of `duplicates`: `doc`, `id`, and `reason`, the rule that finds it to be one."""
    drops = make_hits(duplicates.select("doc", rule="reason"), rules).with_columns(duplicates["id"])
    return pl.concat([hits, drops.select(hits.columns)]).sort("doc", maintain_order=True)


def count_hits(hits: pl.DataFrame, frame: pl.DataFrame) -> pl.DataFrame:
    """Count what each rule did, by the language of the documents; characters under overlapping hits count once."""
    spans = hits.join(frame.select("doc", "language", "chars_out"), on="doc", how="left", maintain_order="left")
    alone = hits.group_by("doc").agg(pl.col("rule").n_unique().alias("rules")).filter(pl.col("rules") == 1)
    # How far the hits of the same rule in the same line reach so far: a running maximum, in which each line begins above all before it.
    run = pl.struct("doc", "rule", "line").rle_id().cast(pl.Int64) * 2**32
    reach = ((run + pl.col("end").fill_null(0)).cum_max().shift(1) - run).fill_null(0).clip(0)
    length = pl.col("end").cast(pl.Int64) - pl.max_horizontal("start", reach)
    spans = spans.sort("doc", "rule", "line", "start").with_columns(length.clip(0).alias("length"))
    # A document that is dropped goes whole: its characters are those that were left of it.
    dropped = pl.when((pl.col("action") == "drop") & pl.col("line").is_null()).then("chars_out").otherwise(0)
    return (
        spans.with_columns((pl.col("length").fill_null(0) + dropped).alias("length"))
        .join(alone.select("doc", alone=pl.lit(value=True)), on="doc", how="left")
        .group_by("rule", "language", "action")
        .agg(
            pl.col("doc").n_unique().alias("documents"),
            pl.struct("doc", "line").filter(pl.col("line").is_not_null()).n_unique().alias("lines"),
            pl.col("length").sum().alias("characters"),
            pl.col("doc").filter(pl.col("alone").fill_null(value=False)).n_unique().alias("documents_alone"),
        )
    )


def _count_lines(hits: pl.DataFrame) -> dict[str, int]:
    """Count the lines that each action touched, each once however many rules hit it."""
    lines = hits.filter(pl.col("line").is_not_null()).unique(["doc", "line", "action"])
    return {action: lines.filter(pl.col("action") == action).height for action in ("fix", "strip", "flag")}


def _add_counts(counts: list[pl.DataFrame]) -> pl.DataFrame:
    """Add up what each rule did."""
    empty = pl.DataFrame(schema={name: documents.RULES[name] for name in COUNTED})
    totals = pl.concat([empty, *(_cast_counts(frame) for frame in counts)])
    return totals.group_by("rule", "language", "action").agg(
        pl.col("documents", "lines", "characters", "documents_alone").sum()
    )


def _rule_table(totals: pl.DataFrame, job: Job) -> pl.DataFrame:
    """Give a row a rule and language: rules that never fired (language null, all zero), and those that run unasked."""
    unasked = set(totals["rule"]) - {rule.id for rule in job.rules}
    versions = pl.DataFrame(
        [(rule.id, rule.version, str(rule.action)) for rule in (*job.rules, *(job.every[name] for name in unasked))],
        schema={"rule": pl.String, "version": pl.String, "own_action": pl.String},
        orient="row",
    )
    joined = versions.join(totals, on="rule", how="left").with_columns(
        pl.coalesce("action", "own_action").alias("action"),
        pl.col("documents", "lines", "characters", "documents_alone").fill_null(0),
    )
    joined = add_precision(joined, count_verdicts([]) if job.judged is None else job.judged)
    return joined.select(pl.col(name).cast(dtype) for name, dtype in documents.RULES.items()).sort(
        "rule", "language", "action"
    )


def _cast_counts(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(pl.col(name).cast(documents.RULES[name]) for name in COUNTED)


def _out_frame(kept: pl.DataFrame, others: list[OtherColumn]) -> pl.DataFrame:
    """Give the rows of OUT: our columns, then the input's other columns in their common types."""
    ours = pl.col("cluster_size").fill_null(1).cast(pl.UInt32)
    return kept.with_columns(ours).select(*documents.OUT, *(other.expression(kept) for other in others))


class _Beside:
    """Writes to a file in a thread of its own, so that OUT and the tables are packed side by side. Few frames wait for it."""

    def __init__(self, writer: store.Writer) -> None:
        self._writer = writer
        self._thread = ThreadPoolExecutor(1)
        self._waiting: deque[Future[None]] = deque()

    @property
    def rows(self) -> int:
        return self._writer.rows

    def write(self, frame: pl.DataFrame) -> None:
        while len(self._waiting) >= WAITING_FRAMES:
            self._waiting.popleft().result()
        self._waiting.append(self._thread.submit(self._writer.write, frame))

    def close(self) -> None:
        with self._thread:
            for one in (*self._waiting, self._thread.submit(self._writer.close)):
                one.result()


class _TableWriters:
    """The tables of the report that are written part by part."""

    def __init__(self, folder: Path, against: dict[str, pl.DataType]) -> None:
        self._writers = {
            name: _Beside(store.ParquetWriter(folder / f"{name}.parquet", schema))
            for name, schema in {
                "hits": documents.HITS,
                "drafts": documents.HITS,
                "signals": documents.SIGNALS,
                "blocks": documents.BLOCKS,
                "measures": documents.MEASURES,
                "dropped": {**documents.DROPPED, **against},
                "quarantine": documents.QUARANTINE,
                "originals": documents.ORIGINALS,
            }.items()
        }

    def write_part(self, work: Path, part: tuple[int, int], hits: dict[str, pl.DataFrame], frame: pl.DataFrame) -> None:
        for name, writer in self._writers.items():
            if name in hits:
                writer.write(hits[name])
            elif name == "dropped":
                writer.write(frame.filter(pl.col("reason").is_not_null()))
            else:
                writer.write(store.read_part(work, name, *part))

    def close(self) -> int:
        """Finish all tables; give the number of rows in quarantine."""
        for writer in self._writers.values():
            writer.close()
        return self._writers["quarantine"].rows


def _enter(ledger: store.Ledger, frame: pl.DataFrame, kept: pl.DataFrame) -> None:
    """Enter one part: dropped documents take along what their strips and fixes had left."""
    dropped = frame.filter(pl.col("reason").is_not_null())
    with_documents = int((dropped["chars_out"] - dropped["replaced"]).sum())
    ledger.documents_kept += kept.height
    ledger.documents_dropped += dropped.height
    ledger.characters_removed += int(frame["removed"].sum()) + with_documents
    ledger.characters_changed += int(frame["changed"].sum())
    ledger.characters_removed_with_documents += with_documents
    ledger.characters_replaced += int(kept["replaced"].sum())
    ledger.characters_out += int(kept["chars_out"].sum())
    kept_as_read = kept["chars_in"].cast(pl.Int64) - kept["removed"] - kept["changed"]
    ledger.characters_kept += int(kept_as_read.sum())
    for reason, count in dropped["reason"].value_counts().iter_rows():
        ledger.dropped_by[reason] = ledger.dropped_by.get(reason, 0) + count


def _summarise(
    job: Job, metadata: dict[str, str], ledger: store.Ledger, outcome: dedupe.Outcome, rules: pl.DataFrame
) -> dict[str, Any]:
    def acting(action: str) -> dict[str, int]:
        rows = rules.filter((pl.col("action") == action) & (pl.col("documents") > 0))
        totals = rows.group_by("rule").agg(pl.col("lines").sum()).sort("rule")
        return dict(totals.iter_rows())

    return {
        **metadata,
        "ledger": ledger.tables(),
        "lines": {action: acting(action) for action in ("fix", "strip", "flag")},
        "duplicates": {
            "active": job.duplicates.active,
            "threshold": job.duplicates.threshold,
            "bands": job.duplicates.bands,
            "rows": job.duplicates.rows,
            "probability_of_candidate": outcome.curve,
            "candidate_pairs": outcome.candidates,
            "verified_pairs": outcome.verified,
            "largest_bucket": outcome.largest_bucket,
            "unfinished_buckets": outcome.unfinished_buckets,
        },
        "rules_selected": len(job.rules),
        "replaced": [str(one) for one in job.every.replaced()],
    }


def name_made_out(job: Job, out: Path) -> Path:
    """Name the place in the work folder where OUT is made."""
    return job.work / (f"out{store.out_suffix(out.name)}")
