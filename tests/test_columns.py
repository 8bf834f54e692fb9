"""Columns of rows that options name: the same answer in every format, and ids where the input has none that differ."""

from __future__ import annotations

import json
import re
from pathlib import Path

import polars as pl
import pytest

from cleanse.errors import InputError
from tests.runs import put, quarantine, rows, run

FORMATS = ("jsonl", "ndjson", "csv", "tsv", "parquet", "jsonl.gz")
TEXTS = ["The ferry leaves at nine.", "The office opens at noon."]


def write(folder: Path, name: str, columns: dict[str, list[object]]) -> None:
    """Write rows in the format that a name asks for."""
    put(folder, {})
    frame, suffix = pl.DataFrame(columns), name.split(".", 1)[1]
    if suffix == "parquet":
        frame.write_parquet(folder / name)
    elif suffix in ("csv", "tsv"):
        frame.write_csv(folder / name, separator="," if suffix == "csv" else "\t")
    else:
        content = "".join(json.dumps(row) + "\n" for row in frame.to_dicts()).encode()
        if suffix.endswith(".gz"):
            import gzip

            content = gzip.compress(content, mtime=0)
        put(folder, {name: content})


@pytest.mark.parametrize("suffix", FORMATS)
def test_numbered_rows(tmp_path: Path, suffix: str) -> None:
    """Two files that each begin at 0 are refused with a hint that helps; numbered, they are read, and their ids are kept."""
    for name in ("a", "b"):
        texts = [f"{name}: {text}" for text in TEXTS]
        write(tmp_path / "in", f"{name}.{suffix}", {"id": [0, 1], "text": texts, "nr": [7, 7]})
    for options in ({}, {"id_column": "nr"}):
        with pytest.raises(InputError) as caught:
            run(tmp_path, {}, **options)
        hint = "number the rows with --number-rows, or name a column whose values differ with --id-column"
        where, what = ("0, 1", "2 ids occur") if not options else ("7", "1 id occurs")
        assert str(caught.value) == f"{what} more than once: {where}\n  hint: {hint}"
    out = rows(run(tmp_path, {}, number_rows=True, ignore=["dedupe"]))
    ids = [f"{name}.{suffix}#{row}" for name in "ab" for row in (0, 1)]
    assert (out["id"].to_list(), [str(value) for value in out["input_id"]]) == (ids, ["0", "1"] * 2)


def test_numbered_rows_count_every_line(tmp_path: Path) -> None:
    """The number is that of the line, whatever the shards, and a document of one file keeps its path."""
    body = '{"text": "one", "id": "x"}\n\n{\n{"text": "two", "id": null}\n{"text": "three"}\n'
    result = run(tmp_path, {"a.jsonl": body, "b.txt": "four"}, number_rows=True, shard_bytes=20)
    expected = [("a.jsonl#0", "x"), ("a.jsonl#3", None), ("a.jsonl#4", None), ("b.txt", None)]
    assert rows(result).select("id", "input_id").rows() == expected


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("option", ["id", "url", "text"])
def test_a_misspelt_column(tmp_path: Path, suffix: str, option: str) -> None:
    """A column that no row has is an error that names those that are there and the nearest one; nothing is quarantined."""
    write(tmp_path / "in", f"a.{suffix}", {"text": TEXTS, "nummer": ["a", "b"]})
    with pytest.raises(InputError) as caught:
        run(tmp_path, {}, **{f"{option}_column": "numer"})
    hint = f"name the column with --{option}-column, for example --{option}-column nummer"
    there = re.search(r"there are (.*): a", str(caught.value))
    assert sorted(there.group(1).split(", ") if there else []) == ["nummer", "text"]
    assert str(caught.value).startswith("no column `numer`; ")
    assert str(caught.value).endswith(f": a.{suffix}\n  hint: {hint}")
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


@pytest.mark.parametrize("shard_bytes", [None, 40])
def test_rows_without_their_id(tmp_path: Path, shard_bytes: int | None) -> None:
    """Where some rows have the id that was named, those without it are put aside; it may stand in the last shard only."""
    body = '{"text": "one"}\n' * 9 + '{"text": "two", "nr": 1}\n'
    result = run(tmp_path, {"a.jsonl": body}, id_column="nr", url_column="nr", shard_bytes=shard_bytes)
    assert rows(result)["id"].to_list() == ["1"]
    assert quarantine(result) == [("a.jsonl", row, "no field `nr`") for row in range(9)]


@pytest.mark.parametrize("suffix", FORMATS)
def test_the_text_in_the_column_id(tmp_path: Path, suffix: str) -> None:
    """A column `id` that holds the text is not its own id."""
    write(tmp_path / "in", f"a.{suffix}", {"id": TEXTS})
    assert rows(run(tmp_path, {}, text_column="id"))["id"].to_list() == [f"a.{suffix}#0", f"a.{suffix}#1"]
