"""Which files an INPUT names, what they are called, and how they are cut into shards."""

from __future__ import annotations

import os
from pathlib import Path

import polars as pl
import pyarrow.parquet
import pytest
from click.testing import CliRunner

import cleanse
from cleanse.cli import describe, main
from cleanse.errors import InputError, OptionError
from cleanse.files import Columns, read_shard
from cleanse.files.sources import Wanted, find_inputs, plan_shards
from cleanse.rules import load_rules
from tests.runs import check_books, put, rows, run

TEXT = "The harbour office opens at nine, and the ferry leaves when the tide allows it.\n"
TREE = {
    "b.txt": TEXT,
    "a/x.md": TEXT,
    "a/é è.txt": TEXT,
    "a/.hidden.txt": TEXT,
    "c.jsonl": "",
    "notes.doc": "x",
    "Z.TXT": TEXT,
}


def sources(*inputs: Path, out: Path) -> list[str]:
    return [file.source for file in find_inputs(inputs, out).files]


def test_a_folder_is_read_whole_in_the_order_of_names(tmp_path: Path) -> None:
    """Folders are recursive, files stand in the order of their bytes, and unknown kinds are passed over."""
    found = find_inputs([put(tmp_path / "in", TREE)], tmp_path / "out.parquet")
    assert [file.source for file in found.files] == [
        "Z.TXT",
        "a/.hidden.txt",
        "a/x.md",
        "a/é è.txt",
        "b.txt",
        "c.jsonl",
    ]
    assert found.passed_over == ("notes.doc",)


def test_what_is_passed_over_stands_in_the_summary(tmp_path: Path) -> None:
    """Unknown kinds, pipes, hidden folders, outputs and links are named in the summary, so that nothing is lost silently."""
    earlier = run(tmp_path / "in", {"a.txt": TEXT})
    (tmp_path / "in" / "in").rename(tmp_path / "in" / "deep")
    folder = put(tmp_path / "in", {"b.doc": "x", "c.parquet.gz": "x", ".venv/lib/d.txt": TEXT, "deep/.git/e.txt": TEXT})
    os.mkfifo(folder / "pipe.txt")
    (folder / "loop").symlink_to(folder)
    (folder / "again").symlink_to("deep")
    (folder / "far").symlink_to(put(tmp_path / "elsewhere", {"f.txt": TEXT * 2}))
    (tmp_path / "elsewhere" / "up").symlink_to(tmp_path)
    (tmp_path / "elsewhere" / "nowhere").symlink_to("nothing")
    result = run(tmp_path, {})
    assert earlier.report.name == "out.report"
    assert rows(result)["id"].to_list() == ["deep/a.txt", "far/f.txt"]
    assert result.summary["inputs"] == {
        "files": 2,
        "passed_over": ["b.doc", "c.parquet.gz", "far/nowhere", "pipe.txt"],
        "hidden": [".venv", "deep/.git"],
        "outputs": ["out.parquet", "out.report"],
        "links": ["again", "far/up", "loop"],
        "left_out": [],
    }
    assert "passed over  4 files of unknown kind, 2 hidden folders, 2 outputs of cleanse, 3 links to" in describe(
        result
    )


WANTED = {
    ("*.txt",): ((), ["a/.hidden.txt", "a/é è.txt", "b.txt"]),
    (): (("*.txt", "*.TXT"), ["a/x.md", "c.jsonl"]),
    ("a/*",): (("*.md",), ["a/.hidden.txt", "a/é è.txt"]),
    ("[!a]*/*", "Z*"): ((), ["Z.TXT"]),
}


@pytest.mark.parametrize("include", WANTED)
def test_files_that_are_wanted(tmp_path: Path, include: tuple[str, ...]) -> None:
    """Patterns choose by the name, or by the whole name below INPUT; what they leave out is named."""
    exclude, expected = WANTED[include]
    found = find_inputs([put(tmp_path / "in", TREE)], tmp_path / "out.parquet", Wanted(include, exclude))
    assert [file.source for file in found.files] == expected
    assert {*expected, *found.skipped.left_out, *found.passed_over} == set(TREE)


def test_nothing_that_is_wanted(tmp_path: Path) -> None:
    """Where the patterns leave nothing, the hint says that it was they."""
    folder = put(tmp_path / "in", TREE)
    got = CliRunner().invoke(main, ["run", "--exclude", "*", str(folder), str(tmp_path / "out.parquet")])
    assert (got.exit_code, got.stderr.splitlines()[1]) == (2, "  hint: --include and --exclude leave out all 7 files that were found")  # fmt: skip


