"""Classes of characters, and the kernels that mark the lines in which something may be planted.

A quick look at the bytes turns nearly all lines away (`_look_quickly`); the others are decoded (`_mark_line`).
"""

from __future__ import annotations

import functools
import unicodedata
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from cleanse import cache
from cleanse.kernels import PLANES, U8, U32, Bytes, Offsets, decode_character

# Classes of characters.
OTHER, LATIN, DIGIT, CYRILLIC, GREEK, FANCY, WIDE, MARK, ZERO, EAST, SYMBOL, SPACE, LETTER = range(13)
# Bits of `mark_lines`.
(
    IS_FANCY,
    IS_WIDE,
    IS_STREWN,
    IS_MIXED,
    IS_SPACED,
    IS_DIGIT,
    IS_ZERO,
    IS_BRAND,
    IS_TWICE,
    IS_CLOSED,
    IS_BRACKET,
    IS_DIGITS,
) = (1 << number for number in range(12))
DISGUISES = IS_FANCY | IS_WIDE | IS_STREWN | IS_MIXED | IS_SPACED | IS_DIGITS | IS_ZERO
# Letters and digits that are drawn as another sign, where Unicode says nothing of it: small capitals, letters in black circles
# and squares, digits in black circles, and letters of Cherokee, Lisu and Canadian syllables that look Latin.
UPPER, LOWER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz"
DRAWN = (
    dict(zip("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘǫʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnopqrstuvwyz", strict=True))
    | {chr(first + n): letter for first in (0x1F150, 0x1F170) for n, letter in enumerate(LOWER)}
    | {chr(first + n): str(n + 1) for first in (0x2776, 0x278A, 0x24F5) for n in range(9)}
    | {"\u24ff": "0"}
    | dict(zip("ᎪᏴᏟᎠᎬᏀᎻᏆᎫᏦᏞᎷᎾᏢᎡᏚᎢᏌᏙᎳᎩᏃ", "abcdeghijklmoprstuvwyz", strict=True))
    | dict(zip("ꓮꓐꓚꓓꓰꓝꓖꓧꓲꓙꓗꓡꓟꓠꓳꓑꓣꓢꓔꓴꓦꓪꓫꓬꓜ", "abcdefghijklmnoprstuvwxyz", strict=True))
    | dict(zip("ᗩᗷᑕᗪᖴᕼᒍᒪᗰᑎᑭᖇᔕᑌᐯᗯ᙭", "abcdfhjlmnprsuvwx", strict=True))
)
RAISED = {code for first, end in ((0x1D2C, 0x1D6B), (0x2B0, 0x2B9), (0x2E1, 0x2E4)) for code in range(first, end)}
CLUSTERS = (0x0334, 0x0339), (0x20D0, 0x20F1), (0x0488, 0x048A), (0x0332, 0x0334), (0x0305, 0x0306), (0x035C, 0x0363)


@cache.keep
def class_table() -> U8:
    """Give the class of each code point of planes 0 and 1."""
    table = np.zeros(PLANES, dtype=np.uint8)
    for code in range(PLANES):
        if 0xD800 <= code < 0xE000:
            continue
        table[code] = _classify(code)
    return table


