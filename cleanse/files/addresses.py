"""Read what lies on other machines: addresses such as `s3://bucket/pages`, through fsspec and the package of their store.

The packages are those of the extra `remote`, and are imported where an address is met. Who one is, and which machine answers, the
packages find out as they do elsewhere: from environment variables and from the files of the tools of the store.
"""

from __future__ import annotations

import contextlib
import functools
import glob
import importlib.util
import io
import logging
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO
from urllib.parse import unquote, urlsplit

from cleanse.errors import CleanseError, InputError, StoreError
from cleanse.files.names import ADDRESS, is_address, is_utf8, printable

# What reads the addresses of a store.
PACKAGES = {
    **dict.fromkeys(("s3", "s3a"), "s3fs"),
    **dict.fromkeys(("gs", "gcs"), "gcsfs"),
    **dict.fromkeys(("az", "abfs", "abfss"), "adlfs"),
    "hf": "huggingface_hub",
    **dict.fromkeys(("https", "http"), "aiohttp"),
    "file": "fsspec",
}
WEB = ("https", "http")  # one file an address: these cannot be listed
# What a store tells of the content of a file: while it stays the same, so does the content.
TAGS = ("blob_id", "md5Hash", "ETag", "etag", "Content-MD5", "Last-Modified")
BLOCK_BYTES = 8 << 20
WHOLE_BYTES = 64 << 20  # of a file that is kept in memory, where a server gives no parts of it
WAITS = (1, 4)  # seconds before a read is tried again
CREDENTIALS = {
    "s3": "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE; FSSPEC_S3_ANON=true is for open buckets",
    "gs": "log in with gcloud auth application-default login; FSSPEC_GS_TOKEN=anon is for open buckets",
    "az": "set AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY",
    "hf": "log in with hf auth login, or set HF_TOKEN",
}
ALIASES = {"s3a": "s3", "gcs": "gs", "abfs": "az", "abfss": "az"}


@dataclass(frozen=True)
class Entry:
    """One file on a store: its address, its name relative to INPUT, its size in bytes, and what tells its content from another."""

    path: str
    relative: str
    size: int
    tag: str


def protocol_of(address: str) -> str:
    """Give what stands before `://`.

    >>> protocol_of("S3://bucket/key")
    's3'
    """
    return address.partition("://")[0].lower()


def connect(address: str) -> tuple[Any, str]:
    """Give the file system of a store, as fsspec has it, and the name of the place in it.

    Raises:
        InputError: no store is known by such addresses, its package is missing, or it cannot be set up.
    """
    protocol = protocol_of(address)
    package = PACKAGES.get(protocol)
    if package is None:
        hint = f"known are {' '.join(f'{name}://' for name in PACKAGES)}"
        raise InputError("an address of a store that is not known", where=printable(address), hint=hint)
    if not address.partition("://")[2].strip("/*?"):
        hint = f"write it in full, such as {protocol}://{'example.org' if protocol in WEB else 'bucket'}/pages.jsonl"
        raise InputError("the address names no place", where=printable(address), hint=hint)
    missing = [name for name in dict.fromkeys(("fsspec", package)) if importlib.util.find_spec(name) is None]
    if missing:
        hint = "pip install 'cleanse-corpus[remote]'"
        raise InputError(f"{protocol}:// needs {' and '.join(missing)}", where=printable(address), hint=hint)
    try:
        return _connect(protocol), _name(address)
    except Exception as error:
        raise explain(error, address) from error


def _name(address: str) -> str:
    """Give the name that the file system of a store has for an address."""
    protocol = protocol_of(address)
    return address if protocol in WEB else str(_connect(protocol)._strip_protocol(address))  # noqa: SLF001


@functools.lru_cache
def _connect(protocol: str) -> Any:
    import fsspec

    # What went wrong is said once, in our words; who has set up logging sees theirs, too.
    logging.getLogger(PACKAGES[protocol]).addHandler(logging.NullHandler())
    return fsspec.filesystem(protocol)


