"""Read one shard, file by file, into batches of documents. What cannot be read goes to quarantine, with a reason."""

from __future__ import annotations

import codecs
import contextlib
import csv
import functools
import gzip
import io
import sys
import zlib
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field, replace
from typing import IO, Any

import orjson
import polars as pl
import zstandard

from cleanse.documents import DOCUMENT_SUFFIXES, QUARANTINE, READ
from cleanse.encoding import charset
from cleanse.errors import InputError
from cleanse.files.arrow_types import as_ids, declare_types, find_broken_text, fit_types, read_row_group
from cleanse.files.places import open_parquet
from cleanse.files.rows import Decoding, Decodings, Mended, Mender, Undecoded, decode_column, is_binary
from cleanse.files.separated import Row, TabSeparatedValues, fit_width, name_columns
from cleanse.files.sources import CHUNK_BYTES, InputFile, Shard, Span
from cleanse.rules import Rules

BATCH_BYTES = 64 << 20
BATCH_ROWS = 20_000
PACKED_BYTES = 64 << 10
# These mark the input's other columns in the work folder, so that none can be taken for ours.
OTHER = "other:"
JSON_OTHER = "other-json:"  # holds JSON text, whose common type is known when all is read
BROKEN_STREAM = (EOFError, OSError, zlib.error, zstandard.ZstdError)
INT64 = range(-(2**63), 2**63)


@dataclass(frozen=True)
class Columns:
    """Which columns of row files hold the text, the id and the address. Without `id` the rows are numbered."""

    text: str = "text"
    id: str | None = "id"
    url: str | None = None
    id_required: bool = False

    def wanted(self) -> dict[str, str]:
        """Give the columns that must be there, each with the option that names it."""
        named = {self.url: "--url-column", self.id if self.id_required else None: "--id-column"}
        named[self.text] = "--text-column"
        return {column: option for column, option in reversed(named.items()) if column is not None}


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

    rows: list[tuple[str, str, str, str | None, bool, str | None]] = field(default_factory=list)
    others: list[dict[str, bytes | None]] = field(default_factory=list)
    frame: pl.DataFrame | None = None
    quarantine: list[tuple[str, int | None, str, bytes | None]] = field(default_factory=list)
    originals: list[tuple[str, bytes]] = field(default_factory=list)
    kinds: dict[str, set[str]] = field(default_factory=dict)
    size: int = 0
    most: int = BATCH_ROWS

    def is_full(self) -> bool:
        return self.size >= BATCH_BYTES or len(self.rows) + len(self.quarantine) >= self.most

    def add(
        self,
        row: tuple[str, str, str, str | None],
        size: int,
        other: dict[str, bytes | None] | None = None,
        *,
        uncertain: bool = False,
        mended: str | None = None,
        original: bytes | None = None,
    ) -> None:
        self.rows.append((*row, uncertain, mended))
        if original is not None:
            self.originals.append((row[0], original))
            size += len(original)
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
                pl.Series(f"{JSON_OTHER}{name}", [_as_text(other.get(name)) for other in self.others], dtype=pl.String)
                for name in names
            )
        batch = Batch(
            documents,
            pl.DataFrame(self.quarantine, schema=QUARANTINE, orient="row"),
            pl.DataFrame(self.originals, schema={"id": pl.String, "bytes": pl.Binary}, orient="row"),
            self.kinds,
        )
        self.__init__(most=self.most)  # type: ignore[misc]
        return batch


def _as_text(value: bytes | None) -> str | None:
    return None if value is None else value.decode()


def read_shard(shard: Shard, columns: Columns, rules: Rules) -> Iterator[Batch]:
    """Read a shard in batches of at most about BATCH_BYTES or BATCH_ROWS.

    Each batch holds documents of one kind of file: `documents` has the columns of READ, and the other columns of the input
    behind the prefix OTHER or JSON_OTHER.

    Raises:
        InputError: a file of rows has no text column.
    """
    if shard.limit is None:
        yield from _read_spans(shard, columns, rules, _Rows())
        return
    left, rows = shard.limit, _Rows(most=min(BATCH_ROWS, shard.limit))
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


def _read_spans(shard: Shard, columns: Columns, rules: Rules, rows: _Rows) -> Generator[Batch]:
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


def open_file(file: InputFile) -> Any:
    """Open a file for reading, through its compression."""
    name = file.path.lower()
    if name.endswith(".gz"):
        return gzip.open(file.path, "rb")
    if name.endswith(".zst"):
        return io.BufferedReader(_ZstdStream(open(file.path, "rb")))  # noqa: PTH123 - closed with the reader
    return open(file.path, "rb")  # noqa: PTH123


