"""Run `cleanse` over a few files that a test writes, and read what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

import cleanse
from cleanse.files import store
from cleanse.passes.give_back import restore
from cleanse.passes.job import Result

TABLES = ("hits", "signals", "blocks", "drafts", "measures", "rules", "dropped", "quarantine", "originals")


def put(folder: Path, files: Mapping[str, bytes | str]) -> Path:
    """Write files into a folder; a text is written in UTF-8, its line ends as they are."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def run(folder: Path, files: Mapping[str, bytes | str], **options: object) -> Result:
    """Clean the files into `folder`/out.parquet, with the books checked."""
    result = cleanse.run(put(folder / "in", files), folder / "out.parquet", **options)  # type: ignore[arg-type]
    check_books(result)
    return result


def rows(result: Result) -> pl.DataFrame:
    """Read OUT."""
    return pl.concat(pl.read_parquet(path, glob=False) for path in store.out_files(result.out))


def table(result: Result, name: str) -> pl.DataFrame:
    """Read a table of the report."""
    return pl.read_parquet(result.report / f"{name}.parquet", glob=False)


def quarantine(result: Result) -> list[tuple[str, int | None, str]]:
    """Give source, row and error of what was put into quarantine."""
    return table(result, "quarantine").select("source", "row", "error").rows()


def check_books(result: Result) -> None:
    """Compare the ledger with the rows of the tables: read = kept + dropped + quarantined."""
    books = result.summary["ledger"]["documents"]
    kept, dropped, refused = rows(result).height, table(result, "dropped").height, table(result, "quarantine").height
    expected = {"read": kept + dropped + refused, "kept": kept, "dropped": dropped, "quarantined": refused}
    assert books == expected


def restored(result: Result, to: Path) -> dict[str, bytes]:
    """Restore into the folder `to` and give the files that are there then."""
    restore(result.out, to)
    return {path.relative_to(to).as_posix(): path.read_bytes() for path in to.rglob("*") if path.is_file()}


def contents(result: Result) -> dict[str, bytes]:
    """Give the bytes of OUT and of the tables of its report."""
    out = {path.name: path.read_bytes() for path in store.out_files(result.out)}
    return out | {name: (result.report / f"{name}.parquet").read_bytes() for name in TABLES}
