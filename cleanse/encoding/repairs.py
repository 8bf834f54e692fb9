"""The list of repairs. They are tried in this order, and each sees the lines as the one before it left them.

A repair is a function from lines to edits (`lines.Edits`). It stands in a module of its own, with a worked example at its top. To add one:

1. Write the function, and a rule in `rules/encoding/` whose `method` asks for it.
2. Put it into REPAIRS, with its method, and with the reasons for which the gate lets lines through to it. If it looks for single
   characters, the reason is LITERAL, and `characters` names them.
3. Test it alone in `tests/test_repairs.py`: a line in, edits out.

>>> [repair.methods for repair in REPAIRS][:2]
[{'line-ends': 16}, {'byte-order-mark': 2}]
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from cleanse.encoding import bidi, documents
from cleanse.encoding.characters import PRIVATE_CHARACTERS, first_characters, flag_private_use, replace_pattern
from cleanse.encoding.entities import unescape_lines
from cleanse.encoding.gate import BADNESS, CONTROL, ENTITY, LITERAL, PAIRED, RETURN, UNUSUAL, Gate
from cleanse.encoding.limits import Limits
from cleanse.encoding.line_ends import take_mark, take_returns
from cleanse.encoding.lines import Edits, Lines
from cleanse.encoding.looks import CHANGES, change_looks, find_characters
from cleanse.encoding.misread import mend_misread
from cleanse.encoding.weighing import UNCERTAINTY, Weights
from cleanse.rules import Rule

PATTERN = "pattern"  # stands for the method of rules that have patterns
Asked = Mapping[str, Rule]  # the rules that ask for a repair, by their methods


class Repair(NamedTuple):
    """A repair: who asks for it, what wakes it, and what it does."""

    methods: Mapping[str, int]  # methods of rules, and the reasons for which the gate lets lines through
    find_edits: Callable[[Lines, Asked, Gate], Edits]
    characters: Callable[[Asked], frozenset[str]] = lambda _: frozenset()  # without one of these it does nothing

    def __reduce__(self) -> tuple[Callable[[tuple[str, ...]], Repair], tuple[tuple[str, ...]]]:
        """Let what was prepared be kept: a repair is known again by its methods, for its functions have no names."""
        return _find_repair, (tuple(self.methods),)


def _change_by(method: str) -> Repair:
    return Repair(
        {method: LITERAL},
        lambda lines, rules, _: change_looks(lines, method, rules[method].id),
        lambda _: find_characters(method),
    )


REPAIRS: tuple[Repair, ...] = (
    Repair({"line-ends": RETURN}, lambda lines, rules, _: take_returns(lines, rules["line-ends"].id)),
    Repair({"byte-order-mark": CONTROL}, lambda lines, rules, _: take_mark(lines, rules["byte-order-mark"].id)),
    Repair(
        {"entities": ENTITY | CONTROL},
        lambda lines, rules, gate: unescape_lines(lines, rules["entities"].id, gate),
    ),
    Repair(
        {
            "mojibake": BADNESS | CONTROL,
            "entities": ENTITY | CONTROL,
            "terminal-escapes": CONTROL,
            "control-characters": CONTROL,
            "code-page": UNUSUAL | PAIRED,
            "suspect": 0,
        },
        lambda lines, rules, _: mend_misread(lines, rules),
    ),
    Repair(
        {PATTERN: LITERAL},
        lambda lines, rules, _: replace_pattern(lines, rules[PATTERN]),
        lambda rules: first_characters(rules[PATTERN]),
    ),
    Repair(
        {"private-use": LITERAL},
        lambda lines, rules, _: flag_private_use(lines, rules["private-use"].id),
        lambda _: PRIVATE_CHARACTERS,
    ),
    Repair(
        {"bidi": LITERAL},
        lambda lines, rules, _: bidi.balance_directions(lines, rules["bidi"].id),
        lambda _: bidi.CONTROLS,
    ),
    *map(_change_by, CHANGES),
)

METHODS = frozenset({method for repair in REPAIRS for method in repair.methods} - {PATTERN}) | documents.METHODS
# Methods that only flag; all others change text.
FLAGGING = frozenset({"uncertain", "row", "suspect", "private-use"})
# Parameters that a method cannot do without.
PARAMETERS = {"charset": Weights.needed() - UNCERTAINTY, "uncertain": UNCERTAINTY, "code-page": Limits.needed()}


def choose_repairs(rules: Iterable[Rule]) -> list[tuple[Repair, Asked]]:
    """Choose the repairs that rules ask for, in the order of REPAIRS.

    Each rule with patterns asks for one of its own.
    """
    rules = list(rules)
    methods = {rule.head.method: rule for rule in rules if rule.head.method}
    chosen: list[tuple[Repair, Asked]] = []
    for repair in REPAIRS:
        if PATTERN in repair.methods:
            chosen += [(repair, {PATTERN: rule}) for rule in rules if rule.variants[0].patterns]
        elif asked := {method: methods[method] for method in repair.methods if method in methods}:
            chosen.append((repair, asked))
    return chosen


def _find_repair(methods: tuple[str, ...]) -> Repair:
    return next(repair for repair in REPAIRS if tuple(repair.methods) == methods)


def find_reasons(chosen: Iterable[tuple[Repair, Asked]]) -> int:
    """Give the reasons, as bits, for which the gate lets lines through."""
    reasons = 0
    for repair, asked in chosen:
        for method in asked:
            reasons |= repair.methods[method]
    return reasons
