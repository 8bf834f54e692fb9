"""Measures of documents: whole rows by hand, and the same numbers as plain Python counts."""

from __future__ import annotations

import re
import unicodedata

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleanse import kernels, quality
from cleanse.rules import load_rules


PARAMETERS = quality.Parameters.of(load_rules())


def measure(*texts: str | None, language: str = "und") -> list[dict[str, float]]:
    """Measure texts, a dictionary each."""
    frame = pl.LazyFrame({"clean": texts}, schema={"clean": pl.String}).with_columns(language=pl.lit(language))
    found = quality.measure_documents(frame, PARAMETERS).collect()
    assert {name: found.schema[name] for name in quality.MEASURES} == quality.MEASURES
    return found.select(quality.MEASURES.keys()).rows(named=True)


def row(**values: float) -> dict[str, float | None]:
    """Fill in what is not named: 0, and no stop words where the language has none. Shares hold approximately."""
    empty = {**dict.fromkeys(quality.MEASURES, 0), "stop_words": None}
    return {name: value and pytest.approx(value, abs=1e-6) for name, value in {**empty, **values}.items()}


# Each whole row was counted by hand.
WHOLE = {
    "empty": ("", row(lines=1, blank_lines=1)),
    "blank": (" \n\t\n", row(chars=4, lines=3, blank_lines=3)),
    "one line": (
        "One two.",
        row(
            chars=8, visible_chars=7, lines=1, paragraphs=1, sentences=1, words=2, mean_word_chars=3,
            longest_word_chars=3, letter_word_share=1, letter_share=6 / 7, symbol_share=1 / 7, mean_line_chars=8,
            ended_line_share=1, short_line_share=1,
        ),
    ),
    "Chinese": (
        "雨停了。",
        row(
            chars=4, visible_chars=4, lines=1, paragraphs=1, sentences=1, words=3, mean_word_chars=1,
            longest_word_chars=1, letter_word_share=1, letter_share=3 / 4, symbol_share=1 / 4, mean_line_chars=4,
            ended_line_share=1, short_line_share=1,
        ),
    ),
    "Thai": (
        "ฝนตก ฝนตก",
        row(
            chars=9, visible_chars=8, lines=1, paragraphs=1, words=8, mean_word_chars=1, longest_word_chars=1,
            letter_word_share=1, letter_share=1, mean_line_chars=9, short_line_share=1,
            top_2gram_share=1 / 2, top_3gram_share=3 / 4, top_4gram_share=1,
        ),
    ),
    "Hindi": (
        "नदी बढ़ी।",
        row(
            chars=9, visible_chars=8, lines=1, paragraphs=1, sentences=1, words=2, mean_word_chars=3.5,
            longest_word_chars=4, letter_word_share=1, letter_share=7 / 8, symbol_share=1 / 8, mean_line_chars=9,
            ended_line_share=1, short_line_share=1,
        ),
    ),
    "emoji": (
        "😀 #wow {x} … 😀😀",
        row(
            chars=15, visible_chars=11, lines=1, paragraphs=1, sentences=1, words=2, mean_word_chars=2,
            longest_word_chars=3, letter_word_share=2 / 5, letter_share=4 / 11, symbol_share=7 / 11,
            hashes_per_word=1 / 2, ellipses_per_word=1 / 2, braces=1, mean_line_chars=15, short_line_share=1,
        ),
    ),
    "list": (
        "- a1\n- a1\n\nB!",
        row(
            chars=13, visible_chars=8, lines=4, blank_lines=1, paragraphs=2, sentences=1, words=3,
            mean_word_chars=5 / 3, longest_word_chars=2, letter_word_share=3 / 5, letter_share=3 / 8, digit_share=2 / 8,
            symbol_share=3 / 8, line_breaks_per_word=1, mean_line_chars=10 / 3, ended_line_share=1 / 3,
            bullet_line_share=2 / 3, short_line_share=1, one_word_line_share=1, corrected_word_share=1,
            duplicate_line_share=1 / 3, duplicate_line_char_share=4 / 10,
        ),
    ),
    "digits": (
        "12 34\n12 34\n12 34",
        row(
            chars=17, visible_chars=12, lines=3, paragraphs=1, words=6, mean_word_chars=2, longest_word_chars=2,
            digit_share=1, line_breaks_per_word=2 / 6, mean_line_chars=5, short_line_share=1, digit_line_share=1,
            corrected_word_share=1, duplicate_line_share=2 / 3, duplicate_line_char_share=2 / 3, top_2gram_share=1,
            top_3gram_share=1, top_4gram_share=1,
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WHOLE)
def test_whole_rows(name):
    """All measures of a text, counted by hand."""
    text, values = WHOLE[name]
    assert measure(text) == [values]


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
