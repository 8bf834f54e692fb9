"""Check rules, all faults of all files at once, and show them to people.

Every example of every rule is run through the real stages; a rule that misses its hits or eats its misses is a fault.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from cleanse import code, dedupe, planted, quality, scorecards
from cleanse.errors import Fault, OptionError, RuleError
from cleanse.matching import OPENING
from cleanse.rules import (
    ANY,
    RULE_FILE,
    SPAM_SCORE,
    Example,
    Measure,
    Points,
    Rule,
    Rules,
    Scorecard,
    compile_pattern,
    load_rules,
    locate_example,
)
from cleanse.spam import units

# A dot, or a class that holds a kind of character and its contrary, as often as it likes.
UNBOUNDED = re.compile(r"(?<!\\)(?:\\\\)*(?:\.|\[\\(\w)\\(?!\1)(?i:\1)\])(?:[*+]|\{\d*,\})")
UNBOUNDED_REASON = "unbounded .* or .+ or the like"
LANGUAGE_TAG = re.compile(r"[a-z]{2,3}(?:-[A-Z][a-z]{3})?(?:-(?:[A-Z]{2}|\d{3}))?")
MIN_EXAMPLES = 2
MIN_EXAMPLES_OF_DROP = 3  # what drops takes whole documents
UNBROKEN = 1_000  # columns, more than any rule takes
NEAR_SHARE = 0.5
PATTERN_PARAMETERS = {"without", "address", "above", "below", *dedupe.WORD_PARAMETERS}
REWORD = "reword:"  # how the note of an example begins whose text stands on a page of somebody
# What a scorecard may be: the family whose stage reads it, what it is of, the scope of what it hits, and its measures.
CARDS: dict[tuple[str, str], tuple[str, dict[str, str]]] = {
    ("spam", "segment"): ("span", planted.MEASURES),
    ("boilerplate", "line"): ("line", scorecards.LINE_MEASURES),
    ("boilerplate", "document"): ("document", scorecards.PAGE_MEASURES),
    (code.FAMILY, "line"): ("line", code.MEASURES),
}


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


def find_faults(rules: Rules) -> list[Fault]:
    """Check every rule against the house rules on rules, and run its examples.

    Loading has already refused unknown keys and wrong types.
    """
    obstacles = {rule.id: list(_obstacles(rule)) for rule in rules}
    faults = [fault for found in obstacles.values() for fault in found]
    faults += [fault for rule in rules for fault in _static_faults(rule)]
    stuck = {rule_id for rule_id, found in obstacles.items() if found}
    able = [rule for rule in rules if rule.id not in stuck]
    faults += [*_unreached(able), *(fault for rule in able for fault in _idle_exceptions(rule))]
    for case, problem in run_examples(rules, skip=stuck):
        if problem:
            faults.append(Fault(*place_example(case), *problem))
    return sorted(faults)


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
    yield from _scorecard_faults(rule, place)
    if head.scope == "block" and head.block is None:
        yield Fault(place, "block", "a block rule needs a table [block]", "copy one from related-posts")
    yield from _pattern_faults(rule)
    yield from _exception_faults(rule)


def _parameter_faults(rule: Rule, place: str) -> Iterator[Fault]:
    head = rule.head
    known = parameters_of(head.method) | quality.PARAMETERS.get(rule.id, set())
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
        elif name in known - code.WORDS and (isinstance(value, str | list) or value <= 0):
            yield Fault(
                place, f"parameters.{name}", f"not a number above 0: {value!r}", "see the rule that came with it"
            )


def _scorecard_faults(rule: Rule, place: str) -> Iterator[Fault]:
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
    """Find patterns of marks that cannot be run; theirs may be unbounded, since they only say yes or no."""
    for mark in rule.head.marks:
        for pattern in filter(None, (mark.pattern, mark.document)):
            problem = pattern_problem(pattern.replace("{literals}", "x"))
            if problem and problem[0] != UNBOUNDED_REASON:
                yield Fault(place, f"marks.{mark.name}", f"{problem[0]}: {pattern}", problem[1])


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


def _pattern_faults(rule: Rule) -> Iterator[Fault]:
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
    yield from _example_faults(rule)
    yield from _borrowed_examples(rule)


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


def _example_faults(rule: Rule) -> Iterator[Fault]:
    bodies = rule.languages or {ANY: rule.head}
    # A rule of many languages has enough examples in all, when each language has as many as any other rule.
    needed = MIN_EXAMPLES_OF_DROP if rule.head.action == "drop" and len(bodies) == 1 else MIN_EXAMPLES
    first: dict[str, str] = {}
    for language, body in bodies.items():
        place = file_of(rule, language)
        for number, hit in enumerate(body.hit, 1):
            if first.setdefault(hit.text, place) != place:
                reason = f"stands in {first[hit.text]} too"
                yield Fault(place, f"hit {number}", reason, "write another sentence, in the language of the file")
        for kind, examples in (("hit", body.hit), ("miss", body.miss)):
            if len(examples) < needed:
                yield Fault(place, kind, f"{len(examples)} of {needed} examples", "write more sentences")
            texts = [example.text for example in examples]
            for number, text in enumerate(texts, 1):
                if text in texts[: number - 1]:
                    yield Fault(place, f"{kind} {number}", "appears twice", "write another sentence")
        words = {unit for example in body.hit for unit in units(example.text)}
        words |= {unit for literal in body.literals for unit in units(literal)}
        terms = [term for lists in body.terms.values() for level in lists.values() for term in level]
        words |= {unit for term in terms for unit in units(term)}
        near = [bool(words.intersection(units(example.text))) for example in body.miss]
        symbols = not words
        if near and not symbols and sum(near) / len(near) < NEAR_SHARE:
            yield Fault(place, "miss", "most misses are not near", "use words of the hits in ordinary sentences")


def _borrowed_examples(rule: Rule) -> Iterator[Fault]:
    """Find examples whose text was taken from a page and is not reworded yet."""
    for language, body in {ANY: rule.head, **rule.languages}.items():
        for kind, examples in (("hit", body.hit), ("miss", body.miss)):
            for number, example in enumerate(examples, 1):
                if example.note.startswith(REWORD):
                    hint = f"say the same in words of your own, and take `{REWORD}` out of its note"
                    yield Fault(file_of(rule, language), f"{kind} {number}", "the text of a page, from a verdict", hint)


def _exception_faults(rule: Rule) -> Iterator[Fault]:
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


def _idle_exceptions(rule: Rule) -> Iterator[Fault]:
    """Find the patterns of `unless` that leave no miss of their file alone."""
    for variant in rule.variants:
        body = rule.languages.get(variant.language, rule.head)
        misses = pl.Series([line for miss in body.miss for line in miss.text.split("\n")], dtype=pl.String)
        misses = misses.str.replace(f"^{OPENING}+", "") if rule.head.trim else misses
        for text, pattern in zip(body.unless, variant.unless, strict=True):
            if not misses.str.contains(pattern).any():
                hint = "write a [[miss]] that would be hit without it, or take the pattern away"
                yield Fault(file_of(rule, variant.language), "unless", f"no miss needs this pattern: {text}", hint)


def _unreached(rules: Sequence[Rule]) -> list[Fault]:
    """Find the patterns that no hit of their file reaches; a pattern of `rule.toml` needs a hit of any language.

    Hits marked `expect = "fail"` reach nothing.
    """
    hits = [
        (rule.id, language, line)
        for rule in rules
        for language, body in {ANY: rule.head, **rule.languages}.items()
        for hit in body.hit
        for line in hit.text.split("\n")
        if hit.expect == "pass"
    ]
    schema = {"rule": pl.String, "language": pl.String, "text": pl.String}
    lines = pl.DataFrame(hits, schema=schema, orient="row").with_columns(
        pl.col("text").str.replace(f"^{OPENING}+", "").alias("opened")
    )
    frames = lines.partition_by("rule", "language", as_dict=True)
    found = []
    for rule in rules:
        bodies = rule.languages or {ANY: rule.head}
        column = "opened" if rule.head.trim else "text"
        texts = {language: frames.get((rule.id, language), lines.clear())[column] for language in bodies}
        own = [(language, text, {language: body}) for language, body in bodies.items() for text in body.patterns]
        shared = [(ANY, text, rule.languages) for text in rule.head.patterns if rule.languages]
        for place, text, among in shared + own:
            patterns = (
                (language, compile_pattern(text, body.literals, case_sensitive=rule.head.case_sensitive))
                for language, body in among.items()
            )
            if not any(texts[language].str.contains(pattern).any() for language, pattern in patterns):
                hint = "write a [[hit]] that only this pattern reaches, or take the pattern away"
                found.append(Fault(file_of(rule, place), "patterns", f"no hit reaches this pattern: {text}", hint))
    return found


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


def print_catalogue(rules: Rules, language: str | None = None) -> None:
    """Print a table of rules: id, action, status, title and languages.

    A terminal that is too narrow breaks titles and languages between words. A file or a pipe gets each rule on one line.

    Raises:
        OptionError: no rule has words in that language.
    """
    import rich.box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=rich.box.SIMPLE_HEAD, pad_edge=False)
    for column in ("rule", "action", "title", "languages"):
        table.add_column(column, overflow="fold", no_wrap=column in ("rule", "action"))
    shown = 0
    for rule in rules:
        if language is not None and language not in rule.languages:
            continue
        shown += 1
        draft = " (draft)" if rule.head.status == "draft" else ""
        cells = (rule.id, f"{rule.action}{draft}", rule.head.title, " ".join(rule.languages) or ANY)
        table.add_row(*(Text(cell) for cell in cells))
    if not shown:
        known = sorted({name for rule in rules for name in rule.languages})
        raise OptionError("no rule has words in that language", where=language, hint=f"there are {' '.join(known)}")
    terminal = Console()
    console = terminal if terminal.is_terminal else Console(width=UNBROKEN, soft_wrap=True)
    console.print(table)
    console.print(f"{shown} rule{'' if shown == 1 else 's'}")


def describe_rule(rule: Rule) -> str:
    """Give one rule as a page of text."""
    head = rule.head
    lines = [
        f"{rule.id}   {head.title}",
        "",
        head.why.strip(),
        "",
        f"action    {rule.action}, scope {head.scope}, severity {head.severity}, {head.status} since {head.since}",
        f"risk      {head.risk.strip()}",
        f"version   {rule.version}",
        f"files     {', '.join(rule.paths)}",
    ]
    lines += [f"see       {reference}" for reference in head.references]
    lines += [f"{name:9} {value}" for name, value in head.parameters.items()]
    lines += _describe_scorecard(rule)
    for variant in rule.variants:
        lines += ["", f"[{variant.language}]"]
        lines += [f"  words     {', '.join(variant.literals)}"] if variant.literals else []
        terms = rule.languages[variant.language].terms if rule.languages else {}
        for theme, levels in terms.items():
            lines += [f"  {theme}, {level}: {', '.join(words)}" for level, words in levels.items()]
        own = rule.languages[variant.language].patterns if rule.languages else variant.patterns
        lines += [f"  pattern   {pattern}" for pattern in own]
        body = rule.languages.get(variant.language, head)
        lines += [f"  unless    {pattern}" for pattern in body.unless]
        for kind, language, _, example in rule.examples():
            if language == variant.language or not rule.languages:
                note = f"   ({example.note})" if example.note else ""
                lines.append(f"  {kind:9} {example.text!r}{note}")
    return "\n".join(lines)


def _describe_scorecard(rule: Rule) -> list[str]:
    """Give a scorecard as a table: what each measure is, and what its values count for."""
    card = rule.head.scorecard
    if card is None:
        return []
    lines = ["", f"A {card.of} is hit from {card.threshold} points on (tenths of a bit); it begins with {card.base}."]
    if card.always is not None:
        lines.append(f"Where every document counts as a page (--pages always), from {card.always} on.")
    if card.between is not None:
        lines.append(
            f"Between two lines that go, from {card.between} on; right above a line that stays, from {card.heading} on."
        )
    if card.braked is not None:
        lines.append(
            f"Where fewer than {card.brake_units} units of sentences would stay, or more than {card.brake_percent} percent of them "
            f"would go, from {card.braked} on."
        )
    if card.doubt is not None:
        lines.append(f"From {card.doubt} on it is reported in drafts.parquet.")
    _, known = CARDS.get((rule.family, card.of), ("", {}))
    width = max((len(table.measure) for table in rule.head.points), default=0)
    for table in rule.head.points:
        steps = [f"below {table.bounds[0]:g}: {table.points[0]:+d}"]
        steps += [f"from {bound:g}: {worth:+d}" for bound, worth in zip(table.bounds, table.points[1:], strict=True)]
        lines.append(f"  {table.measure:{width}} {', '.join(steps)}   ({known.get(table.measure, 'unknown')})")
    lines += [f"  {mark.points:+4d} {mark.name}: {mark.pattern}" for mark in rule.head.marks]
    return lines


SKELETON = """\
title = "Name what is found"
why = \"\"\"
Say what the line is and what harm it does when it stays.\"\"\"
since = "{version}"
status = "draft"
scope = "line"
action = "flag"
severity = "low"
risk = \"\"\"
Say which good text could be hit by mistake.\"\"\"
max_chars = 120
patterns = ['^[\\W_]{{0,6}}{{literals}}[\\W_]{{0,6}}$']
"""
BODY = """
literals = ["write {phrase} here"]

