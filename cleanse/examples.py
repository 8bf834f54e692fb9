"""Run the examples of rules through the real stages, all in one go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl

from cleanse import boilerplate, charset, dedupe, encoding, segments, spam
from cleanse.rules import ANY, Rules

if TYPE_CHECKING:
    from cleanse.catalogue import Case

Problem = tuple[str, str]
Verdict = tuple["Case", Problem | None]


def judge(rules: Rules, cases: Sequence[Case]) -> list[Verdict]:
    """Say of each example what is wrong with it, or None: hits must be hit, on their span, and misses must not."""
    verdicts: dict[str, Problem | None] = {}
    lines = [case for case in cases if case.rule.family in ("boilerplate", "spam", "quality") and _in_lines(case)]
    for case, hits, text in _tag_lines(rules, lines):
        verdicts[case.name] = _judge_spans(case, hits, text)
    verdicts |= _judge_documents(rules, [case for case in cases if _is_measured(case)])
    for case in cases:
        if case.rule.family == "encoding":
            verdicts[case.name] = _judge_repair(case, rules)
        elif case.rule.family == "dedupe" and not case.rule.head.measure:
            verdicts[case.name] = _judge_pair(case, rules)
    return [(case, verdicts[case.name]) for case in cases]


def _in_lines(case: Case) -> bool:
    return case.rule.head.scope != "document"


def _is_measured(case: Case) -> bool:
    """Say whether the example is a whole document that all stages must see."""
    if case.rule.family in ("boilerplate", "spam", "quality"):
        return not _in_lines(case)
    return bool(case.rule.head.measure) or case.rule.family not in ("encoding", "dedupe")


def _tag_lines(rules: Rules, cases: Sequence[Case]) -> list[tuple[Case, pl.DataFrame, str]]:
    """Tag the examples as documents of the language of their file, and give each with its rule's hits."""
    if not cases:
        return []
    languages = ["und" if case.language == ANY else case.language for case in cases]
    documents = pl.LazyFrame(
        {"text": [case.example.text for case in cases], "language": languages}, schema_overrides={"text": pl.String}
    )
    documents = encoding.repair_text(documents, encoding.Repairer(Rules([])))
    documents = boilerplate.tag_boilerplate(documents, boilerplate.prepare(rules))
    tagged = spam.tag_spam(documents, spam.prepare(rules)).with_row_index("doc").collect()
    hits = segments.explode_hits(tagged, boilerplate.COLUMN, spam.COLUMN)
    by_case = {(doc, rule): group for (doc, rule), group in hits.group_by("doc", "rule", maintain_order=True)}
    return [(case, by_case.get((n, case.rule.id), hits.clear()), case.example.text) for n, case in enumerate(cases)]


def _judge_spans(case: Case, hits: pl.DataFrame, text: str) -> Problem | None:
    example = case.example
    found = _covered(hits, text)
    if case.kind == "miss":
        return (f"is hit: {found!r}", 'narrow the pattern, or mark it expect = "fail"') if found else None
    wanted = "\n".join(line for line in (example.span or text).split("\n") if line.strip())
    if not found:
        return f"is not hit: {text[:80]!r}", "check literals, patterns, max_chars and position"
    if found.replace("\n", "") != wanted.replace("\n", ""):
        return f"hits {found!r}, not {wanted!r}", "give the hit part as `span`, or mend the pattern"
    return None


def _covered(hits: pl.DataFrame, text: str) -> str:
    """Give the text under the union of the hits, line by line."""
    lines = text.split("\n")
    parts = []
    for (number,), group in hits.sort("line", "start").group_by("line", maintain_order=True):
        spans = segments.merge_spans(zip(group["start"], group["end"], strict=True))
        parts.append("".join(lines[int(str(number))][start:end] for start, end in spans))
    return "\n".join(parts)


def _judge_repair(case: Case, rules: Rules) -> Problem | None:
    example = case.example
    if example.charset is not None:
        data = example.text.encode(example.charset)
        decoded = charset.decode(data, rules)
        right = decoded.text.removeprefix(charset.BYTE_ORDER_MARK) == example.text
        foreign = decoded.charset != charset.UTF8
        if not right:
            return f"decodes as {decoded.charset}: {decoded.text[:40]!r}", "a longer text may be needed"
        hit = foreign and (case.rule.id == charset.CHARSET or not decoded.certain)
        return None if hit == (case.kind == "hit") else (f"charset found: {decoded.charset}", "")
    family = [rule for rule in rules if rule.family == "encoding" and (rule.head.default or rule.id == case.rule.id)]
    repairer = encoding.Repairer(Rules(family))
    frame = encoding.repair_text(pl.LazyFrame({"text": [example.text]}), repairer).collect()
    repaired = frame["repaired"].item()
    hit = case.rule.id in [hit["rule"] for hit in frame[encoding.COLUMN].item().to_list()]
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
    frame = pipeline.add_evidence(documents, pipeline.Prepared.of(rules, rules)).collect().with_row_index("doc")
    hits = segments.explode_hits(frame, *pipeline.EVIDENCE).select("doc", "rule").unique()
    found = set(hits.iter_rows())
    verdicts: dict[str, Problem | None] = {}
    for number, case in enumerate(cases):
        hit = (number, case.rule.id) in found
        problem = (f"{'is' if hit else 'is not'} hit: {case.example.text[:80]!r}", "check the limits")
        verdicts[case.name] = None if hit == (case.kind == "hit") else problem
    return verdicts
