"""Ctrl-C, with real processes and real signals: status 130, one sentence, nothing lost, and no process left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cleanse.interrupts import SENTENCE
from tests.runs import put

ROW = json.dumps({"text": "The boat of the day left the quay, laden with salt and ropes.\n" * 99})
SWALLOWED = """
import signal, time
from cleanse.interrupts import leave_on_interrupt

class Last:
    def __del__(self):
        signal.raise_signal(signal.SIGINT)
        time.sleep(0)

with leave_on_interrupt(own_process=True):
    last = Last()
    del last
    time.sleep(20)
"""
LATE = """
import atexit, signal
from cleanse.interrupts import leave_on_interrupt

with leave_on_interrupt(own_process=True):
    atexit.register(lambda: print("end"))
    atexit.register(signal.raise_signal, signal.SIGINT)
"""
TWICE = """
import os, signal, time
from cleanse.interrupts import leave_on_interrupt

with leave_on_interrupt(own_process=True):
    try:
        signal.raise_signal(signal.SIGINT)
    finally:
        signal.raise_signal(signal.SIGINT)
        print("tidied up")
"""


def call(code: str) -> tuple[int, str, str]:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def has_ended(group: int) -> bool:
    """Say whether all processes of a group are gone; the last may take a moment."""
    for _ in range(50):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


@pytest.mark.parametrize(
    ("code", "expected"),
    [(SWALLOWED, (130, "", f"{SENTENCE}\n")), (LATE, (0, "end\n", "")), (TWICE, (130, "tidied up\n", f"{SENTENCE}\n"))],
    ids=["where nothing can be raised", "when all is done", "twice"],
)
def test_an_interrupt_at_a_bad_moment(code: str, expected: tuple[int, str, str]) -> None:
    """One that comes in the end of an object comes again; one behind the end, or a second one, changes nothing."""
    assert call(code) == expected


@pytest.mark.parametrize("moment", [0.0, 0.02, 0.06, 0.15])
def test_an_interrupt_at_the_start(moment: float) -> None:
    """From the first line of ours on an interrupt is a sentence, also while modules are imported."""
    listening = "print('ready', flush=True) or cleanse.__main__.start()"
    code = f"import cleanse.__main__, cleanse.interrupts as i\nwith i.leave_on_interrupt(own_process=True): {listening}"
    process = subprocess.Popen([sys.executable, "-c", code, "rules"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # fmt: skip
    assert process.stdout
    with process:
        process.stdout.readline()
        time.sleep(moment)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate()
    assert (process.returncode, errors) in ((130, f"{SENTENCE}\n"), (0, ""))


@pytest.mark.slow
@pytest.mark.parametrize("whole_group", [True, False], ids=["terminal", "kill"])
@pytest.mark.parametrize(("workers", "rows"), [(1, 2_000), (2, 11_000)])
def test_an_interrupted_run_goes_on(tmp_path: Path, workers: int, rows: int, whole_group: bool) -> None:  # noqa: FBT001
    """A terminal sends the signal to all processes, `kill` to one; either way none is left, and the same command goes on."""
    put(tmp_path / "in", {"a.jsonl": f"{ROW}\n" * rows})  # the second is two shards
    command = [sys.executable, "-m", "cleanse", "run", str(tmp_path / "in"), str(tmp_path / "out.parquet")]
    command += ["--workers", str(workers), "--select", "encoding", "--quiet"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)  # fmt: skip
    with process:
        while process.poll() is None and not (tmp_path / "out.work" / "shards").exists():
            time.sleep(0.02)
        time.sleep(1 if workers > 1 else 0.1)
        (os.killpg if whole_group else os.kill)(process.pid, signal.SIGINT)
        output, errors = process.communicate(timeout=60)
    assert (process.returncode, output, errors) == (130, "", f"{SENTENCE}\n")
    assert has_ended(process.pid)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "out.work"]
    if workers == 1:
        assert subprocess.run(command, check=False).returncode == 0
        assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "out.parquet", "out.report"]
