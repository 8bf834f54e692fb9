"""`restore` gives the input back, byte for byte, whatever was done to it."""

from __future__ import annotations

import gzip
import itertools
import tempfile
from pathlib import Path

import polars as pl
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import cleanse
from cleanse.errors import InputError, OutputError
from cleanse.files.sources import find_inputs
from cleanse.passes import give_back
from cleanse.passes.edits import Edit, Edits, undo
from cleanse.passes.give_back import restore
from tests.conftest import ROOT, SHARED
from tests.runs import put, restored, rows, run, table

STRIPPED = "See also:\n/img/harbour-1.jpg\nDSC_0042.JPG\n"
PROSE = "The harbour office opens at nine, and the ferry leaves when the tide allows it.\n"
RUSSIAN = "Паром отходит от причала в девять утра, если позволяет погода, и приходит к обеду.\n" * 3
JAPANESE = "港の事務所は九時に開き、潮が許せば船が出ます。お客様は切符を窓口でお求めください。\n" * 3
CHINESE = "渡轮早上九点从码头出发,天气好的时候中午就到对岸,票可以在窗口买。\n" * 3
LINES = (
    PROSE.strip(), "", " ", "/img/harbour-1.jpg", "See also:", "Home > News > Sport", "fÃ¼r alle", "a&amp;b",
    "\ufeffmark", "zero\u200bwidth", "soft\u00adhyphen", "\x1b[31mred\x1b[0m", "bell\x07", "lone\rreturn", "trail \t",
    "Читайте также:", "続きを読む", "阅读全文", "إقرأ أيضا", "© 2024 Example. All rights reserved.", "Share on Facebook",
    "\u202eright to left", "\ue000private", "\ufdd0\uffff", "e\u0301", "line\u2028separator\u2029here\x85", "🏝️👩‍👩‍👧",
)  # fmt: skip
FILES = {
    "crlf.txt": (PROSE + "second\n").replace("\n", "\r\n"),
    "crlf-open.txt": "one\r\ntwo",
    "mixed.txt": "one\r\ntwo\nthree\rfour\r\r\n",
    "lone-return.txt": "one\rtwo\rthree",
    "return-last.txt": "one\r\ntwo\r",
    "mark.txt": "\ufeffWith a mark, and a café.\n",
    "two-marks.txt": "\ufeff\ufeffTwo marks.\n",
    "no-break.txt": "no line break at the end",
    "empty.txt": "",
    "breaks.txt": "\n\n\n",
    "crlf-breaks.txt": "\r\n\r\n",
    "one-break.txt": "\n",
    "stripped.txt": STRIPPED,
    "stripped-crlf.txt": STRIPPED.replace("\n", "\r\n"),
    "stripped-in-crlf.txt": (PROSE + "/img/harbour-1.jpg\n" + PROSE).replace("\n", "\r\n"),
    "stripped-last-crlf.txt": PROSE.replace("\n", "\r\n") + "/img/harbour-1.jpg",
    "stripped-mixed.txt": PROSE + "/img/harbour-1.jpg\r\n" + PROSE + "\r",
    "strip-and-fix.txt": "Foto: fÃ¼r alle, Ã¼berall /img/fÃ¼r-1.jpg\n/img/cafÃ©-1.jpg\nSee alsoâ€¦\n" + PROSE,
    "twin-1.txt": PROSE * 8,
    "twin-2.txt": PROSE * 8,
    "utf-16-le.txt": b"\xff\xfe" + RUSSIAN.encode("utf-16-le"),
    "utf-16-be.txt": b"\xfe\xff" + (PROSE + "/img/harbour-1.jpg\r\n").encode("utf-16-be"),
    "utf-16-odd.txt": b"\xff\xfea\x00b",
    "utf-16-nul.txt": b"\xff\xfe\x00\x00a\x00",
    "utf-32-le.txt": b"\xff\xfe\x00\x00" + JAPANESE.encode("utf-32-le"),
    "utf-32-be.txt": b"\x00\x00\xfe\xff" + JAPANESE.encode("utf-32-be"),
    "gb18030.txt": CHINESE.encode("gb18030"),
    "iso-2022-jp.txt": JAPANESE.encode("iso-2022-jp"),
    "shift-jis.txt": JAPANESE.encode("shift-jis"),
    "windows-1251.txt": RUSSIAN.replace("\n", "\r\n").encode("cp1251"),
    "latin-1.txt": ("Le café de l'été était fermé à cause de la tempête, a déclaré le maire.\r\n" * 3).encode("latin-1"),
    "one-bad-byte.txt": (RUSSIAN * 3).encode() + b"\xff\n",
    "nul.txt": b"a\x00b\n",
    "noise.txt": bytes(range(256)) * 4,
    "packed.txt.gz": gzip.compress(STRIPPED.encode() + PROSE.encode(), mtime=0),
    "packed.md.zst": zstandard.compress((RUSSIAN + STRIPPED).encode()),
    "packed-foreign.txt.gz": gzip.compress(RUSSIAN.encode("cp1251"), mtime=0),
    "cut.txt.gz": gzip.compress(RUSSIAN.encode(), mtime=0)[:-9],
    "cut.txt.zst": zstandard.compress(RUSSIAN.encode())[:-3],
    "nothing.txt.gz": b"",
    "nothing.txt.zst": b"",
    "deep/down here/ünï çödé [1].md": PROSE + "/img/harbour-1.jpg",
}  # fmt: skip


