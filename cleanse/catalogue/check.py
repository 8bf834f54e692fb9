"""Check rules, all faults of all files at once.

Every example of every rule is run through the real stages; a rule that misses its hits or eats its misses is a fault.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Collection, Iterator
from pathlib import Path

from cleanse import code, dedupe, quality
from cleanse.catalogue.case import Case, cases, file_of, place_example
from cleanse.catalogue.patterns import find_exception_faults, find_pattern_faults, pattern_problem
from cleanse.catalogue.points import find_scorecard_faults, find_unknown_questions
from cleanse.catalogue.sentences import (
    find_borrowed_examples,
    find_example_faults,
    find_idle_exceptions,
    find_unreached,
)
from cleanse.errors import Fault, RuleError
from cleanse.rules import (
    ANY,
    SPAM_SCORE,
    Measure,
    Rule,
    Rules,
)

LANGUAGE_TAG = re.compile(r"[a-z]{2,3}(?:-[A-Z][a-z]{3})?(?:-(?:[A-Z]{2}|\d{3}))?")
PATTERN_PARAMETERS = {"without", "address", "above", "below", *dedupe.WORD_PARAMETERS}


def find_faults(rules: Rules) -> list[Fault]:
    """Check every rule against the house rules on rules, and run its examples.

    Loading has already refused unknown keys and wrong types.
    """
    obstacles = {rule.id: list(_obstacles(rule)) for rule in rules}
    faults = [fault for found in obstacles.values() for fault in found]
    faults += [fault for rule in rules for fault in _static_faults(rule)]
    faults += find_unknown_questions(rules)
    stuck = {rule_id for rule_id, found in obstacles.items() if found}
    able = [rule for rule in rules if rule.id not in stuck]
    faults += [*find_unreached(able), *(fault for rule in able for fault in find_idle_exceptions(rule))]
    for case, problem in run_examples(rules, skip=stuck):
        if problem:
            faults.append(Fault(*place_example(case), *problem))
    return sorted(faults)


def find_strays(folder: Path) -> list[Fault]:
    """Find files in a folder of rules that nobody reads: a rule file ends in .toml. Hidden files and notes (.md, .txt) may lie there."""
    strays = [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and path.suffix not in (".toml", ".md", ".txt")
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]
    hint = "end its name in .toml, or take it out of the folder; notes may be .md or .txt"
    return [Fault(f"{folder}/{path.relative_to(folder).as_posix()}", "", "no rule file", hint) for path in strays]


def known_methods() -> dict[str, set[str]]:
    """Give for each family of rules the methods that its stage has."""
    from cleanse import boilerplate, encoding, spam

    return {
        "boilerplate": set(boilerplate.METHODS),
        "code": set(),
        "dedupe": {"exact", "folded", "near"},
        "encoding": set(encoding.METHODS),
        "language": {"language", "wanted"},
        "quality": set(quality.METHODS),
        "spam": set(spam.METHODS),
    }


def refuse_unusable(rules: Rules) -> None:
    """Refuse rules that the stages cannot run, before a run begins; `find_faults` looks further.

    Raises:
        RuleError: with every such fault.
    """
    faults = [fault for rule in rules for fault in _obstacles(rule)]
    if faults:
        raise RuleError(faults)


def _obstacles(rule: Rule) -> Iterator[Fault]:
    """Give the faults with which the stages cannot even try the examples of a rule."""
    from cleanse import encoding

    head, place = rule.head, file_of(rule, ANY)
    methods = known_methods()
    if rule.family not in methods:
        yield Fault(place, "", "no stage runs this family", f"put it under {', '.join(sorted(methods))}")
        return
    yield from _parameter_faults(rule, place)
    if head.action not in ("fix", "flag") if rule.family == "encoding" else head.action == "fix":
        yield Fault(place, "action", "the family encoding fixes and flags, and no other fixes", "strip or flag")
    if head.action == "drop" and head.scope != "document":
        yield Fault(place, "action", "only a document can be dropped", "strip or flag, or measure the document")
    if rule.family == "spam" and rule.action == "flag" and head.weight is None and head.scorecard is None:
        yield Fault(place, "weight", "a spam rule without a weight never counts", "give a weight between 0 and 1")
    if head.method is not None and head.method not in methods[rule.family]:
        names = ", ".join(sorted(methods[rule.family])) or "none"
        yield Fault(place, "method", f"no such method: {head.method}", f"the family {rule.family} has {names}")
    elif rule.family == "encoding" and head.method is not None:
        right = "flag" if head.method in encoding.FLAGGING else "fix"
        if head.action != right:
            reason = f"the method {head.method} can only {right}"
            yield Fault(place, "action", reason, f'set action = "{right}"; a draft never acts')
    yield from _misplaced_measure(rule, place)
    yield from find_scorecard_faults(rule, place)
    if head.scope == "block" and head.block is None:
        yield Fault(place, "block", "a block rule needs a table [block]", "copy one from related-posts")
    yield from find_pattern_faults(rule)
    yield from find_exception_faults(rule)


def _parameter_faults(rule: Rule, place: str) -> Iterator[Fault]:
    from cleanse import encoding, spam

    head = rule.head
    known = parameters_of(head.method) | quality.PARAMETERS.get(rule.id, set()) | spam.PARAMETERS.get(rule.id, set())
    known |= code.PARAMETERS if rule.family == code.FAMILY else set()
    needed = known - set(head.parameters)
    if needed:
        what = head.method or "the measure"
        yield Fault(place, "parameters", f"{what} needs {', '.join(sorted(needed))}", "see a rule that has them")
    for name, value in head.parameters.items():
        if name in PATTERN_PARAMETERS & known:
            problem = pattern_problem(str(value))
            if problem:
                yield Fault(place, f"parameters.{name}", *problem)
        elif name in encoding.CHARSET_LISTS & known:
            strange = [one for one in value if not is_charset(one)] if isinstance(value, list) else [value]
            if strange:
                reason = f"no charset that Python knows: {strange[0]!r}"
                yield Fault(place, f"parameters.{name}", reason, "give a list of names such as windows-1252")
        elif name in known - code.WORDS and (isinstance(value, str | list) or value <= 0):
            yield Fault(
                place, f"parameters.{name}", f"not a number above 0: {value!r}", "see the rule that came with it"
            )


def is_charset(name: str) -> bool:
    """Say whether Python knows a charset by this name.

    >>> is_charset("windows-1252"), is_charset("harbour-1")
    (True, False)
    """
    try:
        codecs.lookup(name)
    except LookupError:
        return False
    return True


def _misplaced_measure(rule: Rule, place: str) -> Iterator[Fault]:
    head = rule.head
    if head.measure and rule.family == "spam" and head.measure.column == SPAM_SCORE:
        return
    if head.measure and rule.family not in ("quality", "dedupe"):
        yield Fault(place, "measure", "only rules under quality/ and dedupe/ measure documents", "move the rule there")
    elif head.measure and rule.family == "dedupe" and head.action != "flag":
        yield Fault(place, "action", "a rule of dedupe/ that measures only flags", "flag, or move the rule to quality/")
    elif head.measure and head.measure.column not in quality.MEASURES:
        known = ", ".join(quality.MEASURES)
        yield Fault(place, "measure", f"no such measure: {head.measure.column}", f"there are {known}")


def parameters_of(method: str | None) -> set[str]:
    """Give the parameters that a method cannot do without."""
    from cleanse import encoding

    needs = {
        "repeats-neighbour": {"within", "min_repeat", "min_share", "max_prefix"},
        "words-of-title": {"within", "min_share"},
        "in-run": {"min_run"},
        "no-reference": {"address", "above", "below"},
        "repeated-phrase": {"min_units", "min_share"},
        "says-twice": {"min_units"},
        "matches-without": {"without"},
        **encoding.PARAMETERS,
        "folded": set(dedupe.WORD_PARAMETERS),
        "near": {"threshold", "shingle", "permutations", "recall", "seed", "rounds"},
        "language": {"model"},
    }
    return needs.get(method or "", set())


def _static_faults(rule: Rule) -> Iterator[Fault]:
    head, top = rule.head, file_of(rule, ANY)
    for variant in rule.variants:
        place = file_of(rule, variant.language)
        bare = not variant.literals and head.max_chars is None and head.scorecard is None
        if bare and head.scope != "document" and rule.family != "encoding":
            yield Fault(place, "literals", "no literal and no length bound", "name words it contains, or set max_chars")
        if any(literal != literal.strip() or not literal for literal in variant.literals):
            yield Fault(place, "literals", "a literal is empty or begins or ends with a space", "take the space away")
        if (
            rule.head.scope in ("line", "span", "block")
            and not variant.patterns
            and not (head.method or head.label or head.scorecard)
        ):
            yield Fault(place, "patterns", "no pattern and no method", "add a pattern")
    for language in rule.languages:
        if not LANGUAGE_TAG.fullmatch(language):
            hint = "name the file by its tag, such as pl.toml or zh-Hant.toml"
            yield Fault(file_of(rule, language), "", f"not the tag of a language: {language}", hint)
    yield from _measure_faults(rule, top)
    yield from find_example_faults(rule)
    yield from find_borrowed_examples(rule)


def _measure_faults(rule: Rule, top: str) -> Iterator[Fault]:
    head = rule.head
    if head.profiles and rule.family != quality.FAMILY:
        yield Fault(top, "profiles", "only rules under quality/ belong to profiles", "take them away, or move the rule")
    if head.measure and head.scope != "document":
        yield Fault(top, "measure", f"a measure is of a document, not of a {head.scope}", 'set scope = "document"')
    if head.scope == "document" and head.measure is None and head.method is None and head.scorecard is None:
        yield Fault(top, "measure", "a document rule needs a measure or a method", "add [measure]")
    if head.measure and head.measure.min is None and head.measure.max is None:
        yield Fault(top, "measure", "neither min nor max: it can never hit", "give a limit")
    elif head.measure:
        problem = limit_problem(head.measure)
        if problem:
            yield Fault(top, "measure", *problem)
    if head.measure and head.measure.column in quality.PHRASES:
        yield from _phrase_faults(rule, head.measure)


def _phrase_faults(rule: Rule, measure: Measure) -> Iterator[Fault]:
    """Find languages in which a measure that counts words has none, or fewer than its limit asks for."""
    for variant in rule.variants:
        place, words = file_of(rule, variant.language), {literal.lower() for literal in variant.literals}
        if not words:
            yield Fault(place, "literals", f"{measure.column} counts words, and there are none", "name them")
        elif measure.column == "stop_words" and measure.min is not None and len(words) < measure.min:
            reason = f"always hits: {len(words)} words cannot reach {measure.min:g}"
            yield Fault(place, "literals", reason, "name more words, or lower min")


def limit_problem(measure: Measure) -> tuple[str, str] | None:
    """Say whether the limits of a measure can never hit, or always do: no measure is negative, and shares end at 1."""
    least, most = 0.0, 1.0 if measure.column.endswith("_share") else float("inf")
    low, high = measure.min, measure.max
    hint = f"{measure.column} lies between {least:g} and {most:g}"
    if (low is not None and low > most) or (high is not None and high < least):
        return "always hits", hint
    if low is not None and high is not None and low > high:
        return "always hits: min is above max", hint
    if (low is None or low <= least) and (high is None or high >= most):
        return "can never hit", hint
    return None


def run_examples(rules: Rules, skip: Collection[str] = ()) -> list[tuple[Case, tuple[str, str] | None]]:
    """Run every example through the real stages; give each case with what is wrong about it, or None.

    Rules in `skip` cannot run; their examples are left out.
    An example with `expect = "fail"` must be wrong: when it is right, that is the fault.
    """
    from cleanse.catalogue import examples

    # The rules of these families are looked up by name and hold the numbers that others need: they stay in.
    stays = ("dedupe", "language")
    able = Rules(rule for rule in rules if rule.id not in skip or rule.family in stays)
    results = []
    for case, verdict in examples.judge(able, [case for case in cases(able) if case.rule.id not in skip]):
        problem = verdict
        if case.example.expect == "fail":
            problem = None if verdict else ('passes, though marked expect = "fail"', "take the mark away")
        results.append((case, problem))
    return results
