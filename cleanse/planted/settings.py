"""The limits of `spam/planted`, read from `[parameters]` of its rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleanse.errors import Fault, RuleError


@dataclass(frozen=True)
class Settings:
    """What the rule says of lines, segments and names; `rules/spam/planted/rule.toml` tells what each is for."""

    topic_weight: int
    offer_weight: int
    pitch_weight: int
    sure_weight: int
    enough: int
    short_chars: int
    window_bytes: int
    cut_chars: int
    whole_chars: int
    part_chars: int
    line_chars: int
    brand_chars: int
    far: int
    unmarked_chars: int
    run_units: int
    least_units: int
    twice_units: int
    title_units: int
    bracket_percent: int
    phrase_words: int
    shared_words: int
    shared_units: int
    shared_percent: int
    near: int
    rest_units: int
    strange_units: int
    foreign_percent: int
    rest_percent: int
    near_lines: int
    within: int
    amid_chars: int
    phones: tuple[str, ...]
    short_numbers: tuple[str, ...]
    money_signs: str
    money_words: tuple[str, ...]
    money_digits: str
    lucky_numbers: frozenset[str]
    plain_numbers: frozenset[str]
    name_endings: tuple[str, ...]
    link_endings: tuple[str, ...]
    labels: tuple[str, ...]

    @staticmethod
    def of(rule: str, parameters: Mapping[str, Any]) -> Settings:
        """Take them from the parameters of a rule.

        Raises: RuleError where one is missing or unknown.
        """
        names = {field.name for field in fields(Settings)}
        if names ^ set(parameters):
            missing, unknown = sorted(names - set(parameters)), sorted(set(parameters) - names)
            reason = f"missing: {', '.join(missing) or 'none'}; unknown: {', '.join(unknown) or 'none'}"
            raise RuleError(
                [Fault(rule, "parameters", reason, "Take [parameters] over from the rule that comes along.")]
            )
        values = dict(parameters)
        for name in ("lucky_numbers", "plain_numbers"):
            values[name] = frozenset(values[name])
        for name in ("name_endings", "link_endings", "labels", "phones", "short_numbers", "money_words"):
            values[name] = tuple(values[name])
        return Settings(**values)

    def is_lucky(self, digits: str) -> bool:
        """Say whether digits behind a name are such as betting sites like: listed, or the last two (of four, three) alike."""
        alike = digits[-3:] if len(digits) > 3 else digits[-2:]
        twins = digits.isdecimal() and len(set(alike)) == 1 and alike[0] != "0"
        return digits in self.lucky_numbers or (twins and digits not in self.plain_numbers)

    def mark_endings(self) -> NDArray[np.bool_]:
        """Give, for each pair of last digits (0 to 99), whether `is_lucky` may say yes."""
        table = np.zeros(100, dtype=np.bool_)
        table[11::11] = True
        for number in self.lucky_numbers:
            if number.isdecimal():
                table[int(number[-2:])] = True
        return table
