"""What can be wrong with a scorecard: unknown measures, tables that cannot be read, thresholds that nothing reaches."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from cleanse import code, planted, scorecards
from cleanse.catalogue.case import file_of
from cleanse.catalogue.patterns import UNBOUNDED_REASON, pattern_problem
from cleanse.errors import Fault
from cleanse.rules import ANY, Points, Rule, Rules, Scorecard

# What a scorecard may be: the family whose stage reads it, what it is of, the scope of what it hits, and its measures.
CARDS: dict[tuple[str, str], tuple[str, dict[str, str]]] = {
    ("spam", "segment"): ("span", planted.MEASURES),
    ("boilerplate", "line"): ("line", scorecards.LINE_MEASURES),
    ("boilerplate", "document"): ("document", scorecards.PAGE_MEASURES),
    (code.FAMILY, "line"): ("line", code.MEASURES),
}


def find_scorecard_faults(rule: Rule, place: str) -> Iterator[Fault]:
    """Find measures that are unknown, tables that cannot be read, and thresholds that nothing reaches."""
    head = rule.head
    if head.scorecard is None:
        if head.points or head.marks:
            yield Fault(place, "points", "points without a scorecard", "add [scorecard]")
        if rule.family == code.FAMILY:
            yield Fault(place, "scorecard", "a rule of code adds up evidence", "add [scorecard]")
        return
    yield from _mark_faults(rule, place)
    card = head.scorecard
    for pattern in card.spares:
        yield from _find_unusable(pattern, "scorecard.spares", place)
    if (rule.family, card.of) not in CARDS:
        readers = ", ".join(f"{own}s of {family}" for family, own in CARDS)
        yield Fault(place, "scorecard.of", f"no stage reads {card.of}s of {rule.family}", f"there are {readers}")
    scope, known = CARDS.get((rule.family, card.of), (head.scope, {}))
    if head.scope != scope:
        yield Fault(
            place, "scope", f"a scorecard of {card.of}s hits a {scope}, not a {head.scope}", f'set scope = "{scope}"'
        )
    most = card.base + sum(max(mark.points, 0) for mark in head.marks)
    least = card.base + sum(min(mark.points, 0) for mark in head.marks)
    seen: set[str] = set()
    for table in head.points:
        yield from _table_faults(table, known, place)
        if table.measure in seen:
            yield Fault(place, "points", f"{table.measure}: two tables", "make one of them")
        seen.add(table.measure)
        most += max(table.points, default=0)
        least += min(table.points, default=0)
    yield from _threshold_faults(card, place, least, most)


def find_unknown_questions(rules: Rules) -> Iterator[Fault]:
    """Find scorecards of lines that ask about documents what no scorecard answers, with which they would look at every document."""
    for rule in rules:
        card = rule.head.scorecard
        if card is None or card.asks is None:
            continue
        asked = rules[card.asks].head.scorecard if card.asks in rules else None
        if card.of != "line" or asked is None or asked.of != "document" or rules[card.asks].family != rule.family:
            hint = "name a scorecard of documents of the same family, in a scorecard of lines"
            yield Fault(file_of(rule, ANY), "scorecard.asks", f"no such question: {card.asks}", hint)


def _threshold_faults(card: Scorecard, place: str, least: int, most: int) -> Iterator[Fault]:
    """Find thresholds that nothing or everything reaches, and limits on the wrong side of them."""
    if most < card.threshold:
        reason = f"nothing reaches {card.threshold}: the most that can be had is {most}"
        yield Fault(place, "scorecard.threshold", reason, "lower it")
    if least >= card.threshold:
        reason = f"everything reaches {card.threshold}: the least that can be had is {least}"
        yield Fault(place, "scorecard.threshold", reason, "raise it")
    if card.always is not None and card.always > card.threshold:
        yield Fault(place, "scorecard.always", "above the threshold", "in a page of which one is sure, less is enough")
    for name in ("between", "doubt"):
        limit = getattr(card, name)
        if limit is not None and limit > card.threshold:
            yield Fault(place, f"scorecard.{name}", "above the threshold", "lower it")
    for name in ("heading", "braked"):
        limit = getattr(card, name)
        if limit is not None and limit < card.threshold:
            yield Fault(place, f"scorecard.{name}", "below the threshold, so that it never matters", "raise it")


def _table_faults(table: Points, known: dict[str, str], place: str) -> Iterator[Fault]:
    if known and table.measure not in known:
        near = difflib.get_close_matches(table.measure, known, n=3) or sorted(known)
        yield Fault(place, "points", f"no such measure: {table.measure}", f"there are {', '.join(near)}")
    if sorted(set(table.bounds)) != table.bounds or len(table.points) != len(table.bounds) + 1:
        reason = f"{table.measure}: bounds must rise, and there is one more of points"
        yield Fault(place, "points", reason, "see rules/spam/planted/rule.toml")
    if len(set(table.points)) < 2:
        yield Fault(place, "points", f"{table.measure}: the points are all alike", "take the table away")


def _mark_faults(rule: Rule, place: str) -> Iterator[Fault]:
    """Find patterns of marks that cannot be run."""
    for mark in rule.head.marks:
        for pattern in filter(None, (mark.pattern, mark.document)):
            yield from _find_unusable(pattern, f"marks.{mark.name}", place)


def _find_unusable(pattern: str, field: str, place: str) -> Iterator[Fault]:
    """Say what is wrong with a pattern that only says yes or no: such a one may be unbounded."""
    problem = pattern_problem(pattern.replace("{literals}", "x"))
    if problem and problem[0] != UNBOUNDED_REASON:
        yield Fault(place, field, f"{problem[0]}: {pattern}", problem[1])
