"""The examples of rules as cases with a name and a place."""

from __future__ import annotations

from dataclasses import dataclass, replace

from cleanse.rules import RULE_FILE, Example, Rule, Rules, locate_example


@dataclass(frozen=True)
class Case:
    """One example of one rule, with a name that tests and messages use."""

    rule: Rule
    kind: str
    language: str
    number: int
    example: Example

    @property
    def name(self) -> str:
        """Give `rule:language:kind-number`."""
        return f"{self.rule.id}:{self.language}:{self.kind}-{self.number}"


def cases(rules: Rules) -> list[Case]:
    """List every example of every rule, in order."""
    return [Case(rule, *parts) for rule in rules for parts in rule.examples()]


def file_of(rule: Rule, language: str) -> str:
    """Give the file of a rule that holds the words of a language, else the one that says what the rule is, with its folder."""
    own = [name for name in rule.paths if name.endswith(f"/{language}.toml")]
    head = [name for name in rule.paths if name.endswith(f"/{RULE_FILE}")]
    return (own or head or rule.paths)[-1]


def place_example(case: Case) -> tuple[str, str]:
    """Give the file that holds an example, and its kind and number there, such as `hit 2`."""
    rule = case.rule
    last, number = locate_example(rule, case.language, case.kind, case.number)
    joined = replace(rule, added=()) if not last else rule
    return file_of(joined, case.language), f"{case.kind} {number}"
