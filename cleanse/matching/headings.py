"""Labels that are headings of a text and no furniture: what stands around them decides (`rules.Heading`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleanse.compiled import match_groups
from cleanse.hits import acts
from cleanse.matching.lines import Flags, Lines, Rows
from cleanse.matching.sentences import find_sentence_ends, join_broken
from cleanse.rules import Heading, Rule, Variant

Question = tuple[Rows, Sequence[str]]  # rows, and patterns one of which is to match their line


@dataclass(frozen=True)
class Headings:
    """What rules say of headings: for each saying, which variants are of a rule that says so.

    An entry a variant: `groups`, with which others it is, since rules ask only those of their own group which lines they take; `takes`,
    whether it takes lines away; `whole`, whether it takes whole lines; `labelled`, whether it has labels; `bare`, whether it says something of headings and has none.
    """

    said: list[tuple[Heading, Flags]]
    groups: Rows
    takes: Flags
    whole: Flags
    labelled: Flags
    bare: Flags

    @staticmethod
    def of(variants: Sequence[tuple[int, Rule, Variant]]) -> Headings:
        """Take them from variants, given with their groups."""
        rules = [rule for _, rule, _ in variants]
        said: list[Heading] = []
        for rule in rules:
            if rule.head.heading is not None and rule.head.heading not in said:
                said.append(rule.head.heading)
        # Spans take a part of a line, and a method or a recipe in draft says nothing of what the line is.
        takes = [
            rule.head.action == "strip" and acts(rule) and rule.head.scope != "span" and not rule.head.method
            for rule in rules
        ]
        return Headings(
            [(one, np.array([rule.head.heading == one for rule in rules])) for one in said],
            np.array([group for group, *_ in variants], dtype=np.int64),
            np.array(takes, dtype=np.bool_),
            np.array([rule.head.scope == "line" for rule in rules], dtype=np.bool_),
            np.array([rule.head.label for rule in rules], dtype=np.bool_),
            np.array([bool(rule.head.heading and not rule.head.label) for rule in rules], dtype=np.bool_),
        )

    def drop(self, labels: pl.DataFrame, others: pl.DataFrame, lines: Lines) -> pl.DataFrame:
        """Leave out the labels that are headings of a text, and lines that are the end of a sentence.

        Reads and gives pairs of `variant` and `row`; `others` are what patterns hit. A rule that has labels asks only of these.
        """
        every = pl.concat([labels, others])
        every = every.filter(pl.Series(self.takes[every["variant"].to_numpy()]))
        taken = np.zeros((self.groups.max(initial=0) + 1, len(lines) + 1), dtype=np.bool_)
        taken[self.groups[every["variant"].to_numpy()], every["row"].to_numpy()] = True
        labels, others = (self._drop_sentence_ends(pairs, taken, lines) for pairs in (labels, others))
        bare = pl.Series(self.bare[others["variant"].to_numpy()])
        asked = pl.concat([labels, others.filter(bare)])
        starts, ends = self._find_blocks(asked, lines)
        headed = self._find_headed(asked["variant"].to_numpy(), starts, ends, taken, lines)
        return pl.concat([others.filter(~bare), asked.filter(pl.Series(~headed))])

    def _find_headed(self, variants: NDArray[np.uint32], starts: Rows, ends: Rows, taken: Flags, lines: Lines) -> Flags:
        """Say of each block of rows, given with the variant that hit it, whether it is the heading of a text; `taken` as above."""
        headed = np.zeros(len(variants), dtype=np.bool_)
        asked: list[tuple[Rows, int, Heading]] = []
        for heading, numbers in self.said:
            # Most rules say the same of headings, so their lines are looked at together.
            own = np.flatnonzero(numbers[variants])
            group = self.groups[variants[own]]
            firsts, lasts = starts[own], ends[own]
            above = (lines.ordinals[firsts] > 0) & taken[group, np.maximum(firsts - 1, 0)]
            near = ~taken[group, lasts + 1] & ~above & _is_near(lasts, 1, heading, lines)
            if heading.above:
                near &= _is_near(firsts, -1, heading, lines)
                asked.append((own[near], -1, heading))
            asked.append((own[near], 1, heading))
            headed[own[near]] = True
        questions = [((ends if step > 0 else starts)[own] + step, heading.below) for own, step, heading in asked]
        answers = _match_rows(questions, lines)
        # A sentence below may be broken over two lines.
        below = [number for number, (_, step, _) in enumerate(asked) if step > 0]
        whole = _match_broken(
            [(questions[number][0][~answers[number]], questions[number][1]) for number in below], lines
        )
        for number, answer in zip(below, whole, strict=True):
            answers[number][~answers[number]] = answer
        for (own, *_), answer in zip(asked, answers, strict=True):
            headed[own] &= answer
        return headed

    def _drop_sentence_ends(self, pairs: pl.DataFrame, taken: Flags, lines: Lines) -> pl.DataFrame:
        """Leave out the pairs of `variant` and `row` whose line is the end of a sentence; `taken` says which rows go, by group."""
        variants, rows = pairs["variant"].to_numpy(), pairs["row"].to_numpy().astype(np.int64)
        ends = find_sentence_ends(rows, taken[self.groups[variants], np.maximum(rows - 1, 0)], lines)
        return pairs.filter(pl.Series(~(self.whole[variants] & ends)))

    def _find_blocks(self, asked: pl.DataFrame, lines: Lines) -> tuple[Rows, Rows]:
        """Give of each pair of `variant` and `row` the first and the last row of what stands or falls together.

        A notice may have several lines, which are one block; each label stands for itself.
        """
        rows = asked["row"].to_numpy().astype(np.int64)
        starts, ends = rows.copy(), rows.copy()
        variants = asked["variant"].to_numpy()
        for variant in np.unique(variants[~self.labelled[variants]]):
            own = np.flatnonzero(variants == variant)
            starts[own], ends[own] = _find_runs(rows[own], lines)
        return starts, ends


def _find_runs(rows: Rows, lines: Lines) -> tuple[Rows, Rows]:
    """Give for each row the first and the last of those that follow each other in its text; rows may come twice."""
    own = np.unique(rows)
    cuts = np.flatnonzero((np.diff(own) != 1) | (np.diff(lines.doc[own]) != 0)) + 1
    sizes = np.diff([0, *cuts, len(own)])
    starts, ends = np.repeat(own[[0, *cuts]], sizes), np.repeat(own[[*(cuts - 1), -1]], sizes)
    places = np.searchsorted(own, rows)
    return starts[places], ends[places]


def _is_near(rows: Rows, step: int, heading: Heading, lines: Lines) -> Flags:
    """Say of each row whether the line one step on is near and long enough to be text."""
    there = np.clip(rows + step, 0, len(lines) - 1)
    near: Flags = (there == rows + step) & (lines.doc[there] == lines.doc[rows])
    near &= np.abs(lines.line[there].astype(np.int64) - lines.line[rows]) <= heading.max_gap + 1
    near &= lines.chars[there] >= heading.min_chars
    return near


def _match_rows(questions: Sequence[Question], lines: Lines) -> list[Flags]:
    """Say of the rows of each question whether one of its patterns matches their line; all in one go, for each call takes its time."""
    every = np.unique(np.concatenate([rows for rows, _ in questions] or [np.zeros(0, dtype=np.int64)]))
    places = [(np.searchsorted(every, rows), patterns) for rows, patterns in questions]
    return match_groups(lines.take(every)["text"], places)


def _match_broken(questions: Sequence[Question], lines: Lines) -> list[Flags]:
    """Say the same of the lines whose sentence is broken, with the line below them; no others match."""
    every = np.unique(np.concatenate([rows for rows, _ in questions] or [np.zeros(0, dtype=np.int64)]))
    joined = join_broken(every, lines)["text"]
    broken = (joined != lines.take(every)["text"]).to_numpy()
    answers = [np.zeros(len(rows), dtype=np.bool_) for rows, _ in questions]
    places = [np.searchsorted(every, rows) for rows, _ in questions]
    chosen = [np.flatnonzero(broken[own]) for own in places]
    asked = [(own[few], patterns) for own, few, (_, patterns) in zip(places, chosen, questions, strict=True)]
    for answer, few, found in zip(answers, chosen, match_groups(joined, asked), strict=True):
        answer[few] = found
    return answers
