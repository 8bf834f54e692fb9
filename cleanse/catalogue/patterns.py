"""What can be wrong with a pattern: it does not compile, matches nothing, or has no bound."""

from __future__ import annotations

import re
from collections.abc import Iterator

import polars as pl

from cleanse.catalogue.case import file_of
from cleanse.errors import Fault
from cleanse.rules import ANY, Rule

# A dot, or a class that holds a kind of character and its contrary, as often as it likes.
UNBOUNDED = re.compile(r"(?<!\\)(?:\\\\)*(?:\.|\[\\(\w)\\(?!\1)(?i:\1)\])(?:[*+]|\{\d*,\})")
UNBOUNDED_REASON = "unbounded .* or .+ or the like"


def find_pattern_faults(rule: Rule) -> Iterator[Fault]:
    """Find patterns that cannot run, or would run without a bound."""
    head, place = rule.head, file_of(rule, ANY)
    for field in ("items", "prose"):
        for pattern in getattr(head.block, field, []):
            problem = pattern_problem(pattern)
            if problem:
                yield Fault(place, f"block.{field}", f"{problem[0]}: {pattern}", problem[1])
    shared = len(head.patterns) if rule.languages else 0
    told = set()
    for variant in rule.variants:
        templates = [*head.patterns, *(rule.languages[variant.language].patterns if rule.languages else [])]
        for number, (template, pattern) in enumerate(zip(templates, variant.patterns, strict=True)):
            problem = pattern_problem(pattern) or group_problem(pattern, head.method)
            at = place if number < shared else file_of(rule, variant.language)
            if problem and (at, template) not in told:
                told.add((at, template))  # a pattern for all languages is wrong once
                yield Fault(at, "patterns", f"{problem[0]}: {template}", problem[1])


def find_exception_faults(rule: Rule) -> Iterator[Fault]:
    """Find patterns of `unless` that cannot run, or that no stage would ask."""
    for language, body in {ANY: rule.head, **rule.languages}.items():
        for pattern in body.unless:
            problem = pattern_problem(pattern.replace("{literals}", "x"))
            if problem:
                yield Fault(file_of(rule, language), "unless", f"{problem[0]}: {pattern}", problem[1])
        if body.unless and rule.head.scope not in ("line", "block"):
            yield Fault(
                file_of(rule, language), "unless", "only rules on lines leave lines alone", "narrow the patterns"
            )


def pattern_problem(pattern: str) -> tuple[str, str] | None:
    """Say what is wrong with one pattern, and the way out; None if nothing is."""
    try:
        matches_nothing = pl.Series([""]).str.contains(pattern).item()
    except pl.exceptions.ComputeError as error:
        lines = [line.strip() for line in str(error).splitlines() if line.startswith("error:")]
        reason = lines[0].removeprefix("error: ") if lines else "regex error"
        return f"does not compile: {reason}", "the engine is linear: write alternatives out instead of looking around"
    if matches_nothing:
        return "matches the empty string", "ask for at least one character"
    if UNBOUNDED.search(pattern):
        return UNBOUNDED_REASON, "write a bound, such as .{0,80}"
    return None


def group_problem(pattern: str, method: str | None) -> tuple[str, str] | None:
    """Say which named group of a pattern is missing, and the way out; None if none is."""
    if "(?P<hit>" in pattern and not ("(?P<before>" in pattern and "(?P<after>" in pattern):
        return "the group `hit` without `before` and `after`", "let three groups cover the whole match, even if empty"
    if method in ("repeated-phrase", "says-twice") and "(?P<inner>" not in pattern:
        return f"{method} needs the group `inner`", "put (?P<inner>...) around the phrase that may repeat"
    return None
