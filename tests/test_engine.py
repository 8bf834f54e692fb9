"""A function over shards: the same results in the same order, here or in other processes."""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import cleanse
from cleanse import workers as processes
from cleanse.errors import InputError
from cleanse.passes.care import Care
from cleanse.passes.engine import Died, Engine, Here, Pool


def engine(workers: int) -> Engine:
    return Pool(workers) if workers > 1 else Here()


def map_in_pool(function: Callable[[int], Any], items: Sequence[int]) -> list[Any]:
    """Run a function in two processes, and end these."""
    pool = Pool(2)
    try:
        return list(pool.map(function, items))
    finally:
        pool.close()


def square(number: int) -> int:
    return number * number


def slow_first(number: int) -> int:
    """Finish the first items last: each counts down to the same end."""
    return sum(range(200_000 * (6 - number))) * 0 + number


def refuse(number: int) -> int:
    if number == 2:
        raise InputError("bad shard", where=str(number), hint="mend it")
    return number


def threads(number: int) -> str | None:
    return os.environ.get("POLARS_MAX_THREADS")


@pytest.mark.parametrize("workers", [1, 2, 9])
@pytest.mark.parametrize("count", [0, 1, 5])
def test_the_workers_do_not_matter(workers: int, count: int) -> None:
    """Any number of workers gives the result of each item, in the order of the items."""
    own = engine(workers)
    assert list(own.map(square, range(count))) == [number * number for number in range(count)]
    own.close()


def test_order_is_that_of_the_items() -> None:
    """What is done first does not come first."""
    assert map_in_pool(slow_first, range(6)) == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("workers", [1, 2])
def test_errors_come_with_their_words(workers: int) -> None:
    """An error of a shard is raised here, with all that it says, after the results before it."""
    results = engine(workers).map(refuse, range(4))
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(InputError, match="bad shard: 2\n  hint: mend it"):
        next(results)


@pytest.mark.parametrize("before", [None, "7"])
def test_workers_share_the_processors(monkeypatch: pytest.MonkeyPatch, before: str | None) -> None:
    """Each process is told its share of the threads; afterwards the environment is as it was."""
    if before is None:
        monkeypatch.delenv("POLARS_MAX_THREADS", raising=False)
    else:
        monkeypatch.setenv("POLARS_MAX_THREADS", before)
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert map_in_pool(threads, range(2)) == ["3", "3"]
    assert os.environ.get("POLARS_MAX_THREADS") == before


def test_here_everything_is_done_one_by_one() -> None:
    """With one worker an item is done when it is asked for, so that memory holds one shard."""
    seen: list[int] = []
    results = Here().map(seen.append, [1, 2, 3])
    next(results)
    assert seen == [1]


def die_at_three(number: int) -> int:
    """End the process of one item, however often it is tried."""
    if number == 3:
        os._exit(9)
    return number


def test_only_the_item_that_kills_its_worker_is_lost() -> None:
    """The others give their results, in their places."""
    assert map_in_pool(die_at_three, range(7)) == [0, 1, 2, Died(), 4, 5, 6]
    assert Here().run_alone(die_at_three, 3) == Died()
    assert Pool(2).run_alone(die_at_three, 4) == 4


BORN_DEAD = """
import functools
from cleanse.passes.engine import Pool

if __name__ == "__main__":
    print(list(Pool(2).map(functools.partial(pow, 2, mod=1 << (1 << 23)), range(3))))
"""


def test_a_process_may_die_before_it_begins(tmp_path: Path) -> None:
    """A worker was killed while it was told a long function: the run waited for it for ever."""
    (tmp_path / "sitecustomize.py").write_text(
        "import os, sys\nif 'spawn_main' in ' '.join(sys.orig_argv): os._exit(9)\n"
    )
    (tmp_path / "call.py").write_text(BORN_DEAD)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    command = [sys.executable, str(tmp_path / "call.py")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout == "[Died(), Died(), Died()]\n"


UNGUARDED = """
import functools
from cleanse.passes.engine import Pool

pool = Pool(2)
print(list(pool.map(functools.partial(pow, 2), range(3))))
pool.close()
"""


def test_a_script_need_not_ask_whether_it_is_the_first(tmp_path: Path) -> None:
    """Without `if __name__ == "__main__"` each worker began the script anew and died, and the run blamed memory."""
    (tmp_path / "call.py").write_text(UNGUARDED)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, str(tmp_path / "call.py")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=True)
    assert (done.stdout, done.stderr) == ("[1, 2, 4]\n", "")


