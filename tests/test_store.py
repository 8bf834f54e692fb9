"""What is written: the same bytes for the same input, all of it or nothing, and only what is ours is replaced."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest

import cleanse
from cleanse import dedupe
from cleanse.duplicates import near
from cleanse.errors import LedgerError, OutputError
from cleanse.files import Shard, batches, store
from cleanse.passes import cleaning as passes
from tests.runs import TABLES, check_books, contents, put, rows, run, table

TEXT = "The harbour office opens at nine, and the ferry leaves when the tide allows it.\n"
PLACES = ("Riga", "Осло", "大阪", "القاهرة", "Łódź")
JSONL = "".join(
    json.dumps({"text": f"{PLACES[n % 5]}: the {n // 3}th boat of the day brought salt, rope and {n // 3} letters.\n/img/boat-{n}.jpg", "n": n})
    + ("\n[]\n" if n % 7 == 0 else "\n")
    for n in range(60)
)  # fmt: skip
FILES = {
    "a.jsonl": JSONL, "b.txt": TEXT * 9, "c.txt": TEXT * 9, "d.txt": "fÃ¼r alle\r\nhier\r\n", "e.csv": "text,n,m\nabc def,1,2\nx,1\n",
    "f.txt": b"\xff\xfea", "g.txt": "", "h.txt": "Паром отходит от причала.\n".encode("cp1251") * 5,
}  # fmt: skip


def write_rows(folder: Path, size: int) -> None:
    frame = pl.DataFrame({"text": [f"{TEXT} {n // 2}" for n in range(30)], "n": range(30)})
    put(folder / "in", {})
    frame.write_parquet(folder / "in" / "z.parquet", row_group_size=size)


@pytest.mark.parametrize("out", ["out.parquet", "out"])
def test_the_same_command_gives_the_same_bytes(tmp_path: Path, out: str) -> None:
    """A second run replaces its own OUT and report, with the same bytes, and leaves nothing else behind."""
    folder = put(tmp_path / "in", FILES)
    first = contents(cleanse.run(folder, tmp_path / out))
    assert contents(cleanse.run(folder, tmp_path / out)) == first
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", out, "out.report"]


@pytest.mark.parametrize(
    "options",
    [
        {"shard_bytes": 500},
        pytest.param({"shard_bytes": 1}, marks=pytest.mark.slow),
        {"workers": 2, "shard_bytes": 4000},
    ],
    ids=str,
)
def test_shards_and_workers_do_not_matter(tmp_path: Path, options: dict[str, int]) -> None:
    """However the input is cut, and whoever reads it, the bytes of OUT and report are the same."""
    for name in ("one", "two"):
        write_rows(tmp_path / name, 7)
    whole = contents(run(tmp_path / "one", FILES))
    parts = contents(run(tmp_path / "two", FILES, **options))
    assert [name for name in whole if whole[name] != parts[name]] == []


@pytest.mark.parametrize(
    ("count", "size"), [pytest.param(1, 1 << 24, marks=pytest.mark.slow), (7, 1 << 24), (5_000, 200)]
)
def test_batches_do_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int, size: int) -> None:
    """However many rows are cleaned at a time, the bytes of OUT and report are the same."""
    for name in ("one", "two"):
        write_rows(tmp_path / name, 7)
    whole = contents(run(tmp_path / "one", FILES))
    monkeypatch.setattr(batches, "BATCH_ROWS", count)
    monkeypatch.setattr(batches, "BATCH_BYTES", size)
    parts = contents(run(tmp_path / "two", FILES))
    assert [name for name in whole if whole[name] != parts[name]] == []


def test_a_killed_run_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that is killed in its third shard does the first two not again, and gives the same bytes."""
    whole = contents(run(tmp_path / "whole", FILES, shard_bytes=1500))
    clean, done = passes.clean_shard, []

    def kill(shard: Shard, job: passes.Job) -> passes.ShardSummary:
        done.append(shard.number)
        if len(done) == 3:
            raise KeyboardInterrupt
        return clean(shard, job)

    monkeypatch.setattr(passes, "clean_shard", kill)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "cut", FILES, shard_bytes=1500)
    assert sorted(path.name for path in tmp_path.joinpath("cut").iterdir()) == ["in", "out.work"]
    markers = {path: path.stat().st_mtime_ns for path in (tmp_path / "cut" / "out.work" / "shards").iterdir()}
    monkeypatch.setattr(store, "publish", lambda new, place: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "cut", FILES, shard_bytes=1500)
    assert (len(markers), {path: path.stat().st_mtime_ns for path in markers}) == (2, markers)
    monkeypatch.undo()
    assert contents(run(tmp_path / "cut", FILES, shard_bytes=1500)) == whole
    assert not (tmp_path / "cut" / "out.work").exists()


