"""Numba kernels over the UTF-8 buffers of a text column: lines, scripts, tokens, shingles, MinHash. Nothing else.

A kernel sees `data`, the bytes of all texts one behind the other, and `offsets`, int64, where each begins; text
`i` is `data[offsets[i]:offsets[i + 1]]`. All release the GIL.
"""

from __future__ import annotations

import functools
import unicodedata
from typing import Any

import numba
import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from cleanse import cache
from cleanse.kernels.leaf import leaf

Bytes = NDArray[np.uint8]
Offsets = NDArray[np.int64]
U8 = NDArray[np.uint8]
U32 = NDArray[np.uint32]
U64 = NDArray[np.uint64]

# Scripts whose letters are counted; the names are Unicode's. 0 is everything else.
SCRIPTS = (
    "Latin", "Cyrillic", "Arabic", "Devanagari", "Han", "Hiragana", "Katakana", "Hangul", "Thai", "Greek", "Hebrew",
    "Bengali", "Tamil", "Telugu", "Kannada", "Malayalam", "Gujarati", "Gurmukhi", "Oriya", "Sinhala", "Lao", "Khmer",
    "Myanmar", "Tibetan", "Georgian", "Armenian", "Ethiopic", "Thaana", "Syriac", "Mongolian", "Cherokee",
)  # fmt: skip
# Scripts that are written without spaces between words: each character is a token.
UNSPACED = ("Han", "Hiragana", "Katakana", "Thai", "Lao", "Khmer", "Myanmar", "Tibetan")
PLANES = 0x20000  # the tables cover planes 0 and 1; above them are only Han (planes 2 and 3) and unassigned codes
SEPARATOR, WORD, SINGLE = 0, 1, 2
# Only in `sign_tables`: what is passed over, signs that are words, and those that are only right behind a word or before a number.
IGNORED, SIGN, BEHIND, BEFORE = 3, 4, 5, 6
LINE_FEED = 10
NOT_ASCII = np.uint64(0x8080808080808080)
STRETCH = 4096  # of shingle hashes that are compared at a time
SHARE_KEYS = 1 << 14  # of keys that `find_repeated` looks at together: with its table they fit into the cache of a core
SHARE_BITS = 12  # there are no more shares than 2 to this


def buffers(texts: pl.Series) -> tuple[Bytes, Offsets]:
    """Give the UTF-8 bytes of a column without nulls, and where each text begins."""
    array: Any = texts.cast(pl.String).to_arrow(compat_level=pl.CompatLevel.oldest())
    _, offsets, data = array.buffers()
    starts = np.frombuffer(offsets, dtype=np.int64)[array.offset : array.offset + len(array) + 1]
    content = np.frombuffer(data, dtype=np.uint8) if data is not None else np.zeros(0, dtype=np.uint8)
    return content, starts


@functools.cache
def code_points() -> pl.Series:
    """Give each code point of planes 0 and 1 as a text, surrogates as empty ones: what the tables are made from."""
    return pl.Series(["" if 0xD800 <= code < 0xE000 else chr(code) for code in range(PLANES)])


@cache.keep
def script_table() -> U8:
    """Give for each code point of planes 0 and 1 the number of its script in SCRIPTS, counted from 1; 0 for none."""
    characters = code_points()
    letters = characters.str.contains(r"^\p{L}$").to_numpy()
    table = np.zeros(PLANES, dtype=np.uint8)
    for number, script in enumerate(SCRIPTS, 1):
        table[characters.str.contains(rf"^\p{{{script}}}$").to_numpy() & letters] = number
    return table


@cache.keep
def token_tables() -> tuple[U8, U32]:
    """Give for each code point its class (separator, word, single) and its lower-case form (itself if longer)."""
    characters = code_points()
    classes = np.where(characters.str.contains(r"^[\p{L}\p{M}\p{N}]$").to_numpy(), WORD, SEPARATOR).astype(np.uint8)
    unspaced = "".join(rf"\p{{{script}}}" for script in UNSPACED)
    classes[characters.str.contains(rf"^[{unspaced}]$").to_numpy() & (classes == WORD)] = SINGLE
    lowered = characters.str.to_lowercase()
    folded = np.arange(PLANES, dtype=np.uint32)
    changed = np.flatnonzero(((lowered != characters) & (lowered.str.len_chars() == 1)).to_numpy())
    folded[changed] = [ord(text) for text in lowered.gather(changed)]
    return classes, folded


