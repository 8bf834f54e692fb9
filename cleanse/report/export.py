"""The tables of the report for spreadsheets."""

from __future__ import annotations

import os
from pathlib import Path

import polars as pl

from cleanse.errors import InputError
from cleanse.files import report_folder

FORMULA = r"^[=+\-@\t\r]"  # how a text begins that a spreadsheet takes for a formula


def export_tables(out: str | os.PathLike[str], folder: str | os.PathLike[str]) -> list[Path]:
    """Write tables of an OUT for spreadsheets; gives their paths.

    They are `rules.csv`, `hits.csv`, `dropped.csv`, `duplicates.csv` and `quarantine.csv`.

    Raises:
        InputError: the report of OUT is missing.
    """
    report, place = report_folder(Path(out)), Path(folder)
    if not (report / "rules.parquet").exists():
        raise InputError("the report of this OUT is missing", where=str(report), hint="it must stand beside OUT")
    place.mkdir(parents=True, exist_ok=True)
    scanned = {
        name: pl.scan_parquet(report / f"{name}.parquet", glob=False)
        for name in ("rules", "hits", "dropped", "quarantine")
    }
    columns = [name for name in scanned["dropped"].collect_schema() if name != "text"]
    tables = {
        "rules": scanned["rules"],
        "hits": scanned["hits"],
        "dropped": scanned["dropped"],
        "duplicates": scanned["dropped"].select(columns).drop_nulls("kept_id"),
        "quarantine": scanned["quarantine"].select("source", "row", "error"),
    }
    for name, table in tables.items():
        guard_formulas(table).sink_csv(place / f"{name}.csv", maintain_order=True)
    return [place / f"{name}.csv" for name in tables]


def guard_formulas(table: pl.LazyFrame) -> pl.LazyFrame:
    """Put an apostrophe before texts that a spreadsheet would run as a formula.

    >>> guard_formulas(pl.LazyFrame({"id": ["=1+1", "a=1"]})).collect()["id"].to_list()
    ["'=1+1", 'a=1']
    """
    return table.with_columns(
        pl.when(pl.col(name).str.contains(FORMULA)).then("'" + pl.col(name)).otherwise(name).alias(name)
        for name, dtype in table.collect_schema().items()
        if dtype == pl.String
    )