def test_loops_of_links_end(tmp_path: Path) -> None:
    """Two links to the folder that they lie in give its files once, by a folder's name and by a pattern."""
    folder = put(tmp_path / "in", {"a.txt": TEXT, "deep/b.txt": TEXT})
    for name in ("one", "deep/two", "deep/three"):
        (folder / name).symlink_to(folder)
    for name in ("", "**", "**/*", "**/*.txt", "*"):
        assert sources(folder / name, out=tmp_path / "out.parquet") == ["a.txt", "deep/b.txt"]


def test_an_earlier_out_is_read_where_it_is_named(tmp_path: Path) -> None:
    """A walk passes over what cleanse wrote; a file or folder that is an OUT is read when it is the INPUT."""
    put(tmp_path, {"in/a.txt": TEXT})
    cleanse.run(tmp_path / "in", tmp_path / "old" / "one")
    cleanse.run(tmp_path / "in", tmp_path / "old" / "two.parquet")
    for name, source in (("one", "part-00000.parquet"), ("two.parquet", "two.parquet")):
        assert sources(tmp_path / "old" / name, out=tmp_path / "out.parquet") == [source]
    for name in ("old", "old/*", "old/one.report", "old/**/*.parquet"):
        with pytest.raises(InputError, match=r"(?s)nothing to read: .*outputs of cleanse are passed over"):
            find_inputs([tmp_path / name], tmp_path / "out.parquet")


def test_a_hidden_folder_is_read_where_it_is_named(tmp_path: Path) -> None:
    """What an INPUT names is read, hidden or not."""
    put(tmp_path, {".data/a.txt": TEXT, ".data/.cache/b.txt": TEXT})
    for name in (".data", ".d*", ".data/*.txt"):
        assert [Path(one).name for one in sources(tmp_path / name, out=tmp_path / "out.parquet")] == ["a.txt"]


PATTERNS = {
    "*": ["Z.TXT", "a/.hidden.txt", "a/x.md", "a/é è.txt", "b.txt", "c.jsonl"],
    "**": ["Z.TXT", "a/.hidden.txt", "a/x.md", "a/é è.txt", "b.txt", "c.jsonl"],
    "**/*": ["Z.TXT", "a/.hidden.txt", "a/x.md", "a/é è.txt", "b.txt", "c.jsonl"],
    "*.txt": ["b.txt"],
    "*/*.md": ["a/x.md"],
    "**/*.txt": ["a/é è.txt", "b.txt"],
    "[ab]*": ["a/.hidden.txt", "a/x.md", "a/é è.txt", "b.txt"],
}


@pytest.mark.parametrize("pattern", PATTERNS)
def test_patterns(tmp_path: Path, pattern: str) -> None:
    """A pattern names files and folders; each file is read once."""
    folder = put(tmp_path / "in", TREE)
    assert sources(folder / pattern, out=tmp_path / "out.parquet") == PATTERNS[pattern]


def test_a_name_with_the_signs_of_a_pattern(tmp_path: Path) -> None:
    """A file that exists is taken by its name."""
    folder = put(tmp_path / "in", {"a[1]*.txt": TEXT})
    assert sources(folder / "a[1]*.txt", out=tmp_path / "out.parquet") == ["a[1]*.txt"]


def test_several_inputs_begin_with_their_last_names(tmp_path: Path) -> None:
    """Ids tell from which INPUT a document comes."""
    one, two = (
        put(tmp_path / "one", {"a.txt": TEXT}),
        put(tmp_path / "two", {"a.txt": TEXT * 2, "b.jsonl": '{"text": "x"}'}),
    )
    result = cleanse.run([one, f"{two}/*.txt", two / "b.jsonl"], tmp_path / "out.parquet", select=["encoding"])
    check_books(result)
    assert rows(result)["id"].to_list() == ["one/a.txt", "two/a.txt", "b.jsonl#0"]


@pytest.mark.parametrize("names", [("one", "one"), ("one/a.txt", "two/a.txt"), ("one", "deep/one")])
def test_two_inputs_of_one_name(tmp_path: Path, names: tuple[str, str]) -> None:
    """Inputs whose documents could not be told apart are an error that names them."""
    put(tmp_path, {"one/a.txt": TEXT, "two/a.txt": TEXT, "deep/one/a.txt": TEXT})
    with pytest.raises(InputError, match=r"two inputs give the same ids: (one/)?a\.txt"):
        cleanse.run([tmp_path / name for name in names], tmp_path / "out.parquet")


def test_names_in_other_bytes(tmp_path: Path) -> None:
    """A name that is not UTF-8 is read, and its bytes are written out in the id."""
    folder = os.fsencode(put(tmp_path / "in", {"good.txt": TEXT}))
    Path(os.fsdecode(folder + b"/caf\xe9.txt")).write_text(TEXT * 2)
    pl.DataFrame({"text": ["Hello there"]}).write_parquet(tmp_path / "a.parquet")
    (tmp_path / "a.parquet").rename(os.fsdecode(folder + b"/\xff.parquet"))
    assert rows(run(tmp_path, {}, ignore=["dedupe"]))["id"].to_list() == [r"caf\xe9.txt", "good.txt", r"\xff.parquet#0"]


