"""Measure time and memory of whole runs over text of growing size: the peak of all processes together.

    python benchmarks/scale.py --gb 1 2 5 10 [--folder DIR] [--workers 2] [-- OPTIONS of cleanse run]

For each size the text is generated (benchmarks/generate.py) and cleaned; then `restore` gives it back and `report` makes its page anew.
Prints a line a command: seconds, CPU seconds, and the peak of the memory of the command and of all processes that it began, added up five times a
second (PSS of /proc: pages that processes share count once).
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import orjson
from generate import write_pages
from kills import find_children

PAUSE = 0.2


def measure_memory(process: int) -> int:
    """Give the bytes that a process holds, its share of what it shares with others."""
    with contextlib.suppress(OSError, ValueError):
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


def run_measured(command: list[str]) -> tuple[float, float, float]:
    """Run a command; give its seconds, CPU seconds and peak memory in GB, with all processes that it begins."""
    before, clock, peak = os.times(), time.monotonic(), 0
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while running.poll() is None:
        peak = max(peak, sum(map(measure_memory, [running.pid, *find_children(running.pid)])))
        time.sleep(PAUSE)
    assert running.returncode in (0, 1), (command, running.returncode)
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return time.monotonic() - clock, used, peak / 1e9


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--gb", type=float, nargs="+", required=True)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--workers", default="2")
    words = [*sys.argv[1:], "--"]
    arguments = parser.parse_args(words[: words.index("--")])
    options = ["--quiet", "--workers", arguments.workers, *words[words.index("--") + 1 : -1]]
    for size in arguments.gb:
        with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
            folder = Path(name)
            source, out = folder / "in.jsonl", folder / "out.parquet"
            write_pages(source, size * 1000)
            for command in (
                ["run", str(source), str(out), *options],
                ["restore", str(out), "--to", str(folder / "back")],
                ["report", str(out)],
            ):
                seconds, used, peak = run_measured([sys.executable, "-m", "cleanse", *command])
                print(f"{size:g} GB {command[0]:8} {seconds:8.1f} s {used:8.1f} CPU s {peak:6.2f} GB", flush=True)
                shutil.rmtree(folder / "back", ignore_errors=True)
            told = orjson.loads((folder / "out.report" / "summary.json").read_bytes())["seconds"]
            print({key: round(value, 1) for key, value in told.items() if " " not in key}, flush=True)


if __name__ == "__main__":
    main()
