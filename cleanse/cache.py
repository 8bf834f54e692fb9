"""Keep what is slow to make in the user's cache folder, so that the next start is fast.

An entry is named after a digest of all that it depends on: the key, the code of cleanse and the versions of the libraries. So an
entry is never out of date, and nothing has to be deleted by hand. A missing, damaged or foreign entry is made anew, and without a
folder that can be written everything works as before, only slower.
"""

from __future__ import annotations

import contextlib
import functools
import os
import pickle
import platform
import stat
import sys
import tempfile
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TypeVar

import xxhash

from cleanse.memory import uncollected

Value = TypeVar("Value")
VARIABLE = "CLEANSE_CACHE"  # a folder, or `off`
LIBRARIES = ("chardet", "ftfy", "numba", "numpy", "polars", "pydantic")
DIGEST_BYTES = 16
NEWEST = 16  # entries of one name that are kept


def fetch(name: str, key: str, make: Callable[[], Value]) -> Value:
    """Give what `make` gives, from the cache folder where it lies there.

    `name` begins the name of the entry, and `key` tells apart what `make` gives for different input. The value must be picklable.
    """
    folder = find_folder()
    if folder is None:
        return make()
    digest = xxhash.xxh3_128_hexdigest(f"{key}\n{_surroundings()}".encode())
    path = folder / f"{name}-{digest}.pickle"
    known = _read(path)
    if known is not None:
        return known[0]  # type: ignore[no-any-return]
    value = make()
    _write(path, value)
    _prune(folder, name)
    return value


def keep(make: Callable[[], Value]) -> Callable[[], Value]:
    """Decorate a function without arguments, so that its value is made once for a version of the code, and kept."""

    @functools.cache
    @functools.wraps(make)
    def give() -> Value:
        return fetch(f"{make.__module__.removeprefix('cleanse.')}.{make.__name__}", "", make)

    return give


def find_folder() -> Path | None:
    """Find the cache folder, and make it where it is missing; None where there is none that is ours alone.

    The folder is `CLEANSE_CACHE`, else `cleanse` in the folder that the system has for caches. Entries are pickles, which can run
    code: so a folder that belongs to another user, or in which others may write, is not used.
    """
    named = os.environ.get(VARIABLE, "")
    if named.lower() == "off":
        return None
    folder = Path(named) if named else _user_folder() / "cleanse"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        state = folder.stat()
    except (OSError, RuntimeError):
        return None
    if hasattr(os, "getuid") and (state.st_uid != os.getuid() or state.st_mode & (stat.S_IWGRP | stat.S_IWOTH)):
        return None
    return folder


def _user_folder() -> Path:
    if named := os.environ.get("XDG_CACHE_HOME"):
        return Path(named)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home())
    return Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache")


@functools.cache
def _surroundings() -> str:
    """Give a text that changes with the code of cleanse, with Python and with the libraries."""
    package = Path(__file__).parent
    code = xxhash.xxh3_128()
    for path in sorted(package.rglob("*.py")):
        code.update(path.relative_to(package).as_posix().encode())
        code.update(path.read_bytes())
    versions = []
    for library in LIBRARIES:
        with contextlib.suppress(PackageNotFoundError):
            versions.append(f"{library} {version(library)}")
    return "\n".join([code.hexdigest(), platform.python_version(), platform.machine(), *versions])


def _read(path: Path) -> tuple[Any] | None:
    """Read an entry; None where it is missing or damaged."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    if xxhash.xxh3_128_digest(memoryview(content)[DIGEST_BYTES:]) != content[:DIGEST_BYTES]:
        return None
    try:
        with uncollected():
            value = pickle.loads(memoryview(content)[DIGEST_BYTES:])  # noqa: S301 - only this user can write in the folder
    except Exception:  # noqa: BLE001 - whatever an entry of another time raises: it is made anew
        return None
    with contextlib.suppress(OSError):
        os.utime(path)  # what is used is the last to be deleted
    return (value,)


def _write(path: Path, value: Any) -> None:
    """Write an entry so that it is there whole or not at all, whoever else writes it."""
    try:
        content = pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
    except Exception:  # noqa: BLE001 - a value that cannot be kept is made each time
        return
    with contextlib.suppress(OSError), tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        try:
            file.write(xxhash.xxh3_128_digest(content))
            file.write(content)
            file.close()
            Path(file.name).replace(path)
        except OSError:
            Path(file.name).unlink(missing_ok=True)
            raise


def _prune(folder: Path, name: str) -> None:
    """Delete the entries of one name that were used longest ago."""
    with contextlib.suppress(OSError):
        entries = sorted(folder.glob(f"{name}-*.pickle"), key=lambda path: path.stat().st_mtime_ns)
        for path in entries[:-NEWEST]:
            path.unlink(missing_ok=True)