def _classify(code: int) -> int:
    if 0x1D400 <= code < 0x1D800 or 0x249C <= code < 0x24EA or 0x1F110 <= code < 0x1F190 or chr(code) in DRAWN:
        return FANCY
    if 0x2460 <= code < 0x2474 or 0x24EA <= code < 0x2500 or 0x2776 <= code < 0x2794:
        return FANCY if code >= 0x24F5 else OTHER
    # Letters of formulas such as ℝ, and raised ones: what they stand for is one letter of ASCII.
    if (code in RAISED or 0x2100 <= code < 0x2139) and unicodedata.normalize("NFKC", chr(code)) in UPPER + LOWER:
        return FANCY
    if code in (0x115F, 0x1160, 0x3164, 0xFFA0):  # Hangul that has no shape
        return ZERO
    if 0xFF10 <= code < 0xFF5B:
        return WIDE
    character = chr(code)
    category = unicodedata.category(character)
    if category in ("Cf", "Mn") and (
        code in (0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0x034F, 0x180E) or 0xFE00 <= code < 0xFE10
    ):
        return ZERO
    if any(first <= code < end for first, end in CLUSTERS):
        return MARK
    if 0x0300 <= code < 0x0370 or 0x1AB0 <= code < 0x1B00 or 0x1DC0 <= code < 0x1E00:
        return MARK
    if category == "Nd":
        return DIGIT if code < 128 else OTHER
    if category[0] == "L":
        return _classify_letter(code)
    if category[0] == "Z" or code in (9, 10, 11, 12, 13):
        return SPACE
    if category == "So" and code >= 0x2190:
        return SYMBOL
    return LETTER if category in ("Mc", "Mn") else OTHER


def _classify_letter(code: int) -> int:
    if code < 0x250 or 0x1E00 <= code < 0x1F00:
        return LATIN
    if 0x370 <= code < 0x400:
        return GREEK
    if 0x400 <= code < 0x530:
        return CYRILLIC
    east = 0x2E80 <= code < 0xA4D0 or 0xAC00 <= code < 0xD7B0 or 0xF900 <= code < 0xFB00 or 0x1100 <= code < 0x1200
    return EAST if east or 0xFF66 <= code < 0xFFDD else LETTER


@functools.cache
def byte_table() -> U8:
    """Give what the quick look needs of a byte.

    1 is a letter of ASCII, 2 a digit, 3 a byte behind which a disguise may stand, 4 Cyrillic or Greek, 5 a byte inside a character, 6 a Latin letter that is not of ASCII.
    """
    table = np.zeros(256, dtype=np.uint8)
    for byte in range(256):
        if chr(byte).isascii() and chr(byte).isalnum():
            table[byte] = 2 if chr(byte).isdigit() else 1
    table[[0xF0, 0xE2, 0xEF, 0xCC, 0xCD, 0xE1, 0xCA, 0xC9, 0xEA, 0xE3]] = 3
    table[[0xCE, 0xCF, 0xD0, 0xD1, 0xD2, 0xD3]] = 4
    table[0x80:0xC0] = 5
    table[0xC3:0xC9] = 6
    return table


@numba.njit(cache=True, nogil=True)
def mark_lines(
    data: Bytes,
    starts: Offsets,
    ends: Offsets,
    chars: U32,
    ordinals: NDArray[np.int64],
    classes: U8,
    kinds: U8,
    lucky: NDArray[np.bool_],
    brand_chars: int,
) -> NDArray[np.uint16]:
    """Give bits (IS_FANCY and so on) of each line: what there may be evidence of.

    `lucky` says which two last digits a brand may have; brands and repeated halves are looked for in lines of at most `brand_chars`.

    A quick look at the bytes turns nearly all lines away; the others are decoded (`_mark_line`).
    """
    marks = np.zeros(len(starts), dtype=np.uint16)
    for line in range(len(starts)):
        short = chars[line] <= brand_chars
        odd, bracket = _look_quickly(data, starts[line], ends[line], kinds, short)
        if odd:
            marks[line] = _mark_line(data, starts[line], ends[line], classes, short, lucky)
        if bracket:
            marks[line] |= IS_BRACKET
        if ordinals[line] < 3 and short:
            end = ends[line]
            while end > starts[line] and data[end - 1] <= 32:
                end -= 1
            last = data[end - 1]
            if last == 41 or last == 93 or (end - starts[line] > 3 and data[end - 3] == 0xEF and last == 0x89):
                marks[line] |= IS_CLOSED
        if short and ends[line] - starts[line] >= 9 and _is_twice(data, starts[line], ends[line]):
            marks[line] |= IS_TWICE
    return marks


