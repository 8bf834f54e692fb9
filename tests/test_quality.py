"""Measures of documents: whole rows by hand, and the same numbers as plain Python counts."""

from __future__ import annotations

import re
import unicodedata

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleanse import quality


def measure(*texts: str | None) -> list[dict[str, float]]:
    """Measure texts, a dictionary each."""
    frame = quality.measure_documents(pl.LazyFrame({"clean": texts}, schema={"clean": pl.String})).collect()
    assert {name: frame.schema[name] for name in quality.MEASURES} == quality.MEASURES
    return frame.select(quality.MEASURES.keys()).rows(named=True)


def row(*values: float) -> dict[str, float]:
    """Name values in the order of MEASURES, approximately where they are shares."""
    return {name: pytest.approx(value, abs=1e-6) for name, value in zip(quality.MEASURES, values, strict=True)}


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("", (0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0)),
        (" \n\t\n", (4, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0)),
        ("One two.", (8, 7, 1, 0, 2, 3, 6 / 7, 0, 1 / 7, 8, 1, 0, 0)),
        ("雨停了。", (4, 4, 1, 0, 3, 1, 3 / 4, 0, 1 / 4, 4, 1, 0, 0)),
        ("नदी बढ़ी।", (9, 8, 1, 0, 2, 3.5, 7 / 8, 0, 1 / 8, 9, 1, 0, 0)),
        ("- a1\n- a1\n\nb!", (13, 8, 4, 1, 3, 5 / 3, 3 / 8, 2 / 8, 3 / 8, 10 / 3, 1 / 3, 2 / 3, 1 / 3)),
        ("12 34\n12 34\n12 34", (17, 12, 3, 0, 6, 2, 0, 1, 0, 5, 0, 0, 2 / 3)),
    ],
)
def test_whole_rows(text, values):
    """All measures of a text, counted by hand."""
    assert measure(text) == [row(*values)]


def test_a_null_is_an_empty_text():
    """Nothing is known of a null, and it breaks nothing."""
    assert measure(None) == measure("")


@pytest.mark.parametrize(
    "line",
    ["Ende.", "Wirklich?", "他说：“走吧！”", "走吧。」", "समाप्त।", "انتهى؟", "…", "(So be it.)", "Конец!»", "End. "],
)
def test_lines_that_end_like_a_sentence(line):
    """The marks of all scripts count, also before closing quotes and brackets."""
    assert measure(line)[0]["ended_line_share"] == 1


@pytest.mark.parametrize("line", ["Home", "Read more »", "a.b", "Preis: 5,00", "标题", "(end)", "»"])
def test_lines_that_do_not(line):
    """A full stop inside a line, or a bracket alone, ends no sentence."""
    assert measure(line)[0]["ended_line_share"] == 0


@pytest.mark.parametrize(
    ("line", "share"), [("- a", 1), ("• a", 1), ("  * a", 1), ("-a", 0), ("a - b", 0), ("– a", 1), ("-5 Grad", 0)]
)
def test_bullets(line, share):
    """A bullet stands first and has a space behind it."""
    assert measure(line)[0]["bullet_line_share"] == share


@given(st.lists(st.text(alphabet="aZé字กnदी5٣½ \t\n\u00a0\u3000.-!«😀\u0301", max_size=40), min_size=1, max_size=4))
@settings(deadline=None)
def test_counts_are_those_of_python(texts):
    """Characters, visible characters, letters, digits, lines and duplicates, counted again in plain Python."""
    for text, found in zip(texts, measure(*texts), strict=True):
        visible = re.sub(r"\s", "", text)
        kinds = [unicodedata.category(character)[0] for character in visible]
        lines = [line.strip() for line in text.split("\n")]
        filled = [line for line in lines if line]
        share = max(len(visible), 1)
        assert (found["chars"], found["visible_chars"]) == (len(text), len(visible))
        assert (found["lines"], found["blank_lines"]) == (len(lines), len(lines) - len(filled))
        assert found["letter_share"] == pytest.approx(sum(kind in "LM" for kind in kinds) / share)
        assert found["digit_share"] == pytest.approx(kinds.count("N") / share)
        assert found["duplicate_line_share"] == pytest.approx((len(filled) - len(set(filled))) / max(len(filled), 1))
