"""Give the input back, byte for byte, from OUT and its report."""

from __future__ import annotations

import itertools
import operator
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import polars as pl

from cleanse import segments
from cleanse.documents import is_document_file
from cleanse.encoding import CHARSET, LINE_ENDS, UTF8
from cleanse.errors import InputError, OutputError
from cleanse.files import is_utf8, report_folder, store

_LINE = operator.attrgetter("line")


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
    # Bytes are decoded even where the rule that says from which charset is in draft.
    decoded = (pl.col("rule") == CHARSET) & pl.col("line").is_null()
    edits = group_edits(pl.concat([_read(report / "hits.parquet"), _read(report / "drafts.parquet").filter(decoded)]))
    kept = pl.concat(_read(path).select("id", "source", "text") for path in store.out_files(out))
    dropped = _read(report / "dropped.parquet").select("id", "source", "text")
    order = _read(report / "measures.parquet").select("id").with_row_index("place")
    every = pl.concat([kept, dropped]).join(order, on="id", how="left").sort("place")
    for identity, source, text in every.select("id", "source", "text").iter_rows():
        own = edits.get(identity, [])
        charset = next((edit.text for edit in own if edit.rule == CHARSET and edit.line is None), UTF8)
        yield identity, source, undo(text, own), charset


class Edit(NamedTuple):
    """A hit that changed the text; `replacement` is None for a strip that took its line along."""

    line: int | None
    start: int
    end: int
    text: str
    replacement: str | None
    rule: str
    strips: bool


def group_edits(hits: pl.DataFrame) -> dict[str, list[Edit]]:
    """Give what fixes and strips did to each document, by its id, in the order of lines and places.

    Reads: the columns of hits.parquet.
    """
    edits = hits.filter(pl.col("action").is_in(["fix", "strip"])).with_columns(strips=pl.col("action") == "strip")
    edits = edits.with_columns(pl.col("id").rle_id().alias("run")).sort(
        "run", "line", "start", "end", maintain_order=True
    )
    made = list(map(Edit._make, zip(*(edits[name].to_list() for name in Edit._fields), strict=True)))
    found: dict[str, list[Edit]] = {}
    place = 0
    for identity, length in edits["id"].rle().struct.unnest().select("value", "len").iter_rows():
        found.setdefault(identity, []).extend(made[place : place + length])
        place += length
    return found


def undo(clean: str, edits: list[Edit]) -> str:
    r"""Undo fixes and strips: give the text as read from the clean text and the document's edits, in the order of places.

    >>> undo("cd", [Edit(0, 0, 2, "ab", None, "boilerplate/x", strips=True)])
    'ab\ncd'
    """
    if not edits:
        return clean
    returns = False
    rest = clean.split("\n")
    lines: list[str] = []
    alone: set[int] = set()  # lines that went with their break, and with the return before it
    taken = 0  # lines of the clean text that are used up
    for number, group in itertools.groupby(edits, _LINE):
        if number is None:
            returns = any(edit.rule == LINE_ENDS for edit in group)
            continue
        own = list(group)
        gap = number - len(lines)
        if gap < 0 or taken + gap > len(rest):
            raise ValueError("a hit stands behind the last line")
        lines += rest[taken : taken + gap]
        taken += gap
        if any(edit.strips and edit.replacement is None for edit in own):
            lines.append("".join(text for _, _, text in _join_strips(own)))
            alone.add(number)
        elif taken == len(rest):
            raise ValueError("a hit stands behind the last line")
        else:
            lines.append(_fill(rest[taken], own))
            taken += 1
    lines += rest[taken:]
    if not returns:
        return "\n".join(lines)
    # A strip that leaves a line behind leaves its return.
    ended = [line if number in alone else f"{line}\r" for number, line in enumerate(lines[:-1])]
    return "\n".join([*ended, lines[-1]])


def _join_strips(edits: list[Edit]) -> list[tuple[int, int, str]]:
    """Give the union of what strips took from a line: start, end and text of each stretch."""
    union: list[tuple[int, int, str]] = []
    parts: list[str] = []
    begin = reach = -1
    for edit in edits:
        if not edit.strips or edit.start == edit.end:
            continue
        if len(edit.text) != edit.end - edit.start:
            raise ValueError("a hit is not as long as its text")
        if edit.start > reach:
            if parts:
                union.append((begin, reach, "".join(parts)))
            begin, reach, parts = edit.start, edit.end, [edit.text]
        elif edit.end > reach:
            parts.append(edit.text[reach - edit.start :])
            reach = edit.end
    return [*union, (begin, reach, "".join(parts))] if parts else union


def _fill(line: str, edits: list[Edit]) -> str:
    """Put the text as read back into one line: what strips took, and what fixes changed and no strip took."""
    stretches = [(start, end, text, 0) for start, end, text in _join_strips(edits)]
    union = [(start, end) for start, end, _, _ in stretches]
    fixes = [
        (edit.start, edit.end, edit.text, len(edit.replacement or ""))
        for edit in edits
        if not edit.strips and not (union and segments.lies_in(edit.start, edit.end, union))
    ]
    parts, cursor, position = [], 0, 0
    for start, end, text, length in sorted([*stretches, *fixes]) if stretches else fixes:
        untouched = start - position
        parts += [line[cursor : cursor + untouched], text]
        cursor += untouched + length
        position = end
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
