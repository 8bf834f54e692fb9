"""How a dropped duplicate differs from its kept twin, line by line, for a page."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator
from dataclasses import dataclass

from cleanse.report.samples import Piece

PAIR_LINES = 400  # lines of each text that are compared
LINE_CHARS = 1_000  # characters shown of a line
WORD_CHARS = 20  # a difference is widened to whole words of so many characters
BESIDE = 1  # equal lines shown on each side of a difference


@dataclass(frozen=True)
class PairLine:
    """A line of two texts as pieces, `same` where it is equal in both.

    What stands only in the dropped text is marked as a strip, what is only in the kept one as a fix. `far` says that it is equal in both,
    and no difference is near.
    """

    pieces: tuple[Piece, ...]
    same: bool
    far: bool = False


def compare_texts(dropped: str, kept: str) -> list[PairLine]:
    """Give two texts as one list of lines.

    What is only in the dropped one is marked as taken out, what is only in the kept one as put in.
    """
    ours, theirs = (text.split("\n")[:PAIR_LINES] for text in (dropped, kept))
    lines = list(_compare(ours, theirs))
    near = [any(not other.same for other in lines[max(0, at - BESIDE) : at + BESIDE + 1]) for at in range(len(lines))]
    none = not any(near)
    return [
        PairLine(line.pieces, line.same, far=line.same and not close and not (none and at == 0))
        for at, (line, close) in enumerate(zip(lines, near, strict=True))
    ]


def _compare(ours: list[str], theirs: list[str]) -> Iterator[PairLine]:
    # Without the heuristic for frequent lines: blank ones are frequent, and nothing else is.
    matcher = difflib.SequenceMatcher(None, ours, theirs, autojunk=False)
    for kind, start, end, other_start, other_end in matcher.get_opcodes():
        mine, yours = ours[start:end], theirs[other_start:other_end]
        if kind == "equal":
            yield from (PairLine((Piece(_cut(line)),), same=True) for line in mine)
        elif len(mine) == len(yours):
            yield from (PairLine(_part(left, right), same=False) for left, right in zip(mine, yours, strict=True))
        else:
            yield from (PairLine((Piece(_cut(line), "strip"),), same=False) for line in mine)
            yield from (PairLine((Piece("", "fix", "", _cut(line)),), same=False) for line in yours)


def _part(left: str, right: str) -> tuple[Piece, ...]:
    """Give two lines as one: what both begin and end with, and what each has between."""
    front = len(os.path.commonprefix([left, right]))  # noqa: RUF071 - characters are meant
    back = len(os.path.commonprefix([left[front:][::-1], right[front:][::-1]]))  # noqa: RUF071 - as above
    front, back = front - _inside_word(left[:front]), back - _inside_word(left[len(left) - back :][::-1])
    mine, yours = left[front : len(left) - back], right[front : len(right) - back]
    start = max(0, front - LINE_CHARS // 2)
    pieces = [Piece(f"{'…' if start else ''}{left[start:front]}"), Piece(_cut(mine), "fix", "", _cut(yours))]
    return (*pieces, Piece(_cut(left[len(left) - back :] if back else "")))


def _inside_word(text: str) -> int:
    """Count the letters and digits at the end of a text, WORD_CHARS at most: so far is it to the edge of a word, or of a phrase without spaces."""
    count = 0
    while count < min(len(text), WORD_CHARS) and text[-1 - count].isalnum():
        count += 1
    return count if count < WORD_CHARS else 0


def _cut(text: str) -> str:
    return text if len(text) <= LINE_CHARS else f"{text[:LINE_CHARS]}…"
