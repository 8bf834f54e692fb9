"""Write and read the rows of OUT and of the tables of the report: Parquet in fixed row groups, or JSONL.

The bytes depend on the rows only, never on how they were cut into frames, and a file appears when all is written.
"""

from __future__ import annotations

import base64
import contextlib
import glob
import gzip
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import polars as pl
import zstandard

from cleanse.documents import OUT
from cleanse.files.places import OUT_SUFFIX, is_jsonl, out_suffix

ROW_GROUP_ROWS = 5_000
FILE_ROWS = 500_000  # of one file, where OUT is a folder


class Writer(Protocol):
    """Something that rows are written to, frame after frame."""

    rows: int

    def write(self, frame: pl.DataFrame) -> None:
        """Append the rows of a frame."""

    def close(self) -> None:
        """Finish what was written."""


class _FileWriter:
    """Write frames behind one another into one file, ROW_GROUP_ROWS rows at a time."""

    def __init__(self, path: Path, schema: dict[str, pl.DataType]) -> None:
        self.path, self.schema, self.rows = path, schema, 0
        self._temporary = path.with_name(f"{path.name}.tmp")
        path.parent.mkdir(parents=True, exist_ok=True)
        self._waiting: list[pl.DataFrame] = []
        self._count = 0

    def write(self, frame: pl.DataFrame) -> None:
        """Append the rows of a frame; its columns must be those of the schema."""
        self._waiting.append(frame.select(pl.col(name).cast(dtype) for name, dtype in self.schema.items()))
        self._count += frame.height
        if self._count >= ROW_GROUP_ROWS:
            rows = pl.concat(self._waiting)
            whole = rows.height - rows.height % ROW_GROUP_ROWS
            for start in range(0, whole, ROW_GROUP_ROWS):
                self._flush(rows.slice(start, ROW_GROUP_ROWS))
            self._waiting = [rows.slice(whole)]
            self._count = rows.height - whole

    def _flush(self, rows: pl.DataFrame) -> None:
        raise NotImplementedError

    def _finish(self) -> None:
        raise NotImplementedError

    def close(self) -> None:
        """Write what is left and let the file appear under its name."""
        if self._count:
            self._flush(pl.concat(self._waiting))
        self._finish()
        self._temporary.replace(self.path)

    def discard(self) -> None:
        """Throw away what was written so far."""
        with contextlib.suppress(OSError):
            self._finish()
        self._temporary.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        """Use it in a `with` block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finish the file, or throw it away when the block failed."""
        if kind is None:
            self.close()
        else:
            self.discard()


class ParquetWriter(_FileWriter):
    """Write frames behind one another into one Parquet file, in row groups of ROW_GROUP_ROWS rows."""

    def __init__(self, path: Path, schema: dict[str, pl.DataType], metadata: dict[str, str] | None = None) -> None:
        """Begin `path`, with the columns of `schema` in their order, and key-value metadata."""
        import pyarrow.parquet

        super().__init__(path, schema)
        empty: Any = pl.DataFrame(schema=schema).to_arrow(compat_level=pl.CompatLevel.oldest())
        self._arrow = empty.schema.with_metadata(metadata or {})
        self._writer = pyarrow.parquet.ParquetWriter(self._temporary, self._arrow, compression="zstd")

    def _flush(self, rows: pl.DataFrame) -> None:
        table: Any = rows.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
        if not table.schema.equals(self._arrow):
            table = table.cast(self._arrow)
        self._writer.write_table(table.combine_chunks(), row_group_size=ROW_GROUP_ROWS)
        self.rows += rows.height

    def _finish(self) -> None:
        self._writer.close()


class JsonlWriter(_FileWriter):
    """Write frames behind one another into one file of JSON objects, one a line; `.gz` and `.zst` are packed.

    JSON has no bytes, so they are written in base64; what is no number, or not finite, becomes null; times and decimals are texts.
    """

    def __init__(self, path: Path, schema: dict[str, pl.DataType]) -> None:
        """Begin `path`, with the columns of `schema` in their order."""
        super().__init__(path, schema)
        self._file = self._temporary.open("wb")
        suffix = out_suffix(path.name)
        self._stream: Any = self._file
        if suffix.endswith(".gz"):  # neither name nor time stand in it: same rows, same bytes
            self._stream = gzip.GzipFile("", "wb", fileobj=self._file, mtime=0)
        elif suffix.endswith(".zst"):
            self._stream = zstandard.ZstdCompressor().stream_writer(self._file, closefd=False)

    def _flush(self, rows: pl.DataFrame) -> None:
        spelled = rows.with_columns(_spell_bytes(rows[name]) for name, kind in self.schema.items() if _has_bytes(kind))
        self._stream.write(spelled.write_ndjson().encode())
        self.rows += rows.height

    def _finish(self) -> None:
        if self._stream is not self._file:
            self._stream.close()
        self._file.close()