def test_a_run_that_is_killed_while_it_tidies_up_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """OUT and report are in their places: the same command does nothing again, but for the work folder that it takes away."""
    monkeypatch.setattr(store.WorkFolder, "remove", lambda work: work.close())
    first = run(tmp_path, FILES)
    monkeypatch.undo()
    assert (tmp_path / "out.work").exists()
    whole = contents(first)
    monkeypatch.setattr(passes, "clean_shard", None)  # nobody may call it
    again = run(tmp_path, FILES)
    assert (contents(again), again.summary) == (whole, first.summary)
    assert not (tmp_path / "out.work").exists()


def change_input(folder: Path) -> dict[str, object]:
    put(folder / "in", {"b.txt": TEXT + "more"})
    return {}


def change_options(folder: Path) -> dict[str, object]:
    return {"duplicates": False}


@pytest.mark.parametrize(("change", "what"), [(change_input, "input"), (change_options, "options")])
def test_the_work_of_another_run_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change, what: str) -> None:
    """What a run of other input or options has done stays until --restart throws it away."""
    folder = put(tmp_path / "in", FILES)
    monkeypatch.setattr(store, "publish", lambda new, place: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        cleanse.run(folder, tmp_path / "out.parquet")
    monkeypatch.undo()
    options = change(tmp_path)
    markers = sorted((tmp_path / "out.work" / "shards").iterdir())
    with pytest.raises(
        OutputError, match=f"a run with other {what} was cut short here: .*out.work\n  hint: give --restart"
    ):
        cleanse.run(folder, tmp_path / "out.parquet", **options)
    assert markers == sorted((tmp_path / "out.work" / "shards").iterdir()) != []
    check_books(cleanse.run(folder, tmp_path / "out.parquet", restart=True, **options))
    assert not (tmp_path / "out.work").exists()


def test_files_of_a_folder_end_after_so_much_text(tmp_path: Path) -> None:
    """However the rows come, a file ends behind the row group in which its text is full."""
    frame = pl.DataFrame({"text": ["mast" * 25] * 23_000})
    for name, step in (("a", 23_000), ("b", 777)):
        writer = store.open_out(tmp_path / name, {"text": pl.String()}, {}, 900_000)
        for start in range(0, frame.height, step):
            writer.write(frame.slice(start, step))
        writer.close()
    files = [sorted((tmp_path / name).iterdir()) for name in "ab"]
    assert [pq.ParquetFile(path).metadata.num_rows for path in files[0]] == [10_000, 10_000, 3_000]
    assert [path.read_bytes() for path in files[0]] == [path.read_bytes() for path in files[1]]


def near_copies() -> list[dict[str, str]]:
    """Give rows with ids: forty texts of forty words, with up to four copies each that lack some of the last words."""
    source = random.Random(3)
    texts = [[f"{word}{source.randrange(300)}" for word in TEXT.split() * 3][:40] for _ in range(40)]
    copies = [words[: len(words) - source.randrange(4)] for words in texts for _ in range(source.randrange(1, 5))]
    return [{"id": f"{place * 7 % 101:03}-{place}", "text": " ".join(words)} for place, words in enumerate(copies)]


@pytest.mark.parametrize(
    ("options", "held"), [({"shard_bytes": 700}, 400), ({"workers": 2, "shard_bytes": 3000}, None), ({}, 5000)], ids=str
)
def test_any_order_shards_workers_and_memory_keep_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, int], held: int | None
) -> None:
    """However the rows stand, are cut and are worked on, the same documents go, each for the same kept twin."""
    given = near_copies()
    mixed = random.Random(5).sample(given, len(given))
    found = []
    for name, order, how in (("one", given, {}), ("two", mixed, options)):
        lines = [json.dumps(row) + "\n" for row in order]
        files = {"a.jsonl": "".join(lines[:50]), "b.jsonl": "".join(lines[50:])}
        result = run(tmp_path / name, files, id_column="id", **how)
        dropped = table(result, "dropped").select("id", "reason", "kept_id", "similarity").sort("id").rows()
        found.append((dropped, rows(result).select("id", "text", "cluster_size").sort("id").rows()))
        assert {reason for _, reason, _, _ in dropped} == {"dedupe/exact", "dedupe/near"}
        if held:
            monkeypatch.setattr(dedupe, "HELD_BYTES", held)
    assert found[0] == found[1]


