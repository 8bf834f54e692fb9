"""Offsets: lines, pieces of lines, places carried back to the text as read, hits in and out of columns."""

from __future__ import annotations

import unicodedata

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from cleanse import kernels, segments
from cleanse.hits import HIT_SCHEMA, HITS, attach_hits, explode_hits
from cleanse.segments import Piece

LINE = st.text(alphabet="abÃ¼字ก😀", max_size=12)


def make_edits(draw: st.DrawFn, text: str, rule: str) -> list[Piece]:
    """Draw edits of a text that do not overlap and are not empty."""
    places = sorted(draw(st.sets(st.integers(0, len(text)), max_size=8)))
    pairs = zip(places[::2], places[1::2], strict=False)
    return [Piece(start, end, draw(st.text(alphabet="XY", max_size=3)), rule) for start, end in pairs]


@st.composite
def edited(draw: st.DrawFn) -> tuple[str, list[Piece], str]:
    """Give a line, the pieces after three rounds of edits, and the text that these should make, edited by slicing."""
    line = current = draw(LINE)
    pieces = segments.cut_line(len(line), [])
    for rule in ("first", "second", "third"):
        edits = make_edits(draw, current, rule)
        pieces = segments.rewrite(pieces, edits)
        for edit in reversed(edits):
            current = current[: edit.start] + (edit.replacement or "") + current[edit.end :]
    return line, pieces, current


@given(edited())
@settings(deadline=None)
def test_rounds_of_edits_make_the_text(case):
    """Pieces cover the line once, in order, and joined they give what the edits make one after the other."""
    line, pieces, expected = case
    assert segments.join_pieces(line, pieces) == expected
    assert [piece.start for piece in pieces] == [0, *(piece.end for piece in pieces)][: len(pieces)]
    assert (pieces[-1].end if pieces else 0) == len(line)
    assert all((piece.rule is None) == (piece.replacement is None) for piece in pieces)


@given(edited(), st.data())
@settings(deadline=None)
def test_a_place_carried_back_holds_what_was_there(case, data):
    """The place in the line as read makes, edited, a text that contains the place it came from, and cuts no edit."""
    line, pieces, text = case
    start, end = sorted(data.draw(st.tuples(st.integers(0, len(text)), st.integers(0, len(text)))))
    left, right = segments.unshift(start, end, pieces)
    if start < end:
        inside = [
            piece for piece in pieces if piece.replacement is not None and left < piece.end and piece.start < right
        ]
        assert all(left <= piece.start and piece.end <= right for piece in inside)
        kept = [Piece(p.start - left, p.end - left, p.replacement, p.rule) for p in inside]
        assert text[start:end] in segments.join_pieces(line[left:right], segments.cut_line(right - left, kept))


@pytest.mark.parametrize(
    ("pieces", "edits", "after"),
    [
        ([(0, 6, None, None)], [(1, 3, "X", "b")], [(0, 1, None, None), (1, 3, "X", "b"), (3, 6, None, None)]),
        ([(0, 6, None, None)], [(1, 3, "X", "b"), (3, 4, "", "b")], [(0, 1, None, None), (1, 3, "X", "b"), (3, 4, "", "b"), (4, 6, None, None)]),
        ([(0, 2, "é", "a"), (2, 6, None, None)], [(0, 1, "e", "b")], [(0, 2, "e", "a"), (2, 6, None, None)]),
        ([(0, 2, "é", "a"), (2, 6, None, None)], [(0, 3, "e", "b")], [(0, 4, "e", "a"), (4, 6, None, None)]),
        ([(0, 2, None, None), (2, 3, "xyz", "a")], [(1, 3, "Q", "b"), (4, 5, "R", "b")], [(0, 1, None, None), (1, 3, "QyR", "a")]),
        ([(0, 1, "", "a"), (1, 4, None, None)], [(0, 1, "X", "b")], [(0, 1, "", "a"), (1, 2, "X", "b"), (2, 4, None, None)]),
        ([(0, 1, None, None), (1, 2, "", "a"), (2, 3, None, None)], [(0, 2, "X", "b")], [(0, 3, "X", "a")]),
    ],
)  # fmt: skip
def test_edits_of_edited_lines(pieces, edits, after):
    """An edit that touches an earlier one becomes one piece with it, under the rule of the earlier."""
    found = segments.rewrite([Piece(*piece) for piece in pieces], [Piece(*edit) for edit in edits])
    assert [tuple(piece) for piece in found] == after