[[hit]]
text = "Write {phrase} here"

[[hit]]
text = "» write {phrase} here «"

[[miss]]
text = "She asked me to write {phrase} here, and I did."

[[miss]]
text = "Do not write {phrase} here unless you are told to."
"""


def write_skeleton(rule_id: str, folder: str, languages: Sequence[str] = ()) -> list[Path]:
    """Write a rule in draft that passes `cleanse check`: one file, or a folder with a file for each language.

    Gives the paths.

    Raises:
        OptionError: the id is not `family/name` in small letters, or the rule is there already, among ours or in the folder.
    """
    from cleanse import __version__

    if not re.fullmatch(r"[a-z][a-z0-9-]*/[a-z][a-z0-9-]*", rule_id):
        raise OptionError("not the id of a rule", where=rule_id, hint="write family/name, such as boilerplate/my-rule")
    ours = load_rules()
    if rule_id in ours:
        own = ours[rule_id]
        words = f"{folder}/{rule_id}/{(languages or ['en'])[0]}.toml"
        hint = f"write words that join it into {words}, or choose another id" if own.languages else "choose another id"
        hint += "; a whole rule takes its place only where it says replaces = true"
        raise OptionError("cleanse has this rule already", where=own.paths[0], hint=hint)
    base = Path(folder) / rule_id
    files = {base.with_suffix(".toml"): SKELETON.format(version=__version__) + BODY.format(phrase="a phrase")}
    if languages:
        files = {base / "rule.toml": SKELETON.format(version=__version__)}
        for language in languages:
            files[base / f"{language}.toml"] = BODY.lstrip().format(phrase=f"a phrase of {language}")
    there = [path for path in (*files, base, base.with_suffix(".toml")) if path.exists()]
    if there:
        raise OptionError("the rule is there already", where=str(there[0]), hint="edit it, or choose another id")
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return list(files)