class _ZstdStream(io.RawIOBase):
    """What a .zst file unpacks to. The reader of `zstandard` takes a stream that ends early for a whole one."""

    def __init__(self, packed: IO[bytes]) -> None:
        self._packed = packed
        self._frame: Any = None
        self._waiting = b""
        self._unpacked = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._unpacked:
            data = self._waiting or self._packed.read(PACKED_BYTES)
            if not data:
                if self._frame is not None:
                    raise EOFError
                return 0
            if self._frame is None:
                self._frame = zstandard.ZstdDecompressor(max_window_size=2**31).decompressobj()
            self._unpacked = memoryview(self._frame.decompress(data))
            self._waiting = self._frame.unused_data
            if self._frame.eof:
                self._frame = None
        size = min(len(buffer), len(self._unpacked))
        buffer[:size] = self._unpacked[:size]
        self._unpacked = self._unpacked[size:]
        return size

    def close(self) -> None:
        self._packed.close()
        super().close()


def _packed_bytes(file: InputFile) -> bytes | None:
    """Give the bytes of a file as it lies there, so that it can be given back, or None where it cannot be read."""
    with contextlib.suppress(OSError), open(file.path, "rb") as stream:  # noqa: PTH123
        return stream.read()
    return None


def _is_compressed(file: InputFile) -> bool:
    return file.path.lower().endswith((".gz", ".zst"))


def _reason(error: Exception) -> str:
    """Say in one line why a stream broke."""
    if isinstance(error, EOFError):
        return "compressed stream ends early"
    if isinstance(error, gzip.BadGzipFile | zlib.error | zstandard.ZstdError):
        return f"compressed stream is damaged: {error}"
    if isinstance(error, OSError) and error.strerror:
        return f"cannot be read: {error.strerror}"
    return (str(error).splitlines() or [type(error).__name__])[0]


def _read_document(span: Span, columns: Columns, rules: Rules, rows: _Rows) -> Generator[None]:
    """Read one file as one document."""
    del columns
    file = span.file
    raw = data = b""
    try:
        if _is_compressed(file):
            with open(file.path, "rb") as stream:  # noqa: PTH123
                raw = stream.read()
        with open_file(file) as stream:
            data = stream.read()
        decoded = charset.decode(data, rules)
    except InputError as error:
        rows.refuse(file, None, error.what, raw or data or None)
    except BROKEN_STREAM as error:
        rows.refuse(file, None, _reason(error), raw or None)
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


def _read_jsonl(span: Span, columns: Columns, rules: Rules, rows: _Rows) -> Generator[None]:
    """Read JSON objects, one a line. A line that is not one goes to quarantine, and the rest is still read."""
    file = span.file
    mender = Mender(rules, functools.partial(_read_first, file))
    keys: set[str] = set()
    for number, line, error in _numbered_lines(span, rules):
        if error is not None:
            rows.refuse(file, number, error, line)
        elif line.strip():
            record, problem = _parse(line)
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
                    _check_columns(
                        file,
                        columns,
                        sorted(keys | _keys_behind(replace(span, stop=0), columns.wanted().keys() - keys)),
                    )
                raise
    if span.start == 0:
        keys |= _keys_behind(span, columns.wanted().keys() - keys)
        if keys:
            _check_columns(file, columns, sorted(keys))


def _keys_behind(span: Span, wanted: set[str]) -> set[str]:
    """Give the fields of the rows behind the first shard of a file, up to the row where all that are wanted were there.

    So a file without a text is found out however it was cut.
    """
    keys: set[str] = set()
    if not wanted:
        return keys
    if span.stop is not None:
        with contextlib.suppress(OSError), open(span.file.path, "rb") as stream:  # noqa: PTH123
            stream.seek(span.stop)
            for line, _ in _lines(b"", stream):
                keys.update(_parse(line)[0] or ())
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
                yield number, content, _reason(problem) if problem else None
    except InputError as error:
        yield None, head, error.what
    except BROKEN_STREAM as error:
        yield None, head, _reason(error)


def _parse(line: bytes) -> tuple[dict[str, Any] | None, str]:
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return None, f"not valid JSON: {error}"
    if not isinstance(record, dict):
        return None, "not a JSON object"
    if _holds_long_number(record):
        import json

        try:
            record = json.loads(line)
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
    rows: _Rows,
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


def _check_columns(file: InputFile, columns: Columns, there: list[str]) -> None:
    """Refuse rows without the column of the text, or without that of the id or of the address where one was named."""
    for column, option in columns.wanted().items():
        if column not in there:
            raise _missing_column(file, column, there, option)


