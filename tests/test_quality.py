"""Measures of documents: whole rows by hand, and the same numbers as plain Python counts."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import unicodedata
from pathlib import Path

import numpy as np
import orjson
import polars as pl
import pytest
from conftest import DATA
from hypothesis import given, settings
from hypothesis import strategies as st

import cleanse
from cleanse import quality
from cleanse.errors import OptionError
from cleanse.files import report_folder
from cleanse.kernels import text as kernels
from cleanse.rules import load_rules

PARAMETERS = quality.Parameters.of(load_rules())


def measure(*texts: str | None, language: str = "und") -> list[dict[str, float]]:
    """Measure texts, a dictionary each."""
    frame = pl.LazyFrame({"clean": texts}, schema={"clean": pl.String}).with_columns(language=pl.lit(language))
    found = quality.measure_documents(frame, PARAMETERS).collect()
    assert {name: found.schema[name] for name in quality.MEASURES} == quality.MEASURES
    return found.select(quality.MEASURES.keys()).rows(named=True)


def row(**values: float) -> dict[str, float | None]:
    """Fill in what is not named: 0, and no stop words where the language has none. Shares hold approximately."""
    empty = {**dict.fromkeys(quality.MEASURES, 0), "stop_words": None}
    return {name: value and pytest.approx(value, abs=1e-6) for name, value in {**empty, **values}.items()}


# Each whole row was counted by hand.
WHOLE = {
    "empty": ("", row(lines=1, blank_lines=1)),
    "blank": (" \n\t\n", row(chars=4, lines=3, blank_lines=3)),
    "one line": (
        "One two.",
        row(
            chars=8, visible_chars=7, lines=1, paragraphs=1, sentences=1, words=2, mean_word_chars=3,
            longest_word_chars=3, letter_word_share=1, letter_share=6 / 7, symbol_share=1 / 7, mean_line_chars=8,
            ended_line_share=1, short_line_share=1,
        ),
    ),
    "Chinese": (
        "雨停了。",
        row(
            chars=4, visible_chars=4, lines=1, paragraphs=1, sentences=1, words=3, mean_word_chars=1,
            longest_word_chars=1, letter_word_share=1, letter_share=3 / 4, symbol_share=1 / 4, mean_line_chars=4,
            ended_line_share=1, short_line_share=1,
        ),
    ),
    "Thai": (
        "ฝนตก ฝนตก ฝนตก",
        row(
            chars=14, visible_chars=12, lines=1, paragraphs=1, words=12, mean_word_chars=1, longest_word_chars=1,
            letter_word_share=1, letter_share=1, mean_line_chars=14, short_line_share=1, top_2gram_share=1,
        ),
    ),
    "Hindi": (
        "नदी बढ़ी।",
        row(
            chars=9, visible_chars=8, lines=1, paragraphs=1, sentences=1, words=2, mean_word_chars=3.5,
            longest_word_chars=4, letter_word_share=1, letter_share=7 / 8, symbol_share=1 / 8, mean_line_chars=9,
            ended_line_share=1, short_line_share=1,
        ),
    ),
    "emoji": (
        "😀 #wow {x} … 😀😀",
        row(
            chars=15, visible_chars=11, lines=1, paragraphs=1, sentences=1, words=2, mean_word_chars=2,
            longest_word_chars=3, letter_word_share=2 / 5, letter_share=4 / 11, symbol_share=7 / 11,
            hashes_per_word=1 / 2, ellipses_per_word=1 / 2, braces=1, mean_line_chars=15, short_line_share=1,
        ),
    ),
    "list": (
        "- a1\n- a1\n\nB!",
        row(
            chars=13, visible_chars=8, lines=4, blank_lines=1, paragraphs=2, sentences=1, words=3,
            mean_word_chars=5 / 3, longest_word_chars=2, letter_word_share=3 / 5, letter_share=3 / 8, digit_share=2 / 8,
            symbol_share=3 / 8, line_breaks_per_word=1, mean_line_chars=10 / 3, ended_line_share=1 / 3,
            bullet_line_share=2 / 3, short_line_share=1, one_word_line_share=1, corrected_word_share=1,
            duplicate_line_share=1 / 3, duplicate_line_char_share=4 / 10,
        ),
    ),
    "digits": (
        "12 34\n12 34\n12 34",
        row(
            chars=17, visible_chars=12, lines=3, paragraphs=1, words=6, mean_word_chars=2, longest_word_chars=2,
            digit_share=1, line_breaks_per_word=2 / 6, mean_line_chars=5, short_line_share=1, digit_line_share=1,
            corrected_word_share=1, duplicate_line_share=2 / 3, duplicate_line_char_share=2 / 3, top_2gram_share=1,
            top_3gram_share=5 / 6, top_4gram_share=1,
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WHOLE)
def test_whole_rows(name):
    """All measures of a text, counted by hand."""
    text, values = WHOLE[name]
    assert measure(text) == [values]


def test_a_null_is_an_empty_text():
    """Nothing is known of a null, and it breaks nothing."""
    assert measure(None) == measure("")


@pytest.mark.parametrize(
    "line",
    ["Ende.", "Wirklich?", "他说：“走吧！”", "走吧。」", "समाप्त।", "انتهى؟", "…", "(So be it.)", "Конец!»", "End. "],
)
def test_lines_that_end_like_a_sentence(line):
    """The marks of all scripts count, also before closing quotes and brackets."""
    assert measure(line)[0]["ended_line_share"] == 1


@pytest.mark.parametrize("line", ["Home", "Read more »", "a.b", "Preis: 5,00", "标题", "(end)", "»"])
def test_lines_that_do_not(line):
    """A full stop inside a line, or a bracket alone, ends no sentence."""
    assert measure(line)[0]["ended_line_share"] == 0


@pytest.mark.parametrize(
    ("line", "share"), [("- a", 1), ("• a", 1), ("  * a", 1), ("-a", 0), ("a - b", 0), ("– a", 1), ("-5 Grad", 0)]
)
def test_bullets(line, share):
    """A bullet stands first and has a space behind it."""
    assert measure(line)[0]["bullet_line_share"] == share


@given(st.lists(st.text(alphabet="aZé字กnदी5٣½ \t\n\u00a0\u3000.-!«😀\u0301", max_size=40), min_size=1, max_size=4))
@settings(deadline=None)
def test_counts_are_those_of_python(texts):
    """Characters, visible characters, letters, digits, lines and duplicates, counted again in plain Python."""
    for text, found in zip(texts, measure(*texts), strict=True):
        visible = re.sub(r"\s", "", text)
        kinds = [unicodedata.category(character)[0] for character in visible]
        lines = [line.strip() for line in text.split("\n")]
        filled = [line for line in lines if line]
        share = max(len(visible), 1)
        assert (found["chars"], found["visible_chars"]) == (len(text), len(visible))
        assert (found["lines"], found["blank_lines"]) == (len(lines), len(lines) - len(filled))
        assert found["letter_share"] == pytest.approx(sum(kind in "LM" for kind in kinds) / share)
        assert found["digit_share"] == pytest.approx(kinds.count("N") / share)
        assert found["duplicate_line_share"] == pytest.approx((len(filled) - len(set(filled))) / max(len(filled), 1))


def split_words(text: str) -> list[str]:
    """Split a text of the alphabet below into words, as the glossary says."""
    return [word.lower() for word in re.findall(r"[字กあ]|[a-zA-Zé\u0301नदी٣½0-9]+", text)]


def repetition(words: list[str], size: int) -> dict[str, float]:
    """Share of the characters of words in later copies of a gram, and under the gram that comes most often.

    Where most words are single characters of a script without spaces, a gram has two of them for each word, or four of Thai.
    """
    total = max(sum(map(len, words)), 1)
    wide, narrow = sum(word in "字あ" for word in words), words.count("ก")
    length = size * ((2 if wide >= narrow else 4) if 2 * (wide + narrow) > len(words) else 1)
    grams = [tuple(words[place : place + length]) for place in range(len(words) - length + 1)]
    later = {place for place, gram in enumerate(grams) if gram in grams[:place]}
    often = max(map(grams.count, grams), default=0)
    tops = [gram for gram in dict.fromkeys(grams) if grams.count(gram) == often] if often > 1 else []
    top = max(tops, key=lambda gram: sum(map(len, gram)), default=None)
    found = {}
    for name, places in (("duplicate", later), ("top", {place for place, gram in enumerate(grams) if gram == top})):
        covered = {place + step for place in places for step in range(length)}
        found[f"{name}_{size}gram_share"] = sum(len(words[place]) for place in covered) / total
    return found


ALPHABETS = st.sampled_from(["abB字 \n.", "ab", "字あ .", "ก\n", "a字ก"])


@given(st.lists(ALPHABETS.flatmap(lambda letters: st.text(alphabet=letters, max_size=80)), min_size=1, max_size=4))
@settings(deadline=None)
def test_repetition_is_that_of_python(texts):
    """Shares of repeated grams of each length, counted again by comparing all with all."""
    for text, found in zip(texts, measure(*texts), strict=True):
        words = split_words(text)
        expected = {name: share for size in range(2, 11) for name, share in repetition(words, size).items()}
        wanted = {name: share for name, share in expected.items() if name in quality.MEASURES}
        assert len(wanted) == 9
        assert {name: found[name] for name in wanted} == pytest.approx(wanted)


@given(st.text(alphabet="aZé字กあnदी5٣½ .-!«😀\u0301", max_size=80))
@settings(deadline=None)
def test_words_are_the_tokens_of_duplicates(text):
    """The measures count the words that the signature hashes, by the same rule."""
    data, offsets = kernels.buffers(pl.Series([text], dtype=pl.String))
    out = np.empty(len(data) + 1, dtype=np.uint64)
    tokens = kernels.hash_tokens(data, 0, int(offsets[1]), *kernels.token_tables(), out)
    assert measure(text)[0]["words"] == tokens == len(split_words(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a b c", 0),
        ("one two three four five, one two three four six", 0),
        ("one two three four five; ONE two-three four five", 1 / 2),
        ("雨下个不停啊，雨下个不停啊", 0),
        ("雨从昨夜一直下个不停，雨从昨夜一直下个不停", 1 / 2),
        ("iPhone 雨从昨夜一直下个不停，iPhone 雨从昨夜一直下个不停", 1 / 2),
        ("one two three four five 雨下个, one two three four five 雨下个", 1 / 2),
        ("ab ab ab ab ab ab", 5 / 6),
        ("ราตรีสวัสดิ์ ราตรีสวัสดิ์", 0),
        ("ขอให้นอนหลับฝันดีตลอดคืน ขอให้นอนหลับฝันดีตลอดคืน", 1 / 2),
    ],
)
def test_duplicate_5grams(text, expected):
    """Later copies of five words, or in scripts without spaces of ten or twenty characters, across case and punctuation.

    Characters under overlapping copies count once; where most words are Latin, each Chinese character is one.
    """
    assert measure(text)[0]["duplicate_5gram_share"] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("...", 0),
        ("Version 3.5 of a.b is out", 0),
        ("Wait... what?! He left.", 3),
        ("他说：“走吧！”我们走了。", 2),
        ("走吧……然后呢？", 1),
        ("क्या हुआ? वह गया।", 2),
        ("(So it was.) And so it is", 1),
        ("A sentence.\nAnother", 1),
        ("هل وصل؟ نعم.", 2),
    ],
)
def test_sentences(text, count):
    """A sentence has a word and ends with a mark; Latin marks and the ellipsis need white space behind them."""
    assert measure(text)[0]["sentences"] == count


@pytest.mark.parametrize(
    ("line", "share"),
    [
        ("And so on...", 1),
        ("And so on…", 1),
        ("等等……”", 1),
        ("(and so on...)", 1),
        ("...and so on", 0),
        ("1..2", 0),
        ("...!", 0),
    ],
)
def test_lines_that_trail_off(line, share):
    """An ellipsis at the end of a line, closing quotes and brackets behind it aside."""
    assert measure(line)[0]["ellipsis_line_share"] == share


@pytest.mark.parametrize(
    ("text", "count"),
    [("a... b… c……", 3), ("......", 1), ("..", 0), ("a.b.c.", 0), ("…a…", 2)],
)
def test_ellipses(text, count):
    """Three full stops or more, or ellipsis signs side by side, are one ellipsis."""
    found = measure(f"{text}\nword")[0]
    assert round(found["ellipses_per_word"] * found["words"]) == count


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("BREAKING NEWS FROM HOME", ["upper"]),
        ("Breaking News From Home", []),
        ("2024 05", ["digit"]),
        ("٢٠٢٤", ["digit", "one_word"]),
        ("Home", ["one_word"]),
        ("***", ["one_word"]),
        ("首页", []),
        ("ABC-1", ["upper"]),
    ],
)
def test_lines_that_refinedweb_corrects(line, names):
    """Capital letters, digits and single words; a character of Chinese is a word."""
    found = measure(line)[0]
    assert [name for name in ("upper", "digit", "one_word") if found[f"{name}_line_share"]] == names
    assert found["corrected_word_share"] == (1 if names and found["words"] else 0)


@pytest.mark.parametrize(
    ("line", "short"),
    [("x" * 30, 1), ("x" * 31, 0), ("字" * 15, 1), ("字" * 16, 0), ("ก" * 30, 1), ("  " + "x" * 30 + "  ", 1)],
)
def test_short_lines(line, short):
    """30 columns without the white space around them; letters of Chinese, Japanese and Korean take two."""
    assert measure(line)[0]["short_line_share"] == short


@pytest.mark.parametrize(
    ("language", "text", "count"),
    [
        ("en", "The cat and the dog.", 2),
        ("en", "Breathe! Andrew, Tobias!", 0),
        ("zh", "的的的了", 2),
        ("th", "คนที่มีแมวและหมา", 3),
        ("de", "The cat and the dog.", 0),
        ("und", "The cat and the dog.", None),
        ("tlh", "The cat and the dog.", None),
    ],
)
def test_stop_words(language, text, count):
    """Different words of the list of the language; null where no list is known, so that no limit applies."""
    assert measure(text, language=language)[0]["stop_words"] == count


def test_phrases_of_several_words():
    """A phrase is a run of words, whatever stands between them; each place counts."""
    found = measure("Lorem ipsum, lorem-IPSUM. Ipsum lorem", "lorem", "lorem\nipsum", "x")
    assert [row["filler_phrases"] for row in found] == [2, 0, 1, 0]


def test_paragraphs():
    """Lines without a blank one between them; a copy is one whose lines all come again."""
    found = measure("a b\nc\n\n \na b\nc\n\nc\n\nd\n")[0]
    assert (found["paragraphs"], found["duplicate_line_share"]) == (4, pytest.approx(3 / 6))
    assert found["duplicate_paragraph_share"] == pytest.approx(1 / 4)
    assert found["duplicate_paragraph_char_share"] == pytest.approx(4 / 10)


def test_each_text_is_measured_by_itself():
    """What a text before left in the memory of the kernel does not show."""
    texts = ["a b c d e f " * 9, "a b c d e f", "", "x\n\nx\n\nx", "a b c d e f a b c d e f", "字" * 40]
    assert measure(*texts) == [measure(text)[0] for text in texts]


SENTENCES = DATA / "language_sentences.jsonl"


def join_sentences(number: int) -> pl.LazyFrame:
    """Make texts of `number` sentences that have nothing to do with one another, in each language."""
    rows = pl.DataFrame([orjson.loads(line) for line in SENTENCES.read_bytes().splitlines()])
    group = pl.int_range(pl.len()).over("language") // number
    texts = rows.group_by("language", group.alias("group"), maintain_order=True).agg(pl.col("text").str.join(" "))
    return texts.lazy().select("language", clean="text")


@pytest.mark.skipif(not SENTENCES.exists(), reason="language_sentences.jsonl is not on this machine")
def test_sentences_that_have_nothing_in_common_are_no_repetition():
    """Of 20 sentences each, no text in 75 languages is over a limit on runs of words, with spaces or without."""
    found = quality.measure_documents(join_sentences(20), PARAMETERS).collect()
    limits = [rule.head.measure for rule in load_rules().family("quality") if rule.head.measure]
    grams = {limit.column: limit.max for limit in limits if limit.column.endswith("gram_share")}
    assert len(grams) == 9
    over = found.filter(pl.any_horizontal(pl.col(name) > limit for name, limit in grams.items()))
    assert over["language"].to_list() == []


@pytest.mark.skipif(not SENTENCES.exists(), reason="language_sentences.jsonl is not on this machine")
def test_five_sentences_have_stop_words():
    """In each language with a list, Korean too, at most one text of five sentences in forty has fewer than two."""
    found = (
        quality.measure_documents(join_sentences(5), PARAMETERS).collect().filter(pl.col("stop_words").is_not_null())
    )
    few = found.group_by("language").agg((pl.col("stop_words") < 2).sum()).sort("language")
    assert few.height == 17
    assert few.filter(pl.col("stop_words") > 1).rows() == []


VECTORS = DATA / "c4_vectors.json"
CASES = orjson.loads(VECTORS.read_bytes()) if VECTORS.exists() else {}
PAGES = CASES.get("clean_page", [])


@pytest.mark.skipif(not PAGES, reason="c4_vectors.json is not on this machine")
def test_pages_of_the_c4_authors():
    """The rules of the profile leave of each page what the authors of C4 expect, but for the line break at its end."""
    frame = pl.LazyFrame({"text": [page["text"] for page in PAGES]})
    found = frame.pipe(cleanse.clean, select="quality", profile="c4").collect()
    kept = pl.when(pl.col("dropped_by").is_null()).then(pl.col("text").str.strip_chars_end("\n"))
    assert found.select(kept).to_series().to_list() == [page["expected"] for page in PAGES]


@pytest.mark.skipif(not PAGES, reason="c4_vectors.json is not on this machine")
def test_all_rules_on_the_pages_of_the_c4_authors():
    """With all rules one page differs: `boilerplate/placeholder` takes the line of filler out, so the page stays without it."""
    frame = pl.LazyFrame({"name": [page["name"] for page in PAGES], "text": [page["text"] for page in PAGES]})
    found = frame.pipe(cleanse.clean, profile="c4").collect()
    kept = pl.when(pl.col("dropped_by").is_null()).then(pl.col("text").str.strip_chars_end("\n"))
    texts = zip(PAGES, found.select(kept).to_series().to_list(), strict=True)
    assert [page["name"] for page, text in texts if text != page["expected"]] == ["loremipsum"]


BAD_WORDS = """
title = "Words that this corpus must not have"
why = "A list of words that one team decided on; the page goes with the first of them."
since = "0.1.0"
status = "stable"
scope = "document"
action = "drop"
severity = "high"
risk = "Pages about farm animals, health or the law."
literals = {words}
measure = {{ column = "filler_phrases", max = 0 }}