@numba.njit(cache=True, nogil=True)
def _look_quickly(data: Bytes, start: int, end: int, kinds: U8, short: bool) -> tuple[bool, bool]:
    """Say whether a line may hold a disguise or a name with digits, and whether it has a bracket of Chinese."""
    bracket = False
    odd: Any = 0
    wide: Any = 0
    script: Any = 0
    token: Any = 0
    letters: Any = 0
    digits = singles = 0
    before = np.uint8(0)
    j, last, one = np.uint64(start), np.uint64(end), np.uint64(1)
    while j < last:
        byte = data[j]
        kind = kinds[byte]
        if kind == 1:
            first = j
            j += one
            while j < last and kinds[data[j]] == 1:  # most bytes are letters in a word
                j += one
            if digits:
                odd += letters >= 2
                digits = 0
            token += np.int64(j - first)
            letters += np.int64(j - first)
            odd += script
            before = kind
            continue
        j += one
        if kind == 2:
            token += 1
            digits += 1
            odd += short and letters >= 3 and digits >= 2
            before = kind
            continue
        if kind == 5:
            continue
        if kind == 6:
            token += 1
            letters += 1
            digits = 0
            before = np.uint8(1)
            continue
        if token == 1:
            singles += 1
            odd += short and singles >= 4
        elif token > 1:
            singles = 0
        token = letters = digits = 0
        script = 0
        if kind == 4:
            odd += before == 1
            script = 1
        elif kind == 3:
            second, third = (
                data[j],
                data[j + one] if j + one < last else np.uint8(0),
            )
            if byte == 0xE3:
                bracket |= second == 0x80 and third == 0x90
                odd += second == 0x85 and third == 0xA4
            elif byte == 0xE2:
                odd += (
                    (second == 0x80 and 0x8B <= third <= 0x8D) or (second == 0x81 and third == 0xA0) or second == 0x83
                )
                odd += 0x91 <= second <= 0x93 or second == 0x9D or second == 0x9E or second == 0x84
            elif byte == 0xEF:
                letter = (second == 0xBC and third >= 0x90) or (second == 0xBD and third <= 0x9A)
                wide += letter and third != 0x9A and third != 0x9B and third != 0x9F
                odd += wide >= 3 or (second == 0xBB and third == 0xBF)
            elif byte == 0xF0:
                odd += second == 0x9D or (second == 0x9F and 0x84 <= third <= 0x86)
            elif byte == 0xE1:
                odd += second == 0xB4 or second == 0xB5 or second == 0xAA or second == 0xB7
                odd += 0x8E <= second <= 0x99
            elif byte == 0xCC or byte == 0xCD:
                odd += 1
            elif byte == 0xEA:
                odd += second == 0x9C or second == 0x9F or second == 0x93
            else:
                odd += before == 1
        before = kind
    if token == 1:
        odd += short and singles >= 3
    return odd > 0, bracket


