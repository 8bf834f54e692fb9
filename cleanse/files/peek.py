"""Look at the columns of the first file of rows, without reading more of it than its beginning."""

from __future__ import annotations

import contextlib
import csv
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson

from cleanse.documents import ROW_SUFFIXES, WEB_SUFFIXES
from cleanse.errors import CleanseError
from cleanse.files.addresses import open_bytes, open_parquet
from cleanse.files.sources import InputFile, find_inputs
from cleanse.files.streams import BROKEN_STREAM, open_file

HEAD_BYTES = 1 << 20
NO_OUT = Path("-.parquet")  # nothing is written, so nothing need be kept apart


def peek_columns(inputs: Sequence[str | os.PathLike[str]]) -> list[str]:
    """Give the columns of the first file of rows in INPUT..., and the fields of its structs as `a.b`; none where it cannot be read."""
    import pyarrow as pa

    with contextlib.suppress(CleanseError, ValueError, pa.ArrowException, *BROKEN_STREAM):
        files = find_inputs(inputs, NO_OUT).files
        rows = (file for file in files if file.kind in ROW_SUFFIXES and file.kind not in WEB_SUFFIXES)
        for file in rows:
            return list(_columns(file))
    return []


def _columns(file: InputFile) -> Iterator[str]:
    if file.kind == ".parquet":
        with open_parquet(file.path) as parquet:
            yield from _fields(parquet.schema_arrow)
    elif file.kind in (".arrow", ".feather"):
        import pyarrow.ipc

        with open_bytes(file.path) as stream:
            packed = stream.read(6) == b"ARROW1"
            stream.seek(0)
            source = pyarrow.ipc.open_file(stream) if packed else pyarrow.ipc.open_stream(stream)
            yield from _fields(source.schema)
    else:
        with open_file(file) as stream:
            head = bytes(stream.read(HEAD_BYTES)).removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
        if file.kind in (".csv", ".tsv"):
            yield from next(csv.reader(head.splitlines(), delimiter="\t" if file.kind == ".tsv" else ","), [])
        else:
            yield from _keys(orjson.loads(next(line for line in head.split("\n") if line.strip())))


def _fields(schema: Any, before: str = "") -> Iterator[str]:
    import pyarrow.types as kinds

    for field in schema:
        yield f"{before}{field.name}"
        if kinds.is_struct(field.type):
            yield from _fields(field.type, f"{before}{field.name}.")


def _keys(record: Any, before: str = "") -> Iterator[str]:
    for key, value in record.items() if isinstance(record, dict) else ():
        yield f"{before}{key}"
        yield from _keys(value, f"{before}{key}.")
