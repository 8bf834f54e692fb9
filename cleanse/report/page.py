"""The page for reviewers: one self-contained HTML file, made from OUT and the tables of the report.

Scraped text is hostile: it goes through autoescape only, never into a style, a script or an address, and the page's
content-security policy lets nothing run but our own script, which it knows by its hash.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from cleanse.errors import InputError
from cleanse.files import report_folder, store
from cleanse.memory import uncollected
from cleanse.report import samples, sections
from cleanse.report.environment import hash_source, make_environment, write_page_file
from cleanse.report.evidence import RULES_FILE, add_up_signals, read_described
from cleanse.report.narrowing import View, narrow_report
from cleanse.report.near import choose_near, make_near
from cleanse.report.precision import complete_table
from cleanse.report.sections import read_table
from cleanse.rules import ANY, Rule

ROWS = 50  # rows of quarantine on the page
THREADS = 2  # that make parts of the page beside this one


def write_page(report: Path, out: Path, summary: dict[str, Any], rules: Iterable[Rule]) -> None:
    """Write `rules.json` and `index.html` into a folder that holds the tables of the report, beside a finished OUT.

    The page depends on OUT, the tables, the ledger and the rules only: samples are chosen by a hash of their place.
    """
    store.write_json(report / RULES_FILE, [_describe(rule) for rule in rules])
    _render(report, out, summary)


def rebuild_page(out: str | os.PathLike[str]) -> Path:
    """Make the page of an OUT anew from OUT and its report: the same bytes as the run wrote. Gives its path.

    Raises:
        InputError: OUT is not ours, or a table of its report is missing or does not fit it.
    """
    place = Path(out)
    report = report_folder(place)
    if not place.exists() or store.read_metadata(place) is None:
        raise InputError("not an output of cleanse", where=str(place), hint="give the OUT of `cleanse run`")
    try:
        _render(report, place, orjson.loads((report / store.SUMMARY).read_bytes()))
    except FileNotFoundError as error:
        hint = "run the same command again"
        raise InputError("a part of the report is missing", where=str(error.filename or report), hint=hint) from error
    except (pl.exceptions.PolarsError, LookupError, RuntimeError, StopIteration, TypeError, ValueError) as error:
        hint = "one of them was changed, or comes from another run: run the same command again"
        raise InputError("OUT and its report do not fit together", where=str(place), hint=hint) from error
    return report / "index.html"


def _describe(rule: Rule) -> dict[str, Any]:
    """Give what the page says about a rule: what and why, its files, its examples by language."""
    examples = [
        {"kind": kind, "language": "" if language == ANY else language, "text": example.text, "span": example.span,
         "fixed": example.fixed, "other": example.other, "note": example.note}
        for kind, language, _, example in rule.examples()
    ]  # fmt: skip
    head = rule.head
    return {
        "id": rule.id, "version": rule.version, "action": rule.action, "scope": head.scope, "status": head.status,
        "title": head.title, "why": head.why.strip(), "risk": head.risk.strip(),
        "files": rule.paths, "examples": examples,
        "measure": head.measure.model_dump(include={"column", "min", "max"}) if head.measure else None,
        "threshold": head.scorecard.threshold if head.scorecard else None,
    }  # fmt: skip


def _render(report: Path, out: Path, summary: dict[str, Any]) -> None:
    with narrow_report(report) as view:
        page = _make_page(report, view, out, summary)
    write_page_file(report / "index.html", page)


def _make_page(report: Path, view: View, out: Path, summary: dict[str, Any]) -> str:
    environment, shared = make_environment("cleanse.report")
    script = environment.loader.get_source(environment, "report.js")[0]
    table = complete_table(read_table(report, "rules"))
    fired = table.filter(pl.col("documents") > 0)
    described = read_described(report)
    languages = read_table(view.folder, "measures", ["id", "language"])
    # Polars works without the lock of Python, so the parts of the page are made side by side.
    with uncollected(), ThreadPoolExecutor(THREADS) as threads:
        most = threads.submit(sections.choose_changed, out)
        twins = threads.submit(sections.choose_clusters, view.folder, languages)
        sums = add_up_signals(view.folder)
        nearest = threads.submit(choose_near, view.folder, languages, sums)
        overlapping = threads.submit(sections.count_overlaps, view.folder, languages)
        charts = threads.submit(sections.sum_charts, sums, described)
        sources = _read_sources(view, out, languages)
        hits = samples.choose_hits(view.folder, languages, sources, sums, described)
        # Texts are read once for all parts: to look for some, all are unpacked.
        shown = [hits["id"], nearest.result()["id"], twins.result()["id"], twins.result()["kept_id"]]
        shown.append(most.result()["id"].head(sections.WHOLE_DOCUMENTS))
        texts = samples.read_texts(report, out, pl.concat(shown).unique())
        nearly = threads.submit(make_near, view.folder, nearest.result(), texts)
        changed = threads.submit(sections.make_changed, report, most.result(), texts)
        clusters = threads.submit(sections.make_clusters, twins.result(), texts)
        chosen = samples.make_samples(view.folder, out, hits, texts, described)
        # Of a scorecard, both sides of its threshold.
        for rule, near in nearly.result().items():
            chosen.setdefault(rule, []).extend(near)
    quarantine = read_table(report, "quarantine", ["source", "row", "error"])
    dropped = pl.scan_parquet(report / "dropped.parquet", glob=False).filter(pl.col("kept_id").is_not_null())
    if "kept_in" not in dropped.collect_schema():
        dropped = dropped.with_columns(pl.lit(None, pl.String).alias("kept_in"))
    duplicates = dropped.select("kept_id", "kept_in").collect()
    rows = sections.make_rows(fired, overlapping.result(), summary["ledger"]["characters"]["read"])
    every_language = languages if view.is_whole else read_table(report, "measures", ["language"])
    page: str = environment.get_template("index.html").render(
        **shared,
        script=script,
        script_hash=hash_source(script),
        summary=summary,
        ledger=summary["ledger"],
        view=view,
        rows=rows,
        silent=[described[rule] for rule in sorted(set(table["rule"]) - set(fired["rule"]))],
        rules=[
            sections.make_section(described[rule], fired, chosen.get(rule, [])) for rule in sections.order_rules(rows)
        ],
        languages=sorted(set(every_language["language"].drop_nulls())),
        language_bars=sections.language_bars(every_language),
        spam_bars=sections.spam_bars(_read_kept(out, "spam_score")["spam_score"]),
        sum_charts=charts.result(),
        documents=changed.result(),
        judged=int(fired["judged"].sum()),
        quarantine=quarantine.head(ROWS).to_dicts(),
        quarantined=quarantine.height,
        clusters=clusters.result(),
        clustered=duplicates.filter(pl.col("kept_in").is_null())["kept_id"].n_unique(),
        elsewhere=duplicates["kept_in"].drop_nulls().value_counts(name="count").sort("kept_in").rows(),
    )
    return page


def _read_kept(out: Path, *columns: str) -> pl.DataFrame:
    return pl.concat(store.scan_rows(path).select(columns).collect() for path in store.out_files(out))


def _read_sources(view: View, out: Path, languages: pl.DataFrame) -> pl.DataFrame:
    """Give `id, source` of the documents that are looked at."""
    dropped = read_table(view.folder, "dropped", ["id", "source"])
    own = languages.lazy().select("id")
    kept = [store.scan_rows(path).select("id", "source") for path in store.out_files(out)]
    kept = kept if view.is_whole else [rows.join(own, on="id", how="semi") for rows in kept]
    return pl.concat([*(rows.collect() for rows in kept), dropped])