@functools.lru_cache(maxsize=4)
def sign_tables(ignored: str, signs: str, behind: str, before: str) -> tuple[U8, U32]:
    """Give the same for texts that are compared: some signs are words there, and forms of one letter are one.

    Each argument is a pattern of one character: those passed over; signs that are words; those that are words right behind a word;
    those that are before a digit where no word stands before, all of which count as one. Full-width and half-width forms are
    those that they are forms of, and the dotless and the dotted i of Turkish are i.
    """
    make = functools.partial(_make_sign_tables, ignored, signs, behind, before)
    return cache.fetch("kernels.sign_tables", repr((ignored, signs, behind, before)), make)


def _make_sign_tables(ignored: str, signs: str, behind: str, before: str) -> tuple[U8, U32]:
    codes = range(PLANES)
    plain = [code if 0xD800 <= code < 0xE000 else ord(_narrow(chr(code))) for code in codes]
    lowered = [ord(small) if len(small := chr(code).casefold()) == 1 else code for code in codes]
    lowered[ord("İ")] = lowered[ord("ı")] = ord("i")
    characters = code_points()
    classes = token_tables()[0].copy()
    for kind, pattern in ((IGNORED, ignored), (SIGN, signs), (BEHIND, behind), (BEFORE, before)):
        classes[characters.str.contains(f"^(?:{pattern})$").to_numpy()] = kind
    folded = np.array(lowered, dtype=np.uint32)[plain]
    folded[classes == BEFORE] = ord("-")
    return classes[plain], folded


def _narrow(character: str) -> str:
    """Give the character that a full-width or half-width one is a form of, where it is a form of one."""
    kind, _, rest = unicodedata.decomposition(character).partition(" ")
    return chr(int(rest, 16)) if kind in ("<wide>", "<narrow>") and " " not in rest else character


@numba.njit(cache=True, nogil=True, inline="always")
def decode_character(data: Bytes, i: int) -> tuple[int, int]:
    """Give the code point at byte `i` and where the next one begins; the bytes are valid UTF-8."""
    first = int(data[i])
    if first < 0x80:
        return first, i + 1
    if first < 0xE0:
        return ((first & 0x1F) << 6) | (int(data[i + 1]) & 0x3F), i + 2
    if first < 0xF0:
        return ((first & 0x0F) << 12) | ((int(data[i + 1]) & 0x3F) << 6) | (int(data[i + 2]) & 0x3F), i + 3
    high = ((first & 0x07) << 18) | ((int(data[i + 1]) & 0x3F) << 12)
    return high | ((int(data[i + 2]) & 0x3F) << 6) | (int(data[i + 3]) & 0x3F), i + 4


@cache.keep
def space_table() -> NDArray[np.bool_]:
    """Say of each code point of planes 0 and 1 whether it is white space."""
    spaces: NDArray[np.bool_] = code_points().str.contains(r"^\s$").to_numpy()
    return spaces


@numba.njit(cache=True, nogil=True)
def first_visible(data: Bytes, starts: Offsets, ends: Offsets, spaces: NDArray[np.bool_]) -> NDArray[np.uint16]:
    """Give the first byte of each stretch that belongs to no white space, 256 where there is none."""
    found = np.full(len(starts), 256, dtype=np.uint16)
    for number in range(len(starts)):
        i = starts[number]
        while i < ends[number]:
            code, behind = decode_character(data, i)
            if code >= PLANES or not spaces[code]:
                found[number] = data[i]
                break
            i = behind
    return found


@numba.njit(cache=True, nogil=True)
def trim_ends(data: Bytes, starts: Offsets, ends: Offsets, spaces: NDArray[np.bool_]) -> Offsets:
    """Give the end of each stretch without the white space there."""
    trimmed = ends.copy()
    for number in range(len(starts)):
        end = ends[number]
        while end > starts[number]:
            first = end - 1
            while data[first] & 0xC0 == 0x80:
                first -= 1
            code, _ = decode_character(data, first)
            if code >= PLANES or not spaces[code]:
                break
            end = first
        trimmed[number] = end
    return trimmed


