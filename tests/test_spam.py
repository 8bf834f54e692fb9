"""Spam: what counts as evidence, how it adds up, and which comparisons no pattern can make."""

from __future__ import annotations

import math

import polars as pl
import pytest

from cleanse import boilerplate, decide, pipeline, segments, spam
from cleanse.encoding import repair as encoding
from cleanse.rules.model import load_rules

RULES = load_rules()
WEIGHTS = {rule.id: rule.head.weight for rule in RULES.family("spam")}
PREPARED = pipeline.Prepared.of(RULES.select(["spam", "encoding", "boilerplate/related-posts"]), RULES)
LINK = "- free call log app free call log app"


def run(*texts: str) -> pl.DataFrame:
    """Run the stages up to the edit over documents of unknown language."""
    frame = encoding.repair_text(pl.LazyFrame({"text": texts}), PREPARED.repairer)
    frame = frame.with_columns(language=pl.lit("und"), language_hits=pl.lit([], dtype=segments.HITS))
    frame = boilerplate.tag_boilerplate(frame, PREPARED.boilerplate)
    frame = spam.score_spam(spam.tag_spam(frame, PREPARED.spam), PREPARED.rules)
    return decide.edit_text(frame).collect()


def test_the_score_is_a_noisy_or():
    """1 minus the product of 1 - weight over all signals; each signal is a hit with the weight of its rule."""
    frame = run("Text.", LINK, f"{LINK}\n{LINK}\nText.\n{LINK}")
    assert frame["signals"].list.len().to_list() == [0, 1, 3]
    for signals, score in frame.select("signals", "spam_score").iter_rows():
        weights = [signal["weight"] for signal in signals]
        assert weights == pytest.approx([WEIGHTS[signal["rule"]] for signal in signals])
        assert score == pytest.approx(1 - math.prod(1 - weight for weight in weights))
    assert frame["spam_score"].to_list() == pytest.approx([0, 0.5, 0.875])


def test_scores_stay_below_one():
    """No number of signals makes more than one of the score, and no document has less than none."""
    scores = run("\n".join([LINK] * 40), "")["spam_score"].to_list()
    assert 0.999 < scores[0] <= 1
    assert scores[1] == 0


def test_a_signal_has_the_place_of_its_hit():
    """Signals point at the same stretch as the hits."""
    (signal,) = run(f"雨停了。\n{LINK}")["signals"].item().to_list()
    assert signal == {"rule": "spam/seo-link", "line": 1, "start": 0, "end": len(LINK), "weight": 0.5}


def test_flags_only_what_is_still_in_the_text():
    """A spam line flags its document; one that was stripped as boilerplate counts in the score and not in the flags."""
    frame = run(f"{LINK}\nText.", f"Related Posts\n{LINK}\n{LINK}\n\n\nThe council met on Tuesday.")
    assert frame["flags"].to_list() == [["spam/seo-link"], []]
    assert frame["clean"].to_list()[1].strip() == "The council met on Tuesday."
    assert frame["spam_score"].to_list() == pytest.approx([0.5, 0.75])


def test_flags_change_no_text():
    """Spam that is only flagged stays in the text."""
    assert run(f"{LINK}\nText.")["clean"].item() == f"{LINK}\nText."


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("Free APP, free", ["free", "app", "free"]),
        ("通话记录", ["通话", "话记", "记录"]),
        ("字", ["字"]),
        ("call log 通话", ["call", "log", "通话"]),
        ("Straße STRASSE", ["strasse", "strasse"]),
        ("एक दो एक", ["एक", "दो", "एक"]),
        ("— ★ —", []),
        ("", []),
    ],
)
def test_units(text, units):
    """Words where words have spaces, pairs of characters where they have none."""
    assert spam.units(text) == units


@pytest.mark.parametrize(
    ("text", "share"), [("a a a b", 0.75), ("a b", 0.0), ("", 0.0), ("雨雨雨", 1.0), ("app APP", 1.0)]
)
def test_repetition(text, share):
    """The share of the units that occur more than once."""
    assert spam.repetition(text) == share


def test_every_weight_belongs_to_a_rule_that_flags():
    """What counts towards the score is a flag of the spam family."""
    assert {rule.id for rule in RULES if rule.head.weight is not None} == {
        rule.id for rule in RULES.family("spam") if rule.action == "flag"
    }
