"""Give the input back, byte for byte, from OUT and its report."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from cleanse import segments
from cleanse.documents import is_document_file
from cleanse.encoding import CHARSET, LINE_ENDS, UTF8
from cleanse.errors import InputError, OutputError
from cleanse.files import is_utf8, report_folder, store
from cleanse.segments import Piece

HitRow = dict[str, Any]


def restore(out: str | os.PathLike[str], to: str | os.PathLike[str]) -> dict[str, int]:
    """Write what was read into the folder `to`.

    One-document files come back as `to/<id>`, quarantined ones included; documents from rows as `to/<source>.parquet` with
    the columns `id, text`, in input order. Gives the number of `files` and `rows` written.

    Raises:
        InputError: OUT or its report is missing or not ours. OutputError: `to` cannot be written.
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
        return _restore(place, report, folder)
    except (pl.exceptions.PolarsError, LookupError, RuntimeError, TypeError, ValueError) as error:
        hint = "one of them was changed, or comes from another run: run the same command again"
        raise InputError("OUT and its report do not fit together", where=str(place), hint=hint) from error
    except OSError as error:
        raise store.cannot_write(Path(str(error.filename or folder)), error) from error


def _restore(out: Path, report: Path, folder: Path) -> dict[str, int]:
    folder.mkdir(parents=True, exist_ok=True)
    originals = dict(_read(report / "originals.parquet").iter_rows())
    rows: dict[str, list[tuple[str, str]]] = {}
    counts = {"files": 0, "rows": 0}
    for identity, source, text, charset in restore_texts(out):
        if identity == source and is_document_file(source):
            data = originals.get(identity)
            _write(folder, identity, text.encode(charset) if data is None else data)
            counts["files"] += 1
        else:
            rows.setdefault(source, []).append((identity, text))
            counts["rows"] += 1
    for source, content in _read(report / "quarantine.parquet").select("source", "bytes").iter_rows():
        if is_document_file(source) and content is not None:
            _write(folder, source, content)
            counts["files"] += 1
    for source, texts in rows.items():
        path = _inside(folder, f"{source}.parquet")
        frame = pl.DataFrame(texts, schema={"id": pl.String, "text": pl.String}, orient="row")
        temporary = path.with_name(f"{path.name}.tmp")
        frame.write_parquet(temporary)
        temporary.replace(path)
    return counts


def _read(path: Path) -> pl.DataFrame:
    return pl.read_parquet(path, glob=False)


def restore_texts(out: Path) -> Iterator[tuple[str, str, str, str]]:
    """Give (id, source, text as read, charset) of every document, kept or dropped, in input order."""
    report = report_folder(out)
    acting = pl.col("action").is_in(["fix", "strip"])
    # Bytes are decoded even where the rule that says from which charset is in draft.
    decoded = (pl.col("rule") == CHARSET) & pl.col("line").is_null()
    hits = pl.concat([_read(report / "hits.parquet").filter(acting), _read(report / "drafts.parquet").filter(decoded)])
    by_id = {identity: group.to_dicts() for (identity,), group in hits.group_by("id", maintain_order=True)}
    kept = pl.concat(_read(path).select("id", "source", "text") for path in store.out_files(out))
    dropped = _read(report / "dropped.parquet").select("id", "source", "text")
    order = _read(report / "measures.parquet").select("id").with_row_index("place")
    every = pl.concat([kept, dropped]).join(order, on="id", how="left").sort("place")
    for identity, source, text in every.select("id", "source", "text").iter_rows():
        own = by_id.get(identity, [])
        whole = (hit["text"] for hit in own if hit["rule"] == CHARSET and hit["line"] is None)
        charset = next(whole, UTF8)
        yield identity, source, undo(text, own), charset


def undo(clean: str, hits: list[HitRow]) -> str:
    r"""Undo fixes and strips: give the text as read from the clean text and the document's hits.

    >>> hit = {
    ...     "rule": "boilerplate/x",
    ...     "action": "strip",
    ...     "line": 0,
    ...     "start": 0,
    ...     "end": 2,
    ...     "text": "ab",
    ...     "replacement": None,
    ... }
    >>> undo("cd", [hit])
    'ab\ncd'
    """
    if not hits:
        return clean
    returns = any(hit["rule"] == LINE_ENDS and hit["line"] is None for hit in hits)
    by_line: dict[int, list[HitRow]] = {}
    for hit in hits:
        if hit["line"] is not None:
            by_line.setdefault(hit["line"], []).append(hit)
    rest = iter(clean.split("\n"))
    lines: list[str] = []
    restored_return: list[bool] = []
    remaining = clean.count("\n") + 1
    while remaining or len(lines) in by_line:
        own = by_line.get(len(lines), [])
        if any(hit["action"] == "strip" and hit["replacement"] is None for hit in own):
            lines.append(_fill("", own, whole=True))
            restored_return.append(True)
        else:
            line = next(rest)
            remaining -= 1
            lines.append(_fill(line, own, whole=False))
            restored_return.append(False)  # a strip that leaves a line behind leaves its return
    if any(number >= len(lines) for number in by_line):
        raise ValueError("a hit stands behind the last line")
    if not returns:
        return "\n".join(lines)
    ended = [line if has else f"{line}\r" for line, has in zip(lines[:-1], restored_return, strict=False)]
    return "\n".join([*ended, lines[-1]])


def _fill(line: str, hits: list[HitRow], *, whole: bool) -> str:
    """Put the text as read back into one line: what strips took, and what fixes changed and no strip took."""
    taken: dict[int, str] = {}
    for hit in hits:
        if hit["action"] == "strip":
            taken.update(zip(range(hit["start"], hit["end"]), hit["text"], strict=True))
    if whole:
        return "".join(taken[place] for place in sorted(taken))
    union = segments.merge_spans((hit["start"], hit["end"]) for hit in hits if hit["action"] == "strip")
    edits = [Piece(start, end, "", "".join(taken[place] for place in range(start, end))) for start, end in union]
    edits += [
        Piece(hit["start"], hit["end"], hit["replacement"], hit["text"])
        for hit in hits
        if hit["action"] == "fix" and not any(start <= hit["start"] and hit["end"] <= end for start, end in union)
    ]
    parts, cursor, position = [], 0, 0
    for edit in sorted(edits):
        untouched = edit.start - position
        parts.append(line[cursor : cursor + untouched])
        cursor += untouched + len(edit.replacement or "")
        parts.append(edit.rule or "")
        position = edit.end
    return "".join([*parts, line[cursor:]])


def _inside(folder: Path, name: str) -> Path:
    """Give the path of a name inside a folder, never outside of it."""
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()) or path.resolve() == folder.resolve():
        raise OutputError("a name leads out of the folder", where=name, hint="this OUT was changed by somebody")
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _write(folder: Path, name: str, data: bytes) -> None:
    path = _inside(folder, name)
    temporary = path.with_name(f"{path.name}.tmp")
    temporary.write_bytes(data)
    temporary.replace(path)