@numba.njit(cache=True, nogil=True)
def _is_visible(data: Bytes, start: int, end: int, spaces: NDArray[np.bool_]) -> bool:
    """Say whether a stretch of the buffer has a character that is not white space."""
    i = start
    while i < end:
        code, i = decode_character(data, i)
        if code >= PLANES or not spaces[code]:
            return True
    return False


@cache.keep
def composing_tables() -> tuple[NDArray[np.bool_], NDArray[np.bool_], Offsets]:
    """Give the pairs of characters that Unicode composes into one.

    Three arrays: the bytes with which their second characters begin; these characters; the pairs in order, each as
    first * PLANES + second.
    """
    pairs = set()
    for code in range(PLANES):
        parts = [int(part, 16) for part in unicodedata.decomposition(chr(code)).split() if part[0] != "<"]
        if len(parts) == 2 and unicodedata.normalize("NFC", "".join(map(chr, parts))) == chr(code):
            pairs.add(parts[0] * PLANES + parts[1])
    pairs |= {leading * PLANES + vowel for leading in range(0x1100, 0x1113) for vowel in range(0x1161, 0x1176)}
    leads, seconds = np.zeros(256, dtype=np.bool_), np.zeros(PLANES, dtype=np.bool_)
    for pair in pairs:
        seconds[pair % PLANES] = True
        leads[chr(pair % PLANES).encode()[0]] = True
    return leads, seconds, np.array(sorted(pairs), dtype=np.int64)


