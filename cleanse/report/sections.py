"""What stands in the parts of the page: rows of rules, their samples, charts, duplicates, and the documents that changed most."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import xxhash

from cleanse.files import store
from cleanse.passes import NO_EDITS, AsRead, group_edits
from cleanse.report import samples
from cleanse.report.evidence import Described
from cleanse.report.pairs import PairLine, compare_texts
from cleanse.verdicts import sort_by_harm

CLUSTERS = 20  # clusters of duplicates on the page
PAIR_LINES = 24  # differing lines shown of a pair
OVERLAPS = 3  # other rules named in a row of the table
BARS = 20  # languages in the chart
SUM_BARS = 12  # steps in a chart of sums
DOCUMENTS = 200  # documents in the list of those that changed most
WHOLE_DOCUMENTS = 12  # of these shown as a whole
DOCUMENT_LINES = 80  # lines shown of each
LINE_CHARS = 400  # characters shown of a line


def document_key(identity: str) -> str:
    """Give the digits under which the page knows a document.

    An id may be anything, and never becomes an address.
    """
    return xxhash.xxh3_64_hexdigest(identity.encode())


def read_table(report: Path, table: str, columns: list[str] | None = None) -> pl.DataFrame:
    """Read a table of the report, or some of its columns."""
    return pl.read_parquet(report / f"{table}.parquet", columns=columns, glob=False)


def count_overlaps(report: Path, languages: pl.DataFrame) -> pl.DataFrame:
    """Count, for each rule and language, the lines that another rule hit too: `rule, language, other, lines`."""
    lines = read_table(report, "hits", ["id", "line", "rule"]).filter(pl.col("line").is_not_null()).unique()
    shared = lines.filter(pl.len().over("id", "line") > 1)
    pairs = shared.join(shared.rename({"rule": "other"}), on=["id", "line"]).filter(pl.col("rule") != pl.col("other"))
    pairs = pairs.join(languages, on="id", how="left").with_columns(pl.col("language").fill_null("und"))
    return pairs.group_by("rule", "language", "other").agg(pl.len().alias("lines"))


def make_rows(fired: pl.DataFrame, overlaps: pl.DataFrame, read: int) -> list[dict[str, Any]]:
    """Give the rows of the table of rules, the most harmful first.

    With their share of the corpus, and the rules they overlap with most.
    """
    named: dict[tuple[str, str], list[tuple[str, int]]] = {}
    for rule, language, other, lines in overlaps.sort("lines", "other", descending=[True, False]).iter_rows():
        named.setdefault((rule, language), []).append((other, lines))
    return [
        {
            **row,
            "share": row["characters"] / read if read else 0.0,
            "overlaps": named.get((row["rule"], row["language"]), [])[:OVERLAPS],
        }
        for row in sort_by_harm(fired).to_dicts()
    ]


def make_section(rule: dict[str, Any], fired: pl.DataFrame, chosen: list[samples.Sample]) -> dict[str, Any]:
    """Give what the page shows of one rule: itself, its totals and its samples, each with the file that holds its words."""
    own = fired.filter(pl.col("rule") == rule["id"])
    return {
        **rule,
        "documents": int(own["documents"].sum()),
        "lines": int(own["lines"].sum()),
        "languages": sorted({sample.language for sample in chosen}),
        "samples": [(sample, _file(rule["files"], sample.language), document_key(sample.id)) for sample in chosen],
    }


def order_rules(rows: list[dict[str, Any]]) -> list[str]:
    """Give the ids of rules in the order in which the table of rules names them first."""
    return list(dict.fromkeys(row["rule"] for row in rows))


def _file(files: list[str], language: str) -> str:
    """Name the file that holds a rule's words for a language, for whoever wants to mend it."""
    return next((name for name in files if name.endswith(f"/{language}.toml")), files[0])


def language_bars(languages: pl.DataFrame) -> list[tuple[str, int]]:
    """Count documents by language, BARS languages and the rest."""
    counts = languages.group_by("language").len().sort("len", "language", descending=[True, False]).rows()
    rest = counts[BARS:]
    more = [(f"{len(rest)} more", sum(count for _, count in rest))] if rest else []
    return [*((language or "und", count) for language, count in counts[:BARS]), *more]


def spam_bars(scores: pl.Series) -> list[tuple[str, int]]:
    """Count kept documents by spam score: 0, and ten steps above it."""
    positive = scores.filter(scores > 0)
    steps = (positive.cast(pl.Float64) * 10).ceil().clip(1, 10).cast(pl.Int64)
    counts = dict(steps.value_counts().iter_rows())
    bars = [(f"≤ {step / 10:.1f}", counts.get(step, 0)) for step in range(1, 11)]
    return [("0", scores.len() - positive.len()), *bars]