[[hit]]
text = "The {word} pulled the cart to the mill."

[[hit]]
text = "Two horses and one {word}."

[[hit]]
text = "{word}"

[[miss]]
text = "She did {word}ign the cart to the mill."

[[miss]]
text = "Two horses and one {word}embly."

[[miss]]
text = "He left one glass on the cart."
"""


@pytest.mark.skipif(not CASES, reason="c4_vectors.json is not on this machine")
def test_a_list_of_bad_words_is_a_rule_of_ones_own(tmp_path):
    """No list comes with the rules; whoever has one writes a rule, and the pages of the C4 authors go or stay as they expect."""
    listed, padding, cases = (CASES["badwords"][name] for name in ("badwords", "padding", "cases"))
    (tmp_path / "quality").mkdir()
    (tmp_path / "quality" / "bad-words.toml").write_text(
        BAD_WORDS.format(words=orjson.dumps(listed).decode(), word=listed[0]), "utf-8"
    )
    frame = pl.LazyFrame({"text": [padding + text for text, _ in cases]})
    expected = ["quality/bad-words" if bad else None for _, bad in cases]
    assert frame.pipe(cleanse.clean).collect()["dropped_by"].to_list() == [None] * len(cases)
    assert frame.pipe(cleanse.clean, rules=tmp_path).collect()["dropped_by"].to_list() == expected


@pytest.mark.skipif(not CASES, reason="c4_vectors.json is not on this machine")
def test_lines_of_other_pages_stay(tmp_path):
    """C4 takes out lines that another page has; we keep pages whole as long as no kept page is like them."""
    pages = CASES["remove_duplicate_text"]["input"]
    source = pl.DataFrame(pages, schema=["id", "text"], orient="row")
    source.write_parquet(tmp_path / "in.parquet")
    cleanse.run(tmp_path / "in.parquet", tmp_path / "out.parquet", select=["dedupe"])
    assert pl.read_parquet(tmp_path / "out.parquet", columns=["id", "text"]).equals(source)


def test_numbers_of_other_tools_are_of_these_texts():
    """Each tool measured the texts that the table is about, and gave numbers for all of them."""
    folder = Path(__file__).resolve().parent.parent / "benchmarks"
    texts = tomllib.loads((folder / "parity_texts.toml").read_text("utf-8"))
    kept = orjson.loads((folder / "parity.json").read_bytes())
    assert kept["texts"] == texts
    assert list(kept["tools"]) == ["datatrove", "dolma", "NeMo Curator", "data-juicer"]
    for tool in kept["tools"].values():
        assert set(tool["texts"]) == set(texts)
        assert {name for found in tool["texts"].values() for name in found} <= set(quality.MEASURES)


def test_table_of_parity():
    """The table of docs/parity.md is what benchmarks/parity.py prints: our numbers of today, and the tools' own."""
    root = Path(__file__).resolve().parent.parent
    printed = subprocess.run(
        [sys.executable, root / "benchmarks" / "parity.py"], capture_output=True, encoding="utf-8", check=True
    ).stdout
    page = (root / "docs" / "parity.md").read_text("utf-8")
    assert printed in page
    assert {name for name in quality.MEASURES if f"| `{name}` |" in printed} == set(quality.MEASURES)


