"""What is in the files: rows, their columns and types, and what goes to quarantine, with its place and its reason."""

from __future__ import annotations

import gzip
import itertools
import json
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

import cleanse
from cleanse.errors import InputError
from cleanse.files import batches
from cleanse.passes.job import Result
from tests.runs import check_books, put, quarantine, rows, run, table

GOOD = [{"text": f"The {n}th boat of the day left the quay at noon, laden with salt and rope."} for n in range(40)]
JSONL = "".join(f"{json.dumps(row)}\n" for row in GOOD)


def run_parquet(folder: Path, files: dict[str, pa.Table], **options: object) -> Result:
    put(folder / "in", {})
    for name, content in files.items():
        pq.write_table(content, folder / "in" / name, row_group_size=10)
    return run(folder, {}, **options)


def others(result: Result) -> pl.DataFrame:
    """Give id and the input's own columns."""
    ours = set(rows(result).columns[1:10])
    return rows(result).drop(ours)


LINES = {
    b'{"text": "ok"': "not valid JSON: unexpected end of data: line 1 column 14 (char 13)",
    b"[1]": "not a JSON object",
    b'"text"': "not a JSON object",
    b'{"body": "x"}': "no field `text`",
    b'{"text": null}': "`text` is null",
    b'{"text": 5}': "`text` is not a string",
    b'{"text": ["a"]}': "`text` is not a string",
    b'{"text": "a", "id": {"b": 1}}': "`id` is neither a string nor a number",
    b'{"text": "a", "x": ' + b"9" * 5000 + b"}": "not valid JSON",
    b'{"text": "a", "x": ' + b"[" * 1020 + b"]" * 1020 + b"}": "lists stand too deep in each other",
    b'{"text": "a", "x": ' + b"[" * 9000 + b"]" * 9000 + b"}": "not valid JSON",
    b'{"text": "\xff\x01\xfe\x02\x81\x00\x9d"}': "not valid JSON",
    b"\x00\x00\x00": "not valid JSON",
}


@pytest.mark.parametrize(("line", "reason"), LINES.items(), ids=range(len(LINES)))
def test_a_bad_line_goes_to_quarantine(tmp_path: Path, line: bytes, reason: str) -> None:
    """A bad line in the middle is put aside with its number, its reason and its bytes, and the rest is read."""
    result = run(tmp_path, {"a.jsonl": b'{"text": "one"}\n' + line + b'\n\n{"text": "two"}'})
    (source, row, error), kept = quarantine(result)[0], rows(result)
    assert (source, row, error.startswith(reason)) == ("a.jsonl", 1, True)
    assert table(result, "quarantine")["bytes"].to_list() == [line]
    assert kept.select("id", "text").rows() == [("a.jsonl#0", "one"), ("a.jsonl#3", "two")]


def test_json_text_stays_as_it_is(tmp_path: Path) -> None:
    """NUL, noncharacters and escapes are text; a mark before the first row is not."""
    texts = ["a\x00b", "\ufdd0\uffff", "\u2028", "\U0001f3dd", "tab\there"]
    body = "\ufeff" + "\n".join(json.dumps({"text": text, "note": text}) for text in texts)
    result = run(tmp_path, {"a.jsonl": body}, select=["encoding/charset"])
    assert rows(result).select("text", "note").rows() == [(text, text) for text in texts]


@pytest.mark.parametrize("charset", ["utf-16", "utf-16-be", "utf-32", "utf-8-sig"])
def test_json_in_other_charsets(tmp_path: Path, charset: str) -> None:
    """A file of rows with a byte-order mark is read in its charset."""
    mark = "\ufeff" if charset == "utf-16-be" else ""
    result = run(tmp_path, {"a.jsonl": (mark + '{"text": "Привет"}\n{"text": "港"}\n').encode(charset)})
    assert rows(result).select("id", "text").rows() == [("a.jsonl#0", "Привет"), ("a.jsonl#1", "港")]


