"""Tell lines that are code, or are about code, from prose; what is code no rule strips or fixes.

What counts as evidence, and for how much, stands in `rules/code/`. This module holds the measures of a line: what a kernel
counts in it, which patterns it matches, and what stands around it in its document.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleanse import kernels, segments
from cleanse.compiled import run_compiled
from cleanse.errors import CleanseError
from cleanse.hits import CODE_LINES, acts
from cleanse.kernels import Offsets
from cleanse.kernels import code as counting
from cleanse.rules import Mark, Points, Rule, Rules, byte_bits, find_needs

FAMILY = "code"
RULE = "code/lines"
COLUMN = CODE_LINES
LINES = pl.List(pl.UInt32)
HEAD = 10  # lines that `head-lines` looks at
TAG_OR_ENTITY = r"</?[A-Za-z!?][^<>]*>|&#?[0-9A-Za-z]{1,30};"
# Measures of a line by itself, and of what stands around it.
OWN = {
    "marks": "marks of code outside tags and entities",
    "mark-percent": "of 100 visible bytes outside tags and entities those that are marks of code",
    "tags": "tags, such as <b>",
    "indent": "columns that the line is indented by; a tab counts for four",
    "bytes": "bytes of the line",
}
AROUND = {
    "beside": "of the lines before and behind those that are code by themselves",
    "near-percent": "of 100 lines around those that are code by themselves",
    "document-lines": "lines of the document that are code by themselves",
    "head-lines": "of the first ten lines of the document those with tags that are code by themselves",
    "document-percent": "of 100 lines of the document those that are code by themselves",
}
MEASURES = {**OWN, **AROUND}
WORDS = {"characters", "openers", "html", "acts"}  # parameters that are no numbers
PARAMETERS = WORDS | {"near"}


class _Lines(NamedTuple):
    """The lines of all texts that have something visible, as `measure_lines` and `find_possible` give them."""

    data: kernels.Bytes
    doc: kernels.U32
    line: kernels.U32
    starts: Offsets
    ends: Offsets
    counts: NDArray[np.int64]
    bounds: Offsets
    possible: kernels.U64
    most: NDArray[np.int64]
    least: NDArray[np.int64]

    def cut(self, rows: NDArray[np.int64]) -> pl.Series:
        """Give the texts of some lines."""
        return kernels.as_texts(*kernels.gather_bytes(self.data, self.starts[rows], self.ends[rows]))


@dataclass(frozen=True)
class Recogniser:
    """The rule of code, made ready; `rule` is None where it was not selected or is a draft, and then no line is code."""

    rule: Rule | None

    @staticmethod
    def of(rules: Rules) -> Recogniser:
        """Take the rule out of a set, if it is there and stable."""
        stable = [rule for rule in rules.family(FAMILY) if rule.id == RULE and acts(rule)]
        return Recogniser(stable[0] if stable else None)

    @property
    def acts(self) -> frozenset[str]:
        """Give the ids of the rules that fix code too."""
        listed = self.rule.head.parameters["acts"] if self.rule else []
        return frozenset(listed if isinstance(listed, list) else [])

    def mark(self, documents: pl.DataFrame) -> pl.DataFrame:
        """Add `code_lines` list[u32] to a frame with `doc` and `text`: the numbers of the lines that are code or about code, in order."""
        if self.rule is None or not self.rule.head.scorecard:
            return documents.with_columns(pl.lit([], dtype=LINES).alias(COLUMN))
        texts = documents["text"].fill_null("")
        lines = self._measure(texts)
        threshold = self.rule.head.scorecard.threshold
        points = self._score_lines(texts, lines)
        self._add_marks(points, np.arange(len(points)), lines)
        sure = points >= threshold
        docs = np.unique(lines.doc[sure])
        rows = segments.list_rows(lines.bounds[docs], lines.bounds[docs + 1])
        if len(rows):
            # Beside code, lines may be code too that are not by themselves.
            points[rows] += self._score_surroundings(sure[rows], rows, lines)
            self._add_marks(points, rows, lines)
        found = np.flatnonzero(points >= threshold)
        doc, line = lines.doc, lines.line
        marked = pl.DataFrame({"doc": documents["doc"].gather(doc[found]), COLUMN: line[found]})
        lists = marked.group_by("doc", maintain_order=True).agg(COLUMN)
        joined = documents.join(lists, on="doc", how="left", maintain_order="left")
        return joined.with_columns(pl.col(COLUMN).fill_null(pl.lit([], dtype=LINES)))

    def get_ready(self) -> Recogniser:
        """Find out what takes long and hangs on the rule only, so that it is kept with the recogniser."""
        if self.rule is not None and self.rule.head.scorecard:
            _ = self._gates
        return self

    @functools.cached_property
    def _classes(self) -> tuple[kernels.U8, kernels.U8]:
        """Give the class of each byte, and whether a line that begins with it is looked at more closely."""
        parameters = self.rule.head.parameters if self.rule else {}
        classes, openers = np.full(256, counting.OTHER, dtype=np.uint8), np.zeros(256, dtype=np.uint8)
        classes[list(b" \t\r\x0b\x0c")] = counting.BLANK
        classes[list(str(parameters["characters"]).encode())] |= counting.MARK
        classes[ord("<")] |= counting.TAG
        classes[ord("&")] |= counting.ENTITY
        classes[ord("\n")] = counting.BREAK
        classes[ord("(")] = (
            counting.OTHER | counting.BEHIND
        )  # "f(" is a call, and most brackets in prose stand behind a space
        openers[list(str(parameters["openers"]).encode())] = 1
        return classes, openers

    @functools.cached_property
    def _html(self) -> str:
        """Give the pattern of the tags of HTML."""
        names = self.rule.head.parameters["html"] if self.rule else []
        return rf"(?i)</?(?:{'|'.join(map(re.escape, names if isinstance(names, list) else []))})(?:[\s/][^<>]*)?>"

    @functools.cached_property
    def _patterns(self) -> list[tuple[Mark, str]]:
        """Give the marks with their patterns, the words of all languages filled in."""
        assert self.rule is not None
        words = sorted(
            {word for variant in self.rule.variants for word in variant.literals}, key=lambda w: (-len(w), w)
        )
        choice = "|".join(map(re.escape, words))
        return [(mark, mark.pattern.replace("{literals}", f"(?:{choice})")) for mark in self.rule.head.marks]

    def _measure(self, texts: pl.Series) -> _Lines:
        """Measure all lines, and say which patterns may match them."""
        data, offsets = kernels.buffers(texts)
        classes, openers = self._classes
        bits = np.array(byte_bits(), dtype=np.uint64)
        measured = counting.measure_lines(data, offsets, classes, openers, bits, kernels.space_table())
        line, starts, ends, counts, masks, bounds = measured
        doc = np.repeat(np.arange(len(texts), dtype=np.uint32), np.diff(bounds))
        possible, most, least = counting.find_possible(data, starts, counts, masks, kernels.space_table(), *self._gates)
        return _Lines(data, doc, line, starts, ends, counts, bounds, possible, most, least)

    def _score_lines(self, texts: pl.Series, lines: _Lines) -> NDArray[np.int64]:
        """Give the points of each line for what is counted in it, and for the patterns that ask for more of its document."""
        assert self.rule is not None
        assert self.rule.head.scorecard is not None
        counts = lines.counts.T
        values = {
            "marks": counts[counting.MARKS],
            "mark-percent": 100 * counts[counting.MARKS] // np.maximum(counts[counting.VISIBLE], 1),
            "tags": counts[counting.TAGS],
            "indent": counts[counting.INDENT],
            "bytes": counts[counting.BYTES],
        }
        points = np.full(len(lines.doc), self.rule.head.scorecard.base, dtype=np.int64)
        for table in self.rule.head.points:
            if table.measure in values:
                points += _score(values[table.measure], table)
        for mark, pattern in self._patterns:
            if mark.document is not None:
                inside = np.flatnonzero(_contains(texts, mark.document))
                rows = segments.list_rows(lines.bounds[inside], lines.bounds[inside + 1])
                points[rows] += mark.points * _contains(lines.cut(rows), pattern)
        return points

    @functools.cached_property
    def _asked(self) -> list[tuple[Mark, str]]:
        """Give the marks that look at a line by itself, each of which has a bit."""
        asked = [(mark, pattern) for mark, pattern in self._patterns if mark.document is None]
        if len(asked) > counting.PATTERNS:
            raise CleanseError(
                f"{RULE} has {len(asked)} patterns without `document`", hint=f"{counting.PATTERNS} is the most"
            )
        return asked

    @functools.cached_property
    def _gates(self) -> tuple[NDArray[Any], ...]:
        """Give what `find_possible` asks of a line before a pattern is asked."""
        needs = [
            (*need, number) for number, (_, pattern) in enumerate(self._asked) for need in sorted(find_needs(pattern))
        ]
        bits = sorted(set(byte_bits()))
        # For each bit the needs of lines that begin with a byte of it, and at the end all needs.
        grouped = [[need for need in needs if need[1] & bit] for bit in bits] + [needs]
        marks = [mark for mark, _ in self._asked]
        return (
            np.array([bits.index(bit) for bit in byte_bits()], dtype=np.int64),
            np.cumsum([0, *map(len, grouped)]).astype(np.int64),
            np.array([own for group in grouped for own, _, _ in group], dtype=np.uint64),
            np.array([number for group in grouped for _, _, number in group], dtype=np.int64),
            np.array([mark.of in ("markup", "foreign") for mark in marks], dtype=np.bool_),
            np.array([mark.of in ("bare", "foreign") for mark in marks], dtype=np.bool_),
            np.array([mark.points for mark in marks], dtype=np.int64),
        )

    def _add_marks(self, points: NDArray[np.int64], rows: NDArray[np.int64], lines: _Lines) -> None:
        """Add to some rows the points of patterns, as long as these can change on which side of the threshold a line is.

        What was asked is taken out of `lines.possible`, so that it is not asked again.
        """
        assert self.rule is not None
        assert self.rule.head.scorecard is not None
        threshold = self.rule.head.scorecard.threshold
        rows = rows[_is_open(points[rows], lines.most[rows], lines.least[rows], threshold)]
        whole = lines.cut(rows)
        bare: pl.Series | None = None
        for number, (mark, pattern) in enumerate(self._asked):
            bit = np.uint64(1) << np.uint64(number)
            chosen = np.flatnonzero(lines.possible[rows] & bit)
            own = rows[chosen]
            chosen = chosen[_is_open(points[own], lines.most[own], lines.least[own], threshold)]
            if not len(chosen):
                continue
            own = rows[chosen]
            if mark.of == "bare":
                bare = whole.str.replace_all(TAG_OR_ENTITY, "") if bare is None else bare
                texts = bare.gather(chosen)
            else:
                texts = whole.gather(chosen)
                texts = texts.str.replace_all(self._html, "") if mark.of == "foreign" else texts
            points[own] += mark.points * _contains(texts, pattern)
            lines.possible[own] &= ~bit
            (lines.most if mark.points > 0 else lines.least)[own] -= mark.points

    def _score_surroundings(self, sure: NDArray[np.bool_], rows: NDArray[np.int64], lines: _Lines) -> NDArray[np.int64]:
        """Give the points for what stands around each of some rows, all of their documents; `sure` says which are code by themselves."""
        assert self.rule is not None
        near = int(str(self.rule.head.parameters["near"]))
        bounds = np.append(np.flatnonzero(np.diff(lines.doc[rows], prepend=-1)), len(rows)).astype(np.int64)
        sizes = np.diff(bounds)
        doc, code = np.repeat(np.arange(len(sizes)), sizes), sure.astype(np.int64)
        ordinals = np.arange(len(rows)) - bounds[doc]
        with_tags = code * (lines.counts[rows, counting.TAGS] > 0) * (ordinals < HEAD)
        of_document = np.add.reduceat(code, bounds[:-1])
        there = np.minimum(sizes[doc] - 1, 2 * near)
        values = {
            "beside": counting.sum_near(code, bounds, 1),
            "near-percent": 100 * counting.sum_near(code, bounds, near) // np.maximum(there, 1),
            "document-lines": of_document[doc],
            "head-lines": np.add.reduceat(with_tags, bounds[:-1])[doc],
            "document-percent": (100 * of_document // sizes)[doc],
        }
        points = np.zeros(len(doc), dtype=np.int64)
        for table in self.rule.head.points:
            if table.measure in values:
                points += _score(values[table.measure], table)
        return points


def _contains(texts: pl.Series, pattern: str) -> NDArray[np.bool_]:
    """Say of each text whether a pattern is in it."""
    found: NDArray[np.bool_] = run_compiled(pattern, lambda: texts.str.contains(pattern)).to_numpy()
    return found


def _is_open(
    points: NDArray[np.int64], most: NDArray[np.int64], least: NDArray[np.int64], threshold: int
) -> NDArray[np.bool_]:
    """Say of each line whether patterns that may add `most` and take `least` away can decide if it reaches the threshold."""
    is_open: NDArray[np.bool_] = (points + most >= threshold) & (points + least < threshold)
    return is_open


def _score(values: NDArray[np.int64], table: Points) -> NDArray[np.int64]:
    """Look up the points of values."""
    return np.array(table.points, dtype=np.int64)[np.searchsorted(np.array(table.bounds), values, side="right")]


def mark_code(documents: pl.LazyFrame, recogniser: Recogniser) -> pl.LazyFrame:
    """Find the lines that are code or about code.

    Reads: `text`. Adds: `code_lines` list[u32], their numbers in the text as read, in order; blank lines are never among them.
    """
    return segments.as_stage(documents, recogniser.mark, {COLUMN: LINES})
