"""Run the examples of rules through the real stages, all in one go."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import polars as pl

from cleanse import boilerplate, code, dedupe, encoding, lang, line_rules, segments, spam
from cleanse.encoding import charset
from cleanse.files import Mender
from cleanse.hits import acts, explode_hits
from cleanse.rules import ANY, Example, Rules

if TYPE_CHECKING:
    from cleanse.catalogue.case import Case

Problem = tuple[str, str]
Verdict = tuple["Case", Problem | None]
Place = tuple[int, int, int]  # line, start, end


def judge(rules: Rules, cases: Sequence[Case]) -> list[Verdict]:
    """Say of each example what is wrong with it, or None: hits must be hit, on their span, and misses must not."""
    verdicts: dict[str, Problem | None] = {}
    lines = [case for case in cases if case.rule.family in ("boilerplate", "spam", "quality") and _in_lines(case)]
    for case, places in _tag_lines(rules, lines):
        whole = case.rule.head.scorecard is not None and case.rule.head.scorecard.of == "line"
        verdicts[case.name] = _judge_line(case, places) if whole else _judge_spans(case, places)
    for case, places in _mark_code(rules, [case for case in cases if case.rule.family == code.FAMILY]):
        verdicts[case.name] = _judge_spans(case, places)
    pages = [case for case in cases if _is_page(case)]
    verdicts |= _judge_pages(rules, pages)
    verdicts |= _judge_documents(rules, [case for case in cases if _is_measured(case) and not _is_page(case)])
    verdicts |= _judge_repairs(rules, [case for case in cases if case.rule.family == "encoding"])
    for case in cases:
        if case.rule.family == "dedupe" and not case.rule.head.measure:
            verdicts[case.name] = _judge_pair(case, rules)
    return [(case, verdicts[case.name]) for case in cases]


def find_hits(rules: Rules, texts: Sequence[tuple[str, str, str, str | None]], *, whole: bool = False) -> list[bool]:
    """Say of each (rule id, language, text, context) whether the rule hits the text, when it sees nothing else of the page.

    `context` is the line that the text stands in, null where it is the text; of a duplicate the other document. With `whole`, the
    text is the line already. Rules must be known.
    """
    from cleanse.catalogue.case import Case

    cases = []
    for number, (rule_id, language, text, context) in enumerate(texts):
        rule = rules[rule_id]
        pair = rule.family == "dedupe" and rule.head.measure is None
        shown = text if pair or whole or context is None else context
        example = Example(text=shown, other=context if pair else None)
        cases.append(Case(rule, "miss", language, number, example))
    by_name = {case.name: problem for case, problem in judge(rules, cases)}
    return [by_name[case.name] is not None for case in cases]


def _in_lines(case: Case) -> bool:
    return case.rule.head.scope != "document"


def _is_page(case: Case) -> bool:
    """Say whether the example is a document that a scorecard of documents reads."""
    return case.rule.head.scorecard is not None and case.rule.head.scorecard.of == "document"


def _is_measured(case: Case) -> bool:
    """Say whether the example is a whole document that all stages must see."""
    if case.rule.family in ("boilerplate", "spam", "quality"):
        return not _in_lines(case)
    return bool(case.rule.head.measure) or case.rule.family not in ("encoding", "dedupe", code.FAMILY)


def _tag_lines(rules: Rules, cases: Sequence[Case]) -> Iterator[tuple[Case, list[Place]]]:
    """Tag the examples as documents of the language of their file, and give each with the places that its rule hits."""
    if not cases:
        return
    tagged = _run_lines(rules, cases)
    hits = explode_hits(tagged, boilerplate.COLUMN, spam.COLUMN)
    # A stable scorecard also notes as drafts what it nearly hits.
    cards = [rule.id for rule in rules if rule.head.scorecard and acts(rule)]
    hits = hits.filter(pl.col("acts") | ~pl.col("rule").is_in(cards))
    places: defaultdict[tuple[int, str], list[Place]] = defaultdict(list)
    for doc, rule, *place in hits.select("doc", "rule", "line", "start", "end").iter_rows():
        places[doc, rule].append(tuple(place))
    for number, case in enumerate(cases):
        yield case, places[number, case.rule.id]


def _run_lines(rules: Rules, cases: Sequence[Case]) -> pl.DataFrame:
    """Run the examples through the stages that look at lines; adds `doc`."""
    from cleanse import pipeline

    languages = ["und" if case.language == ANY else case.language for case in cases]
    documents = pl.LazyFrame(
        {"text": [case.example.text for case in cases], "language": languages}, schema_overrides={"text": pl.String}
    )
    prepared = pipeline.Prepared.of(rules, rules)
    documents = encoding.repair_text(documents, encoding.Repairer(Rules([])))
    return line_rules.tag_lines(documents, prepared.lines).with_row_index("doc").collect()


def _mark_code(rules: Rules, cases: Sequence[Case]) -> Iterator[tuple[Case, list[Place]]]:
    """Give each example with its lines that are code."""
    documents = pl.LazyFrame({"text": [case.example.text for case in cases]}, schema={"text": pl.String})
    marked = code.mark_code(documents, code.Recogniser.of(rules)).collect()[code.COLUMN]
    for case, numbers in zip(cases, marked, strict=True):
        lines = case.example.text.split("\n")
        yield case, [(number, 0, len(lines[number])) for number in numbers]


def _judge_spans(case: Case, places: list[Place]) -> Problem | None:
    example = case.example
    text = example.text
    found = _covered(places, text)
    if case.kind == "miss":
        return (f"is hit: {found!r}", 'narrow the pattern, or mark it expect = "fail"') if found else None
    wanted = "\n".join(line for line in (example.span or text).split("\n") if line.strip())
    if not found:
        return f"is not hit: {text[:80]!r}", "check literals, patterns, max_chars and position"
    if found.replace("\n", "") != wanted.replace("\n", ""):
        return f"hits {found!r}, not {wanted!r}", "give the hit part as `span`, or mend the pattern"
    return None


def _judge_line(case: Case, places: list[Place]) -> Problem | None:
    """Judge an example that is a whole document: its marked lines must go, or must stay; without a mark, all of them.

    What the rule does to the other lines of the document is not asked.
    """
    example = case.example
    lines = example.text.split("\n")
    gone = {line for line, *_ in places}
    marked = (example.span or example.text).split("\n")
    asked = [number for number, line in enumerate(lines) if line in marked and line.strip()]
    if case.kind == "miss":
        wrong = [lines[number] for number in asked if number in gone]
        return (f"is hit: {wrong[0][:80]!r}", "look at its points with `cleanse why`") if wrong else None
    wrong = [lines[number] for number in asked if number not in gone]
    return (f"is not hit: {wrong[0][:80]!r}", "look at its points with `cleanse why`") if wrong else None


def _judge_pages(rules: Rules, cases: Sequence[Case]) -> dict[str, Problem | None]:
    """Ask the scorecard of documents about each example."""
    verdicts: dict[str, Problem | None] = {}
    cards = {rule.id for rule in rules.family(boilerplate.FAMILY) if rule.head.scorecard is not None}
    for name in sorted({case.rule.id for case in cases}):
        own = [case for case in cases if case.rule.id == name]
        # The sums are those of the first scorecard that is asked: of each by itself.
        others = cards - {
            name,
            *(rule.id for rule in rules if rule.head.scorecard and rule.head.scorecard.asks == name),
        }
        sums = _run_lines(Rules(rule for rule in rules if rule.id not in others), own)[boilerplate.PAGE_POINTS]
        verdicts |= _judge_sums(own, sums.to_list())
    return verdicts


def _judge_sums(cases: Sequence[Case], sums: Sequence[int | None]) -> dict[str, Problem | None]:
    verdicts: dict[str, Problem | None] = {}
    for total, case in zip(sums, cases, strict=True):
        card = case.rule.head.scorecard
        hit = card is not None and total is not None and total >= card.threshold
        problem = (f"{'is' if hit else 'is not'} a page: {case.example.text[:80]!r}", "check the points")
        verdicts[case.name] = None if hit == (case.kind == "hit") else problem
    return verdicts


def _covered(places: list[Place], text: str) -> str:
    """Give the text under the union of some places, line by line."""
    lines = text.split("\n")
    spans: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    for line, start, end in places:
        spans[line].append((start, end))
    return "\n".join(
        "".join(lines[line][start:end] for start, end in segments.merge_spans(spans[line])) for line in sorted(spans)
    )


def _judge_repairs(rules: Rules, cases: Sequence[Case]) -> dict[str, Problem | None]:
    """Run the examples through the repairs that are on by default and, if theirs is off or in draft, through that one too."""
    family = [rule for rule in rules if rule.family == "encoding"]
    verdicts = {case.name: _judge_charset(case, rules) for case in cases if case.example.charset is not None}
    verdicts |= {case.name: _judge_row(case, rules) for case in cases if case.example.row is not None}
    together: defaultdict[str | None, list[Case]] = defaultdict(list)
    for case in cases:
        if case.name not in verdicts:
            usual = case.rule.head.default and acts(case.rule)
            together[None if usual else case.rule.id].append(case)
    for optional, group in together.items():
        on = Rules(rule for rule in family if (rule.head.default and acts(rule)) or rule.id == optional)
        chosen = on.as_stable()  # a draft must do what its examples say, too
        documents = pl.LazyFrame({"text": [case.example.text for case in group]}, schema={"text": pl.String})
        frame = encoding.repair_text(documents, encoding.Repairer(chosen)).collect()
        for case, repaired, hits in zip(group, frame["repaired"], frame[encoding.COLUMN].to_list(), strict=True):
            verdicts[case.name] = _judge_repair(case, repaired, {hit["rule"] for hit in hits})
    return verdicts


def _judge_charset(case: Case, rules: Rules) -> Problem | None:
    """Hand the text over as bytes of its charset."""
    example = case.example
    data = example.text.encode(str(example.charset))
    decoded = charset.decode(data, rules)
    if decoded.text.removeprefix(charset.BYTE_ORDER_MARK) != example.text:
        return f"decodes as {decoded.charset}: {decoded.text[:40]!r}", "a longer text may be needed"
    foreign = decoded.charset != charset.UTF8
    hit = foreign and (case.rule.id == charset.CHARSET or not decoded.certain)
    return None if hit == (case.kind == "hit") else (f"charset found: {decoded.charset}", "")


def _judge_row(case: Case, rules: Rules) -> Problem | None:
    """Hand the text over in a row of JSON."""
    mended = Mender(rules).mend(str(case.example.row).encode())
    if mended is None or case.example.text not in mended.record.values():
        return "the row cannot be read, or holds another text", "it must be nearly JSON"
    hit = mended.why is not None
    return None if hit == (case.kind == "hit") else ("the row is JSON" if case.kind == "hit" else "is not JSON", "")


def _judge_repair(case: Case, repaired: str, acted: set[str]) -> Problem | None:
    example = case.example
    hit = case.rule.id in acted
    if case.kind == "miss":
        return (f"becomes {repaired!r}", "narrow the rule") if hit else None
    if case.rule.action == "flag":
        return None if hit else (f"is not flagged: {example.text[:80]!r}", "check literals and patterns")
    if not hit or repaired != example.fixed:
        return f"becomes {repaired!r}, not {example.fixed!r}", "check `fixed`"
    return None


def _judge_pair(case: Case, rules: Rules) -> Problem | None:
    texts = [case.example.text, case.example.other or ""]
    reasons = dedupe.explain_pair(texts, rules)
    hit = case.rule.id in reasons
    if hit == (case.kind == "hit"):
        return None
    return f"{'is' if hit else 'is not'} a duplicate by {case.rule.id}", "check the threshold and the texts"


def _judge_documents(rules: Rules, cases: Sequence[Case]) -> dict[str, Problem | None]:
    """Run the examples through all stages, as one frame."""
    from cleanse import pipeline

    if not cases:
        return {}
    documents = pl.LazyFrame({"text": [case.example.text for case in cases]}, schema={"text": pl.String})
    # The examples of this rule name the languages to keep.
    wanted = {case.language for case in cases if case.rule.id == lang.NOT_WANTED} - {ANY}
    prepared = pipeline.Prepared.of(rules, rules, tuple(sorted(wanted)))
    frame = pipeline.add_evidence(documents, prepared).collect().with_row_index("doc")
    hits = explode_hits(frame, *pipeline.EVIDENCE).select("doc", "rule").unique()
    found = set(hits.iter_rows())
    verdicts: dict[str, Problem | None] = {}
    for number, case in enumerate(cases):
        hit = (number, case.rule.id) in found
        problem = (f"{'is' if hit else 'is not'} hit: {case.example.text[:80]!r}", "check the limits")
        verdicts[case.name] = None if hit == (case.kind == "hit") else problem
    return verdicts