PACKED = {
    "whole.jsonl.gz": (gzip.compress(JSONL.encode(), mtime=0), 40, None),
    "two.jsonl.gz": (gzip.compress(b'{"text": "first"}\n', mtime=0) + gzip.compress(JSONL.encode(), mtime=0), 41, None),
    "cut.jsonl.gz": (gzip.compress(JSONL.encode(), 0, mtime=0)[:-1000], 20, "compressed stream ends early"),
    "tail.jsonl.gz": (gzip.compress(JSONL.encode(), mtime=0) + b"rest", 40, "compressed stream is damaged"),
    "other.jsonl.gz": (JSONL.encode(), 0, "compressed stream is damaged"),
    "whole.jsonl.zst": (zstandard.compress(JSONL.encode()), 40, None),
    "two.jsonl.zst": (zstandard.compress(b'{"text": "first"}\n') + zstandard.compress(JSONL.encode()), 41, None),
    "cut.jsonl.zst": (zstandard.compress(JSONL.encode())[:-1], 0, "compressed stream ends early"),
    "tail.jsonl.zst": (zstandard.compress(JSONL.encode()) + b"rest", 40, "compressed stream is damaged"),
    "other.jsonl.zst": (JSONL.encode(), 0, "compressed stream is damaged"),
}


@pytest.mark.parametrize("name", PACKED)
def test_packed_rows(tmp_path: Path, name: str) -> None:
    """What stands before the damage of a compressed stream is read, and the damage is named."""
    data, least, error = PACKED[name]
    result = run(tmp_path, {name: data, "good.jsonl": JSONL}, ignore=["dedupe"])
    assert rows(result).filter(pl.col("source") == name).height >= least
    assert [reason.startswith(error or "-") for _, _, reason in quarantine(result)] == ([True] if error else [])


def test_large_zst_is_read_to_its_end(tmp_path: Path) -> None:
    """A file that unpacks to many chunks is read whole."""
    body = "".join(f'{{"text": "Row {n} of the harbour book."}}\n' for n in range(20_000))
    result = run(tmp_path, {"a.jsonl.zst": zstandard.compress(body.encode())}, select=["quality"])
    assert (rows(result).height, rows(result)["id"][-1]) == (20_000, "a.jsonl.zst#19999")


CSV = {
    "uneven": (b"id,text\na,one\nb\nc,two,three\n\nd,four\n", ["one", "four"], ["1 fields where", "3 fields where"]),
    "windows": (b'text\r\n"a\r\nb"\r\n', ["a\nb"], []),
    "mark": (b"\xef\xbb\xbftext,x\nHello,1\n", ["Hello"], []),
    "blank first": (b"\n\ntext\nHello\n", ["Hello"], []),
    "no last break": (b'id,text\na,"Hello"', ["Hello"], []),
    "open": (b'text,x\none,1\n"two,2\nthree,3\n', ["one"], ["a quotation without an end: this row and all behind"]),
    "open last column": (b'x,text\n1,one\n2,"two\n3,three\n', ["one"], ["a quotation without an end"]),
    "open header": (b'"text\none\n', [], ["a quotation without an end"]),
    "empty": (b"", [], ["empty file: no header"]),
    "twice": (b"text,x,text,x\na,b,c,d\n", ["a"], []),
    "commas at the end": (b"id,text,,\n1,one,,\n2,two\n3,three,\n4,four,,x\n5,five,,,\n6,six,,,x\n", ["one", "two", "three", "four", "five"], ["5 fields where"]),
    "commas behind rows": (b"text\none,\ntwo,,\nthree,x\n", ["one", "two"], ["2 fields where"]),
    "no names": (b"text,,\none,1,2\n", ["one"], []),
    "header only": (b"text\n", [], []),
    "gb18030": ("text\n渡轮早上九点从码头出发。\n天气好的时候中午就到对岸。\n".encode("gb18030"),
                ["渡轮早上九点从码头出发。", "天气好的时候中午就到对岸。"], []),
    "cp1252": ("text\nLe café de l’été était fermé à cause de la tempête.\n".encode("cp1252"),
               ["Le café de l’été était fermé à cause de la tempête."], []),
    "noise": (b"text\n\x00\xff\xfe\x81\x00\x9d\xff\n", [], ["not text"]),
}  # fmt: skip


