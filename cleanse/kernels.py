"""Numba kernels over the UTF-8 buffers of a text column: scripts, tokens, shingles, MinHash. Nothing else.

A kernel sees `data`, the bytes of all texts one behind the other, and `offsets`, int64, where each begins; text
`i` is `data[offsets[i]:offsets[i + 1]]`. All release the GIL.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numba
import numpy as np
import polars as pl
from numpy.typing import NDArray

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


def buffers(texts: pl.Series) -> tuple[Bytes, Offsets]:
    """Give the UTF-8 bytes of a column without nulls, and where each text begins."""
    array: Any = texts.cast(pl.String).to_arrow(compat_level=pl.CompatLevel.oldest())
    _, offsets, data = array.buffers()
    starts = np.frombuffer(offsets, dtype=np.int64)[array.offset : array.offset + len(array) + 1]
    content = np.frombuffer(data, dtype=np.uint8) if data is not None else np.zeros(0, dtype=np.uint8)
    return content, starts


def _code_points() -> pl.Series:
    return pl.Series(["" if 0xD800 <= code < 0xE000 else chr(code) for code in range(PLANES)])


@functools.cache
def script_table() -> U8:
    """Give for each code point of planes 0 and 1 the number of its script in SCRIPTS, counted from 1; 0 for none."""
    characters = _code_points()
    letters = characters.str.contains(r"^\p{L}$").to_numpy()
    table = np.zeros(PLANES, dtype=np.uint8)
    for number, script in enumerate(SCRIPTS, 1):
        table[characters.str.contains(rf"^\p{{{script}}}$").to_numpy() & letters] = number
    return table


@functools.cache
def token_tables() -> tuple[U8, U32]:
    """Give for each code point its class (separator, word, single) and its lower-case form (itself if longer)."""
    characters = _code_points()
    classes = np.where(characters.str.contains(r"^[\p{L}\p{M}\p{N}]$").to_numpy(), WORD, SEPARATOR).astype(np.uint8)
    unspaced = "".join(rf"\p{{{script}}}" for script in UNSPACED)
    classes[characters.str.contains(rf"^[{unspaced}]$").to_numpy() & (classes == WORD)] = SINGLE
    lowered = characters.str.to_lowercase()
    folded = np.arange(PLANES, dtype=np.uint32)
    changed = np.flatnonzero(((lowered != characters) & (lowered.str.len_chars() == 1)).to_numpy())
    folded[changed] = [ord(text) for text in lowered.gather(changed)]
    return classes, folded


# What `measure_texts` tells apart, as bits of a table.
SPACE, LETTER, DIGIT, UNSPACED_LETTER, ENDING, CLOSING, BULLET = 1, 2, 4, 8, 16, 32, 64
# Marks that end a sentence in a script in use: those that Unicode calls Sentence_Terminal, and the ellipsis.
ENDINGS = ".!?…。！？．｡؟۔।॥։።၊။៕᙮‼⁇⁈⁉"
CLOSINGS = "\"'”’»›」』）)]】》〉"
BULLETS = "-*•·‣▪●○◦–—"
COUNTS = (
    "chars",
    "visible_chars",
    "letters",
    "digits",
    "words",
    "lines",
    "filled",
    "line_chars",
    "ended",
    "bullets",
    "duplicates",
)


@functools.cache
def measure_table() -> U8:
    """Give the bits of each code point of planes 0 and 1."""
    characters = _code_points()
    unspaced = "".join(rf"\p{{{script}}}" for script in UNSPACED)
    table = np.zeros(PLANES, dtype=np.uint8)
    letters = characters.str.contains(r"^[\p{L}\p{M}]$").to_numpy()
    table[characters.str.contains(r"^\s$").to_numpy()] |= SPACE
    table[letters] |= LETTER
    table[characters.str.contains(r"^\p{N}$").to_numpy()] |= DIGIT
    table[characters.str.contains(rf"^[{unspaced}]$").to_numpy() & letters] |= UNSPACED_LETTER
    for marks, bit in ((ENDINGS, ENDING), (CLOSINGS, CLOSING), (BULLETS, BULLET)):
        table[[ord(mark) for mark in marks]] |= bit
    return table


@numba.njit(cache=True, nogil=True, inline="always")
def _decode(data: Bytes, i: int) -> tuple[int, int]:
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
                code, i = _decode(data, i)
                counts[text, table[code] if code < PLANES else (han if code < 0x40000 else 0)] += 1
        if end - begin > longest[text, 1]:
            longest[text, 0] = begin
            longest[text, 1] = end - begin
    return counts, longest


@numba.njit(cache=True, nogil=True)
def measure_texts(data: Bytes, offsets: Offsets, table: U8, counts: int) -> U32:
    """Count what COUNTS names in each text: u32 of shape (texts, counts).

    A word is a run of letters, marks and digits, or one character of a script without spaces. `filled` lines have a visible
    character; `line_chars` are their characters without the white space around them; an `ended` line ends with a mark of
    ENDINGS, closing quotes and brackets behind it aside; `duplicates` are filled lines that stood in the text before.
    """
    texts = len(offsets) - 1
    result = np.zeros((texts, counts), dtype=np.uint32)
    hashes = np.empty(256, dtype=np.uint64)
    for text in range(texts):
        i, end = offsets[text], offsets[text + 1]
        filled = 0
        in_word = False
        visible_seen = False  # of the line
        first_mark = False  # the first visible character of the line is a bullet ...
        bullet = False  # ... and white space follows it
        ended = False
        position = first = last = 0  # characters of the line: where it is, first and last visible ones
        state = last_state = np.uint64(0)
        row = result[text]
        while True:
            at_end = i >= end
            if at_end:
                code = 10
            else:
                code, i = _decode(data, i)
            bits = table[code] if code < PLANES else ((LETTER | UNSPACED_LETTER) if code < 0x40000 else 0)
            if not at_end:
                row[0] += 1
            if bits & (LETTER | DIGIT):
                if bits & LETTER:
                    row[2] += 1
                else:
                    row[3] += 1
                if bits & UNSPACED_LETTER:
                    row[4] += 1
                    in_word = False
                elif not in_word:
                    row[4] += 1
                    in_word = True
            else:
                in_word = False
            if code == 10:
                row[5] += 1
                if visible_seen:
                    if filled == len(hashes):
                        larger = np.empty(2 * filled, dtype=np.uint64)
                        larger[:filled] = hashes
                        hashes = larger
                    hashes[filled] = last_state
                    filled += 1
                    row[7] += last - first + 1
                    row[8] += 1 if ended else 0
                    row[9] += 1 if bullet else 0
                visible_seen = first_mark = bullet = ended = False
                position = 0
                state = np.uint64(0)
                if at_end:
                    break
                continue
            if bits & SPACE:
                if first_mark and position == first + 1:
                    bullet = True
                if visible_seen:
                    state = (state ^ np.uint64(code)) * np.uint64(0x9E3779B97F4A7C15)
            else:
                row[1] += 1
                if not visible_seen:
                    visible_seen = True
                    first = position
                    first_mark = bits & BULLET != 0
                last = position
                if bits & ENDING:
                    ended = True
                elif not (bits & CLOSING):
                    ended = False
                state = (state ^ np.uint64(code)) * np.uint64(0x9E3779B97F4A7C15)
                state ^= state >> np.uint64(32)
                last_state = state
            position += 1
        row[6] = filled
        if filled > 1:
            seen = np.sort(hashes[:filled])
            for k in range(1, filled):
                if seen[k] == seen[k - 1]:
                    row[10] += 1
    return result


class Forms(NamedTuple):
    """Literals made ready for `find_literals`, sorted by the length of their head and by its bytes.

    `data`, `starts`: the bytes of all forms, ASCII in lower case, and where each begins; `owners`: the number of the literal
    that a form belongs to; `maps`: for each length of HEADS a bitmap of the hashed heads; `begins`: one of
    the hashed first four bytes; `pairs`: a bitmap of the first two
    bytes of forms with short heads; `heads`, `firsts`, `kinds`: the distinct heads, the first form with each, and where the
    heads of each length begin.
    """

    data: Bytes
    starts: Offsets
    owners: U32
    maps: U8
    begins: U8
    pairs: U8
    heads: U64
    firsts: Offsets
    kinds: Offsets


HEADS = (8, 6, 4, 3, 2, 1)  # bytes of a form that are hashed: the most that it has; the last three are short
MAP_BITS = 18
GOLDEN = 0x9E3779B97F4A7C15


def prepare_forms(forms: Sequence[tuple[bytes, int]]) -> Forms:
    """Make (bytes of a form, number of its literal) ready to be looked for; empty forms are left out."""
    keyed = set()
    for form, owner in forms:
        folded = form.lower()
        kind = next((k for k, length in enumerate(HEADS) if len(folded) >= length), None)
        if kind is not None:
            keyed.add((kind, int.from_bytes(folded[: HEADS[kind]], "big"), folded, owner))
    ordered = sorted(keyed)
    maps = np.zeros((len(HEADS), 1 << (MAP_BITS - 3)), dtype=np.uint8)
    begins = np.zeros(1 << (MAP_BITS - 3), dtype=np.uint8)
    pairs = np.zeros(1 << 13, dtype=np.uint8)
    for kind, head, form, _ in ordered:
        if len(form) >= 4:
            slot = ((int.from_bytes(form[:4], "big") * GOLDEN) & (2**64 - 1)) >> (64 - MAP_BITS)
            begins[slot >> 3] |= 1 << (slot & 7)
        slot = ((head * GOLDEN) & (2**64 - 1)) >> (64 - MAP_BITS)
        maps[kind, slot >> 3] |= 1 << (slot & 7)
        if HEADS[kind] < 4:
            # A form of one byte may be followed by any byte.
            for second in [form[1]] if len(form) > 1 else range(256):
                place = (form[0] << 8) | second
                pairs[place >> 3] |= 1 << (place & 7)
    distinct = sorted({(kind, head) for kind, head, _, _ in ordered})
    index = {key: place for place, key in enumerate(distinct)}
    firsts = np.searchsorted([index[kind, head] for kind, head, _, _ in ordered], np.arange(len(distinct) + 1))
    kinds = np.searchsorted([kind for kind, _ in distinct], np.arange(len(HEADS) + 1))
    return Forms(
        np.frombuffer(b"".join(form for _, _, form, _ in ordered), dtype=np.uint8),
        np.cumsum([0, *(len(form) for _, _, form, _ in ordered)]).astype(np.int64),
        np.array([owner for _, _, _, owner in ordered], dtype=np.uint32),
        maps,
        begins,
        pairs,
        np.array([head for _, head in distinct], dtype=np.uint64),
        firsts.astype(np.int64),
        kinds.astype(np.int64),
    )


@numba.njit(cache=True, nogil=True)
def _find_head(heads: U64, low: int, high: int, head: np.uint64) -> int:
    """Give the place of a head between `low` and `high`, or -1."""
    stop = high
    while low < high:
        middle = (low + high) >> 1
        if heads[middle] < head:
            low = middle + 1
        else:
            high = middle
    return low if low < stop and heads[low] == head else -1


@numba.njit(cache=True, nogil=True)
def find_literals(data: Bytes, offsets: Offsets, forms: Forms) -> tuple[U32, U32]:
    """Find all literals in all texts, ASCII in either case: two u32 arrays, number of the text and of the literal.

    A pair is given as often as a form of the literal stands in the text. A window of eight bytes slides over each text;
    small bitmaps of hashed heads turn away nearly all places, and what is left is compared byte by byte.
    """
    texts = np.empty(1024, dtype=np.uint32)
    found = np.empty(1024, dtype=np.uint32)
    count = 0
    fold = np.arange(256).astype(np.uint64)
    for letter in range(65, 91):
        fold[letter] = np.uint64(letter + 32)
    lengths = np.array(HEADS)
    golden, shift = np.uint64(GOLDEN), np.uint64(64 - MAP_BITS)
    seven, three, eight = np.uint64(7), np.uint64(3), np.uint64(8)
    one = np.uint8(1)
    maps, begins, pairs = forms.maps.ravel(), forms.begins, forms.pairs
    size = np.uint64(forms.maps.shape[1])
    for text in range(len(offsets) - 1):
        begin, end = offsets[text], offsets[text + 1]
        window = np.uint64(0)
        for j in range(begin, end + 7):
            window <<= eight
            if j < end:
                window |= fold[data[j]]
            i = j - 7
            if i < begin or data[i] & 0xC0 == 0x80:
                continue  # not full yet, or inside a character
            slot = np.uint64((window >> np.uint64(32)) * golden) >> shift
            pair = window >> np.uint64(48)
            opens = pairs[pair >> three] >> np.uint8(pair & seven)
            if not ((begins[slot >> three] >> np.uint8(slot & seven)) | opens) & one:
                continue
            slot8 = np.uint64(window * golden) >> shift
            slot6 = np.uint64((window >> np.uint64(16)) * golden) >> shift
            slot4 = slot
            open8 = maps[slot8 >> three] >> np.uint8(slot8 & seven)
            open6 = maps[size + (slot6 >> three)] >> np.uint8(slot6 & seven)
            open4 = maps[size + size + (slot4 >> three)] >> np.uint8(slot4 & seven)
            if not (open8 | open6 | open4 | opens) & one:
                continue
            for kind in range(6):
                if (
                    (kind == 0 and not open8 & one)
                    or (kind == 1 and not open6 & one)
                    or (kind == 2 and not open4 & one)
                ):
                    continue
                if kind == 3 and not opens & one:
                    break
                head = window >> np.uint64(64 - 8 * lengths[kind])
                place = _find_head(forms.heads, forms.kinds[kind], forms.kinds[kind + 1], head)
                if place < 0:
                    continue
                for form in range(forms.firsts[place], forms.firsts[place + 1]):
                    length = forms.starts[form + 1] - forms.starts[form]
                    if i + length > end:
                        continue
                    same = True
                    for k in range(lengths[kind], length):
                        if fold[data[i + k]] != np.uint64(forms.data[forms.starts[form] + k]):
                            same = False
                            break
                    if same:
                        if count == len(texts):
                            more_texts = np.empty(2 * count, dtype=np.uint32)
                            more_texts[:count] = texts
                            texts = more_texts
                            more_found = np.empty(2 * count, dtype=np.uint32)
                            more_found[:count] = found
                            found = more_found
                        texts[count] = text
                        found[count] = forms.owners[form]
                        count += 1
    return texts[:count].copy(), found[:count].copy()


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

    A token is a run of letters, marks and digits in lower case, or one character of a script without spaces.
    """
    tokens = 0
    state = np.uint64(0)
    inside = False
    i = start
    while i < end:
        code, i = _decode(data, i)
        kind = classes[code] if code < PLANES else (SINGLE if code < 0x40000 else SEPARATOR)
        if kind == WORD:
            letter = folded[code]
            state = (state ^ np.uint64(letter)) * np.uint64(0x9E3779B97F4A7C15)
            state ^= state >> np.uint64(29)
            inside = True
            continue
        if inside:
            out[tokens] = _mix64(state)
            tokens += 1
            state = np.uint64(0)
            inside = False
        if kind == SINGLE:
            out[tokens] = _mix64((np.uint64(code) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15))
            tokens += 1
    if inside:
        out[tokens] = _mix64(state)
        tokens += 1
    return tokens


