"""Edits between two lines: small, none of them empty, and the same as the standard library finds."""

from __future__ import annotations

import itertools
from difflib import SequenceMatcher

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleanse.encoding.changes import compare, find_changes

LINES = st.text(st.sampled_from("ab cdé文🏝"), max_size=24)


@settings(deadline=None, max_examples=500)
@given(LINES, LINES)
def test_the_kernel_finds_what_difflib_finds(left, right):
    """The stretches that differ are those of `difflib`, also where several longest matches are possible."""
    expected = [
        (i, j, k, m)
        for tag, i, j, k, m in SequenceMatcher(None, left, right, autojunk=False).get_opcodes()
        if tag != "equal"
    ]
    assert find_changes(left, right) == expected


@settings(deadline=None, max_examples=300)
@given(LINES, LINES.filter(bool), st.booleans())
def test_edits_lead_from_one_line_to_the_other(before, after, by_words):
    """Making the edits in order gives the other line; each covers text that was there, and none overlap."""
    if not before:
        return
    edits = compare(before, after, "encoding/mojibake", by_words=by_words)
    text = before
    for edit in reversed(edits):
        assert edit.start < edit.end
        text = text[: edit.start] + edit.replacement + text[edit.end :]
    assert text == after
    assert all(first.end <= second.start for first, second in itertools.pairwise(edits))


@pytest.mark.parametrize(
    ("before", "after", "edits"),
    [
        ("same", "same", []),
        ("FÃ¼r dich", "Für dich", [(1, 3, "ü")]),
        ("a\x00b\x07c", "abc", [(1, 2, ""), (3, 4, "")]),
        ("ab", "axb", [(0, 1, "ax")]),
        ("b", "ab", [(0, 1, "ab")]),
    ],
)
def test_single_edits(before, after, edits):
    """What is put in takes a neighbour along, so that every hit has a text."""
    assert [tuple(edit[:3]) for edit in compare(before, after, "encoding/mojibake")] == edits


def test_a_comparison_that_would_take_too_long_is_not_finished():
    """A long word in which two characters take turns with damage is one edit, where a short one is many."""
    short, long = "Ã©a" * 20, "Ã©a" * 300
    assert len(compare(short, short.replace("Ã©", "é"), "x/rule")) == 20
    (edit,) = compare(long, long.replace("Ã©", "é"), "x/rule")
    assert edit.replacement == "éa" * 299 + "é"
