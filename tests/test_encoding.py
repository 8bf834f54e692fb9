"""Broken text becomes whole, whole text stays, and every change is a hit that can be undone."""

from __future__ import annotations

import itertools
import json
import os
from pathlib import Path

import ftfy
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleanse import encoding
from cleanse.encoding import charset as charset_module
from cleanse.encoding.gate import LONGEST_SEGMENT
from cleanse.errors import InputError
from cleanse.rules import load_rules

RULES = load_rules()
REPAIRER = encoding.Repairer(RULES.select())
FTFY_RULES = ("mojibake", "entities", "terminal-escapes", "control-characters")
FTFY_ALONE = encoding.Repairer(RULES.select([f"encoding/{name}" for name in FTFY_RULES]))
REFERENCE = ftfy.TextFixerConfig(
    uncurl_quotes=False,
    fix_character_width=False,
    fix_latin_ligatures=False,
    fix_line_breaks=False,
    normalization=None,
)
SHARED = Path(__file__).resolve().parent.parent.parent / "shared"
CASES = Path(os.environ.get("CLEANSE_DATA", SHARED / "data")) / "mojibake_ftfy.jsonl"
# rule, line, start, end, text as read, replacement
Hit = tuple[str, int | None, int | None, int | None, str, str]


def repair(*texts: str, repairer: encoding.Repairer = REPAIRER) -> list[tuple[str, list[Hit]]]:
    """Repair texts; give each with its hits, rules by their last name."""
    frame = encoding.repair_text(pl.LazyFrame({"text": texts}, schema={"text": pl.String}), repairer).collect()
    fields = ("rule", "line", "start", "end", "text", "replacement")
    return [
        (repaired, [(hit["rule"].removeprefix("encoding/"), *(hit[name] for name in fields[1:])) for hit in hits])
        for repaired, hits in frame.select("repaired", encoding.COLUMN).iter_rows()
    ]


def undo(repaired: str, hits: list[Hit]) -> str:
    """Put what was read back in the place of each replacement."""
    if hits and hits[0][1] is None:
        repaired = repaired.replace("\n", "\r\n")
        hits = hits[1:]
    hits = [hit for hit in hits if hit[5] is not None]  # flags change nothing
    lines = repaired.split("\n")
    for line in {hit[1] for hit in hits}:
        shift = 0
        for _, _, start, end, text, replacement in sorted(
            (hit for hit in hits if hit[1] == line), key=lambda hit: hit[2]
        ):
            at = start + shift
            assert lines[line][at : at + len(replacement)] == replacement
            lines[line] = lines[line][:at] + text + lines[line][at + len(replacement) :]
            assert end - start == len(text) > 0
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "repaired", "hits"),
    [
        ("FÃ¼r dich", "Für dich", [("mojibake", 0, 1, 3, "Ã¼", "ü")]),
        ("ok\nLa niÃ±a", "ok\nLa niña", [("mojibake", 1, 5, 7, "Ã±", "ñ")]),
        ("Salt &amp; pepper", "Salt & pepper", [("entities", 0, 5, 10, "&amp;", "&")]),
        (
            "end\x00 of\x07",
            "end of",
            [("control-characters", 0, 3, 4, "\x00", ""), ("control-characters", 0, 7, 8, "\x07", "")],
        ),
        (
            "\x1b[31mred\x1b[0m",
            "red",
            [("terminal-escapes", 0, 0, 5, "\x1b[31m", ""), ("terminal-escapes", 0, 8, 12, "\x1b[0m", "")],
        ),
        ("这个词\u200b有字", "这个词有字", [("zero-width-space", 0, 3, 4, "\u200b", "")]),
        ("Straßen\u00adbahn", "Straßenbahn", [("soft-hyphen", 0, 7, 8, "\u00ad", "")]),
        ("\ufeffनमस्ते", "नमस्ते", [("byte-order-mark", 0, 0, 1, "\ufeff", "")]),
        ("один\r\nдва\r\n", "один\nдва\n", [("line-ends", None, None, None, "\r\n", "\n")]),
        ("one\ntwo\r\nthree", "one\ntwo\nthree", [("line-ends", 1, 3, 4, "\r", "")]),
    ],
)
def test_each_repair(text, repaired, hits):
    """Each kind of damage is mended under the name of its rule, at its place in the text as read."""
    assert repair(text) == [(repaired, hits)]
    assert undo(repaired, hits) == text


