"""The words of all rules, and where they stand in the lines of a batch: one pass, in which each is looked for only where it counts.

Most rules look at short lines only, and most words matter only where they open a line.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from cleanse.matching.bounds import LONGEST_LINE
from cleanse.matching.decoration import decoration_table, judge_surroundings
from cleanse.matching.forms import Forms, prepare_forms
from cleanse.matching.lines import Lines
from cleanse.matching.literals import Occurrences, find_literals, find_openings, join_occurrences
from cleanse.matching.spelling import spell

# Lines by their length in characters: a word is looked for up to the lines that a rule of its looks at.
LENGTHS = (120, 400, LONGEST_LINE)
OPENING_LENGTHS = (LONGEST_LINE,)  # where it opens a line, that is one place a line
Reach = tuple[bool, int]  # whether only where it opens a line, and how many characters the line has at most


@dataclass(frozen=True)
class Words:
    """All words made ready, by where they are looked for; those from the number `first_term` on are terms of others."""

    forms: dict[Reach, Forms]
    first_term: int

    @staticmethod
    def of(words: Iterable[tuple[str, int, bool, int]], terms: Sequence[tuple[bytes, int]], first_term: int) -> Words:
        """Make words ready.

        Reads of each: how it is written, its number, whether it must open a line, and how many characters the line has at most. `terms`
        are looked for in any line: the bytes of a form, and the number of the term.
        """
        reaches = [(opening, most) for opening in (True, False) for most in (OPENING_LENGTHS if opening else LENGTHS)]
        spelled: dict[Reach, set[tuple[str, int]]] = {reach: set() for reach in reaches}
        for text, number, opening, most in words:
            lengths = OPENING_LENGTHS if opening else LENGTHS
            for length in lengths[: bisect.bisect_left(lengths, most) + 1]:
                spelled[opening, length].add((text, number))
        spellings = {text: [form.encode() for form in spell(text)] for found in spelled.values() for text, _ in found}
        others = [(form, first_term + term) for form, term in terms]
        return Words(
            {
                (opening, most): prepare_forms(
                    [(form, number) for text, number in found for form in spellings[text]] + ([] if opening else others)
                )
                for (opening, most), found in spelled.items()
            },
            first_term,
        )

    def find(self, lines: Lines) -> tuple[pl.DataFrame, Occurrences]:
        """Give a row for each place of each word: `row`, `literal`, `start`, `end` (bytes), `around` (bits), `opening`.

        `opening` says that it was looked for only where it opens the line. The terms of others come by themselves.
        """
        frames, terms = [], []
        least = 0
        for (opening, most), forms in self.forms.items():
            rows = np.flatnonzero((lines.chars > least) & (lines.chars <= most)).astype(np.uint32)
            least = most if most < LONGEST_LINE else 0
            starts, ends = lines.starts[rows], lines.ends[rows]
            found = (find_openings if opening else find_literals)(lines.data, starts, ends, forms)
            if not opening:
                own = found.literals < self.first_term
                others = found.take(~own)
                numbers = others.literals - np.uint32(self.first_term)
                terms.append(others._replace(lines=rows[others.lines], literals=numbers))
                found = found.take(own)
            around = judge_surroundings(
                lines.data, starts[found.lines], ends[found.lines], found.starts, found.ends, decoration_table()
            )
            places = {"literal": found.literals, "start": found.starts, "end": found.ends, "around": around}
            frame = pl.DataFrame({"row": rows[found.lines], **places})
            frames.append(frame.with_columns(opening=pl.lit(opening)))
        return pl.concat(frames), join_occurrences(terms)
