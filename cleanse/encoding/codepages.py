"""Code pages as tables, and lines turned back into the bytes that they were made of.

`Ïàðîì` is what Windows-1252 makes of five bytes that are `Паром` in Windows-1251. READERS are the code pages that programs take
text for when it is something else; NARROW and WIDE are those that text really was in. `encode_lines` gives the bytes that each
reader may have had before it, and says as which pages they could be read.

>>> "Паром".encode("cp1251").decode(READERS[1])
'Ïàðîì'
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from typing import NamedTuple

import ftfy.bad_codecs  # noqa: F401 - registers the sloppy code pages
import numba
import numpy as np

from cleanse import cache
from cleanse.encoding.pairs import BMP, U8, U16, U32, load_figures
from cleanse.kernels import Bytes, Offsets

UTF8 = "utf-8"
GBK = "gb18030"
# What programs take text for that is something else. The "sloppy" ones give the bytes that the code page leaves undefined
# the control character of the same number, as browsers do.
READERS = ("latin-1", "sloppy-windows-1252", "iso-8859-15", "sloppy-windows-1251", "koi8-r", "mac-roman")
WIDE = (UTF8, GBK, "big5hkscs", "cp932", "euc_jp", "cp949")
# Pages of one byte a character, and the languages that were written in them.
CYRILLIC, EASTERN = "be bg mk ru sr uk", "cs hr hu pl ro sk sl"
NARROW = {
    "cp1251": CYRILLIC, "koi8-u": CYRILLIC, "koi8-r": CYRILLIC, "iso-8859-5": CYRILLIC, "cp866": CYRILLIC,
    "mac-cyrillic": CYRILLIC, "cp1253": "el", "iso-8859-7": "el", "cp1256": "ar fa", "iso-8859-6": "ar", "cp1255": "he",
    "iso-8859-8": "he", "cp874": "th", "cp1258": "vi", "cp1250": EASTERN, "iso-8859-2": EASTERN,
}  # fmt: skip
NARROW_NAMES = tuple(NARROW)
# The pages of WIDE that each set of bits stands for, in their order.
WIDE_OF_BITS = [[page for number, page in enumerate(WIDE) if bits >> number & 1] for bits in range(1 << len(WIDE))]
# Ways in which a text in Latin letters becomes another in Latin letters, most of which are the same: a line that has one of the others is
# looked at twice.
SECOND = tuple((reader, page) for reader in ("sloppy-windows-1252", "mac-roman") for page in ("cp1250", "iso-8859-2"))
# What no text holds: control characters but the tab, private use, what stands for lost bytes, and code points that are none.
NO_TEXT = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\ue000-\uf8ff\ufdd0-\ufdef\ufff0-\uffff\U000f0000-\U0010ffff]")
# Two pages read a line differently only where it is not ASCII: all pages of NARROW, and all readers, have ASCII at the same bytes.
FOREIGN = re.compile("[^\x00-\x7f]")
NO_BYTE = 256


class Codecs(NamedTuple):
    """Code pages as tables that a kernel reads.

    `readers` u16 of shape (readers, BMP): the byte of a character in each of READERS, NO_BYTE where it has none. `gbk`: see `gbk_table`.

    Of pages of several bytes a character, each a bit: `pairs` u8 of shape (0x10000,) says which pairs of bytes are a character; `singles`
    u8 of shape (256,) which single bytes are. `four` is the bit of GB18030, which also has characters of four bytes; `three` that of EUC-JP,
    which has some of three.
    """

    readers: U16
    gbk: U16
    pairs: U8
    singles: U8
    four: int
    three: int


@cache.keep
def gbk_table() -> U16:
    """Give the two bytes of each character in GBK, 0 where it has none.

    >>> hex(gbk_table()[ord("文")])
    '0xcec4'
    """
    table = np.zeros(BMP, dtype=np.uint16)
    for lead in range(0x81, 0xFF):
        for trail in range(0x40, 0xFF):
            try:
                text = bytes([lead, trail]).decode("gb18030")
            except UnicodeDecodeError:
                continue
            if len(text) == 1:
                table[ord(text)] = lead << 8 | trail
    return table


@functools.cache
def narrow_tables() -> tuple[U32, U8]:
    """Give what each page of NARROW reads from each byte, and its languages.

    u32 of shape (pages, 256): code points, 0 for what no text holds; u8 of shape (pages, languages): 1 where a language is written in a page.

    >>> chr(narrow_tables()[0][NARROW_NAMES.index("cp1251"), 0xCF])
    'П'
    """
    names = load_figures().names
    tables = np.zeros((len(NARROW), 256), dtype=np.uint32)
    allowed = np.zeros((len(NARROW), len(names)), dtype=np.uint8)
    for number, (page, languages) in enumerate(NARROW.items()):
        allowed[number] = [name in languages.split() for name in names]
        for byte in range(256):
            try:
                character = bytes([byte]).decode(page)
            except UnicodeDecodeError:
                continue
            tables[number, byte] = 0 if NO_TEXT.match(character) else ord(character)
    return tables, allowed


@cache.keep
def second_readings() -> tuple[U16, U8]:
    """Give what a character may have been in each way of SECOND, and their languages.

    u16 of shape (ways, BMP): code points, 0 where it may have been none; u8 of shape (ways, languages).
    """
    tables, allowed = narrow_tables()
    second = np.zeros((len(SECOND), BMP), dtype=np.uint16)
    numbers = [NARROW_NAMES.index(page) for _, page in SECOND]
    for way, ((reader, _), number) in enumerate(zip(SECOND, numbers, strict=True)):
        for byte in range(0x80, 0x100):
            second[way, ord(bytes([byte]).decode(reader))] = tables[number, byte]
    return second, allowed[numbers]


@cache.keep
def load_codecs() -> Codecs:
    """Give the tables for READERS and for the pages of WIDE but UTF-8."""
    return make_codecs(WIDE[1:])


def make_codecs(pages: Sequence[str]) -> Codecs:
    """Make the tables for READERS and for pages of several bytes a character."""
    readers = np.full((len(READERS), BMP), NO_BYTE, dtype=np.uint16)
    for number, reader in enumerate(READERS):
        for byte in range(256):
            readers[number, ord(bytes([byte]).decode(reader))] = byte
    pairs, singles = np.zeros(0x10000, dtype=np.uint8), np.zeros(256, dtype=np.uint8)
    for number, page in enumerate(pages):
        for byte in range(256):
            singles[byte] |= ("\ufffd" not in bytes([byte]).decode(page, "replace")) << number
        for lead in range(0x80, 0x100):
            rows = (
                b"".join(bytes([lead, trail, 10]) for trail in range(0x21, 0x100)).decode(page, "replace").split("\n")
            )
            for trail, text in enumerate(rows[:-1], 0x21):
                pairs[lead << 8 | trail] |= ("\ufffd" not in text) << number
    bits = {page: 1 << number for number, page in enumerate(pages)}
    return Codecs(readers, gbk_table(), pairs, singles, bits.get("gb18030", 0), bits.get("euc_jp", 0))


@numba.njit(cache=True, nogil=True)
def encode_lines(codes: U32, offsets: Offsets, codecs: Codecs) -> tuple[Offsets, Bytes]:
    """Turn lines back into the bytes that each reader may have had, each once.

    Gives int64 of shape (ways, 4): number of the line; number of the reader, where len(READERS) stands for GBK; where its bytes begin; and
    as bits what they may be: 1 for UTF-8, 2 and so on for the pages of `codecs`. A bit that is not set is certain, one that is set is
    likely. Also gives the bytes, one line behind the other. GBK is listed only where its bytes are UTF-8, and these are not given.
    """
    readers, gbk, pairs, singles = codecs.readers, codecs.gbk, codecs.pairs, codecs.singles
    count = len(readers)
    ways = np.empty(((count + 1) * (len(offsets) - 1), 4), dtype=np.int64)
    data = np.empty(count * len(codes), dtype=np.uint8)
    wide = np.empty(2 * len(codes), dtype=np.uint8)
    found, end = 0, 0
    for line in range(len(offsets) - 1):
        begin, length = offsets[line], offsets[line + 1] - offsets[line]
        first = found
        for reader in range(count):
            bytes_of = readers[reader]
            whole = True
            for i in range(length):
                code = codes[begin + i]
                byte = bytes_of[code] if code < BMP else np.uint16(NO_BYTE)
                if byte == NO_BYTE:
                    whole = False
                    break
                data[end + i] = byte
            if not whole:
                continue
            for earlier in range(first, found):
                place = ways[earlier, 2]
                i = 0
                while i < length and data[place + i] == data[end + i]:
                    i += 1
                if i == length:
                    whole = False
                    break
            if not whole:
                continue
            own = data[end : end + length]
            ways[found, 0], ways[found, 1], ways[found, 2] = line, reader, end
            ways[found, 3] = is_utf8(own) | _find_pages(own, pairs, singles, codecs.four, codecs.three) << 1
            found += 1
            end += length
        size = 0
        whole = True
        for i in range(length):
            code = codes[begin + i]
            if code < 0x80:
                wide[size] = code
                size += 1
                continue
            pair = np.int64(gbk[code]) if code < BMP else np.int64(0)
            # Other characters have four bytes, of which the second is a digit: no UTF-8.
            if pair == 0:
                whole = False
                break
            wide[size], wide[size + 1] = pair >> 8, pair & 255
            size += 2
        if whole and size > length and is_utf8(wide[:size]):
            ways[found, 0], ways[found, 1], ways[found, 2], ways[found, 3] = line, count, end, 1
            found += 1
    return ways[:found].copy(), data[:end].copy()


@numba.njit(cache=True, nogil=True)
def is_utf8(data: Bytes) -> bool:
    r"""Say whether bytes are valid UTF-8 (RFC 3629).

    >>> [bool(is_utf8(np.frombuffer(data, np.uint8))) for data in ("é".encode(), b"\xe9", b"\xc0\x80")]
    [True, False, False]
    """
    i, end = 0, len(data)
    while i < end:
        first = data[i]
        i += 1
        if first < 0x80:
            continue
        low, high = 0x80, 0xBF
        if 0xC2 <= first < 0xE0:
            more = 1
        elif 0xE0 <= first < 0xF0:
            more = 2
            low = 0xA0 if first == 0xE0 else low
            high = 0x9F if first == 0xED else high
        elif 0xF0 <= first < 0xF5:
            more = 3
            low = 0x90 if first == 0xF0 else low
            high = 0x8F if first == 0xF4 else high
        else:
            return False
        if i + more > end or not low <= data[i] <= high:
            return False
        for k in range(1, more):
            if not 0x80 <= data[i + k] <= 0xBF:
                return False
        i += more
    return True


@numba.njit(cache=True, nogil=True)
def _find_pages(data: Bytes, pairs: U8, singles: U8, four: int, three: int) -> int:
    """Say in which pages bytes may be text, as bits."""
    found = 0
    end = len(data)
    for page in range(8):
        bit = 1 << page
        i = 0
        while i < end:
            first = np.int64(data[i])
            if singles[first] & bit:
                i += 1
            elif i + 1 < end and pairs[first << 8 | np.int64(data[i + 1])] & bit:
                i += 2
            elif bit == four and i + 3 < end and 0x30 <= data[i + 1] < 0x3A and 0x30 <= data[i + 3] < 0x3A:
                i += 4
            elif bit == three and i + 2 < end and first == 0x8F:
                i += 3
            else:
                break
        if i >= end:
            found |= bit
    return found