def test_two_repairs_of_one_stretch_are_one_hit():
    """An entity that gives half of a broken letter is mended with it: one hit, named after the first repair."""
    ((repaired, hits),) = repair("caf&Atilde;&copy; und FÃ¼r dich")
    assert repaired == "café und Für dich"
    assert undo(repaired, hits) == "caf&Atilde;&copy; und FÃ¼r dich"
    assert [hit[0] for hit in hits] == ["entities", "mojibake"]


def test_an_entity_is_one_hit_beside_other_damage():
    """A hit covers its whole entity, whatever else is mended in the line."""
    ((repaired, hits),) = repair("\x1b[1mSalt &amp; pepper")
    assert repaired == "Salt & pepper"
    assert hits == [("terminal-escapes", 0, 0, 4, "\x1b[1m", ""), ("entities", 0, 9, 14, "&amp;", "&")]


@pytest.mark.parametrize(
    "text",
    [
        "他说：“走吧！”然后，门关了……（完）",
        "ＡＢＣ１２３ ｶﾀｶﾅ ￥５００",
        "“Curly” and ‘single’ quotes – and … dashes",
        "ﬁnd the ﬂoor, Ǆ and ŉ",
        "\u0915\u093c\u0932\u092e \u0921\u093c\u0930 \u0958 \u095c",
        "cafe\u0301 and ệ as e\u0323\u0302",
        "می\u200cخواهم کتاب را بخوانم",
        "क\u094d\u200dष और र\u094d\u200d",
        "ตลาดน้ำ\u200bเปิดทุกวัน",
        "👩\u200d👩\u200d👧 family",
        "SÃO PAULO e a região: três horas de chuva",
        "&amp; in <b>html</b> stays",
        "a tab\there, a form feed\x0chere, a return\rhere",
        "R&D; AT&T; &c; 100 & more;",
        "line\u2028separator and\u2029paragraph",
        "\u200eمرحبا\u200f",
        "",
    ],
)
def test_whole_text_stays(text):
    """What ftfy would change by default, or what only looks broken, stays as it was read."""
    assert repair(text) == [(text, [])]


def test_ftfy_would_change_such_text():
    """The list above is needed: ftfy's defaults rewrite these."""
    for text in ("他说：“走吧！”", "“Curly”", "ﬁnd", "\u0958", "cafe\u0301"):
        assert ftfy.fix_text(text) != text


@pytest.mark.parametrize(
    ("text", "flagged"),
    [
        ("\u200bThe caf\ufffd opens at nine.", [("suspect", 0, 8, 9, "\ufffd", None)]),
        ("The ca\U000e0041fe\u0301 at\u2060 nine \ufffd", [("suspect", 0, 20, 21, "\ufffd", None)]),
        ("\u202eMade with \ue001 in the harbour", [("private-use", 0, 11, 12, "\ue001", None)]),
        ("Price\u200b\u200b: 5 &#0;", [("suspect", 0, 11, 15, "&#0;", None)]),
    ],
)
def test_flags_stand_where_they_were_read(text, flagged):
    """What is taken out of a line after something in it was flagged does not move the flag."""
    [(_, hits)] = repair(text)
    assert [hit for hit in hits if hit[5] is None] == flagged


@pytest.mark.parametrize("entity", ["&#10;", "&#13;", "&#x0A;", "&NewLine;"])
def test_an_entity_never_adds_a_line(entity):
    """An entity that stands for a line break stays, and its line keeps its number."""
    text = f"first{entity}still first\nFÃ¼r dich"
    ((repaired, hits),) = repair(text)
    assert repaired == f"first{entity}still first\nFür dich"
    assert [hit[:2] for hit in hits] == [("mojibake", 1)]


def test_other_repairs_work_beside_such_an_entity():
    """In a line with a line-break entity no entity is mended, but broken letters are."""
    assert repair("FÃ¼r&#10;dich")[0][0] == "Für&#10;dich"