@numba.njit(cache=True, nogil=True, inline="always")
def _shingle(tokens: U64, first: int, size: int) -> np.uint64:
    """Hash `size` tokens from `first` on, in their order."""
    value = np.uint64(0x243F6A8885A308D3)
    for k in range(size):
        value = (value ^ tokens[first + k]) * np.uint64(0x9E3779B97F4A7C15)
        value ^= value >> np.uint64(32)
    return value


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
    tokens = np.empty(longest + 1, dtype=np.uint64)
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
        row = signatures[text]
        for k in range(number - size + 1):
            h = np.uint32(_shingle(tokens, k, size) & np.uint64(0xFFFFFFFF))
            h ^= h >> np.uint32(16)
            h = np.uint32(h * np.uint32(0x85EBCA6B))
            h ^= h >> np.uint32(13)
            h = np.uint32(h * np.uint32(0xC2B2AE35))
            h ^= h >> np.uint32(16)
            for p in range(permutations):
                value = np.uint32(a[p] * h + b[p])
                row[p] = min(row[p], value)
    return signatures, sequence, counts


@numba.njit(cache=True, nogil=True)
def shingle_sets(data: Bytes, offsets: Offsets, classes: U8, folded: U32, size: int) -> tuple[U64, Offsets]:
    """Give the set of shingle hashes of each text, sorted, one behind the other, and where each begins."""
    texts = len(offsets) - 1
    longest = 0
    for text in range(texts):
        longest = max(longest, offsets[text + 1] - offsets[text])
    tokens = np.empty(longest + 1, dtype=np.uint64)
    starts = np.zeros(texts + 1, dtype=np.int64)
    out = np.empty(offsets[texts] - offsets[0] + 1, dtype=np.uint64)
    written = 0
    for text in range(texts):
        number = hash_tokens(data, offsets[text], offsets[text + 1], classes, folded, tokens)
        shingles = max(0, number - size + 1)
        hashes = np.empty(shingles, dtype=np.uint64)
        for k in range(shingles):
            hashes[k] = _shingle(tokens, k, size)
        hashes.sort()
        for k in range(shingles):
            if k == 0 or hashes[k] != hashes[k - 1]:
                out[written] = hashes[k]
                written += 1
        starts[text + 1] = written
    return out[:written].copy(), starts


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
            if sets[i] == sets[j]:
                common += 1
                i += 1
                j += 1
            elif sets[i] < sets[j]:
                i += 1
            else:
                j += 1
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
