"""Where OUT, its report and its work folder stand, what there is ours, and whether a run may write there."""

from __future__ import annotations

import contextlib
import functools
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import orjson
import xxhash

from cleanse.documents import ROW_SUFFIXES, kind_of
from cleanse.errors import InputError, OptionError, OutputError
from cleanse.files.addresses import ALIASES, connect, explain, open_parquet, protocol_of
from cleanse.files.names import is_address, is_utf8, printable

OUT_SUFFIX = ".parquet"
JSONL_SUFFIXES = (".jsonl", ".jsonl.gz", ".jsonl.zst")
STREAM = "-"  # OUT is the standard output
# No file has this name: it stands for the standard output, so that a report and a work folder have their places beside it.
STREAM_SUFFIX = ".stdout"
OUT_SUFFIXES = (OUT_SUFFIX, *JSONL_SUFFIXES, STREAM_SUFFIX)
KNOWN_OUTS = "a file.parquet, a file.jsonl (also .gz, .zst), a folder, each also at an address such as s3://bucket/clean.parquet, or - for the standard output"
DIGEST_BYTES = 4 << 20
METADATA_PREFIX = "cleanse."
SUMMARY = "summary.json"
REPORT_SUFFIX = ".report"
WRITTEN = ("s3", "gs", "az")  # stores that take an OUT
MANIFEST = "manifest.json"
KIND = re.compile(r"\.[0-9]*[A-Za-z][A-Za-z0-9]*")  # what a name ends in when it says a kind of file; `.2` says none
Identity = tuple[int, int]


def out_suffix(name: str) -> str:
    """Give the suffix of an OUT that is a file; it is empty for a folder.

    >>> out_suffix("a.parquet"), out_suffix("b.jsonl.zst"), out_suffix("folder")
    ('.parquet', '.jsonl.zst', '')
    """
    return next((suffix for suffix in OUT_SUFFIXES if name.endswith(suffix)), "")


def is_jsonl(out: Path) -> bool:
    """Say whether an OUT is written as JSONL; the standard output always is."""
    return out_suffix(out.name) not in ("", OUT_SUFFIX)


def is_stream(out: Path) -> bool:
    """Say whether an OUT stands for the standard output."""
    return out.name.endswith(STREAM_SUFFIX)


def report_folder(out: Path) -> Path:
    """Give the folder of the report: `out.parquet` -> `out.report`, `out` -> `out.report`."""
    return _beside(out, "report")


def work_folder(out: Path) -> Path:
    """Give the folder for work in progress, gone after success: `out.parquet` -> `out.work`."""
    return _beside(out, "work")


def _beside(out: Path, suffix: str) -> Path:
    stem = out.name.removesuffix(out_suffix(out.name))
    if stem in ("", ".", ".."):
        raise OptionError("OUT has no name of its own", where=str(out), hint="name a file.parquet or a new folder")
    if not is_utf8(str(out)):
        raise OptionError("the name of OUT is not UTF-8", where=printable(str(out)), hint="choose another name")
    return out.with_name(f"{stem}.{suffix}")


def out_files(out: Path) -> list[Path]:
    """List the files of an OUT: itself, or those of the folder that it is."""
    return sorted(out.glob("part-*.parquet")) if out.is_dir() else [out]


def read_metadata(out: Path) -> dict[str, str] | None:
    """Give our key-value metadata of an OUT without the prefix, or None where it is not ours.

    JSONL has no place for metadata: they stand in `summary.json`, with a digest by which the file is known.
    """
    import pyarrow as pa

    if is_jsonl(out):
        return _read_mark(out)

    files = out_files(out)
    if not files:
        return None
    try:
        with open_parquet(str(files[0])) as parquet:
            metadata = parquet.schema_arrow.metadata
    except (pa.ArrowException, OSError):
        return None
    ours = {
        key.decode().removeprefix(METADATA_PREFIX): value.decode()
        for key, value in (metadata or {}).items()
        if key.startswith(METADATA_PREFIX.encode())
    }
    return ours or None


def mark_jsonl(path: Path, metadata: dict[str, str]) -> dict[str, Any]:
    """Give what `summary.json` says of an OUT in JSONL: size and digest of the file, and our metadata."""
    found = path.stat()
    return {"bytes": found.st_size, "digest": _digest(path, found.st_size, found.st_mtime_ns), "metadata": metadata}


def _read_mark(out: Path) -> dict[str, str] | None:
    """Give the metadata of an OUT in JSONL, where its report says that it is the file that was written."""
    mark = _content_of(report_folder(out) / SUMMARY).get("jsonl")
    try:
        found = out.stat()
        if not mark or not out.is_file() or mark["bytes"] != found.st_size:
            return None
        return mark["metadata"] if mark["digest"] == _digest(out, found.st_size, found.st_mtime_ns) else None
    except (KeyError, OSError, TypeError):
        return None


