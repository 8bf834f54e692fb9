"""OUT is checked before any work: its kind, that it touches no INPUT, and that nothing of others is lost."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

import cleanse
from cleanse.cli import main
from cleanse.errors import CleanseError, InputError, OptionError, OutputError
from cleanse.files import check_place
from tests.runs import put, rows

TEXT = "The harbour office opens at nine, and the ferry leaves when the tide allows it.\n"
KINDS = {
    "x.csv": "OUT cannot be of the kind .csv",
    "x.parquet.gz": "OUT cannot be of the kind .gz",
    "x.PARQUET": "OUT cannot be of the kind .PARQUET",
    "x.txt": "OUT cannot be of the kind .txt",
    "x.7z": "OUT cannot be of the kind .7z",
    "hf://datasets/a/b": "nothing can be written to hf://",
    "file:///tmp/x.parquet": "nothing can be written to file://",
    "https://example.org/x.parquet": "nothing can be written to https://",
    "s3://bucket": "OUT is a whole bucket",
}


@pytest.mark.parametrize("out", KINDS)
def test_an_out_of_another_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, out: str) -> None:
    """What cleanse does not write is refused before anything is read, and nothing is made."""
    put(tmp_path, {"in/a.txt": TEXT})
    monkeypatch.chdir(tmp_path)
    got = CliRunner().invoke(main, ["run", "--rules", "nowhere", "in", "--overwrite", "--", out])
    assert (got.exit_code, got.stderr.splitlines()[0]) == (2, f"error: {KINDS[out]}: {out}")
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


@pytest.mark.parametrize(
    "out",
    [
        "out",
        "out.jsonl",
        "out.jsonl.gz",
        "out.jsonl.zst",
        "corpus-1.2",
        ".out",
        "a b",
        "out [1]*",
        "new/deep/out.parquet",
    ],
)
def test_names_of_an_out(tmp_path: Path, out: str) -> None:
    """Parquet, JSONL and a folder are kinds that are known; a number behind a dot is no kind of file."""
    put(tmp_path, {"in/a.txt": TEXT})
    check_place(tmp_path / out, [tmp_path / "in"], overwrite=False)


PAGE = {"in/a.txt": TEXT, "in/deep/b.txt": TEXT, "out.report/c.txt": TEXT, "out.work/d.txt": TEXT}
TOUCHING = {
    ("in/a.txt", "in/a.txt"): (OptionError, "OUT cannot be of the kind .txt"),
    ("in", "in"): (InputError, "this input is OUT, or stands inside it"),
    ("in/deep", "in"): (InputError, "this input is OUT, or stands inside it"),
    ("in/deep/b.txt", "in"): (InputError, "this input is OUT, or stands inside it"),
    ("in", "in/deep"): (OutputError, "OUT lies in an INPUT"),
    ("in", "in/out.parquet"): (OutputError, "OUT lies in an INPUT"),
    ("in", "in/new/deep/out.parquet"): (OutputError, "OUT lies in an INPUT"),
    ("in", "link/out.parquet"): (OutputError, "OUT lies in an INPUT"),
    ("link", "in/out.parquet"): (OutputError, "OUT lies in an INPUT"),
    ("in", "link"): (InputError, "this input is OUT, or stands inside it"),
    (".", "out.parquet"): (OutputError, "OUT lies in an INPUT"),
    ("out.report", "out.parquet"): (InputError, "this input is OUT, or stands inside it"),
    ("out.report/c.txt", "out"): (InputError, "this input is OUT, or stands inside it"),
    ("out.work/d.txt", "out"): (InputError, "this input is OUT, or stands inside it"),
}


@pytest.mark.parametrize(("name", "out"), TOUCHING)
def test_an_out_that_touches_an_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, out: str) -> None:
    """OUT, its report and its work folder may be no INPUT, hold none and lie in none, by whatever name, with --overwrite too."""
    put(tmp_path, PAGE)
    (tmp_path / "link").symlink_to("in")
    monkeypatch.chdir(tmp_path)
    error, message = TOUCHING[name, out]
    with pytest.raises(error, match=message):
        cleanse.run(name, out, overwrite=True)
    assert {path: Path(path).read_text() for path in PAGE} == PAGE


@pytest.mark.parametrize("name", ["same.parquet", "hard.parquet", "soft.parquet"])
def test_an_out_that_is_an_input_by_another_name(tmp_path: Path, name: str) -> None:
    """A link to an INPUT is that INPUT."""
    pl.DataFrame({"text": [TEXT]}).write_parquet(tmp_path / "same.parquet")
    (tmp_path / "hard.parquet").hardlink_to(tmp_path / "same.parquet")
    (tmp_path / "soft.parquet").symlink_to("same.parquet")
    with pytest.raises(InputError, match="this input is OUT"):
        cleanse.run(tmp_path / "same.parquet", tmp_path / name, overwrite=True)


@pytest.mark.parametrize("suffix", ["txt", "jsonl", "csv", "parquet"])
@pytest.mark.parametrize("overwrite", [(), ("--overwrite",)])
def test_an_out_that_was_forgotten(tmp_path: Path, suffix: str, overwrite: tuple[str, ...]) -> None:
    """Of `cleanse run sh/*.parquet` the last file is OUT: no option lets it be destroyed, and the hint says what is missing."""
    names = [str(tmp_path / f"{letter}.{suffix}") for letter in "abc"]
    for name in names:
        pl.DataFrame({"text": [TEXT]}).write_parquet(name)
    before = Path(names[-1]).read_bytes()
    got = CliRunner().invoke(main, ["run", *overwrite, *names])
    assert (got.exit_code, Path(names[-1]).read_bytes()) == (2, before)
    assert "as the last argument" in got.stderr or "OUT is the last argument" in got.stderr
    assert sorted(map(str, tmp_path.iterdir())) == names


def test_a_pattern_that_matches_out(tmp_path: Path) -> None:
    """A pattern passes over the OUT of the run before, and refuses an OUT that somebody else wrote."""
    pl.DataFrame({"text": [TEXT]}).write_parquet(tmp_path / "a.parquet")
    for _ in range(2):
        assert rows(cleanse.run(tmp_path / "*", tmp_path / "out.parquet"))["id"].to_list() == ["a.parquet#0"]
    pl.DataFrame({"text": ["theirs"]}).write_parquet(tmp_path / "b.parquet")
    with pytest.raises(CleanseError, match="this input is OUT"):
        cleanse.run(tmp_path / "*", tmp_path / "b.parquet", overwrite=True)
    assert pl.read_parquet(tmp_path / "b.parquet")["text"].to_list() == ["theirs"]


def test_a_report_belongs_to_one_out(tmp_path: Path) -> None:
    """`out` and `out.parquet` would have the same report: the second does not take it from the first."""
    put(tmp_path, {"in/a.txt": TEXT})
    first = cleanse.run(tmp_path / "in", tmp_path / "out.parquet")
    with pytest.raises(OutputError, match=r"out\.report is the report of out\.parquet"):
        cleanse.run(tmp_path / "in", tmp_path / "out")
    assert (first.report / "hits.parquet").exists()
