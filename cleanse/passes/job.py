"""A run: three passes of plain functions over Parquet files in the work folder.

    count_sites   count which lines the pages of a site share, where the input says which pages are of one
    clean_shard   read a shard, run the stages, write its tables in parts
    resolve       find duplicates over all parts
    assemble      write OUT and the report's tables in input order

Each pass can run in this process, on a pool or on a cluster, and a killed run goes on where it stopped.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from cleanse import dedupe
from cleanse.catalogue import refuse_unusable
from cleanse.errors import CleanseError, InputError, OptionError, StoreError, WorkerError
from cleanse.files import (
    Inputs,
    Wanted,
    check_place,
    check_remote_out,
    check_sources,
    find_inputs,
    is_address,
    is_out,
    is_stream,
    report_address,
    report_folder,
    store,
    upload,
    work_folder,
)
from cleanse.hits import divide_drafts
from cleanse.options import Options, takes_options
from cleanse.passes.assembling import assemble, name_made_out
from cleanse.passes.cleaning import Job, clean_shards, refuse_quarantine, total_seconds
from cleanse.passes.engine import open_engine
from cleanse.passes.resolving import digest_earlier, resolve
from cleanse.passes.sites import count_sites
from cleanse.passes.trying import (
    MEGABYTE,
    choose_columns,
    choose_sample,
    cut_shards,
    limit_inputs,
    limit_shards,
    shard_size,
    with_whole_paths,
)
from cleanse.progress import Reporter
from cleanse.rules import Rules, load_rules
from cleanse.verdicts import (
    Restrained,
    Verdict,
    count_verdicts,
    keep_valid,
    read_verdicts,
    restrain_rules,
)

SHOWN_REASONS = 3  # why documents are in quarantine


@dataclass(frozen=True, repr=False)
class Result:
    """What a run did. `summary` is what stands in summary.json.

    `out` and `report` are texts where they are addresses. `moved` holds where things of others are now that stood in the place of OUT
    or of its report; `reasons` say of the first documents in quarantine where they stood and what is wrong with them.
    """

    out: Path | str
    report: Path | str
    summary: dict[str, Any]
    moved: tuple[Path, ...] = ()
    reasons: tuple[str, ...] = ()

    def quarantine_reasons(self) -> list[str]:
        """Say of the first documents in quarantine where they stood and what is wrong with them, and how many there are more."""
        more = self.quarantined - len(self.reasons)
        return [*self.reasons, *([f"... and {more} more"] if more else [])]

    def __repr__(self) -> str:
        """Say on one line where OUT is and what became of the documents."""
        counts = ", ".join(f"{name}={count}" for name, count in self.summary["ledger"]["documents"].items())
        return f"Result(out={str(self.out)!r}, report={str(self.report)!r}, {counts})"

    @property
    def quarantined(self) -> int:
        """Count what could not be read."""
        return int(self.summary["ledger"]["documents"]["quarantined"])


@takes_options
def run(
    inputs: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    out: str | os.PathLike[str],
    *,
    progress: Reporter | None = None,
    **options: Any,
) -> Result:
    """Clean INPUT... into OUT and its report; the same job as `cleanse run`.

    `inputs` are files, folders or globs; `out` is a file `.parquet` or `.jsonl` (also `.gz`, `.zst`), a folder, or `-`. `options` are those of the command, by the names
    in `cleanse.options.Options`. Gives a Result.

    Raises:
        InputError: bad input; OutputError: OUT cannot be written; OptionError: bad options; RuleError: bad rules.
    """
    started = time.perf_counter()
    chosen = Options.of(options)
    names = [inputs] if isinstance(inputs, str | os.PathLike) else list(inputs)
    place = check_place(out, names, overwrite=chosen.overwrite, report=chosen.report)
    address = os.fspath(out) if is_address(os.fspath(out)) else None
    earlier = None if chosen.against is None else Path(os.path.abspath(chosen.against))  # noqa: PTH100 - a link keeps its name
    every = load_rules(*chosen.rules)
    if chosen.rules:
        refuse_unusable(every)
    job, said, restrained = _plan(place, chosen, every)
    if earlier and not job.duplicates.active:
        hint = "run without --no-dedupe, and with `dedupe` among the rules that are selected"
        raise OptionError("--against, but no duplicates are looked for", where=str(chosen.against), hint=hint)
    found = find_inputs(names, work_folder(place) if address else place, Wanted(chosen.include, chosen.exclude))
    check_sources(found)
    if chosen.engine == "ray":  # other machines do not know where this process stands
        found = with_whole_paths(found)
    if chosen.limit is not None:
        found = limit_inputs(found, job.columns, every, chosen.limit)
    stamps = _stamp(found)
    told = chosen.result() | ({} if earlier is None else {"against": digest_earlier(earlier, place)})
    told |= {} if chosen.min_precision is None else {"verdicts": _digest_verdicts(said)}
    metadata = _metadata(found, every, told)
    _check_out(place, address, metadata, overwrite=chosen.overwrite)
    shards = cut_shards(found, chosen)
    fingerprint = {**metadata, "shards": str(len(shards)), "shard_bytes": str(shard_size(chosen))}
    if chosen.limit is not None:
        shards = limit_shards(shards, job.columns, every, chosen.limit)
    with (
        open_engine(chosen.engine, chosen.workers, chosen.ray_address, job.work) as engine,
        _at_work(store.WorkFolder(place, fingerprint, restart=chosen.restart), place) as work,
    ):
        if work.is_published and (known := _read_result(place)):
            return known
        if chosen.sample is not None:
            sample = choose_sample(shards, job.columns, every, chosen.sample, chosen.seed, engine)
            job = replace(job, sample=sample)
        clock = time.perf_counter()
        count_sites(job, shards, engine)
        sites = time.perf_counter() - clock
        summaries = clean_shards(job, shards, engine, progress)
        engine.close()  # what comes needs its memory
        _check_unchanged(found, stamps)
        if chosen.strict and any(summary.quarantined for summary in summaries):
            raise refuse_quarantine(job, summaries)
        timing = {"sites": sites, "clean": time.perf_counter() - started - sites}
        resolved = resolve(job, summaries, timing, earlier)
        summary = assemble(job, place, summaries, resolved, metadata, timing, progress)
        summary |= {
            "inputs": {"files": len(found.files), "passed_over": list(found.passed_over), **asdict(found.skipped)},
            "options": told,
            "restrained": [reason.row() for reason in restrained],
            "seconds": {**total_seconds(summaries), **timing, "whole": time.perf_counter() - started},
        }
        result = _publish(job, place, summary, metadata, address)
        if not is_stream(place) and address is None:
            work.mark_published()
        return result


def _check_out(place: Path, address: str | None, metadata: dict[str, str], *, overwrite: bool) -> None:
    """Refuse an OUT of something else, on this machine or on a store."""
    if address:
        check_remote_out(address, metadata, overwrite=overwrite)
    else:
        store.check_out(place, metadata, overwrite=overwrite)


def _stamp(found: Inputs) -> dict[str, tuple[int, int] | None]:
    """Note size and time of each file, by which a change while it is read is found out."""
    stamps: dict[str, tuple[int, int] | None] = {}
    for file in found.files:
        try:
            state = os.stat(file.path)  # noqa: PTH116 - a name may be no UTF-8
        except OSError:
            stamps[file.path] = None
        else:
            stamps[file.path] = (state.st_size, state.st_mtime_ns)
    return stamps


def _check_unchanged(found: Inputs, stamps: dict[str, tuple[int, int] | None]) -> None:
    """Refuse an input that is not what it was when the run began: half of one text and half of another would come out.

    Raises:
        InputError: it names the first file.
    """
    now = _stamp(found)
    for file in found.files:
        if now[file.path] != stamps[file.path]:
            what = "an input is gone" if now[file.path] is None else "an input was changed"
            hint = "run again when nobody writes to the input"
            raise InputError(f"{what} while it was read", where=file.source, hint=hint)


def _read_result(out: Path) -> Result | None:
    """Give the result of a run that was killed when it had put all in its place; None where it is not there any more."""
    summary = report_folder(out) / store.SUMMARY
    if not is_out(out) or not summary.exists():
        return None
    reasons = _name_reasons(report_folder(out) / "quarantine.parquet")
    return Result(out, report_folder(out), orjson.loads(summary.read_bytes()), reasons=reasons)


def _digest_verdicts(said: list[Verdict]) -> str:
    """Tell one set of verdicts from another by who said what about which hit, in whatever order."""
    import xxhash

    rows = sorted(
        [verdict.rule, verdict.language, verdict.digest, verdict.reviewer, verdict.verdict] for verdict in said
    )
    return xxhash.xxh3_128_hexdigest(orjson.dumps(rows))


def _plan(out: Path, options: Options, every: Rules) -> tuple[Job, list[Verdict], list[Restrained]]:
    """Say what the workers need: the rules that were chosen, and what follows from them; and what reviewers said of these rules."""
    rules = options.choose(every)
    written = [] if options.verdicts is None else read_verdicts(options.verdicts)
    said = keep_valid(written, every, ((rule.id, rule.version) for rule in rules))
    restrained: list[Restrained] = []
    if options.min_precision is not None:
        rules, restrained = restrain_rules(rules, said, options.min_precision)
    acting, drafts = divide_drafts(rules.family(dedupe.FAMILY))
    job = Job(
        work_folder(out),
        rules,
        every,
        choose_columns(options),
        dedupe.Parameters.of(acting, every),
        options.language,
        dedupe.Parameters.of(rules, every) if any(rule.head.method for rule in drafts) else None,
        count_verdicts(said) if options.verdicts is not None else None,
        int(options.out_mb * MEGABYTE) if options.out_mb else None,
    )
    return job, said, restrained


@contextlib.contextmanager
def _at_work(work: store.WorkFolder, out: Path) -> Iterator[store.WorkFolder]:
    """Take the work folder away at the end; leave it where the run was cut short, so that the next one goes on there."""
    try:
        yield work
    except (WorkerError, StoreError):
        work.close()
        raise
    except CleanseError:
        work.remove()
        raise
    except OSError as error:
        work.close()
        raise store.cannot_write(Path(str(error.filename or out)), error) from error
    except pl.exceptions.PolarsError as error:
        work.close()
        if (told := store.find_os_error(error)) is None:
            raise
        raise store.cannot_write(out, told) from error
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
        "settings": orjson.dumps(options, option=orjson.OPT_SORT_KEYS).decode(),
    }


def _publish(job: Job, out: Path, summary: dict[str, Any], metadata: dict[str, str], address: str | None) -> Result:
    """Make the page, write the summary, and put report and OUT in their places: the report first, OUT last."""
    from cleanse.report import write_page

    report, made = job.work / "report", name_made_out(job, out)
    if store.is_jsonl(out):
        summary["jsonl"] = store.mark_jsonl(made, metadata)
    rules = {rule.id: rule for rule in (*job.every, *job.rules)}  # what runs unasked is on the page too
    write_page(report, made, summary, rules.values())
    store.write_json(report / store.SUMMARY, summary)
    reasons = _name_reasons(report / "quarantine.parquet")
    if address:
        upload(made, report, address)
        return Result(address, report_address(address), summary, reasons=reasons)
    if store.is_jsonl(out) and is_out(out):
        out.unlink()  # beside the new report it would look like the work of somebody else
    moved = [store.publish(report, report_folder(out))]
    if is_stream(out):
        with made.open("rb") as stream:
            shutil.copyfileobj(stream, sys.stdout.buffer)
        sys.stdout.buffer.flush()
        return Result(Path("-"), report_folder(out), summary, tuple(place for place in moved if place), reasons)
    moved.append(store.publish(made, out))
    return Result(out, report_folder(out), summary, tuple(place for place in moved if place), reasons)


def _name_reasons(quarantine: Path) -> tuple[str, ...]:
    """Say of the first documents in quarantine where they stood and what is wrong with them."""
    table = pl.scan_parquet(quarantine, glob=False).select("source", "row", "error").head(SHOWN_REASONS).collect()
    return tuple(f"{source}{'' if row is None else f' row {row}'}: {error}" for source, row, error in table.iter_rows())
