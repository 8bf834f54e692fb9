r"""Letters that are dressed up so that filters do not read them, and how they read.

A kernel looks for traces of it in all lines (`mark_lines`); `fold` reads the few lines that have some. Folding is evidence and
changes no text. Worked example: `𝗠𝗔𝗫𝟳𝟳` has five letters of a mathematical alphabet and folds to `max77`.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from dataclasses import dataclass, field

import numba
import numpy as np
from numpy.typing import NDArray

from cleanse.kernels import PLANES, U8, U32, Bytes, Offsets, decode_character

# Classes of characters.
OTHER, LATIN, DIGIT, CYRILLIC, GREEK, FANCY, WIDE, MARK, ZERO, EAST, SYMBOL, SPACE, LETTER = range(13)
# Bits of `mark_lines`.
IS_FANCY, IS_WIDE, IS_STREWN, IS_MIXED, IS_SPACED, IS_DIGIT, IS_ZERO, IS_BRAND, IS_TWICE, IS_CLOSED, IS_BRACKET, IS_DIGITS = (
    1 << number for number in range(12)
)
DISGUISES = IS_FANCY | IS_WIDE | IS_STREWN | IS_MIXED | IS_SPACED | IS_DIGITS | IS_ZERO
SHORT_LINE = 400  # characters: brands and repeated halves are looked for in lines up to here
# Small capitals, superscripts and the like that Unicode does not decompose.
SMALL = dict(zip("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘǫʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnopqrstuvwyz", strict=True))
# Letters of Cyrillic and Greek that look like a Latin letter.
LOOKALIKES = dict(
    zip(
        "аеорсухіјѕԁһԛԝвкмнтгАЕОРСУХІЈЅВКМНТαοερτκνυιαβηωΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
        "aeopcyxijsdhqwbkmhtrAEOPCYXIJSBKMHTaoeptkvuiabnwABEZHIKMNOPTYX",
        strict=True,
    )
)
# The other way round, for Latin letters in a Cyrillic word.
CYRILLIC_LIKE = dict(zip("aeopcyxijsbkmhtABEKMHOPCTYXIrnu", "аеорсухијѕвкмнтАВЕКМНОРСТУХІгпи", strict=True)) | dict(
    zip("αοερτκυι", "аоерткуи", strict=True)
)
DIGIT_LETTERS = str.maketrans("0134578", "oieastb")
CLUSTERS = (0x0334, 0x0339), (0x20D0, 0x20F1), (0x0488, 0x048A), (0x0332, 0x0334), (0x0305, 0x0306), (0x035C, 0x0363)


@functools.cache
def class_table() -> U8:
    """Give the class of each code point of planes 0 and 1."""
    table = np.zeros(PLANES, dtype=np.uint8)
    for code in range(PLANES):
        if 0xD800 <= code < 0xE000:
            continue
        table[code] = _classify(code)
    return table


def _classify(code: int) -> int:
    if 0x1D400 <= code < 0x1D800 or 0x249C <= code < 0x24EA or 0x1F110 <= code < 0x1F190 or chr(code) in SMALL:
        return FANCY
    if 0x2460 <= code < 0x2474 or 0x24EA <= code < 0x2500 or 0x2776 <= code < 0x2794:
        return FANCY if code >= 0x24F5 else OTHER
    if 0xFF10 <= code < 0xFF5B:
        return WIDE
    character = chr(code)
    category = unicodedata.category(character)
    if category in ("Cf", "Mn") and (code in (0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0x034F, 0x180E) or 0xFE00 <= code < 0xFE10):
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
    """Give what the quick look needs of a byte: 1 a letter of ASCII, 2 a digit, 3 a byte behind which a disguise may stand, 4 Cyrillic or Greek."""
    table = np.zeros(256, dtype=np.uint8)
    for byte in range(256):
        if chr(byte).isascii() and chr(byte).isalnum():
            table[byte] = 2 if chr(byte).isdigit() else 1
    table[[0xF0, 0xE2, 0xEF, 0xCC, 0xCD, 0xE1, 0xCA, 0xC9, 0xEA, 0xE3]] = 3
    table[[0xCE, 0xCF, 0xD0, 0xD1, 0xD2, 0xD3]] = 4
    table[0x80:0xC0] = 5
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
) -> NDArray[np.uint16]:
    """Give bits (IS_FANCY and so on) of each line: what there may be evidence of.

    A quick look at the bytes turns nearly all lines away; the others are decoded (`_mark_line`).
    """
    marks = np.zeros(len(starts), dtype=np.uint16)
    for line in range(len(starts)):
        short = chars[line] <= SHORT_LINE
        odd, bracket = _look_quickly(data, starts[line], ends[line], kinds, short)
        if odd:
            marks[line] = _mark_line(data, starts[line], ends[line], classes, short)
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
    odd = wide = token = letters = digits = singles = script = 0
    before = np.uint8(0)
    for j in range(np.uint64(start), np.uint64(end)):
        byte = data[j]
        kind = kinds[byte]
        if kind == 1:
            if digits:
                odd += letters >= 2
                digits = 0
            token += 1
            letters += 1
            odd += script
            before = kind
            continue
        if kind == 2:
            token += 1
            digits += 1
            odd += short and letters >= 3 and digits >= 2
            before = kind
            continue
        if kind == 5:
            if token == 0 or script:
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
            second, third = data[j + np.uint64(1)], data[j + np.uint64(2)] if j + np.uint64(2) < np.uint64(end) else np.uint8(0)
            if byte == 0xE3:
                bracket |= second == 0x80 and third == 0x90
            elif byte == 0xE2:
                odd += (second == 0x80 and 0x8B <= third <= 0x8D) or (second == 0x81 and third == 0xA0) or second == 0x83
                odd += 0x91 <= second <= 0x93 or second == 0x9D
            elif byte == 0xEF:
                letter = (second == 0xBC and third >= 0x90) or (second == 0xBD and third <= 0x9A)
                wide += letter and third != 0x9A and third != 0x9B and third != 0x9F
                odd += wide >= 3 or (second == 0xBB and third == 0xBF)
            elif byte == 0xF0:
                odd += second == 0x9D or (second == 0x9F and 0x84 <= third <= 0x86)
            elif byte == 0xE1:
                odd += second == 0xB4 or second == 0xB5 or second == 0xAA or second == 0xB7
            elif byte == 0xCC or byte == 0xCD:
                odd += 1
            elif byte == 0xEA:
                odd += second == 0x9C or second == 0x9F
            else:
                odd += before == 1
        before = kind
    if token == 1:
        odd += short and singles >= 3
    return odd > 0, bracket


@numba.njit(cache=True, nogil=True)
def _mark_line(data: Bytes, i: int, end: int, classes: U8, short: bool) -> int:  # noqa: PLR0912, PLR0915
    """Decode a line and give its bits."""
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
                if (kind == CYRILLIC) != (word_script == CYRILLIC) and kind <= GREEK and word_script <= GREEK and word_script != DIGIT:
                    mixed += 1
                    word_script = kind
        else:
            if token == 1:
                singles += 1
                single_letters += letters == 1
                if short and singles >= 4 and single_letters >= 3:
                    found |= IS_SPACED
            elif token > 1:
                if short and letters >= 3 and 2 <= digits <= 4 and kind != LETTER and _is_lucky(data, i):
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
def _is_lucky(data: Bytes, i: int) -> bool:
    """Say whether the digits before byte `i` may be those that betting sites put behind their name."""
    last, other = data[i - 1], data[i - 2]
    return last == other or (other == 51 and last == 56) or last == 56 or last == 57 or (last == 51 and other == 48) or last == 53


@numba.njit(cache=True, nogil=True)
def _is_twice(data: Bytes, start: int, end: int) -> bool:
    """Say whether a line, bullet and spaces aside, is a stretch, up to four other bytes, and the same stretch again."""
    while start < end and (data[start] <= 45 or data[start] == 62):
        start += 1
    if end - start > 3 and data[start] == 0xE2 and (data[start + 1] == 0x80 or data[start + 1] == 0x96 or data[start + 1] == 0x97):
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


@dataclass
class Folded:
    """A text without its disguise: `text` in lower case, `places` (where each character stood), `counts` by kind of disguise."""

    text: str
    places: list[int]
    counts: dict[str, int] = field(default_factory=dict)


# Nothing but this makes a character more or fewer of a text.
SPECIAL = re.compile(
    "[\u00ad\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1d00-\u1dff\u180e\u200b-\u200d\u2060\u20d0-\u20f0\u2460-\u24ff"
    "\u2776-\u2793\ua730-\ua7ff\ufe00-\ufe0f\ufe20-\ufe2f\ufeff\uff10-\uff5a\U0001d400-\U0001d7ff\U0001f110-\U0001f18f"
    "ɢɪɴʀʏʙʜʟ]"
)
# Single letters with the same sign or space between them, four at least.
SPACED = re.compile(r"(?<![^\W_])[^\W_]([^\w\n]{1,3}|_)[^\W_](?:\1[^\W_]){2,}(?![^\W_])")
INNER_DIGIT = re.compile(r"(?<![^\W_])(?=[^\W\d_]*\d)[a-zA-Z]+(?:[0134578]{1,2}[a-zA-Z]+)+\d{0,4}(?![^\W_])")
MIXED = re.compile(r"[a-zA-Z][\u0370-\u052f]|[\u0370-\u052f][a-zA-Z]|[\u0370-\u03ff][\u0400-\u052f]|[\u0400-\u052f][\u0370-\u03ff]")
NAMED = re.compile(r"[a-z]+[34]d\Z")  # a name with 3d or 4d behind it
WORD = re.compile(r"[^\W\d_]{2,}")



def fold(text: str) -> Folded:
    """Read a text without disguise.

    >>> fold("𝗠𝗔𝗫𝟳𝟳 g4c0r").text, fold("B E T 7 7 online").text, fold("I N T R O").counts
    ('max77 gacor', 'bet77 online', {})
    """
    counts: dict[str, int] = {}
    if not SPECIAL.search(text):
        text = _fold_lookalikes(text, counts)
        return _join_spaced(_lower(text), list(range(len(text))), counts)
    kept: list[str] = []
    places: list[int] = []
    classes = class_table()
    east = any(_kind(character, classes) == EAST for character in text)
    stacked, before = 0, SPACE
    for place, character in enumerate(text):
        code = ord(character)
        if code < 128:
            kept.append(character)
            places.append(place)
            stacked, before = 0, LATIN
            continue
        kind = _kind(character, classes)
        if kind == ZERO:
            if before in (LATIN, CYRILLIC) and not 0xFE00 <= code < 0xFE10:
                counts["zero-width"] = counts.get("zero-width", 0) + 1
            continue
        if kind == MARK and before in (LATIN, CYRILLIC, FANCY, DIGIT):
            stacked += 1
            overlay = 0x334 <= code < 0x339 or code >= 0x20D0 or code in (0x332, 0x333)
            if stacked >= 2 or overlay:
                counts["strewn-marks"] = counts.get("strewn-marks", 0) + 1
            continue
        plain = character
        if kind == FANCY:
            plain = SMALL.get(character) or unicodedata.normalize("NFKC", character).strip("()")
            counts["fancy-letters"] = counts.get("fancy-letters", 0) + 1
        elif kind == WIDE:
            plain = unicodedata.normalize("NFKC", character)
            if not east:
                counts["wide-letters"] = counts.get("wide-letters", 0) + 1
        stacked, before = 0, kind
        for part in plain:
            kept.append(part)
            places.append(place)
    joined = "".join(kept)
    joined = _fold_lookalikes(joined, counts)
    joined = _lower(joined)
    return _join_spaced(joined, places, counts)


def _kind(character: str, classes: U8) -> int:
    code = ord(character)
    return int(classes[code]) if code < PLANES else EAST


def _lower(text: str) -> str:
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return "".join(low if len(low := character.lower()) == 1 else character for character in text)


def _fold_lookalikes(text: str, counts: dict[str, int]) -> str:
    """Write a word that mixes scripts in the script that most of its letters have."""
    if text.isascii() or not MIXED.search(text):
        return text
    own = sum("\u0400" <= c < "\u0530" for c in text)
    slavic = 2 * own > sum(c.isalpha() for c in text)

    def mend(match: re.Match[str]) -> str:
        word = match.group()
        latin = sum("a" <= c.lower() <= "z" for c in word)
        cyrillic = sum("\u0400" <= c < "\u0530" for c in word)
        greek = sum("\u0370" <= c < "\u0400" for c in word)
        if (latin > 0) + (cyrillic > 0) + (greek > 0) < 2:
            return word
        tables = [LOOKALIKES, CYRILLIC_LIKE]
        for table in reversed(tables) if cyrillic and (slavic or not latin) else tables:
            mended = "".join(table.get(c, c) for c in word)
            # Only what reads as one script afterwards was a disguise: units and symbols of physics do not.
            scripts = {("l" if "a" <= c.lower() <= "z" else "c" if "\u0400" <= c < "\u0530" else "o") for c in mended}
            if len(scripts) > 1 or len(word) < 3:
                continue
            # Old pages of many Cyrillic languages have a Latin i for theirs.
            if all(c == m or c in "iIіІ" for c, m in zip(word, mended, strict=True)):
                return mended
            counts["mixed-words"] = counts.get("mixed-words", 0) + 1
            return mended
        return word

    return WORD.sub(mend, text)


def _join_spaced(text: str, places: list[int], counts: dict[str, int]) -> Folded:
    """Join letters that are spaced out, and read digits inside words as letters."""
    parts: list[str] = []
    kept: list[int] = []
    cursor = 0
    edits: list[tuple[int, int, str, list[int]]] = []
    for match in SPACED.finditer(text):
        own = [(c, places[match.start() + k]) for k, c in enumerate(match.group()) if c.isalnum()]
        letters = sum(c.isalpha() for c, _ in own)
        if letters < 3 or any(ord(c) >= 0x900 for c, _ in own):
            continue
        digits = len(own) - letters
        word = "".join(c for c, _ in own)
        behind = text[match.end() : match.end() + 1]
        kind = "spaced-name" if 2 <= digits <= 4 and word[:letters].isalpha() else "spaced-letters"
        # Symbols between letters are nobody's layout; spaces may be.
        if kind == "spaced-letters" and any(not c.isspace() and not c.isalnum() and ord(c) >= 0x2600 for c in match.group()):
            kind = "spaced-symbols"
        if behind != "'":
            counts[kind] = counts.get(kind, 0) + 1
        edits.append((match.start(), match.end(), word, [place for _, place in own]))
    for match in INNER_DIGIT.finditer(text):
        word = match.group()
        if NAMED.match(word):
            continue
        head = word.rstrip("0123456789")
        mended = head.translate(DIGIT_LETTERS) + word[len(head) :]
        edits.append((match.start(), match.end(), mended, places[match.start() : match.end()]))
    for start, end, word, own_places in sorted(edits):
        if start < cursor:
            continue
        parts += [text[cursor:start], word]
        kept += places[cursor:start] + own_places
        cursor = end
    parts.append(text[cursor:])
    kept += places[cursor:]
    return Folded("".join(parts), kept, counts)
