"""Pages of the web: HTML files, WARC and WET archives."""

from __future__ import annotations

import gzip
import importlib.util
import io
import uuid
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

import cleanse
from cleanse.cli import main
from cleanse.errors import InputError
from tests.runs import put, quarantine, restored, rows, run, table

pytest.importorskip("fastwarc", exc_type=ImportError)
pytest.importorskip("resiliparse", exc_type=ImportError)
pytest.importorskip("warcio", exc_type=ImportError)
# The writer of archives leaves its temporary files to the collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

PAGE = """<!DOCTYPE html><html><head><title>Not shown</title><style>p {}</style></head><body>
<nav><ul><li><a href="/">Home</a></li><li>Boats &amp; nets</li></ul></nav>
<h1>A  quiet
harbour</h1><p>The ferry <b>left</b> at dawn.<br>Nobody saw it &#8211; or so they say.</p>
<script>alert("no")</script><div>Share on Facebook</div></body></html>
"""
SHOWN = "  Home\n  Boats & nets\n\nA quiet harbour\n\nThe ferry left at dawn.\nNobody saw it – or so they say.\n\nShare on Facebook"


def as_read(result: cleanse.passes.Result, folder: Path) -> dict[str, str]:
    """Give the text as read of each row, by id."""
    restored(result, folder)
    tables = [pl.read_parquet(path) for path in folder.rglob("*.parquet")]
    return {row["id"]: row["text"] for frame in tables for row in frame.to_dicts()}


@pytest.mark.parametrize("name", ["a.html", "b.HTM", "deep/c.html.gz"])
def test_a_page_is_one_document(tmp_path: Path, name: str) -> None:
    """What a browser shows is the text, a line a block; rules see it, and `restore` gives the same bytes."""
    data = gzip.compress(PAGE.encode()) if name.endswith(".gz") else PAGE.encode()
    result = run(tmp_path, {name: data})
    out = rows(result)
    assert out.select("id", "chars_in").rows() == [(name, len(SHOWN))]
    assert out["text"].item() == SHOWN.removesuffix("Share on Facebook")
    assert restored(result, tmp_path / "back") == {name: data}


@pytest.mark.parametrize("charset", ["cp1251", "shift_jis", "utf-16"])
def test_the_charset_of_a_page(tmp_path: Path, charset: str) -> None:
    """A page says itself in which charset it is; the bytes come back."""
    words = "Лодка ушла на рассвете." if charset == "cp1251" else "船は夜明けに出た。"
    data = f'<html><head><meta charset="{charset}"></head><body><p>{words}</p></body></html>'.encode(charset)
    result = run(tmp_path, {"a.html": data})
    assert rows(result)["text"].item() == words
    assert table(result, "hits").filter(pl.col("rule") == "encoding/charset").height == 1
    assert restored(result, tmp_path / "back") == {"a.html": data}


def test_pages_that_are_none(tmp_path: Path) -> None:
    """An empty file, a page without words, and what was packed and is damaged are accounted for."""
    damaged = gzip.compress(PAGE.encode())[:60]
    files = {
        "empty.html": b"",
        "blank.html": b"<p></p>",
        "cut.html.gz": damaged,
        "deep.html": b"<div>" * 50_000 + b"end",
    }
    result = run(tmp_path, files)
    assert rows(result)["text"].to_list() == ["end"]
    assert quarantine(result) == [("cut.html.gz", None, "compressed stream ends early")]
    assert restored(result, tmp_path / "back") == files


def write_archive(*, packed: bool) -> bytes:
    """Write an archive with a writer of others: a page, a request, a text in a charset of its own, an image, and more.

    Ids and dates of its records are always the same, so that it has the same bytes each time.
    """
    from warcio.statusandheaders import StatusAndHeaders
    from warcio.warcwriter import WARCWriter

    stream = io.BytesIO()
    writer = WARCWriter(stream, gzip=packed)
    numbers: list[int] = []

    def add(kind: str, place: str, mime: str, data: bytes, **headers: str) -> None:
        named = [("Content-Type", mime), *((name.replace("_", "-"), value) for name, value in headers.items())]
        http = StatusAndHeaders("200 OK", named, protocol="HTTP/1.1") if kind == "response" else None
        if kind == "request":
            http = StatusAndHeaders("GET / HTTP/1.1", [("Host", "pier.example")], is_http_request=True)
        numbers.append(len(numbers))
        dated = {"WARC-Date": "2024-05-06T07:08:09Z", "WARC-Record-ID": f"<urn:uuid:{uuid.UUID(int=len(numbers))}>"}
        writer.write_record(
            writer.create_warc_record(
                f"https://pier.example/{place}",
                kind,
                payload=io.BytesIO(data),
                http_headers=http,
                warc_headers_dict=dated,
                **({} if http else {"warc_content_type": mime}),
            )
        )

    about = writer.create_warcinfo_record("x.warc", {"software": "a test"})
    about.rec_headers.replace_header("WARC-Date", "2024-05-06T07:08:09Z")
    about.rec_headers.replace_header("WARC-Record-ID", f"<urn:uuid:{uuid.UUID(int=0)}>")
    writer.write_record(about)
    add("request", "", "", b"")
    add("response", "", "text/html; charset=utf-8", PAGE.encode())
    add("response", "ru", "text/plain; charset=koi8-r", "Лодка ушла, и никто её не видел.".encode("koi8-r"))
    add("response", "logo.png", "image/png", b"\x89PNG\r\n\x1a\n\x00\x00")
    add(
        "response", "packed", "text/html", gzip.compress(b"<p>The nets were dry.</p>", mtime=0), Content_Encoding="gzip"
    )
    add("conversion", "wet", "text/plain", b"Plain words of a record.\nShare on Facebook\n")
    return stream.getvalue()


