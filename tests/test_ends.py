"""Runs that cannot come to a good end: one clear sentence each, and nothing lost."""

from __future__ import annotations

import errno
import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import zstandard

import cleanse
from cleanse.errors import InputError, OutputError
from cleanse.files import store, streams
from cleanse.passes import job
from tests.runs import contents, put, quarantine, restored, rows, run

ROWS = "".join(json.dumps({"text": f"The ferry number {n} stopped on Monday."}) + "\n" for n in range(60))


def full_disk(*_: object) -> None:
    """Fail like Polars on a full disk."""
    raise pl.exceptions.ComputeError("parquet: underlying IO error: No space left on device (os error 28)")


def test_a_full_disk_is_one_sentence_and_the_run_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk was a traceback: it is a sentence, what is done stays, and with room the same command goes on."""
    write, calls = store.write_part, []

    def write_some(*arguments: Any) -> dict[str, int]:
        calls.append(arguments)
        if len(calls) > 25:
            full_disk()
        return write(*arguments)

    monkeypatch.setattr(store, "write_part", write_some)
    with pytest.raises(
        OutputError, match=r"cannot write: No space left on device: .*out.parquet\n  hint: make room, and give the same"
    ):
        run(tmp_path, {"a.jsonl": ROWS}, shard_bytes=500)
    assert len(list((tmp_path / "out.work" / "shards").glob("*.json"))) == 2
    monkeypatch.undo()
    result = run(tmp_path, {"a.jsonl": ROWS}, shard_bytes=500)
    assert contents(result) == contents(run(tmp_path / "whole", {"a.jsonl": ROWS}))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda path: path.write_text(ROWS.replace("Monday", "Friday")),
            "an input was changed while it was read: a.jsonl",
        ),
        (lambda path: path.unlink(), "an input is gone while it was read: a.jsonl"),
    ],
    ids=["changed", "gone"],
)
def test_an_input_that_changes_while_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], object], message: str
) -> None:
    """No OUT is made of half of one text and half of another, and no work is left that a later run could take for good."""
    clean = job.clean_shards

    def clean_and_change(*arguments: Any) -> Any:
        summaries = clean(*arguments)
        os.utime(tmp_path / "in" / "a.jsonl", ns=(1, 1))  # clocks of file systems are coarse
        change(tmp_path / "in" / "a.jsonl")
        return summaries

    monkeypatch.setattr(job, "clean_shards", clean_and_change)
    with pytest.raises(InputError, match=message):
        run(tmp_path, {"a.jsonl": ROWS})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in"]


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress], ids=["gz", "zst"])
@pytest.mark.parametrize("name", ["bomb.txt", "bomb.csv", "bomb.jsonl"])
def test_a_bomb_is_quarantined(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pack: Callable[[bytes], bytes], name: str
) -> None:
    """A file that unpacks to very much more than its size is not unpacked to its end; its bytes can be had back."""
    monkeypatch.setattr(streams, "BOMB_BYTES", 1 << 20)
    suffix = "gz" if pack is gzip.compress else "zst"
    packed = pack(b"text\n" + b"0" * (9 << 20))
    result = run(tmp_path, {f"{name}.{suffix}": packed, "good.txt": "The boat is in the harbour."})
    assert rows(result)["id"].to_list() == ["good.txt"]
    told = [error for _, _, error in quarantine(result)]
    assert any("unpacks to more than 200 times its size" in error for error in told)
    if not name.endswith("jsonl"):
        kept = restored(result, tmp_path / "back")
        if name.endswith("txt"):
            assert kept[f"{name}.{suffix}"] == packed


def test_much_text_that_packs_well_is_no_bomb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Text that is packed 150 times, or of less than the limit, is read."""
    monkeypatch.setattr(streams, "BOMB_BYTES", 1 << 10)
    lines = "".join(f'{{"text": "Boat {n % 100} is here."}}\n' for n in range(20_000))
    packed = gzip.compress(lines.encode())
    assert 20 < len(lines) / len(packed) < 200
    assert run(tmp_path, {"a.jsonl.gz": packed}, duplicates=False, limit=20).quarantined == 0


def test_a_half_downloaded_file_gives_what_is_there(tmp_path: Path) -> None:
    """The rows before the end are read, the last is quarantined with the reason."""
    packed = gzip.compress(ROWS.encode(), mtime=0)
    result = run(tmp_path, {"a.jsonl.gz": packed[: len(packed) * 2 // 3]}, duplicates=False)
    assert 20 < rows(result).height < 60
    assert [error for _, _, error in quarantine(result)] == ["compressed stream ends early"]


def test_a_work_folder_that_cannot_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A place where nothing can be written is one sentence."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(tmp_path / "out.work"))

    put(tmp_path / "in", {"a.jsonl": ROWS})
    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(
        OutputError, match=r"cannot write: Read-only file system: .*out\.work\n  hint: choose another OUT"
    ):
        cleanse.run(tmp_path / "in", tmp_path / "out.parquet")
