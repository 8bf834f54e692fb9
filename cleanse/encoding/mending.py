"""Bytes of several a character, some of which are damaged: which of them are the bad ones.

A byte that is lost or changed shifts the pairs behind it, and shifted pairs are characters too, but rare ones. `find_lost` cuts
the bytes so that the characters cost the fewest bits, as `pairs.py` counts them, and leaves out as few bytes as it can.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from cleanse.encoding.pairs import (
    ASCII_OTHER,
    BMP,
    IDEOGRAPHIC,
    OTHER_BITS,
    STEPS,
    load_figures,
)
from cleanse.kernels import Bytes

# Charsets of several bytes a character, and the numbers of the languages in IDEOGRAPHIC that are written in them.
WIDE = {
    "gb18030": ("zh",),
    "big5hkscs": ("zh-Hant",),
    "cp932": ("ja",),
    "euc_jp": ("ja",),
    "cp949": ("ko",),
    "johab": ("ko",),
}
NO_CHARACTER = 0


class Table(NamedTuple):
    """What the bytes of one charset are.

    `pairs` u32 of shape (0x10000,): what a pair of bytes is, `singles` u32 of shape (256,): what a byte is, 0 where it is nothing;
    `costs` u8 of shape (BMP,): what a character costs in its language; `four`, `three`: whether there are characters of four bytes as in
    GB18030, and of three as in EUC-JP.
    """

    pairs: NDArray[np.uint32]
    singles: NDArray[np.uint32]
    costs: NDArray[np.uint8]
    four: bool
    three: bool


@functools.cache
def load_table(charset: str) -> Table:
    """Make the table of a charset of WIDE."""
    pairs, singles = np.zeros(0x10000, dtype=np.uint32), np.zeros(256, dtype=np.uint32)
    for byte in range(256):
        text = bytes([byte]).decode(charset, "ignore")
        singles[byte] = ord(text) if len(text) == 1 else NO_CHARACTER
    trails = np.arange(0x21, 0x100, dtype=np.uint8)
    for lead in range(0x80, 0x100):
        rows = np.column_stack([np.full_like(trails, lead), trails, np.full_like(trails, 10)])
        texts = rows.tobytes().decode(charset, "replace").split("\n")
        for trail, text in zip(trails.tolist(), texts, strict=False):
            if len(text) == 1 and text != "\ufffd":
                pairs[lead << 8 | trail] = ord(text)
    languages = [list(IDEOGRAPHIC).index(name) for name in WIDE[charset]]
    costs = load_figures().tables.single[languages].min(axis=0)
    return Table(pairs, singles, costs, charset == "gb18030", charset == "euc_jp")


@numba.njit(cache=True, nogil=True)
def find_lost(
    data: Bytes,
    pairs: NDArray[np.uint32],
    singles: NDArray[np.uint32],
    costs: NDArray[np.uint8],
    four: bool,  # noqa: FBT001
    three: bool,  # noqa: FBT001
    lost: int,
) -> NDArray[np.bool_]:
    """Say of each byte whether it is left out; each that is costs `lost` steps."""
    size = len(data)
    best = np.empty(size + 1, dtype=np.int64)
    width = np.zeros(size + 1, dtype=np.int8)  # of the character that ends here; 0: the byte is left out
    best[0] = 0
    for i in range(1, size + 1):
        best[i] = np.int64(1) << 60
    for i in range(size):
        first = np.int64(data[i])
        now = best[i]
        code = np.int64(singles[first])
        if code or first < 0x80:
            cost = np.int64(ASCII_OTHER) if code < 0x80 else np.int64(costs[min(int(code), BMP - 1)])
            if now + cost < best[i + 1]:
                best[i + 1], width[i + 1] = now + cost, 1
        if first < 0x80:
            continue
        if now + lost < best[i + 1]:
            best[i + 1], width[i + 1] = now + lost, 0
        if i + 1 < size:
            code = np.int64(pairs[first << 8 | np.int64(data[i + 1])])
            if code:
                cost = np.int64(costs[code]) if code < BMP else np.int64(OTHER_BITS)
                if now + cost < best[i + 2]:
                    best[i + 2], width[i + 2] = now + cost, 2
        if (
            three
            and first == 0x8F
            and i + 2 < size
            and data[i + 1] >= 0xA1
            and data[i + 2] >= 0xA1
            and now + OTHER_BITS < best[i + 3]
        ):
            best[i + 3], width[i + 3] = now + OTHER_BITS, 3
        if (
            four
            and i + 3 < size
            and 0x30 <= data[i + 1] < 0x3A
            and 0x81 <= data[i + 2] < 0xFF
            and 0x30 <= data[i + 3] < 0x3A
            and now + OTHER_BITS < best[i + 4]
        ):
            best[i + 4], width[i + 4] = now + OTHER_BITS, 4
    gone = np.zeros(size, dtype=np.bool_)
    i = size
    while i > 0:
        gone[i - 1] = width[i] == 0
        i -= max(1, int(width[i]))
    return gone


def decode_wide(data: bytes, charset: str, lost: float) -> str:
    """Decode bytes in a charset of WIDE, some of which may be damaged.

    A byte that belongs to no character becomes a lone surrogate, U+DC00 and its number. `lost`: the bits that such a byte costs.
    """
    table = load_table(charset)
    gone = find_lost(np.frombuffer(data, dtype=np.uint8), *table, int(lost * STEPS))
    parts, at = [], 0
    for place in np.flatnonzero(gone).tolist():
        parts += [data[at:place].decode(charset, "surrogateescape"), chr(0xDC00 + data[place])]
        at = place + 1
    return "".join([*parts, data[at:].decode(charset, "surrogateescape")])
