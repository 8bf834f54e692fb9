"""Give the input back, byte for byte, from OUT and its report."""

from __future__ import annotations

import filecmp
import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import xxhash

from cleanse import documents
from cleanse.documents import is_document_file
from cleanse.encoding import CHARSET, UTF8
from cleanse.errors import CleanseError, InputError, OutputError
from cleanse.files import is_utf8, open_parquet, report_folder, store
from cleanse.memory import uncollected
from cleanse.passes.edits import NO_EDITS, group_edits, undo

ROWS = {"id": pl.String(), "text": pl.String(), "bytes": pl.Binary()}
STEP = 1_000  # rows of a table that are read at once
HELD_ROWS, HELD_BYTES = 5_000, 1 << 24  # of the rows that are given back, before they are written
Refused = tuple[str, int | None, bytes | None]  # source, row and bytes
NAME_BYTES = 255  # what Linux, macOS and Windows let a name have
SUFFIX_BYTES = 24


def restore(out: str | os.PathLike[str], to: str | os.PathLike[str]) -> dict[str, int]:
    """Write what was read into the folder `to`.

    One-document files come back as `to/<id>`, byte for byte. Rows come back as `to/<source>.parquet` with the columns `id, text`
    in input order. Quarantined rows follow them, with their bytes in a third column. A name that is too long is cut, and bears a
    digest. Gives the number of `files` and `rows` written, how many of them were `quarantined`, and how many quarantined ones are
    `lost`, since not one byte of them could be read.

    Raises:
        InputError: OUT or its report is missing, not ours or changed.
        OutputError: something cannot be written. All that can be given back is there nevertheless.
    """
    place, folder = Path(out), Path(to)
    report = report_folder(place)
    if not is_utf8(str(folder)):
        raise OutputError("the name of the folder is not UTF-8", where=ascii(str(folder)), hint="choose another name")
    if not place.exists() or store.read_metadata(place) is None:
        raise InputError("not an output of cleanse", where=str(place), hint="give the OUT of `cleanse run`")
    if not (report / "hits.parquet").exists():
        raise InputError("the report of this OUT is missing", where=str(report), hint="it must stand beside OUT")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        giving = _Giving(folder)
        with uncollected():
            giving.give_all(place, report)
    except (pl.exceptions.PolarsError, LookupError, RuntimeError, TypeError, ValueError) as error:
        raise _misfit(str(place)) from error
    except OSError as error:
        raise store.cannot_write(Path(str(error.filename or folder)), error) from error
    giving.raise_first()
    return giving.counts


def _misfit(where: str) -> InputError:
    hint = "one of them was changed, or comes from another run: run the same command again"
    return InputError("OUT and its report do not fit together", where=where, hint=hint)


