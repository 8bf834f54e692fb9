"""Measure time and memory of whole runs over text of growing size: the peak of all processes together.

    python benchmarks/scale.py --gb 1 2 5 10 [--folder DIR] [--workers 2] [-- OPTIONS of cleanse run]

For each size the text is generated (benchmarks/generate.py) and cleaned; then `restore` gives it back and `report` makes its page anew.
Prints a line a command: seconds, CPU seconds, and the peak of the memory of the command and of all processes that it began, added up five times a
second (PSS of /proc: pages that processes share count once), and of it what is no copy of a file. Needs 2.5 GB of disk for each GB of the largest size. Ctrl-C ends it; what
was printed stands.
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


def measure_memory(process: int) -> tuple[int, int]:
    """Give the bytes that a process holds, its share of what it shares with others: all, and those that are no copy of a file."""
    with contextlib.suppress(OSError, ValueError):
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
        sizes = {line.split()[0]: int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss")}
        return sizes["Pss:"], sizes["Pss:"] - sizes.get("Pss_File:", 0)
    return 0, 0


def run_measured(command: list[str]) -> tuple[float, float, float, float]:
    """Run a command; give its seconds, CPU seconds and two peaks of memory in GB, with all processes that it begins."""
    before, clock, peak, own = os.times(), time.monotonic(), 0, 0
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        while running.poll() is None:
            held = [measure_memory(process) for process in (running.pid, *find_children(running.pid))]
            peak, own = max(peak, sum(one[0] for one in held)), max(own, sum(one[1] for one in held))
            time.sleep(PAUSE)
    except KeyboardInterrupt:
        running.wait()  # it was interrupted too, and tidies up
        raise
    assert running.returncode in (0, 1), (command, running.returncode)
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return time.monotonic() - clock, used, peak / 1e9, own / 1e9


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
            print(f"{size:g} GB: text is made", flush=True)
            write_pages(source, size * 1000)
            for command in (
                ["run", str(source), str(out), *options],
                ["restore", str(out), "--to", str(folder / "back")],
                ["report", str(out)],
            ):
                seconds, used, peak, own = run_measured([sys.executable, "-m", "cleanse", *command])
                told = f"{seconds:8.1f} s {used:8.1f} CPU s {peak:6.2f} GB, of it {own:.2f} no copy of a file"
                print(f"{size:g} GB {command[0]:8} {told}", flush=True)
                shutil.rmtree(folder / "back", ignore_errors=True)
            told = orjson.loads((folder / "out.report" / "summary.json").read_bytes())["seconds"]
            print({key: round(value, 1) for key, value in told.items() if " " not in key}, flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("interrupted: what stands above was measured")
