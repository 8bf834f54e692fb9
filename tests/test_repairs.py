"""The list of repairs: each alone, a line in and edits out; and the order in which they are tried."""

from __future__ import annotations

import functools

import pytest

from cleanse.encoding.gate import Gate
from cleanse.encoding.limits import Limits
from cleanse.encoding.lines import Lines
from cleanse.encoding.repairs import METHODS, PATTERN, REPAIRS, Repair, choose_repairs
from cleanse.rules import Rule, load_rules

RULES = load_rules()
FAMILY = RULES.family("encoding")
SUSPICIONS = Limits.of(RULES["encoding/code-page"].head.parameters).suspicions
# start, end, replacement (None where it only flags), rule
Edit = tuple[int, int, str | None, str]


@functools.cache
def make_gate(characters: frozenset[str]) -> Gate:
    return Gate(sorted(characters), SUSPICIONS)


def run_alone(name: str, *lines: str) -> list[list[Edit]]:
    """Run the repairs that one rule asks for, without any other; give the edits of each line."""
    ((repair, asked),) = choose_repairs([RULES[f"encoding/{name}"]])
    gate = make_gate(repair.characters(asked))
    edits = repair.find_edits(Lines.of(*lines, gate=gate), asked, gate)
    return [
        [(*edit[:3], edit.rule.removeprefix("encoding/")) for edit in edits.get(row, [])] for row in range(len(lines))
    ]


@pytest.mark.parametrize(
    ("rule", "line", "edits"),
    [
        ("line-ends", "One day\r", [(7, 8, "")]),
        ("byte-order-mark", "\ufeffOne day", [(0, 1, "")]),
        ("soft-hyphen", "gar\u00adden", [(3, 4, "")]),
        ("zero-width-space", "gar\u200bden", [(3, 4, "")]),
        ("word-joiner", "gar\u2060den", [(3, 4, "")]),
        ("joiner", "gar\u200dden", [(3, 4, "")]),
        ("tag-characters", "gar\U000e0041den", [(3, 4, "")]),
        ("private-use", "Icon \ue001 here", [(5, 6, None)]),
        ("bidi", "\u200eone\u202e day", [(0, 1, ""), (4, 5, "")]),
        ("line-breaks", "one\u2028day", [(3, 4, " ")]),
        ("ligatures", "the ﬂoor", [(4, 5, "fl")]),
        ("nfc", "cafe\u0301", [(3, 5, "é")]),
        ("quotes", "“yes”", [(0, 1, '"'), (4, 5, '"')]),
        ("width", "ＡＢ", [(0, 2, "AB")]),
        ("mojibake", "FÃ¼r dich", [(1, 3, "ü")]),
        ("terminal-escapes", "\x1b[1mbold", [(0, 4, "")]),
        ("control-characters", "ring\x07", [(4, 5, "")]),
        ("code-page", "¹Ø×¢½¹µã", [(0, 8, "关注焦点")]),
    ],
)
def test_each_repair_alone(rule: str, line: str, edits: list[tuple[int, int, str | None]]) -> None:
    """A repair finds its damage in a line, and nothing in one that is whole."""
    assert run_alone(rule, line, "The ferry leaves at nine.") == [[(*edit, rule) for edit in edits], []]


def test_entities_alone() -> None:
    """Two repairs mend entities: one where they are all that is wrong, and the one that asks ftfy, where more is."""
    rule = RULES["encoding/entities"]
    first, second = choose_repairs([rule])
    lines = Lines.of("Salt &amp; pepper", "caf&Atilde;&copy;")

    assert first[0].find_edits(lines, first[1], Gate()) == {0: [(5, 10, "&", rule.id)]}
    assert second[0].find_edits(lines, second[1], Gate())[1] == [(3, 11, "Ã", rule.id), (11, 17, "©", rule.id)]


def test_a_suspect_line_is_flagged_whole() -> None:
    """The rule `suspect` flags what the readings by code pages leave in doubt, but reads nothing without `code-page`."""
    line = "Szõlõ és gyümölcs"
    rules = {name: RULES[f"encoding/{name}"] for name in ("code-page", "suspect")}
    misread = next(repair for repair in REPAIRS if "code-page" in repair.methods)
    lines = Lines.of(line, gate=make_gate(frozenset()))

    assert misread.find_edits(lines, rules, Gate()) == {0: [(0, len(line), None, "encoding/suspect")]}
    assert misread.find_edits(lines, {"suspect": rules["suspect"]}, Gate()) == {}


def mend(line: str, *names: str, order: tuple[Repair, ...] = REPAIRS) -> str:
    """Run the repairs that rules ask for, in an order."""
    chosen = choose_repairs([RULES[f"encoding/{name}"] for name in names])
    chosen = sorted(chosen, key=lambda pair: order.index(pair[0]))
    gate = Gate(sorted({c for repair, asked in chosen for c in repair.characters(asked)}), SUSPICIONS)
    lines = Lines.of(line, gate=gate)
    for repair, asked in chosen:
        lines.apply(repair.find_edits(lines, asked, gate), gate)
    return lines.texts[0]


@pytest.mark.parametrize(
    ("line", "rules", "mended"),
    [
        # What an entity stands for is found by those behind it.
        ("gar&shy;den", ["entities", "soft-hyphen"], "garden"),
        ("&#xfb02;oor", ["entities", "ligatures"], "floor"),
        ("one&#x202e;day", ["entities", "bidi"], "oneday"),
        # So is what stood behind another charset.
        ("garâ€‹den", ["mojibake", "zero-width-space"], "garden"),
        # A rule with patterns comes before letters are composed: the joiner would keep the accent apart.
        ("cafe\u2060\u0301", ["word-joiner", "nfc"], "café"),
    ],
)
def test_the_order_of_repairs(line: str, rules: list[str], mended: str) -> None:
    """Each repair sees what those before it brought to light; in the opposite order these lines end otherwise."""
    assert mend(line, *rules) == mended
    assert mend(line, *rules, order=REPAIRS[::-1]) != mended


def test_each_rule_of_the_family_asks_for_a_repair() -> None:
    """A rule has a method of the list, or patterns; those on whole documents have one of their own."""
    for rule in FAMILY:
        assert rule.head.method in METHODS or (not rule.head.method and rule.variants[0].patterns), rule.id


def test_each_repair_has_a_rule_that_asks_for_it() -> None:
    """Nothing stands in the list that no rule can turn on."""
    chosen = {id(repair) for repair, _ in choose_repairs(FAMILY)}
    assert [repair.methods for repair in REPAIRS if id(repair) not in chosen] == []


def test_patterns_run_one_rule_after_another() -> None:
    """Rules with patterns are repairs of one kind: each of them is its own, and sees what the one before left."""
    rules = [rule for rule in FAMILY if rule.variants[0].patterns]
    chosen = [asked for repair, asked in choose_repairs(FAMILY) if PATTERN in repair.methods]
    assert chosen == [{PATTERN: rule} for rule in rules]


def test_a_suspect_line_keeps_what_may_be_a_letter() -> None:
    """A soft hyphen stood for a letter in DOS Cyrillic: in a line that is flagged it stays, elsewhere it goes."""
    rule: Rule = RULES["encoding/soft-hyphen"]
    ((repair, asked),) = choose_repairs([rule])
    gate = make_gate(repair.characters(asked))
    lines = Lines.of("\u00ad\u00a0 one", "gar\u00adden", gate=gate)
    lines.flags = [(0, "encoding/suspect", 0, 6)]
    assert repair.find_edits(lines, asked, gate) == {1: [(3, 4, "", rule.id)]}