@numba.njit(cache=True, nogil=True)
def find_uncomposed(
    data: Bytes, offsets: Offsets, leads: NDArray[np.bool_], seconds: NDArray[np.bool_], pairs: Offsets
) -> NDArray[np.bool_]:
    """Say of each text whether it has a character and a mark behind it that Unicode composes into one (`composing_tables`)."""
    found = np.zeros(len(offsets) - 1, dtype=np.bool_)
    # No mark is ASCII, so eight bytes that are can be passed over in one step.
    eights = data[: len(data) // 8 * 8].view(np.uint64)
    one = np.uint64(1)
    for text in range(len(offsets) - 1):
        i, end = np.uint64(offsets[text]), np.uint64(offsets[text + 1])
        while True:
            i += one
            while i & np.uint64(7) == 0 and i + np.uint64(8) <= end and eights[i >> np.uint64(3)] & NOT_ASCII == 0:
                i += np.uint64(8)
            if i >= end:
                break
            if not leads[data[i]]:
                continue
            place = int(i)
            code, _ = decode_character(data, place)
            if code >= PLANES or not seconds[code]:
                continue
            first = place - 1
            while data[first] & 0xC0 == 0x80:
                first -= 1
            before, _ = decode_character(data, first)
            pair = before * PLANES + code
            nearest, beyond = 0, len(pairs)
            while nearest < beyond:
                middle = (nearest + beyond) // 2
                if pairs[middle] < pair:
                    nearest = middle + 1
                else:
                    beyond = middle
            if nearest < len(pairs) and pairs[nearest] == pair:
                found[text] = True
                break
    return found


@leaf()
def count_lines(data: Bytes, offsets: Offsets) -> int:
    """Count the lines of all texts; an empty text is one line."""
    count = len(offsets) - 1
    for place in range(np.uint64(offsets[0]), np.uint64(offsets[-1])):
        count += data[place] == LINE_FEED
    return count


@numba.njit(cache=True, nogil=True)
def split_buffer(data: Bytes, offsets: Offsets, spaces: NDArray[np.bool_]) -> tuple[U32, U32, Offsets, Offsets, U32]:
    """Find the lines of all texts that have a visible character.

    Gives `doc` (number of the text), `line` (from 0, blank lines counted), `starts` and `ends` (bytes of `data`, without the
    break) and `chars` (code points), an entry a line.
    """
    size = count_lines(data, offsets)
    docs, lines, chars = np.empty(size, np.uint32), np.empty(size, np.uint32), np.empty(size, np.uint32)
    starts, ends = np.empty(size, np.int64), np.empty(size, np.int64)
    count = 0
    for doc in range(len(offsets) - 1):
        end = np.uint64(offsets[doc + 1])
        start = np.uint64(offsets[doc])
        j = start
        number = 0
        length = np.uint32(0)
        while True:
            at_end = j >= end
            if at_end or data[j] == 10:
                docs[count], lines[count], chars[count] = doc, number, length
                starts[count], ends[count] = start, j
                count += _is_visible(data, starts[count], ends[count], spaces)
                if at_end:
                    break
                number += 1
                length = np.uint32(0)
                start = np.uint64(j + np.uint64(1))
            else:
                length += np.uint32((data[j] & np.uint8(0xC0)) != np.uint8(0x80))
            j += np.uint64(1)
    return docs[:count], lines[:count], starts[:count], ends[:count], chars[:count]


@numba.njit(cache=True, nogil=True)
def choose_rows(
    bounds: Offsets, chars: U32, shortest: int, longest: int, head: int, tail: int, least: int
) -> NDArray[np.int64]:
    """Give the lines of `shortest` to `longest` characters, in texts of `least` lines, that stand near an end of their text.

    `bounds` gives for each text its first line (`Lines.bounds`); the first `head` lines are near, and the last `tail`.
    """
    found = np.empty(len(chars), dtype=np.int64)
    count = 0
    for text in range(len(bounds) - 1):
        first, end = int(bounds[text]), int(bounds[text + 1])
        if end - first < least:
            continue
        begins = first + min(head, end - first)
        for row in range(first, begins):
            found[count] = row
            count += int(shortest <= np.int64(chars[row]) <= longest)
        for row in range(max(begins, end - tail), end):
            found[count] = row
            count += int(shortest <= np.int64(chars[row]) <= longest)
    return found[:count].copy()


@numba.njit(cache=True, nogil=True)
def find_bytes(data: Bytes, begins: Offsets, ends: Offsets, places: Offsets) -> Offsets:
    """Give the byte at which the character with a number stands in a line; each line begins and ends at a byte of the buffer.

    All arrays are of one length. Entries of one line stand together, in the order of their places, so that each line is walked once. A
    place behind the line is its end.
    """
    result = np.empty(len(places), dtype=np.int64)
    line = i = np.int64(-1)
    count = np.int64(0)
    for number in range(len(places)):
        if begins[number] != line or places[number] < count:
            line, i, count = begins[number], begins[number], np.int64(0)
        while count < places[number] and i < ends[number]:
            i += 1
            while i < ends[number] and data[i] & 0xC0 == 0x80:
                i += 1
            count += 1
        result[number] = i
    return result


@numba.njit(cache=True, nogil=True)
def gather_bytes(data: Bytes, starts: Offsets, ends: Offsets) -> tuple[Bytes, Offsets]:
    """Copy places of a buffer one behind the other; give the bytes, and where each place begins in them."""
    offsets = np.zeros(len(starts) + 1, dtype=np.int64)
    for place in range(len(starts)):
        offsets[place + 1] = offsets[place] + max(0, ends[place] - starts[place])
    out = np.empty(offsets[-1], dtype=np.uint8)
    for place in range(len(starts)):
        shift = starts[place] - offsets[place]
        for k in range(offsets[place], offsets[place + 1]):
            out[k] = data[k + shift]
    return out, offsets


@numba.njit(cache=True, nogil=True)
def splice_bytes(
    data: Bytes, offsets: Offsets, texts: Offsets, starts: Offsets, ends: Offsets, others: Bytes, bounds: Offsets
) -> tuple[Bytes, Offsets]:
    """Copy all texts, some places replaced; give the bytes, and where each text begins in them.

    Place `i` is the bytes `starts[i]` to `ends[i]` of `data`, in text `texts[i]`, and becomes `others[bounds[i]:bounds[i + 1]]`. Places
    stand in order and do not overlap.
    """
    size = offsets[-1] - offsets[0] + bounds[-1] - bounds[0]
    for place in range(len(starts)):
        size -= ends[place] - starts[place]
    out, begins = np.empty(size, dtype=np.uint8), np.zeros(len(offsets), dtype=np.int64)
    place = written = 0
    for text in range(len(offsets) - 1):
        cursor = offsets[text]
        while True:
            more = place < len(starts) and texts[place] == text
            stop = starts[place] if more else offsets[text + 1]
            out[written : written + stop - cursor] = data[cursor:stop]
            written += stop - cursor
            if not more:
                break
            length = bounds[place + 1] - bounds[place]
            out[written : written + length] = others[bounds[place] : bounds[place + 1]]
            written += length
            cursor = ends[place]
            place += 1
        begins[text + 1] = written
    return out, begins


def as_texts(data: Bytes, offsets: Offsets) -> pl.Series:
    """Make a column of the bytes of texts that stand one behind the other."""
    array = pa.LargeStringArray.from_buffers(len(offsets) - 1, pa.py_buffer(offsets), pa.py_buffer(data))
    return pl.Series(_Capsule(array)).alias("text")


class _Capsule:
    """Show Polars of an array no more than it needs: for an array of PyArrow it would import all functions on arrays."""

    def __init__(self, array: Any) -> None:
        self._array = array

    def __arrow_c_array__(self, requested_schema: Any = None) -> Any:
        return self._array.__arrow_c_array__(requested_schema)


@numba.njit(cache=True, nogil=True)
def count_scripts(data: Bytes, offsets: Offsets, table: U8, han: int, scripts: int) -> tuple[U32, Offsets]:
    """Count the letters of each script in each text, and find its longest line.

    Gives u32 of shape (texts, scripts + 1), column 0 unused, and int64 of shape (texts, 2): first byte of the longest
    line, counted from the start of `data`, and its length in bytes.
    """
    texts = len(offsets) - 1
    counts = np.zeros((texts, scripts + 1), dtype=np.uint32)
    longest = np.zeros((texts, 2), dtype=np.int64)
    for text in range(texts):
        i = offsets[text]
        end = offsets[text + 1]
        begin = i
        longest[text, 0] = i
        while i < end:
            byte = data[i]
            if byte < 0x80:
                if byte == 10:
                    if i - begin > longest[text, 1]:
                        longest[text, 0] = begin
                        longest[text, 1] = i - begin
                    begin = i + 1
                elif table[byte]:
                    counts[text, table[byte]] += 1
                i += 1
            else:
                code, i = decode_character(data, i)
                counts[text, table[code] if code < PLANES else (han if code < 0x40000 else 0)] += 1
        if end - begin > longest[text, 1]:
            longest[text, 0] = begin
            longest[text, 1] = end - begin
    return counts, longest


@numba.njit(cache=True, nogil=True, inline="always")
def _mix64(value: np.uint64) -> np.uint64:
    """Scramble 64 bits (the finalizer of MurmurHash3, public domain)."""
    value ^= value >> np.uint64(33)
    value *= np.uint64(0xFF51AFD7ED558CCD)
    value ^= value >> np.uint64(33)
    value *= np.uint64(0xC4CEB9FE1A85EC53)
    value ^= value >> np.uint64(33)
    return value


@numba.njit(cache=True, nogil=True)
def hash_tokens(data: Bytes, start: int, end: int, classes: U8, folded: U32, out: U64) -> int:
    """Write the 64-bit hash of each token of one text into `out`; give their number.

    A token is a run of letters, marks and digits in lower case, or one character of a script without spaces; with `sign_tables`
    also a sign that means something.
    """
    counted = False  # the sign before this character is a word, as the first "+" of "C++"
    # Where a word ends is what a processor guesses wrong, so no branch asks for it: the state is written at every character,
    # and it counts as a token where a word ends with it.
    one = np.uint64(1)
    tokens = inside = state = np.uint64(0)
    i, last = np.uint64(start), np.uint64(end)
    while i < last:
        first = data[i]
        if first < 0x80:
            code = np.uint32(first)
            kind = classes[first]
            i += one
        else:
            wide, behind = decode_character(data, i)  # type: ignore[arg-type]
            code, i = np.uint32(wide), np.uint64(behind)
            kind = classes[code] if code < PLANES else np.uint8(SINGLE if code < 0x40000 else SEPARATOR)
        if kind == IGNORED:
            continue
        sign = kind == SIGN
        if kind >= BEHIND:
            if kind == BEHIND:  # noqa: SIM108 - two short questions read better apart
                sign = inside > 0 or counted
            else:
                sign = inside == 0 and i < last and 48 <= data[i] <= 57
        word = np.uint64(kind == WORD)
        out[tokens] = state
        tokens += inside & (word ^ one)
        # Characters above the tables are never of a word: what is read for them is masked out.
        letter = np.uint64(folded[code & np.uint32(PLANES - 1)])
        state = ((state ^ letter) * np.uint64(0x9E3779B97F4A7C15)) & (np.uint64(0) - word)
        inside = word
        counted = sign
        if kind == SINGLE or sign:
            single = letter if code < PLANES else np.uint64(code)
            out[tokens] = (single + one) * np.uint64(0x9E3779B97F4A7C15)
            tokens += one
    out[tokens] = state
    tokens += inside
    for k in range(tokens):
        out[k] = _mix64(out[k])
    return int(tokens)


@numba.njit(cache=True, nogil=True, inline="always")
def _shingle(tokens: U64, first: int, size: int) -> np.uint64:
    """Hash `size` tokens from `first` on, in their order."""
    value = np.uint64(0x243F6A8885A308D3)
    for k in range(size):
        value = (value ^ tokens[first + k]) * np.uint64(0x9E3779B97F4A7C15)
        value ^= value >> np.uint64(32)
    return value


@numba.njit(cache=True, nogil=True)
def _take_minima(hashes: U32, a: U32, b: U32, minima: U32) -> None:
    """Lower each of the minima to the least of a * hash + b modulo 2^32.

    The hashes run inside, in stretches that stay in the cache: so the processor compares many of them at once and keeps
    the minimum in a register.
    """
    for start in range(0, len(hashes), STRETCH):
        stretch = hashes[start : start + STRETCH]
        for p in range(len(a)):
            factor, summand, least = a[p], b[p], minima[p]
            for k in range(len(stretch)):
                least = min(least, np.uint32(factor * stretch[k] + summand))
            minima[p] = least


@numba.njit(cache=True, nogil=True)
def sign_texts(
    data: Bytes, offsets: Offsets, classes: U8, folded: U32, size: int, a: U32, b: U32
) -> tuple[U32, U64, U32]:
    """Give signature, folded hash and number of tokens of each text.

    Signatures: u32 of shape (texts, permutations), the minima of a * fmix32(shingle) + b modulo 2^32 over all shingles
    of `size` tokens, which is the scheme `affine32` of datasketch 2.0; all ones where a text has no shingle.
    Folded hash: u64 of shape (texts, 2), two hashes of the sequence of tokens, equal for texts that differ only in
    case, white space and punctuation.
    """
    texts = len(offsets) - 1
    permutations = len(a)
    signatures = np.full((texts, permutations), np.uint32(0xFFFFFFFF), dtype=np.uint32)
    sequence = np.zeros((texts, 2), dtype=np.uint64)
    counts = np.zeros(texts, dtype=np.uint32)
    longest = 0
    for text in range(texts):
        longest = max(longest, offsets[text + 1] - offsets[text])
    tokens, shingles = np.empty(longest + 1, dtype=np.uint64), np.empty(longest + 1, dtype=np.uint32)
    for text in range(texts):
        number = hash_tokens(data, offsets[text], offsets[text + 1], classes, folded, tokens)
        counts[text] = number
        first, second = np.uint64(0x13198A2E03707344), np.uint64(0xA4093822299F31D0)
        for k in range(number):
            first = _mix64(first ^ tokens[k]) + np.uint64(k)
            second = (second + tokens[k]) * np.uint64(0xD6E8FEB86659FD93)
            second ^= second >> np.uint64(32)
        sequence[text, 0] = first
        sequence[text, 1] = second
        for k in range(number - size + 1):
            h = np.uint32(_shingle(tokens, k, size) & np.uint64(0xFFFFFFFF))
            h ^= h >> np.uint32(16)
            h = np.uint32(h * np.uint32(0x85EBCA6B))
            h ^= h >> np.uint32(13)
            h = np.uint32(h * np.uint32(0xC2B2AE35))
            h ^= h >> np.uint32(16)
            shingles[k] = h
        _take_minima(shingles[: max(0, number - size + 1)], a, b, signatures[text])
    return signatures, sequence, counts


@numba.njit(cache=True, nogil=True)
def sort_hashes(hashes: U64, out: U64, room: Offsets) -> None:
    """Write hashes to `out` in ascending order. `room` has two places more than there are hashes, or more.

    Hashes are spread evenly: each goes to the place that its upper bits give it, and then at most a few steps back.
    """
    count = len(hashes)
    bits = 0
    while 2 << bits <= count:
        bits += 1
    shift = np.uint64(63 - bits)
    room[: (1 << bits) + 1] = 0
    for k in range(count):
        room[np.int64((hashes[k] >> np.uint64(1)) >> shift) + 1] += 1
    for k in range(1 << bits):
        room[k + 1] += room[k]
    for k in range(count):
        share = np.int64((hashes[k] >> np.uint64(1)) >> shift)
        out[room[share]] = hashes[k]
        room[share] += 1
    for k in range(1, count):
        value = out[k]
        j = k
        while j > 0 and out[j - 1] > value:
            out[j] = out[j - 1]
            j -= 1
        out[j] = value


@numba.njit(cache=True, nogil=True)
def shingle_sets(data: Bytes, offsets: Offsets, classes: U8, folded: U32, size: int) -> tuple[U64, Offsets]:
    """Give the set of shingle hashes of each text, sorted, one behind the other, and where each begins."""
    texts = len(offsets) - 1
    longest = 0
    for text in range(texts):
        longest = max(longest, offsets[text + 1] - offsets[text])
    tokens, hashes = np.empty(longest + 1, dtype=np.uint64), np.empty(longest + 1, dtype=np.uint64)
    room = np.empty(longest + 2, dtype=np.int64)
    starts = np.zeros(texts + 1, dtype=np.int64)
    out = np.empty(offsets[texts] - offsets[0] + 1, dtype=np.uint64)
    written = 0
    for text in range(texts):
        number = hash_tokens(data, offsets[text], offsets[text + 1], classes, folded, tokens)
        shingles = max(0, number - size + 1)
        for k in range(shingles):
            hashes[k] = _shingle(tokens, k, size)
        sort_hashes(hashes[:shingles], out[written:], room)
        first = written
        for k in range(first, first + shingles):
            if k == first or out[k] != out[written - 1]:
                out[written] = out[k]
                written += 1
        starts[text + 1] = written
    return out[:written], starts


@numba.njit(cache=True, nogil=True)
def jaccard(sets: U64, starts: Offsets, left: Offsets, right: Offsets) -> NDArray[np.float64]:
    """Give the exact Jaccard similarity of pairs of sets that `shingle_sets` made; 0 for two empty sets."""
    result = np.zeros(len(left), dtype=np.float64)
    for pair in range(len(left)):
        i, i_end = starts[left[pair]], starts[left[pair] + 1]
        j, j_end = starts[right[pair]], starts[right[pair] + 1]
        total = (i_end - i) + (j_end - j)
        common = 0
        while i < i_end and j < j_end:
            a, b = sets[i], sets[j]
            common += a == b
            i += a <= b
            j += b <= a
        if total > common:
            result[pair] = common / (total - common)
    return result


@numba.njit(cache=True, nogil=True)
def hash_bands(signatures: U32, bands: int, rows: int) -> U64:
    """Give one 64-bit hash for each band of each signature: u64 of shape (texts, bands)."""
    texts = signatures.shape[0]
    keys = np.empty((texts, bands), dtype=np.uint64)
    for text in range(texts):
        for band in range(bands):
            value = np.uint64(band + 1)
            for k in range(rows):
                value = _mix64(value ^ np.uint64(signatures[text, band * rows + k])) + np.uint64(0x9E3779B97F4A7C15)
            keys[text, band] = value
    return keys


@numba.njit(cache=True, nogil=True)
def hash_texts(data: Bytes, offsets: Offsets) -> U64:
    """Give one 64-bit hash of the bytes of each text."""
    hashes = np.empty(len(offsets) - 1, dtype=np.uint64)
    for text in range(len(hashes)):
        value = np.uint64(offsets[text + 1] - offsets[text])
        for i in range(np.uint64(offsets[text]), np.uint64(offsets[text + 1])):
            value = (value ^ np.uint64(data[i])) * np.uint64(0x9E3779B97F4A7C15)
        hashes[text] = _mix64(value)
    return hashes


@numba.njit(cache=True, nogil=True)
def find_repeated(keys: U64) -> tuple[U32, Offsets]:
    """Give the places of the keys that occur more than once, equal ones behind one another, and where each group begins.

    The keys are hashes. They are split by their upper bits into shares that fit into the cache, so that time grows with their
    number and no faster. `starts` has one entry more than there are groups.
    """
    count = len(keys)
    bits = 0
    while bits < SHARE_BITS and count >> bits > SHARE_KEYS:
        bits += 1
    shift = np.uint64(63 - bits)
    ends = np.zeros((1 << bits) + 1, dtype=np.int64)
    for place in range(count):
        ends[np.int64((keys[place] >> np.uint64(1)) >> shift) + 1] += 1
    largest = 0
    for share in range(1 << bits):
        largest = max(largest, ends[share + 1])
        ends[share + 1] += ends[share]
    split, places = np.empty(count, dtype=np.uint64), np.empty(count, dtype=np.uint32)
    free = ends[:-1].copy()
    for place in range(count):
        own = np.int64((keys[place] >> np.uint64(1)) >> shift)
        split[free[own]], places[free[own]] = keys[place], place
        free[own] += 1
    size = 2
    while size < 2 * largest:
        size *= 2
    first, found = np.empty(size, dtype=np.uint32), np.empty(size, dtype=np.uint32)
    room = np.empty(size, dtype=np.int64)
    slots = np.empty(largest, dtype=np.uint32)
    members, starts = np.empty(count, dtype=np.uint32), np.zeros(count // 2 + 1, dtype=np.int64)
    written = groups = 0
    for share in range(1 << bits):
        low, high = ends[share], ends[share + 1]
        size = 2
        while size < 2 * (high - low):
            size *= 2
        found[:size] = 0
        mask = np.uint64(size - 1)
        for k in range(low, high):
            slot = split[k] & mask
            while found[slot] and split[low + first[slot]] != split[k]:
                slot = (slot + np.uint64(1)) & mask
            if not found[slot]:
                first[slot] = k - low
            found[slot] += np.uint32(1)
            slots[k - low] = slot
        for k in range(low, high):
            slot = slots[k - low]
            if found[slot] < 2:
                continue
            if first[slot] == k - low:
                room[slot] = written
                written += found[slot]
                groups += 1
                starts[groups] = written
            members[room[slot]] = places[k]
            room[slot] += 1
    return members[:written].copy(), starts[: groups + 1].copy()


@numba.njit(cache=True, nogil=True)
def pair_buckets(members: U32, starts: Offsets, led: U8, twins: Offsets, kept: int) -> U64:
    """Pair in each bucket the first document that was not dropped and has not led with all behind it, and mark it as led.

    `members` are ranks, a bucket ends where the next one starts, and `twins` says by rank who was dropped (0 or more). Gives
    left << 32 | right of each pair, bucket by bucket; a pair whose right one is below `kept` is left out.
    """
    heads = np.full(len(starts) - 1, -1, dtype=np.int64)
    size = 0
    for bucket in range(len(heads)):
        for k in range(starts[bucket], starts[bucket + 1]):
            if not led[k] and twins[members[k]] < 0 and (heads[bucket] < 0 or members[k] < members[heads[bucket]]):
                heads[bucket] = k
        if heads[bucket] >= 0:
            size += starts[bucket + 1] - starts[bucket]
    pairs = np.empty(size, dtype=np.uint64)
    written = 0
    for bucket in range(len(heads)):
        if heads[bucket] < 0:
            continue
        led[heads[bucket]] = 1
        left = members[heads[bucket]]
        for k in range(starts[bucket], starts[bucket + 1]):
            right = members[k]
            if right > left and right >= kept:
                pairs[written] = np.uint64(left) << np.uint64(32) | np.uint64(right)
                written += 1
    return pairs[:written]


@numba.njit(cache=True, nogil=True)
def mark_last(members: U32, starts: Offsets) -> U8:
    """Mark the last document of each bucket as one that has led: nobody is behind it."""
    led = np.zeros(len(members), dtype=np.uint8)
    for bucket in range(len(starts) - 1):
        last = starts[bucket]
        for k in range(starts[bucket], starts[bucket + 1]):
            if members[k] > members[last]:
                last = k
        led[last] = 1
    return led


@numba.njit(cache=True, nogil=True)
def count_unled(members: U32, starts: Offsets, led: U8, twins: Offsets) -> int:
    """Count the buckets with a document that was not dropped and has not led."""
    count = 0
    for bucket in range(len(starts) - 1):
        for k in range(starts[bucket], starts[bucket + 1]):
            if not led[k] and twins[members[k]] < 0:
                count += 1
                break
    return count