def _has_bytes(kind: Any) -> bool:
    """Say whether values of a type hold bytes, at any depth."""
    if isinstance(kind, pl.Struct):
        return any(_has_bytes(field.dtype) for field in kind.fields)
    return kind == pl.Binary or (isinstance(kind, pl.List | pl.Array) and _has_bytes(kind.inner))


def _spell_bytes(values: pl.Series) -> pl.Series:
    """Write the bytes in a column in base64."""
    if values.dtype == pl.Binary:
        return values.bin.encode("base64")
    spelled = [_spell(value) for value in values.to_list()]  # bytes inside of lists are rare
    return pl.Series(values.name, spelled, dtype=_spelled_type(values.dtype))


def _spell(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, list):
        return [_spell(item) for item in value]
    return {key: _spell(item) for key, item in value.items()} if isinstance(value, dict) else value


def _spelled_type(kind: Any) -> Any:
    if isinstance(kind, pl.Struct):
        return pl.Struct({field.name: _spelled_type(field.dtype) for field in kind.fields})
    if isinstance(kind, pl.Array):
        return pl.Array(_spelled_type(kind.inner), kind.size)
    return (
        pl.List(_spelled_type(kind.inner)) if isinstance(kind, pl.List) else pl.String() if kind == pl.Binary else kind
    )


def scan_rows(path: Path) -> pl.LazyFrame:
    """Scan a file of OUT, or a table of the report; of JSONL only the columns of `documents.OUT`."""
    if is_jsonl(path):
        return pl.scan_ndjson(glob.escape(str(path)), schema=OUT)
    return pl.scan_parquet(path, glob=False)


class FolderWriter:
    """Write frames into `part-00000.parquet` and so on: FILE_ROWS rows each, or `file_bytes` of text.

    Where a file ends depends on the rows only: after a row group, never on how the rows were cut into frames.
    """

    def __init__(
        self, folder: Path, schema: dict[str, pl.DataType], metadata: dict[str, str], file_bytes: int | None = None
    ) -> None:
        """Begin a folder of Parquet files."""
        self.folder, self.schema, self.metadata, self.rows = folder, schema, metadata, 0
        self._file_bytes = file_bytes
        self._files = self._in_file = self._bytes = 0
        self._writer = self._next()

    def _next(self) -> ParquetWriter:
        writer = ParquetWriter(self.folder / f"part-{self._files:05}.parquet", self.schema, self.metadata)
        self._files += 1
        self._in_file = self._bytes = 0
        return writer

    def write(self, frame: pl.DataFrame) -> None:
        """Append the rows of a frame."""
        start = 0
        while start < frame.height:
            if self._is_full():
                self._writer.close()
                self._writer = self._next()
            piece = frame.slice(start, ROW_GROUP_ROWS - self._in_file % ROW_GROUP_ROWS)
            self._writer.write(piece)
            self._bytes += int(sum(piece[name].str.len_bytes().sum() for name in self._texts()))
            self._in_file += piece.height
            self.rows += piece.height
            start += piece.height

    def _texts(self) -> list[str]:
        return [name for name, dtype in self.schema.items() if dtype == pl.String]

    def _is_full(self) -> bool:
        if not self._in_file or self._in_file % ROW_GROUP_ROWS:
            return False
        return self._in_file >= FILE_ROWS if self._file_bytes is None else self._bytes >= self._file_bytes

    def close(self) -> None:
        """Finish the last file."""
        self._writer.close()


def open_out(
    place: Path, schema: dict[str, pl.DataType], metadata: dict[str, str], file_bytes: int | None = None
) -> Writer:
    """Begin an OUT: one file where its name ends in `.parquet` or `.jsonl`, else a folder of files of about `file_bytes` of text."""
    if is_jsonl(place):
        return JsonlWriter(place, schema)
    if place.suffix == OUT_SUFFIX:
        return ParquetWriter(place, schema, metadata)
    return FolderWriter(place, schema, metadata, file_bytes)
