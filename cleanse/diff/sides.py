"""One side of a comparison: an OUT of ours with its report, or somebody else's Parquet with ids and texts."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from cleanse.errors import InputError
from cleanse.files import report_folder, store

KEPT = "kept"
# Two numbers stand for a text or a place while both sides are in memory: together they have 128 bits. They are never stored.
SEEDS = (1, 2)
DOCUMENTS = {"id": pl.String(), "language": pl.String(), "reason": pl.String(), "chars": pl.UInt32()}
HIT_PLACE = ("id", "rule", "action", "line", "start", "end", "text", "replacement")


@dataclass(frozen=True)
class Side:
    """Where one side lies and how its columns are called.

    `ours` says that it has a report of cleanse beside it.
    """

    place: Path
    files: tuple[Path, ...]
    ours: bool
    text_column: str
    id_column: str
    summary: dict[str, Any]

    @property
    def report(self) -> Path:
        """Name the folder of its report."""
        return report_folder(self.place)

    @property
    def name(self) -> str:
        """Give the name of the file or folder, for people."""
        return self.place.name

    def scan_texts(self) -> pl.LazyFrame:
        """Scan `id, text` of what it keeps."""
        named = {"id": self.id_column, "text": self.text_column}
        return _scan(self.files).select(pl.col(column).cast(pl.String).alias(name) for name, column in named.items())

    def read_documents(self) -> pl.DataFrame:
        """Give a row a document: DOCUMENTS and two numbers, `text_1` and `text_2`, that stand for its text.

        `reason` is KEPT, or the rule that dropped it; `chars` counts the characters of its clean text. Of others only what they kept is known.
        """
        numbers = [pl.col("text").hash(seed).alias(f"text_{seed}") for seed in SEEDS]
        length = pl.col("text").str.len_chars().cast(pl.UInt32).alias("chars")
        if not self.ours:
            und = pl.lit(None, pl.String).alias("language")
            found = self.scan_texts().select("id", und, pl.lit(KEPT).alias("reason"), length, *numbers).collect()
        else:
            languages = pl.scan_parquet(self.report / "measures.parquet", glob=False).select("id", "language")
            kept = _scan(self.files)
            dropped = pl.scan_parquet(self.report / "dropped.parquet", glob=False)
            found = (
                pl.concat(
                    [
                        kept.select("id", pl.lit(KEPT).alias("reason"), length, *numbers),
                        dropped.select("id", "reason", length, *numbers),
                    ]
                )
                .join(languages, on="id", how="left")
                .select(*DOCUMENTS, *(f"text_{seed}" for seed in SEEDS))
                .collect()
            )
        twice = found.filter(pl.col("id").is_duplicated() | pl.col("id").is_null())
        if twice.height:
            hint = "both sides need one row an id: name the column with --id-column"
            raise InputError(f"{twice.height} rows share their id", where=f"{self.place}: {twice['id'][0]}", hint=hint)
        return found

    def read_texts(self, identities: pl.Series) -> pl.DataFrame:
        """Read `id, text` of some documents that it keeps."""
        return self.scan_texts().filter(pl.col("id").is_in(identities.implode())).collect()

    def scan_hits(self) -> pl.LazyFrame:
        """Scan its hits."""
        return pl.scan_parquet(self.report / "hits.parquet", glob=False)

    def number_hits(self) -> pl.DataFrame:
        """Give two numbers for each hit, in order.

        `hit_1` and `hit_2` stand for its rule, place and texts.
        """
        place = pl.struct(HIT_PLACE)
        return self.scan_hits().select(place.hash(seed).alias(f"hit_{seed}") for seed in SEEDS).collect()

    def read_versions(self) -> pl.DataFrame:
        """Give `rule, version` of all rules that ran."""
        return pl.read_parquet(self.report / "rules.parquet", columns=["rule", "version"], glob=False).unique()


def _scan(files: Sequence[Path]) -> pl.LazyFrame:
    """Scan all files of one side as one table."""
    if store.is_jsonl(files[0]):
        return pl.concat([store.scan_rows(path) for path in files])
    return pl.scan_parquet(list(files), glob=False, missing_columns="insert")


def open_side(out: str | os.PathLike[str], text_column: str = "text", id_column: str = "id") -> Side:
    """Open an OUT of ours, or the Parquet of another tool: a file, or a folder of files.

    Raises:
        InputError: it is not there, is not Parquet, or has no such columns; the report of an OUT of ours is missing.
    """
    place = Path(out)
    if not place.exists():
        raise InputError("no such OUT", where=str(place), hint="give a .parquet file, or a folder of them")
    ours = store.read_metadata(place) is not None
    files = store.out_files(place) if ours else sorted(place.rglob("*.parquet")) if place.is_dir() else [place]
    if not files:
        raise InputError("no Parquet file in this folder", where=str(place), hint="give the folder that holds them")
    try:
        names = _scan(files).collect_schema().names()
    except (pl.exceptions.PolarsError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"not Parquet: {reason}", where=str(place), hint="convert it first") from error
    columns = ("text", "id") if ours else (text_column, id_column)
    missing = [name for name in columns if name not in names]
    if missing:
        hint = f"there are {', '.join(names)}; name them with --text-column and --id-column"
        raise InputError(f"no column {' or '.join(missing)}", where=str(place), hint=hint)
    summary: dict[str, Any] = {}
    if ours:
        report = report_folder(place)
        needed = [report / name for name in ("hits.parquet", "measures.parquet", "dropped.parquet", "rules.parquet")]
        absent = [path for path in (*needed, report / store.SUMMARY) if not path.exists()]
        if absent:
            raise InputError("a part of the report is missing", where=str(absent[0]), hint="it must stand beside OUT")
        summary = orjson.loads((report / store.SUMMARY).read_bytes())
    return Side(place, tuple(files), ours, *columns, summary)
