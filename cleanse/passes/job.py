"""A run: three passes of plain functions over Parquet files in the work folder.

    clean_shard   read a shard, run the stages, write its tables in parts
    resolve       find duplicates over all parts
    assemble      write OUT and the report's tables in input order

Each pass can run in this process, on a pool or on a cluster, and a killed run goes on where it stopped.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import polars as pl

from cleanse import boilerplate, dedupe, documents, kernels, lang, pipeline, segments
from cleanse.catalogue import refuse_unusable
from cleanse.errors import CleanseError, InputError, LedgerError, OptionError, WorkerError
from cleanse.files import (
    JSON_OTHER,
    OTHER,
    Batch,
    Columns,
    Inputs,
    Shard,
    check_sources,
    find_inputs,
    is_utf8,
    open_parquet,
    plan_shards,
    read_shard,
    report_folder,
    store,
    work_folder,
)
from cleanse.passes.engine import map_shards
from cleanse.rules import Rules, load_rules

Progress = Callable[[str, int, int], None]
EARLIER_ROWS = 2_000  # of an earlier OUT, read at once


@dataclass(frozen=True)
class Job:
    """All that a worker needs: the rules, the columns, the duplicates to look for and the folder to write to."""

    work: Path
    rules: Rules
    every: Rules
    columns: Columns
    duplicates: dedupe.Parameters
    keep: tuple[str, ...] = ()


@dataclass
class ShardSummary:
    """What one shard came to: the same whether it was just made or found finished."""

    batches: int = 0
    read: int = 0
    quarantined: int = 0
    characters: int = 0
    kinds: dict[str, list[str]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """What a run did. `summary` is what stands in summary.json."""

    out: Path
    report: Path
    summary: dict[str, Any]

    @property
    def quarantined(self) -> int:
        """Count what could not be read."""
        return int(self.summary["ledger"]["documents"]["quarantined"])


def run(
    inputs: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    out: str | os.PathLike[str],
    *,
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
    rules: Sequence[str | os.PathLike[str]] = (),
    profile: str | None = None,
    duplicates: bool = True,
    against: str | os.PathLike[str] | None = None,
    pages: str = "auto",
    strip_spam: bool = False,
    drop_spam: float | None = None,
    language: str | Sequence[str] = (),
    text_column: str = "text",
    id_column: str | None = None,
    url_column: str | None = None,
    workers: int = 1,
    strict: bool = False,
    overwrite: bool = False,
    shard_bytes: int | None = None,
    progress: Progress | None = None,
) -> Result:
    """Clean INPUT... into OUT and its report; the same job as `cleanse run`.

    `inputs` are files, folders or globs; `out` is a `.parquet` file or a folder. The other arguments are the options of the
    command. Gives a Result.

    Raises:
        InputError: bad input; OutputError: OUT cannot be written; OptionError: bad options; RuleError: bad rules.
    """
    started = time.perf_counter()
    place = Path(out)
    earlier = None if against is None else Path(os.path.abspath(against))  # noqa: PTH100 - a link keeps its name
    every = load_rules(*(Path(folder) for folder in rules))
    if rules:
        refuse_unusable(every)
    chosen = every.apply_profile(profile).select(select, [*ignore, *([] if duplicates else ["dedupe"])])
    chosen = chosen.choose_pages(pages).drop_spam(drop_spam, every)
    job = Job(
        work_folder(place),
        chosen.strip_spam() if strip_spam else chosen,
        every,
        _columns(text_column, id_column, url_column),
        dedupe.Parameters.of(Rules(rule for rule in chosen if rule.head.status == "stable"), every),
        lang.read_keep(language),
    )
    if workers < 1:
        raise OptionError("--workers must be 1 or more", where=str(workers))
    if earlier and not job.duplicates.active:
        hint = "run without --no-dedupe, and with `dedupe` among the rules that are selected"
        raise OptionError("--against, but no duplicates are looked for", where=str(against), hint=hint)
    found = find_inputs([inputs] if isinstance(inputs, str | os.PathLike) else inputs, place)
    check_sources(found)
    options = {
        "select": sorted(select),
        "ignore": sorted(ignore),
        "profile": profile,
        "duplicates": duplicates,
        **({} if earlier is None else {"against": _digest_earlier(earlier, place)}),
        **({} if pages == "auto" else {"pages": pages}),
        "strip_spam": strip_spam,
        **({} if drop_spam is None else {"drop_spam": drop_spam}),
        **({"language": list(job.keep)} if job.keep else {}),
        "columns": asdict(job.columns),
    }
    metadata = _metadata(found, every, options)
    store.check_out(place, metadata, overwrite=overwrite)
    shards = plan_shards(found, shard_bytes) if shard_bytes else plan_shards(found)
    fingerprint = {**metadata, "shards": str(len(shards)), "shard_bytes": str(shard_bytes)}
    with _at_work(store.WorkFolder(place, fingerprint), place):
        summaries = _clean(job, shards, workers, progress)
        if strict and any(summary.quarantined for summary in summaries):
            raise _refuse_quarantine(job, summaries)
        timing = {"clean": time.perf_counter() - started}
        outcome, numbered = resolve(job, summaries, timing, earlier)
        summary = assemble(job, place, summaries, outcome, numbered, metadata, timing, progress)
        summary |= {
            "inputs": {"files": len(found.files), "passed_over": list(found.passed_over)},
            "options": options,
            "seconds": {**_total_seconds(summaries), **timing, "whole": time.perf_counter() - started},
        }
        return _publish(job, place, summary)


def _columns(text: str, own: str | None, url: str | None) -> Columns:
    if not all(is_utf8(name) for name in (text, own or "", url or "")):
        raise OptionError("a column's name is not UTF-8", hint="check --text-column, --id-column and --url-column")
    return Columns(text, own or "id", url, id_required=own is not None)


@contextlib.contextmanager
def _at_work(work: store.WorkFolder, out: Path) -> Iterator[None]:
    """Take the work folder away at the end; leave it where the run was cut short, so that the next one goes on there."""
    try:
        yield
    except WorkerError:
        work.close()
        raise
    except CleanseError:
        work.remove()
        raise
    except OSError as error:
        work.close()
        raise store.cannot_write(Path(str(error.filename or out)), error) from error
    except BaseException:
        work.close()
        raise
    work.remove()


def _metadata(found: Inputs, every: Rules, options: dict[str, Any]) -> dict[str, str]:
    import xxhash

    from cleanse import __version__

    return {
        "version": __version__,
        "rules": every.digest(),
        "input": found.digest(),
        "options": xxhash.xxh3_128_hexdigest(orjson.dumps(options, option=orjson.OPT_SORT_KEYS)),
    }


def _clean(job: Job, shards: list[Shard], workers: int, progress: Progress | None) -> list[ShardSummary]:
    summaries = []
    clean = functools.partial(clean_shard, job=job)
    for number, summary in enumerate(map_shards(clean, shards, workers), 1):
        summaries.append(summary)
        if progress:
            progress("clean", number, len(shards))
    return summaries


def clean_shard(shard: Shard, job: Job) -> ShardSummary:
    """Read a shard and run the stages over it, batch by batch.

    Writes the parts `documents`, `hits`, `drafts`, `signals`, `blocks`, `measures`, `signatures`, `quarantine` and `originals` of each batch,
    and at the end a marker with the summary. A shard whose marker is there is not done again.

    Raises:
        InputError: a file of rows has no text column. LedgerError: the characters of a document do not add up.
    """
    marker = job.work / "shards" / f"{shard.number:05}.json"
    if marker.exists():
        return ShardSummary(**orjson.loads(marker.read_bytes()))
    prepared = pipeline.Prepared.of(job.rules, job.every, job.keep)
    summary = ShardSummary()
    seconds: defaultdict[str, float] = defaultdict(float)
    clock = time.perf_counter()
    for batch in read_shard(shard, job.columns, job.every):
        seconds["read"] += time.perf_counter() - clock
        _clean_batch(batch, prepared, job, shard.number, summary, seconds)
        clock = time.perf_counter()
    summary.seconds = dict(seconds)
    store.write_json(marker, asdict(summary))
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
        store.write_part(job.work, name, shard, summary.batches, table)
    summary.batches += 1
    summary.read += frame.height + batch.quarantine.height
    summary.quarantined += batch.quarantine.height
    summary.characters += int(frame["chars_in"].sum())
    for name, kinds in batch.kinds.items():
        summary.kinds[name] = sorted({*summary.kinds.get(name, []), *kinds})
    seconds["write"] += time.perf_counter() - clock
    clock = time.perf_counter()
    if job.duplicates.active:
        kept = frame.filter(pl.col("reason").is_null()).select("doc", "id", pl.col("clean").alias("text"))
        write_signatures(job, "signatures", shard, summary.batches - 1, kept)
    seconds["signature"] += time.perf_counter() - clock


def write_signatures(job: Job, table: str, shard: int, batch: int, frame: pl.DataFrame) -> None:
    """Write the part of the table of signatures for one batch, from `doc`, `id` and the clean `text`: a column a band."""
    length = pl.col("text").str.len_chars().cast(pl.UInt32).alias("length")
    signed = frame.select("doc", "id", length).hstack(dedupe.sign_documents(frame["text"], job.duplicates))
    store.write_part(job.work, table, shard, batch, signed)


def _check_characters(frame: pl.DataFrame) -> None:
    expected = pl.col("chars_in").cast(pl.Int64) - pl.col("removed") - pl.col("changed") + pl.col("replaced")
    wrong = frame.filter(pl.col("chars_out") != expected)
    if wrong.height:
        hint = "this is a bug in cleanse: please report it with the document"
        raise LedgerError("the characters of a document do not add up", where=wrong["id"][0], hint=hint)


def _tables(frame: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Divide what the stages found into the tables of the work folder."""
    hits = segments.explode_hits(frame, *pipeline.EVIDENCE)
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
        .sort("doc", "line", "start", "end", "rule", nulls_last=False)
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