def _missing_column(file: InputFile, name: str, there: list[str], option: str) -> InputError:
    import difflib

    near = difflib.get_close_matches(name, there, n=1)
    if near or option == "--text-column":
        example = next(iter([*near, *there]), "body")
        hint = f"name the column with {option}, for example {option} {example[:40]}"
    else:
        hint = f"name one of them with {option}, or leave the option out"
    names = f"there are {', '.join(column[:40] for column in there[:20])}" if there else "there are none"
    return InputError(f"no column `{name}`; {names}", where=file.source, hint=hint)


def _read_csv(span: Span, columns: Columns, rules: Rules, rows: _Rows) -> Generator[None]:
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
        rows.refuse(file, None, _reason(error), _packed_bytes(file))
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
    _check_columns(file, columns, header)
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


def _read_parquet(span: Span, columns: Columns, rules: Rules, rows: _Rows) -> Generator[None]:
    """Read rows of a Parquet file; other columns keep their types. A null text goes to quarantine, and one of bytes is decoded."""
    import pyarrow as pa

    file = span.file
    number = span.first_row
    with contextlib.ExitStack() as stack:
        try:
            parquet = stack.enter_context(open_parquet(file.path))
            names = parquet.schema_arrow.names
        except (pa.ArrowException, OSError) as error:
            message = "empty file" if not file.size else f"not a Parquet file: {_reason(error)}"
            rows.refuse(file, None, message, None)
            yield
            return
        _check_parquet(parquet, file, columns)
        groups = list(range(span.start, parquet.num_row_groups if span.stop is None else span.stop))
        try:
            for place, batch in _cut_batches(_parquet_batches(parquet, groups, file.path, rows.most), span):
                if isinstance(batch, Exception):
                    rows.refuse(file, number + place, f"damaged row group: {_reason(batch)}", None)
                else:
                    first, schema = number + place, parquet.schema_arrow
                    table = declare_types(pa.Table.from_batches([batch]), schema)
                    table, found = _decode_texts(table, columns.text, rules)
                    table, numbers = _refuse_broken_text(table, file, first, rows)
                    frame = pl.DataFrame(pl.from_arrow(fit_types(table)))
                    decodings = {first + n: own for n, own in found.items()}
                    _take_frame(frame, numbers, names, file, columns, rows, decodings, schema)
                yield
        except pl.exceptions.PolarsError as error:
            raise InputError(
                f"a column is of a type that cannot be read: {_reason(error)}", where=file.source
            ) from error


def _parquet_batches(parquet: Any, groups: list[int], path: str, most: int) -> Iterator[tuple[int, Any]]:
    """Give (number of the first row, rows) of row groups; an exception stands for a group that is damaged."""
    import pyarrow as pa

    size, given, first = min(most, _rows_of(parquet, groups)), 0, 0
    with contextlib.suppress(pa.ArrowException, OSError):
        for batch in parquet.iter_batches(size, row_groups=groups):
            yield given, batch
            given += batch.num_rows
        return
    for group in groups:  # one is damaged, and reading several at once loses those before it too
        count = parquet.metadata.row_group(group).num_rows
        if first + count > given:
            try:
                whole = read_row_group(parquet, path, group).slice(max(0, given - first))
            except (pa.ArrowException, OSError) as error:
                yield max(first, given), error
                given = first + count
            else:
                for batch in whole.to_batches(size):
                    yield given, batch
                    given += batch.num_rows
        first += count


def _cut_batches(batches: Iterator[tuple[int, Any]], span: Span) -> Iterator[tuple[int, Any]]:
    """Give the rows of a span, numbered from its first one; damage is told by the span that it lies in."""
    stop = None if span.rows is None else span.skip + span.rows
    for place, batch in batches:
        if stop is not None and place >= stop:
            return
        if isinstance(batch, Exception):
            if place >= span.skip:
                yield place - span.skip, batch
            continue
        begin = max(0, span.skip - place)
        rows = batch.num_rows - begin if stop is None else min(batch.num_rows, stop - place) - begin
        if rows > 0:
            yield place + begin - span.skip, batch.slice(begin, rows)


def _decode_texts(table: Any, name: str, rules: Rules) -> tuple[Any, Decodings]:
    """Decode the column of the texts; give what happened to those that are not UTF-8, by their place in the table."""
    place = table.column_names.index(name)
    column, found = decode_column(table.column(place), rules)
    return table.set_column(place, name, column), found


