"""What each literal of a rule is good for: what must stand around it before anything else is asked."""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum

import polars as pl

from cleanse.matching.decoration import BEFORE_DECORATES, BEFORE_OPENS, BEHIND_DECORATES, strip_decoration
from cleanse.matching.lines import Flags, Lines
from cleanse.rules import Pattern, Rule, Variant


class Use(IntEnum):
    """What a literal is good for in a rule: what must stand around it before anything else is asked."""

    LABEL = 0  # it is alone on its line, decoration aside
    OPENING = 1  # it opens the line
    INSIDE = 2  # patterns ask what stands before and behind it
    GATE = 3  # it only admits the line to the patterns of its language
    OPENING_PATTERN = 4  # a pattern that sees the whole line begins with it
    PATTERN = 5  # a pattern that sees the whole line cannot match without it


OPENING_USES = (Use.LABEL, Use.OPENING, Use.OPENING_PATTERN)


def list_uses(rule: Rule, variant: Variant, first: int) -> Iterator[tuple[str, Use, str, str, int | None]]:
    """Give the literals of a variant with what each is good for, the decoration that a label must have, and the pattern.

    `first` is the number of the first of its patterns that see a whole line.
    """
    uses = []
    if any(template.opens for template in variant.templates):
        uses.append(Use.OPENING)
    if not all(template.opens for template in variant.templates):
        uses.append(Use.INSIDE)
    if any(is_gated(pattern, variant) for pattern in variant.whole) or is_methodical(rule, variant):
        uses.append(Use.GATE)
    for literal in variant.literals:
        if rule.head.label:
            before, core, behind = split_label(literal)
            yield core, Use.LABEL, before, behind, None
        for use in uses:
            yield literal, use, "", "", None
    for number, pattern in enumerate(variant.whole, first):
        if pattern.prefilter:
            use = Use.OPENING_PATTERN if pattern.prefilter.opens else Use.PATTERN
            for text in sorted(pattern.prefilter.strings):
                yield text, use, "", "", number


def is_methodical(rule: Rule, variant: Variant) -> bool:
    """Say whether the method sees every line that the literals admit: neither labels nor patterns choose before it."""
    return rule.head.method is not None and not variant.whole and not rule.head.label


def is_gated(pattern: Pattern, variant: Variant) -> bool:
    """Say whether a literal must be there besides what the prefilter asks for: where that does not bring one along."""
    words = [" ".join(literal.lower().split()) for literal in variant.literals]
    if not words or pattern.prefilter is None:
        return bool(words)
    return not all(any(word in text for word in words) for text in pattern.prefilter.strings)


def split_label(literal: str) -> tuple[str, str, str]:
    """Tell a literal from the decoration that a line must have around it to be this label.

    >>> split_label("See also:"), split_label("→")
    (('', 'See also', ':'), ('', '→', ''))
    """
    text = " ".join(literal.split())
    core = strip_decoration(text)
    if not core:
        return "", text, ""
    before, behind = text.split(core, 1)
    return before.strip(), core, behind.strip()


def are_surrounded(joined: pl.DataFrame) -> Flags:
    """Say of each use of a literal whether what stands around it, as bits, allows it."""
    around, use = joined["around"].to_numpy(), joined["use"].to_numpy()
    alone = BEFORE_DECORATES | BEHIND_DECORATES
    fits: Flags = (use == Use.INSIDE) | (use == Use.GATE) | (use == Use.PATTERN)
    fits |= (use == Use.LABEL) & (around & alone == alone)
    fits |= ((use == Use.OPENING) | (use == Use.OPENING_PATTERN)) & (around & BEFORE_OPENS > 0)
    return fits


def keep_decorated(labels: pl.DataFrame, lines: Lines) -> pl.DataFrame:
    """Keep the labels around which the decoration stands that they need; most need none."""
    needs = (pl.col("before") != "") | (pl.col("behind") != "")
    needy = labels.filter(needs)
    rows = needy["row"].to_numpy()
    front = lines.cut(lines.starts[rows], needy["start"].to_numpy()).str.strip_chars_end()
    back = lines.cut(needy["end"].to_numpy(), lines.ends[rows]).str.strip_chars_start()
    fits = needy.select(front.alias("front"), back.alias("back"), "before", "behind").select(
        pl.col("front").str.ends_with(pl.col("before")) & pl.col("back").str.starts_with(pl.col("behind"))
    )
    return pl.concat([labels.filter(~needs), needy.filter(fits.to_series())])