def test_a_run_that_is_killed_while_it_looks_for_duplicates_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was on disk of the search leaves no trace, and the next run gives the same bytes."""
    files = {"a.jsonl": "".join(json.dumps(row) + "\n" for row in near_copies())}
    whole = contents(run(tmp_path / "whole", files))
    monkeypatch.setattr(dedupe, "HELD_BYTES", 1000)
    monkeypatch.setattr(near, "choose_keepers", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "cut", files)
    left = {path.name for path in (tmp_path / "cut" / "out.work").iterdir()}
    monkeypatch.undo()
    assert left == {
        "lock", "manifest.json", "shards", "documents", "hits", "drafts", "signals", "blocks", "measures",
        "quarantine", "originals", "signatures",
    }  # fmt: skip
    assert contents(run(tmp_path / "cut", files)) == whole


def test_a_killed_run_of_other_input_starts_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a killed run left is of no use where the input has changed since: --restart throws it away."""
    monkeypatch.setattr(store, "publish", lambda new, place: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, {"a.txt": TEXT})
    monkeypatch.undo()
    assert rows(run(tmp_path, {"a.txt": f"New: {TEXT}"}, restart=True))["text"].to_list() == [f"New: {TEXT}"]


@pytest.mark.parametrize(("change", "what"), [(change_input, "other input"), (change_options, "other options")])
def test_out_of_another_run_needs_overwrite(tmp_path: Path, change, what: str) -> None:
    """An OUT of ours from other input or options stays, unless --overwrite is given."""
    before = contents(run(tmp_path, {"a.txt": TEXT}))
    options = change(tmp_path)
    with pytest.raises(OutputError, match=f"OUT exists and was made from {what}"):
        cleanse.run(tmp_path / "in", tmp_path / "out.parquet", **options)
    assert (tmp_path / "out.parquet").read_bytes() == before["out.parquet"]
    check_books(cleanse.run(tmp_path / "in", tmp_path / "out.parquet", overwrite=True, **options))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "out.parquet", "out.report"]


THEIRS = {
    "out.parquet": ("out.parquet", "OUT exists and is not an output of cleanse"),
    "out/precious.txt": ("out", "OUT exists and is not an output of cleanse"),
    "out.report/precious.txt": ("out.parquet", "the place of the report is taken"),
    "out.report": ("out.parquet", "the place of the report is taken"),
    "out.work/precious.txt": ("out.parquet", "the place of the work folder is taken"),
    "out.work": ("out.parquet", "cannot write: File exists"),
}


@pytest.mark.parametrize("name", THEIRS)
def test_what_is_not_ours_stays(tmp_path: Path, name: str) -> None:
    """Something else in the place of OUT, report or work folder is an error, and stays as it is."""
    out, message = THEIRS[name]
    put(tmp_path, {name: "precious", "in/a.txt": TEXT})
    with pytest.raises(OutputError, match=message):
        cleanse.run(tmp_path / "in", tmp_path / out)
    assert (tmp_path / name).read_text() == "precious"
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["in", name.split("/", maxsplit=1)[0]])


@pytest.mark.parametrize("name", [name for name in THEIRS if "work" not in name])
def test_overwrite_moves_it_aside(tmp_path: Path, name: str) -> None:
    """With --overwrite OUT and report take the place; what stood there is kept beside, and the neighbours stay."""
    put(tmp_path, {name: "precious", "in/a.txt": TEXT, "out.old/x": "1", f"{Path(name).parts[0]}.before-1": "1"})
    result = cleanse.run(tmp_path / "in", tmp_path / THEIRS[name][0], overwrite=True)
    check_books(result)
    first, *rest = Path(name).parts
    aside = tmp_path / f"{first}.before-2"
    assert (result.moved, aside.joinpath(*rest).read_text()) == ((aside,), "precious")
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"in", THEIRS[name][0], "out.report", "out.old", f"{first}.before-1", aside.name}


def test_what_somebody_put_into_our_folders_stays(tmp_path: Path) -> None:
    """A note in OUT or in its report is no work of ours, and the next run leaves it there."""
    folder = put(tmp_path / "in", {"a.txt": TEXT})
    first = contents(cleanse.run(folder, tmp_path / "out"))
    theirs = {"out/notes.md": "mine", "out/mine.parquet": "mine", "out.report/verdicts/a.toml": "mine"}
    put(tmp_path, theirs)
    assert contents(cleanse.run(folder, tmp_path / "out")) == first
    assert {name: (tmp_path / name).read_text() for name in theirs} == theirs


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_links_are_replaced_not_followed(tmp_path: Path, kind: str) -> None:
    """An OUT that is a link is replaced; what it led to stays."""
    put(tmp_path, {"in/a.txt": TEXT, "theirs/precious.txt": "x", "theirs.txt": "x"})
    (tmp_path / "out").symlink_to(tmp_path / ("theirs" if kind == "folder" else "theirs.txt"))
    check_books(cleanse.run(tmp_path / "in", tmp_path / "out", overwrite=True))
    assert (tmp_path / "theirs" / "precious.txt").read_text() == (tmp_path / "theirs.txt").read_text() == "x"


