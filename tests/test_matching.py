"""The gates and the span finder, against the plain way of doing the same."""

from __future__ import annotations

import re

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cleanse.kernels.text import first_visible, space_table
from cleanse.matching import blocks, decoration, spans
from cleanse.matching.forms import prepare_forms
from cleanse.matching.lines import LINE_SCHEMA, Lines
from cleanse.matching.literals import find_literals
from cleanse.matching.spelling import spell
from cleanse.matching.uses import split_label
from cleanse.matching.words import LENGTHS, Words
from cleanse.rules import Block
from cleanse.rules.prefilter import find_first_bytes

TEXT = st.text(alphabet="ab[]é字ก😀 \ufdd0\U0010fffe", max_size=20)


def frame(texts: list[str], numbers: list[int] | None = None) -> pl.DataFrame:
    """Give lines of one document."""
    numbers = numbers or list(range(len(texts)))
    return pl.DataFrame(
        {"row": list(range(len(texts))), "doc": [0] * len(texts), "line": numbers, "text": texts},
        schema=LINE_SCHEMA,
    )


@given(st.lists(TEXT, max_size=6), st.sampled_from([r"\[[^\[\]]*\]", "a+", "[é字ก]", "😀", r"b|ab", r"\S+ "]))
@settings(deadline=None)
def test_spans_are_those_of_the_regex(texts, pattern):
    """Every place that Python's `re` finds is found, in characters, whatever private characters the text holds."""
    expected = {(row, *found.span()) for row, text in enumerate(texts) for found in re.finditer(pattern, text)}
    assert set(spans.find_spans(frame(texts), (pattern,)).select("row", "start", "end").rows()) == expected
    places = spans.find_places(texts, (pattern,))
    assert {(row, *place) for row, own in enumerate(places) for place in own} == expected


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
    before, core, behind = split_label(literal)
    assert (core.lower(), before, behind) == parts


@pytest.mark.parametrize(
    ("text", "core", "opened"),
    [
        ("» Read more «", "Read more", "Read more «"),
        ("[[Подробнее]]", "Подробнее", "[[Подробнее]]"),
        ("“Read more”", "“Read more”", "“Read more”"),
        ("Read more?", "Read more?", "Read more?"),
        ("© Anna", "© Anna", "© Anna"),
        ("— \U000e0041\U0010fffd字\U000e0100", "字\U000e0100", "字\U000e0100"),
    ],
)
def test_decoration(text, core, opened):
    """Dashes, arrows and brackets are decoration; quotes, question marks, signs of copyright and variation selectors are not."""
    lines = Lines(pl.Series([text]))
    table = decoration.decoration_table()
    begin = lines.starts + len(text.encode().partition(core.encode())[0])
    inside = begin + len(core.encode())
    flags = decoration.judge_surroundings(lines.data, lines.starts, lines.ends, begin, inside, table)
    assert flags[0] & decoration.BEFORE_DECORATES
    assert flags[0] & decoration.BEHIND_DECORATES
    assert lines.cut(decoration.open_lines(lines.data, lines.starts, lines.ends, table), lines.ends).to_list() == [
        opened
    ]
    without = decoration.judge_surroundings(lines.data, lines.starts, lines.ends, inside, inside, table)
    assert not without[0] & decoration.BEFORE_DECORATES


@pytest.mark.parametrize(
    ("literal", "written"),
    [
        ("Διαβάστε επίσης", "ΔΙΑΒΑΣΤΕ ΕΠΙΣΗΣ"),
        ("Διαβάστε επίσης", "ΔΙΑΒΆΣΤΕ ΕΠΊΣΗΣ"),
        ("Προϊόντα", "ΠΡΟΪΟΝΤΑ"),
        ("Citește și", "Citeşte şi"),
        ("Știri", "ŞTIRI"),
    ],
)
def test_ways_to_write_a_literal(literal, written):
    """Greek capitals may lack their accents, but keep a diaeresis; the comma below of Romanian may be a cedilla."""
    assert written in spell(literal)


def test_turkish_cedillas_stay():
    """No comma below is made of the cedilla of Turkish."""
    assert [form for form in spell("Paylaş") if "ș" in form] == []


LITERALS = ["read more", "más", "阅读更多", "©", "#", "ab", "İLGİLİ HABER", "read moreover", "पढ़ें"]


