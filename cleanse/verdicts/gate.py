"""`--min-precision`: a rule that reviewers found wrong too often marks, and takes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

from cleanse.errors import OptionError
from cleanse.hits import acts
from cleanse.rules import Rule, Rules
from cleanse.verdicts.precision import count_verdicts, interval
from cleanse.verdicts.rows import Verdict

ALL = "*"  # all languages together


@dataclass(frozen=True)
class Restrained:
    """A rule that only flags, or does not act, in documents of a language (`*`: of all), and why."""

    rule: str
    language: str
    judged: int
    precision_low: float
    precision_high: float
    instead: str

    def __str__(self) -> str:
        """Say it in a line."""
        where = "in all languages" if self.language == ALL else f"in {self.language}"
        does = "only flags" if self.instead == "flag" else "does not act"
        span = f"{self.precision_low:.2f} to {self.precision_high:.2f}"
        return f"{self.rule} {does} {where}: precision {span}, {self.judged} judged"

    def row(self) -> dict[str, Any]:
        """Give it as it stands in summary.json."""
        return asdict(self)


def restrain_rules(rules: Rules, verdicts: Iterable[Verdict], least: float) -> tuple[Rules, list[Restrained]]:
    """Let rules whose interval of precision lies below `least` only flag.

    Language by language. Gives all rules, and the reasons for those that are held back.

    What repairs text, and what finds duplicates, cannot flag instead: such a rule goes into draft where its verdicts of all languages together lie
    below, so `drafts.parquet` still has what it would have done. `verdicts` must be those that count for these rules.

    Raises:
        OptionError: `least` is not above 0 and at most 1.
    """
    if not 0 < least <= 1:
        hint = "such as 0.95: of a hundred hits ninety-five are right"
        raise OptionError("--min-precision must be above 0 and at most 1", where=str(least), hint=hint)
    counted = count_verdicts(verdicts)
    reasons: list[Restrained] = []
    changed: dict[str, Rule] = {}
    for rule in rules:
        own = [row for row in counted.iter_rows(named=True) if row["rule"] == rule.id and row["judged"]]
        if not own or not acts(rule) or rule.action == "flag" or _runs_unasked(rule):
            continue
        if rule.action == "fix" or rule.family == "dedupe":
            judged = sum(row["judged"] for row in own)
            low, high = interval(judged - sum(row["wrong"] for row in own), judged)
            if high < least:
                reasons.append(Restrained(rule.id, ALL, judged, low, high, "draft"))
                changed[rule.id] = rule.change_head(status="draft")
            continue
        below = [row for row in own if row["precision_high"] < least]
        for row in below:
            figures = (row["judged"], row["precision_low"], row["precision_high"])
            reasons.append(Restrained(rule.id, row["language"], *figures, "flag"))
        if below:
            changed[rule.id] = replace(rule, flags_in=tuple(sorted(row["language"] for row in below)))
    return Rules(changed.get(rule.id, rule) for rule in rules), reasons


def _runs_unasked(rule: Rule) -> bool:
    """Say whether a run cannot do without the rule: bytes must be decoded, and languages to keep are what the user asks for."""
    return rule.family == "language" or (rule.family == "encoding" and rule.head.scope == "document")