def _refuse_quarantine(job: Job, summaries: list[ShardSummary]) -> InputError:
    rows = pl.concat(
        store.read_part(job.work, "quarantine", *part).head(3)
        for part in store.iterate_parts([summary.batches for summary in summaries])
    )
    count = sum(summary.quarantined for summary in summaries)
    first = "; ".join(f"{source} row {row}: {error}" for source, row, error, _ in rows.head(3).iter_rows())
    return InputError(f"{count} quarantined under --strict: {first}", hint="mend the input, or run without --strict")


def _digest_earlier(earlier: Path, out: Path) -> str:
    """Tell one earlier OUT from another by what its metadata says.

    Raises:
        OptionError: it is none of ours, or the OUT of this run.
    """
    hint = "--against takes what `cleanse run` wrote before: a .parquet file, or a folder of them"
    if earlier.resolve() == out.resolve():
        raise OptionError("--against is the OUT of this run", where=str(earlier), hint="write to another OUT")
    found = store.read_metadata(earlier) if earlier.exists() else None
    if found is None:
        raise OptionError("--against is no OUT of cleanse", where=str(earlier), hint=hint)
    return json.dumps(found, sort_keys=True)


def _sign_earlier(job: Job, earlier: Path) -> list[pl.DataFrame]:
    """Copy id and text of an earlier OUT into the work folder, part by part, and sign them; give the ids."""
    ids: list[pl.DataFrame] = []
    for place in store.out_files(earlier):
        with open_parquet(str(place)) as parquet:
            for batch in parquet.iter_batches(EARLIER_ROWS, columns=["id", "text"]):
                frame = pl.DataFrame(pl.from_arrow(batch))
                store.write_part(job.work, "earlier", 0, len(ids), frame)
                write_signatures(job, "earlier_signatures", 0, len(ids), frame.with_row_index("doc"))
                ids.append(frame.select("id"))
    return ids