def as_bytes(files: dict[str, bytes | str]) -> dict[str, bytes]:
    return {name: content.encode() if isinstance(content, str) else content for name, content in files.items()}


def test_every_kind_of_file_comes_back(tmp_path: Path) -> None:
    """Charsets, line ends, marks, drops, quarantine, compression: the files that were read come back."""
    result = run(tmp_path, FILES)
    assert restored(result, tmp_path / "back") == as_bytes(FILES)


def test_every_kind_of_outcome_is_in_the_test() -> None:
    """The files of the test above are kept, dropped and quarantined, stripped and fixed, so that it shows something."""
    with tempfile.TemporaryDirectory() as folder:
        result = run(Path(folder), FILES)
        assert set(table(result, "hits")["action"]) >= {"fix", "strip", "drop"}
        assert set(table(result, "dropped")["source"]) >= {"empty.txt", "stripped.txt", "twin-2.txt"}
        assert set(table(result, "quarantine")["source"]) >= {"cut.txt.gz", "cut.txt.zst"}
        charsets = table(result, "hits").filter(pl.col("rule") == "encoding/charset")["text"]
        assert {"utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be", "gb18030"} <= set(charsets)


@pytest.mark.parametrize("options", [{"strip_spam": True}, {"ignore": ["encoding"]}, {"select": ["encoding"]}])
def test_options_do_not_matter(tmp_path: Path, options: dict[str, object]) -> None:
    """With other rules, other things go, and the files still come back."""
    assert restored(run(tmp_path, FILES, **options), tmp_path / "back") == as_bytes(FILES)


def test_a_folder_as_out_restores_too(tmp_path: Path) -> None:
    """OUT may be a folder, with characters in its name that patterns use."""
    source = put(tmp_path / "in", FILES)
    cleanse.run(source, tmp_path / "out [1]*")
    restore(tmp_path / "out [1]*", tmp_path / "back")
    assert (tmp_path / "back" / "mixed.txt").read_bytes() == as_bytes(FILES)["mixed.txt"]


hostile = st.text(
    st.sampled_from("ab \t\r\n\ufeff\u200b\u202e\x00\x1b[31m;&#39éÃ¼â€™\ue000\ufdd0\U0010ffff한я漢ا"), max_size=60
)
lines = st.lists(st.sampled_from(LINES) | hostile, max_size=8)
texts = st.builds(lambda parts, ends: "".join(map("".join, zip(parts, ends, strict=False))), lines,
                  st.lists(st.sampled_from(["\n", "\r\n", "\r", ""]), min_size=8, max_size=8) | st.just(["\r\n"] * 8))  # fmt: skip