@pytest.mark.parametrize("name", CSV)
def test_csv(tmp_path: Path, name: str) -> None:
    """Rows of separated values are read, or put aside with the reason."""
    data, texts, reasons = CSV[name]
    result = run(tmp_path, {"a.csv": data}, select=["encoding"])
    assert rows(result)["text"].to_list() == texts
    errors = [error for _, _, error in quarantine(result)]
    assert [error.startswith(reason) for error, reason in zip(errors, reasons, strict=True)] == [True] * len(reasons)


def test_csv_with_nul(tmp_path: Path) -> None:
    """A NUL in a table does not stop the run; the books balance."""
    run(tmp_path, {"a.csv": b"text,x\na\x00b,1\nplain,2\n", "b.jsonl": JSONL})


def test_a_quotation_without_an_end_keeps_its_lines(tmp_path: Path) -> None:
    """All that was not read stands in quarantine, as it was."""
    result = run(tmp_path, {"a.csv": 'text,x\none,1\n"two,2\nпривет,3\n'})
    assert quarantine(result)[0][:2] == ("a.csv", 1)
    assert table(result, "quarantine")["bytes"].to_list() == ['"two,2\nпривет,3\n'.encode()]


def test_columns_without_a_name_of_their_own(tmp_path: Path) -> None:
    """Each gets one, and nothing is lost; the first of two `text` is the text, and the second can be named."""
    files = {"a.csv": "text,x,,x,text,column_3\none,1,2,3,4,5\n"}
    got = others(run(tmp_path / "one", files)).rows(named=True)
    assert got == [{"id": "a.csv#0", "x": "1", "column_3_2": "2", "x_2": "3", "text_2": "4", "column_3": "5"}]
    assert rows(run(tmp_path / "two", files, text_column="text_2"))["text"].to_list() == ["4"]


TSV = {
    "a quote in front": ('"Hello" she said\t1\nBye\t2\n', ['"Hello" she said', "Bye"]),
    "a quote that is never closed": ('"Hello\t1\nBye\t2\n', ['"Hello', "Bye"]),
    "two of them": ('"Hello\t1\n"Bye\t2\n', ['"Hello', '"Bye']),
    "one opens and one closes": ('5" disk\t"x\nBye\ty"\n', ['5" disk', "Bye"]),
    "inches": ('5" disk\t1\n3" disk\t2\n', ['5" disk', '3" disk']),
    "a quoted field": ('"Hello ""you"""\t"1"\r\n""\t2\r\n', ['Hello "you"', ""]),
    "a quoted tab": ('"a\tb"\t1\n', ["a\tb"]),
    "a quoted line break": ('"a\nb"\t1\nBye\t2\n', ["a\nb", "Bye"]),
    "in the last column": ('a\t"x\ny"\nBye\t2\n', ["a", "Bye"]),
    "quotes alone": ('"\t"\n"""\t""""\n', ['"', '"""']),
    "tabs at the end": ("one\t1\t\t\ntwo\t2\n", ["one", "two"]),
    "no last break": ('"one"\t"1"', ["one"]),
}


@pytest.mark.parametrize("name", TSV)
def test_quotes_in_tables_with_tabs(tmp_path: Path, name: str) -> None:
    """A quote that quotes nothing is a letter like any other, and never merges rows; one that does is taken away."""
    body, texts = TSV[name]
    result = run(tmp_path, {"a.tsv": f"text\tn\n{body}"}, select=["encoding/charset"])
    assert (rows(result)["text"].to_list(), quarantine(result)) == (texts, [])