@functools.lru_cache(maxsize=16)  # one command asks several times
def _digest(path: Path, size: int, changed: int) -> str:
    del size, changed  # they tell a file from what stood there before
    total = xxhash.xxh3_128()
    with path.open("rb") as stream:
        while chunk := stream.read(DIGEST_BYTES):
            total.update(chunk)
    return total.hexdigest()


def is_out(place: Path) -> bool:
    """Say whether a file or a folder is an OUT that cleanse wrote."""
    return place.exists() and (place.is_dir() or out_suffix(place.name) != "") and read_metadata(place) is not None


def is_report(folder: Path) -> bool:
    """Say whether a folder is a report that cleanse wrote."""
    return folder.name.endswith(REPORT_SUFFIX) and {"version", "ledger"} <= _keys_of(folder / SUMMARY)


def is_work(folder: Path) -> bool:
    """Say whether a folder is a work folder of cleanse."""
    return folder.name.endswith(".work") and (folder / "lock").exists() and "input" in _keys_of(folder / MANIFEST)


def _keys_of(path: Path) -> set[str]:
    return set(_content_of(path))


def _content_of(path: Path) -> dict[str, Any]:
    try:
        content = orjson.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def name_place(out: str | os.PathLike[str], report: Path | None = None) -> Path:
    """Give the place of OUT; that of `-`, the standard output, is beside its `report`.

    For an address it is the name that OUT would have in the folder where the command runs: its work folder stands beside that.

    Raises:
        OptionError: OUT is of a kind that cleanse does not write, or `report` does not fit it.
    """
    name = os.fspath(out)
    if name != STREAM:
        place = _local_name(name) if is_address(name) else Path(name)
        _check_kind(str(place))
        if report is not None:
            beside = report_address(name) if is_address(name) else report_folder(place)
            hint = f"it stands beside OUT, at {beside}"
            raise OptionError("--report is for OUT - only", where=str(report), hint=hint)
        return place
    example = "cleanse run INPUT... - --report clean.report"
    if report is None:
        raise OptionError("OUT is the standard output, and its report has no place", hint=f"name one: {example}")
    if report.suffix != ".report":
        hint = f"so it is known for what it is: {example}"
        raise OptionError("the name of a report must end in .report", where=str(report), hint=hint)
    return report.with_name(f"{report.stem}{STREAM_SUFFIX}")


def check_place(
    out: str | os.PathLike[str],
    inputs: Sequence[str | os.PathLike[str]],
    *,
    overwrite: bool,
    report: Path | None = None,
) -> Path:
    """Check OUT before any work: its kind, that it touches no INPUT, and that it takes the place of nothing of others.

    Gives its place, as `name_place` does.

    Raises:
        OptionError: OUT is of a kind that cleanse does not write. InputError: it is an INPUT, or holds one.
        OutputError: it lies in an INPUT, or something that cleanse did not write stands in its place.
    """
    place = name_place(out, report)
    names = [os.fspath(name) for name in inputs]
    remote = is_address(os.fspath(out))
    places = (work_folder(place),) if remote else (place, report_folder(place), work_folder(place))
    try:
        for one in places:
            with contextlib.suppress(FileNotFoundError):
                one.lstat()  # a name may be too long, or lead through a file
        _check_apart(places, names)
        if not remote:
            _check_ours(place, names, overwrite=overwrite)
    except OSError as error:
        reason = error.strerror or str(error)
        hint = "choose another OUT, or mend its folder"
        raise OutputError(f"cannot write: {reason}", where=str(place), hint=hint) from error
    if remote:
        _check_address(os.fspath(out), names)
    return place


def report_address(address: str) -> str:
    """Give the place of the report beside an OUT at an address.

    >>> report_address("s3://bucket/clean/out.parquet"), report_address("gs://bucket/out/")
    ('s3://bucket/clean/out.report', 'gs://bucket/out.report')
    """
    whole = address.rstrip("/")
    return f"{whole.removesuffix(out_suffix(whole))}{REPORT_SUFFIX}"


def _local_name(address: str) -> Path:
    """Name the file or folder in the folder where the command runs beside which the work folder of an address stands.

    Raises:
        OptionError: the address names no file or folder of its own, or nothing can be written to such addresses.
    """
    _, _, rest = address.partition("://")
    parts = [part for part in rest.split("/") if part]
    if ALIASES.get(protocol_of(address), protocol_of(address)) not in WRITTEN:
        hint = f"write here and copy it, or write to {' '.join(f'{name}://' for name in WRITTEN)}"
        raise OptionError(f"nothing can be written to {protocol_of(address)}://", where=printable(address), hint=hint)
    if len(parts) < 2:
        hint = "name a file.parquet or a folder in it"
        raise OptionError("OUT is a whole bucket", where=printable(address), hint=hint)
    return Path(parts[-1])