def test_care_cuts_finer_until_one_document_is_left() -> None:
    """A death in a piece of many makes smaller pieces of it, one in a piece of one makes it guilty; no progress ends it."""
    care = Care().narrow((0, 200))
    assert care is not None
    assert list(care.cut(0, 200))[:2] == [(0, 12), (12, 24)]
    care = care.narrow((12, 24))
    assert care is not None
    assert list(care.cut(0, 40)) == [(0, 12), *((n, n + 1) for n in range(12, 24)), (24, 40)]
    care = care.narrow((13, 14))
    assert care == Care(frozenset({13}))
    assert list(care.cut(0, 40)) == [(0, 13), (13, 14), (14, 40)]
    assert care.narrow(None) is None
    assert list(care.cut(300, 3)) == [(300, 303)]


@pytest.mark.slow
def test_a_document_that_kills_its_process_is_quarantined_and_the_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker dies at one text: this text alone is quarantined, with its bytes, and all others are cleaned."""
    lines = [{"id": f"n{number}", "text": f"The ferry number {number} stopped on Monday."} for number in range(60)]
    lines[17]["text"] = DEADLY
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (tmp_path / "sitecustomize.py").write_text(KILLER)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{Path(__file__).resolve().parent.parent}")
    result = cleanse.run(tmp_path / "in.jsonl", tmp_path / "out.parquet", workers=2, shard_bytes=1000, duplicates=False)
    assert result.summary["ledger"]["documents"] == {"read": 60, "kept": 59, "dropped": 0, "quarantined": 1}
    assert pl.read_parquet(tmp_path / "out.parquet")["id"].to_list() == [f"n{n}" for n in range(60) if n != 17]
    quarantine = pl.read_parquet(tmp_path / "out.report" / "quarantine.parquet").to_dicts()
    assert [row["bytes"] for row in quarantine] == [DEADLY.encode()]
    assert quarantine[0]["error"].startswith("the process that cleaned it died")
    assert quarantine[0]["error"].endswith("its id is n17")
    assert not (tmp_path / "out.work").exists()


DEADLY = "A library cannot bear this sentence."
# Loaded by each new process of Python: the first stage ends the process where a document has the deadly text.
KILLER = f"""
import os, sys
if "--multiprocessing-fork" in sys.argv or "spawn_main" in " ".join(sys.orig_argv):
    from cleanse import pipeline
    first = pipeline.STAGES["encoding"]
    def deadly(documents, prepared):
        if {DEADLY!r} in documents.collect()["text"].to_list():
            os._exit(9)
        return first(documents, prepared)
    pipeline.STAGES["encoding"] = deadly
"""


def process_number(number: int) -> int:
    time.sleep(0.2)
    return os.getpid()


def test_processes_stay_for_the_next_function() -> None:
    """To begin them takes seconds, so a second pass uses those of the first."""
    pool = Pool(2)
    first, second = set(pool.map(process_number, range(4))), set(pool.map(process_number, range(4)))
    pool.close()
    assert len(first) == 2
    assert second == first


def test_processes_are_begun_early_where_a_file_is_large(tmp_path: Path) -> None:
    """They are those that the run takes; where it takes none, or there is too little to do, none is left."""
    before = multiprocessing.active_children()  # of other tests
    large = tmp_path / "large.jsonl"
    with large.open("wb") as file:
        file.truncate(processes.WORTH_BYTES)
    with processes.begin_early([str(large)], 2):
        assert processes.take_pool(3).workers == 3
        early = processes.take_pool(2)
        assert len(early._processes) == 2
        early.shutdown()
    with processes.begin_early([str(large)], 2):
        pass
    with processes.begin_early([str(tmp_path / "none.jsonl"), str(tmp_path)], 2):
        assert not processes.take_pool(2)._processes
    assert [child for child in multiprocessing.active_children() if child not in before] == []
