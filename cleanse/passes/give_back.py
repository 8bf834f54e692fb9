"""Give the input back, byte for byte, from OUT and its report."""

from __future__ import annotations

import io
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import xxhash

from cleanse.documents import is_document_file
from cleanse.encoding import CHARSET, UTF8
from cleanse.errors import CleanseError, InputError, OutputError
from cleanse.files import is_utf8, report_folder, store
from cleanse.memory import uncollected
from cleanse.passes.edits import NO_EDITS, group_edits, undo

ROWS = {"id": pl.String(), "text": pl.String(), "bytes": pl.Binary()}
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
    """What is given back into one folder: how much, and what could not be."""

    def __init__(self, folder: Path) -> None:
        self.counts = {"files": 0, "rows": 0, "quarantined": 0, "lost": 0}
        self._folder = folder
        self._failures: list[CleanseError] = []

    def give_all(self, out: Path, report: Path) -> None:
        originals = dict(_read(report / "originals.parquet").iter_rows())
        rows: dict[str, list[tuple[str, str | None, bytes | None]]] = {}
        for identity, source, text, charset in restore_texts(out, self._failures):
            if identity == source and is_document_file(source):
                self._write_text(identity, text, charset, originals.get(identity))
            else:
                rows.setdefault(source, []).append((identity, text, originals.get(identity)))
        refused: Counter[str] = Counter()
        for source, row, content in _read(report / "quarantine.parquet").select("source", "row", "bytes").iter_rows():
            if content is None:
                self.counts["lost"] += 1
            elif is_document_file(source):
                done = self._write(source, content)
                self.counts["files"] += done
                self.counts["quarantined"] += done
            else:
                identity = source if row is None else f"{source}#{row}"
                rows.setdefault(source, []).append((identity, content.decode(errors="replace"), content))
                refused[source] += 1
        for source, there in rows.items():
            frame = pl.DataFrame(there, schema=ROWS, orient="row")
            frame = frame.drop("bytes") if frame["bytes"].null_count() == frame.height else frame
            if self._write(f"{source}.parquet", _as_parquet(frame)):
                self.counts["rows"] += len(there)
                self.counts["quarantined"] += refused[source]

    def _write_text(self, identity: str, text: str, charset: str, original: bytes | None) -> None:
        try:
            data = text.encode(charset) if original is None else original
        except (LookupError, ValueError):
            self._failures.append(_misfit(identity))
        else:
            self.counts["files"] += self._write(identity, data)

    def _write(self, name: str, data: bytes) -> bool:
        """Write one file, or note why not: the others are written all the same."""
        try:
            path = _inside(self._folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.exists() and path.read_bytes() != data:
                hint = "give another folder with --to"
                raise OutputError("another file stands in its place", where=str(path), hint=hint)
            temporary = path.with_name(f".{xxhash.xxh3_64_hexdigest(path.name.encode())}.tmp")
            temporary.write_bytes(data)
            temporary.replace(path)
        except OutputError as error:
            self._failures.append(error)
        except OSError as error:
            self._failures.append(store.cannot_write(Path(str(error.filename or name)), error))
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


def _as_parquet(frame: pl.DataFrame) -> bytes:
    stream = io.BytesIO()
    frame.write_parquet(stream)
    return stream.getvalue()


def _read(path: Path) -> pl.DataFrame:
    return pl.read_parquet(path, glob=False)


def restore_texts(out: Path, failures: list[CleanseError]) -> Iterator[tuple[str, str, str, str]]:
    """Give (id, source, text as read, charset) of every document, kept or dropped, in input order.

    Documents whose hits do not fit their text go to `failures`.
    """
    report = report_folder(out)
    hits = _read(report / "hits.parquet")
    # Bytes are decoded even where the rule that says from which charset is in draft.
    decoded = pl.concat([hits, _read(report / "drafts.parquet")]).filter(
        (pl.col("rule") == CHARSET) & pl.col("line").is_null()
    )
    charsets = dict(decoded.select("id", "text").iter_rows())
    edits = group_edits(hits)
    kept = pl.concat(store.scan_rows(path).select("id", "source", "text").collect() for path in store.out_files(out))
    dropped = _read(report / "dropped.parquet").select("id", "source", "text")
    order = _read(report / "measures.parquet").select("id").with_row_index("place")
    every = pl.concat([kept, dropped]).join(order, on="id", how="left").sort("place")
    for identity, source, text in every.select("id", "source", "text").iter_rows():
        try:
            whole = undo(text, edits.get(identity, NO_EDITS))
        except (LookupError, RuntimeError, TypeError, ValueError):
            failures.append(_misfit(f"{out}, document {identity}"))
        else:
            yield identity, source, whole, charsets.get(identity, UTF8)


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
