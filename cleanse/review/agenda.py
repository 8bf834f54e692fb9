"""Which hit a reviewer is asked about next.

A rule is worth a look when little is known about it and much depends on it: the width of its interval times the characters that it takes.
So the rule with the largest product comes first, and a reviewer stays with it for BATCH questions before the figures are looked at again.
Within a rule the languages take turns, and so do hits drawn by chance and hits that are in doubt; those drawn by chance are spread over the
sources.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from cleanse.review.questions import Pool, Question
from cleanse.verdicts import WITHDRAWN, Verdict, add_precision, count_verdicts, interval, keep_last, sort_by_harm

BATCH = 10  # questions about one rule before the next is chosen
Group = tuple[str, str]


@dataclass
class Agenda:
    """What can be asked of one reviewer, and what was said so far.

    With `again`, what only others judged is asked too.
    """

    pool: Pool
    reviewer: str
    said: list[Verdict]
    valid: frozenset[tuple[str, str]]
    again: bool = False
    asked: Counter[Group] = field(default_factory=Counter)
    held: dict[str, Question] = field(default_factory=dict)
    current: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Count what each rule takes, by language."""
        self.taken: Counter[Group] = Counter()
        self.touched: Counter[Group] = Counter()
        for rule, language, action, characters in self.pool.table.select(
            "rule", "language", "action", "characters"
        ).iter_rows():
            self.touched[rule, language] += characters
            self.taken[rule, language] += 0 if action == "flag" else characters

    def judged(self) -> set[tuple[str, str]]:
        """Give rule and digest of the hits that are not asked about again."""
        return {(v.rule, v.digest) for v in keep_last(self.said) if not self.again or v.reviewer == self.reviewer}

    def counting(self) -> list[Verdict]:
        """Give the verdicts that count for the rules as this run used them."""
        return [
            v for v in keep_last(self.said) if (v.rule, v.digest) in self.valid or v.version == self._version(v.rule)
        ]

    def _version(self, rule: str) -> str | None:
        versions: dict[str, str] = self.__dict__.setdefault(
            "_versions", dict(self.pool.table.select("rule", "version").unique().iter_rows())
        )
        return versions.get(rule)

    def table(self) -> pl.DataFrame:
        """Give the table of rules with what was judged, by harm.

        Adds `left`: how many questions of each there are still.
        """
        judged = self.judged()
        left = Counter((q.rule, q.language) for q in self.pool.everything() if (q.rule, q.digest) not in judged)
        table = sort_by_harm(add_precision(self.pool.table, count_verdicts(self.counting())))
        counts = [left[rule, language] for rule, language in table.select("rule", "language").iter_rows()]
        return table.with_columns(pl.Series("left", counts, dtype=pl.UInt32))

    def weights(self) -> dict[Group, tuple[float, float]]:
        """Say how much each rule and language is worth a look.

        It is the width of its interval times the characters that it takes; where these are none, times those that it hits.
        """
        figures = {(row["rule"], row["language"]): row for row in count_verdicts(self.counting()).iter_rows(named=True)}
        found = {}
        for group in self.pool.questions:
            row = figures.get(group)
            low, high = interval(row["judged"] - row["wrong"], row["judged"]) if row else (0.0, 1.0)
            found[group] = ((high - low) * self.taken[group], (high - low) * self.touched[group])
        return found

    def choose(self, desk: str = "", rule: str | None = None, language: str | None = None) -> Question | None:
        """Give the next question for a desk (a tab of the browser); None where nothing is left.

        Two desks hold the same question only when no other is left: one of them may be a tab that was closed. `rule` and `language` narrow the
        choice.
        """
        self.held.pop(desk, None)
        busy = self.judged() | {(q.rule, q.digest) for q in self.held.values()}
        open_groups = self._open_groups(busy, rule, language)
        if not open_groups:
            busy = self.judged()
            open_groups = self._open_groups(busy, rule, language)
        if not open_groups:
            return None
        weights = self.weights()
        chosen = rule or self._choose_rule(desk, open_groups, weights)
        own = [group for group in open_groups if group[0] == chosen]
        # Languages take turns; of those asked equally often the weightiest comes first.
        group = min(own, key=lambda group: (self.asked[group], [-weight for weight in weights[group]], group))
        question = self._choose_hit(group, busy)
        self.held[desk] = question
        return question

    def _open_groups(self, busy: set[tuple[str, str]], rule: str | None, language: str | None) -> list[Group]:
        """Name the rules and languages in which something can be asked."""
        return [
            group
            for group, kinds in self.pool.questions.items()
            if (rule is None or group[0] == rule)
            and (language is None or group[1] == language)
            and any((q.rule, q.digest) not in busy for own in kinds.values() for q in own)
        ]

    def _choose_rule(self, desk: str, groups: Iterable[Group], weights: dict[Group, tuple[float, float]]) -> str:
        total: dict[str, list[float]] = {}
        for group in groups:
            sums = total.setdefault(group[0], [0.0, 0.0])
            for at in (0, 1):
                sums[at] += weights[group][at]
        current = self.current.get(desk)
        done = sum(count for group, count in self.asked.items() if group[0] == current)
        if current in total and done % BATCH:
            return current
        best = min(total, key=lambda rule: ([-weight for weight in total[rule]], rule))
        self.current[desk] = best
        return best

    def _choose_hit(self, group: Group, busy: set[tuple[str, str]]) -> Question:
        kinds = self.pool.questions[group]
        order = ("chance", "doubt") if self.asked[group] % 2 == 0 else ("doubt", "chance")
        return next(q for kind in order for q in kinds[kind] if (q.rule, q.digest) not in busy)

    def add(self, verdict: Verdict) -> None:
        """Take note of a verdict."""
        self.said.append(verdict)
        group = (verdict.rule, verdict.language)
        if verdict.verdict != WITHDRAWN:
            self.asked[group] += 1
        elif self.asked[group]:
            self.asked[group] -= 1

    def progress(self) -> dict[str, Any]:
        """Count what this reviewer has judged."""
        own = [v for v in keep_last(self.said) if v.reviewer == self.reviewer]
        return {word: sum(v.verdict == word for v in own) for word in ("right", "wrong", "unsure")}