def resolve(
    job: Job, summaries: list[ShardSummary], timing: dict[str, float], earlier: Path | None = None
) -> tuple[dedupe.Outcome, pl.DataFrame]:
    """Check ids and find duplicates over all parts, and among the documents of an `earlier` OUT.

    Gives the outcome; and `id` str of every document in input order, its place being its number, then of those of the
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
        hint = "ids must differ: name another column with --id-column, or one that is not there to number the rows"
        raise InputError(f"{len(twice)} ids occur more than once", where=names, hint=hint)
    outcome = dedupe.Outcome(pl.DataFrame(schema=dedupe.DECISIONS))
    if job.duplicates.active and parts:
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
        outcome = dedupe.find_duplicates(
            signed.read_columns, signed.load_texts, job.duplicates, first, folder=job.work, held=dedupe.HELD_BYTES
        )
    timing["resolve"] = time.perf_counter() - clock
    return outcome, numbered


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


def assemble(
    job: Job,
    out: Path,
    summaries: list[ShardSummary],
    outcome: dedupe.Outcome,
    numbered: pl.DataFrame,
    metadata: dict[str, str],
    timing: dict[str, float],
    progress: Progress | None,
) -> dict[str, Any]:
    """Write OUT and the tables of the report into the work folder, in input order, and balance the ledger.

    Gives the summary of the run.

    Raises:
        LedgerError: what was read is not what was kept, dropped and quarantined.
    """
    clock = time.perf_counter()
    batches = [summary.batches for summary in summaries]
    parts = list(store.iterate_parts(batches))
    others = _other_columns(job, parts, summaries)
    schema = {**documents.OUT, **{other.label: other.dtype or pl.String() for other in others}}
    against: dict[str, pl.DataType] = {"kept_in": pl.String()} if "kept_in" in numbered.columns else {}
    tables = _TableWriters(job.work / "report", against)
    prefixed = {f"{store.METADATA_PREFIX}{key}": value for key, value in metadata.items()}
    writer = store.open_out(_made_out(job, out), schema, prefixed)
    ledger = store.Ledger(
        documents_read=sum(summary.read for summary in summaries),
        characters_read=sum(summary.characters for summary in summaries),
    )
    duplicates = outcome.decisions.join(
        numbered.with_row_index("kept").rename({"id": "kept_id"}), on="kept", how="left"
    ).drop("kept")
    sizes = outcome.decisions.group_by(pl.col("kept").alias("number")).agg((pl.len() + 1).alias("cluster_size"))
    counts: list[pl.DataFrame] = []
    touched: Counter[str] = Counter()
    start = 0
    for number, part in enumerate(parts, 1):
        frame = store.read_part(job.work, "documents", *part).with_row_index("doc")
        frame = frame.with_columns((pl.col("doc") + start).alias("number"))
        start += frame.height
        frame = frame.join(duplicates, on="number", how="left", maintain_order="left", suffix="_duplicate").join(
            sizes, on="number", how="left", maintain_order="left"
        )
        frame = frame.with_columns(pl.coalesce("reason", "reason_duplicate").alias("reason"))
        hits = _with_drops(store.read_part(job.work, "hits", *part), frame)
        counts.append(count_hits(hits, frame))
        touched.update(_count_lines(hits))
        tables.write_part(job.work, part, hits, frame)
        kept = frame.filter(pl.col("reason").is_null())
        writer.write(_out_frame(kept, others))
        _enter(ledger, frame, kept)
        if progress:
            progress("assemble", number, len(parts))
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


def _with_drops(hits: pl.DataFrame, frame: pl.DataFrame) -> pl.DataFrame:
    """Add a hit for each document that is dropped as a duplicate."""
    null = pl.lit(None, pl.UInt32)
    drops = frame.filter(pl.col("reason_duplicate").is_not_null()).select(
        "doc", "id", pl.col("reason").alias("rule"), pl.lit("drop").alias("action"), null.alias("line"),
        null.alias("start"), null.alias("end"), pl.lit(None, pl.String).alias("text"),
        pl.lit(None, pl.String).alias("replacement"),
    )  # fmt: skip
    return pl.concat([hits, drops.select(hits.columns)]).sort("doc", maintain_order=True)


def count_hits(hits: pl.DataFrame, frame: pl.DataFrame) -> pl.DataFrame:
    """Count what each rule did, by the language of the documents; characters under overlapping hits count once."""
    spans = hits.join(frame.select("doc", "language", "chars_out"), on="doc", how="left", maintain_order="left")
    alone = hits.group_by("doc").agg(pl.col("rule").n_unique().alias("rules")).filter(pl.col("rules") == 1)
    reach = pl.col("end").cum_max().shift(1).over("doc", "rule", "line").fill_null(0)
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


def _rule_table(counts: list[pl.DataFrame], job: Job) -> pl.DataFrame:
    """Give a row a rule and language: rules that never fired (language null, all zero), and those that run unasked."""
    schema = {**documents.RULES}
    totals = pl.concat([pl.DataFrame(schema=schema).drop("version"), *(_cast_counts(frame) for frame in counts)])
    totals = totals.group_by("rule", "language", "action").agg(
        pl.col("documents", "lines", "characters", "documents_alone").sum()
    )
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
    return joined.select(pl.col(name).cast(dtype) for name, dtype in schema.items()).sort("rule", "language", "action")


def _cast_counts(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(pl.col(name).cast(dtype) for name, dtype in documents.RULES.items() if name != "version")


def _out_frame(kept: pl.DataFrame, others: list[_OtherColumn]) -> pl.DataFrame:
    """Give the rows of OUT: our columns, then the input's other columns in their common types."""
    ours = pl.col("cluster_size").fill_null(1).cast(pl.UInt32)
    return kept.with_columns(ours).select(*documents.OUT, *(other.expression(kept) for other in others))


