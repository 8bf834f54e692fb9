"""What is slow to make is kept between runs, and no state of the cache changes what comes out."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from cleanse import cache, pipeline
from cleanse.rules import load_rules


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Give a cache folder of the test's own."""
    place = tmp_path / "cache"
    monkeypatch.setenv(cache.VARIABLE, str(place))
    return place


def count_calls():
    """Give a function that makes a new value each time."""
    calls = []

    def make():
        calls.append(None)
        return {"call": len(calls)}

    return make


def test_a_value_is_made_once_for_each_key(folder):
    make = count_calls()
    assert [cache.fetch("thing", key, make) for key in "aab"] == [{"call": 1}, {"call": 1}, {"call": 2}]
    assert len(list(folder.iterdir())) == 2


@pytest.mark.parametrize(
    "damage", [lambda old: b"", lambda old: old[:-1], lambda old: old[:40] + b"x" + old[41:], lambda old: b"text"]
)
def test_a_damaged_entry_is_made_anew(folder, damage):
    make = count_calls()
    cache.fetch("thing", "a", make)
    path = next(folder.iterdir())
    path.write_bytes(damage(path.read_bytes()))
    assert cache.fetch("thing", "a", make) == {"call": 2}
    assert cache.fetch("thing", "a", make) == {"call": 2}


def test_an_entry_whose_digest_is_right_but_whose_class_is_gone_is_made_anew(folder):
    make = count_calls()
    cache.fetch("thing", "a", make)
    content = b"\x80\x04\x8c\x06nobody\x8c\x05thing\x93."
    with pytest.raises(ModuleNotFoundError):
        pickle.loads(content)
    path = next(folder.iterdir())
    path.write_bytes(cache.xxhash.xxh3_128_digest(content) + content)
    assert cache.fetch("thing", "a", make) == {"call": 2}


def test_without_a_folder_everything_is_made(tmp_path, monkeypatch):
    make = count_calls()
    (tmp_path / "file").write_text("not a folder")
    for place in ("off", str(tmp_path / "file"), str(tmp_path / "file" / "below")):
        monkeypatch.setenv(cache.VARIABLE, place)
        cache.fetch("thing", "a", make)
    assert make() == {"call": 4}


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="the system knows no rights of this kind")
def test_a_folder_in_which_others_may_write_is_not_used(folder):
    folder.mkdir()
    folder.chmod(0o777)
    make = count_calls()
    cache.fetch("thing", "a", make)
    assert cache.fetch("thing", "a", make) == {"call": 2}
    assert list(folder.iterdir()) == []


def test_only_the_newest_entries_stay(folder):
    make = count_calls()
    for key in range(cache.NEWEST + 3):
        cache.fetch("thing", str(key), make)
    cache.fetch("other", "a", make)
    assert len(list(folder.glob("thing-*"))) == cache.NEWEST
    assert len(list(folder.glob("other-*"))) == 1


def test_other_code_makes_other_entries(folder, monkeypatch):
    make = count_calls()
    cache.fetch("thing", "a", make)
    monkeypatch.setattr(cache, "_surroundings", lambda: "the next version")
    assert cache.fetch("thing", "a", make) == {"call": 2}


def test_rules_that_were_edited_are_read_anew(folder, tmp_path):
    own = tmp_path / "rules" / "boilerplate"
    own.mkdir(parents=True)
    rule = own / "mast.toml"
    text = 'title = "A line"\nwhy = "It stands around the text."\nstatus = "stable"\nsince = "0.1.0"\nscope = "line"\naction = "strip"\nseverity = "low"\nrisk = "A sentence about a mast."\nliterals = ["{}"]\n'
    rule.write_text(text.format("the mast"))
    before = rule.stat()
    assert load_rules(tmp_path / "rules")["boilerplate/mast"].head.literals == ["the mast"]
    rule.write_text(text.format("the sail"))
    os.utime(rule, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert load_rules(tmp_path / "rules")["boilerplate/mast"].head.literals == ["the sail"]


@pytest.mark.slow
def test_a_run_gives_the_same_with_a_new_a_full_and_no_cache(tmp_path):
    (tmp_path / "in.txt").write_text("The ferry stopped on Monday.\nRelated posts\n- GebÃ¼hren\n", "utf-8")
    code = "import cleanse, sys; cleanse.run(sys.argv[1], sys.argv[2])"
    outs = []
    for number, place in enumerate((tmp_path / "cache", tmp_path / "cache", "off")):
        out = tmp_path / str(number) / "out.parquet"
        out.parent.mkdir()
        env = {**os.environ, cache.VARIABLE: str(place)}
        subprocess.run([sys.executable, "-c", code, str(tmp_path / "in.txt"), str(out)], check=True, env=env)
        outs.append([out.read_bytes(), *(path.read_bytes() for path in sorted(report_tables(out)))])
    assert outs[0] == outs[1] == outs[2]


def report_tables(out: Path) -> list[Path]:
    """List the tables of a report."""
    return list(out.with_suffix(".report").glob("*.parquet"))


def test_two_processes_may_write_one_entry(folder):
    code = "from cleanse import cache; print(cache.fetch('thing', 'a', lambda: 'x' * 1_000_000) == 'x' * 1_000_000)"
    both = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [process.communicate()[0].strip() for process in both] == ["True", "True"]
    assert [path.suffix for path in folder.iterdir()] == [".pickle"]


def test_what_is_prepared_can_be_kept():
    """A repair without a name could not, so that each process made all rules ready anew, which took it four seconds."""
    rules = load_rules()
    prepared = pipeline._make(rules.select(), rules, ())
    again = pickle.loads(pickle.dumps(prepared))
    assert again.repairer.repairs == prepared.repairer.repairs


def test_a_kernel_from_the_cache_loads_without_the_compiler() -> None:
    """To load kernels must not import what compiling needs, such as SciPy: that took a quarter of the start of a small run."""
    code = (
        "import sys, polars as pl, cleanse\n"
        "pl.LazyFrame({'text': ['The ferry stopped.']}).pipe(cleanse.clean).collect()\n"
        "print('numba.np.arraymath' in sys.modules)"
    )
    for _ in range(2):  # the first may compile
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
