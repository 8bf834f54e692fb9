"""What holds for any text: nothing is lost, every change has its hit, and the hits alone explain the output."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cleanse.passes.job import Result
from tests.runs import rows, run, table

SOUP = "ab1 ./:-_|>•©\t\r\x00\x07\x1b[0m\x7f\x85\xa0\xadÃ©â€™¼&#x39;amp\u200b\u200d\u200f\u2028\u202e\u2066\ufeff\ufffd\ue000\ufdd0\uffff\U000e0001\U0010ffffяЖ港はا한हि🏝️e\u0301İıß"
PARTS = (
    "The ferry leaves at nine.", "Паром отходит в девять утра.", "渡轮早上九点出发。", "العبّارة تغادر في التاسعة.", "नाव नौ बजे निकलती है।",
    "See also:", "Читайте также:", "続きを読む", "Home > News > Sport", "/img/a-1.jpg", "DSC_0042.JPG", "Share on Facebook", "Log in",
    "© 2024 Example. All rights reserved.", "We use cookies.", "Buy cheap pills now!!! www.example.com", "Call now +1 555 0100", "$$$ 100% free",
    "fÃ¼r alle â€“ Ã¼berall", "Ð¿Ñ€Ð¸Ð²ÐµÑ‚", "&lt;b&gt;a&amp;amp;b&lt;/b&gt;", "&#10;x&#13;y", "\x1b[31mred\x1b[0m", "zero\u200bwidth\u00ad", "* * *", "12", "…",
)  # fmt: skip
WINDOWS, UNIX, MIXED = "\r\n", "\n", None
soup = st.text(st.sampled_from(SOUP), max_size=40)
anything = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
line = st.lists(st.sampled_from(PARTS) | soup | anything, max_size=3).map(" ".join)
ends = st.sampled_from(["\n", "\r\n", "\r", "\n\n", " \n"])
mixed = st.lists(st.tuples(line, ends), max_size=9).map(lambda pairs: "".join(map("".join, pairs)))
document = st.one_of(mixed, *(st.lists(line, max_size=9).map(end.join) for end in (WINDOWS, UNIX)))
many = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


def clean(texts: list[str], folder: str, **options: object) -> Result:
    """Clean texts as rows of a Parquet file, ids 0, 1, and so on."""
    place = Path(folder, "in", "rows.parquet")
    place.parent.mkdir()
    frame = pl.DataFrame(
        {"id": map(str, range(len(texts))), "text": texts}, schema={"id": pl.String, "text": pl.String}
    )
    frame.write_parquet(place)
    return run(Path(folder), {}, **options)


def outputs(result: Result) -> dict[str, str]:
    """Give the clean text of every document, kept or dropped, by its id."""
    both = pl.concat([rows(result).select("id", "text"), table(result, "dropped").select("id", "text")])
    return dict(both.iter_rows())


def hits_by_id(result: Result) -> dict[str, list[dict]]:
    found: dict[str, list[dict]] = {}
    for hit in table(result, "hits").iter_rows(named=True):
        found.setdefault(hit["id"], []).append(hit)
    return found


def apply(text: str, hits: list[dict]) -> tuple[str, Counter]:
    """Apply hits to a text as read, character by character: the contract once more, in the plainest way.

    Gives the output, and how many characters were kept, changed and removed.
    """
    lines, output, count = text.split("\n"), [], Counter()
    windows = any(hit["rule"] == "encoding/line-ends" and hit["line"] is None for hit in hits)
    for number, content in enumerate(lines):
        own = [hit for hit in hits if hit["line"] == number]
        gone = {k for hit in own if hit["action"] == "strip" for k in range(hit["start"], hit["end"])}
        fixes = {hit["start"]: hit for hit in own if hit["action"] == "fix" and hit["start"] not in gone}
        under = {k for hit in fixes.values() for k in range(hit["start"], hit["end"])}
        last = number == len(lines) - 1
        returned = {len(content) - 1} - gone if windows and not last else set()
        whole = not last and any(hit["action"] == "strip" for hit in own) and gone >= set(range(len(content)))
        kept = [fixes[k]["replacement"] if k in fixes else content[k] for k in range(len(content))
                if k in fixes or k not in gone | under | returned]  # fmt: skip
        output.append(("" if whole else "".join(kept)) + ("" if last or whole else "\n"))
        count["removed"] += len(gone) + whole
        count["changed"] += len((under | returned) - gone)
        count["kept"] += len(set(range(len(content))) - gone - under - returned) + (not last and not whole)
    return "".join(output), count


@many
@given(st.lists(document, min_size=1, max_size=30), st.booleans())
def test_hits_explain_the_output(texts: list[str], strip_spam: bool) -> None:  # noqa: FBT001
    """The text as read with its hits applied is the output, and the characters of the ledger are theirs."""
    with tempfile.TemporaryDirectory() as folder:
        result = clean(texts, folder, strip_spam=strip_spam, ignore=["dedupe"])
        hits, got, total = hits_by_id(result), outputs(result), Counter()
        kept = set(rows(result)["id"])
        for identity, text in ((str(number), text) for number, text in enumerate(texts)):
            expected, count = apply(text, hits.get(identity, []))
            assert got[identity] == expected
            total += (
                count
                if identity in kept
                else Counter(changed=count["changed"], removed=count["removed"] + count["kept"])
            )
        books = result.summary["ledger"]["characters"]
        assert {name: books[name] for name in ("kept", "changed", "removed")} == {
            name: total[name] for name in ("kept", "changed", "removed")
        }
        assert books["read"] == sum(map(len, texts)) == total.total()


@many
@given(st.lists(document, min_size=1, max_size=30))
def test_hits_say_where_they_are(texts: list[str]) -> None:
    """The text of a hit stands at its place in the text as read, and fixes never overlap."""
    with tempfile.TemporaryDirectory() as folder:
        result = clean(texts, folder)
        both = pl.concat([table(result, "hits"), table(result, "drafts")]).filter(pl.col("line").is_not_null())
        fixed: set[tuple[str, int, int]] = set()
        for hit in both.iter_rows(named=True):
            content = texts[int(hit["id"])].split("\n")[hit["line"]]
            assert content[hit["start"] : hit["end"]] == hit["text"]
            assert hit["action"] != "fix" or "\n" not in hit["replacement"]
        for hit in (
            table(result, "hits")
            .filter((pl.col("action") == "fix") & pl.col("line").is_not_null())
            .iter_rows(named=True)
        ):
            place = {(hit["id"], hit["line"], k) for k in range(hit["start"], hit["end"])}
            assert place
            assert not place & fixed
            fixed |= place


@many
@given(st.lists(document, max_size=30), st.lists(st.integers(0, 29), max_size=9))
def test_no_document_is_lost(texts: list[str], again: list[int]) -> None:
    """Kept and dropped ids are the ids that were read, in input order; a duplicate has a kept twin."""
    texts += [texts[number % len(texts)] for number in again if texts]
    with tempfile.TemporaryDirectory() as folder:
        result = clean(texts, folder)
        kept, dropped = rows(result)["id"].to_list(), table(result, "dropped")
        assert sorted([*kept, *dropped["id"]], key=int) == [str(number) for number in range(len(texts))]
        assert kept == sorted(kept, key=int)
        assert set(dropped["kept_id"].drop_nulls()) <= set(kept)
        assert rows(result)["chars_in"].to_list() == [len(texts[int(identity)]) for identity in kept]
        assert rows(result)["chars_out"].to_list() == rows(result)["text"].str.len_chars().to_list()
        assert rows(result)["cluster_size"].sum() == len(kept) + dropped["kept_id"].count()


json_value = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | anything,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(anything, inner, max_size=3),
    max_leaves=6,
)


@many
@given(st.lists(st.dictionaries(st.sampled_from(["a", "b", "source", "input_source", ""]), json_value), max_size=12))
def test_other_columns_come_through(records: list[dict]) -> None:
    """The input's other columns are in OUT with the values that were read: in their type, or as JSON text."""
    lines = "".join(json.dumps({"text": f"Boat {number}", **record}) + "\n" for number, record in enumerate(records))
    with tempfile.TemporaryDirectory() as folder:
        frame = rows(run(Path(folder), {"a.jsonl": lines}, select=["encoding"]))
        names = {name for record in records for name in record}
        for name in names:
            clash = "input_input_source" if "input_source" in names else "input_source"
            label = clash if name == "source" else name
            values = [record.get(name) for record in records]
            got = frame[label].to_list()
            text = all(isinstance(value, str | None) for value in values)
            as_json = frame.schema[label] == pl.String and not text
            assert [json.loads(value) if as_json and value is not None else value for value in got] == values


