"""Why a hit was made, in figures: the measured value beside its limit, and the terms of a sum of points."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from cleanse.files import store
from cleanse.rules import SPAM_SCORE

RULES_FILE = "rules.json"
Described = dict[str, Any]  # a rule as `rules.json` has it


@dataclass(frozen=True)
class Term:
    """What one measure counts for in a sum, in tenths of a bit.

    `share` is its size as a share of the largest term, for a bar.
    """

    measure: str
    points: int
    share: float


@dataclass(frozen=True)
class Sum:
    """The sum of a scorecard for one hit: its terms, the largest first, and the threshold where it is known."""

    total: int
    threshold: int | None
    terms: tuple[Term, ...]


def read_described(report: Path) -> dict[str, Described]:
    """Read what `rules.json` says about each rule, by id; nothing where there is no such file."""
    path = report / RULES_FILE
    return {rule["id"]: rule for rule in orjson.loads(path.read_bytes())} if path.exists() else {}


def add_up_signals(report: Path) -> pl.DataFrame:
    """Add the signals of each hit up: `id, rule, line, start`, and what follows.

    `weight` is their sum, and `points` says whether any of them is of a measure of a scorecard; `measured` is the sum of those.
    """
    columns = ["id", "rule", "line", "start", "weight", "evidence"]
    signals = pl.read_parquet(report / "signals.parquet", columns=columns, glob=False)
    of_measure = pl.col("evidence").is_not_null()
    return signals.group_by("id", "rule", "line", "start").agg(
        pl.col("weight").sum(),
        of_measure.any().alias("points"),
        pl.col("weight").filter(of_measure).cast(pl.Float64).sum().alias("measured"),
    )


def describe_limit(measure: dict[str, Any], value: float | None) -> str:
    """Say what was measured and what was asked.

    >>> describe_limit({"column": "words", "min": 50, "max": None}, 12)
    'words 12, at least 50 asked'
    >>> describe_limit({"column": "digit_share", "min": None, "max": 0.2}, 0.36789)
    'digit_share 0.3679, at most 0.2 allowed'
    """
    low, high = measure.get("min"), measure.get("max")
    asked = [f"at least {low:g} asked"] if low is not None else []
    asked += [f"at most {high:g} allowed"] if high is not None else []
    found = "not measured" if value is None else f"{value:.4g}" if isinstance(value, float) else f"{value}"
    return f"{measure['column']} {found}, {' and '.join(asked)}"


def read_values(
    report: Path, out: Path, described: dict[str, Described], rows: Iterable[dict[str, Any]]
) -> dict[tuple[str, str], str]:
    """Give what was measured beside its limit, by rule and document.

    For rows of hits whose rules measure documents.
    """
    wanted: dict[str, set[str]] = {}
    for row in rows:
        measure = described.get(row["rule"], {}).get("measure")
        if measure and row["line"] is None:
            wanted.setdefault(row["rule"], set()).add(row["id"])
    identities = pl.Series(sorted(set().union(*wanted.values())), dtype=pl.String)
    if identities.is_empty():
        return {}
    columns = {described[rule]["measure"]["column"] for rule in wanted}
    tables = [report / "measures.parquet", *(store.out_files(out) if SPAM_SCORE in columns else [])]
    values: dict[tuple[str, str], float] = {}
    for path in tables:
        table = store.scan_rows(path)
        here = sorted(columns & set(table.collect_schema()))
        found = table.select("id", *here).filter(pl.col("id").is_in(identities.implode())).collect()
        for row in found.iter_rows(named=True):
            values |= {(row["id"], name): row[name] for name in here}
    return {
        (rule, name): describe_limit(described[rule]["measure"], values.get((name, described[rule]["measure"]["column"])))
        for rule, names in wanted.items()
        for name in names
    }  # fmt: skip


def sum_terms(rows: Iterable[dict[str, Any]], threshold: int | None) -> Sum | None:
    """Add up the signals of one hit that have a measure; None where there are none."""
    terms = [(row["evidence"], row["weight"]) for row in rows if row["evidence"] is not None]
    if not terms:
        return None
    largest = max(abs(weight) for _, weight in terms) or 1
    ordered = sorted(terms, key=lambda term: (-abs(term[1]), term[0]))
    shown = tuple(Term(name, round(weight), abs(weight) / largest) for name, weight in ordered)
    return Sum(round(sum(weight for _, weight in terms)), threshold, shown)
