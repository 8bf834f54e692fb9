"""Entities in a line: all layers of escaping come off, and the edits say where each stood."""

from __future__ import annotations

import itertools

import ftfy.fixes
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleanse.encoding import entities

PARTS = [
    "&",
    "amp",
    ";",
    "amp;",
    "#38;",
    "#",
    "lt;",
    "&semi;",
    "&num;",
    "&#1;",
    "&#97;",
    "mp;",
    "&ngE;",
    "&AMP;",
    "foo;",
    "é",
    " ",
]


def unescape_in_passes(text: str) -> str:
    """Unescape again and again, a layer at a time, until nothing changes."""
    while (after := ftfy.fixes.unescape_html(text)) != text:
        text = after
    return text


@given(st.lists(st.sampled_from(PARTS), max_size=14).map("".join))
def test_one_pass_gives_what_many_give(line: str) -> None:
    """Whatever is nested in what, the text is the one that passes over the line end with."""
    edits = entities.unescape(line, "x/rule")
    assert entities.overwrite(line, edits) == unescape_in_passes(line)
    assert all(edit.start < edit.end for edit in edits)
    assert all(first.end <= second.start for first, second in itertools.pairwise(edits))


@pytest.mark.parametrize(
    ("line", "edits"),
    [
        ("R&amp;amp;amp;D", [(1, 14, "&")]),
        ("a &amp;lt; b &gt; c", [(2, 10, "<"), (13, 17, ">")]),
        ("&&#97;mp;lt;", [(0, 12, "<")]),
        ("&am&foo;p; &foo;", []),
        ("x&#1;y", [(1, 5, "")]),
        ("AT&T; &amp", []),
    ],
)
def test_each_entity_is_one_edit_with_its_layers(line: str, edits: list[tuple[int, int, str]]) -> None:
    """An edit covers an entity with all its layers, and nothing beside it."""
    assert [tuple(edit) for edit in entities.unescape(line, "x/rule")] == [(*edit, "x/rule") for edit in edits]


def test_each_layer_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand layers are a thousand entities, not a thousand passes over as many."""
    asked = []

    def count(entity: str) -> str:
        asked.append(entity)
        return ftfy.fixes.unescape_html(entity)

    monkeypatch.setattr(entities, "unescape_entity", count)
    assert [edit[:3] for edit in entities.unescape("&" + "amp;" * 1000 + "lt;", "x")] == [(0, 4004, "<")]
    assert len(asked) <= 1001 + 2  # and one look at the outermost layer before
