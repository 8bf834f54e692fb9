"""Read one shard, file by file, into batches of documents. What cannot be read goes to quarantine, with a reason."""

from __future__ import annotations

import codecs
import contextlib
import csv
import functools
import io
import sys
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from typing import Any

import orjson
import polars as pl

from cleanse.documents import DOCUMENT_SUFFIXES
from cleanse.encoding import charset
from cleanse.errors import InputError
from cleanse.files.batches import BATCH_ROWS, Batch, Columns, Rows
from cleanse.files.rows import Mended, Mender
from cleanse.files.separated import Row, TabSeparatedValues, fit_width, name_columns
from cleanse.files.sources import CHUNK_BYTES, InputFile, Shard, Span
from cleanse.files.streams import BROKEN_STREAM, is_compressed, open_file, packed_bytes, reason
from cleanse.files.tables import read_arrow, read_parquet
from cleanse.files.web import read_archive, read_page
from cleanse.rules import Rules

INT64 = range(-(2**63), 2**63)


def read_shard(shard: Shard, columns: Columns, rules: Rules) -> Iterator[Batch]:
    """Read a shard in batches of at most about BATCH_BYTES or BATCH_ROWS.

    Each batch holds documents of one kind of file: `documents` has the columns of READ, and the other columns of the input
    behind the prefix OTHER or JSON_OTHER.

    Raises:
        InputError: a file of rows has no text column.
    """
    if shard.limit is None:
        yield from _read_spans(shard, columns, rules, Rows())
        return
    left, rows = shard.limit, Rows(most=min(BATCH_ROWS, shard.limit))
    reading = _read_spans(shard, columns, rules, rows)
    for batch in reading:
        documents = batch.documents.head(left)
        quarantine = batch.quarantine.head(left - documents.height)
        whole = documents.height == batch.documents.height
        originals = batch.originals if whole else batch.originals.filter(pl.col("id").is_in(documents["id"].implode()))
        yield Batch(documents, quarantine, originals, batch.kinds)
        left -= documents.height + quarantine.height
        if left <= 0:
            reading.close()
            return
        rows.most = min(BATCH_ROWS, left)


def _read_spans(shard: Shard, columns: Columns, rules: Rules, rows: Rows) -> Generator[Batch]:
    kind = None
    for span in shard.spans:
        family = span.file.kind if span.file.kind not in DOCUMENT_SUFFIXES else "document"
        if kind not in (None, family):
            yield rows.take()
        kind = family
        reading = READERS[span.file.kind](span, columns, rules, rows)
        with contextlib.closing(reading):
            for _ in reading:
                yield rows.take()
    if rows.rows or rows.quarantine or rows.frame is not None:
        yield rows.take()


def _read_document(span: Span, columns: Columns, rules: Rules, rows: Rows) -> Generator[None]:
    """Read one file as one document."""
    del columns
    file = span.file
    raw = data = b""
    try:
        if is_compressed(file):
            with open(file.path, "rb") as stream:  # noqa: PTH123
                raw = stream.read()
        with open_file(file) as stream:
            data = stream.read()
        decoded = charset.decode(data, rules)
    except InputError as error:
        rows.refuse(file, None, error.what, raw or data or None)
    except BROKEN_STREAM as error:
        rows.refuse(file, None, reason(error), raw or None)
    else:
        name = None if decoded.charset == charset.UTF8 and decoded.exact else decoded.charset
        rows.add((file.source, file.source, decoded.text, name), len(data), uncertain=not decoded.certain)
        if raw or not decoded.exact:
            # What a compressed file unpacks to does not tell the bytes it was packed into.
            rows.originals.append((file.source, raw or data))
            rows.size += len(raw)
    if rows.is_full():
        yield


def _lines(head: bytes, stream: io.BufferedIOBase) -> Iterator[tuple[bytes, Exception | None]]:
    """Give the lines of `head` and what follows without their breaks; where the stream breaks, what is left and why.

    It reads with `read1`, which hands over what it has: `read` loses all of a chunk whose end is damaged.
    """
    tail: list[bytes] = []
    chunk = head
    while True:
        first, *others = chunk.split(b"\n")
        tail.append(first)
        if others:
            yield b"".join(tail), None
            for piece in others[:-1]:
                yield piece, None
            tail = [others[-1]]
        try:
            chunk = stream.read1(CHUNK_BYTES)
        except BROKEN_STREAM as error:
            yield b"".join(tail), error
            return
        if not chunk:
            break
    if last := b"".join(tail):
        yield last, None