def test_a_table_with_tabs_of_one_column(tmp_path: Path) -> None:
    """Of one column each line would be a row: a field that is closed well is a field."""
    result = run(tmp_path, {"a.tsv": 'text\n"a\nb"\n"c\nd\n'}, select=["encoding/charset"])
    assert rows(result)["text"].to_list() == ["a\nb", '"c', "d"]


def test_other_columns_of_json(tmp_path: Path) -> None:
    """A column has the type of its values; mixed types stay JSON text, and a long number is not rounded."""
    lines = [
        '{"id": 1, "text": "a", "n": 1, "f": 0.1, "s": "x", "b": true, "l": [1], "e": [], "m": 1, "big": 123456789012345678901234}',
        '{"id": 2.5, "text": "b", "n": -9223372036854775808, "f": 1e300, "s": "\\u0000", "l": [], "m": "x", "in": {"big": 123456789012345678901234}}',
        '{"id": "c", "text": "c", "n": null, "l": [null, 2], "m": null, "text ": "spaced", "language": "mine"}',
    ]  # fmt: skip
    got = others(run(tmp_path, {"a.jsonl": "\n".join(lines)}, select=["encoding"])).to_dict(as_series=False)
    assert got == {
        "id": ["1", "2.5", "c"], "n": [1, -(2**63), None], "f": [0.1, 1e300, None], "s": ["x", "\x00", None],
        "b": [True, None, None], "l": [[1], [], [None, 2]], "e": ["[]", None, None], "m": ["1", '"x"', None],
        "big": ["123456789012345678901234", None, None], "in": [None, '{"big": 123456789012345678901234}', None],
        "text ": [None, None, "spaced"], "input_language": [None, None, "mine"],
    }  # fmt: skip


def test_files_of_different_columns_give_their_union(tmp_path: Path) -> None:
    """Rows of three kinds of file stand in one table; where their types differ, a column is JSON text."""
    frame = pl.DataFrame({"text": ["c"], "n": [3], "s": ["z"], "m": ["raw"]})
    put(tmp_path / "in", {"a.jsonl": '{"text": "a", "n": 1, "s": "x", "m": 1}', "b.csv": "text,s,p\nb,abc,7\n"})
    frame.write_parquet(tmp_path / "in" / "c.parquet")
    got = others(run(tmp_path, {}, select=["encoding"])).rows(named=True)
    assert got == [
        {"id": "a.jsonl#0", "n": 1, "s": "x", "m": "1", "p": None},
        {"id": "b.csv#0", "n": None, "s": "abc", "m": None, "p": "7"},
        {"id": "c.parquet#0", "n": 3, "s": "z", "m": '"raw"', "p": None},
    ]


def test_types_of_parquet_stay(tmp_path: Path) -> None:
    """Columns of one Parquet file keep their types and values."""
    frame = pl.DataFrame({"text": ["one", "two"]}).with_columns(
        day=pl.date(2024, 2, 29), time=pl.datetime(2024, 1, 1, time_zone="Europe/Paris"), money=pl.lit("1.10").cast(pl.Decimal(9, 2)),
        raw=pl.lit(b"\xff"), kind=pl.lit("x").cast(pl.Categorical), deep=pl.struct(a=pl.lit([1, 2]), b=pl.lit(None, pl.String)),
        small=pl.lit(3, pl.Int8), none=pl.lit(None), big=pl.lit(2**64 - 1, pl.UInt64), nan=pl.lit(float("nan")),
    )  # fmt: skip
    put(tmp_path / "in", {})
    frame.write_parquet(tmp_path / "in" / "a.parquet")
    got = others(run(tmp_path, {})).drop("id", "none")
    assert got.equals(frame.drop("text", "none")) or got.to_dicts() == frame.drop("text", "none").to_dicts()
    kinds = frame.drop("text", "none", "kind").schema
    assert got.drop("kind").schema == kinds