@numba.njit(cache=True, nogil=True)
def _mark_line(data: Bytes, i: Any, end: int, classes: U8, short: bool, lucky: NDArray[np.bool_]) -> int:
    """Decode a line and give its bits."""
    code: Any
    behind: Any
    kind: Any
    fancy = wide = strewn = mixed = zero = 0
    east = False
    found = 0
    stacked = 0  # marks behind one letter
    before = SPACE  # class of the last character that is no mark
    letters = digits = switches = 0  # of the word
    capitals = smalls = 0
    singles = single_letters = 0  # tokens of one character in a row
    token = 0
    word_script = 0
    while i <= end:
        if i == end:
            code, behind, kind = 32, i + 1, SPACE
        else:
            first = data[i]
            if first < 0x80:
                code, behind = np.int64(first), i + 1
                kind = np.int64(classes[first])
            else:
                code, behind = decode_character(data, i)
                kind = np.int64(classes[code]) if code < PLANES else EAST
        if kind == MARK:
            stacked += 1
            overlay = (0x334 <= code < 0x339) or code >= 0x20D0 or code == 0x332 or code == 0x333 or code == 0x336
            if (before == LATIN or before == DIGIT or before == CYRILLIC) and (stacked >= 2 or overlay):
                strewn += 1
            i = behind
            continue
        stacked = 0
        if kind == ZERO:
            zero += before == LATIN or before == CYRILLIC
            i = behind
            continue
        alnum = kind == LATIN or kind == DIGIT or kind == CYRILLIC or kind == GREEK or kind == FANCY or kind == WIDE
        if alnum:
            if kind == FANCY:
                fancy += 1
            elif kind == WIDE:
                wide += 1
            if token == 0:
                word_script = kind
            token += 1
            if kind == DIGIT:
                digits += 1
            else:
                if digits and letters:
                    switches += 1
                    digits = 0
                elif digits:
                    digits = 0
                    letters = -999  # the word begins with a digit
                letters += 1
                if code < 128:
                    capitals += code < 97
                    smalls += code >= 97
                if (
                    (kind == CYRILLIC) != (word_script == CYRILLIC)
                    and kind <= GREEK
                    and word_script <= GREEK
                    and word_script != DIGIT
                ):
                    mixed += 1
                    word_script = kind
        else:
            if token == 1:
                singles += 1
                single_letters += letters == 1
                if short and singles >= 4 and single_letters >= 3:
                    found |= IS_SPACED
            elif token > 1:
                if short and letters >= 3 and 2 <= digits <= 4 and _is_lucky(data, i, lucky):
                    found |= IS_BRAND
                named = switches == 1 and (data[i - 1] | 32) == 100 and (data[i - 2] == 51 or data[i - 2] == 52)
                if short and named and letters >= 4:
                    found |= IS_BRAND
                elif short and switches and letters >= 3 and (capitals == 0 or smalls == 0):
                    found |= IS_DIGITS if found & IS_DIGIT else IS_DIGIT
                singles = single_letters = 0
            if kind == EAST:
                east = True
            if kind == LETTER or kind == EAST:
                singles = single_letters = 0
            token = letters = digits = switches = capitals = smalls = 0
        before = kind
        i = behind
    if fancy >= 3:
        found |= IS_FANCY
    if wide >= 3 and not east:
        found |= IS_WIDE
    if strewn >= 3:
        found |= IS_STREWN
    if mixed >= 1:
        found |= IS_MIXED
    if zero >= 2:
        found |= IS_ZERO
    return found


@numba.njit(cache=True, nogil=True, inline="always")
def _is_lucky(data: Bytes, i: int, lucky: NDArray[np.bool_]) -> bool:
    """Say whether the two bytes before `i` may end a number that betting sites put behind their name; what is no digit of ASCII may."""
    last, other = data[i - 1], data[i - 2]
    if not (48 <= last < 58 and 48 <= other < 58):
        return True
    return bool(lucky[(other - 48) * 10 + last - 48])


@numba.njit(cache=True, nogil=True)
def _is_twice(data: Bytes, start: int, end: int) -> bool:
    """Say whether a line, bullet and spaces aside, is a stretch, up to four other bytes, and the same stretch again."""
    while start < end and (data[start] <= 45 or data[start] == 62):
        start += 1
    if (
        end - start > 3
        and data[start] == 0xE2
        and (data[start + 1] == 0x80 or data[start + 1] == 0x96 or data[start + 1] == 0x97)
    ):
        start += 3
    while start < end and data[start] <= 32:
        start += 1
    while end > start and data[end - 1] <= 32:
        end -= 1
    size = end - start
    for gap in range(5):
        if (size - gap) % 2 or size - gap < 8:
            continue
        half = (size - gap) // 2
        if data[start] != data[end - half]:
            continue
        same = True
        for k in range(half):
            if data[start + k] != data[end - half + k]:
                same = False
                break
        if same:
            return True
    return False