class _Giving:
    """What is given back into one folder: how much, and what could not be. Memory holds some documents at a time."""

    def __init__(self, folder: Path) -> None:
        self.counts = {"files": 0, "rows": 0, "quarantined": 0, "lost": 0}
        self._folder = folder
        self._failures: list[CleanseError] = []

    def give_all(self, out: Path, report: Path) -> None:
        quarantine = _Quarantine(report / "quarantine.parquet")
        table: _Table | None = None
        for document in restore_texts(out, self._failures):
            if document.id == document.source and is_document_file(document.source):
                self._write_text(document)
                continue
            if table is None or table.source != document.source:
                self._end(table, quarantine)
                table = _Table(self._folder, document.source)
            self._try(table.add, document.id, document.text, document.original)
        self._end(table, quarantine)
        self._give_refused(quarantine.take_rest())

    def _end(self, table: _Table | None, quarantine: _Quarantine) -> None:
        """Finish the rows of one source: those in quarantine follow them."""
        if table is not None:
            self._give_refused(quarantine.take_through(table.source), table)

    def _give_refused(self, rows: Iterator[Refused], last: _Table | None = None) -> None:
        """Give back what is in quarantine: files of sources of which nothing else is there, and then the end of the `last` one."""
        table: _Table | None = None
        for source, row, content in rows:
            if content is None:
                self.counts["lost"] += 1
            elif is_document_file(source):
                done = self._write(source, content)
                self.counts["files"] += done
                self.counts["quarantined"] += done
            else:
                if table is None or table.source != source:
                    self._close(table)
                    table = last if last is not None and last.source == source else _Table(self._folder, source)
                identity = source if row is None else f"{source}#{row}"
                table.refused += 1
                self._try(table.add, identity, content.decode(errors="replace"), content)
        self._close(table)
        if last is not table:
            self._close(last)

    def _close(self, table: _Table | None) -> None:
        if table is not None and self._try(table.close):
            self.counts["rows"] += table.rows
            self.counts["quarantined"] += table.refused

    def _write_text(self, document: Document) -> None:
        try:
            data = document.text.encode(document.charset) if document.original is None else document.original
        except (LookupError, ValueError):
            self._failures.append(_misfit(document.id))
        else:
            self.counts["files"] += self._write(document.id, data)

    def _write(self, name: str, data: bytes) -> bool:
        def write() -> None:
            path = _inside(self._folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = _name_temporary(path)
            temporary.write_bytes(data)
            _appear(temporary, path)

        return self._try(write)

    def _try(self, do: Callable[..., None], *arguments: Any) -> bool:
        """Do one thing, or note why not: the others are done all the same. Say whether it is done."""
        try:
            do(*arguments)
        except _AlreadyToldError:
            return False
        except OutputError as error:
            self._failures.append(error)
        except OSError as error:
            self._failures.append(store.cannot_write(Path(str(error.filename or self._folder)), error))
        else:
            return True
        return False

    def raise_first(self) -> None:
        """Raise what went wrong first, with how many others did."""
        if not self._failures:
            return
        first, count = self._failures[0], len(self._failures)
        if count == 1:
            raise first
        others = f"{count - 1} more cannot be given back; all else is in {self._folder}"
        raise type(first)(first.what, where=first.where, hint=f"{first.hint}; {others}")


class _AlreadyToldError(Exception):
    """Something about a table that failed before."""


class _Table:
    """The rows of one source as they come back: written some at a time, with their bytes from the first one that has some."""

    def __init__(self, folder: Path, source: str) -> None:
        self.source, self.rows, self.refused = source, 0, 0
        self._folder = folder
        self._waiting: list[tuple[str, str, bytes | None]] = []
        self._size = 0
        self._writer: store.ParquetWriter | None = None
        self._failed = False

    def add(self, identity: str, text: str, content: bytes | None) -> None:
        self.rows += 1
        self._waiting.append((identity, text, content))
        self._size += len(text) + len(content or b"")
        if len(self._waiting) >= HELD_ROWS or self._size >= HELD_BYTES:
            self._guard(self._flush)

    def close(self) -> None:
        self._guard(self._finish)

    def _guard(self, do: Callable[[], None]) -> None:
        """Let a table fail once, and leave nothing behind."""
        if self._failed:
            raise _AlreadyToldError
        try:
            do()
        except BaseException:
            self._failed = True
            self._waiting.clear()
            if self._writer is not None:
                self._writer.discard()
            raise

    def _flush(self) -> None:
        frame = pl.DataFrame(self._waiting, schema=ROWS, orient="row")
        self._waiting, self._size = [], 0
        if self._writer is None:
            path = _inside(self._folder, f"{self.source}.parquet")
            path.parent.mkdir(parents=True, exist_ok=True)
            self._path = path
            self._writer = self._begin(with_bytes=frame["bytes"].null_count() < frame.height)
        elif "bytes" not in self._writer.schema and frame["bytes"].null_count() < frame.height:
            self._writer.close()
            before = self._writer.path.rename(self._writer.path.with_suffix(".before"))
            self._writer = self._begin(with_bytes=True)
            for rows in _scan(before, ["id", "text"]):
                self._writer.write(rows.with_columns(bytes=pl.lit(None, pl.Binary)))
            before.unlink()
        self._writer.write(frame)

    def _begin(self, *, with_bytes: bool) -> store.ParquetWriter:
        schema = {name: kind for name, kind in ROWS.items() if with_bytes or name != "bytes"}
        return store.ParquetWriter(_name_temporary(self._path), schema)

    def _finish(self) -> None:
        if self._waiting or self._writer is None:
            self._flush()
        assert self._writer is not None
        self._writer.close()
        _appear(self._writer.path, self._path)


class _Quarantine:
    """The rows of quarantine, in input order, each taken once."""

    def __init__(self, path: Path) -> None:
        sources = pl.scan_parquet(path, glob=False).select("source").collect()["source"]
        self._left = Counter(dict(sources.value_counts().iter_rows()))
        frames = _scan(path, ["source", "row", "bytes"])
        self._rows: Iterator[Refused] = (row for frame in frames for row in frame.iter_rows())

    def take_through(self, source: str) -> Iterator[Refused]:
        """Give the rows of a source, and before them those of sources that come earlier and were not taken."""
        while self._left[source] > 0:
            refused = next(self._rows)
            self._left[refused[0]] -= 1
            yield refused

    def take_rest(self) -> Iterator[Refused]:
        """Give all rows that were not taken."""
        return self._rows


def _name_temporary(path: Path) -> Path:
    return path.with_name(f".{xxhash.xxh3_64_hexdigest(path.name.encode())}.tmp")


def _appear(temporary: Path, path: Path) -> None:
    """Let what was written appear under its name, where nothing else stands."""
    if path.exists() and not (path.is_file() and filecmp.cmp(temporary, path, shallow=False)):
        temporary.unlink()
        raise OutputError("another file stands in its place", where=str(path), hint="give another folder with --to")
    temporary.replace(path)


def _scan(path: Path, columns: list[str]) -> Iterator[pl.DataFrame]:
    """Read a file of OUT or a table of the report, STEP rows at a time."""
    if store.is_jsonl(path):
        yield from store.scan_rows(path).select(columns).collect_batches(chunk_size=STEP, maintain_order=True)
        return
    with open_parquet(str(path)) as parquet:
        for batch in parquet.iter_batches(STEP, columns=columns):
            yield pl.DataFrame(pl.from_arrow(batch)).select(columns)


class _Follower:
    """A table whose rows stand in the order of the documents, some of them or many rows each; taken as the documents come."""

    def __init__(self, frames: Iterator[pl.DataFrame]) -> None:
        self._frames = frames
        self._ahead = next(frames, None)

    def take(self, identities: pl.Series) -> pl.DataFrame | None:
        """Give the rows of these documents; None where there are none."""
        found = []
        while self._ahead is not None:
            inside = self._ahead["id"].is_in(identities.implode())
            count = self._ahead.height if inside.all() else inside.arg_min() or 0
            if count:
                found.append(self._ahead.head(count))
            if count < self._ahead.height:
                self._ahead = self._ahead.slice(count)
                break
            self._ahead = next(self._frames, None)
        return pl.concat(found) if found else None

    def is_empty(self) -> bool:
        """Say whether all rows were taken."""
        return self._ahead is None


class Document(NamedTuple):
    """A document as it was read; `original` holds its bytes where its text and charset do not tell them."""

    id: str
    source: str
    text: str
    charset: str
    original: bytes | None


def restore_texts(out: Path, failures: list[CleanseError]) -> Iterator[Document]:
    """Give every document, kept or dropped, in input order.

    All tables stand in this order, so each is read once, STEP rows at a time. Documents whose hits do not fit their text go to `failures`.

    Raises:
        ValueError: the tables do not have the same documents in the same order.
    """
    report = report_folder(out)
    texts = ["id", "source", "text"]
    kept = _Follower(frame for path in store.out_files(out) for frame in _scan(path, texts))
    dropped = _Follower(_scan(report / "dropped.parquet", texts))
    hits = _Follower(_scan(report / "hits.parquet", list(documents.HITS)))
    drafts = _Follower(_scan(report / "drafts.parquet", list(documents.HITS)))
    originals = _Follower(_scan(report / "originals.parquet", ["id", "bytes"]))
    for batch in _scan(report / "measures.parquet", ["id"]):
        own = batch["id"]
        there = [frame for frame in (kept.take(own), dropped.take(own)) if frame is not None]
        rows = {identity: (source, text) for frame in there for identity, source, text in frame.iter_rows()}
        if len(rows) != batch.height:
            raise ValueError("a document is missing")
        made = hits.take(own)
        edits = {} if made is None else group_edits(made)
        # Bytes are decoded even where the rule that says from which charset is in draft.
        charsets = {
            identity: charset
            for frame in (made, drafts.take(own))
            if frame is not None
            for identity, charset in frame.filter((pl.col("rule") == CHARSET) & pl.col("line").is_null())
            .select("id", "text")
            .iter_rows()
        }
        packed = originals.take(own)
        bytes_read = {} if packed is None else dict(packed.iter_rows())
        for identity in own:
            source, text = rows[identity]
            try:
                whole = undo(text, edits.get(identity, NO_EDITS))
            except (LookupError, RuntimeError, TypeError, ValueError):
                failures.append(_misfit(f"{out}, document {identity}"))
            else:
                charset = charsets.get(identity, UTF8)
                yield Document(identity, source, whole, charset, bytes_read.get(identity))
    if not all(table.is_empty() for table in (kept, dropped, hits)):
        raise ValueError("a document is unknown")


def _inside(folder: Path, name: str) -> Path:
    """Give the path of a name inside a folder, never outside of it; parts that no folder could hold are cut."""
    path = folder / Path(*map(_cut, Path(name).parts))
    if not path.resolve().is_relative_to(folder.resolve()) or path.resolve() == folder.resolve():
        raise OutputError("a name leads out of the folder", where=name, hint="this OUT was changed by somebody")
    return path


def _cut(part: str) -> str:
    """Cut a name of more bytes than a folder holds: its begin, a digest of the whole, and its end with the suffix.

    >>> len(_cut("x" * 300 + ".jsonl.parquet").encode()), _cut("short.txt")
    (255, 'short.txt')
    """
    data = part.encode()
    if len(data) <= NAME_BYTES:
        return part
    end = data[-SUFFIX_BYTES:].decode(errors="ignore")
    middle = f"~{xxhash.xxh3_64_hexdigest(data)}~"
    begin = data[: NAME_BYTES - len(middle) - len(end.encode())].decode(errors="ignore")
    return f"{begin}{middle}{end}"
