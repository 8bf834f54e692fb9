"""Undo what fixes and strips did: the lines of a document as they were read, from its clean text and its hits."""

from __future__ import annotations

import bisect
import functools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import polars as pl

from cleanse import segments
from cleanse.encoding import LINE_ENDS


class Edit(NamedTuple):
    """A hit that changed the text; `replacement` is None for a strip that took its line along."""

    line: int | None
    start: int
    end: int
    text: str
    replacement: str | None
    rule: str
    strips: bool


@dataclass(frozen=True)
class Edits:
    """What fixes and strips did to a document, in the order of places: the rows from `begin` to `end` of some columns.

    The columns are those of Edit. Single edits are made of them where they are needed, since one document may have a million.
    """

    columns: tuple[list[Any], ...]
    begin: int
    end: int

    @staticmethod
    def of(edits: Sequence[Edit]) -> Edits:
        """Take edits in the order of places, those of the whole document first."""
        columns = tuple(map(list, zip(*edits, strict=True))) if edits else ([],) * len(Edit._fields)
        return Edits(columns, 0, len(edits))

    def take(self, begin: int, end: int) -> list[Edit]:
        """Give some of them, by row."""
        return list(map(Edit._make, zip(*(column[begin:end] for column in self.columns), strict=True)))

    @functools.cached_property
    def first(self) -> int:
        """Give the row of the first edit that stands in a line: before it are those of the whole document."""
        lines = self.columns[0]
        return next((row for row in range(self.begin, self.end) if lines[row] is not None), self.end)

    @functools.cached_property
    def gone(self) -> list[int]:
        """Give the numbers of the lines that went with their break, in order."""
        names = ("line", "replacement", "strips")
        columns = [self.columns[Edit._fields.index(name)][self.first : self.end] for name in names]
        went = [line for line, replacement, strips in zip(*columns, strict=True) if strips and replacement is None]
        return list(dict.fromkeys(went))

    def find_row(self, line: int) -> int:
        """Give the row of the first edit in this line, or behind it."""
        return bisect.bisect_left(self.columns[0], line, self.first, self.end)


NO_EDITS = Edits.of(())


def group_edits(hits: pl.DataFrame) -> dict[str, Edits]:
    """Give what fixes and strips did to each document, by its id.

    Reads: the columns of hits.parquet, in which the hits of a document stand together.
    """
    edits = hits.filter(pl.col("action").is_in(["fix", "strip"])).with_columns(strips=pl.col("action") == "strip")
    edits = edits.with_columns(pl.col("id").rle_id().alias("run"))
    edits = edits.sort("run", "line", "start", "end", maintain_order=True)
    columns = tuple(edits[name].to_list() for name in Edit._fields)
    found: dict[str, Edits] = {}
    place = 0
    for identity, length in edits["id"].rle().struct.unnest().select("value", "len").iter_rows():
        found[identity] = Edits(columns, place, place + length)
        place += length
    return found


