"""Put a finished OUT and its report on a store, whole or not at all.

All is made on this machine first, in the work folder. Then the report goes up, and OUT last. Where the store can hold back what was
sent until all of it is there (s3, gs), nothing can be seen before; elsewhere each file appears when it is whole.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from cleanse.errors import OutputError
from cleanse.files.addresses import ALIASES, connect, explain, open_parquet, protocol_of
from cleanse.files.names import printable
from cleanse.files.places import METADATA_PREFIX, OUT_SUFFIX, SUMMARY, is_jsonl, report_address

HELD_BACK = ("s3", "gs")  # stores that show a file when they are told to
LEAST_BLOCK, MOST_BLOCKS = 8 << 20, 9_000  # a store takes a file in 10 000 pieces at most


def check_remote_out(address: str, metadata: dict[str, str], *, overwrite: bool) -> None:
    """Refuse to replace what stands at an address, where it is not ours or was made from other input or with other options.

    What cleanse did not write is not replaced with `overwrite` either.

    Raises:
        OutputError: with the way out. StoreError: the store does not answer.
    """
    system, name = connect(address)
    report = connect(report_address(address))[1]
    try:
        there = system.exists(name)
        theirs = _read_metadata(address) if there else {}
        ours = bool(theirs) if there else not system.exists(report) or bool(_read_summary(address))
    except Exception as error:
        raise explain(error, address) from error
    if not ours:
        what = "OUT exists and is not an output of cleanse" if there else "the place of the report is taken"
        hint = "choose another OUT, or take away yourself what is there"
        raise OutputError(what, where=printable(address if there else report_address(address)), hint=hint)
    for key in ("input", "options") if there and not overwrite else ():
        if theirs.get(key) != metadata[key]:
            what = f"OUT exists and was made from other {key}"
            hint = "choose another OUT, or replace it with --overwrite"
            raise OutputError(what, where=printable(address), hint=hint)


def _read_summary(address: str) -> dict[str, Any]:
    """Read what the report beside an OUT at an address says; nothing where there is no report of ours."""
    system, name = connect(f"{report_address(address)}/{SUMMARY}")
    try:
        summary = orjson.loads(system.cat_file(name))
    except (FileNotFoundError, orjson.JSONDecodeError):
        return {}
    return summary if isinstance(summary, dict) and {"version", "ledger"} <= summary.keys() else {}


def _read_metadata(address: str) -> dict[str, str]:
    """Read the metadata of an OUT at an address; they are empty where cleanse did not write it."""
    import pyarrow as pa

    system, name = connect(address)
    if is_jsonl(Path(name)):
        mark = _read_summary(address).get("jsonl", {})
        return dict(mark["metadata"]) if mark and system.size(name) == mark["bytes"] else {}
    files = [address] if name.endswith(OUT_SUFFIX) else _parts(address)
    try:
        with open_parquet(files[0]) as parquet:
            found = parquet.schema_arrow.metadata or {}
    except (pa.ArrowException, IndexError):
        return {}
    prefix = METADATA_PREFIX.encode()
    return {key.removeprefix(prefix).decode(): value.decode() for key, value in found.items() if key.startswith(prefix)}


def _parts(address: str) -> list[str]:
    """Give the addresses of the files of an OUT that is a folder, in their order."""
    system, name = connect(address)
    found = sorted(system.find(name))
    protocol = protocol_of(address)
    return [f"{protocol}://{part}" for part in found if part.rpartition("/")[2].startswith("part-")]


def upload(made: Path, report: Path, address: str) -> None:
    """Put a report and an OUT on a store: the report first, OUT last, and what an older OUT had more of is taken away.

    Raises:
        InputError: no right to it. StoreError: the store does not answer; what was made stays in the work folder.
    """
    files = [*_pair(report, report_address(address)), *_pair(made, address.rstrip("/"))]
    system, _ = connect(address)
    try:
        old = set(_parts(address)) if made.is_dir() else set()
        with _held_back(system, address):
            for path, place in files:
                _send(system, path, place)
        system.invalidate_cache()
        for surplus in sorted(old - {place for _, place in files}):
            system.rm_file(connect(surplus)[1])
    except Exception as error:
        raise explain(error, address) from error


def _pair(made: Path, address: str) -> list[tuple[Path, str]]:
    """Give each file of a folder, or the one file, with its address."""
    if not made.is_dir():
        return [(made, address)]
    paths = sorted(path for path in made.rglob("*") if path.is_file())
    return [(path, f"{address}/{path.relative_to(made).as_posix()}") for path in paths]


@contextlib.contextmanager
def _held_back(system: Any, address: str) -> Iterator[None]:
    """Let all files that are sent inside appear together at the end, or none of them where it fails."""
    if ALIASES.get(protocol_of(address), protocol_of(address)) not in HELD_BACK:
        yield
        return
    with system.transaction:
        yield


def _send(system: Any, path: Path, address: str) -> None:
    _, name = connect(address)
    if not system._intrans:  # noqa: SLF001 - a transaction has no other sign
        system.put_file(os.fspath(path), name)
        return
    block = max(LEAST_BLOCK, path.stat().st_size // MOST_BLOCKS)
    with path.open("rb") as source, system.open(name, "wb", block_size=block) as target:
        shutil.copyfileobj(source, target, LEAST_BLOCK)
