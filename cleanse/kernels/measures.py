"""Numba kernels that count in the UTF-8 buffer of a text column what the measures are made of. Nothing else.

One pass over the characters counts them, their words and their lines; one over the words finds phrases and repetition. Both
are linear in the text, and what they hold is in proportion to the longest text. Words are the tokens of `kernels.hash_tokens`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from cleanse import cache
from cleanse.kernels import text as kernels
from cleanse.kernels.leaf import leaf
from cleanse.kernels.text import PLANES, SINGLE, U8, U32, U64, Bytes, Offsets, _mix64, decode_character

U16 = NDArray[np.uint16]
I32 = NDArray[np.int32]

# What the kernel tells apart, as bits of a table.
SPACE, LETTER, DIGIT, ALONE, ENDING, CLOSING, BULLET, UPPER, WIDE, FINAL = (1 << bit for bit in range(10))
# Marks that end a sentence in a script in use: those that Unicode calls Sentence_Terminal, and the ellipsis.
ENDINGS = ".!?…。！？．｡؟۔।॥։።၊။៕᙮‼⁇⁈⁉"
# Of these, the ones that can also stand inside a word, a number or a sentence, so that white space must follow.
OPEN_ENDINGS = ".!?…．"
# What may stand behind the mark: quotes, of which some scripts close with what others open with, and closing brackets.
CLOSINGS = r"""[\p{Pe}\p{Pf}\p{Pi}"'＂＇〞〟]"""
BULLETS = "-*•·‣▪●○◦–—"
WIDE_SCRIPTS = ("Han", "Hiragana", "Katakana", "Hangul")
ABOVE_PLANES = LETTER | ALONE | WIDE  # planes 2 and 3 are Han

COUNTS = (
    "chars", "visible_chars", "letters", "digits", "words", "word_chars", "letter_words", "lone_symbols",
    "longest_word_chars", "hashes", "ellipses", "braces", "sentences", "lines", "filled", "line_chars", "ended",
    "ellipsis_lines", "bullets", "short_lines", "upper_lines", "digit_lines", "one_word_lines", "corrected_words",
    "paragraphs", "copied_lines", "copied_line_chars", "copied_paragraphs", "copied_paragraph_chars",
    "top_2gram", "top_3gram", "top_4gram",
    "copied_5gram", "copied_6gram", "copied_7gram", "copied_8gram", "copied_9gram", "copied_10gram",
)  # fmt: skip
NUMBER = {name: number for number, name in enumerate(COUNTS)}
COPIED_LINES, COPIED_PARAGRAPHS = NUMBER["copied_lines"], NUMBER["copied_paragraphs"]
TOP_GRAMS, COPIED_GRAMS, LONGEST_GRAM = NUMBER["top_2gram"], NUMBER["copied_5gram"], 10
# How many characters a word of a script without spaces has: about 1.7 in Chinese and 2 in Japanese, 4 in Thai and its neighbours.
WIDE_UNIT, NARROW_UNIT = 2, 4
NOWHERE = np.uint32(0xFFFFFFFF)
PAIR_ROOM = 8  # counters a pair of words
GOLDEN = np.uint64(0x9E3779B97F4A7C15)


class Scratch(NamedTuple):
    """Memory that the kernels use again for each text: arrays with an entry a word, `keys` and `values` with up to four, `seen` with sixteen."""

    tokens: U64
    ends: U32
    places: U32
    grams: U32
    counts: U32
    firsts: U32
    keys: U64
    values: U32
    seen: U8


@cache.keep
def character_table() -> U16:
    """Give the bits of each code point of planes 0 and 1."""
    characters = kernels.code_points()
    classes, _ = kernels.token_tables()
    table = np.zeros(PLANES, dtype=np.uint16)
    wide = "".join(rf"\p{{{script}}}" for script in WIDE_SCRIPTS)
    for pattern, bit in (
        (r"^\s$", SPACE),
        (r"^[\p{L}\p{M}]$", LETTER),
        (r"^\p{N}$", DIGIT),
        (r"^\p{Lu}$", UPPER),
        (rf"^{CLOSINGS}$", CLOSING),
        (rf"^[{wide}]$", WIDE),
    ):
        table[characters.str.contains(pattern).to_numpy()] |= bit
    table[classes == SINGLE] |= ALONE
    for marks, bit in ((ENDINGS, ENDING), (BULLETS, BULLET)):
        table[[ord(mark) for mark in marks]] |= bit
    table[[ord(mark) for mark in ENDINGS if mark not in OPEN_ENDINGS]] |= FINAL
    return table


@numba.njit(cache=True, nogil=True)
def count_texts(
    data: Bytes, offsets: Offsets, table: U16, folded: U32, counts: int, short_columns: int, upper_share: float
) -> tuple[U32, U64, Offsets]:
    """Count what COUNTS names in each text: u32 of shape (texts, counts). Gives the hashes of all words too, and their bounds.

    A word is a run of letters, marks and digits, or one character of a script without spaces. `lone_symbols` are what stands
    between white space without any word. `filled` lines have a visible character; `line_chars` are their characters without
    the white space around them; an `ended` line ends with a mark of ENDINGS, CLOSINGS behind it aside. A `short_line` takes at
    most `short_columns`, letters of WIDE_SCRIPTS two each; an `upper_line` has more than `upper_share` capital letters among its
    visible characters; `corrected_words` stand in upper lines, lines of digits or lines of one word. Paragraphs are filled
    lines without a blank one between them. Copies are second and later ones.
    """
    texts = len(offsets) - 1
    result = np.zeros((texts, counts), dtype=np.uint32)
    bounds = np.zeros(texts + 1, dtype=np.int64)
    tokens = np.empty((offsets[texts] - offsets[0]) // 2 + texts + 1, dtype=np.uint64)
    longest = 1
    for text in range(texts):
        longest = max(longest, (offsets[text + 1] - offsets[text]) // 2 + 2)
    scratch = make_scratch(longest)
    line_hashes, paragraph_hashes = np.empty(longest, np.uint64), np.empty(longest, np.uint64)
    line_sizes, paragraph_sizes = np.empty(longest, np.uint32), np.empty(longest, np.uint32)
    total = 0
    for text in range(texts):
        first_token = total
        row = result[text]
        chars = visible = letters = digits = words = word_chars = letter_words = lone = longest_word = 0
        hashes = ellipses = braces = sentences = lines = filled = line_chars = ended_lines = ellipsis_lines = 0
        bullets = short_lines = upper_lines = digit_lines = one_word_lines = corrected = paragraphs = 0
        word = np.uint64(0)
        size = 0  # of the word
        lettered = False
        token_visible = token_word = False  # of what stands between white space
        mark = 0  # an end of a sentence was seen: 1 if white space must follow, 2 if not
        spoken = False  # a word has come since the last end of a sentence
        dots = 0
        wide_words = narrow_words = 0  # single characters of scripts without spaces
        line_visible = line_digits = line_upper = line_wide = line_words = 0
        first_mark = bullet = ended = trails = False
        position = first = last = 0
        state = last_state = np.uint64(0)
        paragraph = np.uint64(0)
        paragraph_chars = 0
        i, end = offsets[text], offsets[text + 1]
        while True:
            at_end = i >= end
            if at_end:
                code = 10
            else:
                code, i = decode_character(data, i)
                chars += 1
            bits = int(table[code]) if code < PLANES else (ABOVE_PLANES if code < 0x40000 else 0)
            inside = bits & (LETTER | DIGIT) != 0
            if size > 0 and (not inside or bits & ALONE):
                tokens[total] = _mix64(word)
                total += 1
                scratch.ends[total - first_token] = word_chars
                letter_words += lettered
                longest_word = max(longest_word, size)
                size = 0
                word = np.uint64(0)
                lettered = False
            if inside:
                word_chars += 1
                if bits & LETTER:
                    letters += 1
                else:
                    digits += 1
                    line_digits += 1
                if bits & ALONE:
                    words += 1
                    if bits & WIDE:
                        wide_words += 1
                    else:
                        narrow_words += 1
                    letter_words += 1 if bits & LETTER else 0
                    longest_word = max(longest_word, 1)
                    tokens[total] = _mix64((np.uint64(code) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15))
                    total += 1
                    scratch.ends[total - first_token] = word_chars
                else:
                    if size == 0:
                        words += 1
                    size += 1
                    if bits & LETTER:
                        lettered = True
                    letter = folded[code]
                    word = (word ^ np.uint64(letter)) * np.uint64(0x9E3779B97F4A7C15)
                if mark == 2 and spoken:
                    sentences += 1
                mark = 0
                spoken = True
                token_visible = token_word = True
                ended = trails = False
                dots = 0
                line_upper += 1 if bits & UPPER else 0
                line_wide += 1 if bits & WIDE else 0
                if size > 0:
                    # Most characters are ASCII letters inside a word, which change nothing else than these sums.
                    begun, inner = i, state
                    if line_visible == 0:
                        first = position
                    inner = (inner ^ np.uint64(code)) * np.uint64(0x9E3779B97F4A7C15)
                    while i < end and data[i] < 0x80 and table[data[i]] & LETTER:
                        letter = folded[data[i]]
                        word = (word ^ np.uint64(letter)) * np.uint64(0x9E3779B97F4A7C15)
                        inner = (inner ^ np.uint64(data[i])) * np.uint64(0x9E3779B97F4A7C15)
                        line_upper += 1 if table[data[i]] & UPPER else 0
                        i += 1
                    inner ^= inner >> np.uint64(32)
                    more = i - begun
                    chars += more
                    letters += more
                    word_chars += more
                    size += more
                    lettered = lettered or more > 0
                    visible += 1 + more
                    line_visible += 1 + more
                    position += 1 + more
                    last = position - 1
                    state = last_state = inner
                    continue
            elif bits & SPACE:
                if mark != 0 and spoken:
                    sentences += 1
                    spoken = False
                mark = 0
                dots = 0
                if token_visible and not token_word:
                    lone += 1
                token_visible = token_word = False
                if code == 10:
                    lines += 1
                    if line_visible > 0:
                        length = last - first + 1
                        line_hashes[filled] = last_state
                        line_sizes[filled] = length
                        filled += 1
                        line_chars += length
                        ended_lines += ended
                        ellipsis_lines += trails
                        bullets += bullet
                        short_lines += length + line_wide <= short_columns
                        upper = line_upper > upper_share * line_visible
                        only_digits = line_digits == line_visible
                        here = words - line_words
                        upper_lines += upper
                        digit_lines += only_digits
                        one_word_lines += here < 2
                        if upper or only_digits or here < 2:
                            corrected += here
                        paragraph = (paragraph ^ last_state) * np.uint64(0x9E3779B97F4A7C15)
                        paragraph ^= paragraph >> np.uint64(32)
                        paragraph_chars += length
                    if (line_visible == 0 or at_end) and paragraph_chars > 0:
                        paragraph_hashes[paragraphs] = paragraph
                        paragraph_sizes[paragraphs] = paragraph_chars
                        paragraphs += 1
                        paragraph = np.uint64(0)
                        paragraph_chars = 0
                    if at_end:
                        break
                    line_words = words
                    line_visible = line_digits = line_upper = line_wide = 0
                    first_mark = bullet = ended = trails = False
                    position = 0
                    state = np.uint64(0)
                    continue
                if first_mark and position == first + 1:
                    bullet = True
                if line_visible > 0:
                    state = (state ^ np.uint64(code)) * np.uint64(0x9E3779B97F4A7C15)
                position += 1
                # More spaces behind it only move the place.
                begun = i
                if line_visible > 0:
                    while i < end and data[i] == 32:
                        state = (state ^ np.uint64(32)) * np.uint64(0x9E3779B97F4A7C15)
                        i += 1
                else:
                    while i < end and data[i] == 32:
                        i += 1
                chars += i - begun
                position += i - begun
                continue
            else:
                token_visible = True
                if bits & ENDING:
                    mark = max(mark, 2 if bits & FINAL else 1)
                    ended = True
                    if code == 0x2E:
                        dots += 1
                        if dots == 3:
                            ellipses += 1
                        trails = trails or dots >= 3
                    elif code == 0x2026:
                        if dots == 0:
                            ellipses += 1
                        dots = 3
                        trails = True
                    else:
                        dots = 0
                        trails = False
                else:
                    dots = 0
                    if not (bits & CLOSING):
                        if mark == 2 and spoken:
                            sentences += 1
                            spoken = False
                        mark = 0
                        ended = trails = False
                    if code in (0x23, 0xFF03):
                        hashes += 1
                    elif code == 0x7B:
                        braces += 1
            visible += 1
            line_visible += 1
            if line_visible == 1:
                first = position
                first_mark = bits & BULLET != 0
            last = position
            state = (state ^ np.uint64(code)) * np.uint64(0x9E3779B97F4A7C15)
            state ^= state >> np.uint64(32)
            last_state = state
            position += 1
        bounds[text + 1] = total
        for number, value in enumerate(
            (
                chars, visible, letters, digits, words, word_chars, letter_words, lone, longest_word, hashes, ellipses,
                braces, sentences, lines, filled, line_chars, ended_lines, ellipsis_lines, bullets, short_lines,
                upper_lines, digit_lines, one_word_lines, corrected, paragraphs,
            )
        ):  # fmt: skip
            row[number] = value
        copies, copied_chars = count_copies(line_hashes, line_sizes, filled, scratch)
        row[COPIED_LINES], row[COPIED_LINES + 1] = copies, copied_chars
        copies, copied_chars = count_copies(paragraph_hashes, paragraph_sizes, paragraphs, scratch)
        row[COPIED_PARAGRAPHS], row[COPIED_PARAGRAPHS + 1] = copies, copied_chars
        unit = 1
        if 2 * (wide_words + narrow_words) > words:
            unit = WIDE_UNIT if wide_words >= narrow_words else NARROW_UNIT
        find_repetition(tokens[first_token:total], unit, scratch, row)
    return result, tokens[:total], bounds


@numba.njit(cache=True, nogil=True)
def make_scratch(size: int) -> Scratch:
    """Make room for `size` words; pages of it that no text needs are never touched."""
    slots = 16
    while slots < 2 * size:
        slots *= 2
    return Scratch(
        np.empty(size, np.uint64),
        np.zeros(size + 1, np.uint32),
        np.empty(size, np.uint32),
        np.empty(size, np.uint32),
        np.empty(size, np.uint32),
        np.empty(size, np.uint32),
        np.empty(slots, np.uint64),
        np.empty(slots, np.uint32),
        np.empty(max(64, 8 * slots), np.uint8),
    )


@numba.njit(cache=True, nogil=True, inline="always")
def clear_table(scratch: Scratch, entries: int) -> int:
    """Empty as much of the hash table as `entries` need; give how far a hash is shifted to become a place in it."""
    bits = 4
    while (1 << bits) < 2 * entries:
        bits += 1
    scratch.values[: 1 << bits] = NOWHERE
    return 64 - bits


@numba.njit(cache=True, nogil=True, inline="always")
def find_slot(scratch: Scratch, key: np.uint64, shift: int) -> np.uint64:
    """Give the place of a key in the hash table: where it stands, or the free one where it would."""
    mask = (np.uint64(1) << np.uint64(64 - shift)) - np.uint64(1)
    slot = np.uint64((key * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(shift))
    while scratch.values[slot] != NOWHERE and scratch.keys[slot] != key:
        slot = (slot + np.uint64(1)) & mask
    return slot


@leaf()
def count_copies(hashes: U64, sizes: U32, number: int, scratch: Scratch) -> tuple[int, int]:
    """Count the entries whose hash came before, and sum their sizes."""
    copies = chars = 0
    if number < 2:
        return 0, 0
    shift = clear_table(scratch, number)
    for entry in range(number):
        slot = find_slot(scratch, hashes[entry], shift)
        if scratch.values[slot] == NOWHERE:
            scratch.values[slot] = np.uint32(entry)
            scratch.keys[slot] = hashes[entry]
        else:
            copies += 1
            chars += sizes[entry]
    return copies, chars


@numba.njit(cache=True, nogil=True, inline="always")
def _pair(tokens: U64, place: int) -> np.uint64:
    """Give a hash of a word and the one behind it."""
    return np.uint64(np.uint64(tokens[place] * np.uint64(0x9E3779B97F4A7C15)) ^ tokens[place + 1])


@leaf()
def find_repeated_pairs(tokens: U64, scratch: Scratch) -> int:
    """Write the places of pairs of words that may come twice into `scratch.places`; give how many there are.

    Nearly all pairs come once, and this looks at them without a branch: a pair is counted by a few bits of its hash, up to two.
    """
    pairs = len(tokens) - 1
    if pairs < 2:
        return 0
    seen, places = scratch.seen, scratch.places
    bits = 6
    while (1 << bits) < PAIR_ROOM * pairs:
        bits += 1
    seen[: 1 << bits] = 0
    shift = np.uint64(64 - bits)
    for place in range(pairs):
        slot = np.uint64(tokens[place] + (tokens[place + 1] >> np.uint64(7))) >> shift  # words are scrambled already
        seen[slot] += seen[slot] < 2
    written = 0
    for place in range(pairs):
        slot = np.uint64(tokens[place] + (tokens[place + 1] >> np.uint64(7))) >> shift
        places[written] = place
        written += seen[slot] == 2
    return written


@leaf()
def find_repetition(tokens: U64, unit: int, scratch: Scratch, row: U32) -> None:
    """Count the characters of words that lie in repeated n-grams; write them into `row`.

    A gram of n words is the pair of its first and its last n - 1 words, and can only come twice where both do: so each level
    looks only at what the level before found repeated, and the first at the pairs that `find_repeated_pairs` lets through. Equality is
    exact but for hashes. `top`: the
    gram that comes most often, at least twice, all of its places (of several, the one with most characters, then the first).
    `copied`: every gram that came before. A character counts once however many grams it lies in. A word of the measures is
    `unit` tokens, so that in a script without spaces, where each character is a token, a run of five words is one of
    `5 * unit` characters.
    """
    places, grams, counts, firsts, ends = scratch.places, scratch.grams, scratch.counts, scratch.firsts, scratch.ends
    active = find_repeated_pairs(tokens, scratch)
    for length in range(2, unit * LONGEST_GRAM + 1):
        number = length // unit if length % unit == 0 else 0
        if active < 2:
            return
        shift = clear_table(scratch, active)
        distinct = written = 0
        for entry in range(active if length == 2 else active - 1):
            place = places[entry]
            if length == 2:
                key = _pair(tokens, place)
            elif places[entry + 1] == place + 1:
                key = (np.uint64(grams[entry]) << np.uint64(32)) | np.uint64(grams[entry + 1])
            else:
                continue
            slot = find_slot(scratch, key, shift)
            gram = scratch.values[slot]
            if gram == NOWHERE:
                gram = np.uint32(distinct)
                scratch.values[slot] = gram
                scratch.keys[slot] = key
                counts[gram] = 0
                firsts[gram] = place
                distinct += 1
            counts[gram] += 1
            places[written] = place
            grams[written] = gram
            written += 1
        if 2 <= number <= 4:
            row[TOP_GRAMS + number - 2] = cover_top(scratch, written, distinct, length)
        active = 0
        covered = chars = 0
        for entry in range(written):
            place, gram = places[entry], grams[entry]
            if counts[gram] < 2:
                continue
            places[active] = place
            grams[active] = gram
            active += 1
            if number >= 5 and firsts[gram] != place:
                stop = ends[place + length]
                chars += stop - max(covered, ends[place])
                covered = stop
        if number >= 5:
            row[COPIED_GRAMS + number - 5] = chars


@leaf()
def cover_top(scratch: Scratch, written: int, distinct: int, length: int) -> int:
    """Count the characters under all places of the gram that comes most often, 0 where none comes twice."""
    places, grams, ends = scratch.places, scratch.grams, scratch.ends
    top = most = size = 0
    for gram in range(distinct):
        often = scratch.counts[gram]
        if often >= max(most, 2):
            own = ends[scratch.firsts[gram] + length] - ends[scratch.firsts[gram]]
            if often > most or own > size:
                top, most, size = gram, often, own
    if most < 2:
        return 0
    covered = chars = 0
    for entry in range(written):
        if grams[entry] == top:
            stop = ends[places[entry] + length]
            chars += stop - max(covered, ends[places[entry]])
            covered = stop
    return chars


class Phrases(NamedTuple):
    """Phrases made ready for `count_phrases`.

    `firsts`: the hashes of their first words, sorted, each phrase an entry; `tokens` and `bounds`: the hashes of their words;
    `groups`, `languages`: numbers, -1 for any language; `starts`: where the phrases begin whose first word has a hash with these
    high bits, and at the end their number.
    """

    firsts: U64
    tokens: U64
    bounds: Offsets
    groups: I32
    languages: I32
    starts: Offsets


HIGH_BITS = 16


def prepare_phrases(words: Sequence[Mapping[int, Sequence[str]]]) -> Phrases:
    """Make phrases ready: for each group, its phrases by the number of their language, -1 for any."""
    listed = [
        (hash_words(phrase), group, language)
        for group, by_language in enumerate(words)
        for language, phrases in sorted(by_language.items())
        for phrase in sorted({phrase.lower() for phrase in phrases})
    ]
    listed = sorted((entry for entry in listed if entry[0]), key=lambda entry: (entry[0][0], *entry[1:], entry[0]))
    firsts = np.array([tokens[0] for tokens, _, _ in listed], dtype=np.uint64)
    high = (firsts >> np.uint64(64 - HIGH_BITS)).astype(np.int64)
    return Phrases(
        firsts,
        np.array([token for tokens, _, _ in listed for token in tokens], dtype=np.uint64),
        np.cumsum([0, *(len(tokens) for tokens, _, _ in listed)], dtype=np.int64),
        np.array([group for _, group, _ in listed], dtype=np.int32),
        np.array([language for _, _, language in listed], dtype=np.int32),
        np.searchsorted(high, np.arange((1 << HIGH_BITS) + 1)).astype(np.int64),
    )


def hash_words(phrase: str) -> list[int]:
    """Give the hashes of the words of a phrase."""
    data = np.frombuffer(phrase.encode(), dtype=np.uint8)
    out = np.empty(len(data) + 1, dtype=np.uint64)
    number = kernels.hash_tokens(data, 0, len(data), *kernels.token_tables(), out)
    return [int(token) for token in out[:number]]


@numba.njit(cache=True, nogil=True)
def count_phrases(tokens: U64, bounds: Offsets, languages: I32, phrases: Phrases, groups: int) -> tuple[U32, U32]:
    """Count phrases in texts, by the hashes of their words; `languages` has a number a text.

    Gives two u32 of shape (texts, groups): how many different phrases there are, and how many places of any.
    """
    texts = len(bounds) - 1
    different = np.zeros((texts, groups), dtype=np.uint32)
    places = np.zeros((texts, groups), dtype=np.uint32)
    number = len(phrases.firsts)
    seen = np.full(number, -1, dtype=np.int64)
    shift = np.uint64(64 - HIGH_BITS)
    for text in range(texts):
        for place in range(bounds[text], bounds[text + 1]):
            token = tokens[place]
            high = np.int64(token >> shift)
            for phrase in range(phrases.starts[high], phrases.starts[high + 1]):
                if phrases.firsts[phrase] != token:
                    continue
                begin, length = phrases.bounds[phrase], phrases.bounds[phrase + 1] - phrases.bounds[phrase]
                language = phrases.languages[phrase]
                fits = (language < 0 or language == languages[text]) and place + length <= bounds[text + 1]
                for step in range(1, length):
                    fits = fits and tokens[place + step] == phrases.tokens[begin + step]
                    if not fits:
                        break
                if fits:
                    group = phrases.groups[phrase]
                    places[text, group] += 1
                    if seen[phrase] != text:
                        seen[phrase] = text
                        different[text, group] += 1
    return different, places
