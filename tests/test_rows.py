"""Rows that are nearly JSON, or in another charset, are read as files are: mended, marked, and their bytes kept."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cleanse.passes.job import Result
from tests.runs import put, quarantine, rows, run, table

CHINESE = "渡轮早上九点从码头出发，中午到对岸，票可以在窗口买。"
FRENCH = "Le bac part à neuf heures, la traversée est très agréable en été."


def row(text: str, name: str = "utf-8") -> bytes:
    return json.dumps({"text": text}, ensure_ascii=False).encode(name)


def hits(result: Result, rule: str) -> list[tuple[str, str | None]]:
    return table(result, "hits").filter(pl.col("rule") == rule).select("id", "text").rows()


# The line; the text that comes out; the charset of the hit; why it was mended.
LINES = {
    "bad byte": (row(FRENCH).replace(b"bac", b"b\xffac"), FRENCH.replace("bac", "b\ufffdac"), "utf-8", None),
    "latin-1": (row(FRENCH, "latin-1"), FRENCH, "windows-1252", None),
    "gbk": (row(CHINESE, "gb18030"), CHINESE, "gb18030", None),
    "gbk with a bad byte": (row(CHINESE, "gb18030").replace("。".encode("gb18030"), b"\xff"), CHINESE[:-1] + "\ufffd", "gb18030", None),
    "shift-jis": (row("船は朝九時に港を出て、昼ごろ対岸に着きます。", "cp932"), "船は朝九時に港を出て、昼ごろ対岸に着きます。", "cp932", None),
    "nan": (b'{"text": "one", "n": NaN, "m": [-Infinity]}', "one", None, "NaN or Infinity"),
    "too large": (b'{"text": "one", "n": 1e999}', "one", None, "NaN or Infinity"),
    "half a character": (b'{"text": "one \\\\ud83d two"}'.replace(b"\\\\", b"\\"), "one \ufffd two", None, "lone surrogate"),
    "two halves": (b'{"text": "one \xed\xa0\xbd\xed\xb8\x80"}', "one \U0001f600", "cesu-8", None),
    "iso-2022-jp": (row("船は朝九時に港を出ます。", "iso2022_jp"), "船は朝九時に港を出ます。", "iso2022_jp", None),
    "byte-order mark": (b'\xef\xbb\xbf{"text": "one"}', "one", None, "byte-order mark"),
    "tab": (b'{"text": "one\ttwo"}', "one\ttwo", None, "control character"),
}  # fmt: skip


@pytest.mark.parametrize("name", LINES)
def test_a_row_is_mended_and_marked(tmp_path: Path, name: str) -> None:
    """A row gets what a file gets: it is decoded or mended, its rule marks it, and its bytes are kept."""
    line, text, charset, why = LINES[name]
    result = run(tmp_path, {"a.jsonl": b'{"text": "first"}\n' + line + b'\n{"text": "last"}\n'}, select=["encoding"])
    assert quarantine(result) == []
    assert rows(result).select("id", "text").rows() == [
        ("a.jsonl#0", "first"), ("a.jsonl#1", text), ("a.jsonl#2", "last"),
    ]  # fmt: skip
    assert hits(result, "encoding/charset") == ([("a.jsonl#1", charset)] if charset else [])
    assert hits(result, "encoding/row") == ([("a.jsonl#1", why)] if why else [])
    assert len(hits(result, "encoding/suspect")) == text.count("\ufffd")
    assert table(result, "originals").rows() == [("a.jsonl#1", line)]


def test_what_is_no_number_is_null(tmp_path: Path) -> None:
    """NaN is null in its column, and the other rows keep their numbers."""
    result = run(tmp_path, {"a.jsonl": '{"text": "one", "n": NaN}\n{"text": "two", "n": 2.5}\n'}, select=["encoding"])
    assert rows(result)["n"].to_list() == [None, 2.5]


def test_rows_of_one_file_are_in_one_charset(tmp_path: Path) -> None:
    """A short row by itself could be in many charsets; the others of its file tell."""
    lines = [row(CHINESE, "gb18030")] * 5 + [row("码头", "gb18030")]
    result = run(tmp_path, {"a.jsonl": b"\n".join(lines)}, select=["encoding"])
    assert rows(result)["text"][-1] == "码头"


@pytest.mark.parametrize("shard_bytes", [None, 60])
def test_shards_do_not_matter(tmp_path: Path, shard_bytes: int | None) -> None:
    """What a row is read as does not depend on the shard that it stands in."""
    lines = [row(CHINESE, "gb18030")] * 3 + [row("码头", "gb18030"), row(FRENCH, "latin-1")]
    result = run(tmp_path, {"a.jsonl": b"\n".join(lines)}, select=["encoding"], shard_bytes=shard_bytes)
    assert rows(result)["text"].to_list() == [CHINESE] * 3 + ["码头", FRENCH]


def test_a_csv_keeps_the_bytes_of_rows_that_do_not_decode(tmp_path: Path) -> None:
    """Each row with a bad byte is marked, and its bytes are kept; the others are as they were."""
    data = b"text,x\n" + FRENCH.replace(",", ";").encode() + b",1\nCr\xc3\xaape \xff,2\nplain,3\n"
    result = run(tmp_path, {"a.csv": data}, select=["encoding"])
    assert rows(result)["text"].to_list() == [FRENCH.replace(",", ";"), "Crêpe \ufffd", "plain"]
    assert hits(result, "encoding/charset") == [("a.csv#1", "utf-8")]
    assert table(result, "originals").rows() == [("a.csv#1", b"Cr\xc3\xaape \xff,2\n")]


KINDS = {"binary": pa.binary(), "large": pa.large_binary(), "dictionary": pa.dictionary(pa.int32(), pa.binary())}


@pytest.mark.parametrize("kind", KINDS)
def test_a_column_of_bytes_is_decoded(tmp_path: Path, kind: str) -> None:
    """Bytes are decoded as a file would be; what is no text goes to quarantine."""
    bad = FRENCH.encode().replace(b"bac", b"b\xffac")
    values = [b"plain", None, CHINESE.encode("gb18030"), bad, b"\x00\xff\xfe\x81\x00\x9d\xff", FRENCH.encode()]
    put(tmp_path / "in", {})
    pq.write_table(pa.table({"text": pa.array(values, pa.binary()).cast(KINDS[kind])}), tmp_path / "in" / "a.parquet")
    result = run(tmp_path, {}, select=["encoding"])
    assert rows(result).select("id", "text").rows() == [
        ("a.parquet#0", "plain"),
        ("a.parquet#2", CHINESE),
        ("a.parquet#3", FRENCH.replace("bac", "b\ufffdac")),
        ("a.parquet#5", FRENCH),
    ]
    assert [(place, error[:8]) for _, place, error in quarantine(result)] == [(1, "`text` i"), (4, "not text")]
    assert hits(result, "encoding/charset") == [("a.parquet#2", "gb18030"), ("a.parquet#3", "utf-8")]
    assert table(result, "originals").rows() == [("a.parquet#3", bad)]


@pytest.mark.parametrize("name", ["utf-16", "utf-16-le", "iso2022_jp", "hz"])
def test_bytes_that_are_ascii_to_look_at(tmp_path: Path, name: str) -> None:
    """A value of a binary column is decoded as a file would be, also where each of its bytes is ASCII."""
    text = {"iso2022_jp": "船は朝九時に港を出ます。", "hz": "渡船在星期一停了。"}.get(
        name, "The ferry stopped on Monday."
    )
    made = tmp_path / "a.parquet"
    pl.DataFrame({"text": [text.encode(name), b"plain"]}).write_parquet(made)
    result = run(tmp_path, {"a.parquet": made.read_bytes()}, select=["encoding"])
    assert [value.removeprefix("\ufeff") for value in rows(result)["text"]] == [text, "plain"]
    assert len(hits(result, "encoding/charset")) == 1
