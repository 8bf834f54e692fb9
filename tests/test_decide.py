"""From evidence to outcome: what stays of a text, what is counted, which flags remain, and who is dropped."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleanse import decide, encoding, quality, segments
from cleanse.hits import HIT_SCHEMA, attach_hits, explode_hits
from cleanse.rules import SPAM_SCORE, load_rules

RULES = load_rules()
FIX, STRIP, FLAG = "fix", "strip", "flag"
# A place of evidence: action, line, start, end, and the replacement of a fix.
Place = tuple[str, int | None, int | None, int | None, str | None]


def edit(text: str, *places: Place, acts: bool = True) -> dict[str, object]:
    """Put evidence on a text and give what `edit_text` adds."""
    rows: dict[str, list[tuple[object, ...]]] = {"encoding_hits": [], "boilerplate_hits": [], "spam_hits": []}
    column = {FIX: "encoding_hits", STRIP: "boilerplate_hits", FLAG: "spam_hits"}
    pieces: dict[int, list[segments.Piece]] = {}
    for action, line, start, end, replacement in places:
        name = column[action]
        rule = "encoding/line-ends" if action == FIX and line is None else f"{name.removesuffix('_hits')}/test"
        rows[name].append((0, rule, action, acts, line, start, end, "", replacement))
        if action == FIX and line is not None:
            pieces.setdefault(line, []).append(segments.Piece(start or 0, end or 0, replacement, rule))
    read = text.replace("\r\n", "\n") if (FIX, None) in [place[:2] for place in places] else text
    lines = read.split("\n")
    for line, edits in pieces.items():
        lines[line] = segments.join_pieces(lines[line], segments.cut_line(len(lines[line]), edits))
    frame = pl.DataFrame(
        {"doc": [0], "text": [text], "repaired": ["\n".join(lines)]}, schema_overrides={"doc": pl.UInt32}
    )
    for name in decide.EVIDENCE:
        hits = pl.DataFrame(rows.get(name, []), schema=HIT_SCHEMA, orient="row")
        frame = attach_hits(frame, hits, name)
    return decide.edit_text(frame.drop("doc").lazy()).select(decide.EDITS.keys()).collect().row(0, named=True)


@pytest.mark.parametrize(
    ("text", "places", "clean", "removed", "gone"),
    [
        ("Ein Satz.\nWerbung\nNoch einer.", [(STRIP, 1, 0, 7, None)], "Ein Satz.\nNoch einer.", 8, [1]),
        ("广告\n正文。", [(STRIP, 0, 0, 2, None)], "正文。", 3, [0]),
        ("नदी बढ़ी।\nविज्ञापन", [(STRIP, 1, 0, 8, None)], "नदी बढ़ी।\n", 8, []),
        ("a\nb\nc", [(STRIP, 0, 0, 1, None), (STRIP, 1, 0, 1, None)], "c", 4, [0, 1]),
        ("a\nb", [(STRIP, 0, 0, 1, None), (STRIP, 1, 0, 1, None)], "", 3, [0]),
        ("only", [(STRIP, 0, 0, 4, None)], "", 4, []),
        ("вы здесь: Главная", [(STRIP, 0, 0, 10, None)], "Главная", 10, []),
        ("photo (AFP) here", [(STRIP, 0, 6, 12, None)], "photo here", 6, []),
        ("\n\nx\n\n", [(STRIP, 2, 0, 1, None)], "\n\n\n", 2, [2]),
    ],
)
def test_strips(text, places, clean, removed, gone):
    """A line that goes whole takes its break along, the last line has none, and nothing else is touched."""
    assert edit(text, *places) == {
        "clean": clean,
        "removed": removed,
        "changed": 0,
        "replaced": 0,
        "gone": gone,
        "flags": [],
    }


@pytest.mark.parametrize(
    "spans",
    [
        [(0, 4), (2, 7)],
        [(2, 7), (0, 4)],
        [(0, 4), (4, 7)],
        [(0, 7), (2, 3)],
        [(0, 7), (0, 7)],
        [(0, 3), (2, 4), (3, 7)],
    ],
)
def test_overlapping_strips_count_once(spans):
    """What several strips cover goes once and is counted once: the union."""
    outcome = edit("Werbung und Text", *((STRIP, 0, *span, None) for span in spans))
    assert (outcome["clean"], outcome["removed"]) == (" und Text", 7)


def test_strips_that_cover_a_line_together_take_it_whole():
    """Two spans side by side that leave nothing of a line take its break along too."""
    outcome = edit("ab cd\nText", (STRIP, 0, 0, 3, None), (STRIP, 0, 3, 5, None))
    assert (outcome["clean"], outcome["removed"], outcome["gone"]) == ("Text", 6, [0])


def test_fixes_are_counted_as_changed():
    """Characters under a fix are changed; what stands there now is replaced."""
    outcome = edit("FÃ¼r dich\nund mich", (FIX, 0, 1, 3, "ü"))
    assert outcome == {
        "clean": "Für dich\nund mich",
        "removed": 0,
        "changed": 2,
        "replaced": 1,
        "gone": [],
        "flags": [],
    }


def test_a_strip_swallows_the_fixes_under_it():
    """Characters under a strip are removed, also where a fix had changed them."""
    outcome = edit("FÃ¼r dich\nfÃ¼r mich", (FIX, 0, 1, 3, "ü"), (FIX, 1, 1, 3, "ü"), (STRIP, 0, 0, 9, None))
    assert outcome == {"clean": "für mich", "removed": 10, "changed": 2, "replaced": 1, "gone": [0], "flags": []}


def test_a_strip_beside_a_fix_leaves_it():
    """A strip in a line that was repaired takes its own part; the repair stays."""
    outcome = edit("AnuncioÂ\u00a0La niÃ±a", (FIX, 0, 7, 9, "\u00a0"), (FIX, 0, 14, 16, "ñ"), (STRIP, 0, 0, 9, None))
    assert (outcome["clean"], outcome["removed"], outcome["changed"], outcome["replaced"]) == ("La niña", 9, 2, 1)


def test_windows_line_ends_without_strips():
    """Where all line ends are alike the returns are one change: one character a line, and none put there."""
    outcome = edit("eins\r\nzwei\r\n", (FIX, None, None, None, "\n"))
    assert (outcome["clean"], outcome["changed"], outcome["replaced"]) == ("eins\nzwei\n", 2, 0)


@pytest.mark.parametrize(
    ("place", "clean", "removed", "changed"),
    [
        ((STRIP, 0, 0, 5, None), "zwei", 6, 0),
        ((STRIP, 0, 0, 2, None), "ns\nzwei", 2, 1),
        ((STRIP, 1, 0, 4, None), "eins\n", 4, 1),
    ],
)
def test_windows_line_ends_under_a_strip(place, clean, removed, changed):
    """The return of a line that goes is removed with it; that of a line that stays in part is changed."""
    outcome = edit("eins\r\nzwei", (FIX, None, None, None, "\n"), place)
    assert (outcome["clean"], outcome["removed"], outcome["changed"]) == (clean, removed, changed)


@pytest.mark.parametrize(
    ("flag", "strip", "flags"),
    [
        ((1, 0, 10), (1, 0, 10), []),
        ((1, 0, 10), (1, 0, 8), ["spam/test"]),
        ((1, 0, 10), (0, 0, 4), ["spam/test"]),
        ((1, 2, 6), (1, 1, 7), []),
        ((1, 2, 6), (1, 2, 5), ["spam/test"]),
    ],
)
def test_flags_only_what_is_still_there(flag, strip, flags):
    """A flag whose whole place was stripped is gone; one of which a character stays, stays."""
    assert edit("Text\n0123456789\nEnde", (FLAG, *flag, None), (STRIP, *strip, None))["flags"] == flags


def test_a_flag_under_two_strips_together_is_gone():
    """The union of strips decides: neither alone covers the flag."""
    outcome = edit("0123456789", (FLAG, 0, 2, 8, None), (STRIP, 0, 0, 5, None), (STRIP, 0, 5, 9, None))
    assert (outcome["clean"], outcome["flags"]) == ("9", [])


def test_document_flags_stay():
    """A flag without a place is about the document and outlives every strip."""
    assert edit("weg", (FLAG, None, None, None, None), (STRIP, 0, 0, 3, None))["flags"] == ["spam/test"]


def test_drafts_change_nothing():
    """Evidence that does not act leaves text, counts and flags alone."""
    outcome = edit("Text\nWerbung", (STRIP, 1, 0, 7, None), (FLAG, 0, 0, 4, None), acts=False)
    assert outcome == {"clean": "Text\nWerbung", "removed": 0, "changed": 0, "replaced": 0, "gone": [], "flags": []}


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.text(alphabet="aé字ก\r ", max_size=6), min_size=1, max_size=4),
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 6), st.integers(0, 6)), max_size=5),
)
def test_characters_add_up(lines, spans):
    """Characters read = kept + removed, and the clean text is the text with its strips taken out, by hand."""
    places = [(line, *sorted((a, b))) for line, a, b in spans if line < len(lines)]
    places = [(line, a, min(b, len(lines[line]))) for line, a, b in places if a < min(b, len(lines[line]))]
    outcome = edit("\n".join(lines), *((STRIP, *place, None) for place in places))
    expected = ""
    for number, line in enumerate(lines):
        under = {i for n, a, b in places if n == number for i in range(a, b)}
        rest = "".join(c for i, c in enumerate(line) if i not in under)
        goes = bool(line) and len(under) == len(line)
        expected += rest + ("" if goes or number == len(lines) - 1 else "\n")
    assert outcome["clean"] == expected
    assert outcome["removed"] == len("\n".join(lines)) - len(expected)


@pytest.mark.parametrize(
    ("span", "read"),
    [
        ((0, 1), (0, 1)),
        ((1, 2), (1, 3)),
        ((2, 4), (3, 5)),
        ((0, 2), (0, 3)),
        ((10, 12), (11, 13)),
        ((12, 13), (13, 15)),
        ((15, 18), (17, 24)),
    ],
)
def test_a_span_that_cuts_a_repair_is_widened(span, read):
    """Places in the repaired line come back to the text as read, widened to every repair that they touch."""
    text = "FÃ¼r dich & sÃ¼ss &amp; gut"
    frame = encoding.repair_text(pl.LazyFrame({"text": [text]}), encoding.Repairer(RULES)).collect()
    found = pl.DataFrame(
        [(0, "r", 0, *span, False, "Für dich & süss & gut")], schema=segments.FOUND_SCHEMA, orient="row"
    )
    (hit,) = segments.locate(found, frame.with_row_index("doc")).iter_rows(named=True)
    assert frame["repaired"].item() == "Für dich & süss & gut"
    assert (hit["line"], hit["start"], hit["end"], hit["text"]) == (0, *read, text[slice(*read)])


def measured(texts: list[str]) -> pl.DataFrame:
    """Measure texts and let the quality rules decide."""
    documents = pl.LazyFrame({"clean": texts}, schema={"clean": pl.String}).with_columns(language=pl.lit("und"))
    frame = quality.measure_documents(documents, quality.Parameters.of(RULES))
    return decide.decide_documents(frame, RULES.select()).collect()


def test_documents_without_text_are_dropped():
    """White space of any kind is no text; one visible character of any script is."""
    frame = measured(["", " \n\t\u00a0\u3000\n", "字", "।", "a"])
    assert frame["reason"].to_list() == ["quality/empty", "quality/empty", None, None, None]
    hits = explode_hits(frame.with_row_index("doc"), "quality_hits").filter("acts")
    drops = hits.filter(pl.col("action") == "drop")
    assert drops.select("doc", "rule").rows() == [(0, "quality/empty"), (1, "quality/empty")]
    assert hits.filter(pl.col("action") == "flag").select("doc", "rule").rows() == [
        (number, "dedupe/too-short") for number in range(5)
    ]


def test_the_measures_of_the_catalogue_exist():
    """Every measure that a rule names is one that the stage computes."""
    named = {rule.head.measure.column for rule in RULES if rule.head.measure}
    assert named <= {*quality.MEASURES, SPAM_SCORE}