@given(
    st.lists(st.lists(st.sampled_from([*LITERALS, " ", "x", "READ", "\u00a0", "é", "Read", "字", "ab"])).map("".join))
)
@settings(deadline=None)
def test_literals_are_found_where_they_stand(texts):
    """The kernel finds each form at each place at which Python finds it, ASCII in either case."""
    forms = [(form.encode(), number) for number, literal in enumerate(LITERALS) for form in spell(literal)]
    lines = Lines(pl.Series(texts, dtype=pl.String))
    found = find_literals(lines.data, lines.starts, lines.ends, prepare_forms(forms))
    expected = {
        (row, number, *match.span(1))
        for row in range(len(lines))
        for form, number in forms
        for match in re.finditer(b"(?i)(?=(" + re.escape(form) + b"))", lines.data[lines.starts[row] : lines.ends[row]])
    }
    begins = lines.starts[found.lines]
    places = zip(found.lines, found.literals, found.starts - begins, found.ends - begins, strict=True)
    assert {tuple(map(int, place)) for place in places} == expected


@given(st.lists(st.text(alphabet="a\n \u3000\r字😀", max_size=12) | st.none(), max_size=5))
def test_lines_are_those_of_python(texts):
    """Lines with a visible character are found with their number, text, length and place."""
    lines = Lines(pl.Series(texts, dtype=pl.String))
    expected = [
        (doc, number, line)
        for doc, text in enumerate(texts)
        for number, line in enumerate((text or "").split("\n"))
        if line.strip()
    ]
    taken = lines.take(np.arange(len(lines)))
    assert taken.select("doc", "line", "text").rows() == expected
    assert lines.chars.tolist() == [len(line) for _, _, line in expected]
    assert lines.ordinals.tolist() == [
        [d for d, _, _ in expected[:n]].count(doc) for n, (doc, _, _) in enumerate(expected)
    ]
    assert (lines.ordinals + lines.from_end).tolist() == [
        [d for d, _, _ in expected].count(doc) for doc, _, _ in expected
    ]


def test_blocks_of_several_documents():
    """A block never runs into the next document, and blank lines are told by the numbers of lines."""
    lines = Lines(pl.Series(["More\n- a", "- b\n\n\nMore\n- c\n\n\n\n\n- d"]))
    block = Block(items=[r"^- "], max_lines=9, max_gap=1)
    rows, ends = blocks.extend_blocks(np.array([0, 3]), lines, block)
    assert rows.tolist() == [0, 1, 3, 4]
    assert ends.rows() == [(0, 0, 1, "end"), (1, 3, 4, "gap")]


@pytest.mark.parametrize(
    ("text", "run", "rows", "stop"),
    [
        ("More\nA short line\nThis is prose.", 1, [0, 1], "prose"),
        ("More\nA short line\nThis is prose.", 2, [0], "lonely"),
        ("More\nA short line", 2, [0, 1], "end"),
        ("More\nOne\nTwo\nThree\nFour\nFive", 2, [0, 1, 2, 3], "limit"),
        ("More\n- one\ntwo\n\nthree\nfour", 2, [0, 1, 2], "parted"),
        ("More\n" + "A line that is too long for a label" + "\nB", 1, [0], "long"),
        ("More\n\n\nOne\nTwo", 2, [0], "gap"),
        ("More\nOne\nTwo\nParts:\nThree", 2, [0, 1, 2], "part"),
        ("More\n- one\n- amount\n- two", 2, [0, 1], "part"),
    ],
)
def test_blocks_say_why_they_end(text, run, rows, stop):
    """A block ends for one of nine reasons, and names it."""
    block = Block(
        items=["^- "], prose=[r"\.$"], parts=["^Parts:$", "amount"], loose_chars=20, loose_run=run, max_lines=3
    )
    found, ends = blocks.extend_blocks(np.array([0]), Lines(pl.Series([text])), block)
    assert found.tolist() == rows
    assert ends["stop"].to_list() == [stop]


def test_a_block_ends_at_headings_of_the_text():
    """A table of contents says the headings again that stand over paragraphs; titles over their own excerpts are items."""
    paragraph = "Below its heading a paragraph says more than fits on a line of links."
    contents = (
        f"Intro\n{paragraph}\nUse\n{paragraph}\n{paragraph}\nMore\nA link\nB link\n Intro \nUse\nEnd\n{paragraph}"
    )
    excerpts = f"More\nA link\nB link\nA link\n{paragraph}"
    teasers = f"A link\n{paragraph}\nB link\n{paragraph}\nMore\nA link\nB link\nC link"
    other = "More\nIntro\nUse"
    lines = Lines(pl.Series([contents, excerpts, teasers, other]))
    headings = np.flatnonzero([text == "More" for text in lines.take(np.arange(len(lines)))["text"]])
    rows, ends = blocks.extend_blocks(headings, lines, Block(loose_chars=20, max_lines=9))
    assert ends.rows() == [(0, 5, 7, "part"), (1, 0, 3, "long"), (2, 4, 7, "end"), (3, 0, 2, "end")]
    assert len(rows) == 3 + 4 + 4 + 3


