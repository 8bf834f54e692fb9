"""Find the inputs and divide them into shards. What a name means is decided here; what is inside, in `readers`."""

from __future__ import annotations

import contextlib
import glob
import itertools
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xxhash

from cleanse.documents import COMPRESSED_SUFFIXES, DOCUMENT_SUFFIXES, ROW_SUFFIXES, is_document_file, kind_of
from cleanse.errors import InputError, OptionError

SHARD_BYTES = 16 << 20
MOST_PIECES = 4  # of one row group: each worker unpacks what stands before its piece, too
CHUNK_BYTES = 4 << 20


@dataclass(frozen=True)
class InputFile:
    """One file to read: where it is, and the name it bears in ids and in the column `source`."""

    path: str
    source: str
    kind: str
    size: int


@dataclass(frozen=True)
class Span:
    """A part of one file: all of it, some row groups of a Parquet file, or some bytes of a JSONL file.

    `start` and `stop` are row groups or bytes; `first_row` is the number of the first row in the file. Of a large row group a span may
    be `rows` rows behind the first `skip`.
    """

    file: InputFile
    start: int = 0
    stop: int | None = None
    first_row: int = 0
    skip: int = 0
    rows: int | None = None


@dataclass(frozen=True)
class Shard:
    """What one worker reads at a time, in input order."""

    number: int
    spans: tuple[Span, ...]


@dataclass(frozen=True)
class Inputs:
    """Everything to read, in order, and the files passed over because their kind is unknown."""

    files: tuple[InputFile, ...]
    passed_over: tuple[str, ...]

    def digest(self) -> str:
        """Give 32 hexadecimal digits of the names and the contents of the files."""
        total = xxhash.xxh3_128()
        for file in self.files:
            total.update(f"{file.source}\0{file.size}\0".encode())
            for chunk in _chunks(file.path):
                total.update(chunk)
        return total.hexdigest()


def _chunks(path: str) -> Iterator[bytes]:
    try:
        with open(path, "rb") as stream:  # noqa: PTH123 - the hot loop of reading
            while chunk := stream.read(CHUNK_BYTES):
                yield chunk
    except OSError:
        return  # the reader puts the file into quarantine, with the reason


def find_inputs(inputs: Sequence[str | os.PathLike[str]], out: Path) -> Inputs:
    """Find the files that INPUT... names: files, folders (recursive) and globs, in the order given, then by name.

    OUT, its report and its work folder are never inputs.

    Raises:
        InputError: an input does not exist, is of unknown kind, or there is nothing to read.
    """
    own = {_real(out), _real(report_folder(out)), _real(work_folder(out))}
    names = [os.fspath(name) for name in inputs]
    files: list[InputFile] = []
    passed_over: list[str] = []
    for name in names:
        single = os.path.exists(name) and not os.path.isdir(name)  # noqa: PTH110, PTH112 - never raise
        for path, relative in _walk(name, own):
            prefix = f"{_last_name(name)}/" if len(names) > 1 and not single else ""
            source = _printable(f"{prefix}{relative}")
            kind = kind_of(relative)
            if kind is None or _is_special(path):
                if single:
                    what = "unknown kind of file" if kind is None else "not a regular file"
                    raise InputError(what, where=name, hint=f"known are {_known_kinds()}")
                passed_over.append(source)
            else:
                files.append(InputFile(str(path), source, kind, _size(path)))
    if not files:
        raise InputError("nothing to read", where=", ".join(names), hint=f"known kinds are {_known_kinds()}")
    return Inputs(tuple(files), tuple(passed_over))


def _known_kinds() -> str:
    return f"{' '.join((*DOCUMENT_SUFFIXES, *ROW_SUFFIXES))}, also with {' or '.join(COMPRESSED_SUFFIXES)}"


def report_folder(out: Path) -> Path:
    """Give the folder of the report: `out.parquet` -> `out.report`, `out` -> `out.report`."""
    return _beside(out, "report")


def work_folder(out: Path) -> Path:
    """Give the folder for work in progress, gone after success: `out.parquet` -> `out.work`."""
    return _beside(out, "work")


