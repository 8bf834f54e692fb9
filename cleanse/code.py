"""Tell lines that are code, or are about code, from prose; what is code no rule strips or fixes.

What counts as evidence, and for how much, stands in `rules/code/`. This module holds the measures of a line: what a kernel
counts in it, which patterns it matches, and what stands around it in its document.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleanse import kernels, segments
from cleanse.hits import CODE_LINES, acts
from cleanse.kernels import Offsets
from cleanse.kernels import code as counting
from cleanse.rules import Mark, Points, Rule, Rules

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
        data, offsets = kernels.buffers(texts)
        doc, line, starts, ends, _ = kernels.split_buffer(data, offsets, kernels.space_table())
        bounds = np.searchsorted(doc, np.arange(len(texts) + 1)).astype(np.int64)
        points, tagged = self._score_lines(texts, data, doc, starts, ends)
        threshold = self.rule.head.scorecard.threshold
        sure = (points >= threshold).astype(np.int64)
        if sure.any():
            points += self._score_surroundings(sure, tagged, doc, bounds)
        found = np.flatnonzero(points >= threshold)
        marked = pl.DataFrame({"doc": documents["doc"].gather(doc[found]), COLUMN: line[found]})
        lists = marked.group_by("doc", maintain_order=True).agg(COLUMN)
        joined = documents.join(lists, on="doc", how="left", maintain_order="left")
        return joined.with_columns(pl.col(COLUMN).fill_null(pl.lit([], dtype=LINES)))

    @functools.cached_property
    def _classes(self) -> tuple[kernels.U8, kernels.U8]:
        """Give the class of each byte, and whether a line that begins with it is looked at more closely."""
        parameters = self.rule.head.parameters if self.rule else {}
        classes, openers = np.zeros(256, dtype=np.uint8), np.zeros(256, dtype=np.uint8)
        classes[list(b" \t\r\x0b\x0c")] = counting.BLANK
        classes[list(str(parameters["characters"]).encode())] = counting.MARK
        classes[ord("(")] = counting.BEHIND  # "f(" is a call, and most brackets in prose stand behind a space
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

    def _score_lines(
        self, texts: pl.Series, data: kernels.Bytes, doc: kernels.U32, starts: Offsets, ends: Offsets
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Give the points of each line by itself, and whether it has tags."""
        assert self.rule is not None
        assert self.rule.head.scorecard is not None
        classes, openers = self._classes
        counts = counting.count_marks(data, starts, ends, classes, openers).astype(np.int64)
        visible, marks, tags, entities, indent, opens = counts.T
        values = {
            "marks": marks,
            "mark-percent": 100 * marks // np.maximum(visible, 1),
            "tags": tags,
            "indent": indent,
            "bytes": ends - starts,
        }
        points = np.full(len(doc), self.rule.head.scorecard.base, dtype=np.int64)
        for table in self.rule.head.points:
            if table.measure in values:
                points += _score(values[table.measure], table)
        looked_at = np.flatnonzero(marks + tags + entities + opens)
        self._add_marks(points, looked_at, ("line", "bare"), data, starts, ends)
        self._add_marks(points, np.flatnonzero(tags + entities), ("markup", "foreign"), data, starts, ends)
        for mark, pattern in self._patterns:
            if mark.document is not None:
                inside = texts.str.contains(mark.document).to_numpy()
                rows = np.flatnonzero(inside[doc])
                lines = kernels.as_texts(*kernels.gather_bytes(data, starts[rows], ends[rows]))
                points[rows] += mark.points * lines.str.contains(pattern).to_numpy()
        return points, tags > 0

    def _add_marks(
        self,
        points: NDArray[np.int64],
        rows: NDArray[np.int64],
        of: tuple[str, ...],
        data: kernels.Bytes,
        starts: Offsets,
        ends: Offsets,
    ) -> None:
        """Add to some rows the points of the patterns that look at them: those whose `of` is named."""
        chosen = [(mark, pattern) for mark, pattern in self._patterns if mark.document is None and mark.of in of]
        if not len(rows) or not chosen:
            return
        line = kernels.as_texts(*kernels.gather_bytes(data, starts[rows], ends[rows]))
        lines = pl.LazyFrame({"line": line, "markup": line}).with_columns(
            pl.col("line").str.replace_all(TAG_OR_ENTITY, "").alias("bare"),
            pl.col("line").str.replace_all(self._html, "").alias("foreign"),
        )
        sums = [pl.col(mark.of).str.contains(pattern).cast(pl.Int64) * mark.points for mark, pattern in chosen]
        points[rows] += lines.select(pl.sum_horizontal(sums)).collect().to_series().to_numpy()

    def _score_surroundings(
        self, sure: NDArray[np.int64], tagged: NDArray[np.bool_], doc: kernels.U32, bounds: Offsets
    ) -> NDArray[np.int64]:
        """Give the points for what stands around each line; `sure` says which lines are code by themselves, `tagged` which have tags."""
        assert self.rule is not None
        near = int(str(self.rule.head.parameters["near"]))
        sizes, ordinals = np.diff(bounds), np.arange(len(doc)) - bounds[doc]
        of_document = np.add.reduceat(np.append(sure, 0), np.minimum(bounds[:-1], len(sure))) * (sizes > 0)
        first = np.add.reduceat(np.append(sure * tagged * (ordinals < HEAD), 0), np.minimum(bounds[:-1], len(sure))) * (
            sizes > 0
        )
        there = np.minimum(sizes[doc] - 1, 2 * near)
        values = {
            "beside": counting.sum_near(sure, bounds, 1),
            "near-percent": 100 * counting.sum_near(sure, bounds, near) // np.maximum(there, 1),
            "document-lines": of_document[doc],
            "head-lines": first[doc],
            "document-percent": (100 * of_document // np.maximum(sizes, 1))[doc],
        }
        points = np.zeros(len(doc), dtype=np.int64)
        for table in self.rule.head.points:
            if table.measure in values:
                points += _score(values[table.measure], table)
        return points


def _score(values: NDArray[np.int64], table: Points) -> NDArray[np.int64]:
    """Look up the points of values."""
    return np.array(table.points, dtype=np.int64)[np.searchsorted(np.array(table.bounds), values, side="right")]


def mark_code(documents: pl.LazyFrame, recogniser: Recogniser) -> pl.LazyFrame:
    """Find the lines that are code or about code.

    Reads: `text`. Adds: `code_lines` list[u32], their numbers in the text as read, in order; blank lines are never among them.
    """
    return segments.as_stage(documents, recogniser.mark, {COLUMN: LINES})
