"""Trying a run out: the first documents, a sample, a dry run, and one text."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result

import cleanse
from cleanse.cli import main
from cleanse.errors import CleanseError
from tests.runs import put, quarantine, rows, run

LINES = [json.dumps({"text": f"Boat number {n} left the harbour at dawn.", "n": n}) for n in range(12)]
FILES = {
    "a.txt": "One page about lighthouses.",
    "b.jsonl": "\n".join([*LINES[:3], "not json", *LINES[3:]]),
    "c.md": "Another page, about tides.",
    "d.csv": "text,place\nThe nets were dry.,quay\nThe gulls had gone.,roof\n",
}


@pytest.mark.parametrize("shard_bytes", [1, 10**6])
def test_the_first_documents(tmp_path: Path, shard_bytes: int) -> None:
    """`limit` reads so many documents in input order, those that cannot be read among them, whatever the shards."""
    result = run(tmp_path, FILES, limit=6, duplicates=False, shard_bytes=shard_bytes)
    assert rows(result)["id"].to_list() == ["a.txt", *(f"b.jsonl#{n}" for n in (0, 1, 2, 4))]
    assert [(source, row) for source, row, _ in quarantine(result)] == [("b.jsonl", 3)]
    assert result.summary["inputs"]["files"] == 2
    every = run(tmp_path / "every", FILES, limit=1000, duplicates=False, shard_bytes=shard_bytes)
    assert every.summary["ledger"]["documents"]["read"] == 17


def test_the_first_rows_of_parquet(tmp_path: Path) -> None:
    """Row groups are cut where the limit is, and rows without a text count."""
    texts = ["The pier is closed.", None, *(f"Berth {n} is free." for n in range(20))]
    pl.DataFrame({"text": texts}).write_parquet(tmp_path / "in.parquet", row_group_size=3)
    result = cleanse.run(tmp_path / "in.parquet", tmp_path / "out.parquet", limit=5, duplicates=False)
    assert rows(result)["id"].to_list() == [f"in.parquet#{n}" for n in (0, 2, 3, 4)]
    assert quarantine(result) == [("in.parquet", 1, "`text` is null")]


@pytest.mark.parametrize("name", ["in.jsonl", "in.jsonl.gz"])
def test_a_limit_does_not_hide_a_wrong_column(tmp_path: Path, name: str) -> None:
    """Where the first rows have no text the run says which columns there are; the field of a later row counts."""
    lines = b'{"body": "The dock is empty."}\n' * 4
    data = gzip.compress(lines) if name.endswith(".gz") else lines
    put(tmp_path, {name: data})
    with pytest.raises(CleanseError, match="no column `text`; there are body"):
        cleanse.run(tmp_path / name, tmp_path / "out.parquet", limit=2)
    put(tmp_path, {"later.jsonl": lines + b'{"text": "The dock is full."}\n'})
    assert cleanse.run(tmp_path / "later.jsonl", tmp_path / "later.parquet", limit=2).quarantined == 2


def test_a_sample(tmp_path: Path) -> None:
    """`sample` takes so many documents by a hash of their ids: the same ones whatever the shards; another seed takes others."""
    one = rows(run(tmp_path / "1", FILES, sample=7, duplicates=False))["id"].to_list()
    two = rows(run(tmp_path / "2", FILES, sample=7, duplicates=False, shard_bytes=1))["id"].to_list()
    assert one == two
    assert len(one) in (6, 7)  # the line that is no JSON may be in it
    other = run(tmp_path / "3", FILES, sample=7, seed=1, duplicates=False)
    assert other.summary["ledger"]["documents"]["read"] == 7
    assert rows(other)["id"].to_list() != one
    every = run(tmp_path / "4", FILES, sample=100, duplicates=False)
    assert every.summary["ledger"]["documents"]["read"] == 17


def invoke(*arguments: str, stdin: str | bytes | None = None) -> Result:
    """Run a command."""
    return CliRunner().invoke(main, list(arguments), input=stdin)


def test_a_dry_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--dry-run` names files, kinds, ids, columns and shards, and writes nothing."""
    put(tmp_path, {**{f"in/{name}": content for name, content in FILES.items()}, "in/e.doc": "?"})
    monkeypatch.chdir(tmp_path)
    got = invoke("run", "in", "out.parquet", "--dry-run")
    size = sum(len(content) for content in FILES.values())
    assert got.stdout.splitlines() == [
        f"would read   4 files, {f'{size:,}'.replace(',', ' ')} bytes, in 1 shard",
        ".txt         1 file, the first a.txt",
        "             ids a.txt",
        ".jsonl       1 file, the first b.jsonl",
        "             ids b.jsonl#0, b.jsonl#1, b.jsonl#2",
        "             other columns n",
        ".md          1 file, the first c.md",
        "             ids c.md",
        ".csv         1 file, the first d.csv",
        "             ids d.csv#0, d.csv#1",
        "             other columns place",
        "passed over  1 file of unknown kind",
        "would write  out.parquet and out.report",
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["in"]
    wrong = invoke("run", "in", "out.parquet", "--dry-run", "--text-column", "body")
    assert (wrong.exit_code, "no column `body`; there are n, text" in wrong.stderr) == (2, True)


def test_explain_shows_what_would_happen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A text, given or piped in, is shown with what each rule did to it; nothing is written."""
    monkeypatch.chdir(tmp_path)
    text = "The kiln was lit before dawn.\nShare on Facebook\n"
    given, piped = invoke("explain", text), invoke("explain", stdin=text)
    assert given.exit_code == piped.exit_code == 0
    assert given.stdout == piped.stdout
    assert "[-Share on Facebook-]" in given.stdout
    assert "boilerplate/share" in given.stdout
    assert "[-Share" not in invoke("explain", text, "--ignore", "boilerplate").stdout
    assert "quality/empty" in invoke("explain", " ").stdout
    assert list(tmp_path.iterdir()) == []