charsets = st.sampled_from(
    ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "gb18030", "shift-jis", "cp1251", "iso-2022-kr"]
)
files = st.one_of(
    texts.map(str.encode),
    st.binary(max_size=300),
    st.text(max_size=200).map(str.encode),
    st.builds(lambda text, charset: text.encode(charset, errors="ignore"), texts, charsets),
    texts.map(lambda text: zstandard.compress(text.encode())[:-1]),
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(files, min_size=1, max_size=25), st.booleans())
def test_any_bytes_come_back(contents: list[bytes], strip_spam: bool) -> None:  # noqa: FBT001
    """Whatever is in a folder of files, the ledger balances and the same bytes come back."""
    suffixes = itertools.cycle((".txt", ".md", ".txt.gz", ".txt.zst"))
    named = {
        f"{number:03}{suffix}": data for number, (data, suffix) in enumerate(zip(contents, suffixes, strict=False))
    }
    with tempfile.TemporaryDirectory() as folder:
        result = run(Path(folder), named, strip_spam=strip_spam)
        assert restored(result, Path(folder, "back")) == named


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(texts, min_size=1, max_size=25))
def test_any_rows_come_back(contents: list[str]) -> None:
    """The texts of rows come back in input order, whether they were kept, changed or dropped."""
    frame = pl.DataFrame({"text": contents}, schema={"text": pl.String})
    with tempfile.TemporaryDirectory() as folder:
        put(Path(folder, "in"), {})
        frame.write_parquet(Path(folder, "in", "rows.parquet"))
        result = run(Path(folder), {})
        restored(result, Path(folder, "back"))
        back = pl.read_parquet(Path(folder, "back", "rows.parquet.parquet"))
        assert back.rows() == [(f"rows.parquet#{number}", text) for number, text in enumerate(contents)]


def test_rows_come_back_as_id_and_text(tmp_path: Path) -> None:
    """Each file of rows comes back as one table, in input order; an id that looks like a path is only an id."""
    jsonl = '{"id": "../../x.txt", "text": "/img/harbour-1.jpg\\nfÃ¼r alle"}\n{"text": ""}\n[]\n{"id": 7, "text": "привет"}\n'
    result = run(tmp_path, {"deep/a.jsonl": jsonl, "b.csv": 'text,id\r\n"x\r\ny",/etc/b\r\n'})
    assert sorted(restored(result, tmp_path / "far" / "back")) == ["b.csv.parquet", "deep/a.jsonl.parquet"]
    back = pl.read_parquet(tmp_path / "far" / "back" / "deep" / "a.jsonl.parquet")
    texts = [("../../x.txt", "/img/harbour-1.jpg\nfÃ¼r alle"), ("deep/a.jsonl#1", ""), ("7", "привет")]
    assert back.select("id", "text").rows() == [*texts, ("deep/a.jsonl#2", "[]")]
    assert pl.read_parquet(tmp_path / "far" / "back" / "b.csv.parquet").rows() == [("/etc/b", "x\r\ny")]
    assert not (tmp_path / "x.txt").exists()


def test_quarantined_rows_come_back(tmp_path: Path) -> None:
    """What was refused stands behind the rows that were read, with its place and its bytes."""
    frame = pl.DataFrame({"text": ["harbour", None], "n": [1, 2]})
    put(tmp_path / "in", {})
    frame.write_parquet(tmp_path / "in" / "c.parquet")
    files = {"a.jsonl": b'{"text": "one"}\n{"body": "\xff"}\n\n{\n', "b.csv": b'text,n\nferry\n"a\nb",1,2\nboat,3\n', "d.csv": b"text\n\x00\xff\xfe\x81\x00\x9d\xff\n"}  # fmt: skip
    result = run(tmp_path, files)
    counts = restore(result.out, tmp_path / "back")
    assert counts == {"files": 0, "rows": 9, "quarantined": 6, "lost": 0}
    back = {name: pl.read_parquet(tmp_path / "back" / f"{name}.parquet").rows() for name in (*files, "c.parquet")}
    json = b'{"text":null,"n":2}'
    assert back == {
        "a.jsonl": [
            ("a.jsonl#0", "one", None),
            ("a.jsonl#1", '{"body": "\ufffd"}', b'{"body": "\xff"}'),
            ("a.jsonl#3", "{", b"{"),
        ],
        "b.csv": [
            ("b.csv#2", "boat", None),
            ("b.csv#0", "ferry\n", b"ferry\n"),
            ("b.csv#1", '"a\nb",1,2\n', b'"a\nb",1,2\n'),
        ],
        "c.parquet": [("c.parquet#0", "harbour", None), ("c.parquet#1", json.decode(), json)],
        "d.csv": [("d.csv", files["d.csv"].decode(errors="replace"), files["d.csv"])],
    }