WRONG = {
    "nowhere.txt": "no such file or folder",
    "no*.txt": "no file matches",
    "x" * 300: "no such file or folder",
    "empty": "nothing to read",
    "a.doc": "unknown kind of file",
    "pipe.txt": "not a regular file",
}


@pytest.mark.parametrize("name", WRONG)
def test_an_input_that_is_not_there(tmp_path: Path, name: str) -> None:
    """An INPUT that gives nothing is an error, and nothing is written."""
    put(tmp_path, {"a.doc": "x", "empty/.keep": ""})
    os.mkfifo(tmp_path / "pipe.txt")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(InputError, match=WRONG[name]):
        cleanse.run(tmp_path / name, tmp_path / "out.parquet")
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("name", ["out", "out/a.txt", "out.report/a.txt", "link"])
def test_an_input_inside_out_is_refused(tmp_path: Path, name: str) -> None:
    """A run cannot replace what it reads, even with --overwrite."""
    put(tmp_path, {"out/a.txt": TEXT, "out.report/a.txt": TEXT})
    (tmp_path / "link").symlink_to(tmp_path / "out")
    with pytest.raises(InputError, match="this input is OUT, or stands inside it"):
        cleanse.run(tmp_path / name, tmp_path / "out", overwrite=True)
    assert (tmp_path / "out" / "a.txt").read_text() == TEXT


@pytest.mark.parametrize("out", ["", ".", "..", "/", ".parquet", "\udcff.parquet"])
def test_an_out_without_a_name(tmp_path: Path, out: str) -> None:
    """OUT must have a name, in UTF-8, since report and work folder are named after it."""
    with pytest.raises(OptionError, match=r"OUT has no name of its own|the name of OUT is not UTF-8"):
        cleanse.run(put(tmp_path, {"a.txt": TEXT}), out)


@pytest.mark.parametrize("content", [b"a\n\nbb\nccc", b"\n\n\n", b"a" * 99, b"a\n" * 50, b""])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 50])
def test_lines_are_cut_between_lines(tmp_path: Path, content: bytes, size: int) -> None:
    """The shards of a file of lines cover each byte once, begin behind a break and know their first row."""
    found = find_inputs([put(tmp_path, {"a.jsonl": content}) / "a.jsonl"], tmp_path / "out.parquet")
    spans = [span for shard in plan_shards(found, size) for span in shard.spans]
    stops = [len(content) if span.stop is None else span.stop for span in spans]
    assert [span.start for span in spans] == [0, *stops[:-1]]
    assert stops[-1] == len(content)
    assert [span.first_row for span in spans] == [content[: span.start].count(b"\n") for span in spans]
    assert all(span.start == 0 or content[span.start - 1 : span.start] == b"\n" for span in spans)


def test_parquet_is_cut_between_row_groups(tmp_path: Path) -> None:
    """The shards of a Parquet file are row groups, and know their first row."""
    pl.DataFrame({"text": ["x" * 50] * 30}).write_parquet(tmp_path / "a.parquet", row_group_size=10)
    found = find_inputs([tmp_path / "a.parquet"], tmp_path / "out.parquet")
    size = pyarrow.parquet.ParquetFile(tmp_path / "a.parquet").metadata.row_group(0).total_byte_size
    spans = [span for shard in plan_shards(found, size) for span in shard.spans]
    assert [(span.start, span.stop, span.first_row) for span in spans] == [(0, 1, 0), (1, 2, 10), (2, 3, 20)]


def test_a_large_row_group_is_cut_between_rows(tmp_path: Path) -> None:
    """One row group makes up to four spans of rows, and all rows come back once, in order, with the numbers of the file."""
    path = tmp_path / "a.parquet"
    texts = [f"{number} " + "mast " * 50 for number in range(90)]
    pl.DataFrame({"text": texts}).write_parquet(path, row_group_size=30)
    found = find_inputs([path], tmp_path / "out.parquet")
    for size in (100, 1500, 4000, 20_000):
        shards = plan_shards(found, size)
        batches = [batch for shard in shards for batch in read_shard(shard, Columns("text", "id", None), load_rules())]
        rows = [row for batch in batches for row in batch.documents.select("id", "text").rows()]
        assert rows == [(f"a.parquet#{number}", text) for number, text in enumerate(texts)]
        assert all(batch.quarantine.is_empty() for batch in batches)
    spans = [span for shard in plan_shards(found, 100) for span in shard.spans]
    assert len(spans) == 12
    assert [(span.first_row, span.skip, span.rows) for span in spans[:5]] == [
        (0, 0, 7), (7, 7, 8), (15, 15, 7), (22, 22, 8), (30, 0, 7),
    ]  # fmt: skip
