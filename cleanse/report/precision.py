"""What reviewers found, in the table of rules of an OUT that is there already."""

from __future__ import annotations

import os
from pathlib import Path

import polars as pl

from cleanse import documents
from cleanse.errors import InputError
from cleanse.files import report_folder, store
from cleanse.rules import load_rules
from cleanse.verdicts import add_precision, count_verdicts, keep_valid, read_verdicts


def read_rule_table(out: str | os.PathLike[str]) -> pl.DataFrame:
    """Read `rules.parquet` of an OUT; one that an older version wrote gets the columns that it lacks.

    Raises:
        InputError: OUT is not ours, or its report is missing.
    """
    place = Path(out)
    path = report_folder(place) / "rules.parquet"
    if not place.exists() or store.read_metadata(place) is None or not path.exists():
        raise InputError("not an output of cleanse with its report", where=str(place), hint="give the OUT of a run")
    return complete_table(pl.read_parquet(path, glob=False))


def complete_table(table: pl.DataFrame) -> pl.DataFrame:
    """Give a table of rules that an older version wrote the columns that it lacks."""
    table = table if "judged" in table.columns else add_precision(table, count_verdicts([]))
    return table.select(pl.col(name).cast(dtype) for name, dtype in documents.RULES.items())


def update_precision(out: str | os.PathLike[str], verdicts: str | os.PathLike[str]) -> Path:
    """Write what reviewers found into `rules.parquet` of an OUT; gives its path.

    It takes the place of what stands there.

    Counted are verdicts on the versions of rules that the run used, and on others where the rules that come with cleanse still hit the text.
    """
    table = read_rule_table(out)
    versions = table.select("rule", "version").unique().rows()
    counted = count_verdicts(keep_valid(read_verdicts(verdicts), load_rules(), versions))
    path = report_folder(Path(out)) / "rules.parquet"
    temporary = path.with_name(f"{path.name}.tmp")
    add_precision(table, counted).select(documents.RULES.keys()).write_parquet(temporary, compression="zstd")
    temporary.replace(path)
    return path
