"""Noise around a hit does not hide it: capitals, decomposed letters, no-break spaces, spaces at the end of the line.

The variants that a rule no longer hits stand in `golden/noise.txt`; `--update-golden` rewrites it. A rule must also hit
its examples when it runs alone, and what is left after a strip must not be stripped again.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl
import pytest

from cleanse import boilerplate, decide, encoding, line_rules, spam
from cleanse.catalogue import case as catalogue
from cleanse.hits import HITS as HIT_LISTS
from cleanse.hits import explode_hits
from cleanse.rules import ANY, Rules, load_rules

GOLDEN = Path(__file__).resolve().parent / "golden" / "noise.txt"
NO_BREAK_SPACE = "\u00a0"
RULES = load_rules()
TAGGED = Rules(rule for rule in RULES if rule.family in ("boilerplate", "spam") and rule.head.scope != "document")
# With the scorecards that are asked what a document is, or the first scorecard of lines would take each text for its own.
TOGETHER = Rules([*TAGGED, *(rule for rule in RULES if rule.head.scorecard and rule.head.scope == "document")])
HITS = [case for case in catalogue.cases(TAGGED) if case.kind == "hit" and case.example.expect == "pass"]
VARIANTS: dict[str, Callable[[str], str]] = {
    "upper case": str.upper,
    "NFD": lambda text: unicodedata.normalize("NFD", text),
    "no-break space": lambda text: text.replace(" ", NO_BREAK_SPACE),
    "space at the end": lambda text: "\n".join(f"{line}  " for line in text.split("\n")),
}


@functools.cache
def prepared(rules: Rules) -> line_rules.LineRules:
    """Prepare rules once, since that takes longer than to run them over the examples."""
    return line_rules.LineRules.of(rules)


def tag(rules: Rules, texts: Sequence[str], languages: Sequence[str]) -> pl.LazyFrame:
    """Tag texts as documents of these languages."""
    documents = pl.LazyFrame(
        {"text": texts, "language": languages, "language_hits": pl.Series([[] for _ in texts], dtype=HIT_LISTS)},
        schema_overrides={"text": pl.String},
    )
    documents = encoding.repair_text(documents, encoding.Repairer(Rules([])))
    return line_rules.tag_lines(documents, prepared(rules))


def language_of(case: catalogue.Case) -> str:
    return "und" if case.language == ANY else case.language


def fired(rules: Rules, texts: Sequence[str], cases: Sequence[catalogue.Case]) -> list[bool]:
    """Say of each text whether the rule of its case hits it somewhere."""
    tagged = tag(rules, texts, [language_of(case) for case in cases]).with_row_index("doc").collect()
    hits = explode_hits(tagged, boilerplate.COLUMN, spam.COLUMN)
    found = set(hits.select("doc", "rule").iter_rows())
    return [(number, case.rule.id) in found for number, case in enumerate(cases)]


def hidden() -> list[str]:
    """List the variants that their rule no longer hits."""
    pairs = [(name, case) for name in VARIANTS for case in HITS]
    texts = [VARIANTS[name](case.example.text) for name, case in pairs]
    seen = fired(TOGETHER, texts, [case for _, case in pairs])
    return sorted(f"{name}\t{case.name}" for (name, case), hit in zip(pairs, seen, strict=True) if not hit)


def test_noise_does_not_hide_a_hit(request: pytest.FixtureRequest) -> None:
    """The variants that are not hit are those that were read and agreed on; one more or one less is a change."""
    found = hidden()
    if request.config.getoption("--update-golden"):
        GOLDEN.write_text("".join(f"{line}\n" for line in found), "utf-8", newline="")
    assert found == GOLDEN.read_text("utf-8").splitlines()


@pytest.mark.parametrize("rule", [rule for rule in TAGGED if rule.head.scorecard is None], ids=lambda rule: rule.id)
def test_a_rule_hits_alone(rule):
    """No rule needs another one to hit its own examples, but scorecards, which add up what others hit; `test_rules.py` runs all together."""
    own = [case for case in HITS if case.rule.id == rule.id]
    seen = fired(Rules([rule]), [case.example.text for case in own], own)
    assert [case.name for case, hit in zip(own, seen, strict=True) if not hit] == []


def test_what_is_left_is_not_stripped_again():
    """A second pass over the clean text of all examples, hits and misses, changes nothing."""
    cases = catalogue.cases(TAGGED)
    languages = [language_of(case) for case in cases]
    once = decide.edit_text(tag(TAGGED, [case.example.text for case in cases], languages)).collect()["clean"]
    twice = decide.edit_text(tag(TAGGED, once.to_list(), languages)).collect()["clean"]
    changed = [case.name for case, a, b in zip(cases, once, twice, strict=True) if a != b]
    assert changed == []