def test_a_mark_inside_a_text_is_no_mark():
    """U+FEFF at the start of a text is a byte-order mark; in the middle it is a control character."""
    assert [hit[0] for hit in repair("\ufeffa\ufeffb")[0][1]] == ["byte-order-mark", "control-characters"]


@pytest.mark.parametrize(
    "text", ["\r\n", "a\r", "a\r\nb\r", "\ufeff\r\nFÃ¼r dich\r\n", "\ufeff", "\r\n\r\n\n", "x\n\r\n"]
)
def test_line_ends_with_other_damage(text):
    """Any mix of line ends and damage is mended line by line, and can be undone."""
    ((repaired, hits),) = repair(text)
    assert undo(repaired, hits) == text
    assert repaired.count("\n") == text.count("\n")
    assert "\r\n" not in repaired


def test_a_document_is_mended_by_itself():
    """Documents of one frame do not touch each other, and whole ones have no hits."""
    found = repair("FÃ¼r dich", "雨停了。", "", "Salt &amp; pepper")
    assert [text for text, _ in found] == ["Für dich", "雨停了。", "", "Salt & pepper"]
    assert [len(hits) for _, hits in found] == [1, 0, 0, 1]


@pytest.mark.parametrize(
    "off", ["mojibake", "entities", "soft-hyphen", "zero-width-space", "byte-order-mark", "line-ends"]
)
def test_each_repair_can_be_ignored(off):
    """Without its rule the damage stays, and the other repairs go on."""
    broken = {
        "mojibake": ("FÃ¼r dich", "Für dich"),
        "entities": ("Salt &amp; pepper", "Salt & pepper"),
        "soft-hyphen": ("Straßen\u00adbahn", "Straßenbahn"),
        "zero-width-space": ("词\u200b有", "词有"),
        "byte-order-mark": ("\ufeffa", "a"),
        "line-ends": ("a\r\nb", "a\nb"),
    }
    found = repair(
        *(text for text, _ in broken.values()), repairer=encoding.Repairer(RULES.select([], [f"encoding/{off}"]))
    )
    expected = [text if name == off else fixed for name, (text, fixed) in broken.items()]
    if off == "byte-order-mark":
        expected = ["a" if text == "\ufeffa" else text for text in expected]  # a control character as well
    assert [text for text, _ in found] == expected


def test_no_rules_no_repairs():
    """With the family ignored nothing is mended."""
    texts = ("FÃ¼r dich &amp; mich", "\ufeffa\r\nb\x00", "Straßen\u00adbahn")
    assert repair(*texts, repairer=encoding.Repairer(RULES.select([], ["encoding"]))) == [(text, []) for text in texts]


def by_ftfy(text: str) -> str:
    """Mend each line with ftfy alone."""
    return "\n".join(ftfy.fix_text(line, REFERENCE) for line in text.split("\n"))


@pytest.mark.skipif(not CASES.exists(), reason="the collection of ftfy cases is not here")
def test_the_cases_of_ftfy():
    """On each line of each case our gated repair gives what ftfy gives with the same settings."""
    cases = [json.loads(line)["original"] for line in CASES.read_text("utf-8").strip().split("\n")]
    assert len(cases) == 161
    found = repair(*cases, repairer=FTFY_ALONE)
    assert {case: text for case, (text, _) in zip(cases, found, strict=True) if text != by_ftfy(case)} == {}
    assert [case for case, (text, hits) in zip(cases, found, strict=True) if undo(text, hits) != case] == []


WHOLE = st.text(alphabet="aeßüéñçłřżğışвыход中文日本語한국ไทยहिन्दीعربعبرית’“”—…€ 12.,<&;", max_size=14)
SINGLE_BYTE = ("latin-1", "cp1252", "cp1251", "cp1250", "iso-8859-2", "mac_roman", "cp437", "sloppy-windows-1252")


