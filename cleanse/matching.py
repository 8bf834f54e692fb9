"""Find what the rules hit: gates first, then only the rules whose words are there.

Three gates keep this fast (`docs/design.md`): the length of the line, the literals of all rules in one Aho-Corasick
pass, and the language of the document. What is left, a few lines in a hundred, meets the patterns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import polars as pl

from cleanse import segments
from cleanse.errors import CleanseError
from cleanse.rules import ANY, Block, Rule, Rules, Variant

Method = Callable[[pl.DataFrame, pl.DataFrame, Rule], pl.DataFrame]
LINE_SCHEMA = {"row": pl.UInt32, "doc": pl.UInt32, "line": pl.UInt32, "text": pl.String}
UNKNOWN_LANGUAGE = "und"


@dataclass(frozen=True)
class Matcher:
    """The line rules of a family, made ready: which literal leads to which rule in which language."""

    rules: Rules
    methods: dict[str, Method]
    variants: tuple[tuple[Rule, Variant], ...]
    gate: tuple[str, ...]
    literals: pl.DataFrame

    @staticmethod
    def prepare(rules: Rules, methods: dict[str, Method]) -> Matcher:
        """Make the rules of a family ready to match; rules of scope document are left out."""
        variants = [
            (rule, variant)
            for rule in rules
            if rule.head.scope != "document" and rule.family != "encoding"
            for variant in rule.variants
        ]
        table = {"literal": [], "variant": []}
        for number, (_, variant) in enumerate(variants):
            for literal in variant.gates():
                table["literal"].append(literal)
                table["variant"].append(number)
        literals = pl.DataFrame(table, schema={"literal": pl.String, "variant": pl.UInt32})
        gate = sorted({form for _, variant in variants for literal in variant.literals for form in case_forms(literal)})
        return Matcher(rules, methods, tuple(variants), tuple(gate), literals)

    def match(self, documents: pl.DataFrame) -> pl.DataFrame:
        """Find every place that a rule hits in the repaired text.

        Reads: `doc`, `repaired`, `language`. Gives a frame of `segments.FOUND_SCHEMA`.
        """
        lines = segments.split_lines(documents, "repaired").with_row_index("row")
        lines = lines.filter(pl.col("text").str.strip_chars().str.len_bytes() > 0)
        found = [pl.DataFrame(schema=segments.FOUND_SCHEMA)]
        for (rule, variant), candidates in self._candidates(lines, documents):
            hits = self._match_variant(rule, variant, candidates, lines)
            found.append(hits.select(segments.FOUND_SCHEMA.keys()))
        return pl.concat(found).unique(maintain_order=True)

    def _candidates(
        self, lines: pl.DataFrame, documents: pl.DataFrame
    ) -> Iterator[tuple[tuple[Rule, Variant], pl.DataFrame]]:
        """Give each rule and language with the lines that passed its gates."""
        gated = lines.clear()
        if self.gate:
            gated = lines.filter(pl.col("text").str.contains_any(list(self.gate), ascii_case_insensitive=True))
        languages = documents.select("doc", "language")
        named = (
            gated.with_columns(pl.col("text").str.to_lowercase().alias("literal"))
            .with_columns(pl.col("literal").str.extract_many(pl.lit(self.literals["literal"].unique()).implode(), overlapping=True))
            .filter(pl.col("literal").list.len() > 0)
            .explode("literal")
            .join(self.literals, on="literal")
            .unique(["row", "variant"])
            .join(languages, on="doc", how="left")
            .sort("row")
        )
        by_variant = {number: group for (number,), group in named.group_by("variant", maintain_order=True)}
        short: dict[int, pl.DataFrame] = {}
        for number, (rule, variant) in enumerate(self.variants):
            head = rule.head
            if variant.literals:
                candidates = by_variant.get(number)
                if candidates is None:
                    continue
            else:
                limit = head.max_chars or 0
                if limit not in short:
                    short[limit] = lines.filter(pl.col("text").str.len_bytes() <= 4 * limit).join(
                        languages, on="doc", how="left", maintain_order="left"
                    )
                candidates = short[limit]
            candidates = candidates.filter(language_gate(variant), *length_gates(rule))
            if candidates.height and (head.head or head.tail):
                candidates = _within(candidates, lines, head.head, head.tail)
            if candidates.height:
                yield (rule, variant), candidates.select(LINE_SCHEMA.keys())

    def _match_variant(
        self, rule: Rule, variant: Variant, candidates: pl.DataFrame, lines: pl.DataFrame
    ) -> pl.DataFrame:
        if rule.head.scope != "span" and variant.patterns:
            matches = pl.any_horizontal(pl.col("text").str.contains(pattern) for pattern in variant.patterns)
            candidates = candidates.filter(matches.fill_null(value=False))
        if candidates.is_empty():
            found = candidates.head(0).with_columns(start=pl.lit(0), end=pl.lit(0))
        elif rule.head.method:
            found = self.methods[rule.head.method](candidates, lines, rule)
        elif rule.head.scope == "span":
            found = find_spans(candidates, variant.patterns)
        elif rule.head.scope == "block" and rule.head.block:
            found = extend_block(candidates, lines, rule.head.block)
        else:
            found = whole_lines(candidates)
        return found.with_columns(
            pl.lit(rule.id).alias("rule"),
            pl.col("start").cast(pl.UInt32),
            pl.col("end").cast(pl.UInt32),
            ((pl.col("start") == 0) & (pl.col("end") == pl.col("text").str.len_chars())).alias("whole"),
        )


def case_forms(literal: str) -> list[str]:
    """Give the ways in which a literal is usually written; ASCII case is folded by the search itself.

    The literal as its author wrote it is one of them, which is how Turkish capitals get through.
    """
    lowered = literal.lower()
    forms = {literal, lowered, literal.upper(), lowered.title(), lowered[:1].upper() + lowered[1:]}
    return sorted(forms | {form.replace(" ", "\u00a0") for form in forms})


def language_gate(variant: Variant) -> pl.Expr:
    """Say whether the words of a language count in a document: same language, unknown language, or everywhere."""
    if variant.everywhere or variant.language == ANY:
        return pl.lit(value=True)
    language = pl.col("language").fill_null(UNKNOWN_LANGUAGE)
    same = (language == variant.language) | language.str.starts_with(f"{variant.language}-")
    return same | (language == UNKNOWN_LANGUAGE)


def length_gates(rule: Rule) -> list[pl.Expr]:
    """Give the bounds of a rule on the length of a line, in characters."""
    chars = pl.col("text").str.len_chars()
    gates = [chars >= rule.head.min_chars] if rule.head.min_chars else []
    return [*gates, chars <= rule.head.max_chars] if rule.head.max_chars else gates


def _within(candidates: pl.DataFrame, lines: pl.DataFrame, head: int | None, tail: int | None) -> pl.DataFrame:
    """Keep the candidates among the first or last lines of their document, blank lines not counted."""
    near = lines.select("row", "doc").join(candidates.select("doc").unique(), on="doc", how="semi")
    near = near.sort("row").with_columns(
        (pl.col("row").cum_count().over("doc") - 1).alias("ordinal"), pl.len().over("doc").alias("count")
    )
    inside = pl.lit(value=False)
    if head:
        inside = inside | (pl.col("ordinal") < head)
    if tail:
        inside = inside | (pl.col("ordinal") >= pl.col("count").cast(pl.Int64) - tail)
    return candidates.join(near.filter(inside), on="row", how="semi", maintain_order="left")


def whole_lines(lines: pl.DataFrame) -> pl.DataFrame:
    """Add `start` and `end` that cover each line."""
    return lines.with_columns(pl.lit(0, pl.UInt32).alias("start"), pl.col("text").str.len_chars().alias("end"))


def find_spans(lines: pl.DataFrame, patterns: tuple[str, ...]) -> pl.DataFrame:
    """Give a row for each match of each pattern, with `start` and `end` in characters.

    Polars tells where a match is in bytes and only for the first, so every match is put between two characters that
    no line of this frame has, and the pieces between them are measured. A pattern with the groups `before`, `hit`
    and `after` hits only the middle one.
    """
    opening, closing = unused_characters(lines["text"])
    frames = []
    for pattern in patterns:
        grouped = "(?P<hit>" in pattern
        mark = f"${{before}}{opening}${{hit}}{closing}${{after}}" if grouped else f"{opening}${{0}}{closing}"
        parts = (
            lines.with_columns(pl.col("text").str.replace_all(pattern, mark).str.split(opening).alias("part"))
            .filter(pl.col("part").list.len() > 1)
            .explode("part")
            .with_columns(pl.col("part").str.split_exact(closing, 1).struct.rename_fields(["hit", "rest"]))
            .unnest("part")
        )
        measured = parts.with_columns(
            pl.col("hit").str.len_chars().alias("inside"),
            pl.col("rest").str.len_chars().fill_null(0).alias("outside"),
        ).with_columns((pl.col("inside") + pl.col("outside")).cum_sum().over("row").alias("stop"))
        frames.append(
            measured.filter(pl.col("rest").is_not_null() & (pl.col("inside") > 0))
            .with_columns(
                (pl.col("stop") - pl.col("outside") - pl.col("inside")).alias("start"),
                (pl.col("stop") - pl.col("outside")).alias("end"),
            )
            .select(*LINE_SCHEMA, "start", "end")
        )
    empty = lines.head(0).select(*LINE_SCHEMA, pl.lit(0, pl.UInt32).alias("start"), pl.lit(0, pl.UInt32).alias("end"))
    return pl.concat([empty, *frames])


def unused_characters(texts: pl.Series) -> tuple[str, str]:
    """Find two characters that occur in none of the texts: noncharacters first, then private use.

    Raises:
        CleanseError: the texts use all of 137,000 such characters.
    """
    found: list[str] = []
    for code in (*range(0xFDD0, 0xFDF0), *range(0x10FFFE, 0xF0000, -1)):
        if not texts.str.contains(chr(code), literal=True).any():
            found.append(chr(code))
        if len(found) == 2:
            return found[0], found[1]
    raise CleanseError("the text uses every private character there is", hint="take that document out of the input")


def extend_block(headings: pl.DataFrame, lines: pl.DataFrame, block: Block) -> pl.DataFrame:
    """Add to each heading line the lines below it that look like links.

    Reads of both frames: `row, doc, line, text`; `lines` holds the lines that are not blank, in order.
    Gives whole lines. A block ends before the first line that is neither a sure nor a loose item (see `rules.Block`),
    behind too many blank lines, at the next heading, at the end of the document, and after `max_lines` lines.
    """
    below = lines.join(headings.select("doc").unique(), on="doc", how="semi", maintain_order="left")
    text, heading = pl.col("text"), pl.col("row").is_in(headings["row"].implode())
    loose = (text.str.len_chars() <= block.loose_chars) & ~_matches(block.prose)
    kind = (
        pl.when(heading).then(0).when(_matches(block.items)).then(1).when(loose).then(2).otherwise(3).alias("kind")
    )
    gap = pl.col("line").cast(pl.Int64) - pl.col("line").shift(1).over("doc")
    below = below.sort("row").with_columns(kind)
    below = below.with_columns(
        (pl.col("kind") == 0).cum_sum().over("doc").alias("block"),
        (gap > block.max_gap + 1).fill_null(value=True).alias("far"),
        (gap > 1).fill_null(value=True).alias("after_blank"),
        (pl.col("row") == pl.col("row").max().over("doc")).alias("last"),
    ).filter(pl.col("block") > 0)
    below = below.with_columns(
        ((pl.col("kind") != pl.col("kind").shift(1)) | pl.col("far")).fill_null(value=True).cum_sum()
        .over("doc", "block").alias("run"),
        (pl.col("kind") == 1).cum_max().over("doc", "block").alias("below_item"),
    )
    run = ("doc", "block", "run")
    lonely = (pl.len().over(run) < block.loose_run) & ~pl.col("last").any().over(run)
    # Below bulleted items a loose line belongs to the item above it, unless a blank line parts them.
    parted = pl.col("below_item") & pl.col("after_blank")
    stops = (
        (pl.col("kind") == 3)
        | ((pl.col("kind") == 2) & (lonely | parted))
        | (pl.col("far") & (pl.col("kind") != 0))
    )
    inside = below.with_columns(
        stops.cum_sum().over("doc", "block").alias("stops"),
        pl.col("row").cum_count().over("doc", "block").alias("rank"),
    ).filter((pl.col("stops") == 0) & (pl.col("rank") <= block.max_lines + 1))
    return whole_lines(inside.select(LINE_SCHEMA.keys()))


def _matches(patterns: list[str]) -> pl.Expr:
    if not patterns:
        return pl.lit(value=False)
    return pl.any_horizontal(pl.col("text").str.contains(pattern) for pattern in patterns).fill_null(value=False)


def tag(documents: pl.LazyFrame, matcher: Matcher, column: str) -> pl.LazyFrame:
    """Add the hits of a family as `column` list[HIT], in places of the text as read.

    Reads: `text`, `repaired`, `language`, `encoding_hits`.
    """
    actions = {rule.id: (str(rule.action), rule.head.status == "stable") for rule in matcher.rules}

    def tag_frame(frame: pl.DataFrame) -> pl.DataFrame:
        hits = segments.locate(matcher.match(frame), frame, actions)
        return segments.attach_hits(frame, hits, column)

    return segments.as_stage(documents, tag_frame, {column: segments.HITS})
