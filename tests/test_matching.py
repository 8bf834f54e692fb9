"""The gates and the span finder, against the plain way of doing the same."""

from __future__ import annotations

import re

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleanse import matching
from cleanse.rules import Block

TEXT = st.text(alphabet="ab[]é字ก😀 \ufdd0\U0010fffe", max_size=20)


def frame(texts: list[str], numbers: list[int] | None = None) -> pl.DataFrame:
    """Give lines of one document."""
    numbers = numbers or list(range(len(texts)))
    return pl.DataFrame(
        {"row": list(range(len(texts))), "doc": [0] * len(texts), "line": numbers, "text": texts},
        schema=matching.LINE_SCHEMA,
    )


@given(st.lists(TEXT, max_size=6), st.sampled_from([r"\[[^\[\]]*\]", "a+", "[é字ก]", "😀", r"b|ab", r"\S+ "]))
@settings(deadline=None)
def test_spans_are_those_of_the_regex(texts, pattern):
    """Every place that Python's `re` finds is found, in characters, whatever private characters the text holds."""
    expected = {(row, *found.span()) for row, text in enumerate(texts) for found in re.finditer(pattern, text)}
    assert set(matching.find_spans(frame(texts), (pattern,)).select("row", "start", "end").rows()) == expected


@pytest.mark.parametrize(
    ("literal", "parts"),
    [
        ("See also:", ("see also", "", ":")),
        ("» 更多", ("更多", "»", "")),
        ("read   MORE", ("read more", "", "")),
        (">>", (">>", "", "")),
    ],
)
def test_labels_and_their_decoration(literal, parts):
    """A literal is its words, and the signs before and behind them that a line must have; signs alone are the words."""
    literals = pl.DataFrame({"text": [literal], "variant": [0]})
    assert matching.split_labels(literals).rows() == [(*parts, 0)]


@pytest.mark.parametrize(
    ("text", "trimmed", "opened"),
    [
        ("» Read more «", "Read more", "Read more «"),
        ("[[Подробнее]]", "Подробнее", "[[Подробнее]]"),
        ("“Read more”", "“Read more”", "“Read more”"),
        ("Read more?", "Read more?", "Read more?"),
        ("© Anna", "© Anna", "© Anna"),
        ("—", "", ""),
    ],
)
def test_decoration(text, trimmed, opened):
    """Dashes, arrows and brackets are decoration; quotes, question marks and the signs of copyright are not."""
    row = matching.trim_lines(frame([text])).row(0, named=True)
    assert (row["trimmed"], row["opened"]) == (trimmed, opened)
    assert row["front"] + row["trimmed"] + row["back"] == text


def test_blocks_of_several_documents():
    """A block never runs into the next document, and blank lines are told by the numbers of lines."""
    lines = pl.DataFrame(
        {
            "row": range(6),
            "doc": [0, 0, 1, 1, 1, 1],
            "line": [0, 1, 0, 3, 4, 9],
            "text": ["More", "- a", "- b", "More", "- c", "- d"],
        },
        schema=matching.LINE_SCHEMA,
    )
    block = Block(items=[r"^- "], max_lines=9, max_gap=1)
    headings = lines.filter(pl.col("text") == "More")
    assert matching.extend_block(headings, lines, block)["row"].to_list() == [0, 1, 3, 4]


@pytest.mark.parametrize(("run", "rows"), [(1, [0, 1]), (2, [0])])
def test_loose_items_need_company(run, rows):
    """A loose line counts in runs of `loose_run`; the line that ends the run is prose."""
    block = Block(prose=[r"\.$"], loose_chars=20, loose_run=run, max_lines=9)
    lines = frame(["More", "A short line", "This is prose."])
    assert matching.extend_block(lines.head(1), lines, block)["row"].to_list() == rows