def _check_address(address: str, inputs: Sequence[str]) -> None:
    """Refuse an OUT at an address that is an INPUT, holds one or lies in one, or whose bucket cannot be seen.

    Raises:
        InputError: it touches an INPUT, there is no such bucket, or no right to it. StoreError: the store does not answer.
    """
    system, name = connect(address)
    for place in (name.rstrip("/"), connect(report_address(address))[1]):
        for other in filter(is_address, inputs):
            if protocol_of(other) == protocol_of(address):
                base = connect(other)[1].rstrip("/")
                if f"{place}/".startswith(f"{base}/") or f"{base}/".startswith(f"{place}/"):
                    hint = "choose an OUT outside of all INPUTs; it is the last argument of the command"
                    raise InputError("OUT lies in an INPUT, or holds one", where=printable(address), hint=hint)
    try:
        system.invalidate_cache()
        system.ls(name.partition("/")[0])
    except Exception as error:
        raise explain(error, address) from error


def _check_kind(out: str) -> None:
    hint = f"OUT is the last argument, {KNOWN_OUTS}: cleanse run INPUT... out.parquet"
    suffix = Path(out).suffix
    if not out.endswith((OUT_SUFFIX, *JSONL_SUFFIXES)) and KIND.fullmatch(suffix):
        raise OptionError(f"OUT cannot be of the kind {suffix}", where=printable(out), hint=hint)


def find_identity(path: str | Path) -> Identity | None:
    """Give device and inode of what stands there: they are the same whatever the way to it, links followed."""
    try:
        found = os.stat(path)  # noqa: PTH116 - also for names
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino


def find_identities_above(path: str | Path) -> set[Identity]:
    """Give the identities of all folders that a path lies in, by its name and by where its links lead."""
    absolute = Path(os.path.abspath(path))  # noqa: PTH100 - a link keeps its name
    parents = {*absolute.parents, *Path(os.path.realpath(path)).parents}
    return {identity for identity in map(find_identity, parents) if identity}


def _check_apart(places: Iterable[Path], inputs: Sequence[str]) -> None:
    """Refuse an OUT that is an INPUT, holds one or lies in one. Its report and its work folder count like OUT."""
    for place in places:
        own, above = find_identity(place), find_identities_above(place)
        for name in inputs:
            there = find_identity(name)
            if there is None:
                continue  # a pattern, or a name that the walk will refuse
            if own and (own == there or own in find_identities_above(name)):
                hint = "choose another OUT; it is the last argument of the command"
                raise InputError("this input is OUT, or stands inside it", where=printable(name), hint=hint)
            if there in above:
                where = f"{printable(str(place))} in {printable(name)}"
                raise OutputError("OUT lies in an INPUT", where=where, hint="choose an OUT outside of all INPUTs")


def _check_ours(out: Path, inputs: Sequence[str], *, overwrite: bool) -> None:
    """Refuse to take the place of what cleanse did not write, or of the report of another OUT."""
    report = report_folder(out)
    hint = "choose another OUT, or replace it with --overwrite"
    if not _is_free(out) and not is_out(out):
        folder = find_identity(out.parent)
        alike = (name for name in inputs if kind_of(name) == kind_of(out.name) and kind_of(name) in ROW_SUFFIXES)
        if any(find_identity(Path(name).parent) == folder for name in alike):
            hint = "name OUT too, as the last argument: cleanse run INPUT... out.parquet"
            raise OutputError("OUT is a file like the INPUTs beside it: is OUT missing?", where=str(out), hint=hint)
        if not overwrite:
            hint = f"choose another OUT; --overwrite moves this one aside, to {aside(out).name}"
            raise OutputError("OUT exists and is not an output of cleanse", where=str(out), hint=hint)
    if overwrite or _is_free(report):
        return
    if not is_report(report):
        hint = f"choose another OUT; --overwrite moves it aside, to {aside(report).name}"
        raise OutputError("the place of the report is taken", where=str(report), hint=hint)
    stem = out.name.removesuffix(out_suffix(out.name))
    for twin in (out.with_name(f"{stem}{suffix}") for suffix in ("", *OUT_SUFFIXES)):
        if twin.name != out.name and not os.path.lexists(out) and is_out(twin):
            raise OutputError(f"{report.name} is the report of {twin.name}", where=str(report), hint=hint)


def _is_free(place: Path) -> bool:
    """Say whether nothing stands there, or only an empty folder."""
    return not os.path.lexists(place) or (place.is_dir() and not place.is_symlink() and not any(place.iterdir()))


def aside(place: Path) -> Path:
    """Name a free place beside for something that cleanse did not write."""
    number = 1
    while os.path.lexists(moved := place.with_name(f"{place.name[:200]}.before-{number}")):
        number += 1
    return moved