@pytest.mark.parametrize("packed", [False, True])
def test_an_archive(tmp_path: Path, packed: bool) -> None:  # noqa: FBT001
    """A record is a document, with address, date and kind; requests are none, and an image goes to quarantine."""
    name = "x.warc.gz" if packed else "x.warc"
    result = run(tmp_path, {name: write_archive(packed=packed)}, duplicates=False)
    day = "2024-05-06T07:08:09Z"
    assert rows(result).select("id", "text", "url", "date", "mime").rows() == [
        (f"{name}#2", SHOWN.removesuffix("Share on Facebook"), "https://pier.example/", day, "text/html"),
        (f"{name}#3", "Лодка ушла, и никто её не видел.", "https://pier.example/ru", day, "text/plain"),
        (f"{name}#5", "The nets were dry.", "https://pier.example/packed", day, "text/html"),
        (f"{name}#6", "Plain words of a record.\n", "https://pier.example/wet", day, "text/plain"),
    ]
    assert quarantine(result) == [(name, 4, "image/png is no text")]
    restored(result, tmp_path / "back")
    back = pl.read_parquet(tmp_path / "back" / f"{name}.parquet")
    assert back["bytes"].to_list() == [PAGE.encode(), None, b"<p>The nets were dry.</p>", None]
    assert back["text"][0] == SHOWN


def test_an_archive_of_texts(tmp_path: Path) -> None:
    """A `.wet.gz` is read like a WARC: its records are texts already."""
    data = write_archive(packed=True)
    result = run(tmp_path, {"x.wet.gz": data}, limit=1)
    assert rows(result)["id"].to_list() == ["x.wet.gz#2"]


def test_an_archive_that_is_damaged(tmp_path: Path) -> None:
    """What stands before the damage is read; the rest is named in quarantine."""
    packed, plain = write_archive(packed=True), write_archive(packed=False)
    files = {
        "cut.warc.gz": packed[:-350],
        "cut.warc": plain[:-500],
        "none.warc": b"",
        "not.warc.gz": gzip.compress(b"no archive"),
    }
    result = run(tmp_path, files, duplicates=False)
    assert rows(result)["id"].to_list() == ["cut.warc#2", "cut.warc#3", "cut.warc.gz#2", "cut.warc.gz#3"]
    assert quarantine(result) == [
        ("cut.warc", 4, "image/png is no text"),
        ("cut.warc", 5, "the archive ends early"),
        ("cut.warc.gz", 4, "image/png is no text"),
        ("cut.warc.gz", 5, "compressed stream ends early"),
        ("none.warc", None, "empty file: no records"),
        ("not.warc.gz", 0, "Invalid WARC header"),
    ]


def test_without_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence names what to install, before anything is written."""
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "fastwarc" else find(name))
    put(tmp_path, {"in/a.html": PAGE, "in/b.txt": "One page of text."})
    with pytest.raises(InputError, match="HTML, WARC and WET need fastwarc") as caught:
        cleanse.run(tmp_path / "in", tmp_path / "out.parquet")
    assert "pip install 'cleanse-corpus[web]'" in str(caught.value)
    result = cleanse.run(tmp_path / "in", tmp_path / "out.parquet", exclude="*.html")
    assert rows(result)["id"].to_list() == ["b.txt"]


@pytest.mark.parametrize(
    ("name", "tool"),
    [("a.pdf", "pdftotext"), ("b.docx", "pandoc"), ("c.xlsx", "CSV"), ("d.zip", "unpack"), ("e.doc", "LibreOffice")],
)
def test_kinds_that_others_read(tmp_path: Path, name: str, tool: str) -> None:
    """Of a kind that is not read here one sentence names what makes text of it, for the file and for its folder."""
    put(tmp_path, {f"in/{name}": b"?"})
    for place in (f"in/{name}", "in"):
        got = CliRunner().invoke(main, ["run", str(tmp_path / place), str(tmp_path / "out.parquet")])
        assert got.exit_code == 2
        assert tool in got.stderr.splitlines()[-1]