def explain(error: Exception, address: str) -> CleanseError:
    """Say in one sentence what went wrong between here and a store, and what to do."""
    if isinstance(error, CleanseError):
        return error
    protocol = protocol_of(address)
    told, where = f"{type(error).__name__} {error}", printable(address)
    login = CREDENTIALS.get(ALIASES.get(protocol, protocol), "check the address, and who may read it")
    status = getattr(error, "status", None)
    if isinstance(error, FileNotFoundError) or status == 404 or "NotFound" in told:
        what = "no such file, or no such server" if protocol in WEB else "no such bucket, file or folder"
        return InputError(what, where=where, hint="check the spelling")
    if isinstance(error, PermissionError) or status in (401, 403) or "InvalidAccessKeyId" in told:
        return InputError(f"no right to it: {_shorten(error)}", where=where, hint=login)
    if "redential" in told:  # each package has an error of its own for "there are none"
        return InputError(f"nobody is logged in: {_shorten(error)}", where=where, hint=login)
    hint = "check the network and the address; the same command goes on where it stopped"
    return StoreError(f"the store does not answer: {_shorten(error)}", where=where, hint=hint)


def _shorten(error: Exception) -> str:
    """Give the first line of what an error says, or its name where it says nothing."""
    return next(iter(str(error).strip().splitlines()), "")[:200].rstrip(".") or type(error).__name__


def list_address(address: str) -> tuple[list[Entry], bool]:
    """List the files at an address: a file, a folder (with all below it) or a pattern; and say whether it is one file.

    Raises:
        InputError: there is nothing, or no right to it. StoreError: the store does not answer.
    """
    system, name = connect(address)
    protocol = protocol_of(address)
    try:
        system.invalidate_cache()
        if protocol in WEB:
            last = unquote(urlsplit(address).path.rstrip("/").rpartition("/")[2])
            return [_entry(protocol, {**system.info(name), "name": name}, last)], True
        if glob.has_magic(name):
            base = _base(name)
            found = system.glob(name, detail=True)
            folders = [info["name"] for info in found.values() if info["type"] == "directory"]
            files = {info["name"]: info for info in found.values() if info["type"] == "file"}
            for folder in folders:
                files |= system.find(folder, detail=True)
            if not files:
                hint = "check the pattern, and quote it for the shell"
                raise InputError("no file matches", where=printable(address), hint=hint)
        else:
            info = system.info(name)
            if info["type"] == "file":
                return [_entry(protocol, info, info["name"].rpartition("/")[2])], True
            base, files = name.rstrip("/"), system.find(name, detail=True)
    except Exception as error:
        raise explain(error, address) from error
    entries = [
        _entry(protocol, info, info["name"].removeprefix(base).lstrip("/"))
        for info in files.values()
        if info["type"] == "file" and not info["name"].endswith("/")
    ]
    return sorted(entries, key=lambda entry: os.fsencode(entry.relative)), False


def _entry(protocol: str, info: dict[str, Any], relative: str) -> Entry:
    tag = next((f"{name} {info[name]}" for name in TAGS if info.get(name)), "")
    name = str(info["name"])
    return Entry(name if protocol in WEB else f"{protocol}://{name}", relative, int(info.get("size") or 0), tag)


def _base(pattern: str) -> str:
    """Give the folder that a pattern starts from."""
    parts = pattern.split("/")
    plain = next(number for number, part in enumerate(parts) if glob.has_magic(part))
    return "/".join(parts[:plain])


def last_name(address: str) -> str:
    """Give the name of the folder or the file at an address, by which its ids begin where there are several INPUTs.

    >>> last_name("s3://bucket/crawl/pages/"), last_name("s3://bucket/crawl/*.jsonl"), last_name("s3://bucket")
    ('pages', 'crawl', 'bucket')
    """
    parts = [part for part in ADDRESS.sub("", address).split("/") if part and not glob.has_magic(part)]
    return parts[-1] if parts else "root"