def _read_jsonl(span: Span, columns: Columns, rules: Rules, rows: Rows) -> Generator[None]:
    """Read JSON objects, one a line. A line that is not one goes to quarantine, and the rest is still read."""
    file = span.file
    mender = Mender(rules, functools.partial(_read_first, file))
    keys: set[str] = set()
    for number, line, error in _numbered_lines(span, rules):
        if error is not None:
            rows.refuse(file, number, error, line)
        elif line.strip():
            record, problem = _parse(line, columns)
            mended = mender.mend(line) if record is None else None
            record = mended.record if mended else record
            if record is None:
                rows.refuse(file, number, problem, line)
            else:
                keys.update(record)
                problem = _add_record(record, file, number, columns, rows, line, mended)
                if problem:
                    rows.refuse(file, number, problem, line)
        if rows.is_full():
            try:
                yield
            except GeneratorExit:  # enough is read
                if keys and span.start == 0:
                    columns.check(
                        file,
                        sorted(keys | _keys_behind(replace(span, stop=0), columns, keys)),
                    )
                raise
    if span.start == 0:
        keys |= _keys_behind(span, columns, keys)
        if keys:
            columns.check(file, sorted(keys))


def _keys_behind(span: Span, columns: Columns, there: set[str]) -> set[str]:
    """Give the fields of the rows behind the first shard of a file, up to the row where all that are wanted were there.

    So a file without a text is found out however it was cut.
    """
    keys: set[str] = set()
    wanted = columns.wanted().keys() - there
    if not wanted:
        return keys
    if span.stop is not None:
        with contextlib.suppress(OSError), open(span.file.path, "rb") as stream:  # noqa: PTH123
            stream.seek(span.stop)
            for line, _ in _lines(b"", stream):
                keys.update(_parse(line, columns)[0] or ())
                if wanted <= keys:
                    break
    return keys


def _numbered_lines(span: Span, rules: Rules) -> Iterator[tuple[int | None, bytes, str | None]]:
    file = span.file
    head = b""
    try:
        with open_file(file) as stream:
            source: Any = stream
            head = stream.read(4)
            if span.stop is not None:
                stream.seek(span.start)
                head, source = b"", io.BytesIO(stream.read(span.stop - span.start))
            elif head.startswith(tuple(mark for mark, _ in charset.MARKS)):
                head += stream.read()
                head, source = charset.decode(head, rules).text.encode(), io.BytesIO()
            for number, (line, problem) in enumerate(_lines(head, source), span.first_row):
                content = line.removeprefix(codecs.BOM_UTF8) if number == 0 else line
                yield number, content, reason(problem) if problem else None
    except InputError as error:
        yield None, head, error.what
    except BROKEN_STREAM as error:
        yield None, head, reason(error)


def _parse(line: bytes, columns: Columns) -> tuple[dict[str, Any] | None, str]:
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return None, f"not valid JSON: {error}"
    if not isinstance(record, dict):
        return None, "not a JSON object"
    columns.lift(record)
    if _holds_long_number(record):
        import json

        try:
            record = json.loads(line)
            columns.lift(record)
        except (ValueError, RecursionError):
            return None, "not valid JSON: a number is too long, or lists stand too deep in each other"
    return record, ""


def _holds_long_number(record: dict[str, Any]) -> bool:
    """Say whether there is a float so large that it may have been a whole number beyond 64 bits.

    The fast parser gives floats for those, and a float is not the number that was read.
    """
    waiting = list(record.values())
    while waiting:
        value = waiting.pop()
        if type(value) is float and not -1e18 < value < 1e18:
            return True
        if isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, dict):
            waiting.extend(value.values())
    return False


def _read_first(file: InputFile, size: int) -> bytes:
    """Read so many bytes from the start of a file, as many as there are before it breaks."""
    with contextlib.suppress(*BROKEN_STREAM), open_file(file) as stream:
        return bytes(stream.read(size))
    return b""


def _add_record(
    record: dict[str, Any],
    file: InputFile,
    number: int | None,
    columns: Columns,
    rows: Rows,
    line: bytes,
    mended: Mended | None,
) -> str:
    """Add one JSON object as a document, or say what is wrong with it."""
    if columns.text not in record:
        return f"no field `{columns.text}`"
    text = record.pop(columns.text)
    if not isinstance(text, str):
        return f"`{columns.text}` is {'null' if text is None else 'not a string'}"
    own = None if columns.id is None else record.pop(columns.id, None)
    if own is None and columns.id_required:
        return f"no field `{columns.id}`"
    if own is not None and not isinstance(own, str | int | float):
        return f"`{columns.id}` is neither a string nor a number"
    identity = f"{file.source}#{number}" if own is None or own == "" else str(own)
    try:
        kinds = {name: _kind(value) for name, value in record.items()}
        other = {name: None if value is None else _encode(value) for name, value in record.items()}
    except RecursionError:
        return "lists stand too deep in each other"
    for name, kind in kinds.items():
        rows.kinds.setdefault(name, set()).add(kind)
    if mended is None:
        rows.add((identity, file.source, text, None), len(line), other)
    else:
        row = (identity, file.source, text, mended.charset)
        rows.add(row, len(line), other, uncertain=mended.uncertain, mended=mended.why, original=line)
    return ""


