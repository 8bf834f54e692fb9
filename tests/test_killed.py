"""SIGKILL, with real processes: whoever dies, the same command gives the same bytes, and what was finished is not done again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.runs import TABLES

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds processes in /proc"),
]
ROWS = "".join(
    json.dumps({"text": f"The ferry number {n // 2} stopped on Monday, laden with {n % 9} ropes.\nShare on Facebook\n" * 9})
    + "\n"
    for n in range(500)
)  # fmt: skip


def begin(folder: Path) -> subprocess.Popen[bytes]:
    """Begin a run of 20 shards with two workers."""
    command = [sys.executable, "-m", "cleanse", "run", str(folder.parent / "in.jsonl"), str(folder / "out.parquet")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    options = ["--quiet", "--workers", "2", "--shard-mb", "0.02"]
    return subprocess.Popen([*command, *options], env=environment, stderr=subprocess.DEVNULL)


def wait_for_shards(command: subprocess.Popen[bytes], folder: Path, count: int) -> None:
    """Wait until so many shards are done."""
    shards = folder / "out.work" / "shards"
    while command.poll() is None and len(list(shards.glob("*.json"))) < count:
        time.sleep(0.005)
    assert command.poll() is None


def find_workers(parent: int) -> list[int]:
    """Find the processes that clean shards for a run."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            own = place.joinpath("stat").read_text().rpartition(")")[2].split()[1]
            if int(own) == parent and b"spawn_main" in place.joinpath("cmdline").read_bytes():
                found.append(int(place.name))
        except OSError:
            continue
    return found


def read(folder: Path) -> dict[str, bytes]:
    """Give the bytes that must be the same each time, and the names of all that is there."""
    report = folder / "out.report"
    content = {name: (report / f"{name}.parquet").read_bytes() for name in TABLES}
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))
    return {"out": (folder / "out.parquet").read_bytes(), **content, "names": "\n".join(names).encode()}


def test_a_killed_run_goes_on(tmp_path: Path) -> None:
    """The command is killed, then a worker, then all: no worker outlives the command, finished shards stay, and the bytes are the same."""
    (tmp_path / "in.jsonl").write_text(ROWS)
    for name in ("whole", "cut"):
        (tmp_path / name).mkdir()
    assert begin(tmp_path / "whole").wait() == 0
    cut = tmp_path / "cut"
    shards = cut / "out.work" / "shards"
    command = begin(cut)
    wait_for_shards(command, cut, 2)
    workers = find_workers(command.pid)
    assert len(workers) == 2
    command.kill()
    command.wait()
    deadline = time.monotonic() + 20
    while any(Path(f"/proc/{worker}").exists() for worker in workers) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [worker for worker in workers if Path(f"/proc/{worker}").exists()] == []
    done = {path.name: path.stat().st_mtime_ns for path in shards.glob("*.json")}
    command = begin(cut)
    wait_for_shards(command, cut, len(done) + 2)
    os.kill(find_workers(command.pid)[0], signal.SIGKILL)  # the run goes on without it
    wait_for_shards(command, cut, len(done) + 5)
    for process in (*find_workers(command.pid), command.pid):
        os.kill(process, signal.SIGKILL)
    command.wait()
    assert {name: (shards / name).stat().st_mtime_ns for name in done} == done
    assert begin(cut).wait() == 0
    assert read(cut) == read(tmp_path / "whole")


def test_a_part_that_a_crash_has_cut_is_made_again(tmp_path: Path) -> None:
    """Where the machine itself goes down a file may be empty though its shard counts as done: the shard is done again."""
    (tmp_path / "in.jsonl").write_text(ROWS)
    for name in ("whole", "cut"):
        (tmp_path / name).mkdir()
    assert begin(tmp_path / "whole").wait() == 0
    command = begin(tmp_path / "cut")
    wait_for_shards(command, tmp_path / "cut", 4)
    for process in (*find_workers(command.pid), command.pid):
        os.kill(process, signal.SIGKILL)
    command.wait()
    work = tmp_path / "cut" / "out.work"
    first, second, *_ = sorted(path.stem for path in (work / "shards").glob("*.json"))
    (work / "hits" / f"{first}-00000.parquet").write_bytes(b"")
    (work / "documents" / f"{second}-00000.parquet").unlink()
    assert begin(tmp_path / "cut").wait() == 0
    assert read(tmp_path / "cut") == read(tmp_path / "whole")
