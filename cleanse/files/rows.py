"""Rows that must be mended before they can be read: bytes in another charset, and JSON that is nearly JSON."""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from cleanse.encoding import charset
from cleanse.errors import InputError
from cleanse.rules import Rules

SAMPLE_BYTES = 256 << 10
NOT_A_NUMBER, LONE_SURROGATE, CONTROL = "NaN or Infinity", "lone surrogate", "control character"
MARK = "byte-order mark"


@dataclass(frozen=True)
class Mended:
    """A row of JSON that was mended: `decoded` if it was not UTF-8; `why` if it was not quite JSON."""

    record: dict[str, Any]
    decoded: charset.Decoded | None
    why: str | None

    @property
    def charset(self) -> str | None:
        """Give the charset, None where it was UTF-8 and all bytes decoded."""
        return None if self.decoded is None else self.decoded.charset

    @property
    def uncertain(self) -> bool:
        """Say whether the charset is not sure."""
        return self.decoded is not None and not self.decoded.certain


class Mender:
    """Mends the rows of one file. What its first rows that are not UTF-8 are in counts as if the others declared it."""

    def __init__(self, rules: Rules, read_first: Callable[[int], bytes] = lambda _: b"") -> None:
        """`read_first` gives so many bytes from the start of the file, whichever part of it is being read."""
        self._rules = rules
        self._read_first = read_first

    def mend(self, line: bytes) -> Mended | None:
        """Read a line that is no JSON as it stands; None where it can't be mended."""
        decoded, text = None, ""
        if charset.is_plain(line):
            text = line.decode()
        else:
            try:
                decoded = charset.decode(line, self._rules, None if _is_utf8(line) else self._hint)
            except InputError:
                return None
            text = decoded.text
            decoded = None if decoded.charset == charset.UTF8 and decoded.exact else decoded
        # Files that begin with the mark were put one behind the other.
        marked, text = text.startswith(charset.BYTE_ORDER_MARK), text.removeprefix(charset.BYTE_ORDER_MARK)
        try:
            record = json.loads(text, strict=False)
        except (ValueError, RecursionError):
            return None
        if not isinstance(record, dict):
            return None
        try:
            mended = _mend_values(record)
        except RecursionError:
            return None
        why = NOT_A_NUMBER if mended.numbers else LONE_SURROGATE if mended.surrogates else None
        if why is None and not _is_json(text):
            why = CONTROL
        why = MARK if why is None and marked else why
        return Mended(mended.value, decoded, why)

    @functools.cached_property
    def _hint(self) -> str | None:
        lines = [line for line in self._read_first(SAMPLE_BYTES).split(b"\n") if not _is_utf8(line)]
        try:
            decoded = charset.decode(b"\n".join(lines), self._rules)
        except InputError:
            return None
        return decoded.charset if decoded.certain else None


@dataclass
class _Values:
    value: Any
    numbers: bool = False
    surrogates: bool = False


def _mend_values(value: Any) -> _Values:
    """Put null in the place of what is no number, and U+FFFD in that of half a character."""
    found = _Values(None)

    def mend(item: Any) -> Any:
        if isinstance(item, float) and not math.isfinite(item):
            found.numbers = True
            return None
        if isinstance(item, str):
            return _mend_text(item, found)
        if isinstance(item, list):
            return [mend(one) for one in item]
        if isinstance(item, dict):
            return {_mend_text(key, found): mend(one) for key, one in item.items()}
        return item

    found.value = mend(value)
    return found


def _mend_text(text: str, found: _Values) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        found.surrogates = True
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def _is_json(text: str) -> bool:
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


@dataclass(frozen=True)
class Decoding:
    """A value that was decoded; `data`: its bytes, where encoding would not give them back."""

    decoded: charset.Decoded
    data: bytes | None


@dataclass(frozen=True)
class Undecoded:
    """A value that is no text: why, and its bytes."""

    what: str
    data: bytes


Decodings = dict[int, Decoding | Undecoded]


def decode_column(column: Any, rules: Rules) -> tuple[Any, Decodings]:
    """Decode a column of Parquet that holds bytes, or strings that are not UTF-8.

    Gives the column as strings, null where bytes are no text; and what happened to each value that is not UTF-8, by its place.
    """
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.types as kinds

    kind = column.type.value_type if kinds.is_dictionary(column.type) else column.type
    binary = is_binary(kind)
    if not (binary or kinds.is_string(kind) or kinds.is_large_string(kind) or kinds.is_string_view(kind)):
        return column, {}
    if kinds.is_dictionary(column.type):
        column = column.cast(kind)
    if kinds.is_fixed_size_binary(kind):
        column = column.cast(pa.binary())
    try:
        if not binary:
            column.validate(full=True)
            return column, {}
        texts = column.cast(pa.large_binary()).cast(pa.large_string())
        if not any(pc.any(pc.match_substring(texts, sign)).as_py() for sign in charset.NOT_PLAIN):
            return texts, {}
    except pa.ArrowInvalid:
        pass
    found: Decodings = {}
    texts = [
        _decode_value(value, rules, place, found, binary=binary)
        for place, value in enumerate(column.cast(pa.large_binary()).to_pylist())
    ]
    return pa.chunked_array([pa.array(texts, pa.large_string())]), found


def _decode_value(value: bytes | None, rules: Rules, place: int, found: Decodings, *, binary: bool) -> str | None:
    if value is None or (charset.is_plain(value) if binary else _is_utf8(value)):
        return None if value is None else value.decode()
    try:
        decoded = charset.decode(value, rules)
    except InputError as error:
        found[place] = Undecoded(error.what, value)
        return None
    if decoded.charset == charset.UTF8 and decoded.exact:
        return decoded.text
    found[place] = Decoding(decoded, None if decoded.exact else value)
    return decoded.text


def is_binary(kind: Any) -> bool:
    """Say whether a type of Arrow holds bytes."""
    import pyarrow.types as kinds

    return bool(
        kinds.is_binary(kind)
        or kinds.is_large_binary(kind)
        or kinds.is_binary_view(kind)
        or kinds.is_fixed_size_binary(kind)
    )