@st.composite
def corrupted(draw: st.DrawFn) -> str:
    """Give a line of many scripts, some of it decoded wrongly, with entities and control characters in between."""
    parts = []
    for _ in range(draw(st.integers(1, 4))):
        part = draw(WHOLE)
        for _ in range(draw(st.integers(0, 2))):
            part = part.encode("utf-8").decode(draw(st.sampled_from(SINGLE_BYTE)), errors="replace").replace("\n", "")
        parts.append(part)
        parts.append(
            draw(
                st.sampled_from(
                    ["", "", " ", "&eacute;", "&#252;", "&Atilde;", "\x1b[1m", "\x03", "\x85", "\ufeff", "\r"]
                )
            )
        )
    return "".join(parts).replace("\n", "")


@settings(deadline=None, max_examples=60)
@given(st.lists(corrupted(), min_size=1, max_size=8))
def test_the_gate_lets_all_damage_through(lines):
    """Line by line, gated repair equals ftfy without a gate, on text that was damaged in many ways."""
    text = "\n".join(lines)
    ((repaired, hits),) = repair(text, repairer=FTFY_ALONE)
    assert repaired == by_ftfy(text)
    assert undo(repaired, hits) == text


@settings(deadline=None, max_examples=60)
@given(st.lists(st.text(max_size=12) | corrupted(), max_size=4).map("\n".join))
def test_any_repair_can_be_undone(text):
    """Hits of one line never overlap, each covers text that was read, and undoing them gives the text as read."""
    ((repaired, hits),) = repair(text)
    assert undo(repaired, hits) == text
    assert repaired.count("\n") == text.count("\n")
    hits = [hit for hit in hits if hit[5] is not None]
    assert hits == sorted(hits, key=lambda hit: (hit[1] is not None, hit[1:4]))
    for before, after in itertools.pairwise(hits):
        assert before[1] != after[1] or before[3] <= after[2]


def test_a_very_long_line_is_mended_in_pieces():
    """A line longer than ftfy decodes at once is mended as ftfy mends it."""
    text = "FÃ¼r dich. " + "und so weiter, " * 70_000 + "FÃ¼r mich. " * 500
    assert len(text) > LONGEST_SEGMENT
    ((repaired, _),) = repair(text, repairer=FTFY_ALONE)
    assert repaired == by_ftfy(text)


RUSSIAN = (
    "Паром не пришёл в понедельник, потому что двигатель наконец сломался, и на всём побережье не нашлось деталей. " * 3
)
JAPANESE = "月曜日の朝、湾を渡る古い船が止まった。四十年も働いたエンジンがついに壊れ、部品はどこにもなかった。" * 3


@pytest.mark.parametrize(
    ("text", "charset"),
    [
        (RUSSIAN, "windows-1251"),
        (RUSSIAN, "koi8-r"),
        (JAPANESE, "shift_jis"),
        (JAPANESE, "euc_jp"),
        (JAPANESE, "iso2022_jp"),
    ],
)
def test_bytes_in_other_charsets(text, charset):
    """The charset is found, and encoding the text again gives the same bytes."""
    decoded = charset_module.decode(text.encode(charset), RULES)
    assert (decoded.text, decoded.exact) == (text, True)
    assert decoded.charset != charset_module.UTF8
    assert decoded.text.encode(decoded.charset) == text.encode(charset)


@pytest.mark.parametrize("charset", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be", "utf-8"])
def test_byte_order_marks_decide(charset):
    """A mark tells the charset at once and stays in the text as read."""
    text = "\ufeffयह वाक्य है\nand this one"
    assert charset_module.decode(text.encode(charset), RULES) == charset_module.Decoded(text, charset, exact=True)


def test_a_few_bad_bytes_do_not_change_the_charset():
    """UTF-8 with a damaged character is read as UTF-8, with U+FFFD there, and is known not to be exact."""
    data = (RUSSIAN[:60]).encode() + b"\xd0 " + RUSSIAN.encode()
    assert charset_module.decode(data, RULES) == charset_module.Decoded(
        f"{RUSSIAN[:60]}\ufffd {RUSSIAN}", "utf-8", exact=False
    )


@pytest.mark.parametrize("data", [bytes(range(256)) * 4, b"\x00\x01\x02\x03" * 50, b"\xff\xfe\x00"])
def test_what_is_not_text_is_refused(data):
    """Bytes that are no text are an error for quarantine, not a guess."""
    with pytest.raises(InputError, match="not text"):
        charset_module.decode(data, RULES)
