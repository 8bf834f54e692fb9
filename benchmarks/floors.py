"""Measure again what the README and the benchmarks page quote, and refuse to let a figure fall unseen.

    python benchmarks/floors.py [NAME...] [--data ../shared/data] [--update] [--allow-regression]

`floors.json` holds for each figure the command that prints it, a pattern that finds it in what is printed, the digest of its
data, and the value that it may not fall behind. Exit status 0: all hold. 1: a figure is worse, or its data changed.
With `--update` better figures and new data are written down; worse ones only with `--allow-regression`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
FLOORS = HERE / "floors.json"


def digest_data(names: list[str], data: Path) -> str | None:
    """Give the digest of the named files and folders; None where one is missing."""
    total = hashlib.sha256()
    for name in names:
        place = HERE.parent / name if name.startswith("tests/") else data / name
        files = sorted(path for path in place.rglob("*") if path.is_file()) if place.is_dir() else [place]
        if not place.exists():
            return None
        for path in files:
            total.update(path.relative_to(place.parent).as_posix().encode())
            total.update(path.read_bytes())
    return total.hexdigest()


def read_figure(printed: str, pattern: str) -> float:
    r"""Find a figure in what a command printed: the only group of the pattern.

    >>> read_figure("161 of 161 as ftfy", r"^(\\d+) of")
    161.0
    """
    found = re.search(pattern, printed, re.MULTILINE)
    if found is None:
        raise SystemExit(f"error: nothing printed matches {pattern!r}; mend the pattern in {FLOORS.name}")
    return float(found.group(1).replace(",", ""))


def is_worse(figure: float, floor: float, better: str) -> bool:
    """Say whether a figure falls behind its floor.

    >>> is_worse(160, 161, "higher"), is_worse(2, 3, "lower"), is_worse(3, 3, "lower")
    (True, False, False)
    """
    return figure < floor if better == "higher" else figure > floor


def judge_floor(floor: dict, printed: str, digest: str, *, update: bool, allow: bool) -> tuple[dict, str, bool]:
    """Hold one printed figure against its floor: the floor to keep, a word for people, and whether all is well."""
    figure = read_figure(printed, floor["pattern"])
    word = f"{figure:g} (floor {floor['value']:g}, {floor['better']} is better)"
    changed = digest != floor["digest"]
    worse = not changed and is_worse(figure, floor["value"], floor["better"])
    if update and (allow or not worse):
        return {**floor, "value": figure, "digest": digest}, word, True
    if changed:
        return floor, f"{word}: the data changed; look at it, then run with --update", False
    if worse:
        return floor, f"{word}: worse", False
    return floor, word, True


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--allow-regression", action="store_true")
    arguments = parser.parse_args()
    floors = json.loads(FLOORS.read_text("utf-8"))
    unknown = sorted(set(arguments.names) - set(floors))
    if unknown:
        parser.error(f"no floor is called {', '.join(unknown)}; there are {', '.join(floors)}")
    printed: dict[tuple[str, ...], str] = {}
    good = True
    for name in arguments.names or floors:
        floor = floors[name]
        digest = digest_data(floor["data"], arguments.data)
        if digest is None:
            print(f"{name}: skipped, the data is not in {arguments.data}", flush=True)
            continue
        command = tuple(part.replace("DATA", str(arguments.data)) for part in floor["command"])
        if command not in printed:
            done = subprocess.run(
                [sys.executable, *command], capture_output=True, text=True, cwd=HERE.parent, check=False
            )
            if done.returncode:
                raise SystemExit(f"error: {' '.join(command)} failed:\n{done.stderr}")
            printed[command] = done.stdout
        floors[name], word, well = judge_floor(
            floor, printed[command], digest, update=arguments.update, allow=arguments.allow_regression
        )
        good &= well
        print(f"{name}: {word}", flush=True)
    if arguments.update:
        FLOORS.write_text(json.dumps(floors, indent=2, ensure_ascii=False) + "\n", "utf-8")
    sys.exit(not good)


if __name__ == "__main__":
    main()
