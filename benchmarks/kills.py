"""Kill runs at random moments, go on, and compare bytes.

    python benchmarks/kills.py [INPUT] --kills 50 --mb 200 [--workers 2] [--seed 1] [--engine local] [-- OPTIONS of cleanse run]

A run is begun over INPUT (or over --mb of generated text) and killed with SIGKILL at a random moment: by turns the command, one of its workers, or
all of them. The same command is given again, until so many kills are through; then it may finish. Whenever a run finishes, OUT and the tables
of its report must be those of a run that nobody disturbed, byte for byte, and nothing else may be left. After each kill it is counted how many shards
had been begun and were not done: these are done again. Exits with 1 where bytes differ, or where more than two shards a worker were
lost. Prints a line a kill; Ctrl-C ends it with the figures so far.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import orjson
import xxhash
from generate import write_pages

TARGETS = ("command", "worker", "all")


def find_children(parent: int) -> list[int]:
    """Find the processes that a process has begun, and theirs, from /proc."""
    parents: dict[int, int] = {}
    for place in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError):
            fields = place.read_text().rpartition(")")[2].split()
            parents[int(place.parent.name)] = int(fields[1])
    found, waiting = [], [parent]
    while waiting:
        one = waiting.pop()
        children = [child for child, own in parents.items() if own == one]
        found += children
        waiting += children
    return found


def is_worker(process: int) -> bool:
    """Say whether a process cleans shards: the one that tidies up after the others is not killed."""
    with contextlib.suppress(OSError):
        return b"spawn_main" in Path(f"/proc/{process}/cmdline").read_bytes()
    return False


def strike(command: subprocess.Popen[bytes], target: str, chance: random.Random) -> str:
    """Kill; give what was killed."""
    workers = [child for child in find_children(command.pid) if is_worker(child)]
    victims = {"command": [command.pid], "all": [*workers, command.pid]}.get(target) or workers
    if target == "worker" and workers:
        victims = [chance.choice(workers)]
    for victim in victims or [command.pid]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)
    return target if workers or target != "worker" else "command"


def digest(folder: Path) -> dict[str, str]:
    """Give what lies in a folder and is the same each time: all but the summary and the page, which tell times."""
    told = {"summary.json", "index.html"}
    return {
        path.relative_to(folder).as_posix(): "" if path.name in told else xxhash.xxh3_128_hexdigest(path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def count_lost(work: Path) -> tuple[int, int]:
    """Count the shards that are done, and those that have parts and are not."""
    with contextlib.suppress(OSError, ValueError):
        if orjson.loads((work / "manifest.json").read_bytes()).get("published"):
            return 0, 0  # all is in its place
    done = {path.stem for path in work.glob("shards/[0-9]*.json")}
    begun = {path.name[:5] for path in work.glob("*/[0-9]*-*.parquet*")}
    return len(done), len(begun - done)


@dataclass
class Trial:
    """One command that is killed again and again: what came of it so far."""

    command: list[str]  # but for OUT
    options: list[str]
    folder: Path
    wanted: dict[str, str]
    lasted: float
    chance: random.Random
    kills: int = 0
    finished: int = 0
    worst: int = 0
    failures: list[str] = field(default_factory=list)
    running: subprocess.Popen[bytes] | None = None

    def begin(self) -> subprocess.Popen[bytes]:
        """Begin the command, in a session of its own."""
        self.running = subprocess.Popen(
            [*self.command, str(self.folder / "out.parquet"), *self.options], start_new_session=True
        )
        return self.running

    def end(self) -> None:
        """End the command that is running: nobody waits for it any more."""
        if self.running and self.running.poll() is None:
            self.running.kill()
            self.running.wait()
            time.sleep(0.3)  # for its workers to see it

    def disturb(self) -> None:
        """Run the command, and kill it at a random moment unless it is done before."""
        running = self.begin()
        with contextlib.suppress(subprocess.TimeoutExpired):
            running.wait(self.chance.uniform(0, self.lasted))
        if running.poll() is None:
            work = self.folder / "out.work"
            done = count_lost(work)[0]
            target = strike(running, TARGETS[self.kills % len(TARGETS)], self.chance)
            self.kills += 1
            running.wait()  # without one worker it goes on
            if target != "worker":
                time.sleep(0.3)  # for its workers to see it
                done, lost = count_lost(work)
                self.worst = max(self.worst, lost)
                print(f"kill {self.kills}: {target}, {done} shards done, {lost} begun and lost", flush=True)
                return
            print(f"kill {self.kills}: {target}, {done} shards done, and the run went on", flush=True)
        self.look(running.returncode)

    def finish(self) -> None:
        """Run the command to its end."""
        self.look(self.begin().wait())

    def look(self, status: int) -> None:
        """Compare what a run that ended has left with what it must be, and take it away."""
        there = digest(self.folder)
        self.finished += 1
        if status not in (0, 1):
            self.fail(f"a run ended with status {status}")
        elif there != self.wanted:
            names = sorted(name for name in {*there, *self.wanted} if there.get(name) != self.wanted.get(name))
            self.fail(f"different: {', '.join(names)}")
        for path in self.folder.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    def fail(self, what: str) -> None:
        """Note and tell what is wrong."""
        self.failures.append(what)
        print(what, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("input", nargs="?", type=Path)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--mb", type=float, default=200)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--shard-mb", default="4")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--engine", default="local")
    words = [*sys.argv[1:], "--"]
    arguments = parser.parse_args(words[: words.index("--")])
    own = ["--workers", str(arguments.workers), "--shard-mb", arguments.shard_mb, "--engine", arguments.engine]
    options = [*own, "--quiet", *words[words.index("--") + 1 : -1]]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = arguments.input or folder / "in.jsonl"
        if arguments.input is None:
            print(f"{arguments.mb:g} MB of text are made", flush=True)
            write_pages(source, arguments.mb)
        command = [sys.executable, "-m", "cleanse", "run", str(source)]
        trial = Trial(command, options, folder / "whole", {}, 0, random.Random(arguments.seed))
        trial.folder.mkdir()
        trial.begin().wait()  # compiles kernels and fills caches
        clock = time.monotonic()
        trial.begin().wait()
        trial.lasted = time.monotonic() - clock
        print(f"undisturbed: {trial.lasted:.1f} s", flush=True)
        trial.wanted, trial.folder = digest(trial.folder), folder / "cut"
        trial.folder.mkdir()
        try:
            while trial.kills < arguments.kills:
                trial.disturb()
            trial.finish()
        except KeyboardInterrupt:
            trial.end()
    print(
        f"{trial.kills} kills, {trial.finished} runs to the end, {len(trial.failures)} of them wrong,",
        f"at most {trial.worst} shards lost at a kill",
    )
    sys.exit(bool(trial.failures) or trial.worst > 2 * arguments.workers)


if __name__ == "__main__":
    main()
