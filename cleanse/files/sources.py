"""Find the inputs and divide them into shards. What a name means is decided here; what is inside, in `readers`."""

from __future__ import annotations

import fnmatch
import functools
import importlib.util
import itertools
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import xxhash

from cleanse.documents import (
    COMPRESSED_SUFFIXES,
    DOCUMENT_SUFFIXES,
    ROW_SUFFIXES,
    WEB_SUFFIXES,
    is_document_file,
    kind_of,
)
from cleanse.errors import InputError
from cleanse.files.addresses import Entry, can_seek, last_name, list_address, open_bytes, open_parquet
from cleanse.files.names import is_address, printable
from cleanse.files.walks import Skipped, Walk, find_base, pass_over

SHARD_BYTES = 8 << 20
MOST_PIECES = 4  # of one row group: each worker unpacks what stands before its piece, too
CHUNK_BYTES = 4 << 20
WEB_PARTS = ("fastwarc", "resiliparse")
# What makes text, or rows, of kinds of files that are not read here.
TOOLS = {
    ".pdf": "make text of it first, with pdftotext (Poppler) or Docling",
    **dict.fromkeys((".docx", ".odt", ".rtf", ".epub", ".tex"), "make text of it first: pandoc -t plain -o file.txt"),
    **dict.fromkeys((".doc", ".ppt", ".pptx"), "make text of it first, with LibreOffice: soffice --convert-to txt"),
    **dict.fromkeys((".xls", ".xlsx", ".ods"), "save its sheet as CSV first"),
    **dict.fromkeys((".zip", ".tar", ".tgz", ".7z", ".rar"), "unpack it first"),
    **dict.fromkeys((".xz", ".bz2", ".lz4"), "pack it again as .gz or .zst first"),
    **dict.fromkeys((".xml", ".json"), "make JSONL of it first, an object a line: jq -c '.[]'"),
    **dict.fromkeys(
        (".db", ".sqlite", ".duckdb"), "write its table as Parquet first: DuckDB's COPY ... TO 'file.parquet'"
    ),
    ".orc": "write it as Parquet first, with pyarrow",
    ".avro": "write it as Parquet first, with Polars: pl.read_avro",
}


@dataclass(frozen=True)
class InputFile:
    """One file to read: where it is, and the name it bears in ids and in the column `source`.

    `path` may be an address; then `tag` is what its store tells of the content, empty where it tells nothing.
    """

    path: str
    source: str
    kind: str
    size: int
    tag: str = ""


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
    """What one worker reads at a time, in input order: its spans, or the first `limit` documents of them."""

    number: int
    spans: tuple[Span, ...]
    limit: int | None = None


@dataclass(frozen=True)
class Inputs:
    """Everything to read, in order, the files passed over because their kind is unknown, and what was not walked into."""

    files: tuple[InputFile, ...]
    passed_over: tuple[str, ...]
    skipped: Skipped = field(default_factory=Skipped)

    def digest(self) -> str:
        """Give 32 hexadecimal digits of the names and the contents of the files.

        For the content of a file at an address stands what its store tells of it, so that it need not be read twice.
        """
        total = xxhash.xxh3_128()
        for file in self.files:
            total.update(f"{file.source}\0{file.size}\0".encode())
            for chunk in [file.tag.encode()] if file.tag else _chunks(file.path):
                total.update(chunk)
        return total.hexdigest()


def _chunks(path: str) -> Iterator[bytes]:
    try:
        with open_bytes(path) as stream:
            while chunk := stream.read(CHUNK_BYTES):
                yield chunk
    except OSError:
        return  # the reader puts the file into quarantine, with the reason


