"""Lines that are code, or about code: which they are, and that no rule changes them."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from cleanse import code, pipeline
from cleanse.catalogue import check
from cleanse.errors import RuleError
from cleanse.rules import Rules, byte_bits, find_needs, load_rules

EVERY = load_rules()
RECOGNISER = code.Recogniser.of(EVERY)


def marked(*texts: str) -> list[list[int]]:
    frame = pl.LazyFrame({"text": texts}, schema={"text": pl.String})
    return frame.pipe(code.mark_code, RECOGNISER).collect()[code.COLUMN].to_list()


def cleaned(text: str, *ignore: str) -> tuple[str, set[tuple[str, str]]]:
    """Give the clean text, and which rules did what."""
    rules = EVERY.select((), ignore)
    documents = pl.LazyFrame({"text": [text]})
    found = pipeline.add_evidence(documents, pipeline.Prepared.of(rules, EVERY)).collect()
    hits = [hit for column in ("encoding_hits", "boilerplate_hits") for hit in found[column].item()]
    return found["clean"].item(), {(hit["rule"], hit["action"]) for hit in hits if hit["acts"]}


def test_the_stage_adds_one_column_and_changes_nothing_else():
    """Documents that are null or empty have no lines of code, and blank lines are never among them."""
    frame = pl.LazyFrame({"id": ["a", "b", "c"], "text": [None, "", "if (ferry) {\n\n    sail();\n}\n"]})
    done = frame.pipe(code.mark_code, RECOGNISER).collect()
    assert done.schema == {"id": pl.String, "text": pl.String, "code_lines": pl.List(pl.UInt32)}
    assert done.rows() == [("a", None, []), ("b", "", []), ("c", "if (ferry) {\n\n    sail();\n}\n", [0, 2, 3])]


def test_lines_between_code_are_code_where_there_is_much_of_it():
    """A word alone between tags of a template is a part of it; the prose of the tutorial around it is not."""
    text = """Our ferry has a page of its own, and this is how we made it last winter.
