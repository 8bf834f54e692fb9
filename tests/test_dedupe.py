"""Duplicates: exact, folded and near; every dropped one has a kept twin, and the order of the input changes nothing."""

from __future__ import annotations

import dataclasses
import itertools
import random
import re

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleanse import dedupe
from cleanse.kernels import text as kernels
from cleanse.rules import load_rules

RULES = load_rules()
PARAMETERS = dedupe.Parameters.of(RULES, RULES)
# One token is a run of letters, marks and digits, or one character of a script without spaces: written again here, so
# that the kernel is checked against something that is not itself.
UNSPACED = "\u0e00-\u0e7f\u0e80-\u0eff\u3041-\u3096\u30a1-\u30fa\u3400-\u4dbf\u4e00-\u9fff"
ENGLISH = (
    "the old ferry across the bay stopped on a grey monday morning because the engine that had served it for forty "
    "years gave up at last and no part for it could be found anywhere along the whole coast so the crew sat down on "
    "the quay and waited for a tug that came two days later with coffee bread and a letter from the owner"
)
HINDI = (
    "सोमवार की सुबह पुरानी नाव खाड़ी के बीच में रुक गई क्योंकि चालीस साल पुराना इंजन आखिर बंद हो गया और उसका कोई पुर्जा पूरे तट पर "
    "कहीं नहीं मिला इसलिए नाविक घाट पर बैठ गए और दो दिन बाद आने वाली दूसरी नाव का इंतजार करते रहे जो उनके लिए चाय रोटी और एक चिट्ठी लाई"
)
ARABIC = (
    "توقفت العبارة القديمة في الخليج صباح يوم الاثنين لأن المحرك الذي خدمها أربعين سنة تعطل أخيرا ولم يعثر أحد على قطعة "
    "له في الساحل كله فجلس البحارة على الرصيف وانتظروا زورقا جاء بعد يومين ومعه قهوة وخبز ورسالة من صاحب السفينة إلى القبطان"
)
CHINESE = "北岸的老渡船在星期一清晨停了下来因为用了四十年的发动机终于坏掉全海边都找不到一个能换的零件船员只好坐着喝茶等两天后才来"
THAI = "เรือข้ามฟากเก่าหยุดกลางอ่าวเช้าวันจันทร์เพราะเครื่องยนต์ที่ใช้มาสี่สิบปีพังลงและหาอะไหล่ไม่ได้เลยทั้งชายฝั่งลูกเรือจึงนั่งรอ"
CUTS = (1, 2, 3, 6, 12, 30)
SPACED = {"en": ENGLISH, "hi": HINDI, "ar": ARABIC}
WORDS = {language: (text.split(), " ") for language, text in SPACED.items()} | {
    "zh": (list(CHINESE), ""),
    "th": (list(THAI), ""),
}


def search(texts: list[str], ids: list[str] | None = None, **changes: object) -> dict[int, tuple[str, int, float]]:
    """Look for duplicates among texts: number of the dropped -> reason, number of the kept, similarity."""
    parameters = dataclasses.replace(PARAMETERS, **changes)
    series = pl.Series(texts, dtype=pl.String)
    signed = dedupe.sign_documents(series, parameters).with_columns(
        pl.int_range(len(texts), dtype=pl.UInt32, eager=True).alias("number"),
        pl.Series("id", ids or [f"{number:04}" for number in range(len(texts))]),
        series.str.len_chars().alias("length"),
    )
    decisions = dedupe.find_duplicates(signed, series.gather, parameters).decisions
    return {number: (reason, kept, similarity) for number, reason, kept, similarity in decisions.iter_rows()}


def sign(texts: list[str]) -> tuple[pl.DataFrame, pl.Series]:
    """Sign texts whose ids are their numbers; give the table and the texts."""
    series = pl.Series(texts, dtype=pl.String)
    table = dedupe.sign_documents(series, PARAMETERS).with_columns(
        pl.int_range(len(texts), dtype=pl.UInt32, eager=True).alias("number"),
        pl.Series("id", [f"{number:04}" for number in range(len(texts))], dtype=pl.String),
        series.str.len_chars().alias("length"),
    )
    return table, series