MANY = {
    "breaks": "\n" * 20_000,
    "windows breaks": "\r\n" * 20_000,
    "short lines": "a\n" * 20_000,
    "marks of direction": "\u202e\u2066\n" * 5_000,
    "one letter": "x" * 200_000,
    "blanks": " \t" * 50_000,
    "entities": "&amp;" * 1_500,
    "mojibake": "Ã©" * 1_500,
    "escapes": "\x1b[" * 1_500,
    "combining": "\u0301" * 50_000,
    "angles": "<" * 50_000,
    "paths": "/img/a.jpg\n" * 9_000,
}


@pytest.mark.parametrize("name", MANY)
def test_very_many_of_one_thing(name: str) -> None:
    """A text of one thing over and over is cleaned like any other, and its hits explain what came of it."""
    with tempfile.TemporaryDirectory() as folder:
        result = clean([MANY[name], "The ferry leaves at nine."], folder)
        by_line: dict[int | None, list[dict]] = {}
        for hit in hits_by_id(result).get("0", []):
            by_line.setdefault(hit["line"], []).append({**hit, "line": None if hit["line"] is None else 0})
        whole, lines, parts = by_line.get(None, []), MANY[name].split("\n"), []
        # Line by line: each with its break but the last, and its hits as those of a line 0.
        for number, content in enumerate(lines):
            end = "" if number == len(lines) - 1 else "\n"
            parts.append(apply(content + end, [*whole, *by_line.get(number, [])])[0])
        assert outputs(result) == {"0": "".join(parts), "1": "The ferry leaves at nine."}