It took us an evening.
{% if ferry.sails %}
Hello
{{ ferry.name }}
{% else %}
Stay ashore
{% endif %}
That is all there is to it, and it has worked ever since."""
    assert marked(text) == [[2, 3, 4, 5, 6, 7]]


def test_warnings_of_a_server_make_no_code_of_the_page_below_them():
    """Three lines of code at the head of a long page of prose say nothing of the rest."""
    warning = "Strict Standards: Declaration of Walker::start_el() is deprecated in /www/wp.php on line 18"
    page = [f"{number}. The ferry sailed at nine and came back at noon." for number in range(60)]
    assert marked("\n".join([*[warning] * 12, *page]))[0] == list(range(12))


def test_a_file_of_markup_is_code_from_end_to_end():
    """A page of HTML as it is served is a source, also where its lines hold but paragraphs."""
    body = [f"<p>The ferry sailed {number} times.</p>" for number in range(40)]
    text = "\n".join(
        ["<!DOCTYPE html>", "<html>", "<head>", "<title>Ferry</title>", "</head>", "<body>", *body, "</body>"]
    )
    assert marked(text) == [list(range(47))]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ('def greet():\n    return "<p>Hello</p>"', "boilerplate/markup-residue"),
        ("{% if person %}\nHello, {{ person }}!\n{% endif %}", "boilerplate/template-residue"),
        ('Frames are exported as "<SPAN>" by the program.', "boilerplate/markup-residue"),
        ('title: "{{ title }}"\nbody: "<p>{{ text }}</p>"', "boilerplate/template-residue"),
        ('puts("&lt;br&gt;");\nreturn 0;\n}', "encoding/entities"),
        ("Read as Latin-1, the UTF-8 word für becomes fÃ¼r.", "encoding/mojibake"),
        ('The string "ÉÏº£ÊÐABC" takes nine bytes.', "encoding/code-page"),
        (
            "<!-- the schema of a ferry -->\n<ferry>\n<first_name>Ada</first_name>\n</ferry>",
            "boilerplate/markup-residue",
        ),
        ("int main(void) {\n// Copyright 2014 Maud Perry. All rights reserved.\nreturn 0;\n}", "boilerplate/copyright"),
        ("/*\n * Copyright (c) 1998 Harbour Office, Inc.\n * All rights reserved.\n */", "boilerplate/copyright"),
        ("# -*- tcl -*-\n# Copyright 2019 Harbour LLC. All Rights Reserved.", "boilerplate/copyright"),
        ("=head1 TIDES\nThe ferry is looked up in C<table>, by name.", "boilerplate/markup-residue"),
        ('<div className="tide">\n  <p>High water at {tide.time}!</p>\n</div>', "boilerplate/markup-residue"),
        ("/**\n * Gives the tide.\n * <p>Note: only where there is one.</p>\n */", "boilerplate/markup-residue"),
        ("---\nname: A fault in the ferry\nlabels: bug, ferry\n---", "boilerplate/tags"),
        ('import io\nimport os\nNAMES = (\n    ("æíöû", False),\n)', "encoding/code-page"),
        ('<!-- the door -->\n<Door number="80"/>\n<!-- <Door number="81"/> -->', "boilerplate/markup-residue"),
        ("注释写成 <!-- 潮水 --> 的样子，浏览器不显示。", "boilerplate/markup-residue"),
        ('画像は <img src="fune.png"> のように書きます。', "boilerplate/image-markup"),
    ],
)
def test_what_would_be_taken_from_code_is_flagged(text: str, rule: str):
    """The text stays to the letter, the hit says what the rule would have done, and without the rule of code it does it."""
    clean, hits = cleaned(text)
    assert clean == text
    assert (rule, "flag") in hits
    clean, hits = cleaned(text, "code")
    assert clean != text
    assert {action for name, action in hits if name == rule} & {"strip", "fix"}


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("The ferry<br /> stopped on Monday.</p>", "The ferry stopped on Monday."),
        ('[caption id="a_1" align="left" width="300"] The old ferry [/caption]', " The old ferry "),
        ("Adults pay two pounds;&nbsp;children ride free.", "Adults pay two pounds;\u00a0children ride free."),
        ('<div style="color: red;">The ferry stopped.</div>', "The ferry stopped."),
        ("“Stop!”<br>“Never!” said the captain.", "“Stop!”“Never!” said the captain."),
        ("C'Ã©tait un vieux bac.", "C'était un vieux bac."),
    ],
)
def test_markup_that_is_left_in_a_page_still_goes(text: str, clean: str):
    """Stray tags, shortcodes and entities stuck to prose are no code."""
    assert cleaned(text)[0] == clean


def test_a_byte_order_mark_goes_from_code_too():
    """It belongs to the file, not to the line; what else would be fixed in the line stays."""
    clean, hits = cleaned('\ufeffputs("&lt;br&gt;");\nreturn 0;\n}')
    assert clean == 'puts("&lt;br&gt;");\nreturn 0;\n}'
    assert hits >= {("encoding/byte-order-mark", "fix"), ("encoding/entities", "flag")}


def test_time_is_linear_in_hostile_lines():
    """Signs that begin a tag or an entity and never end it are looked at once; the result is the same as for few."""
    for sign in ("<", "<a", "&", "&a", "{", "("):
        assert marked(sign * 20_000) in ([[]], [[0]])


def test_code_is_spared_whatever_is_selected():
    """A choice of rules is no choice to break code; only `--ignore code` is."""
    assert code.RULE in EVERY.select(["encoding"])
    assert code.RULE not in EVERY.select(["encoding"], ["code"])


@pytest.mark.parametrize(
    ("change", "field", "reason"),
    [
        ({"marks": [{"name": "m", "pattern": "(", "points": 60}]}, "marks.m", "does not compile"),
        ({"scorecard": None, "points": [], "marks": []}, "scorecard", "a rule of code adds up evidence"),
        ({"parameters": {"near": 0}}, "parameters", "the measure needs acts, characters, html, openers"),
    ],
)
def test_a_rule_of_code_that_cannot_run_is_refused(change: dict, field: str, reason: str):
    """`cleanse check` and a run name the field and what is wrong with it."""
    rule = EVERY[code.RULE]
    head = rule.head.model_validate({**rule.head.model_dump(), **change})
    with pytest.raises(RuleError) as caught:
        check.refuse_unusable(Rules([replace(rule, head=head)]))
    assert [(fault.field, fault.reason[: len(reason)]) for fault in caught.value.faults][:1] == [(field, reason)]


def test_a_tag_ends_with_its_line():
    """A "<" without its ">" takes no later line along, and the lines behind it keep their numbers."""
    prose = "The ferry stopped on Monday, and nobody knew why.\n" * 20
    text = f"a < b\nThe ferry > the bridge.\n\n{prose}if (ferry) {{\n    sail();\n}}\n"
    assert marked(text) == [[23, 24, 25]]


def test_a_line_may_begin_with_white_space_of_unicode():
    """The first visible byte tells which patterns may match; a no-break space before it is no such byte."""
    assert marked("\u00a0#include <ferry.h>", "\u3000SELECT name, price FROM tickets WHERE price < 10;") == [[0], [0]]


def test_no_pattern_matches_what_its_needs_turn_away():
    """Each example of the rule is asked with all patterns: where one matches, its needs are there too."""
    rule = EVERY[code.RULE]
    examples = [example.text for body in (rule.head, *rule.languages.values()) for example in (*body.hit, *body.miss)]
    lines = sorted({line for text in examples for line in text.split("\n") if line.strip()})
    bits, met = byte_bits(), 0
    for mark in rule.head.marks:
        pattern = mark.pattern.replace("{literals}", "(?:tag|element)")
        needs = find_needs(pattern)
        for line, matches in zip(lines, pl.Series(lines).str.contains(pattern), strict=True):
            own = 0
            for byte in line.encode():
                own |= bits[byte]
            first = bits[line.strip().encode()[0]]
            met += matches
            assert not matches or any(need & own == need and begins & first for need, begins in needs), (
                mark.name,
                line,
            )
    assert met > 50
