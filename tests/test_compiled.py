"""Patterns that stay compiled: the same answers as without, from any number of threads, however many patterns there are."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import polars as pl
import pytest

from cleanse import compiled


def test_each_text_meets_its_own_pattern():
    """Patterns of many threads, some more than once, and no text at all."""
    patterns = pl.Series([f"^{number}x" for number in range(200) for _ in range(2)])
    texts = pl.Series([f"{number}{end}" for number in range(200) for end in "xy"])
    assert compiled.match_own(texts, patterns).to_list() == [True, False] * 200
    none = pl.Series([], dtype=pl.String)
    assert compiled.match_own(none, none).to_list() == []


def test_more_patterns_than_there_is_room_for(monkeypatch):
    """What is beyond the last thread is asked where the call came from."""
    monkeypatch.setattr(compiled, "_threads", compiled._Threads())
    monkeypatch.setattr(compiled, "KEPT", 2)
    monkeypatch.setattr(compiled, "MOST_THREADS", 2)
    names = [compiled.run_compiled(str(number), lambda: threading.current_thread().name) for number in range(5)]
    own = threading.current_thread().name
    assert names == ["cleanse-patterns-0_0"] * 2 + ["cleanse-patterns-1_0"] * 2 + [own]
    assert compiled.run_compiled("1", lambda: threading.current_thread().name) == "cleanse-patterns-0_0"


def test_many_callers_at_once():
    """Several threads ask for the same and for other patterns; each gets its own answer."""

    def ask(number: int) -> list[bool]:
        return compiled.match_own(pl.Series(["a1", f"b{number}"]), pl.Series(["^a", f"b{number % 7}$"])).to_list()

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(64))) == [[True, number < 7] for number in range(64)]


def test_a_bad_pattern_is_an_error_of_the_caller():
    """What goes wrong in a thread comes out where the call was made, and the thread goes on."""
    with pytest.raises(pl.exceptions.ComputeError, match="unclosed group"):
        compiled.run_compiled("(", lambda: pl.Series(["a"]).str.contains("("))
    assert compiled.run_compiled("a", lambda: pl.Series(["a"]).str.contains("a")).to_list() == [True]


def test_any_of_many_patterns():
    """Patterns of several threads, one that matches or none, and no pattern at all."""
    texts = pl.Series("whatever", ["a0", "b99", "c", ""])
    patterns = [f"[ab]{number}$" for number in range(100)]
    assert compiled.match_any(texts, patterns).tolist() == [True, True, False, False]
    assert compiled.match_any(texts, []).tolist() == [False] * 4
    assert compiled.match_any(texts.head(0), patterns).tolist() == []
