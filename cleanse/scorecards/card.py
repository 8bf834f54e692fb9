"""A rule that adds up evidence, made ready: its tables of points as arrays, sums of many rows at once, and the terms of a few."""

from __future__ import annotations

import bisect
import functools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cleanse.kernels import places
from cleanse.rules import Points, Rule, Scorecard

BASE = "base"
Sums = NDArray[np.int32]


@dataclass(frozen=True)
class Card:
    """The tables of one scorecard. A value counts what stands beside the last bound that it reaches."""

    rule: str
    limits: Scorecard
    tables: tuple[Points, ...]

    @staticmethod
    def of(rule: Rule) -> Card:
        """Take them from the head of a rule that has a scorecard."""
        assert rule.head.scorecard is not None
        return Card(rule.id, rule.head.scorecard, tuple(rule.head.points))

    def add_terms(self, values: Mapping[str, float]) -> dict[str, int]:
        """Give the points of one thing by measure, those that are not 0; a measure that has no value is 0.

        >>> card = Card(
        ...     "a/b",
        ...     Scorecard(of="segment", threshold=5, base=-2),
        ...     (Points(measure="links", bounds=[1, 3], points=[0, 4, 9]),),
        ... )
        >>> card.add_terms({"links": 3}), card.add_terms({})
        ({'base': -2, 'links': 9}, {'base': -2})
        """
        terms = {BASE: self.limits.base} if self.limits.base else {}
        tables, zeros = self._plain
        named = [tables[name] for name, value in values.items() if value and name in tables]
        for number in sorted({*named, *zeros}):
            table = self.tables[number]
            value = values.get(table.measure)
            worth = table.points[bisect.bisect_right(table.bounds, value)] if value else zeros.get(number, 0)
            if worth:
                terms[table.measure] = worth
        return terms

    @functools.cached_property
    def _plain(self) -> tuple[dict[str, int], dict[int, int]]:
        """Give the number of the table of each measure, and what a value of 0 counts where it does: most measures of a line are 0."""
        zeros = {n: table.points[bisect.bisect_right(table.bounds, 0)] for n, table in enumerate(self.tables)}
        return {table.measure: n for n, table in enumerate(self.tables)}, {n: own for n, own in zeros.items() if own}

    def add_rows(self, values: places.F32, columns: Mapping[str, int]) -> Sums:
        """Give the sum of each row; `columns` says in which column each measure stands."""
        sums: Sums = places.add_points(values, *self._arrays(columns))
        return sums + np.int32(self.limits.base)

    def list_rows(self, values: places.F32, rows: NDArray[np.int64], columns: Mapping[str, int]) -> Sums:
        """Give the points of some rows, a column a table in their order."""
        listed: Sums = places.list_points(values, rows, *self._arrays(columns))
        return listed

    def most(self, measure: str) -> int:
        """Give the most points that a measure can count; 0 where no table is of it."""
        return max((point for table in self.tables if table.measure == measure for point in table.points), default=0)

    def divide(self, names: Collection[str]) -> tuple[Card, Card]:
        """Give the tables of some measures, and those of the others: two cards whose sums add up to that of this one."""
        inside = tuple(table for table in self.tables if table.measure in names)
        outside = tuple(table for table in self.tables if table.measure not in names)
        without = self.limits.model_copy(update={"base": 0})
        return Card(self.rule, self.limits, inside), Card(self.rule, without, outside)

    @property
    def columns(self) -> dict[str, int]:
        """Number the measures in the order of the tables."""
        return {measure: column for column, measure in enumerate(self.measures)}

    @property
    def measures(self) -> Sequence[str]:
        """Name the measures, in the order of the tables."""
        return [table.measure for table in self.tables]

    def _arrays(
        self, columns: Mapping[str, int]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], places.F32, Sums, NDArray[np.int64]]:
        bounds = [bound for table in self.tables for bound in table.bounds]
        points = [worth for table in self.tables for worth in table.points]
        return (
            np.array([columns[table.measure] for table in self.tables], dtype=np.int64),
            np.cumsum([0, *(len(table.bounds) for table in self.tables)]).astype(np.int64),
            np.array(bounds, dtype=np.float32),
            np.array(points, dtype=np.int32),
            np.cumsum([0, *(len(table.points) for table in self.tables)])[:-1].astype(np.int64),
        )
