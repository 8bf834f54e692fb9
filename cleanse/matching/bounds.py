"""Which lines a variant of a rule may look at: by language, length and place."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleanse import kernels
from cleanse.lang import UNKNOWN, line_languages, rule_language
from cleanse.matching.lines import Flags, Lines, Rows
from cleanse.matching.uses import is_methodical
from cleanse.rules import ANY, Rule, Variant

# The names of languages, and for each line the number of its own.
Spoken = tuple[list[str], NDArray[np.int64]]
LONGEST_LINE = 2**32 - 1


@dataclass(frozen=True)
class Bounds:
    """What admits a line to a variant, an entry a variant.

    `languages` is None where any language will do; `trim` says that patterns see the line without what stands before it, `closed`
    without the white space at its end; `methodical`, that a method decides alone.
    """

    languages: tuple[str | None, ...]
    min_chars: Rows
    max_chars: Rows
    min_lines: Rows
    head: Rows
    tail: Rows
    trim: Flags
    closed: Flags
    methodical: Flags

    @staticmethod
    def of(variants: tuple[tuple[Rule, Variant], ...]) -> Bounds:
        """Take the bounds from the heads of the rules; `head` and `tail` are 0 where a line may stand anywhere."""
        heads = [rule.head for rule, _ in variants]
        return Bounds(
            tuple(None if v.everywhere or v.language == ANY else v.language for _, v in variants),
            np.array([head.min_chars for head in heads], dtype=np.int64),
            np.array([head.max_chars or LONGEST_LINE for head in heads], dtype=np.int64),
            np.array([head.min_lines for head in heads], dtype=np.int64),
            np.array([head.head or 0 for head in heads], dtype=np.int64),
            np.array([head.tail or 0 for head in heads], dtype=np.int64),
            np.array([head.trim for head in heads], dtype=np.bool_),
            np.array([head.scope != "span" for head in heads], dtype=np.bool_),
            np.array([is_methodical(rule, variant) for rule, variant in variants], dtype=np.bool_),
        )

    def admit(self, variants: NDArray[np.uint32], rows: NDArray[np.uint32], lines: Lines, languages: Spoken) -> Flags:
        """Say of each pair of a variant and a row whether language, length and place of the line allow it."""
        names, number = languages
        table = np.array([_find_speakers(self.languages, name) for name in names], dtype=np.bool_)
        allowed: Flags = table[number[rows], variants] if len(rows) else np.zeros(0, dtype=np.bool_)
        chars = lines.chars[rows]
        allowed &= (chars >= self.min_chars[variants]) & (chars <= self.max_chars[variants])
        placed = np.flatnonzero(allowed & self._placed[variants])
        allowed[placed] = self._in_place(variants[placed].astype(np.int64), rows[placed].astype(np.int64), lines)
        return allowed

    def admit_lines(self, variant: int, lines: Lines) -> Rows:
        """Give the rows at which a variant without literals may look, by their length and their place in the text."""
        head, tail, least = self.head[variant], self.tail[variant], self.min_lines[variant]
        if not head and not tail:
            head = LONGEST_LINE
        return kernels.choose_rows(
            lines.bounds, lines.chars, self.min_chars[variant], self.max_chars[variant], head, tail, least
        )

    @property
    def _placed(self) -> Flags:
        return (self.head > 0) | (self.tail > 0) | (self.min_lines > 1)

    def _in_place(self, variants: Rows, rows: Rows, lines: Lines) -> Flags:
        ordinals, from_end = lines.ordinals[rows], lines.from_end[rows]
        head, tail = self.head[variants], self.tail[variants]
        near: Flags = ((head == 0) & (tail == 0)) | (ordinals < head) | (from_end <= tail)
        near &= ordinals + from_end >= self.min_lines[variants]
        return near


@functools.lru_cache(maxsize=1024)
def _find_speakers(owns: tuple[str | None, ...], language: str) -> Flags:
    """Say of each variant, given by its language, whether it looks at texts of a language."""
    looks = {own: rule_language(own, language) for own in dict.fromkeys(owns)}
    return np.array([looks[own] for own in owns], dtype=np.bool_)


def find_languages(documents: pl.DataFrame, lines: Lines) -> Spoken:
    """Give the names of all languages, and for each line the number of its own: that of its document, unless the line has another.

    Reads: `doc`, from 0 in steps of 1, `language`, and `language_lines` where there is one.
    """
    main = documents["language"].fill_null(UNKNOWN)
    others = line_languages(documents)
    names = sorted({*main.unique(), *others["language"].unique()})
    numbered = pl.Enum(names)
    spoken = main.cast(numbered).to_physical().to_numpy().astype(np.int64)[lines.doc]
    rows, there = lines.find_rows(others)
    if there.any():
        own = others["language"].cast(numbered).to_physical().to_numpy().astype(np.int64)
        spoken[rows[there]] = own[there]
    return names, spoken
