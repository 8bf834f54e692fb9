"""What can be wrong with the examples of a rule: too few, not near, borrowed, or leaving a pattern without one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from cleanse.catalogue.case import file_of
from cleanse.errors import Fault
from cleanse.matching import OPENING
from cleanse.rules import ANY, Rule, compile_pattern
from cleanse.spam import units

MIN_EXAMPLES = 2
MIN_EXAMPLES_OF_DROP = 3  # what drops takes whole documents
NEAR_SHARE = 0.5
REWORD = "reword:"  # how the note of an example begins whose text stands on a page of somebody


def find_example_faults(rule: Rule) -> Iterator[Fault]:
    """Find languages with too few examples, examples that come twice, and misses that are not near."""
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


def find_borrowed_examples(rule: Rule) -> Iterator[Fault]:
    """Find examples whose text was taken from a page and is not reworded yet."""
    for language, body in {ANY: rule.head, **rule.languages}.items():
        for kind, examples in (("hit", body.hit), ("miss", body.miss)):
            for number, example in enumerate(examples, 1):
                if example.note.startswith(REWORD):
                    hint = f"say the same in words of your own, and take `{REWORD}` out of its note"
                    yield Fault(file_of(rule, language), f"{kind} {number}", "the text of a page, from a verdict", hint)


def find_idle_exceptions(rule: Rule) -> Iterator[Fault]:
    """Find the patterns of `unless` that leave no miss of their file alone."""
    for variant in rule.variants:
        body = rule.languages.get(variant.language, rule.head)
        misses = pl.Series([line for miss in body.miss for line in miss.text.split("\n")], dtype=pl.String)
        misses = misses.str.replace(f"^{OPENING}+", "") if rule.head.trim else misses
        for text, pattern in zip(body.unless, variant.unless, strict=True):
            if not misses.str.contains(pattern).any():
                hint = "write a [[miss]] that would be hit without it, or take the pattern away"
                yield Fault(file_of(rule, variant.language), "unless", f"no miss needs this pattern: {text}", hint)


def find_unreached(rules: Sequence[Rule]) -> list[Fault]:
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
