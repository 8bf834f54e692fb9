"""Lines that a scorecard nearly took: the other side of its threshold, for the page of the report.

They are drafts with a sum in `signals.parquet`. The nearest to the threshold come first.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from cleanse.passes import undo
from cleanse.report.samples import GROUP, Sample, read_texts, show_hit

NEAR_SAMPLES = 4  # shown for a rule and language


def collect_near(report: Path, out: Path, languages: pl.DataFrame) -> dict[str, list[Sample]]:
    """Choose the lines of each scorecard and language that have the most points below its threshold.

    Reads `drafts.parquet`, `signals.parquet`, `hits.parquet`, `dropped.parquet` and OUT; `languages` has `id, language` of every
    document. Gives the samples by rule id, by language, the nearest first.
    """
    place = ["id", "rule", "line", "start"]
    terms = pl.scan_parquet(report / "signals.parquet", glob=False).filter(pl.col("evidence").is_not_null())
    sums = terms.group_by(place).agg(pl.col("weight").sum())
    chosen = (
        pl.scan_parquet(report / "drafts.parquet", glob=False)
        .with_row_index("row")
        .join(sums, on=place, how="inner", maintain_order="left")
        .collect()
        .join(languages, on="id", how="left", maintain_order="left")
        .with_columns(pl.col("language").fill_null("und"))
        .sort(*GROUP, pl.col("weight").neg(), "row")
        .group_by(*GROUP, maintain_order=True)
        .head(NEAR_SAMPLES)
    )
    if chosen.is_empty():
        return {}
    identities = chosen["id"].unique(maintain_order=True)
    texts = read_texts(report, out, identities)
    hits = pl.scan_parquet(report / "hits.parquet", glob=False).filter(pl.col("id").is_in(identities.implode()))
    by_id = {identity: group.to_dicts() for (identity,), group in hits.collect().group_by("id", maintain_order=True)}
    found: dict[str, list[Sample]] = {}
    for row in chosen.iter_rows(named=True):
        own = by_id.get(row["id"], [])
        edits = [hit for hit in own if hit["action"] in ("fix", "strip")]
        lines = undo(texts.get(row["id"], ""), edits).split("\n")
        marked = {**row, "action": "flag"}  # it stays, so it is not shown as taken out
        shown = show_hit(marked, lines, [*own, marked])
        evidence = f"{row['weight']:.0f} points: stays"
        sample = Sample(
            row["rule"], row["language"], row["id"], row["line"], row["start"], row["end"], True, evidence, shown
        )
        found.setdefault(row["rule"], []).append(sample)
    return found