def shingles(text: str, size: int = 5) -> set[tuple[str, ...]]:
    """Cut a text into its set of shingles, in plain Python."""
    tokens = re.findall(
        rf"[{UNSPACED}]|[^\W_{UNSPACED}]+(?:[\u0900-\u0903\u093a-\u094f]+[^\W_{UNSPACED}]*)*", text.lower()
    )
    return {tuple(tokens[i : i + size]) for i in range(len(tokens) - size + 1)}


def similarity(left: str, right: str) -> float:
    """Give the exact Jaccard similarity of two texts, in plain Python."""
    a, b = shingles(left), shingles(right)
    return len(a & b) / len(a | b) if a | b else 0.0


def test_signatures_are_those_of_datasketch():
    """For the same 32-bit hashes of shingles the minima equal datasketch's `affine32`, bit for bit."""
    from datasketch import MinHash

    texts = pl.Series([joiner.join(words) for words, joiner in WORDS.values()] + ["too short", ""])
    data, offsets = kernels.buffers(texts)
    classes, folded = kernels.token_tables()
    a, b = dedupe.permutations(110, 7)
    signatures, _, tokens = kernels.sign_texts(data, offsets, classes, folded, 5, a, b)
    sets, starts = kernels.shingle_sets(data, offsets, classes, folded, 5)
    for number in range(len(texts)):
        reference = MinHash(num_perm=110, seed=7, scheme="affine32", hashfunc=lambda value: value)
        hashes = sets[starts[number] : starts[number + 1]] & np.uint64(0xFFFFFFFF)
        for value in hashes.tolist():
            reference.update(value)
        assert signatures[number].tolist() == reference.hashvalues.tolist()
    assert tokens.tolist()[-2:] == [2, 0]


@pytest.mark.parametrize("language", WORDS)
def test_tokens_and_shingles_by_hand(language):
    """The kernel counts the tokens of each script as Python does, and finds as many different shingles."""
    words, joiner = WORDS[language]
    text = joiner.join(words)
    data, offsets = kernels.buffers(pl.Series([text]))
    sets, _ = kernels.shingle_sets(data, offsets, *kernels.token_tables(), 5)
    assert len(sets) == len(shingles(text))
    assert dedupe.sign_documents(pl.Series([text]), PARAMETERS)["tokens"].item() == len(words)


def test_exact():
    """Equal texts go for the first id, whatever their place; a text that differs in a space is not equal."""
    found = search(
        ["Thank you.", "谢谢。", "Thank you.", "谢谢。", "Thank  you."], ["c", "b", "a", "d", "e"], folded=False
    )
    assert found == {0: ("dedupe/exact", 2, 1.0), 3: ("dedupe/exact", 1, 1.0)}


def test_folded():
    """Texts with the same words go for the longest, whatever their case, white space and punctuation."""
    found = search(["thank you", "Thank you!!", "THANK\nYOU", "ধন্যবাদ।", "ধন্যবাদ", "thank us"])
    assert found == {0: ("dedupe/folded", 1, 1.0), 2: ("dedupe/folded", 1, 1.0), 4: ("dedupe/folded", 3, 1.0)}


def test_exact_copies_of_a_folded_one_point_at_the_keeper():
    """A copy of a dropped text names the kept one as its twin, not the dropped one."""
    found = search(["yes", "yes", "Yes!"])
    assert {number: kept for number, (_, kept, _) in found.items()} == {0: 2, 1: 2}


def test_texts_of_symbols_are_not_duplicates_of_one_another():
    """Texts without a letter or a digit have no words in common; only exact equality counts."""
    assert search(["***", "---", "…", "★ ★ ★", "***", ""]) == {4: ("dedupe/exact", 0, 1.0)}


@pytest.mark.parametrize("language", WORDS)
@pytest.mark.parametrize("cut", CUTS)
def test_near_on_both_sides_of_the_threshold(language, cut):
    """A text without its last words goes just when its exact similarity, by hand, reaches the threshold."""
    words, joiner = WORDS[language]
    whole, part = joiner.join(words), joiner.join(words[:-cut])
    expected = similarity(whole, part)
    found = search([part, whole])
    assert found == ({0: ("dedupe/near", 1, pytest.approx(expected))} if expected >= 0.8 else {})