class AsRead:
    """The lines of a document as they were read, made from its clean text and its edits when they are asked for."""

    def __init__(self, clean: str, edits: Edits = NO_EDITS) -> None:
        """Split the clean text.

        Raises:
            ValueError: the edits do not fit the text.
        """
        self._rest, self._edits, self._gone = clean.split("\n"), edits, edits.gone
        self._known: dict[int, str] = {}
        self._returns = any(edit.rule == LINE_ENDS for edit in edits.take(edits.begin, edits.first))
        if edits.first < edits.end and edits.columns[0][edits.end - 1] >= len(self):
            raise ValueError("a hit stands behind the last line")

    def __len__(self) -> int:
        """Count the lines."""
        return len(self._rest) + len(self._gone)

    def __getitem__(self, number: int) -> str:
        """Give one line; it is remembered, for the samples of a document often share a line."""
        if number not in self._known:
            self._known[number] = self.take(number, number + 1)[0]
        return self._known[number]

    def __iter__(self) -> Iterator[str]:
        """Give all lines, some at a time."""
        begin, step = 0, 64
        while begin < len(self):
            yield from self.take(begin, min(begin + step, len(self)))
            begin, step = begin + step, 2 * step

    def take(self, begin: int, end: int) -> list[str]:
        """Give the lines from `begin` to `end`."""
        lines: list[str] = []
        taken = begin - bisect.bisect_left(self._gone, begin)  # lines of the clean text that stand before
        numbers, columns = self._edits.columns[0], self._edits.columns[1:]
        row, last = self._edits.find_row(begin), self._edits.find_row(end)
        gone = iter(self._gone[bisect.bisect_left(self._gone, begin) :])
        next_gone = next(gone, -1)
        while row < last:
            number, behind = numbers[row], row + 1
            while behind < last and numbers[behind] == number:
                behind += 1
            gap = number - begin - len(lines)
            lines += self._rest[taken : taken + gap]
            taken += gap
            if number != next_gone:
                lines.append(_fill(self._rest[taken], [column[row:behind] for column in columns]))
                taken += 1
            else:
                next_gone = next(gone, -1)
                if behind == row + 1 and len(columns[2][row]) == columns[1][row] - columns[0][row]:
                    lines.append(columns[2][row])  # most lines that went have one strip
                else:
                    own = [column[row:behind] for column in columns]
                    lines.append("".join([text for _, _, text in _join_strips(own)]))
            row = behind
        lines += self._rest[taken : taken + end - begin - len(lines)]
        if not self._returns:
            return lines
        # A strip that leaves a line behind leaves its return.
        alone = {
            len(self) - 1,
            *self._gone[bisect.bisect_left(self._gone, begin) : bisect.bisect_left(self._gone, end)],
        }
        return [line if number in alone else f"{line}\r" for number, line in enumerate(lines, begin)]


def undo(clean: str, edits: Edits) -> str:
    r"""Undo fixes and strips: give the text as read from the clean text and the document's edits.

    >>> undo("cd", Edits.of([Edit(0, 0, 2, "ab", None, "boilerplate/x", strips=True)]))
    'ab\ncd'
    """
    if edits.begin == edits.end:
        return clean
    document = AsRead(clean, edits)
    return "\n".join(document.take(0, len(document)))


def _join_strips(columns: list[list[Any]]) -> list[tuple[int, int, str]]:
    """Give the union of what strips took from a line, whose edits are columns: start, end and text of each stretch."""
    union: list[tuple[int, int, str]] = []
    parts: list[str] = []
    begin = reach = -1
    for start, end, text, _, _, strips in zip(*columns, strict=True):
        if not strips or start == end:
            continue
        if len(text) != end - start:
            raise ValueError("a hit is not as long as its text")
        if start > reach:
            if parts:
                union.append((begin, reach, "".join(parts)))
            begin, reach, parts = start, end, [text]
        elif end > reach:
            parts.append(text[reach - start :])
            reach = end
    return [*union, (begin, reach, "".join(parts))] if parts else union


def _fill(line: str, columns: list[list[Any]]) -> str:
    """Put the text as read back into one line: what strips took, and what fixes changed and no strip took."""
    edits: Iterable[tuple[int, int, str, str | None]] = zip(*columns[:4], strict=True)
    if any(columns[-1]):
        union = _join_strips(columns)
        places = [(start, end) for start, end, _ in union]
        fixes = [
            (start, end, text, replacement)
            for start, end, text, replacement, _, strips in zip(*columns, strict=True)
            if not strips and not segments.lies_in(start, end, places)
        ]
        edits = sorted([*((*stretch, "") for stretch in union), *fixes])
    parts: list[str] = []
    cursor = position = 0
    for start, end, text, replacement in edits:
        untouched = start - position
        parts += (line[cursor : cursor + untouched], text)
        cursor += untouched + len(replacement or "")
        position = end
    return "".join([*parts, line[cursor:]])
