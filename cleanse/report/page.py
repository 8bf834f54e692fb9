"""The page for reviewers: one self-contained HTML file, made from OUT and the tables of the report.

Scraped text is hostile: it goes through autoescape only, never into a style, a script or an address, and the page's
content-security policy lets nothing run but our own script, which it knows by its hash.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from cleanse.errors import InputError
from cleanse.files import report_folder, store
from cleanse.report import samples
from cleanse.report.near import collect_near
from cleanse.rules import ANY, Rule

RULES_FILE = "rules.json"
ROWS = 50  # rows of quarantine on the page
CLUSTERS = 20  # clusters of duplicates on the page
EXCERPT_CHARS = 240
OVERLAPS = 3  # other rules named in a row of the table
BARS = 20  # languages in the chart
# Characters that are there and cannot be seen, and how the page shows them.
INVISIBLE = (
    *range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), *range(0x7F, 0xA0), 0xAD, 0x61C, 0x115F, 0x1160, 0x180E, *range(0x200B, 0x2010),
    *range(0x2028, 0x202F), *range(0x2060, 0x2070), 0x3164, 0xFEFF, 0xFFA0, *range(0xFFF9, 0xFFFC), *range(0xE0000, 0xE0080),
)  # fmt: skip
SHOWN = str.maketrans({**{chr(code): f"⟨U+{code:04X}⟩" for code in INVISIBLE}, "\r": "␍", "\n": "␊"})
FORMULA = r"^[=+\-@\t\r]"  # how a text begins that a spreadsheet takes for a formula


def make_visible(text: str) -> str:
    r"""Put signs for characters that cannot be seen, or that turn a line around or steer a terminal.

    >>> make_visible("zero\u200bwidth")
    'zero⟨U+200B⟩width'
    """
    return text.translate(SHOWN)


def show_text(text: str | None) -> str:
    """Cut a text to samples.SAMPLE_CHARS and make its invisible characters visible.

    >>> show_text("é" * 301) == "é" * 300 + "…"
    True
    """
    if text is None:
        return ""
    limit = samples.SAMPLE_CHARS
    return make_visible(text if len(text) <= limit else f"{text[:limit]}…")


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
    }  # fmt: skip


def _render(report: Path, out: Path, summary: dict[str, Any]) -> None:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("cleanse.report", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    texts = {name: environment.loader.get_source(environment, name)[0] for name in ("report.css", "report.js")}  # type: ignore[union-attr]
    table = _read(report, "rules")
    languages = _read(report, "measures", ["id", "language"])
    kept = pl.concat(
        pl.read_parquet(path, columns=["id", "source", "spam_score"], glob=False) for path in store.out_files(out)
    )
    sources = pl.concat([kept.select("id", "source"), _read(report, "dropped", ["id", "source"])])
    fired = table.filter(pl.col("documents") > 0)
    chosen = samples.collect_samples(report, out, languages, sources)
    # Of a scorecard, both sides of its threshold.
    for rule, near in collect_near(report, out, languages).items():
        chosen.setdefault(rule, []).extend(near)
    described = {rule["id"]: rule for rule in orjson.loads((report / RULES_FILE).read_bytes())}
    quarantine = _read(report, "quarantine", ["source", "row", "error"])
    twins = pl.scan_parquet(report / "dropped.parquet", glob=False).filter(pl.col("kept_id").is_not_null())
    if "kept_in" not in twins.collect_schema():
        twins = twins.with_columns(pl.lit(None, pl.String).alias("kept_in"))
    duplicates = twins.select("kept_id", "kept_in").collect()
    page = environment.get_template("index.html").render(
        style=texts["report.css"],
        script=texts["report.js"],
        style_hash=_hash(texts["report.css"]),
        script_hash=_hash(texts["report.js"]),
        summary=summary,
        ledger=summary["ledger"],
        rows=_rows(fired, count_overlaps(report, languages), summary["ledger"]["characters"]["read"]),
        silent=[described[rule] for rule in sorted(set(table["rule"]) - set(fired["rule"]))],
        rules=[_section(described[rule], fired, chosen.get(rule, [])) for rule in sorted(set(fired["rule"]))],
        languages=sorted(set(languages["language"].drop_nulls())),
        language_bars=_language_bars(languages),
        spam_bars=_spam_bars(kept["spam_score"]),
        quarantine=quarantine.head(ROWS).to_dicts(),
        quarantined=quarantine.height,
        clusters=_clusters(report, out, languages),
        clustered=duplicates.filter(pl.col("kept_in").is_null())["kept_id"].n_unique(),
        elsewhere=duplicates["kept_in"].drop_nulls().value_counts(name="count").sort("kept_in").rows(),
        show=show_text,
        visible=make_visible,
    )
    temporary = report / "index.html.tmp"
    temporary.write_text(page, "utf-8")
    temporary.replace(report / "index.html")


def _read(report: Path, table: str, columns: list[str] | None = None) -> pl.DataFrame:
    return pl.read_parquet(report / f"{table}.parquet", columns=columns, glob=False)


def _hash(text: str) -> str:
    """Give the hash by which a content-security policy knows an inline script or style."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def count_overlaps(report: Path, languages: pl.DataFrame) -> pl.DataFrame:
    """Count, for each rule and language, the lines that another rule hit too: `rule, language, other, lines`."""
    lines = _read(report, "hits", ["id", "line", "rule"]).filter(pl.col("line").is_not_null()).unique()
    shared = lines.filter(pl.len().over("id", "line") > 1)
    pairs = shared.join(shared.rename({"rule": "other"}), on=["id", "line"]).filter(pl.col("rule") != pl.col("other"))
    pairs = pairs.join(languages, on="id", how="left").with_columns(pl.col("language").fill_null("und"))
    return pairs.group_by("rule", "language", "other").agg(pl.len().alias("lines"))


