"""The page for reviewers: one self-contained HTML file, made from the tables of the report.

Scraped text is hostile: it goes through autoescape only, never into an attribute, a style or a script, and the page has
no script at all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import polars as pl

from cleanse.rules import Rule

SAMPLES = 8  # hits shown for a rule and language
SAMPLE_CHARS = 300
QUARANTINE_ROWS = 50
# Characters that are there and cannot be seen, and how the page shows them.
INVISIBLE = (
    *range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), *range(0x7F, 0xA0), 0xAD, 0x61C, 0x115F, 0x1160, 0x180E, *range(0x200B, 0x2010),
    *range(0x2028, 0x202F), *range(0x2060, 0x2070), 0x3164, 0xFEFF, 0xFFA0, *range(0xFFF9, 0xFFFC), *range(0xE0000, 0xE0080),
)  # fmt: skip
SHOWN = str.maketrans({**{chr(code): f"⟨U+{code:04X}⟩" for code in INVISIBLE}, "\r": "␍", "\n": "␊"})


def make_visible(text: str) -> str:
    r"""Put signs for characters that cannot be seen, or that turn a line around or steer a terminal.

    >>> make_visible("zero\u200bwidth")
    'zero⟨U+200B⟩width'
    """
    return text.translate(SHOWN)


def show_text(text: str | None) -> str:
    """Cut a text to SAMPLE_CHARS and make its invisible characters visible.

    >>> show_text("é" * 301) == "é" * 300 + "…"
    True
    """
    if text is None:
        return ""
    return make_visible(text if len(text) <= SAMPLE_CHARS else f"{text[:SAMPLE_CHARS]}…")


def write_page(report: Path, summary: dict[str, Any], rules: Iterable[Rule]) -> None:
    """Write `index.html` into a folder that holds the tables of the report.

    The page depends on the tables and the ledger only: samples are chosen by a hash of their place, not by chance.
    """
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("cleanse", "templates"), autoescape=True, undefined=jinja2.StrictUndefined
    )
    table = pl.read_parquet(report / "rules.parquet", glob=False)
    samples = _samples(report)
    fired = table.filter(pl.col("documents") > 0)
    silent = sorted(set(table["rule"]) - set(fired["rule"]))
    page = environment.get_template("index.html").render(
        summary=summary,
        ledger=summary["ledger"],
        rows=fired.to_dicts(),
        silent=silent,
        rules=[(rule, samples.get(rule.id, [])) for rule in rules if rule.id in samples],
        files=_files,
        quarantine=pl.read_parquet(report / "quarantine.parquet", glob=False)
        .head(QUARANTINE_ROWS)
        .drop("bytes")
        .to_dicts(),
        duplicates=_duplicates(report),
        show=show_text,
    )
    (report / "index.html").write_text(page, "utf-8")


def _files(rule: Rule, language: str) -> str:
    """Give the file that holds a rule's words for a language, for whoever wants to mend it."""
    own = [name for name in rule.files if name.endswith(f"/{language}.toml")]
    return f"rules/{own[0] if own else rule.files[0]}"


def _key(*parts: Any) -> bytes:
    return hashlib.blake2b("\0".join(map(str, parts)).encode(), digest_size=8).digest()


def _samples(report: Path) -> dict[str, list[dict[str, Any]]]:
    """Choose up to SAMPLES hits for each rule and language of document, spread by a hash of their place."""
    hits = pl.scan_parquet(report / "hits.parquet", glob=False)
    places = hits.select("id", "rule", "line", "start").with_row_index("row").collect()
    languages = _languages(report)
    if places.is_empty():  # a clean input has no hit, and map_groups wants a group
        return {}
    chosen = (
        places.join(languages, on="id", how="left", maintain_order="left")
        .with_columns(pl.col("language").fill_null(""))
        .group_by("rule", "language", maintain_order=True)
        .map_groups(_choose)
    )
    rows = hits.with_row_index("row").filter(pl.col("row").is_in(chosen["row"].implode())).collect()
    rows = rows.join(chosen.select("row", "language"), on="row", how="left", maintain_order="left")
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows.sort("rule", "language", "row").iter_rows(named=True):
        found.setdefault(row["rule"], []).append(row)
    return found


def _choose(group: pl.DataFrame) -> pl.DataFrame:
    if group.height <= SAMPLES:
        return group
    step = group.height / (4 * SAMPLES)
    thin = group.gather(sorted({int(number * step) for number in range(4 * SAMPLES)}))
    keys = [_key(*row) for row in thin.select("id", "rule", "line", "start").iter_rows()]
    order = sorted(range(thin.height), key=lambda number: keys[number])[:SAMPLES]
    return thin.gather(sorted(order))


def _languages(report: Path) -> pl.DataFrame:
    return pl.read_parquet(report / "measures.parquet", columns=["id", "language"], glob=False)


def _duplicates(report: Path) -> list[dict[str, Any]]:
    """Give the near duplicates nearest to the threshold: the drops that are least certain."""
    dropped = pl.scan_parquet(report / "dropped.parquet", glob=False).filter(pl.col("kept_id").is_not_null())
    return (
        dropped.select("id", "kept_id", "similarity", "reason").sort("similarity", "id").head(20).collect().to_dicts()
    )