def test_two_runs_do_not_share_an_out(tmp_path: Path) -> None:
    """While a run is at work, another one into the same OUT is refused, and the first goes on."""
    first = store.WorkFolder(tmp_path / "out.parquet", {"input": "a"})
    with pytest.raises(OutputError, match="another run is writing here"):
        run(tmp_path, {"a.txt": TEXT})
    assert (tmp_path / "out.work" / "manifest.json").exists()
    first.remove()


KILLED_WHILE_IT_REMOVES = """
import os, pathlib, signal, sys
from cleanse.files import store

out = pathlib.Path(sys.argv[1])
for moment in range(1, 9):
    work = store.WorkFolder(out, {"input": "a"})
    for name in ("documents/0", "hits/0", "shards/0", "shards/1"):
        (work.path / name).parent.mkdir(exist_ok=True)
        (work.path / name).touch()
    work.close()
    if not (child := os.fork()):
        moments = iter(range(1, 100))

        def watch(event, arguments):
            if event in ("os.remove", "os.rmdir") and next(moments) == moment:
                os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(watch)
        again = store.WorkFolder(out, {"input": sys.argv[2]})
        again.remove()
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    there = {str(path.relative_to(work.path)) for path in work.path.rglob("*") if path.is_file()}
    store.WorkFolder(out, {"input": "a"}).close()
    print(moment, sorted(there))
"""


@pytest.mark.parametrize("fingerprint", ["a", "b"], ids=["done", "other input"])
def test_a_run_killed_while_it_tidies_up_leaves_what_the_next_one_can_use(tmp_path: Path, fingerprint: str) -> None:
    """A marker goes before the parts that it vouches for, and the manifest last; the next run goes on from any such moment."""
    command = [sys.executable, "-c", KILLED_WHILE_IT_REMOVES, str(tmp_path / "out.parquet"), fingerprint]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    for line in done.stdout.splitlines():
        if "shards/" in line:
            assert "documents/0" in line
            assert "hits/0" in line
        if "/" in line:
            assert "manifest.json" in line


def test_row_groups_have_a_fixed_size(tmp_path: Path) -> None:
    """However the rows come, row groups are of 5 000 rows, and the bytes are the same."""
    frame = pl.DataFrame({"n": range(12_000)})
    for name, sizes in {"a": [12_000], "b": [1, 4_999, 1, 6_000, 0, 999]}.items():
        start = 0
        with store.ParquetWriter(tmp_path / name, {"n": pl.Int64()}, {"k": "v"}) as writer:
            for size in sizes:
                writer.write(frame.slice(start, size))
                start += size
    groups = pq.ParquetFile(tmp_path / "a").metadata
    assert [groups.row_group(n).num_rows for n in range(groups.num_row_groups)] == [5_000, 5_000, 2_000]
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_writer_that_fails_leaves_nothing(tmp_path: Path) -> None:
    """A file that could not be finished is not there."""
    with pytest.raises(KeyError), store.ParquetWriter(tmp_path / "a", {"n": pl.Int64()}):
        raise KeyError
    assert list(tmp_path.iterdir()) == []


def test_out_says_how_it_was_made(tmp_path: Path) -> None:
    """Version and digests of rules, input and options stand in OUT; a folder has them in each file."""
    first = store.read_metadata(run(tmp_path / "a", FILES).out)
    second = store.read_metadata(run(tmp_path / "b", FILES, duplicates=False).out)
    assert set(first) == {"version", "rules", "input", "options", "settings"}
    assert {key for key in first if first[key] != second[key]} == {"options", "settings"}


@pytest.mark.parametrize("field", ["documents_read", "characters_read", "characters_out", "documents_dropped"])
def test_a_ledger_that_does_not_balance(field: str) -> None:
    """One figure that is off fails the run."""
    ledger = store.Ledger()
    ledger.check()
    setattr(ledger, field, 1)
    with pytest.raises(LedgerError, match="the ledger does not balance"):
        ledger.check()


def test_all_tables_have_rows_in_these_tests(tmp_path: Path) -> None:
    """The files above reach every table whose bytes are compared, but those of drafts, signals and blocks."""
    result = run(tmp_path, FILES)
    empty = {name for name in TABLES if table(result, name).is_empty()}
    assert empty <= {"drafts", "signals", "blocks", "originals"}
