"""Read JSONL: an object a line, each a document. A line that is none is mended or refused, and the rest is still read."""

from __future__ import annotations

import codecs
import contextlib
import functools
import io
from collections.abc import Generator, Iterator
from dataclasses import replace
from typing import Any

import orjson

from cleanse.encoding import charset
from cleanse.errors import InputError
from cleanse.files.batches import Columns, Rows
from cleanse.files.rows import Mended, Mender
from cleanse.files.sources import CHUNK_BYTES, InputFile, Span
from cleanse.files.streams import BROKEN_STREAM, open_file, reason
from cleanse.rules import Rules

INT64 = range(-(2**63), 2**63)


def read_jsonl(span: Span, columns: Columns, rules: Rules, rows: Rows) -> Generator[None]:
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
                if keys:
                    _check_fields(replace(span, stop=0), columns, keys)
                raise
    _check_fields(span, columns, keys)


def _check_fields(span: Span, columns: Columns, keys: set[str]) -> None:
    """Refuse a file without a text; whoever reads its first rows says so. `keys` are the fields that were met."""
    if span.start == 0 and (there := keys | _keys_behind(span, columns, keys)):
        columns.check(span.file, sorted(there))


def _keys_behind(span: Span, columns: Columns, there: set[str]) -> set[str]:
    """Give the fields of the rows behind the first shard of a file, up to the row where all that are wanted were there.

    So a file without a text is found out however it was cut.
    """
    keys: set[str] = set()
    wanted = columns.wanted().keys() - there
    if not wanted:
        return keys
    if span.stop is not None:
        with contextlib.suppress(*BROKEN_STREAM), open_file(span.file) as stream:
            if span.stop:  # a packed file is read from its start
                stream.seek(span.stop)
            for line, _ in _lines(b"", stream):
                keys.update(_parse(line, columns)[0] or ())
                if wanted <= keys:
                    break
    return keys


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