@dataclass(frozen=True)
class Wanted:
    """Which of the files that are found are wanted, by patterns of their names.

    A pattern with a slash is compared with the whole name relative to INPUT, one without with the last part of it.

    >>> (
    ...     Wanted(include=("*.txt", "a/*"), exclude=("draft*",)).accepts("b/c.txt"),
    ...     Wanted(exclude=("*.md",)).accepts("x.md"),
    ... )
    (True, False)
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def accepts(self, name: str) -> bool:
        """Say whether a file is wanted: no pattern of `exclude` matches it, and one of `include` if there are any."""
        matches = functools.partial(_matches, name)
        return not any(map(matches, self.exclude)) and (not self.include or any(map(matches, self.include)))


def _matches(name: str, pattern: str) -> bool:
    return fnmatch.fnmatchcase(name if "/" in pattern else name.rpartition("/")[2], pattern)


def find_inputs(inputs: Sequence[str | os.PathLike[str]], out: Path, wanted: Wanted | None = None) -> Inputs:
    """Find the files that INPUT... names: files, folders (recursive) and globs, in the order given, then by name.

    Hidden folders, outputs of cleanse and links to what is read already are passed over, and named in `skipped`.

    Raises:
        InputError: an input does not exist, is of unknown kind, or there is nothing to read.
    """
    names = [os.fspath(name) for name in inputs]
    files: list[InputFile] = []
    passed_over: list[str] = []
    skipped = Skipped()
    for name in names:
        found, single, not_read = _find(name, out)
        prefix = f"{_last_name(name)}/" if len(names) > 1 and not single else ""
        for entry in found:
            source = printable(f"{prefix}{entry.relative}")
            kind = kind_of(entry.relative)
            if wanted and not wanted.accepts(entry.relative):
                skipped.left_out.append(source)
                continue
            if kind is None or _is_special(entry.path):
                if single:
                    what = "unknown kind of file" if kind is None else "not a regular file"
                    hint = _name_tool([entry.relative]) or f"known are {_known_kinds()}"
                    raise InputError(what, where=printable(name), hint=hint)
                passed_over.append(source)
            else:
                files.append(InputFile(entry.path, source, kind, entry.size, entry.tag))
        skipped.add(not_read, prefix)
    if not files:
        hint = _name_tool(passed_over) or f"known kinds are {_known_kinds()}"
        if skipped.left_out:
            hint = f"--include and --exclude leave out all {len(skipped.left_out)} files that were found"
        elif skipped.outputs:
            hint = "outputs of cleanse are passed over: name the file itself to clean it again"
        raise InputError("nothing to read", where=", ".join(names), hint=hint)
    return Inputs(tuple(files), tuple(passed_over), skipped)


def _find(name: str, out: Path) -> tuple[list[Entry], bool, Skipped]:
    """Give the files of one INPUT, whether it is one file, and what was not gone into."""
    if is_address(name) and not os.path.exists(name):  # noqa: PTH110 - never raises
        found, single = list_address(name)
        wanted, skipped = (found, Skipped()) if single else pass_over(found)
        return wanted, single, skipped
    single = os.path.exists(name) and not os.path.isdir(name)  # noqa: PTH110, PTH112 - never raise
    walk = Walk(name, out)
    entries = [Entry(str(path), relative, _size(path), "") for path, relative in walk.find()]
    return entries, single, walk.skipped


def _name_tool(names: Sequence[str]) -> str | None:
    """Say what makes something that can be read of the first file that is known by its kind."""
    found = (TOOLS.get(os.path.splitext(name.lower())[1]) for name in names)  # noqa: PTH122 - names, not files
    return next((hint for hint in found if hint), None)


def _known_kinds() -> str:
    return f"{' '.join((*DOCUMENT_SUFFIXES, *ROW_SUFFIXES))}, also with {' or '.join(COMPRESSED_SUFFIXES)}"


def _is_special(path: str) -> bool:
    """Say whether it is a pipe, a device or a folder by a link: nothing that can be read twice and ends."""
    return os.path.exists(path) and not os.path.isfile(path)  # noqa: PTH110, PTH113 - never raise


def _last_name(name: str) -> str:
    if is_address(name):
        return last_name(name)
    if not os.path.exists(name):  # noqa: PTH110 - never raises
        name = find_base(name)
    return Path(name).resolve().name or "root"


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


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
    if file.size > shard_bytes and file.source.lower().endswith((".jsonl", ".ndjson")) and can_seek(file.path):
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


def check_sources(inputs: Inputs) -> None:
    """Refuse two files with the same name, since their documents could not be told apart; and what a missing extra reads.

    Raises:
        InputError: with the names that occur twice, or the extra to install.
    """
    _check_parts([file.source for file in inputs.files if file.kind in WEB_SUFFIXES])
    times = Counter(file.source for file in inputs.files)
    twice = sorted(source for source, count in times.items() if count > 1)
    if twice:
        documents = any(is_document_file(name) for name in twice)
        what = "two inputs give the same ids" if documents else "two inputs have the same name"
        raise InputError(what, where=", ".join(twice[:5]), hint="rename one, or run them apart")


def _check_parts(files: list[str]) -> None:
    """Refuse files of the web where the packages that read them are not installed."""
    missing = [name for name in WEB_PARTS if importlib.util.find_spec(name) is None] if files else []
    if missing:
        hint = "pip install 'cleanse-corpus[web]', or leave these files out with --exclude"
        raise InputError(f"HTML, WARC and WET need {' and '.join(missing)}", where=files[0], hint=hint)