def test_integers_of_two_sizes_become_the_larger(tmp_path: Path) -> None:
    """A column of small and of large whole numbers holds whole numbers."""
    tables = {name: pa.table({"text": [name], "n": pa.array([7], kind)}) for name, kind in
              {"a.parquet": pa.int8(), "b.parquet": pa.int64()}.items()}  # fmt: skip
    got = others(run_parquet(tmp_path, tables))
    assert (got["n"].to_list(), got.schema["n"]) == ([7, 7], pl.Int64)


def test_names_of_ours_do_not_meet(tmp_path: Path) -> None:
    """A column with our name becomes input_<name>, also where the input has that one too."""
    result = run(
        tmp_path,
        {"a.jsonl": '{"text": "A ferry", "source": "s", "input_source": "i", "row": 1, "reason": "r", "doc": 2}'},
    )
    assert others(result).rows(named=True) == [
        {"id": "a.jsonl#0", "input_input_source": "s", "input_source": "i", "row": 1, "reason": "r", "doc": 2}
    ]


def test_out_can_be_cleaned_again(tmp_path: Path) -> None:
    """Our OUT is an input like any other."""
    first = run(tmp_path / "one", {"a.txt": "The ferry leaves at nine."})
    result = cleanse.run(first.out, tmp_path / "two.parquet")
    check_books(result)
    assert rows(result).select("id", "text", "input_source").rows() == [("a.txt", "The ferry leaves at nine.", "a.txt")]


MISSING = {
    "a.jsonl": b'{"body": "x", "txt": "y"}\n',
    "a.csv": b"body,txt\nx,y\n",
    "a.tsv": b"body\ttxt\nx\ty\n",
}


@pytest.mark.parametrize("name", MISSING)
def test_a_missing_text_column_names_those_that_are_there(tmp_path: Path, name: str) -> None:
    """A file of rows without the text column is an error, with the nearest name."""
    with pytest.raises(InputError) as caught:
        run(tmp_path, {name: MISSING[name]})
    hint = "name the column with --text-column, for example --text-column txt"
    assert str(caught.value) == f"no column `text`; there are body, txt: {name}\n  hint: {hint}"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in"]


@pytest.mark.parametrize("shard_bytes", [None, 100])
def test_a_missing_text_column_is_found_however_a_file_is_cut(tmp_path: Path, shard_bytes: int | None) -> None:
    """Whether a file of rows has a text does not depend on the shards."""
    body = '{"body": "x"}\n' * 30
    with pytest.raises(InputError, match="no column `text`; there are body"):
        run(tmp_path / "without", {"a.jsonl": body}, shard_bytes=shard_bytes)
    result = run(tmp_path / "with", {"a.jsonl": body + '{"text": "x"}\n'}, shard_bytes=shard_bytes)
    assert [row for _, row, _ in quarantine(result)] == list(range(30))


@pytest.mark.parametrize("column", [{}, {"body": ["x"]}])
def test_parquet_without_text(tmp_path: Path, column: dict[str, list[str]]) -> None:
    """A Parquet file without the text column, or without any, is an error."""
    with pytest.raises(InputError, match="no column `text`; there are"):
        run_parquet(tmp_path, {"a.parquet": pa.table(column)})


PARQUET_ERRORS = {
    "column `text` holds int64, not text": pa.table({"text": [1]}),
    "two columns have the same name": pa.table([["a"], [1], [2]], names=["text", "x", "x"]),
    "column `id` holds .*, which is no id": pa.table({"text": ["a"], "id": [[1, 2]]}),
}


@pytest.mark.parametrize("message", PARQUET_ERRORS)
def test_parquet_that_does_not_fit(tmp_path: Path, message: str) -> None:
    """Columns that cannot be what they are named for are an error."""
    with pytest.raises(InputError, match=message):
        run_parquet(tmp_path, {"a.parquet": PARQUET_ERRORS[message]})


