"""Arrow files, and texts that stand inside of structs."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.feather
import pytest

import cleanse
from cleanse.errors import InputError
from tests.runs import put, quarantine, rows, run, table

FRAME = pl.DataFrame(
    {
        "id": ["a", "b", "c", "d"],
        "text": ["The tide was out.", None, "Gulls sat on the roof.", "Nobody came to the pier."],
        "n": pl.Series([1, 2, None, 4], dtype=pl.Int16),
    }
)


def write(path: Path, kind: str) -> None:
    """Write FRAME in batches of three rows."""
    arrow = FRAME.to_arrow(compat_level=pl.CompatLevel.oldest())
    if kind == "feather":
        pyarrow.feather.write_feather(arrow, str(path), compression="zstd", chunksize=3)
        return
    opened = pa.ipc.new_stream if kind == "stream" else pa.ipc.new_file
    with pa.OSFile(str(path), "wb") as sink, opened(sink, arrow.schema) as writer:
        writer.write_table(arrow, max_chunksize=3)


@pytest.mark.parametrize("kind", ["stream", "file", "feather"])
def test_arrow_is_read_like_parquet(tmp_path: Path, kind: str) -> None:
    """Rows, types and quarantine are those of Parquet, with a footer or without."""
    write(tmp_path / "in.arrow", kind)
    result = cleanse.run(tmp_path / "in.arrow", tmp_path / "out.parquet")
    out = rows(result)
    assert out.select("id", "text", "n").rows() == [row for row in FRAME.rows() if row[1] is not None]
    assert out.schema["n"] == pl.Int16
    assert quarantine(result) == [("in.arrow", 1, "`text` is null")]


def test_arrow_that_is_damaged(tmp_path: Path) -> None:
    """A file that is none goes to quarantine; of one that is cut the rows before are read."""
    write(tmp_path / "cut.arrow", "stream")
    whole = (tmp_path / "cut.arrow").read_bytes()
    result = run(
        tmp_path, {"cut.arrow": whole[: len(whole) - 200], "none.feather": b"nothing of it", "empty.arrow": b""}
    )
    assert rows(result)["id"].to_list() == ["a", "c"]
    assert [source for source, _, _ in quarantine(result)] == ["cut.arrow", "cut.arrow", "empty.arrow", "none.feather"]


def test_a_text_inside_of_a_struct(tmp_path: Path) -> None:
    """`--text-column page.body.text` takes the field; the rest of the struct stays as it is, in Parquet and in JSONL."""
    page = [{"body": {"text": f"The ship came in, number {n}.", "n": n}, "tag": "x"} for n in range(3)]
    page.append({"body": {"text": None, "n": 3}, "tag": None})
    pl.DataFrame({"page": [*page, None]}).write_parquet(tmp_path / "in.parquet")
    options = {"text_column": "page.body.text", "duplicates": False}
    parquet = cleanse.run(tmp_path / "in.parquet", tmp_path / "p.parquet", **options)
    jsonl = run(tmp_path, {"a.jsonl": "\n".join(json.dumps({"page": one}) for one in page)}, **options)
    expected = [(f"The ship came in, number {n}.", {"body": {"n": n}, "tag": "x"}) for n in range(3)]
    assert rows(parquet).select("text", "page").rows() == expected
    assert [(text, json.loads(page)) for text, page in rows(jsonl).select("text", "page").rows()] == expected
    assert [row for _, row, _ in quarantine(parquet)] == [3, 4]
    assert quarantine(jsonl) == [("a.jsonl", 3, "`page.body.text` is null")]


def test_a_struct_of_one_field_goes(tmp_path: Path) -> None:
    """Where nothing is left of the struct, there is no such column; a column that bears the whole name comes first."""
    pl.DataFrame({"page": [{"text": "A boat."}]}).write_parquet(tmp_path / "a.parquet")
    out = rows(cleanse.run(tmp_path / "a.parquet", tmp_path / "out.parquet", text_column="page.text"))
    assert (out["text"].to_list(), "page" in out.columns) == (["A boat."], False)
    pl.DataFrame({"page": [{"text": "No."}], "page.text": ["A boat."]}).write_parquet(tmp_path / "b.parquet")
    out = rows(cleanse.run(tmp_path / "b.parquet", tmp_path / "b-out.parquet", text_column="page.text"))
    assert out.select("text", "page").rows() == [("A boat.", {"text": "No."})]


def test_an_id_inside_of_a_struct(tmp_path: Path) -> None:
    """`--id-column` may be a path, too."""
    lines = (
        '{"meta": {"key": "k1"}, "text": "The lamp was lit."}\n{"meta": {"key": "k2"}, "text": "The lamp went out."}\n'
    )
    result = run(tmp_path, {"a.jsonl": lines}, id_column="meta.key", duplicates=False)
    assert rows(result)["id"].to_list() == ["k1", "k2"]
    assert table(result, "measures")["id"].to_list() == ["k1", "k2"]


def test_a_path_that_leads_nowhere(tmp_path: Path) -> None:
    """It is an error like that of any other column that is not there."""
    put(tmp_path, {"a.jsonl": '{"page": {"text": "x"}}\n'})
    pl.DataFrame({"page": [{"text": "A boat."}]}).write_parquet(tmp_path / "a.parquet")
    for name in ("a.jsonl", "a.parquet"):
        with pytest.raises(InputError, match=r"no column `page\.body`"):
            cleanse.run(tmp_path / name, tmp_path / "out.parquet", text_column="page.body")