def test_a_table_in_a_damaged_stream_comes_back(tmp_path: Path) -> None:
    """A packed table that cannot be unpacked is quarantined with the bytes of its file."""
    packed = gzip.compress(b"text\n" + PROSE.encode() * 9, mtime=0)[:-9]
    restore(run(tmp_path, {"a.csv.gz": packed, "b.txt": PROSE}).out, tmp_path / "back")
    assert pl.read_parquet(tmp_path / "back" / "a.csv.gz.parquet").select("id", "bytes").rows() == [
        ("a.csv.gz", packed)
    ]


def test_long_names_come_back(tmp_path: Path) -> None:
    """A name of 255 bytes leaves no room for `.tmp`, and none for `.parquet`: rows get a name that is cut."""
    names = {
        f"{'ü' * 125}x.txt": PROSE,
        f"{'ü' * 124}x.jsonl": '{"text": "one"}\n',
        f"{'y' * 249}.jsonl": '{"text": "two"}\n',
    }
    back = restored(run(tmp_path, names), tmp_path / "back")
    assert len(back) == 3
    assert back[f"{'ü' * 125}x.txt"] == PROSE.encode()
    assert all(len(name.encode()) <= 255 for name in back)
    texts = [
        pl.read_parquet(tmp_path / "back" / name)["text"].to_list() for name in back if name.endswith(".jsonl.parquet")
    ]
    assert sorted(texts) == [["one"], ["two"]]


def test_a_failure_does_not_keep_the_others_back(tmp_path: Path) -> None:
    """A file that cannot be written, and a document whose hits do not fit, are named; all else is written, nothing replaced."""
    files = {
        "a.txt": PROSE,
        "b.txt": f"/img/harbour-1.jpg\n{PROSE}2",
        "c.txt": f"{PROSE}3",
        "d.jsonl": '{"text": "one"}',
    }
    result = run(tmp_path, files)
    put(tmp_path / "back", {"a.txt": "mine"})
    with pytest.raises(
        OutputError, match=r"another file stands in its place: .*back/a\.txt\n  hint: give another folder with --to$"
    ):
        restore(result.out, tmp_path / "back")
    assert sorted(path.name for path in (tmp_path / "back").iterdir()) == ["a.txt", "b.txt", "c.txt", "d.jsonl.parquet"]
    assert (tmp_path / "back" / "a.txt").read_text() == "mine"
    hits = table(result, "hits").with_columns(pl.lit("short").alias("text"))
    hits.write_parquet(result.report / "hits.parquet")
    with pytest.raises(
        OutputError, match=r"another file .*/a\.txt\n  hint: .*; 1 more cannot be given back; all else is"
    ):
        restore(result.out, tmp_path / "back")
    with pytest.raises(InputError, match=r"do not fit together: .*, document b\.txt"):
        restore(result.out, tmp_path / "new")
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["a.txt", "c.txt", "d.jsonl.parquet"]


@pytest.mark.parametrize("folder", [ROOT / "seeds", SHARED / "seeds"], ids=["seeds", "shared"])
def test_seeds_come_back(folder: Path, tmp_path: Path) -> None:
    """All sample documents come back, byte for byte."""
    if not folder.exists():
        pytest.skip("not on this machine")
    result = cleanse.run(folder, tmp_path / "out.parquet")
    back = restored(result, tmp_path / "back")
    sources = [file for file in find_inputs([folder], tmp_path / "out.parquet").files if file.kind in {".txt", ".md"}]
    assert {name: data for name, data in back.items() if not name.endswith(".parquet")} == {
        file.source: Path(file.path).read_bytes() for file in sources
    }
    assert sources


def test_a_lone_return_before_a_windows_break_stays() -> None:
    """A strip that ends in a lone return does not hold the return of the line end."""
    ends = Edit(None, 0, 0, "\r\n", "\n", "encoding/line-ends", strips=False)
    strip = Edit(0, 1, 3, "a\r", "", "boilerplate/x", strips=True)
    assert undo("x\ny", Edits.of([ends, strip])) == "xa\r\r\ny"


