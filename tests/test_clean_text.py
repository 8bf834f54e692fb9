"""False positives: no rule that acts may strip or drop anything of ordinary prose, in any language.

`clean/<language>/` holds whole documents written for this project. What a rule takes from them all the same is listed
in `clean/known.toml`, with the reason; an entry that is no longer needed fails too.
"""

from __future__ import annotations

import functools
import tomllib
from pathlib import Path

import polars as pl
import pytest

from cleanse import decide, encoding, line_rules, quality
from cleanse.hits import HITS, explode_hits
from cleanse.rules import load_rules

CLEAN = Path(__file__).resolve().parent / "clean"
FILES = sorted(CLEAN.glob("*/*.txt"))
LANGUAGES = sorted({path.parent.name for path in FILES})
KNOWN = tomllib.loads((CLEAN / "known.toml").read_text("utf-8")).get("known", [])


@functools.cache
def taken() -> dict[bool, set[tuple[str, str, str]]]:
    """Give file, rule and text of all that is stripped, dropped or fixed where the language is told, and where it is not."""
    rules = load_rules().select()
    documents = [(told, path.relative_to(CLEAN).as_posix(), path) for told in (True, False) for path in FILES]
    frame = pl.LazyFrame(
        {
            "text": [path.read_text("utf-8") for _, _, path in documents],
            "language": [path.parent.name if told else "und" for told, _, path in documents],
            "language_hits": pl.Series([[] for _ in documents], dtype=HITS),
        }
    )
    frame = encoding.repair_text(frame, encoding.Repairer(rules))
    frame = line_rules.tag_lines(frame, line_rules.LineRules.of(rules))
    measured = quality.measure_documents(decide.edit_text(frame), quality.Parameters.of(rules))
    frame = decide.decide_documents(measured, rules)
    hits = explode_hits(frame.collect().with_row_index("doc"), *decide.EVIDENCE, "quality_hits")
    hits = hits.filter(pl.col("acts") & (pl.col("action") != "flag"))
    found: dict[bool, set[tuple[str, str, str]]] = {True: set(), False: set()}
    for doc, rule, text in hits.select("doc", "rule", "text").iter_rows():
        found[documents[doc][0]].add((documents[doc][1], rule, text))
    return found


def known() -> set[tuple[str, str, str]]:
    """Give what we know to be wrong."""
    return {(entry["file"], entry["rule"], entry["text"]) for entry in KNOWN}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("told", [True, False], ids=["told", "und"])
def test_nothing_is_taken_from_clean_text(language, told):
    """In documents of a language, told or not, each strip, drop and fix is one that `known.toml` names."""
    found = {hit for hit in taken()[told] if hit[0].startswith(f"{language}/")}
    assert found - known() == set()


def test_every_known_fault_is_still_one():
    """An entry of `known.toml` that nothing takes any more must go: the rule has learned it."""
    assert known() - taken()[True] - taken()[False] == set()


def test_every_known_fault_has_a_reason():
    """Each entry names file, rule, text and why, and nothing else, and says it once."""
    assert [entry for entry in KNOWN if sorted(entry) != ["file", "rule", "text", "why"]] == []
    assert [entry for entry in KNOWN if len(entry["why"].split()) < 4] == []
    assert len(known()) == len(KNOWN)


def test_every_language_of_the_rules_has_clean_text():
    """Whoever adds words in a language adds prose in it, at least thirty lines that are not blank."""
    written = {language for rule in load_rules() for language in rule.languages}
    assert written - set(LANGUAGES) == set()
    lines = dict.fromkeys(LANGUAGES, 0)
    for path in FILES:
        lines[path.parent.name] += sum(bool(line.strip()) for line in path.read_text("utf-8").split("\n"))
    assert {language: count for language, count in lines.items() if count < 30} == {}