@dataclass(frozen=True)
class _OtherColumn:
    """One of the input's other columns, and what it is in OUT; without a `dtype` it is JSON text."""

    name: str
    label: str
    dtype: pl.DataType | None

    def expression(self, frame: pl.DataFrame) -> pl.Expr:
        """Give the column of OUT from a part, which may hold it in its type, as JSON text or not at all."""
        if (name := f"{JSON_OTHER}{self.name}") in frame.columns:
            column = pl.col(name) if self.dtype is None else pl.col(name).str.json_decode(self.dtype)
        elif (name := f"{OTHER}{self.name}") in frame.columns:
            column = pl.col(name)
            column = column.cast(self.dtype) if self.dtype else column.map_batches(_to_json, return_dtype=pl.String)
        else:
            column = pl.lit(None, self.dtype or pl.String)
        return column.alias(self.label)


def _to_json(values: pl.Series) -> pl.Series:
    """Write values of any type as JSON text."""
    return pl.Series(
        values.name,
        [None if value is None else _dump(value) for value in values.to_list()],
        dtype=pl.String,
    )


def _dump(value: Any) -> str:
    try:
        return orjson.dumps(value, default=str).decode()
    except TypeError:  # a number beyond 64 bits
        return json.dumps(value, default=str, ensure_ascii=False)