def _encode(value: Any) -> bytes:
    try:
        return orjson.dumps(value)
    except TypeError:
        import json

        return json.dumps(value, ensure_ascii=False).encode()


def _kind(value: Any) -> str:
    """Name the type of a JSON value, as far as a column can have it."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int" if value in INT64 else "json"
    if isinstance(value, list):
        kinds = {_kind(item) for item in value} - {"null"}
        return f"list {kinds.pop()}" if len(kinds) == 1 and not kinds & {"json"} else "list" if not kinds else "json"
    return {type(None): "null", str: "str", float: "float"}.get(type(value), "json")


def _read_csv(span: Span, columns: Columns, rules: Rules, rows: Rows) -> Generator[None]:
    """Read rows of separated values; all other columns stay text. A row of another width goes to quarantine."""
    file = span.file
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    try:
        with open_file(file) as stream:
            data = stream.read()
        decoded = charset.decode(data, rules)
    except InputError as error:
        rows.refuse(file, None, error.what, data)
        return
    except BROKEN_STREAM as error:
        rows.refuse(file, None, reason(error), packed_bytes(file))
        return
    name = None if decoded.charset == charset.UTF8 else decoded.charset
    # Where bytes did not decode, each stands as a lone surrogate until its row is known.
    content = decoded.text if decoded.escaped is None else decoded.escaped
    table = _SEPARATED[file.kind](content.removeprefix(charset.BYTE_ORDER_MARK))
    header, problem = next(((values, problem) for values, _, problem in table if values), ([], "empty file: no header"))
    if problem:
        rows.refuse(file, None, problem, data)
        return
    as_read, header = header, name_columns(header)
    columns.check(file, header)
    for number, (as_written, lines, broken) in enumerate(table):
        values = fit_width(as_written, as_read)
        uneven = f"{len(values)} fields where the header has {len(header)}" if len(values) != len(header) else ""
        problem = broken or (uneven if values else "")
        if problem:
            rows.refuse(file, number, problem, _unread(lines, decoded) or lines.encode())
        elif values:
            original = _unread(lines, decoded)
            whole = values if original is None else [charset.replace_escaped(own, decoded.charset) for own in values]
            record = dict(zip(header, whole, strict=True))
            text = record.pop(columns.text)
            own = "" if columns.id is None else record.pop(columns.id, "")
            for column in record:
                rows.kinds.setdefault(column, set()).add("str")
            other: dict[str, bytes | None] = {column: orjson.dumps(value) for column, value in record.items()}
            row = (own or f"{file.source}#{number}", file.source, text, name if original is None else decoded.charset)
            rows.add(row, len(lines), other, uncertain=not decoded.certain, original=original)
        if rows.is_full():
            yield


def _unread(lines: str, decoded: charset.Decoded) -> bytes | None:
    """Give the bytes of lines in which some did not decode, else None."""
    if decoded.escaped is None or not any("\udc00" <= character <= "\udfff" for character in lines):
        return None
    return lines.encode(decoded.charset, "surrogateescape")


class _SeparatedValues:
    """The rows of a table with commas: (values, the lines they stood in, what is wrong or an empty string)."""

    def __init__(self, text: str) -> None:
        self._text = io.StringIO(text, newline="")
        self._lines: list[str] = []
        self._ended = False
        self._reader = csv.reader(self._feed())

    def _feed(self) -> Iterator[str]:
        for line in self._text:
            self._lines.append(line)
            yield line
        self._ended = True

    def __iter__(self) -> Iterator[tuple[list[str], str, str]]:
        return self

    def __next__(self) -> tuple[list[str], str, str]:
        self._lines.clear()
        try:
            values, problem = next(self._reader), ""
        except csv.Error as error:
            values, problem = [], f"not valid CSV: {error}"
        if self._ended:
            # A row that asks for more than there is stands in a quotation without an end, with all that follows it.
            problem = "a quotation without an end: this row and all behind it are not read"
        return values, "".join(self._lines), problem


_SEPARATED: dict[str, Callable[[str], Iterator[Row]]] = {".csv": _SeparatedValues, ".tsv": TabSeparatedValues}


Reader = Callable[[Span, Columns, Rules, Rows], Generator[None]]
READERS: dict[str, Reader] = {
    ".txt": _read_document,
    ".md": _read_document,
    ".html": read_page,
    ".htm": read_page,
    ".jsonl": _read_jsonl,
    ".ndjson": _read_jsonl,
    ".csv": _read_csv,
    ".tsv": _read_csv,
    ".parquet": read_parquet,
    ".arrow": read_arrow,
    ".feather": read_arrow,
    ".warc": read_archive,
    ".wet": read_archive,
}
