r"""ftfy's pattern of badness as tables that a kernel runs.

Each alternative of the pattern is a row of at most seven sets of characters. All of them are followed at once, a bit a
set (the algorithm "shift-and"), so that a line is read once and each character costs two table look-ups.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np
from ftfy.badness import BADNESS_RE
from numpy.typing import NDArray

from cleanse import cache
from cleanse.encoding.pairs import BMP, character_codes
from cleanse.kernels import Bytes, decode_character, leaf

U8 = NDArray[np.uint8]
U64 = NDArray[np.uint64]

# What a verbose pattern is made of: sets, escapes, comments, layout, and characters that stand for themselves.
TOKEN = re.compile(r"\[(?:\\.|[^\]\\])*\]|\\.|#[^\n]*|\s+|.", re.DOTALL)
WORD_BITS = 64
MEMBER = "\U0010ffff"
BEYOND = 0x20000  # a letter: it stands for all characters above the tables, so that no match is missed


class Pattern(NamedTuple):
    """What `is_bad` reads.

    `classes` u8 of shape (BMP,): the row of a character in `masks`, u64 of shape (classes, words), whose bits are the sets
    that hold it; `first`, `opening` and `last` u64 of shape (words,): the sets with which an alternative begins, with which
    it begins where it must open the line, and with which it ends; `beyond`: the row of characters above the tables.
    """

    classes: U8
    masks: U64
    first: U64
    opening: U64
    last: U64
    beyond: int


def split_pattern(verbose: str) -> list[list[str]]:
    r"""Give the alternatives of a verbose pattern, each as its sets of characters.

    What is optional stands in one alternative and is missing in another.

    >>> split_pattern("[a b] \\s? c  # a comment\n | ^d")
    [['[a b]', 'c'], ['[a b]', '\\s', 'c'], ['^', 'd']]
    """
    done: list[list[str]] = []
    rows: list[list[str]] = [[]]
    for part in TOKEN.findall(verbose):
        if part.isspace() or part.startswith("#"):
            continue
        if part == "|":
            done += rows
            rows = [[]]
        elif part == "?":
            rows = [kept for row in rows for kept in (row[:-1], row)]
        else:
            rows = [[*row, part] for row in rows]
    return done + rows


@cache.keep
def load_pattern() -> Pattern:
    """Make the tables of ftfy's pattern; they say what Python's `re` finds with it."""
    alternatives = split_pattern(BADNESS_RE.pattern)
    words, used = 1, 0
    places: list[tuple[list[str], int, bool]] = []
    for row in alternatives:
        opens = row[0] == "^"
        sets = row[opens:]
        if used + len(sets) > WORD_BITS:
            words, used = words + 1, 0
        places.append((sets, (words - 1) * WORD_BITS + used, opens))
        used += len(sets)
    characters = "".join(chr(code) for code in (*range(BMP), BEYOND))
    held: dict[str, NDArray[np.int64]] = {}
    bits = np.zeros((len(characters), words), dtype=np.uint64)
    first, opening, last = (np.zeros(words, dtype=np.uint64) for _ in range(3))
    for sets, place, opens in places:
        (opening if opens else first)[place // WORD_BITS] |= _bit(place)
        last[(place + len(sets) - 1) // WORD_BITS] |= _bit(place + len(sets) - 1)
        for number, atom in enumerate(sets, place):
            if atom not in held:
                held[atom] = _find_members(atom, characters)
            bits[held[atom], number // WORD_BITS] |= _bit(number)
    masks, classes = np.unique(bits, axis=0, return_inverse=True)
    numbers = np.asarray(classes.reshape(-1), dtype=np.uint8)
    return Pattern(numbers[:BMP].copy(), masks, first, opening, last, int(numbers[BMP]))


def _find_members(atom: str, characters: str) -> NDArray[np.int64]:
    """Give the places of the characters that a set holds."""
    marked = re.sub(atom, MEMBER, characters, flags=re.DOTALL)
    return np.flatnonzero(character_codes(marked) == ord(MEMBER))


def _bit(place: int) -> np.uint64:
    return np.uint64(1 << place % WORD_BITS)


@cache.keep
def alphabet() -> str:
    """Give the characters outside ASCII that take part in ftfy's pattern of badness."""
    classes = "|".join(re.findall(r"\[[^\]^][^\]]*\]", BADNESS_RE.pattern))
    loose = "".join(character for character in BADNESS_RE.pattern if character > "\x7f")
    found = re.compile(f"{classes}|[{re.escape(loose)}]")
    return "".join(chr(code) for code in range(0x80, BMP) if found.match(chr(code)))


@leaf()
def is_bad(data: Bytes, begin: int, end: int, pattern: Pattern, state: U64) -> bool:
    """Say whether ftfy's pattern of badness is somewhere in a line of valid UTF-8.

    Characters above the tables are taken for letters, so it may say so of a line with an emoji where ftfy does not. `state` is room: as many
    numbers as `pattern.first` has.
    """
    words = len(pattern.first)
    state[:] = 0
    i = begin
    while i < end:
        opens = i == begin
        code, i = decode_character(data, i)
        own = pattern.classes[code] if code < BMP else pattern.beyond
        for word in range(words):
            start = pattern.first[word] | (pattern.opening[word] if opens else np.uint64(0))
            state[word] = ((state[word] << np.uint64(1)) | start) & pattern.masks[own, word]
            if state[word] & pattern.last[word]:
                return True
    return False


def is_text_bad(text: str) -> bool:
    """Say whether ftfy's pattern of badness is somewhere in a text.

    >>> is_text_bad("FÃ¼r"), is_text_bad("Für")
    (True, False)
    """
    data, pattern = np.frombuffer(text.encode("utf-8", "surrogatepass"), dtype=np.uint8), load_pattern()
    return bool(not text.isascii() and is_bad(data, 0, len(data), pattern, np.empty_like(pattern.first)))