@pytest.mark.parametrize(
    ("spans", "union"),
    [
        ([], []),
        ([(3, 3)], []),
        ([(0, 2), (2, 4)], [(0, 4)]),
        ([(5, 6), (0, 1)], [(0, 1), (5, 6)]),
        ([(0, 9), (2, 3)], [(0, 9)]),
    ],
)
def test_the_union_of_spans(spans, union):
    """Sorted, joined where they touch, without the empty ones."""
    assert segments.merge_spans(spans) == union


def test_lines_of_documents():
    """Every line feed ends a line and nothing else does; a null text has no lines."""
    texts = ["a\n\nb\n", None, "", "字\r\nक\u2028x"]
    documents = pl.DataFrame({"doc": [0, 1, 2, 3], "text": texts}, schema_overrides={"doc": pl.UInt32})
    assert segments.split_lines(documents, "text").rows() == [
        (0, 0, "a"), (0, 1, ""), (0, 2, "b"), (0, 3, ""), (2, 0, ""), (3, 0, "字\r"), (3, 1, "क\u2028x")
    ]  # fmt: skip


def test_single_lines_are_found_and_replaced_in_a_buffer():
    """Some lines of several texts, empty ones and last ones too; a line that goes takes its break along."""
    texts = pl.Series(["a\n\nb\n", "字\r\nक", "", "x"])
    data, offsets = kernels.buffers(texts)
    places, numbers = np.array([0, 0, 0, 1, 1, 2]), np.array([0, 1, 3, 0, 1, 0])
    begins, ends, last = segments.find_lines(data, offsets, places, numbers)
    assert kernels.as_texts(*kernels.gather_bytes(data, begins, ends)).to_list() == ["a", "", "", "字\r", "क", ""]
    assert last.tolist() == [False, False, True, False, True, True]
    others = kernels.buffers(pl.Series(["", "YY", "", "é", "", ""]))
    spliced = kernels.splice_bytes(data, offsets, places, begins, ends + np.array([1, 0, 0, 0, 0, 0]), *others)
    assert kernels.as_texts(*spliced).to_list() == ["YY\nb\n", "é\n", "", "x"]


def test_hits_go_into_columns_and_come_out():
    """Hits attached to documents in any order come out sorted by place; documents without any have an empty list."""
    rows = [
        (2, "b/y", "strip", True, 1, 0, 3, "abc", None),
        (0, "b/x", "flag", True, None, None, None, None, None),
        (2, "b/x", "strip", True, 0, 4, 5, "z", None),
        (2, "b/x", "fix", False, 0, 1, 2, "é", "e"),
    ]
    hits = pl.DataFrame(rows, schema=HIT_SCHEMA, orient="row")
    documents = pl.DataFrame({"doc": [0, 1, 2]}, schema={"doc": pl.UInt32})
    attached = attach_hits(documents, hits, "found")
    assert attached["found"].list.len().to_list() == [1, 0, 3]
    assert explode_hits(attached, "found").rows() == [rows[1], rows[3], rows[2], rows[0]]
    assert_frame_equal(explode_hits(documents), hits.clear())


def test_a_stage_that_adds_something_else_fails():
    """A function that does not add the columns it declared is an error, not a silent gap."""
    stage = segments.as_stage(pl.LazyFrame({"text": ["a"]}), lambda frame: frame, {"more": pl.Int64()})
    with pytest.raises(pl.exceptions.PolarsError):
        stage.collect()