def test_each_measure_is_defined():
    """docs/measures.md has a row for each column of measures.parquet, in its order, and names each profile's rules."""
    page = (Path(__file__).resolve().parent.parent / "docs" / "measures.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (.*) \|$", page, re.MULTILINE)
    rules = load_rules()
    listed = {
        name: ", ".join(sorted(f"`{rule.id.split('/')[1]}`" for rule in rules if name in rule.head.profiles))
        for name in rules.profiles()
    }
    assert [name for name, _ in rows] == [*quality.MEASURES, *listed]
    assert dict(rows[len(quality.MEASURES) :]) == listed
    assert all(len(cells.split(" | ")) == 3 for _, cells in rows[: len(quality.MEASURES)])


def run_profile(folder: Path, profile: str | None) -> tuple[Path, list[tuple[str, str]], list[tuple[str, str]]]:
    """Run over a page whose rest is code; give OUT, what was dropped and why, and what drafts would have dropped."""
    pages = folder / "pages"
    pages.mkdir(exist_ok=True)
    (pages / "code.txt").write_text(
        "The pump starts at six in the morning.\nfn start(pump) { pump.open(); }.\n", "utf-8"
    )
    out = folder / f"{profile}.parquet"
    cleanse.run(pages, out, profile=profile)
    report = report_folder(out)
    drafts = pl.read_parquet(report / "drafts.parquet").filter(pl.col("action") == "drop")
    dropped = pl.read_parquet(report / "dropped.parquet")
    return out, dropped.select("id", "reason").rows(), drafts.select("id", "rule").rows()


def test_limits_act_only_in_their_profile(tmp_path):
    """Without a profile the limit of braces is a draft; C4 and FineWeb have it, Gopher has not; OUT tells profiles apart."""
    drop = ("code.txt", "quality/c4-braces")
    found = {profile: run_profile(tmp_path, profile) for profile in (None, "c4", "gopher")}

    assert found[None][1] == []
    assert drop in found[None][2]
    assert drop not in found["c4"][2]
    assert [doc for doc, _ in found["c4"][1]] == ["code.txt"]
    assert drop in found["gopher"][2]
    assert len({pl.read_parquet_metadata(out)["cleanse.options"] for out, _, _ in found.values()}) == 3


def test_an_unknown_profile_is_an_error(tmp_path):
    """The message lists the profiles that there are."""
    with pytest.raises(OptionError, match="no such profile") as caught:
        run_profile(tmp_path, "c5")
    assert caught.value.hint == "there are c4, fineweb, gopher, refinedweb"