def _rows(fired: pl.DataFrame, overlaps: pl.DataFrame, read: int) -> list[dict[str, Any]]:
    """Give the rows of the table of rules: with their share of the corpus, and the rules they overlap with most."""
    named: dict[tuple[str, str], list[tuple[str, int]]] = {}
    for rule, language, other, lines in overlaps.sort("lines", "other", descending=[True, False]).iter_rows():
        named.setdefault((rule, language), []).append((other, lines))
    return [
        {
            **row,
            "share": row["characters"] / read if read else 0.0,
            "overlaps": named.get((row["rule"], row["language"]), [])[:OVERLAPS],
        }
        for row in fired.to_dicts()
    ]


def _section(rule: dict[str, Any], fired: pl.DataFrame, chosen: list[samples.Sample]) -> dict[str, Any]:
    """Give what the page shows of one rule: itself, its totals and its samples, each with the file that holds its words."""
    own = fired.filter(pl.col("rule") == rule["id"])
    return {
        **rule,
        "documents": int(own["documents"].sum()),
        "lines": int(own["lines"].sum()),
        "languages": sorted({sample.language for sample in chosen}),
        "samples": [(sample, _file(rule["files"], sample.language)) for sample in chosen],
    }


def _file(files: list[str], language: str) -> str:
    """Name the file that holds a rule's words for a language, for whoever wants to mend it."""
    return next((name for name in files if name.endswith(f"/{language}.toml")), files[0])


def _language_bars(languages: pl.DataFrame) -> list[tuple[str, int]]:
    counts = languages.group_by("language").len().sort("len", "language", descending=[True, False]).rows()
    rest = counts[BARS:]
    more = [(f"{len(rest)} more", sum(count for _, count in rest))] if rest else []
    return [*((language or "und", count) for language, count in counts[:BARS]), *more]