JSON_TYPES: dict[str, pl.DataType] = {
    "bool": pl.Boolean(),
    "int": pl.Int64(),
    "float": pl.Float64(),
    "str": pl.String(),
    "list bool": pl.List(pl.Boolean()),
    "list int": pl.List(pl.Int64()),
    "list float": pl.List(pl.Float64()),
    "list str": pl.List(pl.String()),
}
SMALL_INTEGERS = {pl.Int8(), pl.Int16(), pl.Int32(), pl.Int64(), pl.UInt8(), pl.UInt16(), pl.UInt32()}


def _other_columns(job: Job, parts: list[tuple[int, int]], summaries: list[ShardSummary]) -> list[_OtherColumn]:
    """Find the other columns of all parts, and the type that each can have without changing a value."""
    kinds: dict[str, set[str]] = {}
    for summary in summaries:
        for name, there in summary.kinds.items():
            kinds.setdefault(name, set()).update(there)
    types: dict[str, set[pl.DataType | None]] = {}
    for part in parts:
        for column, dtype in store.part_schema(job.work, "documents", *part).items():
            if column.startswith(JSON_OTHER):
                types.setdefault(column.removeprefix(JSON_OTHER), set())
            elif column.startswith(OTHER):
                types.setdefault(column.removeprefix(OTHER), set()).add(dtype)
    for name in kinds.keys() & types.keys():
        types[name] |= _json_types(kinds[name])
    labels = _labels(list(types))
    return [_OtherColumn(name, labels[name], _common_type(there - {pl.Null()})) for name, there in types.items()]