def _refuse_broken_text(table: Any, file: InputFile, first: int, rows: _Rows) -> tuple[Any, pl.Series]:
    """Put rows with strings that are not UTF-8 into quarantine. Gives the other rows, and the numbers of their rows.

    Neither pyarrow nor Polars looks, and Polars dies of them later.
    """
    import pyarrow as pa

    numbers = pl.Series("number", range(first, first + table.num_rows), dtype=pl.UInt64)
    try:
        table.validate(full=True)
    except pa.ArrowInvalid:
        good = [True] * table.num_rows
        for name, column in zip(table.column_names, table.columns, strict=True):
            for place, value in find_broken_text(column.combine_chunks()).items():
                if good[place]:
                    good[place] = False
                    rows.refuse(file, first + place, f"`{name}` is not UTF-8", value)
        table, numbers = table.filter(pa.array(good)), numbers.filter(pl.Series(good))
        try:
            table.validate(full=True)
        except pa.ArrowInvalid as error:
            rows.refuse(file, first, f"damaged row group: {_reason(error)}", None)
            return table.slice(0, 0), numbers.head(0)
    return table, numbers


def _check_parquet(parquet: Any, file: InputFile, columns: Columns) -> None:
    import pyarrow.types as kinds

    schema = parquet.schema_arrow
    if len(set(schema.names)) != len(schema.names):
        raise InputError("two columns have the same name", where=file.source, hint="rename one of them")
    _check_columns(file, columns, list(schema.names))
    kind = schema.field(columns.text).type
    kind = kind.value_type if kinds.is_dictionary(kind) else kind
    if not (
        is_binary(kind)
        or kinds.is_string(kind)
        or kinds.is_large_string(kind)
        or kinds.is_string_view(kind)
        or kinds.is_null(kind)
    ):
        raise InputError(f"column `{columns.text}` holds {kind}, not text", where=file.source, hint="use --text-column")
    if columns.id in schema.names and (kinds.is_nested(own := schema.field(columns.id).type) or kinds.is_binary(own)):
        hint = "name another column with --id-column"
        raise InputError(f"column `{columns.id}` holds {own}, which is no id", where=file.source, hint=hint)


def _rows_of(parquet: Any, groups: list[int]) -> int:
    """Choose how many rows make a batch of about BATCH_BYTES."""
    size = sum(parquet.metadata.row_group(number).total_byte_size for number in groups)
    count = sum(parquet.metadata.row_group(number).num_rows for number in groups)
    return max(1, min(BATCH_ROWS, int(BATCH_BYTES * count / size) if size else BATCH_ROWS))


def _take_frame(
    frame: pl.DataFrame,
    numbers: pl.Series,
    names: list[str],
    file: InputFile,
    columns: Columns,
    rows: _Rows,
    decodings: Decodings,
    schema: Any,
) -> None:
    """Add the rows of a frame; those without text go to quarantine as JSON."""
    text = frame[columns.text].cast(pl.String)
    null = text.is_null()
    for number, row in zip(numbers.filter(null), frame.filter(null).iter_rows(named=True), strict=True):
        failed = decodings.get(number)
        if isinstance(failed, Undecoded):
            rows.refuse(file, number, failed.what, failed.data)
        else:
            rows.refuse(file, number, f"`{columns.text}` is null", _row_as_json(row))
    identity = pl.select(pl.lit(f"{file.source}#") + numbers.cast(pl.String)).to_series()
    if columns.id in names:
        own = as_ids(frame[columns.id], schema.field(columns.id).type)
        identity = pl.select(pl.when(own.is_null() | (own == "")).then(identity).otherwise(own)).to_series()
    known = [found if isinstance(found := decodings.get(number), Decoding) else None for number in numbers]
    rows.originals += [
        (name, one.data) for name, one in zip(identity, known, strict=True) if one and one.data is not None
    ]
    rows.frame = pl.DataFrame(
        [
            identity.alias("id"),
            pl.repeat(file.source, frame.height, dtype=pl.String, eager=True).alias("source"),
            text.alias("text"),
            pl.Series("charset", [one and one.decoded.charset for one in known], dtype=pl.String),
            pl.Series("uncertain", [one is not None and not one.decoded.certain for one in known], dtype=pl.Boolean),
            pl.repeat(None, frame.height, dtype=pl.String, eager=True).alias("mended"),
            *(frame[name].alias(f"{OTHER}{name}") for name in names if name not in (columns.text, columns.id)),
        ]
    ).filter(~null)


def _row_as_json(row: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(row, default=str, option=orjson.OPT_NON_STR_KEYS)
    except TypeError:
        return str(row).encode(errors="backslashreplace")


Reader = Callable[[Span, Columns, Rules, _Rows], Generator[None]]
READERS: dict[str, Reader] = {
    ".txt": _read_document,
    ".md": _read_document,
    ".jsonl": _read_jsonl,
    ".ndjson": _read_jsonl,
    ".csv": _read_csv,
    ".tsv": _read_csv,
    ".parquet": _read_parquet,
}
