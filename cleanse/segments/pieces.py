"""The pieces of a line: untouched stretches and edits, and how a place moves between the line as it was and as it is."""

from __future__ import annotations

import bisect
import itertools
import operator
from collections.abc import Iterable, Iterator
from typing import NamedTuple

_start_of, _end_of = operator.attrgetter("start"), operator.attrgetter("end")


class Piece(NamedTuple):
    """A stretch of a line: untouched (`replacement` is None), or edited by `rule`."""

    start: int
    end: int
    replacement: str | None
    rule: str | None

    @property
    def length(self) -> int:
        """Count the characters that stand there after the edit."""
        return self.end - self.start if self.replacement is None else len(self.replacement)


def cut_line(length: int, edits: Iterable[Piece]) -> list[Piece]:
    """Cut a line of `length` characters into pieces: the `edits`, and the untouched stretches between them.

    >>> [tuple(piece) for piece in cut_line(6, [Piece(2, 4, "é", "a")])]
    [(0, 2, None, None), (2, 4, 'é', 'a'), (4, 6, None, None)]
    """
    pieces, cursor = [], 0
    for edit in edits:
        if cursor < edit.start:
            pieces.append(Piece(cursor, edit.start, None, None))
        pieces.append(edit)
        cursor = edit.end
    if cursor < length:
        pieces.append(Piece(cursor, length, None, None))
    return pieces


def unshift(start: int, end: int, pieces: list[Piece]) -> tuple[int, int]:
    """Carry a span of the edited line back to the line as it was, widened to every edit that it cuts.

    >>> pieces = cut_line(8, [Piece(0, 4, "ü", "encoding/mojibake")])
    >>> unshift(2, 5, pieces), unshift(0, 1, pieces)
    ((5, 8), (0, 4))
    """
    return Shifts(pieces).unshift(start, end)


class Shifts:
    """The pieces of a line made ready to carry many places between the line as it was and as it is after the edits."""

    def __init__(self, pieces: list[Piece]) -> None:
        """Sum up how long the pieces are; they cover the line from its start to its end."""
        self._pieces = pieces
        self._ends = list(itertools.accumulate(piece.length for piece in pieces))
        self._begins = [0, *self._ends[:-1]] if pieces else []

    def unshift(self, start: int, end: int) -> tuple[int, int]:
        """Carry a span of the edited line back to the line as it was, widened to every edit that it cuts."""
        first, last = bisect.bisect_right(self._ends, start), bisect.bisect_left(self._begins, end) - 1
        if first > last:
            return 0, 0
        head, tail = self._pieces[first], self._pieces[last]
        left, right = head.start, tail.end
        if head.replacement is None:
            left += max(0, start - self._begins[first])
        if tail.replacement is None and end < self._ends[last]:
            right = tail.start + end - self._begins[last]
        return left, right

    def widen(self, start: int, end: int) -> tuple[int, int]:
        """Widen a span of the line as it was to the edits that it cuts."""
        first = bisect.bisect_right(self._pieces, start, key=_end_of)
        last = bisect.bisect_left(self._pieces, end, key=_start_of) - 1
        for number in {first, last}:
            if 0 <= number < len(self._pieces):
                piece = self._pieces[number]
                if piece.replacement is not None and piece.start < end and start < piece.end:
                    start, end = min(start, piece.start), max(end, piece.end)
        return start, end


def rewrite(pieces: Iterable[Piece], edits: Iterable[Piece]) -> list[Piece]:
    """Apply further `edits`, given as places in the text that `pieces` make of a line; none of them is empty.

    What several edits did to one stretch becomes one piece, which bears the rule of the first of them.

    >>> pieces = cut_line(6, [Piece(1, 3, "é", "a")])
    >>> [tuple(piece) for piece in rewrite(pieces, [Piece(0, 2, "E", "b")])]
    [(0, 3, 'E', 'a'), (3, 6, None, None)]
    """
    pieces, ordered = list(pieces), sorted(edits)
    if len(pieces) == 1 and pieces[0].replacement is None:
        return cut_line(pieces[0].end, ordered)
    done: list[Piece] = []
    first = cursor = 0
    grows, named = -1, False  # the edit that made the last piece, and whether that bears the rule of an earlier one
    for piece in _split_pieces(pieces, ordered):
        begin, cursor = cursor, cursor + piece.length
        while first < len(ordered) and ordered[first].end <= begin:
            first += 1
        stop = first
        while stop < len(ordered) and ordered[stop].start < cursor:
            stop += 1
        if first == stop:
            done.append(piece)
            grows = -1
            continue
        joins = grows == first
        start, _, text, rule = done.pop() if joins else Piece(piece.start, piece.start, "", ordered[first].rule)
        if piece.rule and not (joins and named):
            rule, named = piece.rule, True
        elif not joins:
            named = False
        text = f"{text}{_overwrite(piece.replacement or '', begin, ordered[first:stop], joins=joins)}"
        done.append(Piece(start, piece.end, text, rule))
        grows = stop - 1
    return done


def _split_pieces(pieces: Iterable[Piece], edits: Iterable[Piece]) -> Iterator[Piece]:
    """Cut the untouched pieces where an edit begins or ends."""
    cuts = sorted({place for edit in edits for place in (edit.start, edit.end)})
    number = cursor = 0
    for piece in pieces:
        begin, cursor = cursor, cursor + piece.length
        if piece.replacement is not None:
            yield piece
            continue
        start = piece.start
        while number < len(cuts) and cuts[number] <= begin:
            number += 1
        while number < len(cuts) and cuts[number] < cursor:
            place = piece.start + cuts[number] - begin
            yield Piece(start, place, None, None)
            start = place
            number += 1
        yield Piece(start, piece.end, None, None)


def _overwrite(text: str, begin: int, edits: Iterable[Piece], *, joins: bool) -> str:
    """Apply edits to `text`, which begins at `begin`; where it `joins`, the text of the first edit is already there."""
    parts, place = [], begin
    for number, edit in enumerate(edits):
        if number or not joins:
            parts += [text[max(0, place - begin) : max(0, edit.start - begin)], edit.replacement or ""]
        place = edit.end
    return "".join([*parts, text[place - begin :]])


def join_pieces(line: str, pieces: Iterable[Piece]) -> str:
    """Give the text that `pieces` make of `line`."""
    return "".join(line[p.start : p.end] if p.replacement is None else p.replacement for p in pieces)