def test_what_is_not_ours_cannot_be_restored(tmp_path: Path) -> None:
    """A Parquet file of somebody else, or an OUT whose report is gone, is an error."""
    pl.DataFrame({"id": ["a"]}).write_parquet(tmp_path / "theirs.parquet")
    with pytest.raises(InputError, match=r"not an output of cleanse: .*theirs\.parquet"):
        restore(tmp_path / "theirs.parquet", tmp_path / "back")
    result = run(tmp_path, {"a.txt": PROSE})
    (result.report / "hits.parquet").unlink()
    with pytest.raises(InputError, match="the report of this OUT is missing"):
        restore(result.out, tmp_path / "back")


def test_a_changed_out_is_an_error(tmp_path: Path) -> None:
    """A text that was changed behind our back does not fit its hits any more."""
    result = run(tmp_path, {"a.txt": "/img/harbour-1.jpg\n" + PROSE})
    hits = table(result, "hits").with_columns(pl.lit("short").alias("text"))
    hits.write_parquet(result.report / "hits.parquet")
    with pytest.raises(InputError, match="OUT and its report do not fit together"):
        restore(result.out, tmp_path / "back")


def test_a_name_that_leads_out_is_refused(tmp_path: Path) -> None:
    """Somebody's change of `source` cannot make restore write elsewhere."""
    result = run(tmp_path, {"a.txt": PROSE})
    quarantine = table(result, "quarantine").clear()
    bad = pl.DataFrame([("../b.txt", None, "not text", b"x")], schema=quarantine.schema, orient="row")
    bad.write_parquet(result.report / "quarantine.parquet")
    with pytest.raises(OutputError, match=r"a name leads out of the folder: \.\./b\.txt"):
        restore(result.out, tmp_path / "back")
    assert not (tmp_path / "b.txt").exists()


def test_a_file_in_the_place_of_the_folder(tmp_path: Path) -> None:
    """Restoring into a file is an error that names it."""
    result = run(tmp_path, {"a.txt": PROSE})
    assert rows(result)["id"].to_list() == ["a.txt"]
    with pytest.raises(OutputError, match=r"cannot write: File exists: .*out\.parquet"):
        restore(result.out, result.out)


@pytest.mark.parametrize("out", ["out.parquet", "out.jsonl", "out"])
def test_some_documents_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, out: str) -> None:
    """However few rows are read and written at a time, the same comes back: twins, charsets, quarantine before, behind and between."""
    files = {
        "a.csv": b"text\n\x00\xff\xfe\x81\x00\x9d\xff\n",
        "b.jsonl": "".join(f'{{"text": "{PROSE.strip()} {n // 2}"}}\n' for n in range(9)) + "[]\n",
        "c.txt": RUSSIAN.encode("cp1251"),
        "d.jsonl": "[]\n[]\n",
        "e.txt": STRIPPED + PROSE,
        "f.txt": b"\x00\xff\xfe\x81\x00\x9d\xff",
        "g.jsonl": f'[]\n{{"text": "/img/harbour-1.jpg\\n{PROSE.strip()}"}}\n',
        "h.csv": b"text\n\x00\xff\xfe\x81\x00\x9d\xff\n",
    }
    result = cleanse.run(put(tmp_path / "in", files), tmp_path / out)
    at_once = restored(result, tmp_path / "at-once")
    monkeypatch.setattr(give_back, "STEP", 2)
    monkeypatch.setattr(give_back, "HELD_ROWS", 2)
    counts = restore(result.out, tmp_path / "piecemeal")
    assert counts == {"files": 3, "rows": 16, "quarantined": 7, "lost": 0}
    piecemeal = {
        path.relative_to(tmp_path / "piecemeal").as_posix(): path for path in (tmp_path / "piecemeal").iterdir()
    }
    assert (
        sorted(at_once)
        == sorted(piecemeal)
        == sorted(f"{name}{'' if name.endswith('.txt') else '.parquet'}" for name in files)
    )
    for name, path in piecemeal.items():
        if name.endswith(".parquet"):
            assert pl.read_parquet(path).equals(pl.read_parquet(tmp_path / "at-once" / name))
        else:
            assert path.read_bytes() == files[name] if isinstance(files[name], bytes) else files[name].encode()
