"""Read pages of the web: HTML files, and the records of WARC and WET archives.

The parser and the reader of archives are those of resiliparse and fastwarc, the extra `web`; they are imported where they are used.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, cast

import orjson

from cleanse.encoding import UTF8, charset
from cleanse.errors import InputError
from cleanse.files.batches import Columns, Rows
from cleanse.files.sources import InputFile, Span
from cleanse.files.streams import BROKEN_STREAM, is_compressed, open_file, packed_bytes, reason
from cleanse.rules import Rules

PAGES = ("text/html", "application/xhtml+xml")
RECORD_END = b"\r\n\r\n"
OTHER_TEXTS = ("application/json", "application/xml", "application/rss+xml", "application/atom+xml")


def read_page(span: Span, columns: Columns, rules: Rules, rows: Rows) -> Generator[None]:
    """Read one HTML file as one document: its visible text, a line a block of the page. Its bytes are kept for `restore`."""
    del columns
    file = span.file
    data = b""
    try:
        with open_file(file) as stream:
            data = stream.read()
        decoded = charset.decode(data, rules)
        text = take_text(decoded.text)
    except InputError as error:
        rows.refuse(file, None, error.what, (packed_bytes(file) if is_compressed(file) else data) or None)
    except BROKEN_STREAM as error:
        rows.refuse(file, None, reason(error), packed_bytes(file) or None)
    else:
        original = packed_bytes(file) if is_compressed(file) else data
        row = (file.source, file.source, text, _name_charset(decoded))
        rows.add(row, len(data), uncertain=not decoded.certain, original=original)
    if rows.is_full():
        yield


def take_text(page: str) -> str:
    """Give the visible text of a page in HTML: each block of the page is a line or more, as a browser would set it."""
    from resiliparse.extract.html2text import extract_plain_text

    page = page.removeprefix(charset.BYTE_ORDER_MARK)
    return str(extract_plain_text(page, preserve_formatting=True, list_bullets=False, alt_texts=False))


def _name_charset(decoded: charset.Decoded) -> str | None:
    return None if decoded.charset == UTF8 and decoded.exact else decoded.charset


class _Fed:
    """What an archive unpacks to, as far as it can be read: its reader takes a stream that breaks for one that ends."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._end = b""
        self._error = ""
        self._place = 0

    def tell(self) -> int:
        """Say how many bytes were read."""
        return self._place

    def read(self, size: int = -1) -> bytes:
        """Read the next bytes; none where the stream ends or breaks."""
        try:
            data = bytes(self._stream.read1(size))
        except BROKEN_STREAM as error:
            self._error = reason(error)
            return b""
        self._place += len(data)
        self._end = (self._end + data[-len(RECORD_END) :])[-len(RECORD_END) :]
        return data

    def problem(self) -> str:
        """Say what is wrong with its end, or nothing: each record ends in two line breaks."""
        return self._error or ("" if self._end == RECORD_END else "the archive ends early")


@dataclass(frozen=True)
class _Record:
    """A record that may hold a page or a text: its number, what it says of itself, and its bytes."""

    number: int
    mime: str | None
    charset: str | None
    url: str | None
    date: str | None
    data: bytes


def read_archive(span: Span, columns: Columns, rules: Rules, rows: Rows) -> Generator[None]:
    """Read the records of a WARC or WET archive that hold a page or a text, a document a record.

    Adds the columns `url`, `date` and `mime`, as the archive has them. Rows are numbered by all records of the file. Requests,
    revisits and what tells of the archive itself are no documents; what is of another kind than text goes to quarantine, and
    so does the last record of an archive that ends early.
    """
    from fastwarc.warc import ArchiveIterator

    del columns
    file, number, last, problem = span.file, -1, None, ""
    try:
        with open_file(file) as stream:
            fed = _Fed(stream)
            archive: Any = ArchiveIterator(cast("Any", fed), parse_http=True, auto_decode="all", stream_detect=False)
            for number, record in enumerate(archive):
                if last:
                    _add_record(last, file, rules, rows)
                    if rows.is_full():
                        yield
                last = _take_record(record, number, file, rows)
            problem = fed.problem()
    except OSError as error:
        rows.refuse(file, number + 1, reason(error), None)
        number = max(number, 0)
    if number < 0:
        rows.refuse(file, None, problem if file.size else "empty file: no records", None)
    elif last and problem:
        rows.refuse(file, last.number, problem, last.data)
    elif problem:
        rows.refuse(file, number + 1, problem, None)
    elif last:
        _add_record(last, file, rules, rows)
    if rows.is_full():
        yield


def _take_record(record: Any, number: int, file: InputFile, rows: Rows) -> _Record | None:
    """Read one record, where it may be a document."""
    from fastwarc.warc import WarcRecordType

    if not record.record_type & (WarcRecordType.response | WarcRecordType.resource | WarcRecordType.conversion):
        return None
    mime = _name_kind(record)
    if mime and not mime.startswith("text/") and mime not in (*PAGES, *OTHER_TEXTS):
        rows.refuse(file, number, f"{mime} is no text", None)
        return None
    url, date = (record.headers.get(name) for name in ("WARC-Target-URI", "WARC-Date"))
    return _Record(number, mime, record.http_charset, url, date, record.reader.read())


def _add_record(record: _Record, file: InputFile, rules: Rules, rows: Rows) -> None:
    """Add one record as a document."""
    try:
        decoded = charset.decode(record.data, rules, record.charset)
    except InputError as error:
        rows.refuse(file, record.number, error.what, record.data)
        return
    page = record.mime in PAGES or (not record.mime and decoded.text.lstrip("\ufeff \t\r\n")[:1] == "<")
    other = {"url": record.url, "date": record.date, "mime": record.mime}
    for name, value in other.items():
        rows.kinds.setdefault(name, set()).add("null" if value is None else "str")
    identity, text = f"{file.source}#{record.number}", take_text(decoded.text) if page else decoded.text
    rows.add(
        (identity, file.source, text, _name_charset(decoded)),
        len(record.data),
        {name: None if value is None else orjson.dumps(value) for name, value in other.items()},
        uncertain=not decoded.certain,
        original=record.data if page or not decoded.exact else None,
    )


def _name_kind(record: Any) -> str | None:
    """Give the kind that the server named, or of a record without HTTP the archive."""
    named = record.http_content_type if record.is_http else record.headers.get("Content-Type")
    return (named or "").partition(";")[0].strip().lower() or None
