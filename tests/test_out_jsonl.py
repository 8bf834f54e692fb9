"""OUT in JSONL: a file, a packed one, or the standard output."""

from __future__ import annotations

import gzip
import io
import subprocess
import sys
from pathlib import Path

import orjson
import polars as pl
import pytest
import zstandard
from click.testing import CliRunner
from runs import put

import cleanse
from cleanse.cli import main
from cleanse.errors import OptionError, OutputError
from cleanse.files import is_out, store

TEXT = "The kiln was lit before dawn.\nShare on Facebook\nBy noon the glaze had run.\x00\u2028 \u201cSo\u201d\n"
FILES = {
    "in/a.txt": TEXT,
    "in/b.jsonl": b'{"id": "one", "text": "Rain fell on the pier all day.", "n": 1, "tags": ["x"]}\n{"no": 1}\n'
    b'{"id": "two", "text": "The ferry came late again that evening.", "n": null, "tags": []}\n',
}


def unpack(path: Path) -> bytes:
    """Give what a file holds."""
    if path.suffix == ".gz":
        return gzip.decompress(path.read_bytes())
    if path.suffix == ".zst":
        with zstandard.ZstdDecompressor().stream_reader(io.BytesIO(path.read_bytes())) as stream:
            return stream.read()
    return path.read_bytes()


@pytest.mark.parametrize("name", ["out.jsonl", "out.jsonl.gz", "out [1].jsonl.zst"])
def test_jsonl_holds_what_parquet_does(tmp_path: Path, name: str) -> None:
    """Rows, columns and order are those of Parquet; a second run writes the same bytes in its place."""
    put(tmp_path, FILES)
    expected = pl.read_parquet(cleanse.run(tmp_path / "in", tmp_path / "p.parquet").out)
    result = cleanse.run(tmp_path / "in", tmp_path / name)
    found = [orjson.loads(line) for line in unpack(result.out).splitlines()]
    assert [list(row) for row in found] == [expected.columns] * expected.height
    got = pl.DataFrame(found, schema=expected.schema)
    assert got.equals(expected)
    before = result.out.read_bytes()
    assert cleanse.run(tmp_path / "in", tmp_path / name, shard_bytes=1).out.read_bytes() == before
    assert not result.out.with_name("out.work").exists()


@pytest.mark.parametrize("name", ["out.jsonl", "out.jsonl.gz", "out [1].jsonl.zst"])
def test_commands_read_an_out_in_jsonl(tmp_path: Path, name: str) -> None:
    """`restore`, `why`, `report`, `diff` and --against do what they do with Parquet."""
    put(tmp_path, FILES)
    out, other = str(tmp_path / name), str(tmp_path / "other.parquet")
    cleanse.run(tmp_path / "in", out)
    cleanse.run(tmp_path / "in", other, ignore="boilerplate")
    shown = {
        arguments[0]: CliRunner().invoke(main, arguments)
        for arguments in (
            ["restore", out, "--to", str(tmp_path / "back")],
            ["why", out, "a.txt"],
            ["report", out],
            ["diff", out, other],
            ["rules", "--out", out],
        )
    }
    assert {name: got.exit_code for name, got in shown.items()} == dict.fromkeys(shown, 0)
    assert (tmp_path / "back/a.txt").read_text() == TEXT
    assert pl.read_parquet(tmp_path / "back/b.jsonl.parquet")["id"].to_list() == ["one", "two", "b.jsonl#1"]
    assert "[-Share on Facebook-]" in shown["why"].stdout
    assert "boilerplate/share" in shown["diff"].stdout
    later = cleanse.run(tmp_path / "in", tmp_path / "later.parquet", against=out)
    assert later.summary["ledger"]["documents"]["kept"] == 0