def test_what_an_earlier_run_kept_stays_kept():
    """A document of an earlier OUT leads though it is shorter, is never dropped itself, and is not compared with its like."""
    parameters = dataclasses.replace(PARAMETERS)
    words = ENGLISH.split()
    texts = pl.Series([ENGLISH, "new words only here", " ".join(words[:-2]), " ".join(words[:-3]), "Thank you."])
    new = pl.Series(["Thank you.", *texts])
    signed = dedupe.sign_documents(new, parameters).with_columns(
        number=pl.int_range(6, dtype=pl.UInt32, eager=True), id=pl.Series(list("abcdef")), length=new.str.len_chars()
    )
    found = dedupe.find_duplicates(signed, new.gather, parameters, earlier=3).decisions
    assert found.select("number", "reason", "kept").rows() == [(0, "dedupe/exact", 5), (1, "dedupe/near", 3)]


@pytest.mark.parametrize(
    ("threshold", "bands", "rows"), [(0.5, 56, 2), (0.7, 28, 4), (0.8, 22, 5), (0.9, 14, 8), (0.95, 9, 12)]
)
def test_bands_are_chosen_for_the_threshold(threshold, bands, rows):
    """A pair at the threshold becomes a candidate with the probability that the rule asks for; one more row would lose it."""
    assert dedupe.choose_bands(threshold, 112, 0.999) == (bands, rows)
    assert dedupe.candidate_probability(threshold, bands, rows) >= 0.999
    assert dedupe.candidate_probability(threshold, 112 // (rows + 1), rows + 1) < 0.999


def test_too_short_is_what_has_no_shingle():
    """The limit of `dedupe/too-short` is the shingle of `dedupe/near`."""
    measure = RULES["dedupe/too-short"].head.measure
    assert measure is not None
    assert (measure.column, measure.min) == ("words", PARAMETERS.shingle)


def test_the_cuts_lie_on_both_sides():
    """The test above has similar and dissimilar pairs in every language."""
    for words, joiner in WORDS.values():
        found = {similarity(joiner.join(words), joiner.join(words[:-cut])) >= 0.8 for cut in CUTS}
        assert found == {True, False}


@pytest.mark.parametrize("texts", [["one two three four", "one two three four five"], ["雨停了", "雨停了吗"]])
def test_short_documents_are_compared_by_their_words_only(texts):
    """A text with fewer tokens than a shingle has is never a near duplicate, and no duplicate of other short ones."""
    assert search([*texts, "one two", "two one"]) == {}


def chain() -> list[str]:
    """Give three texts: the first like the second, the second like the third, the first unlike the third."""
    filler = [f"word{number}" for number in range(100)]
    return [" ".join(filler[start : start + 80 - start]) for start in (0, 8, 16)]


def test_a_chain_is_not_one_cluster():
    """A~B and B~C drop B for A; C is not like A, so C stays although it is like B."""
    first, second, third = chain()
    assert similarity(first, second) >= 0.8
    assert similarity(second, third) >= 0.8
    assert similarity(first, third) < 0.8
    assert search([third, first, second]) == {2: ("dedupe/near", 1, pytest.approx(similarity(first, second)))}


def paragraphs() -> list[str]:
    """Give a dozen paragraphs in several scripts, of different lengths."""
    source = random.Random(5)
    sizes = (9, 25, 40)
    return [joiner.join(source.sample(words, size)) for words, joiner in WORDS.values() for size in sizes]


PARAGRAPHS = paragraphs()
DOCUMENTS = st.lists(
    st.lists(st.sampled_from(range(len(PARAGRAPHS))), min_size=0, max_size=5).map(tuple), min_size=2, max_size=9
)


@settings(deadline=None, max_examples=60)
@given(DOCUMENTS)
def test_every_dropped_document_has_a_kept_twin(recipes):
    """The twin is kept, and equal, equal in words, or at least as similar as the threshold says, counted by hand."""
    texts = ["\n".join(PARAGRAPHS[number] for number in recipe) for recipe in recipes]
    found = search(texts)
    for number, (reason, kept, score) in found.items():
        assert kept not in found
        left, right = texts[number], texts[kept]
        if reason == "dedupe/exact":
            assert left == right
        elif reason == "dedupe/folded":
            assert re.findall(r"\w+", left) == re.findall(r"\w+", right)
        else:
            assert score == pytest.approx(similarity(left, right))
            assert score >= PARAMETERS.threshold


@settings(deadline=None, max_examples=60)
@given(DOCUMENTS, st.randoms(use_true_random=False))
def test_any_order_of_the_input_keeps_the_same(recipes, shuffler):
    """Ids decide, not places: the same documents stay whatever the order in which they come."""
    texts = {f"{number:04}": "\n".join(PARAGRAPHS[part] for part in recipe) for number, recipe in enumerate(recipes)}
    outcomes = []
    for ids in (list(texts), shuffler.sample(list(texts), len(texts))):
        found = search([texts[name] for name in ids], ids)
        outcomes.append({ids[number]: (reason, ids[kept]) for number, (reason, kept, _) in found.items()})
    assert outcomes[0] == outcomes[1]


@settings(deadline=None, max_examples=60)
@given(DOCUMENTS)
def test_no_two_kept_documents_are_equal(recipes):
    """Of equal texts one stays; of all texts at least one."""
    texts = ["\n".join(PARAGRAPHS[number] for number in recipe) for recipe in recipes]
    found = search(texts)
    kept = [text for number, text in enumerate(texts) if number not in found]
    assert kept
    assert len(set(kept)) == len(kept)


@settings(deadline=None, max_examples=60)
@given(DOCUMENTS, st.lists(st.integers(0, 9), max_size=3), st.sampled_from([None, 0, 1, 4]))
def test_memory_and_parts_do_not_matter(recipes, cuts, earlier):
    """With a byte of memory, and the table of signatures cut anywhere, the outcome is the same in all it says."""
    signed, texts = sign(["\n".join(PARAGRAPHS[number] for number in recipe) for recipe in recipes])
    signed = signed.with_columns(pl.Series("id", [f"{number * 7 % 10}" for number in range(len(texts))]))
    bounds = [0, *sorted(min(cut, len(texts)) for cut in cuts), len(texts)]
    parts = [signed[low:high] for low, high in itertools.pairwise(bounds)]
    whole = dedupe.find_duplicates(signed, texts.gather, PARAMETERS, earlier)
    small = dedupe.find_duplicates(
        lambda names: [part.select(names) for part in parts], texts.gather, PARAMETERS, earlier, held=1
    )
    assert small.decisions.rows() == whole.decisions.rows()
    assert dataclasses.replace(small, decisions=whole.decisions) == whole


@pytest.mark.parametrize(
    ("count", "different"), [(0, 1), (1, 1), (1000, 3), (1000, 900), (100_000, 1), (100_000, 70_000)]
)
def test_repeated_keys_come_in_groups(count, different):
    """Every place whose key occurs again is in one group with all its equals, and no other place is; counted in Python."""
    generator = np.random.default_rng(count + different)
    keys = generator.integers(0, 1 << 64, different, dtype=np.uint64)[generator.integers(0, different, count)]
    groups: dict[int, list[int]] = {}
    for place, key in enumerate(keys.tolist()):
        groups.setdefault(key, []).append(place)
    members, starts = kernels.find_repeated(keys)
    found = [members[low:high].tolist() for low, high in itertools.pairwise(starts)]
    assert sorted(found) == sorted(group for group in groups.values() if len(group) > 1)


@settings(deadline=None)
@given(st.lists(st.sampled_from([0, 1, 2, (1 << 63) - 1, 1 << 63, (1 << 64) - 1]) | st.integers(0, (1 << 64) - 1)))
def test_hashes_are_sorted(values):
    """The sort by upper bits is a sort, for values at the ends and for values that repeat too."""
    out = np.zeros(len(values), dtype=np.uint64)
    kernels.sort_hashes(np.array(values, dtype=np.uint64), out, np.zeros(len(values) + 2, dtype=np.int64))
    assert out.tolist() == sorted(values)


def test_a_huge_bucket_of_copies_costs_a_comparison_a_document():
    """A thousand near copies lie in one bucket; each is compared with a document or two, and all but one go."""
    signed, texts = sign([f"{ENGLISH} {ENGLISH.upper()} x{number}" for number in range(1000)])
    outcome = dedupe.find_duplicates(signed, texts.gather, PARAMETERS)
    assert outcome.decisions.height == 999
    assert outcome.largest_bucket > 900
    assert outcome.unfinished_buckets == 0
    assert 999 <= outcome.candidates < 2 * 999


def test_a_huge_bucket_of_unlike_documents_ends_with_the_rounds():
    """Pages that share only their frame are compared with as many others as there are rounds and bands; the rest is counted."""
    frame = " ".join(ENGLISH.split()[:25])
    signed, texts = sign([f"{frame} " + " ".join(f"w{n}x{k}" for k in range(8)) for n in range(1000)])
    parameters = dataclasses.replace(PARAMETERS, rounds=2)
    outcome = dedupe.find_duplicates(signed, texts.gather, parameters)
    assert outcome.decisions.is_empty()
    assert outcome.largest_bucket > 400
    assert outcome.unfinished_buckets > 0
    assert outcome.candidates <= parameters.rounds * parameters.bands * 1000 < 1000 * 999 / 2


def test_each_switch_is_its_own():
    """A rule that was not selected drops nothing; the numbers of `dedupe/near` stay known."""
    texts = ["One two!", "One two!", "one two", *(ENGLISH.rsplit(" ", 1)[0], ENGLISH)]
    assert set(search(texts, folded=False, near=False)) == {1}
    assert set(search(texts, exact=False, near=False)) == {1, 2}
    assert set(search(texts, exact=False, folded=False)) == {3}
    none = dedupe.Parameters.of(RULES.select([], ["dedupe"]), RULES)
    assert not none.active
    assert none == dataclasses.replace(PARAMETERS, exact=False, folded=False, near=False)


def test_unfinished_buckets_are_counted():
    """When the rounds run out before every kept document has led, the outcome says how many buckets are open."""
    texts = pl.Series([" ".join([*ENGLISH.split()[:20], *f"{n}a {n}b {n}c {n}d".split()]) for n in range(8)])
    for rounds, unfinished in ((1, True), (20, False)):
        parameters = dataclasses.replace(PARAMETERS, rounds=rounds, threshold=0.95)
        signed = dedupe.sign_documents(texts, parameters).with_columns(
            pl.int_range(8, dtype=pl.UInt32, eager=True).alias("number"),
            pl.Series("id", list("abcdefgh")),
            texts.str.len_chars().alias("length"),
        )
        outcome = dedupe.find_duplicates(signed, texts.gather, parameters)
        assert outcome.decisions.is_empty()
        assert (outcome.unfinished_buckets > 0) == unfinished
        assert outcome.largest_bucket > 2


def test_the_curve_is_that_of_the_bands():
    """The reported chance that a pair becomes a candidate is 1 - (1 - s^rows)^bands."""
    curve = dataclasses.replace(PARAMETERS, bands=14, rows=8).curve()
    assert (curve["0.7"], curve["0.8"], curve["0.85"]) == (0.5645, 0.9235, 0.9884)


def test_nothing_in_nothing_out():
    """No documents, no duplicates."""
    assert search([]) == {}
    assert search([""]) == {}


LONG = "The sign at the old pier says that it was {} this morning and nobody believed it at first"


@pytest.mark.parametrize(
    ("first", "second", "reasons"),
    [
        ("-5", "5", set()),
        ("$5", "€5", set()),
        ("C++", "C#", set()),
        ("café", "cafe\u0301", {"dedupe/folded", "dedupe/near"}),
        ("１２", "12", {"dedupe/folded", "dedupe/near"}),
        ("İZMİR", "izmir", {"dedupe/folded", "dedupe/near"}),
        ("كَتَبَ", "كتب", {"dedupe/folded", "dedupe/near"}),
        ("3-5", "3 - 5", {"dedupe/folded", "dedupe/near"}),
    ],
)
def test_signs_and_spellings_in_a_long_text(first, second, reasons):
    """What tells two texts apart tells their shingles apart too, and what does not is the same for both rules."""
    texts = [LONG.format(first), LONG.format(second)]
    assert dedupe.explain_pair(texts, RULES) == reasons
