"""Lines that a scorecard nearly took: the other side of its threshold, for the page of the report.

They are drafts with a sum in `signals.parquet`. The nearest to the threshold come first.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from cleanse.passes import NO_EDITS, AsRead, group_edits
from cleanse.report.samples import GROUP, Sample, choose_windows, find_near, read_texts, show_hit

NEAR_SAMPLES = 4  # shown for a rule and language


def collect_near(report: Path, out: Path, languages: pl.DataFrame, sums: pl.DataFrame) -> dict[str, list[Sample]]:
    """Choose the lines of each scorecard and language that have the most points below its threshold.

    Reads `drafts.parquet`, `hits.parquet`, `dropped.parquet` and OUT; `languages` has `id, language` of every document, `sums` are those of
    `add_up_signals`. Gives the samples by rule id, by language, the nearest first.
    """
    place = ["id", "rule", "line", "start"]
    terms = sums.lazy().filter("points").select(*place, weight="measured")
    chosen = (
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
    if chosen.is_empty():
        return {}
    identities = chosen["id"].unique(maintain_order=True)
    texts = read_texts(report, out, identities)
    hits = pl.scan_parquet(report / "hits.parquet", glob=False).filter(pl.col("id").is_in(identities.implode()))
    acted = hits.collect()
    edits = group_edits(acted)
    lines = {identity: AsRead(text, edits.get(identity, NO_EDITS)) for identity, text in texts.items()}
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
