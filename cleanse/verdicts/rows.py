"""The file of verdicts: what people said about hits, one JSON object a line, so that it can be committed and merged.

A line is never changed. Who changes their mind adds a line, and the last line of a reviewer about a hit counts.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import IO, Any, Literal, get_args

import orjson
import polars as pl
import xxhash

from cleanse.errors import InputError, OutputError

Word = Literal["right", "wrong", "unsure", "withdrawn"]
WORDS: tuple[str, ...] = get_args(Word)
WITHDRAWN = "withdrawn"
TEXT_CHARS = 2_000  # characters of a text that the file holds; the digest is of all of it


@dataclass(frozen=True)
class Verdict:
    """What a reviewer says about one hit: that the rule was right, or wrong, or that it cannot be told.

    `text` is what was hit; `context` the whole line it stands in, null where the line is the text; of a duplicate the text of the
    kept twin. `replacement` is what a fix put there. `language` and `source` are those of the document `id`. `drawn` says how the hit was
    chosen: by `chance`, in `doubt` (where the rule is least sure), or null. `withdrawn` takes an earlier word back.
    """

    rule: str
    version: str
    language: str
    source: str | None
    id: str | None
    text: str
    context: str | None
    replacement: str | None
    digest: str
    verdict: Word
    reviewer: str
    remark: str = ""
    drawn: str | None = None


COLUMNS: tuple[str, ...] = tuple(field.name for field in fields(Verdict))
REQUIRED = ("rule", "text", "verdict")


def digest_hit(text: str, context: str | None = None, replacement: str | None = None) -> str:
    """Give 32 hexadecimal digits of a text that was hit, with its context and what a fix made of it.

    >>> digest_hit("Read more") == digest_hit("Read more", None), digest_hit("more") == digest_hit("more", "Read more")
    (True, False)
    """
    parts = orjson.dumps([text, context, replacement])
    return xxhash.xxh3_128_hexdigest(parts)


def make_verdict(row: dict[str, Any], where: str = "") -> Verdict:
    """Make a verdict of a row that somebody wrote: what may be left out is filled in, long texts are cut.

    Raises:
        InputError: a column is missing, unknown or of another type, or the verdict is not one of WORDS.
    """
    hint = f"a verdict has the columns {', '.join(COLUMNS)}"
    unknown = sorted(set(row) - set(COLUMNS))
    missing = [name for name in REQUIRED if not isinstance(row.get(name), str)]
    if unknown or missing:
        names = f"unknown: {', '.join(unknown)}" if unknown else f"missing: {', '.join(missing)}"
        raise InputError(f"not a verdict, {names}", where=where or None, hint=hint)
    wrong = [name for name in COLUMNS if row.get(name) is not None and not isinstance(row[name], str)]
    if wrong:
        raise InputError(f"not a verdict, not a text: {', '.join(wrong)}", where=where or None, hint=hint)
    if row["verdict"] not in WORDS:
        hint = f"write one of {', '.join(WORDS)}"
        raise InputError(f"no such verdict: {row['verdict']!r}", where=where or None, hint=hint)
    text, context, replacement = row["text"], row.get("context"), row.get("replacement")
    return Verdict(
        rule=row["rule"],
        version=row.get("version") or "",
        language=row.get("language") or "und",
        source=row.get("source"),
        id=row.get("id"),
        text=text[:TEXT_CHARS],
        context=context[:TEXT_CHARS] if context is not None else None,
        replacement=replacement[:TEXT_CHARS] if replacement is not None else None,
        digest=row.get("digest") or digest_hit(text, context, replacement),
        verdict=row["verdict"],
        reviewer=row.get("reviewer") or "",
        remark=row.get("remark") or "",
        drawn=row.get("drawn"),
    )


def read_verdicts(path: str | os.PathLike[str]) -> list[Verdict]:
    """Read a file of verdicts, all lines in their order.

    A last line that a crash cut off is left out: nobody was told that it is there.

    Raises:
        InputError: there is no such file, or a line is not a verdict; it is named.
    """
    place = Path(path)
    try:
        data = place.read_bytes()
    except FileNotFoundError as error:
        hint = "`cleanse review` and `cleanse verdicts add` begin one"
        raise InputError("no such file of verdicts", where=str(place), hint=hint) from error
    return _parse(data, str(place))


def _parse(data: bytes, name: str) -> list[Verdict]:
    found = []
    lines = data.split(b"\n")
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        where = f"{name}, line {number}"
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            if number == len(lines):  # the write of this line was cut short, and nobody was told that it is there
                break
            hint = "each line is one JSON object; lines of a conflict of a merge go, all others stay"
            raise InputError("not valid JSON", where=where, hint=hint) from error
        if not isinstance(row, dict):
            raise InputError("not a JSON object", where=where, hint=f"write {{{', '.join(COLUMNS)}}}")
        found.append(make_verdict(row, where))
    return found


def append_verdicts(path: str | os.PathLike[str], verdicts: Iterable[Verdict]) -> None:
    """Add verdicts to a file, and return when they are on the disk.

    Several writers wait for each other.

    Raises:
        OutputError: the file cannot be written.
    """
    place = Path(path)
    lines = b"".join(orjson.dumps(asdict(verdict), option=orjson.OPT_APPEND_NEWLINE) for verdict in verdicts)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("ab+") as file:
            _lock(file)
            file.truncate(_whole_length(file))
            file.seek(0, os.SEEK_END)
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        reason = error.strerror or str(error)
        hint = "choose another file, or mend its permissions"
        raise OutputError(f"cannot write: {reason}", where=str(place), hint=hint) from error


def _lock(file: IO[bytes]) -> None:
    """Wait until nobody else writes to the file; the lock goes when the file is closed."""
    try:
        import fcntl
    except ImportError:  # no such locks on this system
        return
    fcntl.flock(file, fcntl.LOCK_EX)


def _whole_length(file: IO[bytes]) -> int:
    """Give the length of the file without a last line that was cut off; one that only lacks its line break gets it."""
    end = file.seek(0, os.SEEK_END)
    start = end
    tail = b""
    while start and b"\n" not in tail:
        start = max(0, start - 65_536)
        file.seek(start)
        tail = file.read(end - start)
    last = tail.rpartition(b"\n")[2]
    if not last:
        return end
    try:
        orjson.loads(last)
    except orjson.JSONDecodeError:
        return end - len(last)
    file.seek(0, os.SEEK_END)
    file.write(b"\n")
    file.flush()
    return end + 1


def import_verdicts(path: str | os.PathLike[str], others: Sequence[str | os.PathLike[str]]) -> tuple[int, int]:
    """Add the verdicts of other files to a file, each once.

    Reads .jsonl, .csv and .parquet. Gives how many were new, and how many were there already.

    Raises:
        InputError: a file is missing or of another kind, or a row is not a verdict; nothing is added then.
    """
    place = Path(path)
    there = set(read_verdicts(place)) if place.exists() else set()
    new: dict[Verdict, None] = {}
    seen = 0
    for other in map(Path, others):
        for verdict in _read_any(other):
            seen += 1
            if verdict not in there:
                new.setdefault(verdict)
    append_verdicts(place, new)
    return len(new), seen - len(new)


def _read_any(path: Path) -> list[Verdict]:
    if path.suffix not in (".csv", ".parquet"):
        return read_verdicts(path)
    if not path.exists():
        raise InputError("no such file of verdicts", where=str(path), hint="check the spelling")
    try:
        table = pl.read_csv(path, infer_schema=False) if path.suffix == ".csv" else pl.read_parquet(path, glob=False)
    except pl.exceptions.PolarsError as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"cannot be read: {reason}", where=str(path), hint="save it as JSON lines") from error
    return [make_verdict(row, f"{path}, row {number}") for number, row in enumerate(table.to_dicts())]


def keep_last(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """Give what each reviewer says last about each hit.

    In the order of the file; what was withdrawn is gone.

    >>> first = make_verdict({"rule": "x/y", "text": "a", "verdict": "wrong"})
    >>> keep_last([first, make_verdict({"rule": "x/y", "text": "a", "verdict": "withdrawn"})])
    []
    """
    last: dict[tuple[str, str, str], Verdict] = {}
    for verdict in verdicts:
        key = (verdict.rule, verdict.digest, verdict.reviewer)
        last.pop(key, None)
        last[key] = verdict
    return [verdict for verdict in last.values() if verdict.verdict != WITHDRAWN]
