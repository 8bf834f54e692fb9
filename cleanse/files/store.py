"""The work folder and what is written there: parts, manifest, and the ledger that must balance."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from cleanse.errors import LedgerError, OutputError
from cleanse.files.places import (
    MANIFEST,
    METADATA_PREFIX,
    SUMMARY,
    aside,
    is_jsonl,
    is_out,
    is_report,
    is_work,
    mark_jsonl,
    out_files,
    out_suffix,
    read_metadata,
    work_folder,
)
from cleanse.files.writers import (
    FILE_ROWS,
    ROW_GROUP_ROWS,
    FolderWriter,
    JsonlWriter,
    ParquetWriter,
    Writer,
    open_out,
    scan_rows,
)

__all__ = [
    "FILE_ROWS",
    "METADATA_PREFIX",
    "ROW_GROUP_ROWS",
    "SUMMARY",
    "FolderWriter",
    "JsonlWriter",
    "Ledger",
    "ParquetWriter",
    "WorkFolder",
    "Writer",
    "are_whole",
    "cannot_write",
    "check_out",
    "find_os_error",
    "is_jsonl",
    "iterate_parts",
    "mark_jsonl",
    "open_out",
    "out_files",
    "out_suffix",
    "part_path",
    "part_schema",
    "publish",
    "read_metadata",
    "read_part",
    "scan_rows",
    "write_json",
    "write_part",
]


TEMPORARY = ".tmp"
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
PUBLISHED = "published"  # in the manifest: nothing is left to do but to tidy up


def write_json(path: Path, content: Any) -> None:
    """Write JSON so that the file is there whole or not at all."""
    with _temporary(path) as temporary:
        temporary.write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


@contextlib.contextmanager
def _temporary(path: Path) -> Iterator[Path]:
    """Give a name that nobody else writes to, and let what was written there appear under `path`.

    Two processes may do the same shard: one that a cluster took for lost, and the one that does its work again.
    """
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(4)}{TEMPORARY}")
    try:
        yield temporary
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    temporary.replace(path)


class WorkFolder:
    """`OUT.work/`: tables in parts, one marker for each finished shard, so that a killed run goes on."""

    def __init__(self, out: Path, fingerprint: dict[str, str], *, restart: bool = False) -> None:
        """Open the work folder of OUT, in which a run that was cut short goes on; with `restart` it is emptied first.

        Raises:
            OutputError: it cannot be made, another run is at work in it, or a run of other input, rules, options or version
                left finished work there.
        """
        self.path = work_folder(out)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            if {item.name for item in self.path.iterdir() if item.suffix != TEMPORARY} - {
                "lock"
            } and not self._is_ours():
                hint = "move it away, or choose another OUT"
                raise OutputError("the place of the work folder is taken", where=str(self.path), hint=hint)
            self._lock = self._take_lock()
            manifest = self.path / MANIFEST
            known = orjson.loads(manifest.read_bytes()) if manifest.exists() else None
            self.is_published = bool(known and known.pop(PUBLISHED, False)) and known == fingerprint and not restart
            self._fingerprint = fingerprint
            if restart or known != fingerprint:
                if known and not restart and any(self.path.glob("shards/*.json")):
                    self._lock.close()
                    raise _other_work(self.path, known, fingerprint)
                self._empty()
                write_json(manifest, fingerprint)
            (self.path / "shards").mkdir(exist_ok=True)
        except OSError as error:
            raise cannot_write(self.path, error) from error

    def mark_published(self) -> None:
        """Note that OUT and report stand in their places, for a run that is killed while it tidies up."""
        write_json(self.path / MANIFEST, {**self._fingerprint, PUBLISHED: True})

    def _is_ours(self) -> bool:
        return is_work(self.path)

    def _take_lock(self) -> Any:
        lock = (self.path / "lock").open("w")
        try:
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except ImportError:  # no such locks on this system
            return lock
        except BlockingIOError as error:
            lock.close()
            hint = "wait for it, or choose another OUT"
            raise OutputError("another run is writing here", where=str(self.path), hint=hint) from error
        return lock

    def _empty(self) -> None:
        """Take all away but lock and manifest.

        The markers go first and the manifest last: whoever is killed in between leaves neither a shard that counts as done
        without its parts, nor a folder that looks like somebody else's.
        """
        shutil.rmtree(self.path / "shards", ignore_errors=True)
        for item in self.path.iterdir():
            if item.name not in ("lock", MANIFEST):
                shutil.rmtree(item) if item.is_dir() else item.unlink()

    def remove(self) -> None:
        """Take the folder away."""
        with contextlib.suppress(OSError):  # what stays is emptied by the next run
            self._empty()
            (self.path / MANIFEST).unlink(missing_ok=True)
        self._lock.close()
        shutil.rmtree(self.path, ignore_errors=True)

    def close(self) -> None:
        """Leave the folder for a later run."""
        self._lock.close()


def _other_work(place: Path, known: dict[str, str], wanted: dict[str, str]) -> OutputError:
    """Make the error for the work of another run: it says what is different."""
    names = {"version": "version of cleanse", "rules": "rules", "input": "input", "options": "options"}
    different = [word for name, word in names.items() if known.get(name) != wanted.get(name)] or ["shards"]
    return OutputError(
        f"a run with other {', '.join(different)} was cut short here",
        where=str(place),
        hint="give --restart to throw its work away, or finish it with its own command",
    )


def part_path(work: Path, table: str, shard: int, batch: int) -> Path:
    """Name the part of a table that one batch writes."""
    return work / table / f"{shard:05}-{batch:05}.parquet"


def write_part(work: Path, table: str, shard: int, batch: int, frame: pl.DataFrame) -> dict[str, int]:
    """Write the part of a table that one batch made. Gives its name in the work folder, and its bytes."""
    path = part_path(work, table, shard, batch)
    path.parent.mkdir(exist_ok=True)
    with _temporary(path) as temporary:
        frame.write_parquet(temporary, compression="lz4", statistics=False)
        size = temporary.stat().st_size
    return {f"{table}/{path.name}": size}


def are_whole(work: Path, written: dict[str, int]) -> bool:
    """Say whether all parts are there with as many bytes as were written: a crash of the machine may have cut them."""
    try:
        return all((work / name).stat().st_size == size for name, size in written.items())
    except FileNotFoundError:
        return False


def read_part(work: Path, table: str, shard: int, batch: int, columns: list[str] | None = None) -> pl.DataFrame:
    """Read the part of a table that one batch made, or some columns of it."""
    return pl.read_parquet(part_path(work, table, shard, batch), columns=columns, glob=False)


def part_schema(work: Path, table: str, shard: int, batch: int) -> pl.Schema:
    """Give the columns of a part and their types."""
    return pl.scan_parquet(part_path(work, table, shard, batch), glob=False).collect_schema()


def cannot_write(path: Path, error: OSError) -> OutputError:
    """Make the error for a place that cannot be written."""
    reason = error.strerror or str(error)
    hint = "choose another OUT, or mend its folder"
    if error.errno in FULL:
        hint = "make room, and give the same command again: it goes on where it stopped"
    return OutputError(f"cannot write: {reason}", where=str(path), hint=hint)


def find_os_error(error: pl.exceptions.PolarsError) -> OSError | None:
    """Give the error of the system that Polars tells of, such as a full disk; None where it is another."""
    told = re.search(r"\(os error (\d+)\)", str(error))
    return OSError(int(told[1]), os.strerror(int(told[1]))) if told else None


def check_out(out: Path, metadata: dict[str, str], *, overwrite: bool) -> None:
    """Refuse to replace an OUT of ours that was made from other input or with other options.

    Raises:
        OutputError: with the way out; also where there is no folder to write to.
    """
    parent = next(folder for folder in out.absolute().parents if os.path.exists(folder))  # noqa: PTH110 - never raises
    if not parent.is_dir() or not os.access(parent, os.W_OK):
        raise OutputError("cannot write: no folder to write to", where=str(parent), hint="choose another OUT")
    theirs = None if overwrite or not is_out(out) else read_metadata(out)
    for key in ("input", "options") if theirs else ():
        if theirs and theirs.get(key) != metadata[key]:
            what = f"OUT exists and was made from other {key}"
            raise OutputError(what, where=str(out), hint="choose another OUT, or replace it with --overwrite")


def publish(new: Path, place: Path) -> Path | None:
    """Put a finished file or folder where an older one may stand; a folder is exchanged, not merged.

    What cleanse did not write is moved aside, and the place that it has now is given back. What somebody put into a folder of
    ours stays in that folder.
    """
    moved = None
    if os.path.lexists(place) and (place.is_symlink() or not _is_ours(place)):
        moved = aside(place)
        place.rename(moved)
    if place.is_dir():
        old = Path(tempfile.mkdtemp(prefix=f"{place.name[:100]}.old-", dir=place.parent))
        place.replace(old / "old")
        new.replace(place)
        for item in (old / "old").iterdir():
            if not _is_ours_in(item, place):
                item.rename(aside(place / item.name) if os.path.lexists(place / item.name) else place / item.name)
        shutil.rmtree(old)
    else:
        if new.is_dir():
            place.unlink(missing_ok=True)
        new.replace(place)
    return moved


def _is_ours(place: Path) -> bool:
    return is_out(place) or is_report(place) or (place.is_dir() and not any(place.iterdir()))


def _is_ours_in(item: Path, place: Path) -> bool:
    """Say whether an item of an older OUT or report is what a run writes there."""
    if place.name.endswith(".report"):
        return os.path.lexists(place / item.name)
    return item.name.startswith("part-") and is_out(item)


@dataclass
class Ledger:
    """What went in and what came of it, in documents and in characters (Unicode code points of the text as read).

    `kept` characters stand in OUT as they were read; `replaced` ones were put there by fixes in the place of `changed` ones;
    `removed` ones were under a strip, or in a document that was dropped (`removed_with_documents`).
    """

    documents_read: int = 0
    documents_kept: int = 0
    documents_dropped: int = 0
    documents_quarantined: int = 0
    characters_read: int = 0
    characters_kept: int = 0
    characters_removed: int = 0
    characters_changed: int = 0
    characters_replaced: int = 0
    characters_removed_with_documents: int = 0
    characters_out: int = 0
    dropped_by: dict[str, int] = field(default_factory=dict)

    def check(self) -> None:
        """Compare both sides.

        Raises:
            LedgerError: they differ; the message names the figures.
        """
        documents = self.documents_kept + self.documents_dropped + self.documents_quarantined
        if self.documents_read != documents:
            raise self._unbalanced("documents", self.documents_read, documents)
        characters = self.characters_kept + self.characters_removed + self.characters_changed
        if self.characters_read != characters:
            raise self._unbalanced("characters read", self.characters_read, characters)
        written = self.characters_kept + self.characters_replaced
        if self.characters_out != written:
            raise self._unbalanced("characters written", self.characters_out, written)
        if sum(self.dropped_by.values()) != self.documents_dropped:
            raise self._unbalanced("drops", self.documents_dropped, sum(self.dropped_by.values()))

    @staticmethod
    def _unbalanced(what: str, left: int, right: int) -> LedgerError:
        hint = "this is a bug in cleanse: please report it with the input"
        return LedgerError(f"the ledger does not balance: {what} {left} on one side, {right} on the other", hint=hint)

    def tables(self) -> dict[str, Any]:
        """Give the ledger as it stands in summary.json."""
        values = asdict(self)
        return {
            "documents": {
                key.removeprefix("documents_"): values[key] for key in values if key.startswith("documents_")
            },
            "characters": {
                key.removeprefix("characters_"): values[key] for key in values if key.startswith("characters_")
            },
            "dropped_by": dict(sorted(self.dropped_by.items())),
        }


def iterate_parts(batches: list[int]) -> Iterator[tuple[int, int]]:
    """Give (shard, batch) in input order; `batches` holds the number of batches of each shard."""
    for shard, count in enumerate(batches):
        for batch in range(count):
            yield shard, batch
