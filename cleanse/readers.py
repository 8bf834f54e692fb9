"""Read one shard, file by file, into batches of documents. What cannot be read goes to quarantine, with a reason."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import sys
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import IO, Any

import orjson
import polars as pl
import zstandard

from cleanse import encoding
from cleanse.documents import DOCUMENT_SUFFIXES, QUARANTINE, READ, other_name
from cleanse.errors import InputError
from cleanse.rules import Rules
from cleanse.sources import CHUNK_BYTES, InputFile, Shard, Span

BATCH_BYTES = 16 << 20
BATCH_ROWS = 5_000
OTHER = "other:"  # marks the input's other columns in the work folder, so that none can be taken for ours
BROKEN_STREAM = (EOFError, OSError, zlib.error, zstandard.ZstdError)
INT64 = range(-(2**63), 2**63)


@dataclass(frozen=True)
class Columns:
    """Which columns of row files hold the text, the id and the address."""

    text: str = "text"
    id: str = "id"
    url: str | None = None
    id_required: bool = False


@dataclass
class Batch:
    """Some documents in input order, what was quarantined between them, and bytes that encoding would not give back.

    `kinds` tells which JSON types each other column of JSONL rows has; those columns hold JSON text.
    """

    documents: pl.DataFrame
    quarantine: pl.DataFrame
    originals: pl.DataFrame
    kinds: dict[str, set[str]]


@dataclass
class _Rows:
    """What has been read and not yet handed over."""

    rows: list[tuple[str, str, str, str | None]] = field(default_factory=list)
    others: list[dict[str, bytes | str | None]] = field(default_factory=list)
    frame: pl.DataFrame | None = None
    quarantine: list[tuple[str, int | None, str, bytes | None]] = field(default_factory=list)
    originals: list[tuple[str, bytes]] = field(default_factory=list)
    kinds: dict[str, set[str]] = field(default_factory=dict)
    size: int = 0

    def is_full(self) -> bool:
        return self.size >= BATCH_BYTES or len(self.rows) >= BATCH_ROWS or len(self.quarantine) >= BATCH_ROWS

    def add(self, row: tuple[str, str, str, str | None], size: int, other: dict[str, Any] | None = None) -> None:
        self.rows.append(row)
        self.others.append(other or {})
        self.size += size

    def refuse(self, file: InputFile, row: int | None, error: str, content: bytes | None) -> None:
        self.quarantine.append((file.source, row, error, content))
        self.size += len(content or b"")

    def take(self) -> Batch:
        documents = self.frame
        if documents is None:
            documents = pl.DataFrame(self.rows, schema=READ, orient="row")
            names = dict.fromkeys(name for other in self.others for name in other)
            documents = documents.with_columns(
                pl.Series(f"{OTHER}{name}", [_as_text(other.get(name)) for other in self.others], dtype=pl.String)
                for name in names
            )
        batch = Batch(
            documents,
            pl.DataFrame(self.quarantine, schema=QUARANTINE, orient="row"),
            pl.DataFrame(self.originals, schema={"id": pl.String, "bytes": pl.Binary}, orient="row"),
            self.kinds,
        )
        self.__init__()  # type: ignore[misc]
        return batch


def _as_text(value: bytes | str | None) -> str | None:
    return value.decode() if isinstance(value, bytes) else value


def read_shard(shard: Shard, columns: Columns, rules: Rules) -> Iterator[Batch]:
    """Read a shard in batches of at most about BATCH_BYTES or BATCH_ROWS.

    Each batch holds documents of one kind of file: `documents` has the columns of READ, and the other columns of the input
    behind the prefix OTHER.

    Raises:
        InputError: a file of rows has no text column.
    """
    rows = _Rows()
    kind = None
    for span in shard.spans:
        family = span.file.kind if span.file.kind not in DOCUMENT_SUFFIXES else "document"
        if kind not in (None, family):
            yield rows.take()
        kind = family
        for _ in READERS[span.file.kind](span, columns, rules, rows):
            yield rows.take()
    if rows.rows or rows.quarantine or rows.frame is not None:
        yield rows.take()


def open_file(file: InputFile) -> IO[bytes]:
    """Open a file for reading, through its compression."""
    name = file.path.lower()
    if name.endswith(".gz"):
        return gzip.open(file.path, "rb")
    if name.endswith(".zst"):
        raw = open(file.path, "rb")  # noqa: PTH123, SIM115 - closed with the reader
        reader: Any = zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True, closefd=True)
        return reader  # type: ignore[no-any-return]
    return open(file.path, "rb")  # noqa: PTH123


def _is_compressed(file: InputFile) -> bool:
    return file.path.lower().endswith((".gz", ".zst"))


def _reason(error: Exception) -> str:
    """Say in one line why a stream broke."""
    if isinstance(error, EOFError):
        return "compressed stream ends early"
    if isinstance(error, gzip.BadGzipFile | zlib.error | zstandard.ZstdError):
        return f"compressed stream is damaged: {error}"
    return f"cannot be read: {error.strerror}" if isinstance(error, OSError) and error.strerror else str(error)


def _read_document(span: Span, columns: Columns, rules: Rules, rows: _Rows) -> Iterator[None]:
    """Read one file as one document."""
    del columns
    file = span.file
    raw = b""
    try:
        if _is_compressed(file):
            with open(file.path, "rb") as stream:  # noqa: PTH123
                raw = stream.read()
        with open_file(file) as stream:
            data = stream.read()
        decoded = encoding.decode(data, rules)
    except InputError as error:
        rows.refuse(file, None, error.what, raw or data)
    except BROKEN_STREAM as error:
        rows.refuse(file, None, _reason(error), raw or None)
    else:
        charset = None if decoded.charset == encoding.UTF8 and decoded.exact else decoded.charset
        rows.add((file.source, file.source, decoded.text, charset), len(data))
        if raw or not decoded.exact:
            # What a compressed file unpacks to does not tell the bytes it was packed into.
            rows.originals.append((file.source, raw or data))
            rows.size += len(raw)
    if rows.is_full():
        yield


def _lines(stream: IO[bytes]) -> Iterator[tuple[bytes, Exception | None]]:
    """Give the lines of a stream without their breaks; at a break of the stream, what is left and why."""
    tail = b""
    while True:
        try:
            chunk = stream.read(CHUNK_BYTES)
        except BROKEN_STREAM as error:
            yield tail, error
            return
        if not chunk:
            break
        pieces = (tail + chunk).split(b"\n") if b"\n" in chunk else [tail + chunk]
        tail = pieces.pop()
        for piece in pieces:
            yield piece, None
    if tail:
        yield tail, None


def _read_jsonl(span: Span, columns: Columns, rules: Rules, rows: _Rows) -> Iterator[None]:
    """Read JSON objects, one a line. A line that is not one goes to quarantine, and the rest is still read."""
    file = span.file
    seen = found = 0
    keys: set[str] = set()
    for number, line, error in _numbered_lines(span, rules):
        if error is not None:
            rows.refuse(file, number, error, line)
        elif line.strip():
            seen += 1
            record, problem = _parse(line)
            if record is None:
                rows.refuse(file, number, problem, line)
            else:
                keys.update(record)
                found += columns.text in record
                problem = _add_record(record, file, number, columns, rows, len(line))
                if problem:
                    rows.refuse(file, number, problem, line)
        if rows.is_full():
            yield
    if keys and not found and span.start == 0 and span.stop is None:
        raise _missing_column(file, columns.text, sorted(keys))


def _numbered_lines(span: Span, rules: Rules) -> Iterator[tuple[int | None, bytes, str | None]]:
    file = span.file
    try:
        with open_file(file) as stream:
            source: IO[bytes] = stream
            head = stream.read(4)
            if span.stop is not None:
                stream.seek(span.start)
                source = io.BytesIO(stream.read(span.stop - span.start))
            elif head.startswith(tuple(mark for mark, _ in encoding.MARKS)):
                text = encoding.decode(head + stream.read(), rules).text
                source = io.BytesIO(text.encode())
            else:
                source = _Prefixed(head, stream)
            for number, (line, problem) in enumerate(_lines(source), span.first_row):
                content = line.removeprefix(codecs.BOM_UTF8) if number == 0 else line
                yield number, content, _reason(problem) if problem else None
    except InputError as error:
        yield None, b"", error.what
    except BROKEN_STREAM as error:
        yield None, b"", _reason(error)


class _Prefixed(io.RawIOBase):
    """A stream with its first bytes put back."""

    def __init__(self, head: bytes, stream: IO[bytes]) -> None:
        self._head, self._stream = head, stream

    def read(self, size: int = -1) -> bytes:
        head, self._head = self._head, b""
        return head + self._stream.read(size)


def _parse(line: bytes) -> tuple[dict[str, Any] | None, str]:
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return None, f"not valid JSON: {error}"
    if not isinstance(record, dict):
        return None, "not a JSON object"
    if any(type(value) is float and not -1e18 < value < 1e18 for value in record.values()):
        # Whole numbers beyond 64 bits come as floats from the fast parser, and a float is not the number that was read.
        import json

        record = json.loads(line)
    return record, ""


def _add_record(
    record: dict[str, Any], file: InputFile, number: int | None, columns: Columns, rows: _Rows, size: int
) -> str:
    """Add one JSON object as a document, or say what is wrong with it."""
    if columns.text not in record:
        return f"no field `{columns.text}`"
    text = record.pop(columns.text)
    if not isinstance(text, str):
        return f"`{columns.text}` is {'null' if text is None else 'not a string'}"
    own = record.pop(columns.id, None)
    if own is not None and not isinstance(own, str | int | float):
        return f"`{columns.id}` is neither a string nor a number"
    identity = f"{file.source}#{number}" if own is None or own == "" else str(own)
    other = {}
    for name, value in record.items():
        rows.kinds.setdefault(name, set()).add(_kind(value))
        other[name] = None if value is None else _encode(value)
    rows.add((identity, file.source, text, None), size, other)
    return ""


def _encode(value: Any) -> bytes | str:
    try:
        return orjson.dumps(value)
    except TypeError:
        import json

        return json.dumps(value, ensure_ascii=False)


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


def _missing_column(file: InputFile, name: str, there: list[str]) -> InputError:
    import difflib

    near = difflib.get_close_matches(name, there, n=1)
    hint = f"name the column with --text-column, for example --text-column {near[0] if near else there[0]}"
    return InputError(f"no column `{name}`; there are {', '.join(there[:20])}", where=file.source, hint=hint)


def _read_csv(span: Span, columns: Columns, rules: Rules, rows: _Rows) -> Iterator[None]:
    """Read rows of separated values; all other columns stay text. A row of another width goes to quarantine."""
    file = span.file
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    try:
        with open_file(file) as stream:
            data = stream.read()
        decoded = encoding.decode(data, rules)
    except InputError as error:
        rows.refuse(file, None, error.what, data)
        return
    except BROKEN_STREAM as error:
        rows.refuse(file, None, _reason(error), None)
        return
    charset = None if decoded.charset == encoding.UTF8 else decoded.charset
    content = io.StringIO(decoded.text.removeprefix(encoding.BYTE_ORDER_MARK), newline="")
    reader = csv.reader(content, delimiter="\t" if file.kind == ".tsv" else ",")
    header = next(reader, None)
    if not header:
        rows.refuse(file, None, "empty file: no header", data)
        return
    if len(set(header)) != len(header):
        rows.refuse(file, None, "two columns have the same name", data)
        return
    if columns.text not in header:
        raise _missing_column(file, columns.text, header)
    number = 0
    while True:
        try:
            values = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            rows.refuse(file, number, f"not valid CSV: {error}; the rest is not read", None)
            break
        if len(values) != len(header):
            if values:
                line = io.StringIO()
                csv.writer(line).writerow(values)
                error_text = f"{len(values)} fields where the header has {len(header)}"
                rows.refuse(file, number, error_text, line.getvalue().encode())
        else:
            record = dict(zip(header, values, strict=True))
            text = record.pop(columns.text)
            own = record.pop(columns.id, "")
            rows.add((own or f"{file.source}#{number}", file.source, text, charset), len(text), record)
        number += 1
        if rows.is_full():
            yield


def _read_parquet(span: Span, columns: Columns, rules: Rules, rows: _Rows) -> Iterator[None]:
    """Read rows of a Parquet file; other columns keep their types. A null text goes to quarantine."""
    del rules
    import pyarrow.parquet

    file = span.file
    number = span.first_row
    try:
        parquet = pyarrow.parquet.ParquetFile(file.path)
    except (pyarrow.ArrowException, OSError) as error:
        message = "empty file" if not file.size else f"not a Parquet file: {str(error).splitlines()[0]}"
        rows.refuse(file, None, message, None)
        yield
        return
    with parquet:
        names = parquet.schema_arrow.names
        _check_parquet(parquet, file, columns)
        groups = list(range(span.start, parquet.num_row_groups if span.stop is None else span.stop))
        try:
            for batch in parquet.iter_batches(_rows_of(parquet, groups), row_groups=groups):
                frame = pl.DataFrame(pl.from_arrow(pyarrow.Table.from_batches([batch])))
                _take_frame(frame, names, file, number, columns, rows)
                number += frame.height
                yield
        except (pyarrow.ArrowException, OSError) as error:
            rows.refuse(file, number, f"damaged from this row on: {str(error).splitlines()[0]}", None)
            yield


def _check_parquet(parquet: Any, file: InputFile, columns: Columns) -> None:
    import pyarrow.types as kinds

    schema = parquet.schema_arrow
    if columns.text not in schema.names:
        raise _missing_column(file, columns.text, list(schema.names))
    kind = schema.field(columns.text).type
    kind = kind.value_type if kinds.is_dictionary(kind) else kind
    if not (kinds.is_string(kind) or kinds.is_large_string(kind) or kinds.is_string_view(kind) or kinds.is_null(kind)):
        raise InputError(f"column `{columns.text}` holds {kind}, not text", where=file.source, hint="use --text-column")


def _rows_of(parquet: Any, groups: list[int]) -> int:
    """Choose how many rows make a batch of about BATCH_BYTES."""
    size = sum(parquet.metadata.row_group(number).total_byte_size for number in groups)
    count = sum(parquet.metadata.row_group(number).num_rows for number in groups)
    return max(1, min(BATCH_ROWS, int(BATCH_BYTES * count / size) if size else BATCH_ROWS))


def _take_frame(
    frame: pl.DataFrame, names: list[str], file: InputFile, first: int, columns: Columns, rows: _Rows
) -> None:
    """Add the rows of a frame; those without text go to quarantine as JSON."""
    frame = frame.with_row_index("row number of cleanse", offset=first)
    text = pl.col(columns.text).cast(pl.String)
    bad = frame.filter(text.is_null())
    for row in bad.iter_rows(named=True):
        number = row.pop("row number of cleanse")
        rows.refuse(file, number, f"`{columns.text}` is null", orjson.dumps(row, default=str))
    good = frame.filter(text.is_not_null())
    identity = pl.lit(f"{file.source}#") + pl.col("row number of cleanse").cast(pl.String)
    if columns.id in names:
        own = pl.col(columns.id).cast(pl.String)
        identity = pl.when(own.is_null() | (own == "")).then(identity).otherwise(own)
    rows.frame = good.select(
        identity.alias("id"),
        pl.lit(file.source).alias("source"),
        text.alias("text"),
        pl.lit(None, pl.String).alias("charset"),
        *(pl.col(name).alias(f"{OTHER}{name}") for name in names if name not in (columns.text, columns.id)),
    )


Reader = Callable[[Span, Columns, Rules, _Rows], Iterator[None]]
READERS: dict[str, Reader] = {
    ".txt": _read_document,
    ".md": _read_document,
    ".jsonl": _read_jsonl,
    ".ndjson": _read_jsonl,
    ".csv": _read_csv,
    ".tsv": _read_csv,
    ".parquet": _read_parquet,
}


def out_name(column: str) -> str:
    """Give the name in OUT of an other column of the work folder."""
    return other_name(column.removeprefix(OTHER))
