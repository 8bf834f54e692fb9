"""Changed copies of a text of several paragraphs in five languages: which of them go, judged by similarity counted here."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest

import cleanse
from cleanse import dedupe
from cleanse.files import report_folder
from cleanse.rules import load_rules

FOLDER = Path(__file__).resolve().parent / "variants"
TEXTS = {path.stem: path.read_text("utf-8").strip() for path in sorted(FOLDER.glob("*.txt"))}
RULES = load_rules()
PARAMETERS = dedupe.Parameters.of(RULES, RULES)
THRESHOLD = PARAMETERS.threshold
# A token, written without the tables of the kernel: one character of Chinese or Thai, marks and digits too; else a run of
# letters with the signs that Hindi and Arabic set on them.
TOKEN = re.compile(r"[\u0e01-\u0e3a\u0e40-\u0e59\u4e00-\u9fff]|[a-z0-9\u0621-\u065f\u0900-\u0963]+")
# What an edit puts in place of the tokens of the language: words that the text has not.
STRANGERS = {
    "en": ("umbrella", "turnip", "seldom"),
    "hi": ("छाता", "शलजम", "पतंग"),
    "ar": ("مظلة", "لفت", "قارب"),
    "zh": ("伞", "梨", "鹤"),
    "th": ("ฌ", "ฎ", "ฑ"),
}


def similarity(left: str, right: str) -> float:
    """Give the exact Jaccard similarity of the sets of five tokens in a row."""
    sets = []
    for text in (left, right):
        tokens = TOKEN.findall(text.lower())
        sets.append({tuple(tokens[place : place + 5]) for place in range(len(tokens) - 4)})
    return len(sets[0] & sets[1]) / len(sets[0] | sets[1])


def edit(language: str, count: int, how: str) -> str:
    """Change `count` tokens, as far from one another as can be: put another in its place, take it out, or put one before it."""
    text = TEXTS[language]
    tokens = list(TOKEN.finditer(text.lower()))
    chosen = sorted({(2 * number + 1) * len(tokens) // (2 * count) for number in range(count)})
    for turn, place in reversed(list(enumerate(chosen))):
        start, end = tokens[place].span()
        stranger = STRANGERS[language][turn % 3]
        new = {"replace": stranger, "remove": "", "insert": f"{stranger} {text[start:end]}"}[how]
        text = text[:start] + new + text[end:]
    return text


def share(language: str, percent: int) -> int:
    """Give how many tokens are `percent` of the text."""
    return len(TOKEN.findall(TEXTS[language].lower())) * percent // 100


def shuffle(language: str) -> str:
    """Put the paragraphs in another order: none stands behind the one it stood behind."""
    paragraphs = TEXTS[language].split("\n\n")
    return "\n\n".join(paragraphs[number] for number in (2, 0, 3, 1))


def find_dropped(texts: list[str]) -> dict[int, tuple[str, int, float]]:
    """Look for duplicates as a run does: number of the dropped -> reason, number of the kept, similarity."""
    series = pl.Series(texts, dtype=pl.String)
    signed = dedupe.sign_documents(series, PARAMETERS).with_columns(
        number=pl.int_range(len(texts), dtype=pl.UInt32, eager=True),
        id=pl.Series([f"{number:04}" for number in range(len(texts))]),
        length=series.str.len_chars(),
    )
    decisions = dedupe.find_duplicates(signed, series.gather, PARAMETERS).decisions
    return {number: (reason, kept, score) for number, reason, kept, score in decisions.iter_rows()}


def test_the_texts_are_long_enough():
    """Each has four paragraphs and 150 tokens or more, and none is like another."""
    assert set(TEXTS) == set(STRANGERS)
    for language, text in TEXTS.items():
        assert len(text.split("\n\n")) == 4
        assert len(TOKEN.findall(text.lower())) >= 150
        assert not [word for word in STRANGERS[language] if word in text]
    assert find_dropped(list(TEXTS.values())) == {}


@pytest.mark.parametrize("language", TEXTS)
@pytest.mark.parametrize("how", ["replace", "remove", "insert"])
def test_two_percent_of_edits(language, how):
    """A copy with a fiftieth of its tokens changed is still at the threshold, and goes for its twin."""
    copy = edit(language, share(language, 2), how)
    exact = similarity(TEXTS[language], copy)
    assert exact >= THRESHOLD
    texts = [TEXTS[language], copy]
    kept = max((0, 1), key=lambda number: (len(texts[number]), -number))
    assert find_dropped(texts) == {1 - kept: ("dedupe/near", kept, pytest.approx(exact))}


@pytest.mark.parametrize("language", TEXTS)
@pytest.mark.parametrize("how", ["replace", "remove", "insert"])
def test_twenty_percent_of_edits(language, how):
    """A copy with a fifth of its tokens changed is another text, and both stay."""
    copy = edit(language, share(language, 20), how)
    assert similarity(TEXTS[language], copy) < THRESHOLD
    assert find_dropped([TEXTS[language], copy]) == {}


@pytest.mark.parametrize("language", TEXTS)
def test_paragraphs_in_another_order(language):
    """Only what crosses from one paragraph into the next is new, so the copy goes."""
    copy = shuffle(language)
    exact = similarity(TEXTS[language], copy)
    assert THRESHOLD <= exact < 1
    assert find_dropped([TEXTS[language], copy]) == {1: ("dedupe/near", 0, pytest.approx(exact))}


@pytest.mark.parametrize("language", TEXTS)
def test_each_number_of_edits(language):
    """From no edit to a fifth of the tokens the copy goes just as long as the similarity is at the threshold."""
    sides = set()
    for count in range(1, share(language, 20) + 1):
        copy = edit(language, count, "replace")
        near = similarity(TEXTS[language], copy) >= THRESHOLD
        assert (find_dropped([TEXTS[language], copy]) != {}) == near, count
        sides.add(near)
    assert sides == {True, False}


def test_a_run_names_twin_and_similarity(tmp_path):
    """All texts and copies in one run: each copy went for the kept text that it is most like, the longest before the others."""
    folder = tmp_path / "in"
    folder.mkdir()
    pages = {}
    for language, text in TEXTS.items():
        pages[f"{language}-a.txt"] = text
        pages[f"{language}-b.txt"] = edit(language, share(language, 2), "replace")
        pages[f"{language}-c.txt"] = shuffle(language)
        pages[f"{language}-d.txt"] = edit(language, share(language, 20), "replace")
    for name, text in pages.items():
        (folder / name).write_text(text, "utf-8")
    kept, expected = [], []
    for name in sorted(pages, key=lambda name: (-len(pages[name]), name)):
        exact, twin = max(((similarity(pages[name], pages[other]), other) for other in kept), default=(0, ""))
        if exact >= THRESHOLD:
            expected.append((name, "dedupe/near", twin, pytest.approx(exact)))
        else:
            kept.append(name)
    assert {f"{language}-{kind}.txt" for language in TEXTS for kind in "d"} <= set(kept)
    assert len(expected) >= len(TEXTS)

    cleanse.run(folder, tmp_path / "out.parquet", select=["dedupe"])
    dropped = pl.read_parquet(report_folder(tmp_path / "out.parquet") / "dropped.parquet")
    assert sorted(dropped.select("id", "reason", "kept_id", "similarity").rows()) == sorted(expected)
    assert sorted(pl.read_parquet(tmp_path / "out.parquet")["id"]) == sorted(kept)