def _spam_bars(scores: pl.Series) -> list[tuple[str, int]]:
    """Count kept documents by spam score: 0, and ten steps above it."""
    positive = scores.filter(scores > 0)
    steps = (positive.cast(pl.Float64) * 10).ceil().clip(1, 10).cast(pl.Int64)
    counts = dict(steps.value_counts().iter_rows())
    bars = [(f"≤ {step / 10:.1f}", counts.get(step, 0)) for step in range(1, 11)]
    return [("0", scores.len() - positive.len()), *bars]


def _clusters(report: Path, out: Path, languages: pl.DataFrame) -> list[dict[str, Any]]:
    """Give clusters of duplicates: half with the lowest similarity, the rest the largest, with both texts where they part."""
    dropped = _read(report, "dropped").drop_nulls("kept_id")
    if "kept_in" in dropped.columns:  # the twin is in an earlier OUT, which may be gone
        dropped = dropped.filter(pl.col("kept_in").is_null())
    clusters = (
        dropped.sort("similarity", "id")
        .group_by("kept_id", maintain_order=True)
        .agg(pl.col("id").first(), pl.col("reason").first(), pl.col("similarity").first(), pl.len().alias("dropped"))
        .join(languages, left_on="kept_id", right_on="id", how="left", maintain_order="left")
    )
    doubtful = clusters.sort("similarity", "kept_id").head(CLUSTERS // 2)
    largest = clusters.join(doubtful, on="kept_id", how="anti").sort("dropped", "kept_id", descending=[True, False])
    chosen = pl.concat([doubtful, largest.head(CLUSTERS - doubtful.height)])
    texts = samples.read_texts(report, out, pl.concat([chosen["id"], chosen["kept_id"]]))
    shown = []
    for row in chosen.to_dicts():
        gone, stays = texts[row["id"]], texts[row["kept_id"]]
        start = max(0, len(os.path.commonprefix([gone, stays])) - EXCERPT_CHARS // 4)  # noqa: RUF071 - characters are meant
        start = 0 if gone == stays else start
        shown.append({**row, "gone": _excerpt(gone, start), "stays": _excerpt(stays, start)})
    return shown


def _excerpt(text: str, start: int) -> str:
    end = start + EXCERPT_CHARS
    return make_visible(f"{'…' if start else ''}{text[start:end]}{'…' if end < len(text) else ''}")


def export_tables(out: str | os.PathLike[str], folder: str | os.PathLike[str]) -> list[Path]:
    """Write `rules.csv`, `duplicates.csv` and `quarantine.csv` of an OUT for spreadsheets; gives their paths.

    Raises:
        InputError: the report of OUT is missing.
    """
    report, place = report_folder(Path(out)), Path(folder)
    if not (report / "rules.parquet").exists():
        raise InputError("the report of this OUT is missing", where=str(report), hint="it must stand beside OUT")
    place.mkdir(parents=True, exist_ok=True)
    columns = [name for name in pl.read_parquet_schema(report / "dropped.parquet") if name != "text"]
    tables = {
        "rules": _read(report, "rules"),
        "duplicates": _read(report, "dropped", columns).drop_nulls("kept_id"),
        "quarantine": _read(report, "quarantine", ["source", "row", "error"]),
    }
    for name, table in tables.items():
        guard_formulas(table).write_csv(place / f"{name}.csv")
    return [place / f"{name}.csv" for name in tables]


def guard_formulas(table: pl.DataFrame) -> pl.DataFrame:
    """Put an apostrophe before texts that a spreadsheet would run as a formula.

    >>> guard_formulas(pl.DataFrame({"id": ["=1+1", "a=1"]}))["id"].to_list()
    ["'=1+1", 'a=1']
    """
    return table.with_columns(
        pl.when(pl.col(name).str.contains(FORMULA)).then("'" + pl.col(name)).otherwise(name).alias(name)
        for name, dtype in table.schema.items()
        if dtype == pl.String
    )
