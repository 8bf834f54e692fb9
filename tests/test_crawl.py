"""A crawl of a thousand records, written by a real writer of archives: pages in many charsets, told in all the ways that servers have."""

from __future__ import annotations

import gzip
import html
import io
import tomllib
import uuid
from pathlib import Path

import polars as pl
import pytest

from tests.runs import quarantine, restored, rows, run
from tests.test_docs import ROOT

pytest.importorskip("fastwarc", exc_type=ImportError)
pytest.importorskip("resiliparse", exc_type=ImportError)
pytest.importorskip("warcio", exc_type=ImportError)
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")]

RECORDS = 1_000
TOLD = ("header", "meta", "http-equiv", "not at all")
SENT = ("plain", "gzip", "chunked")
LANGUAGES = tomllib.loads((ROOT / "tests/charsets/pages.toml").read_text("utf-8"))
PAIRS = [(language, charset) for language, own in LANGUAGES.items() for charset in own["charsets"]]
MENU = ("Home", "Boats", "Nets", "Tides", "Contact")


def make_page(number: int) -> tuple[str, str, str, list[str]]:
    """Make a page with a menu, paragraphs, a list and a footer: (its HTML, charset, how it is told, its paragraphs)."""
    language, charset = PAIRS[number % len(PAIRS)]
    told = TOLD[number // len(PAIRS) % len(TOLD)]
    own = LANGUAGES[language]
    paragraphs = [f"{number}. {own['short']}", *own["long"].strip().split("\n")]
    declared = {"meta": f'<meta charset="{charset}">', "http-equiv": ""}.get(told, "")
    if told == "http-equiv":
        declared = f'<meta http-equiv="Content-Type" content="text/html; charset={charset}">'
    menu = "".join(f'<li><a href="/{item}">{item}</a></li>' for item in MENU)
    body = "".join(f"<p>{html.escape(paragraph)}</p>" for paragraph in paragraphs)
    page = (
        f"<!DOCTYPE html><html><head>{declared}<title>{number}</title><script>var x = 'no';</script></head>"
        f"<body><nav><ul>{menu}</ul></nav><article>{body}</article><footer>Share on Facebook</footer></body></html>"
    )
    return page, charset, told, paragraphs


def send(data: bytes, how: str) -> tuple[bytes, list[tuple[str, str]]]:
    """Give a body as a server sends it, and what its headers say of that."""
    if how == "gzip":
        return gzip.compress(data, mtime=0), [("Content-Encoding", "gzip")]
    if how == "chunked":
        half = len(data) // 2
        pieces = [data[:half], data[half:], b""]
        return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces), [("Transfer-Encoding", "chunked")]
    return data, []


@pytest.fixture(scope="module")
def crawl() -> tuple[bytes, dict[int, tuple[bytes, list[str]]]]:
    """Write the archive; give it, and by number of the record the bytes of each page and its paragraphs."""
    from warcio.statusandheaders import StatusAndHeaders
    from warcio.warcwriter import WARCWriter

    packed, pages = io.BytesIO(), {}
    writer = WARCWriter(packed, gzip=True)
    writer.write_record(writer.create_warcinfo_record("crawl.warc.gz", {"software": "a crawler"}))
    record = 1
    while record < RECORDS:
        page, charset, told, paragraphs = make_page(record)
        data = page.encode(charset)
        address = f"https://harbour.example/{record}"
        body, headers = send(data, SENT[record // 7 % len(SENT)])
        kind = f"text/html; charset={charset}" if told == "header" else "text/html"
        status = StatusAndHeaders("200 OK", [("Content-Type", kind), *headers], protocol="HTTP/1.1")
        asked = StatusAndHeaders("GET / HTTP/1.1", [("Host", "harbour.example")], is_http_request=True)
        answer = {"WARC-Date": "2026-11-29T09:00:00Z", "WARC-Record-ID": f"<urn:uuid:{uuid.UUID(int=record)}>"}
        writer.write_record(
            writer.create_warc_record(
                address, "response", payload=io.BytesIO(body), http_headers=status, warc_headers_dict=answer
            )
        )
        pages[record] = (data, paragraphs)
        writer.write_record(writer.create_warc_record(address, "request", http_headers=asked))
        record += 2
    return packed.getvalue(), pages


def test_a_thousand_records(crawl: tuple[bytes, dict[int, tuple[bytes, list[str]]]], tmp_path: Path) -> None:
    """Each page is a document whose lines keep the blocks of the page, in the right letters; the menu and the footer go."""
    data, pages = crawl
    result = run(tmp_path, {"crawl.warc.gz": data}, duplicates=False, workers=2)
    out = rows(result)
    assert quarantine(result) == []
    assert out["id"].to_list() == [f"crawl.warc.gz#{number}" for number in pages]
    assert out["url"].to_list() == [f"https://harbour.example/{number}" for number in pages]
    assert set(out["mime"]) == {"text/html"}
    restored(result, tmp_path / "back")
    back = pl.read_parquet(tmp_path / "back/crawl.warc.gz.parquet")
    assert back["bytes"].to_list() == [own for own, _ in pages.values()]
    wrong = {}
    for number, text, as_read in zip(pages, out["text"], back["text"], strict=True):
        lines = [line.strip() for line in as_read.split("\n") if line.strip()]
        if lines != [*MENU, *pages[number][1], "Share on Facebook"]:
            wrong[number] = lines
        assert "Share on Facebook" not in text
    assert wrong == {}
