"""Find what the rules hit in lines: boilerplate, spam, and what a recipe for quality takes line by line.

1. The repaired texts are cut into lines, once.
2. One matcher looks for the words of all families in one pass, and says which rules hit which lines (`cleanse/matching/`).
3. Each family makes its own hits: `boilerplate.py` and `spam.py` add what their scorecards know, and what they keep to themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from cleanse import boilerplate, quality, segments, spam
from cleanse.hits import HITS
from cleanse.matching import Lines, Matched, Matcher, blocks
from cleanse.rules import Rules

ADDS: dict[str, pl.DataType] = {
    boilerplate.COLUMN: HITS,
    boilerplate.ENDS: blocks.ENDS,
    boilerplate.POINTS: segments.SIGNALS,
    boilerplate.PAGE_POINTS: pl.Int32(),
    spam.COLUMN: HITS,
    spam.POINTS: segments.SIGNALS,
}


@dataclass(frozen=True)
class LineRules:
    """The line rules of all families, made ready to match: one matcher, and what each family does with its part."""

    matcher: Matcher
    boilerplate: boilerplate.Finder
    spam: spam.Finder

    @staticmethod
    def of(rules: Rules) -> LineRules:
        """Make the rules that look at lines ready; what lines a family takes is no matter of the other."""
        furniture, planted = boilerplate.Finder.of(rules), spam.Finder.of(rules)
        methods = {**boilerplate.METHODS, **quality.METHODS, **spam.METHODS}
        matcher = Matcher.prepare((furniture.plain, planted.plain), methods, planted.terms)
        return LineRules(matcher, furniture, planted)

    def tag(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Add the columns of ADDS to a batch of documents with `doc`; see `tag_lines`."""
        lines = Lines(frame["repaired"])
        matched = self.matcher.match(frame, lines)
        of_spam = pl.col("rule").is_in([rule.id for rule in self.spam.plain])
        tagged = boilerplate.tag_boilerplate(frame, self.boilerplate, lines, _choose(matched, ~of_spam))
        return spam.tag_spam(tagged, self.spam, lines, _choose(matched, of_spam))


def _choose(matched: Matched, rules: pl.Expr) -> Matched:
    """Give what the rules of one family hit."""
    return matched._replace(places=matched.places.filter(rules), ends=matched.ends.filter(rules))


def tag_lines(documents: pl.LazyFrame, rules: LineRules) -> pl.LazyFrame:
    """Find boilerplate and spam.

    Reads: `text`, `repaired`, `language`, `encoding_hits`; and where there are such columns `code_lines`, in which nothing is stripped, and
    `site_lines`, what other pages of the site hold (`scorecards.site`).
    Adds: `boilerplate_hits` list[HIT]; `boilerplate_ends` list[blocks.END],
    where each block ends and why; `boilerplate_points` list[SIGNAL], the biggest terms of the sums of lines that a scorecard hit or
    nearly hit, and of their documents; `page_points` i32, the sum of the document, null where no scorecard asks;
    `spam_hits` list[HIT]; `spam_points` list[SIGNAL], the points of each measure of a segment that a scorecard hit, in tenths of a bit.
    """
    return segments.as_stage(documents, rules.tag, ADDS)
