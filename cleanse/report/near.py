"""Lines that a scorecard nearly took: the other side of its threshold, for the page of the report.

They are drafts with a sum in `signals.parquet`. The nearest to the threshold come first.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from cleanse.passes import NO_EDITS, AsRead, group_edits
from cleanse.report.samples import GROUP, Sample, choose_windows, find_near, show_hit

NEAR_SAMPLES = 4  # shown for a rule and language


def choose_near(report: Path, languages: pl.DataFrame, sums: pl.DataFrame) -> pl.DataFrame:
    """Choose the lines of each scorecard and language that have the most points below its threshold.

    Reads `drafts.parquet`; `languages` has `id, language` of every document, `sums` are those of `add_up_signals`. They stand by rule, by
    language, the nearest first.
    """
    place = ["id", "rule", "line", "start"]
    terms = sums.lazy().filter("points").select(*place, weight="measured")
    return (
        pl.scan_parquet(report / "drafts.parquet", glob=False)
        .with_row_index("row")
        .join(terms, on=place, how="inner", maintain_order="left")
        .collect()
        .join(languages, on="id", how="left", maintain_order="left")
        .with_columns(pl.col("language").fill_null("und"))
        .sort(*GROUP, pl.col("weight").neg(), "row")
        .group_by(*GROUP, maintain_order=True)
        .head(NEAR_SAMPLES)
    )


def make_near(report: Path, chosen: pl.DataFrame, texts: dict[str, str]) -> dict[str, list[Sample]]:
    """Cut the lines that `choose_near` has chosen out of their documents as read; gives the samples by rule id.

    Reads `hits.parquet`; `texts` holds the clean texts of the documents by id.
    """
    identities = chosen["id"].unique(maintain_order=True)
    hits = pl.scan_parquet(report / "hits.parquet", glob=False).filter(pl.col("id").is_in(identities.implode()))
    acted = hits.collect()
    edits = group_edits(acted)
    lines = {identity: AsRead(texts[identity], edits.get(identity, NO_EDITS)) for identity in identities}
    # A line stays, so it is not shown as taken out.
    rows = [{**row, "action": "flag"} for row in chosen.iter_rows(named=True)]
    windows = [choose_windows(row, lines[row["id"]]) for row in rows]
    reaching = find_near(acted, [row["id"] for row in rows], windows)
    found: dict[str, list[Sample]] = {}
    for row, own, near in zip(rows, windows, reaching, strict=True):
        beside = [
            [*hits_there, row] if window.line == row["line"] else hits_there
            for window, hits_there in zip(own, near, strict=True)
        ]
        shown = show_hit(row, lines[row["id"]], own, beside)
        evidence = f"{row['weight']:.0f} points: stays"
        sample = Sample(
            row["rule"], row["language"], row["id"], row["line"], row["start"], row["end"], True, evidence, shown
        )
        found.setdefault(row["rule"], []).append(sample)
    return found