def can_seek(path: str) -> bool:
    """Say whether any part of a file can be asked for: of a server of the web one never knows."""
    return not is_address(path) or protocol_of(path) not in WEB


def open_bytes(path: str) -> BinaryIO:
    """Open a file for reading, on this machine or at an address. What is read of an address is read piece by piece.

    Raises:
        OSError: it is not there, or may not be read. StoreError: the store does not answer.
    """
    if is_address(path):
        return io.BufferedReader(RemoteFile(path), BLOCK_BYTES // 8)
    return open(path, "rb")  # noqa: PTH123 - the hot loop of reading, and names that are not UTF-8


@contextlib.contextmanager
def open_parquet(path: str) -> Iterator[Any]:
    """Open a Parquet file; pyarrow by itself cannot open an address, or a file whose name is not UTF-8."""
    import pyarrow.parquet

    with contextlib.ExitStack() as stack:
        plain = is_utf8(path) and not is_address(path)
        source = path if plain else stack.enter_context(open_bytes(path))
        # PyArrow reads all that it is asked for ahead, and holds it until the end; for addresses this saves many small requests.
        yield stack.enter_context(pyarrow.parquet.ParquetFile(source, pre_buffer=is_address(path)))


class RemoteFile(io.RawIOBase):
    """A file at an address. A read that fails is tried again; of the web it is read in one go for as long as nobody seeks."""

    def __init__(self, address: str) -> None:
        """Begin to read at the start of a file."""
        self._address = address
        self._system, self._name = connect(address)
        self._in_one_go = protocol_of(address) in WEB
        self._place = self._at = 0
        self._size: int | None = None
        self._stream: Any = None

    def readable(self) -> bool:
        """Say yes."""
        return True

    def seekable(self) -> bool:
        """Say yes; a server that gives no parts of files says no when it is asked for one."""
        return True

    def tell(self) -> int:
        """Give the place of the next byte."""
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place."""
        if whence == io.SEEK_END and self._size is None:
            self._size = int(self._try(lambda: self._system.info(self._name)["size"]) or 0)
        self._place = offset + (0, self._place, self._size)[whence]  # type: ignore[operator]
        return self._place

    def readinto(self, buffer: Any) -> int:
        """Read the next bytes."""
        data = self._try(lambda: self._read(len(buffer)))
        self._place += len(data)
        self._at = self._place
        buffer[: len(data)] = data
        return len(data)

    def _read(self, size: int) -> bytes:
        if isinstance(self._stream, io.BytesIO):
            self._stream.seek(self._place)
        elif self._stream is None or self._at != self._place:
            if self._stream is not None or self._place:
                self._in_one_go = False
            self._open()
        return bytes(self._stream.read(size))

    def _open(self) -> None:
        self._drop()
        self._stream = self._system.open(self._name, "rb", block_size=0 if self._in_one_go else BLOCK_BYTES)
        if self._place:
            self._stream.seek(self._place)
        self._at = self._place

    def _try(self, ask: Any) -> Any:
        for wait in (*WAITS, None):
            try:
                return ask()
            except Exception as error:
                told = explain(error, self._address)
                if "range requests" in str(error):
                    return self._take_whole(ask)
                if isinstance(told, InputError):
                    raise OSError(told.what) from error
                self._drop()
                if wait is None:
                    raise told from error
                time.sleep(wait)
        raise AssertionError

    def _take_whole(self, ask: Any) -> Any:
        """Go on with a server that gives no parts of files: a small file is kept in memory as a whole."""
        self._drop()
        if self._system.size(self._name) > WHOLE_BYTES:
            raise OSError("the server gives no parts of a file, and this kind of file is read in parts: download it")
        try:
            self._stream, self._at = io.BytesIO(self._system.cat_file(self._name)), self._place
        except Exception as error:
            raise explain(error, self._address) from error
        self._stream.seek(self._place)
        return ask()

    def _drop(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()

    def close(self) -> None:
        """Let the file go."""
        self._drop()
        super().close()