def test_a_block_ends_at_the_next_heading():
    """The second heading begins a block of its own."""
    lines = Lines(pl.Series(["More\n- a\nMore\n- b"]))
    _, ends = blocks.extend_blocks(np.array([0, 2]), lines, Block(items=["^- "], max_lines=9))
    assert ends.rows() == [(0, 0, 1, "heading"), (0, 2, 3, "end")]


@example("\u00a01", r"^[\x{80}-\x{FFFF}](?:a|1)")
@given(
    st.text(alphabet="aAkK\u212aıİ19(|｜ \u00a0\u3000-é", max_size=4),
    st.sampled_from(
        [
            r"^\s*[|｜(]?\s*1",
            "^(?i:k|-)",
            r"(?i)^(?:\s*-\s)?[a-f]{1,2}\s*$",
            r"^(?:[|]|$)",
            r"^[\s(]{0,2}\d",
            r"(?i)^é?\s?[^a]",
            r"^[\x{80}-\x{FFFF}](?:a|1)",
        ]
    ),
)
@settings(deadline=None)
def test_the_first_byte_turns_away_nothing_that_matches(text, pattern):
    """What a pattern matches begins with one of its bytes, white space aside."""
    data, ends = np.frombuffer(text.encode(), np.uint8), np.array([len(text.encode())])
    first = int(first_visible(data, np.zeros(1, np.int64), ends, space_table())[0])
    allowed = find_first_bytes(pattern)
    assert allowed is None or first in allowed or not pl.Series([text]).str.contains(pattern).item()


@settings(deadline=None)
@given(st.lists(st.text(alphabet="a#—“é© 【", max_size=8), max_size=4), st.data())
def test_what_stands_around_each_place(texts, data):
    """Places of one line or of several, in any number: each gets what a look at its two sides gives."""
    lines = Lines(pl.Series(texts, dtype=pl.String))
    table = decoration.decoration_table()
    cut = [bytes(lines.data[start:end]).decode() for start, end in zip(lines.starts, lines.ends, strict=True)]
    pairs = [(row, i, j) for row, text in enumerate(cut) for i in range(len(text)) for j in range(i, len(text) + 1)]
    chosen = sorted(data.draw(st.lists(st.sampled_from(pairs), max_size=6))) if pairs else []
    rows = np.array([row for row, *_ in chosen], dtype=np.int64)
    begins, ends = (
        lines.starts[rows] + np.array([len(cut[place[0]][: place[side]].encode()) for place in chosen], dtype=np.int64)
        for side in (1, 2)
    )
    found = decoration.judge_surroundings(lines.data, lines.starts[rows], lines.ends[rows], begins, ends, table)
    expected = [
        decoration.BEFORE_DECORATES * bool(re.fullmatch("[#— 【]*", cut[row][:i]))
        | decoration.BEFORE_OPENS * bool(re.fullmatch("[#— ]*", cut[row][:i]))
        | decoration.BEHIND_DECORATES * bool(re.fullmatch("[#— 【]*", cut[row][j:]))
        for row, i, j in chosen
    ]
    assert found.tolist() == expected


def test_words_are_looked_for_only_in_lines_that_their_rules_look_at():
    """A word of short lines is not found in a longer one; one of any line, and a term of others, are found in all."""
    first, second, longest = LENGTHS
    words = Words.of(
        [("short", 0, False, first), ("middle", 1, False, second), ("any", 2, False, longest)], [(b"term", 5)], 3
    )
    texts = [f"short middle any term {'x' * length}" for length in (0, first, second)]
    lines = Lines(pl.Series(texts))
    found, terms = words.find(lines)
    places = found.sort("row", "literal").group_by("row", maintain_order=True).agg("literal")
    assert places.rows() == [(0, [0, 1, 2]), (1, [1, 2]), (2, [2])]
    assert (sorted(terms.lines.tolist()), terms.literals.tolist()) == ([0, 1, 2], [5, 5, 5])
    assert lines.cut(terms.starts, terms.ends).to_list() == ["term"] * 3


def test_a_place_has_the_row_of_its_line() -> None:
    """Blank lines have no row, nor have lines that a text has not; of texts without lines nothing is found."""
    places = pl.DataFrame({"doc": [1, 0, 0, 2, 1], "line": [0, 2, 1, 0, 9]})
    rows, there = Lines(pl.Series(["boats\n\ntide", "rope"])).find_rows(places)
    assert there.tolist() == [True, True, False, False, False]
    assert rows[there].tolist() == [2, 1]
    assert Lines(pl.Series(["", "\n"])).find_rows(places)[1].tolist() == [False] * 5