def test_a_jsonl_that_was_changed_is_not_ours(tmp_path: Path) -> None:
    """What somebody wrote into OUT is never deleted, and OUT is known by its content under another name of the same stem."""
    put(tmp_path, FILES)
    out = cleanse.run(tmp_path / "in", tmp_path / "out.jsonl").out
    assert is_out(out)
    changed = out.read_bytes().replace(b"kiln", b"oven")
    out.write_bytes(changed)
    assert not is_out(out)
    with pytest.raises(OutputError, match="OUT exists and is not an output of cleanse"):
        cleanse.run(tmp_path / "in", out)
    cleanse.run(tmp_path / "in", out, overwrite=True)
    assert (tmp_path / "out.jsonl.before-1").read_bytes() == changed


def test_a_report_belongs_to_one_out(tmp_path: Path) -> None:
    """`out.jsonl` does not take the report of `out.parquet`, nor the other way round."""
    put(tmp_path, FILES)
    cleanse.run(tmp_path / "in", tmp_path / "out.jsonl")
    for name in ("out", "out.parquet", "out.jsonl.gz"):
        with pytest.raises(OutputError, match=r"out\.report is the report of out\.jsonl"):
            cleanse.run(tmp_path / "in", tmp_path / name)


def test_an_earlier_out_is_passed_over(tmp_path: Path) -> None:
    """In a folder that is read, an OUT in JSONL and its report are no input."""
    put(tmp_path, FILES)
    cleanse.run(tmp_path / "in", tmp_path / "old.jsonl")
    put(tmp_path, {"pages/c.txt": "A third page about nothing in particular."})
    for name in ("old.jsonl", "old.report"):
        (tmp_path / name).rename(tmp_path / "pages" / name)
    result = cleanse.run(tmp_path / "pages", tmp_path / "new.jsonl")
    assert result.summary["inputs"]["outputs"] == ["old.jsonl", "old.report"]


def test_values_that_json_does_not_have(tmp_path: Path) -> None:
    """Bytes are written in base64, also inside of lists; numbers that are not finite are null."""
    frame = pl.DataFrame({
        "text": ["The last tram leaves at ten."],
        "raw": [b"\xff\x00"],
        "deep": [[{"b": b"a", "n": 1}]],
        "ratio": [float("nan")],
    })  # fmt: skip
    frame.write_parquet(tmp_path / "in.parquet")
    row = orjson.loads(cleanse.run(tmp_path / "in.parquet", tmp_path / "out.jsonl").out.read_bytes())
    assert (row["raw"], row["deep"], row["ratio"]) == ("/wA=", [{"b": "YQ==", "n": 1}], None)


def command(folder: Path, *arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run cleanse in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "cleanse", *arguments], cwd=folder, input=stdin, capture_output=True, check=False
    )


def test_the_standard_output(tmp_path: Path) -> None:
    """`-` writes JSONL and nothing else; saved beside its report, it is an OUT like any other."""
    put(tmp_path, FILES)
    expected = cleanse.run(tmp_path / "in", tmp_path / "p.jsonl").out.read_bytes()
    got = command(tmp_path, "run", "in", "-", "--report", "clean.report")
    assert (got.returncode, got.stdout) == (1, expected)
    assert b"kept         3 documents" in got.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clean.report", "in", "p.jsonl", "p.report"]
    (tmp_path / "clean.jsonl").write_bytes(got.stdout)
    assert store.read_metadata(tmp_path / "clean.jsonl") == store.read_metadata(tmp_path / "p.jsonl")
    piped = command(tmp_path, "run", "-", "-", "--report", "in.report", "--quiet", stdin=b'{"text": "A short line."}\n')
    assert (piped.returncode, piped.stderr) == (0, b"")
    assert orjson.loads(piped.stdout)["id"] == "stdin.jsonl#0"


def test_the_report_of_the_standard_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It must be named, by a name that tells what it is; with any other OUT it has its place."""
    put(tmp_path, FILES)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OptionError, match="its report has no place"):
        cleanse.run("in", "-")
    with pytest.raises(OptionError, match=r"must end in \.report"):
        cleanse.run("in", "-", report="clean")
    with pytest.raises(OptionError, match="--report is for OUT - only"):
        cleanse.run("in", "out.jsonl", report="out.report")
    cleanse.run("in", "clean.jsonl")
    with pytest.raises(OutputError, match=r"clean\.report is the report of clean\.jsonl"):
        cleanse.run("in", "-", report="clean.report")