@given(
    st.text(alphabet="aeơ\u0301\u0323\u0302\u1112\u1161\u11abか\u3099\u0915\u093c\u0f72\u0f73é ", max_size=8), st.data()
)
def test_spans_of_composed_text_are_carried_back(text, data):
    """What a span of the composed text covers is what the composed characters of the place carried back hold, and no less."""
    composed = unicodedata.normalize("NFC", text)
    start = data.draw(st.integers(0, len(composed)))
    end = data.draw(st.integers(start, len(composed)))
    left, right = segments.unshift_composed(start, end, text)
    whole = segments.unshift_composed(0, len(composed), text)
    assert whole == (0, len(text))
    if start < end:
        assert composed[start:end] in unicodedata.normalize("NFC", text[left:right])
        assert len(unicodedata.normalize("NFC", text[:left])) <= start
        parts = [unicodedata.normalize("NFC", part) for part in (text[:left], text[left:right], text[right:])]
        assert "".join(parts) == composed


def test_a_vowel_of_two_marks_belongs_to_its_letter():
    """Tibetan U+0F73 bears no class of a mark, but it is two marks that are put in order with those before it."""
    text = "\u0f40\u0f72\u0f73x"
    assert unicodedata.normalize("NFC", text) == "\u0f40\u0f71\u0f72\u0f72x"
    assert segments.unshift_composed(1, 2, text) == (0, 3)
    assert segments.unshift_composed(4, 5, text) == (3, 4)


SPANS = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1), st.integers(0, 9), st.integers(0, 9)), max_size=8)


@settings(deadline=None)
@given(SPANS, SPANS)
def test_places_that_a_union_covers(places: list[tuple[int, ...]], spans: list[tuple[int, ...]]) -> None:
    """A place is covered where one stretch of the union of the spans of its line holds it."""
    schema = {"doc": pl.UInt32, "line": pl.UInt32, "start": pl.UInt32, "end": pl.UInt32}
    found = segments.find_covered(
        pl.DataFrame(places, schema=schema, orient="row"), pl.DataFrame(spans, schema=schema, orient="row")
    )
    expected = []
    for *line, start, end in places:
        union = segments.merge_spans((a, b) for *own, a, b in spans if own == line)
        expected.append(any(a <= start and end <= b for a, b in union))
        assert segments.lies_in(start, end, union) == expected[-1]
    assert found.to_list() == expected


@settings(deadline=None)
@given(st.text(alphabet="aé字😀", min_size=1, max_size=9), st.data())
def test_texts_of_places_are_cut_out_of_their_line(text: str, data: st.DataObject) -> None:
    """However many places one line has, and in whatever order, each gets its own text."""
    ends = st.integers(0, len(text))
    spans = data.draw(st.lists(st.tuples(ends, ends).map(sorted), max_size=5))
    documents = pl.DataFrame(
        {"doc": [0], "text": [f"x\n{text}"], "encoding_hits": [[]]}, schema_overrides={"encoding_hits": HITS}
    )
    rows = [(0, "x/rule", 1, start, end, False, text) for start, end in spans] + [(0, "x/rule", 1, 0, 0, True, text)]
    hits = segments.locate(pl.DataFrame(rows, schema=segments.FOUND_SCHEMA, orient="row"), documents)
    assert hits["text"].to_list() == [*(text[start:end] for start, end in spans), text]
    assert hits.select("start", "end").rows() == [*map(tuple, spans), (0, len(text))]


@given(
    st.lists(st.tuples(st.integers(1, 3), st.sampled_from([None, "", "y", "zz"])), min_size=1, max_size=6), st.data()
)
def test_a_span_is_widened_to_the_edits_that_it_cuts(
    stretches: list[tuple[int, str | None]], data: st.DataObject
) -> None:
    """A span of the line as it was grows by the edits of which it holds a part, and by nothing else."""
    pieces, place = [], 0
    for length, replacement in stretches:
        pieces.append(Piece(place, place + length, replacement, None if replacement is None else "x/rule"))
        place += length
    start, end = sorted(data.draw(st.tuples(st.integers(0, place), st.integers(0, place))))
    cut = [p for p in pieces if p.replacement is not None and p.start < end and start < p.end]
    expected = min([start, *(p.start for p in cut)]), max([end, *(p.end for p in cut)])
    assert segments.Shifts(pieces).widen(start, end) == expected
