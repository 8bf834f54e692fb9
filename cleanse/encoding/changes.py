"""What changed between two lines, as edits; and edits made.

>>> edits = compare("FÃ¼r dich", "Für dich", "encoding/mojibake")
>>> overwrite("FÃ¼r dich", edits)
'Für dich'
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from cleanse.encoding.pairs import character_codes
from cleanse.kernels import U32
from cleanse.segments import Piece, cut_line, rewrite

LONGEST_DIFF = 2_000
FEW_STEPS = 20_000  # comparisons that any two texts may take
STEPS_PER_CHARACTER = 300  # comparisons that longer ones may take: so much for each of their characters
LONGEST_WORD = 32  # characters of a word whose differences are surely found in few steps
RUNS = re.compile("([^\x00-\x7f]+)")
STRETCH = 64  # characters that are compared at once


def compare(before: str, after: str, rule: str, *, by_words: bool = False) -> list[Piece]:
    """Give the edits that lead from one line to another, none of them empty.

    `by_words` compares words and not characters, which suits lines of which nothing stays the same.

    >>> [tuple(edit) for edit in compare("FÃ¼r dich", "Für dich", "encoding/mojibake")]
    [(1, 3, 'ü', 'encoding/mojibake')]
    """
    if before == after:
        return []
    if not by_words and (edits := _compare_runs(before, after, rule)) is not None:
        return edits
    start = _shared_start(before, after)
    tail = min(_shared_start(before[::-1], after[::-1]), min(len(before), len(after)) - start)
    left, right = before[start : len(before) - tail], after[start : len(after) - tail]
    if not by_words and len(left) + len(right) <= LONGEST_DIFF and set(left).isdisjoint(right):
        # Nothing in common: what a comparison would say too, after a while.
        return [_widen(Piece(start, start + len(left), right, rule), before)]
    if not by_words and (pairs := _pair_words(left, right)) is not None:
        edits, at = [], start
        for old, new in pairs:
            edits += (
                [edit._replace(start=at + edit.start, end=at + edit.end) for edit in compare(old, new, rule)]
                if len(pairs) > 1 and old != new
                else []
            )
            at += len(old)
        if len(pairs) > 1:
            return edits
    changes = None if by_words or len(left) + len(right) > LONGEST_DIFF else find_changes(left, right)
    opcodes: Sequence[tuple[str, int, int, int, int]] = (
        _compare_words(left, right) if changes is None else [("replace", *block) for block in changes]
    )
    edits = [Piece(start + i, start + j, right[k:m], rule) for tag, i, j, k, m in opcodes if tag != "equal"]
    edits = [_widen(edit, before) for edit in edits]
    if any(first.end > second.start for first, second in itertools.pairwise(edits)):
        edits = [_widen(Piece(start, start + len(left), right, rule), before)]
    return edits


def _compare_runs(before: str, after: str, rule: str) -> list[Piece] | None:
    """Compare lines that differ only in runs of characters outside ASCII, none of which are in both.

    That is how most lines that were read wrongly differ, and there is but one way to say so. None where it is otherwise, and where a word
    is so long that what follows takes it as one.

    >>> [tuple(edit) for edit in _compare_runs("Ã©tÃ©", "été", "encoding/mojibake")]
    [(0, 2, 'é', 'encoding/mojibake'), (3, 5, 'é', 'encoding/mojibake')]
    """
    first, second = RUNS.split(before), RUNS.split(after)
    if first[::2] != second[::2]:
        return None
    old, new = first[1::2], second[1::2]
    if not set("".join(old)).isdisjoint("".join(new)) or max(map(len, before.split(" "))) > LONGEST_WORD:
        return None
    edits, at = [], 0
    for calm, run, text in zip(first[::2], old, new, strict=False):
        at += len(calm)
        edits.append(Piece(at, at + len(run), text, rule))
        at += len(run)
    return edits


def overwrite(line: str, edits: Iterable[Piece]) -> str:
    """Give a line with edits made.

    >>> overwrite("FÃ¼r", [Piece(1, 3, "ü", "encoding/mojibake")])
    'Für'
    """
    parts, at = [], 0
    for edit in edits:
        parts += [line[at : edit.start], edit.replacement or ""]
        at = edit.end
    return "".join([*parts, line[at:]])


def compose(line: str, steps: Sequence[Sequence[Piece]]) -> list[Piece]:
    """Make one list of edits of several that follow each other.

    The places of each are those of the line as the one before leaves it; the places of the list are those of `line`.

    >>> steps = [[Piece(1, 3, "é", "a")], [Piece(0, 2, "E", "b")]]
    >>> [tuple(piece) for piece in compose("cafe", steps)]
    [(0, 3, 'E', 'a')]
    """
    if len(steps) == 1:
        return list(steps[0])
    pieces = cut_line(len(line), [])
    for edits in steps:
        pieces = rewrite(pieces, edits) if edits else pieces
    return [piece for piece in pieces if piece.replacement is not None]


def _shared_start(first: str, second: str) -> int:
    """Count the characters with which both begin.

    >>> _shared_start("ferry", "feather")
    2
    """
    place = 0
    while (part := first[place : place + STRETCH]) and part == second[place : place + STRETCH]:
        place += len(part)
    pairs = zip(first[place : place + STRETCH], second[place : place + STRETCH], strict=False)
    return next((place + i for i, (a, b) in enumerate(pairs) if a != b), min(len(first), len(second)))


def _pair_words(left: str, right: str) -> list[tuple[str, str]] | None:
    """Pair the words of two stretches, if both have as many, and no pair inserts a word."""
    first, second = re.split(r"( +)", left), re.split(r"( +)", right)
    if len(first) != len(second):
        return None
    pairs = list(zip(first, second, strict=True))
    return None if any(old != new and not old for old, new in pairs) else pairs


def _compare_words(left: str, right: str) -> list[tuple[str, int, int, int, int]]:
    """Compare long lines word by word.

    Where the number of words differs, the whole stretch is one edit.
    """
    first, second = re.split(r"(\s)", left), re.split(r"(\s)", right)
    if len(first) != len(second):
        return [("replace", 0, len(left), 0, len(right))]
    opcodes, i, k = [], 0, 0
    for a, b in zip(first, second, strict=True):
        opcodes.append(("equal" if a == b else "replace", i, i + len(a), k, k + len(b)))
        i, k = i + len(a), k + len(b)
    if any(start == end for tag, start, end, *_ in opcodes if tag != "equal"):
        return [("replace", 0, len(left), 0, len(right))]
    return opcodes


def _widen(edit: Piece, line: str) -> Piece:
    """Let an insertion take a neighbour along, so that each hit covers text that was read."""
    if edit.start < edit.end:
        return edit
    if edit.start > 0:
        return edit._replace(start=edit.start - 1, replacement=line[edit.start - 1] + (edit.replacement or ""))
    return edit._replace(end=edit.end + 1, replacement=(edit.replacement or "") + line[edit.end])


def find_changes(left: str, right: str) -> list[tuple[int, int, int, int]] | None:
    """Give the stretches by which two texts differ, start and end in each.

    They are those that `difflib.SequenceMatcher` finds. Its time grows with the cube of the length where few characters stand again and again; then None, so that no line takes long.

    >>> find_changes("qabxcd", "abycdf")
    [(0, 1, 0, 0), (3, 4, 2, 3), (6, 6, 5, 6)]
    """
    changes, i, j = [], 0, 0
    most = max(FEW_STEPS, STEPS_PER_CHARACTER * (len(left) + len(right)))
    blocks, complete = match_blocks(character_codes(left), character_codes(right), most)
    if not complete:
        return None
    for begin, other, length in blocks[blocks[:, 0].argsort()].tolist():
        if i < begin or j < other:
            changes.append((i, begin, j, other))
        i, j = begin + length, other + length
    if i < len(left) or j < len(right):
        changes.append((i, len(left), j, len(right)))
    return changes


@numba.njit(cache=True, nogil=True)
def match_blocks(left: U32, right: U32, most: int) -> tuple[NDArray[np.int64], bool]:
    """Find the longest stretch that two texts share, then those before and behind it.

    Gives int64 of shape (stretches, 3): where each begins in both, and its length. Of equally long ones the first in
    `left` counts, then the first in `right`. Also says whether that is all; more than about `most` comparisons are not made.
    """
    count, size = len(left), len(right)
    first, following = _find_places(left, right)
    blocks = np.empty((min(count, size), 3), dtype=np.int64)
    found = 0
    waiting = np.empty((count + size + 2, 4), dtype=np.int64)
    waiting[0] = 0, count, 0, size
    depth = 1
    lengths = np.zeros((2, size + 1), dtype=np.int64)
    steps = np.int64(0)
    while depth and steps <= most:
        depth -= 1
        start, end, low, high = waiting[depth]
        i, j, length, taken = _find_longest(waiting[depth].copy(), first, following, lengths)
        steps += taken
        if length:
            blocks[found] = i, j, length
            found += 1
            if start < i and low < j:
                waiting[depth] = start, i, low, j
                depth += 1
            if i + length < end and j + length < high:
                waiting[depth] = i + length, end, j + length, high
                depth += 1
    return blocks[:found].copy(), depth == 0


@numba.njit(cache=True, nogil=True)
def _find_places(left: U32, right: U32) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Say where `right` has each character of `left` first, and each of its own next.

    Where it has none, that is its length.
    """
    size = len(right)
    first, following = np.full(len(left), size), np.full(size, size)
    for j in range(size):
        for k in range(j + 1, size):
            if right[k] == right[j]:
                following[j] = k
                break
    for i in range(len(left)):
        for j in range(size):
            if right[j] == left[i]:
                first[i] = j
                break
    return first, following


@numba.njit(cache=True, nogil=True)
def _find_longest(
    bounds: NDArray[np.int64],
    first: NDArray[np.int64],
    following: NDArray[np.int64],
    lengths: NDArray[np.int64],
) -> tuple[Any, Any, Any, Any]:
    """Find the longest stretch that `left[start:end]` and `right[low:high]` share.

    Also says in how many steps. `lengths` is room for two rows.
    """
    start, end, low, high = bounds
    best_i, best_j, best = start, low, np.int64(0)
    # Entry j of a row is of the character before j: how long the stretch is that ends there.
    earlier = 0
    steps = end - start
    lengths[earlier, low : high + 1] = 0
    for i in range(start, end):
        now = 1 - earlier
        lengths[now, low : high + 1] = 0
        j = first[i]
        steps += high - low
        while j < high:
            steps += 1
            if j >= low:
                length = lengths[earlier, j] + 1
                lengths[now, j + 1] = length
                if length > best:
                    best_i, best_j, best = i - length + 1, j - length + 1, length
            j = following[j]
        earlier = now
    return best_i, best_j, best, steps