def _json_types(kinds: set[str]) -> set[pl.DataType | None]:
    """Give the types of a JSON column; None stands for values that have no type of ours."""
    kinds = kinds - {"null"}
    if any(kind.startswith("list ") for kind in kinds):
        kinds = kinds - {"list"}  # an empty list fits any other
    return {JSON_TYPES.get(kind) for kind in kinds}


def _common_type(types: set[pl.DataType | None]) -> pl.DataType | None:
    """Give the type that holds the values of all types as they are; None where only JSON text does."""
    if len(types) < 2:
        return next(iter(types), pl.String())
    if types <= SMALL_INTEGERS:
        return pl.Int64()
    return pl.Float64() if types == {pl.Float32(), pl.Float64()} else None


def _labels(names: list[str]) -> dict[str, str]:
    """Name the other columns in OUT: as they are, or `input_<name>` where the name is ours."""
    taken = {name for name in names if documents.other_name(name) == name}
    labels = {}
    for name in names:
        label = documents.other_name(name)
        while label != name and label in taken:
            label = f"input_{label}"
        taken.add(label)
        labels[name] = label
    return labels


class _TableWriters:
    """The tables of the report that are written part by part."""

    def __init__(self, folder: Path, against: dict[str, pl.DataType]) -> None:
        self._writers = {
            name: store.ParquetWriter(folder / f"{name}.parquet", schema)
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

    def write_part(self, work: Path, part: tuple[int, int], hits: pl.DataFrame, frame: pl.DataFrame) -> None:
        for name, writer in self._writers.items():
            if name == "hits":
                writer.write(hits)
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
    }


def _total_seconds(summaries: list[ShardSummary]) -> dict[str, float]:
    total: defaultdict[str, float] = defaultdict(float)
    for summary in summaries:
        for name, seconds in summary.seconds.items():
            total[name] += seconds
    return {f"stage {name}": seconds for name, seconds in total.items()}


def _publish(job: Job, out: Path, summary: dict[str, Any]) -> Result:
    """Make the page, write the summary, and put report and OUT in their places: the report first, OUT last."""
    from cleanse.report import write_page

    report = job.work / "report"
    rules = {rule.id: rule for rule in (*job.every, *job.rules)}  # what runs unasked is on the page too
    write_page(report, _made_out(job, out), summary, rules.values())
    store.write_json(report / store.SUMMARY, summary)
    store.publish(report, report_folder(out))
    store.publish(_made_out(job, out), out)
    return Result(out, report_folder(out), summary)


def _made_out(job: Job, out: Path) -> Path:
    """Name the place in the work folder where OUT is made."""
    return job.work / ("out.parquet" if out.suffix == ".parquet" else "out")
