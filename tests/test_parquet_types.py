"""Parquet holds more types than Polars, and strings that are none: each becomes the same values, or is put aside with its reason."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cleanse.passes.job import Result
from tests.runs import put, quarantine, rows, run, table

TEXTS = ["The ferry leaves at nine.", "The office opens at noon today.", "Nobody was there in the morning."]
BAD = pa.StringArray.from_buffers(3, pa.array([0, 2, 4, 6], pa.int32()).buffers()[1], pa.py_buffer(b"ab\xff\xfecd"))
ONE_EACH = pa.array([0, 1, 2, 3], pa.int32())
KEYS = pa.array(["k", "k", "k"])
BROKEN = {
    "list": (pa.ListArray.from_arrays(ONE_EACH, BAD), ["ab"]),
    "struct": (pa.StructArray.from_arrays([KEYS, BAD], ["k", "a"]), {"k": "k", "a": "ab"}),
    "value of a map": (pa.MapArray.from_arrays(ONE_EACH, KEYS, BAD), {"k": "ab"}),
    "key of a map": (pa.MapArray.from_arrays(ONE_EACH, BAD, KEYS), {"ab": "k"}),
    "lists in structs in lists": (
        pa.ListArray.from_arrays(ONE_EACH, pa.StructArray.from_arrays([pa.ListArray.from_arrays(ONE_EACH, BAD)], ["a"])),
        [{"a": ["ab"]}],
    ),
    "dictionary": (pa.DictionaryArray.from_arrays(pa.array([0, 1, 2]), BAD), "ab"),
    "large strings": (BAD.cast(pa.large_binary()).view(pa.large_string()), "ab"),
}  # fmt: skip


def read(folder: Path, columns: dict[str, Any], **options: object) -> Result:
    put(folder / "in", {})
    pq.write_table(pa.table({"text": TEXTS} | columns), folder / "in" / "a.parquet")
    return run(folder, {}, select=["encoding"], **options)


@pytest.mark.parametrize("name", BROKEN)
def test_strings_that_are_not_utf8_at_any_depth(tmp_path: Path, name: str) -> None:
    """The row with the bad string is put aside with its bytes; the others are read, with their types."""
    column, first = BROKEN[name]
    result = read(tmp_path, {"x": column, "n": [1, 2, 3]})
    assert quarantine(result) == [("a.parquet", 1, "`x` is not UTF-8")]
    assert table(result, "quarantine")["bytes"].to_list() == [b"\xff\xfe"]
    assert rows(result).select("id", "n").rows() == [("a.parquet#0", 1), ("a.parquet#2", 3)]
    assert rows(result)["x"][0:1].to_list() == [first]


def test_a_text_in_a_broken_dictionary(tmp_path: Path) -> None:
    """A text in a dictionary is decoded like any other; other columns of the file keep their types."""
    column = BROKEN["dictionary"][0]
    columns = {"text": column, "when": pa.array([0, 1, 2], pa.timestamp("us", "Europe/Paris")), "length": pa.array([1, 2, 3], pa.duration("s"))}  # fmt: skip
    result = read(tmp_path, columns)
    assert quarantine(result) == []
    assert rows(result)["text"].to_list()[::2] == ["ab", "cd"]
    assert table(result, "hits").filter(rule="encoding/charset").select("id", "text").rows() == [
        ("a.parquet#1", "utf-16-le")
    ]
    assert rows(result).schema["when"] == pl.Datetime("us", "Europe/Paris")
    assert rows(result).schema["length"] == pl.Duration("ms")


ZERO = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
TYPES = {
    "decimal of 256 bits": ([Decimal("1.10"), None], pa.decimal256(50, 2), ["1.10", None]),
    "small decimal of 256 bits": ([Decimal("1.10"), None], pa.decimal256(20, 2), [Decimal("1.10"), None]),
    "decimals in lists": ([[Decimal("1.10")], None], pa.list_(pa.decimal256(50, 2)), [["1.10"], None]),
    "decimals in structs": ([{"a": Decimal(1)}, None], pa.struct([("a", pa.decimal256(50, 0))]), [{"a": "1"}, None]),
    "decimals in maps": ([[("k", Decimal(1))], None], pa.map_(pa.string(), pa.decimal256(38, 0)), [{"k": Decimal(1)}, None]),
    "a zone of hours": ([0, None], pa.timestamp("us", "+05:30"), [ZERO, None]),
    "a zone of hours in lists": ([[0], None], pa.list_(pa.timestamp("us", "-03:00")), [[ZERO], None]),
    "a zone that nobody knows": ([0, None], pa.timestamp("ns", "Mars/Base"), [ZERO, None]),
    "a list view": ([[1, 2], None], pa.list_view(pa.int8()), [[1, 2], None]),
}  # fmt: skip


@pytest.mark.parametrize("name", TYPES)
def test_types_that_polars_cannot_hold(tmp_path: Path, name: str) -> None:
    """A column of such a type becomes one that holds the same values; nothing is refused and no row is lost."""
    values, kind, expected = TYPES[name]
    result = read(tmp_path, {"x": pa.array([*values, values[0]], kind)})
    assert quarantine(result) == []
    assert rows(result)["x"].to_list() == [*expected, expected[0]]


IDS = {
    "duration": (pa.array([1, 1001, None], pa.duration("ms")), ["PT0.001S", "PT1.001S"]),
    "time of day": (pa.array([1, 2, None], pa.time64("us")), ["00:00:00.000001", "00:00:00.000002"]),
    "bytes of a fixed length": (pa.array([b"\xff\x00", b"ab", None], pa.binary(2)), ["ff00", "6162"]),
    "UUID": (
        pa.array([b"\xff" * 16, b"a" * 16, None], pa.uuid()),
        ["ffffffff-ffff-ffff-ffff-ffffffffffff", "61616161-6161-6161-6161-616161616161"],
    ),
    "decimal": (pa.array([Decimal(10**45), Decimal(2), None], pa.decimal256(50, 0)), ["1" + "0" * 45, "2"]),
    "moment": (pa.array([0, 1, None], pa.timestamp("s", "+05:30")), ["1970-01-01 00:00:00.000+00:00", "1970-01-01 00:00:01.000+00:00"]),
    "day": (pa.array([0, 1, None], pa.date32()), ["1970-01-01", "1970-01-02"]),
    "dictionary": (pa.array(["a", "b", None]).dictionary_encode(), ["a", "b"]),
    "JSON": (pa.ExtensionArray.from_storage(pa.json_(), pa.array(["1", "[2]", None])), ["1", "[2]"]),
}  # fmt: skip


@pytest.mark.parametrize("name", IDS)
def test_ids_of_any_type(tmp_path: Path, name: str) -> None:
    """Values that differ make ids that differ; a row without one is numbered."""
    column, expected = IDS[name]
    assert rows(read(tmp_path, {"id": column}))["id"].to_list() == [*expected, "a.parquet#2"]