def sum_charts(sums: pl.DataFrame, described: dict[str, Described]) -> list[dict[str, Any]]:
    """Count the hits of each scorecard by the sum of their points.

    Reads the `sums` of `add_up_signals`. In at most SUM_BARS steps: `rule, threshold, bars`.
    """
    charts = []
    for (rule,), group in sorted(sums.filter("points").group_by("rule")):
        values = group["measured"].round().cast(pl.Int64)
        low, high = (int(bound) for bound in (values.to_numpy().min(), values.to_numpy().max()))
        step = max(1, -(-(high - low + 1) // SUM_BARS))
        counts = dict(((values - low) // step).value_counts().iter_rows())
        bars = [
            (f"{low + at * step} to {low + (at + 1) * step - 1}" if step > 1 else f"{low + at}", counts.get(at, 0))
            for at in range(max(counts) + 1)
        ]
        charts.append({"rule": rule, "threshold": described.get(str(rule), {}).get("threshold"), "bars": bars})
    return charts


def choose_clusters(report: Path, languages: pl.DataFrame) -> pl.DataFrame:
    """Choose clusters of duplicates, a row each: `kept_id, id, reason, similarity, dropped, language`.

    Half are those with the lowest similarity, the rest the largest.
    """
    dropped = read_table(report, "dropped").drop_nulls("kept_id")
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
    return pl.concat([doubtful, largest.head(CLUSTERS - doubtful.height)])


def make_clusters(chosen: pl.DataFrame, texts: dict[str, str]) -> list[dict[str, Any]]:
    """Give clusters with the lines in which both texts differ; `texts` holds the clean texts by id."""
    shown = []
    for row in chosen.to_dicts():
        lines = compare_texts(texts[row["id"]], texts[row["kept_id"]])
        shown.append({**row, "equal": texts[row["id"]] == texts[row["kept_id"]], "lines": _fold(lines)})
    return shown


def _fold(lines: list[PairLine]) -> list[PairLine | None]:
    """Leave out lines that are far from a difference: None stands for each stretch of them; PAIR_LINES lines at most."""
    folded: list[PairLine | None] = []
    for line in lines:
        if not line.far:
            folded.append(line)
        elif not folded or folded[-1] is not None:
            folded.append(None)
    return [*folded[:PAIR_LINES], *([None] if len(folded) > PAIR_LINES else [])]


def choose_changed(out: Path) -> pl.DataFrame:
    """Choose the kept documents of which most characters went, DOCUMENTS at most."""
    columns = ["id", "source", "language", "chars_in", "chars_out"]
    kept = pl.concat(
        store.scan_rows(path)
        .select(columns)
        .filter(pl.col("chars_in") != pl.col("chars_out"))
        .with_columns((pl.col("chars_in").cast(pl.Int64) - pl.col("chars_out")).alias("gone"))
        .sort("gone", "id", descending=[True, False])
        .head(DOCUMENTS)
        .collect()
        for path in store.out_files(out)
    )
    return kept.sort("gone", "id", descending=[True, False]).head(DOCUMENTS)


def make_changed(report: Path, most: pl.DataFrame, texts: dict[str, str]) -> list[dict[str, Any]]:
    """Give the documents that `choose_changed` has chosen; the first WHOLE_DOCUMENTS with their lines and all marks."""
    first = most["id"].head(WHOLE_DOCUMENTS)
    hits = pl.scan_parquet(report / "hits.parquet", glob=False).filter(pl.col("id").is_in(first.implode())).collect()
    edits = group_edits(hits)
    shown = hits.filter(pl.col("line") < DOCUMENT_LINES)
    whole = set(first)
    by_id = {identity: group.to_dicts() for (identity,), group in shown.group_by("id", maintain_order=True)}
    return [
        {
            **row,
            "key": document_key(row["id"]),
            "lines": _mark_lines(AsRead(texts[row["id"]], edits.get(row["id"], NO_EDITS)), by_id.get(row["id"], []))
            if row["id"] in whole
            else [],
        }
        for row in most.to_dicts()
    ]


def _mark_lines(lines: AsRead, hits: list[samples.HitRow]) -> list[tuple[samples.Piece, ...]]:
    """Mark the hits in the first lines of a document."""
    by_line: dict[int, list[samples.HitRow]] = {}
    for hit in hits:
        by_line.setdefault(hit["line"], []).append(hit)
    shown = [
        samples.cut_line(line, by_line.get(number, []), 0, LINE_CHARS)
        for number, line in enumerate(lines.take(0, min(DOCUMENT_LINES, len(lines))))
    ]
    return [
        *shown,
        *([(samples.Piece(f"… {len(lines) - DOCUMENT_LINES} more lines"),)] if len(lines) > DOCUMENT_LINES else []),
    ]