def test_null_text_in_parquet(tmp_path: Path) -> None:
    """Rows without a text go to quarantine as JSON, and the others keep their numbers."""
    content = pa.table({"text": ["a", None, "c"], "n": [1, 2, 3], "raw": [b"\xff", b"\xff", None]})
    result = run_parquet(tmp_path, {"a.parquet": content}, select=["encoding"])
    assert others(result).rows() == [("a.parquet#0", 1, b"\xff"), ("a.parquet#2", 3, None)]
    assert quarantine(result) == [("a.parquet", 1, "`text` is null")]
    assert table(result, "quarantine")["bytes"][0].startswith(b'{"text":null,"n":2,')


def test_parquet_strings_that_are_not_utf8(tmp_path: Path) -> None:
    """A string of another column that is none goes to quarantine before anything can trip over it; a text is decoded."""
    words = [b"Good morning.", b"Le caf\xe9 est ferm\xe9 jusqu'\xe0 l'\xe9t\xe9.", b"Good night."]
    offsets = pa.array(itertools.accumulate(map(len, words), initial=0), pa.int32()).buffers()[1]
    bad = pa.StringArray.from_buffers(3, offsets, pa.py_buffer(b"".join(words)))
    result = run_parquet(
        tmp_path,
        {"a.parquet": pa.table({"text": bad}), "b.parquet": pa.table({"text": ["one", "two", "three"], "n": bad})},
        select=["encoding"],
    )
    assert quarantine(result) == [("b.parquet", 1, "`n` is not UTF-8")]
    assert rows(result)["id"].to_list() == [*(f"a.parquet#{n}" for n in range(3)), "b.parquet#0", "b.parquet#2"]
    assert rows(result)["text"][1] == "Le café est fermé jusqu'à l'été."


BROKEN = {
    "empty.parquet": (b"", "empty file"),
    "text.parquet": (b"hello", "not a Parquet file"),
    "magic.parquet": (b"PAR1" + b"\x00" * 40 + b"PAR1", "not a Parquet file"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_parquet_that_is_none(tmp_path: Path, name: str) -> None:
    """What cannot be opened is put aside whole, and the rest is read."""
    data, reason = BROKEN[name]
    result = run(tmp_path, {name: data, "a.jsonl": JSONL})
    assert [(source, row, error.startswith(reason)) for source, row, error in quarantine(result)] == [
        (name, None, True)
    ]


def test_parquet_damaged_in_the_middle(tmp_path: Path) -> None:
    """Rows before and behind the damage are read."""
    put(tmp_path / "in", {})
    path = tmp_path / "in" / "a.parquet"
    pq.write_table(pa.table({"text": [row["text"] * 20 + str(n) for n, row in enumerate(GOOD)]}), path, row_group_size=10, compression="zstd", use_dictionary=False)  # fmt: skip
    place = pq.read_metadata(path).row_group(2).column(0).data_page_offset
    data = bytearray(path.read_bytes())
    data[place : place + 60] = b"\xff" * 60
    path.write_bytes(data)
    result = run(tmp_path, {}, ignore=["dedupe"])
    assert (rows(result).height, [error.split(":")[0] for _, _, error in quarantine(result)]) == (
        30,
        ["damaged row group"],
    )


def test_batches_do_not_matter_for_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch of one row gives what a batch of many gives."""
    files = {"a.jsonl": JSONL + "[]\n" + JSONL.replace("boat", "ship"), "b.csv": "text\n" + "one\n" * 9}
    whole = run(tmp_path / "whole", files)
    monkeypatch.setattr(batches, "BATCH_ROWS", 1)
    single = run(tmp_path / "single", files)
    assert rows(whole).equals(rows(single))
    assert quarantine(whole) == quarantine(single)


@pytest.mark.slow
def test_a_line_of_twenty_megabytes(tmp_path: Path) -> None:
    """One very long line is a document like any other."""
    line = "Паром отходит от причала. " * 800_000
    result = run(tmp_path, {"a.txt": line, "b.jsonl": json.dumps({"text": line + "!"})}, ignore=["dedupe"])
    assert rows(result)["chars_in"].to_list() == [len(line), len(line) + 1]