def _beside(out: Path, suffix: str) -> Path:
    stem = out.name.removesuffix(".parquet")
    if stem in ("", ".", ".."):
        raise OptionError("OUT has no name of its own", where=str(out), hint="name a file.parquet or a new folder")
    if not is_utf8(str(out)):
        raise OptionError("the name of OUT is not UTF-8", where=_printable(str(out)), hint="choose another name")
    return out.with_name(f"{stem}.{suffix}")


def is_utf8(name: str) -> bool:
    """Say whether a name from the system can be stored: Python carries other bytes as lone surrogates."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _real(path: Path) -> str:
    return os.path.realpath(path)


def _is_inside(path: str, folders: set[str]) -> bool:
    return any(path == folder or path.startswith(f"{folder}{os.sep}") for folder in folders)


def _is_special(path: Path) -> bool:
    """Say whether it is a pipe, a device or a folder by a link: nothing that can be read twice and ends."""
    return os.path.exists(path) and not os.path.isfile(path)  # noqa: PTH110, PTH113 - never raise


def _last_name(name: str) -> str:
    if not os.path.exists(name):  # noqa: PTH110 - never raises
        name = _glob_base(name)
    return Path(name).resolve().name or "root"


def _glob_base(pattern: str) -> str:
    parts = []
    for part in Path(pattern).parts:
        if glob.has_magic(part):
            break
        parts.append(part)
    return str(Path(*parts)) if parts else "."


def _printable(name: str) -> str:
    r"""Give a name that can be stored: bytes that are not UTF-8 are written as \\xNN."""
    return os.fsencode(name).decode("utf-8", errors="backslashreplace")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _walk(name: str, own: set[str]) -> Iterator[tuple[Path, str]]:
    path = Path(name)
    if os.path.exists(name) and _is_inside(_real(path), own):  # noqa: PTH110 - never raises
        raise InputError("this input is OUT, or stands inside it", where=name, hint="choose another OUT")
    if os.path.isdir(name):  # noqa: PTH112 - never raises
        yield from _walk_folder(path, path, own)
    elif os.path.exists(name):  # noqa: PTH110
        yield path, path.name
    elif glob.has_magic(name):
        yield from _walk_glob(name, own)
    else:
        raise InputError("no such file or folder", where=name, hint="check the spelling")


def _walk_glob(pattern: str, own: set[str]) -> Iterator[tuple[Path, str]]:
    """Give the files that a pattern matches, and those in the folders that it matches, each once."""
    base = Path(_glob_base(pattern))
    matches = sorted(glob.glob(pattern, recursive=True), key=os.fsencode)  # noqa: PTH207 - keeps absolute patterns simple
    if not matches:
        raise InputError("no file matches", where=pattern, hint="check the pattern, and quote it for the shell")
    seen: set[Path] = set()
    for match in map(Path, matches):
        if _is_inside(_real(match), own):
            continue
        for path, relative in _walk_folder(match, base, own) if match.is_dir() else [(match, _relative(match, base))]:
            if path not in seen:
                seen.add(path)
                yield path, relative


def _walk_folder(folder: Path, base: Path, own: set[str]) -> Iterator[tuple[Path, str]]:
    def refuse(error: OSError) -> None:
        raise InputError(f"cannot read: {error.strerror}", where=str(error.filename), hint="mend its rights")

    found: list[Path] = []
    for parent, folders, names in os.walk(folder, onerror=refuse):
        real = _real(Path(parent))
        links = [name for name in folders if os.path.islink(os.path.join(parent, name))]  # noqa: PTH114, PTH118
        folders[:] = [name for name in folders if os.path.join(real, name) not in own]  # noqa: PTH118
        names = [name for name in names if os.path.join(real, name) not in own]  # noqa: PTH118, PLW2901
        found.extend(Path(parent) / name for name in (*names, *links))
    for path in sorted(found, key=lambda path: os.fsencode(_relative(path, base))):
        yield path, _relative(path, base)


def _relative(path: Path, base: Path) -> str:
    return path.relative_to(base).as_posix()


def plan_shards(inputs: Inputs, shard_bytes: int = SHARD_BYTES) -> list[Shard]:
    """Divide the files into shards of about `shard_bytes`, in input order.

    Small files share a shard; Parquet files are cut between row groups and plain JSONL files between lines.
    """
    shards: list[Shard] = []
    group: list[Span] = []
    size = 0
    for span, amount in (part for file in inputs.files for part in _cut(file, shard_bytes)):
        if group and size + amount > shard_bytes:
            shards.append(Shard(len(shards), tuple(group)))
            group, size = [], 0
        group.append(span)
        size += amount
    return [*shards, Shard(len(shards), tuple(group))] if group else shards


def _cut(file: InputFile, shard_bytes: int) -> list[tuple[Span, int]]:
    if file.size > shard_bytes and file.path.lower().endswith((".jsonl", ".ndjson")):
        return _cut_lines(file, shard_bytes)
    if file.kind == ".parquet":
        return _cut_row_groups(file, shard_bytes)
    return [(Span(file), file.size)]


def _cut_lines(file: InputFile, shard_bytes: int) -> list[tuple[Span, int]]:
    """Cut a JSONL file behind the first line break after each `shard_bytes`; files in UTF-16 stay whole."""
    spans: list[tuple[Span, int]] = []
    start = position = row = first_row = 0
    wanted = shard_bytes
    for chunk in _chunks(file.path):
        if position == 0 and chunk[:2] in (b"\xff\xfe", b"\xfe\xff", b"\x00\x00"):
            return [(Span(file), file.size)]
        offset = 0
        while position + len(chunk) > wanted and (found := chunk.find(b"\n", max(offset, wanted - position))) >= 0:
            row += chunk.count(b"\n", offset, found + 1)
            stop = position + found + 1
            spans.append((Span(file, start, stop, first_row), stop - start))
            start, first_row, offset, wanted = stop, row, found + 1, stop + shard_bytes
        row += chunk.count(b"\n", offset)
        position += len(chunk)
    return [*spans, (Span(file, start, position, first_row), position - start)] if position > start else spans


def _cut_row_groups(file: InputFile, shard_bytes: int) -> list[tuple[Span, int]]:
    import pyarrow as pa

    try:
        with open_parquet(file.path) as parquet:
            metadata = parquet.metadata
            groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
            sizes = [(group.total_byte_size, group.num_rows) for group in groups]
    except (pa.ArrowException, OSError):
        return [(Span(file), file.size)]  # the reader says what is wrong
    spans: list[tuple[Span, int]] = []
    start = amount = row = first_row = 0
    for number, (size, rows) in enumerate(sizes):
        pieces = min(MOST_PIECES, size // shard_bytes, rows)
        if amount and (amount + size > shard_bytes or pieces > 1):
            spans.append((Span(file, start, number, first_row), amount))
            start, amount, first_row = number, 0, row
        if pieces > 1:
            edges = [rows * piece // pieces for piece in range(pieces + 1)]
            for skip, end in itertools.pairwise(edges):
                spans.append((Span(file, number, number + 1, row + skip, skip, end - skip), size // pieces))
            start, first_row = number + 1, row + rows
        else:
            amount += size
        row += rows
    return [*spans, (Span(file, start, len(sizes), first_row), amount)] if start < len(sizes) or not spans else spans


@contextlib.contextmanager
def open_parquet(path: str) -> Iterator[Any]:
    """Open a Parquet file; pyarrow by itself cannot open a file whose name is not UTF-8."""
    import pyarrow.parquet

    with contextlib.ExitStack() as stack:
        source = path if is_utf8(path) else stack.enter_context(open(path, "rb"))  # noqa: PTH123
        yield stack.enter_context(pyarrow.parquet.ParquetFile(source))


def check_sources(inputs: Inputs) -> None:
    """Refuse two files with the same name, since their documents could not be told apart.

    Raises:
        InputError: with the names that occur twice.
    """
    times = Counter(file.source for file in inputs.files)
    twice = sorted(source for source, count in times.items() if count > 1)
    if twice:
        documents = any(is_document_file(name) for name in twice)
        what = "two inputs give the same ids" if documents else "two inputs have the same name"
        raise InputError(what, where=", ".join(twice[:5]), hint="rename one, or run them apart")
