"""Open files through their compression, and say in one line why a stream broke."""

from __future__ import annotations

import contextlib
import gzip
import io
import zlib
from typing import IO, Any

import zstandard

from cleanse.files.addresses import open_bytes
from cleanse.files.sources import InputFile

PACKED_BYTES = 4 << 10  # that are unpacked at once: of Zstandard they may become 128 MB
# A file that unpacks to more than both is taken for a bomb. Deflate packs at most 1,032 bytes into one; text is packed 2 to 20 times.
BOMB_BYTES, BOMB_TIMES = 256 << 20, 200
BROKEN_STREAM = (EOFError, OSError, zlib.error, zstandard.ZstdError)


def open_file(file: InputFile) -> Any:
    """Open a file for reading, through its compression."""
    name = file.source.lower()
    if name.endswith(".gz"):
        return io.BufferedReader(_Unpacked(_GzipStream(open_bytes(file.path)), file.size))
    if name.endswith(".zst"):
        return io.BufferedReader(_Unpacked(io.BufferedReader(_ZstdStream(open_bytes(file.path))), file.size))
    return open_bytes(file.path)


class _GzipStream(gzip.GzipFile):
    """What a .gz file unpacks to. The packed file is closed with it."""

    def __init__(self, packed: IO[bytes]) -> None:
        super().__init__(fileobj=packed, mode="rb")
        self._packed = packed

    def close(self) -> None:
        super().close()
        self._packed.close()


class BombError(OSError):
    """A packed file of which so much comes that it was made to fill the memory."""


class _Unpacked(io.RawIOBase):
    """What a packed file holds, as long as it is no bomb."""

    def __init__(self, stream: io.BufferedIOBase, packed_bytes: int) -> None:
        self._stream = stream
        self._most = max(BOMB_BYTES, BOMB_TIMES * packed_bytes)
        self._count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        size = self._stream.readinto1(buffer)  # hands over what it has, before it meets a damage
        self._count += size
        if self._count > self._most:
            raise BombError(f"unpacks to more than {BOMB_TIMES} times its size, and more than {BOMB_BYTES >> 20} MB")
        return size

    def close(self) -> None:
        self._stream.close()
        super().close()


class _ZstdStream(io.RawIOBase):
    """What a .zst file unpacks to. The reader of `zstandard` takes a stream that ends early for a whole one."""

    def __init__(self, packed: IO[bytes]) -> None:
        self._packed = packed
        self._frame: Any = None
        self._waiting = b""
        self._unpacked = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._unpacked:
            data = self._waiting or self._packed.read(PACKED_BYTES)
            if not data:
                if self._frame is not None:
                    raise EOFError
                return 0
            if self._frame is None:
                self._frame = zstandard.ZstdDecompressor(max_window_size=2**31).decompressobj()
            self._unpacked = memoryview(self._frame.decompress(data))
            self._waiting = self._frame.unused_data
            if self._frame.eof:
                self._frame = None
        size = min(len(buffer), len(self._unpacked))
        buffer[:size] = self._unpacked[:size]
        self._unpacked = self._unpacked[size:]
        return size

    def close(self) -> None:
        self._packed.close()
        super().close()


def packed_bytes(file: InputFile) -> bytes | None:
    """Give the bytes of a file as it lies there, so that it can be given back, or None where it cannot be read."""
    with contextlib.suppress(OSError), open_bytes(file.path) as stream:
        return stream.read()
    return None


def is_compressed(file: InputFile) -> bool:
    """Say whether a file is packed, by its name."""
    return file.source.lower().endswith((".gz", ".zst"))


def reason(error: Exception) -> str:
    """Say in one line why a stream broke."""
    if isinstance(error, EOFError):
        return "compressed stream ends early"
    if isinstance(error, gzip.BadGzipFile | zlib.error | zstandard.ZstdError):
        return f"compressed stream is damaged: {error}"
    if isinstance(error, OSError) and error.strerror:
        return f"cannot be read: {error.strerror}"
    return (str(error).splitlines() or [type(error).__name__])[0]
