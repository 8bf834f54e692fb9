"""Find what the rules hit: gates first, then only the rules whose words are there.

Three gates keep this fast (`docs/design.md`): the literals of all rules in one pass of a kernel, the length of the line, and
the language of the document. What is left, a few lines in a hundred, meets the patterns.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from cleanse import kernels, segments
from cleanse.errors import CleanseError
from cleanse.lang import UNKNOWN
from cleanse.rules import ANY, Block, Rule, Rules, Variant

Method = Callable[[pl.DataFrame, pl.DataFrame, Rule], pl.DataFrame]
LINE_SCHEMA = {"row": pl.UInt32, "doc": pl.UInt32, "line": pl.UInt32, "text": pl.String}
CANDIDATE_SCHEMA = {**LINE_SCHEMA, "opened": pl.String, "folded": pl.String, "literal": pl.String, "variant": pl.UInt32}
LONGEST_LINE = 2**32 - 1
SHORT_LINE = (
    400  # characters: most rules look at no longer lines, which are four fifths of the text and hold the labels
)
# What sites put around a label: Unicode's spaces, invisible characters, dashes, connectors, brackets, arrows and other
# symbols, and the punctuation of lists. Not quotes, not the marks of questions and exclamations, not commas, which make
# speech of a label; not the signs of copyright and of currencies, which are words of their own.
DECORATION = r"(?:[\p{Z}\p{C}\p{Pd}\p{Pc}\p{Ps}\p{Pe}\p{Sm}\p{Sk}*•·・‧∙:：/\\.…。।॥|#»«‹›†‡※§]|[\p{So}--[©®ⓒⓟ℗]])"
# Before a pattern only what cannot open a quotation or a bracket is taken away.
OPENING = r"(?:[\p{Z}\p{C}\p{Pd}\p{Pc}\p{Sm}\p{Sk}*•·・‧∙:：/\\.…。।॥|#»›†‡※§]|[\p{So}--[©®ⓒⓟ℗]])"


@dataclass(frozen=True)
class Matcher:
    """The line rules of a family, made ready: which literal leads to which rule in which language.

    `forms` holds every way in which a literal may be written, `far_forms` those of rules that look at long lines; `literals` (`number`, `literal`, `variant`) tells whose it is.
    `labels` (`label`, `before`, `behind`, `variant`)
    holds the literals that may be a whole line; `numbers` has a row a variant with what admits a line to it.
    """

    rules: Rules
    methods: dict[str, Method]
    variants: tuple[tuple[Rule, Variant], ...]
    forms: kernels.Forms
    far_forms: kernels.Forms
    literals: pl.DataFrame
    labels: pl.DataFrame
    numbers: pl.DataFrame

    @staticmethod
    def prepare(rules: Rules, methods: dict[str, Method]) -> Matcher:
        """Make the rules of a family ready to match; rules of scope document are left out."""
        variants = [
            (rule, variant)
            for rule in rules
            if rule.head.scope != "document" and rule.family != "encoding"
            for variant in rule.variants
        ]
        numbers: dict[str, int] = {}
        forms: dict[bool, list[tuple[bytes, int]]] = {True: [], False: []}
        pairs: list[tuple[int, str, int]] = []
        labels = []
        for number, (rule, variant) in enumerate(variants):
            short = rule.head.max_chars is not None and rule.head.max_chars <= SHORT_LINE
            for literal in variant.literals:
                lowered = literal.lower()
                own = numbers.setdefault(lowered, len(numbers))
                forms[short] += [(form.encode(), own) for form in case_forms(literal)]
                pairs.append((own, lowered, number))
            if rule.head.label:
                labels += [(literal, number) for literal in variant.literals]
        schema = {"number": pl.UInt32, "literal": pl.String, "variant": pl.UInt32}
        return Matcher(
            rules,
            methods,
            tuple(variants),
            kernels.prepare_forms([*forms[True], *forms[False]]),
            kernels.prepare_forms(forms[False]),
            pl.DataFrame(pairs, schema=schema, orient="row").unique(maintain_order=True),
            split_labels(pl.DataFrame(labels, schema={"text": pl.String, "variant": pl.UInt32}, orient="row")),
            _number_variants(variants),
        )

    def match(self, documents: pl.DataFrame) -> pl.DataFrame:
        """Find every place that a rule hits in the repaired text.

        Reads: `doc`, `repaired`, `language`. Gives a frame of `segments.FOUND_SCHEMA`.
        """
        lines = segments.split_lines(documents, "repaired").with_row_index("row")
        lines = lines.filter(pl.col("text").str.contains(r"\S"))
        places = Places(lines)
        named = self._find_named(lines, documents.select("doc", "language"), places)
        labelled = _by_variant(self._find_labels(named))
        candidates = _by_variant(named)
        found = [pl.DataFrame(schema=segments.FOUND_SCHEMA)]
        for number, (rule, variant) in enumerate(self.variants):
            hits = [labelled[number].select(CANDIDATE_SCHEMA.keys())] if number in labelled else []
            looked_at = candidates.get(number) if variant.literals else self._short_lines(lines, rule, places)
            if looked_at is not None and looked_at.height and (variant.patterns or rule.head.method):
                hits.append(_match_patterns(rule, variant, looked_at).select(CANDIDATE_SCHEMA.keys()))
            if any(frame.height for frame in hits):
                found.append(self._place_hits(rule, variant, pl.concat(hits), lines))
        return pl.concat(found).unique(maintain_order=True)

    def _find_named(self, lines: pl.DataFrame, languages: pl.DataFrame, places: Places) -> pl.DataFrame:
        """Find for each line the rules and languages one of whose literals it contains: `literal` and `variant` added.

        One pass of a kernel over the bytes of all lines finds the literals of all rules, in long lines only of those rules
        that look at long lines.
        """
        short = pl.col("text").str.len_chars() <= SHORT_LINE
        found = pl.concat(
            [self._search(lines.filter(short), self.forms), self._search(lines.filter(~short), self.far_forms)]
        ).join(languages, on="doc", how="left", maintain_order="left")
        admitted = self._admit(found, places)
        surroundings = trim_lines(admitted.select("row", "text").unique("row")).drop("text")
        return admitted.join(surroundings, on="row").sort("row", "variant", "literal")

    def _search(self, lines: pl.DataFrame, forms: kernels.Forms) -> pl.DataFrame:
        """Give a row for each line, literal in it and variant that the literal belongs to."""
        data, offsets = kernels.buffers(lines["text"])
        rows, numbers = kernels.find_literals(data, offsets, forms)
        pairs = pl.DataFrame({"place": rows, "number": numbers}).unique().join(self.literals, on="number")
        pairs = pairs.sort("place", "variant", "literal")
        return lines[pairs["place"]].select(LINE_SCHEMA.keys()).hstack(pairs.select("literal", "variant"))

    def _find_labels(self, named: pl.DataFrame) -> pl.DataFrame:
        """Find the lines that are a label of a rule and nothing else, decoration aside: a join, not a pattern."""
        core = pl.col("trimmed").str.to_lowercase().str.replace_all(r"\s+", " ")
        found = named.with_columns(core.alias("label")).join(
            self.labels, on=["label", "variant"], maintain_order="left_right"
        )
        before = pl.col("front").str.strip_chars_end().str.ends_with(pl.col("before"))
        behind = pl.col("back").str.strip_chars_start().str.starts_with(pl.col("behind"))
        # A label may be there with a colon and without one: either suffices, so the choice comes after the test.
        decorated = (before | (pl.col("before") == "")) & (behind | (pl.col("behind") == ""))
        return found.filter(decorated).unique(["row", "variant"], maintain_order=True)

    def _admit(self, found: pl.DataFrame, places: Places) -> pl.DataFrame:
        """Let through what the language, the length of the line and its place in the document allow."""
        chars = pl.col("text").str.len_chars()
        language = pl.col("language").fill_null(UNKNOWN)
        same = (language == pl.col("own")) | language.str.starts_with(pl.col("own") + "-")
        found = found.join(self.numbers, on="variant", how="left", maintain_order="left").filter(
            (pl.col("everywhere") | same | (language == UNKNOWN))
            & (chars >= pl.col("min_chars"))
            & (chars <= pl.col("max_chars"))
        )
        bound = pl.col("head").is_not_null() | pl.col("tail").is_not_null() | (pl.col("min_lines") > 1)
        columns = [*LINE_SCHEMA, "literal", "variant"]
        if found.filter(bound).is_empty():
            return found.select(columns)
        ordinals = places.of(found.filter(bound))
        found = found.join(ordinals, on="row", how="left", maintain_order="left")
        anywhere = pl.col("head").is_null() & pl.col("tail").is_null()
        near = (pl.col("ordinal") < pl.col("head")).fill_null(value=False)
        near = near | (pl.col("from_end") <= pl.col("tail")).fill_null(value=False) | anywhere
        enough = pl.col("ordinal") + pl.col("from_end") >= pl.col("min_lines")
        return found.filter(~bound | (near & enough).fill_null(value=False)).select(columns)

    def _short_lines(self, lines: pl.DataFrame, rule: Rule, places: Places) -> pl.DataFrame:
        """Give the lines that a rule without literals is to look at: those within its bounds."""
        head = rule.head
        limit = head.max_chars or 0
        candidates = places.first(head.head) if head.head else lines
        candidates = candidates.filter(pl.col("text").str.len_bytes() <= 4 * limit)
        chars = pl.col("text").str.len_chars()
        candidates = candidates.filter((chars <= limit) & (chars >= head.min_chars))
        if (head.tail or head.min_lines > 1) and candidates.height:
            ordinals = places.of(candidates)
            candidates = candidates.join(ordinals, on="row", how="left", maintain_order="left")
            candidates = candidates.filter(pl.col("from_end") <= (head.tail or LONGEST_LINE))
            candidates = candidates.filter(pl.col("ordinal") + pl.col("from_end") >= head.min_lines)
        lines = candidates.select(LINE_SCHEMA.keys())
        opened = trim_lines(lines) if head.trim else lines.with_columns(opened="text", folded="text")
        unnamed = {"literal": pl.lit(None, pl.String), "variant": pl.lit(0, pl.UInt32)}
        return opened.with_columns(**unnamed).select(CANDIDATE_SCHEMA.keys())

    def _place_hits(self, rule: Rule, variant: Variant, hits: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
        """Give the spans of what was hit, according to the scope of the rule."""
        hits = hits.unique("row", maintain_order=True).select(LINE_SCHEMA.keys())
        if rule.head.method:
            found = self.methods[rule.head.method](hits, lines, rule)
        elif rule.head.scope == "span":
            found = find_spans(hits, variant.patterns)
        elif rule.head.scope == "block" and rule.head.block:
            found = extend_block(hits, lines, rule.head.block)
        else:
            found = whole_lines(hits)
        whole = (pl.col("start") == 0) & (pl.col("end") == pl.col("text").str.len_chars())
        return found.select(
            "doc",
            pl.lit(rule.id).alias("rule"),
            "line",
            pl.col("start").cast(pl.UInt32),
            pl.col("end").cast(pl.UInt32),
            whole.alias("whole"),
            "text",
        )


class Places:
    """Where the lines of a batch stand in their documents, blank lines not counted; worked out when first asked for."""

    def __init__(self, lines: pl.DataFrame) -> None:
        """Take the lines that are not blank, in order, with `row` and `doc`."""
        self._lines = lines

    @functools.cached_property
    def _ordinals(self) -> pl.DataFrame:
        position = pl.int_range(pl.len(), dtype=pl.UInt32)
        first = pl.col("doc").ne_missing(pl.col("doc").shift(1))
        last = pl.col("doc").ne_missing(pl.col("doc").shift(-1))
        return self._lines.select(
            "row",
            (position - pl.when(first).then(position).forward_fill()).alias("ordinal"),
            (pl.when(last).then(position).backward_fill() - position + 1).alias("from_end"),
        )

    def of(self, lines: pl.DataFrame) -> pl.DataFrame:
        """Give `row`, `ordinal` (from 0) and `from_end` (from 1) of some lines."""
        return self._ordinals.join(lines.select("row").unique(), on="row", how="semi")

    def first(self, count: int) -> pl.DataFrame:
        """Give the first `count` lines of each document."""
        return self._lines.filter(self._ordinals["ordinal"] < count)


def _number_variants(variants: list[tuple[Rule, Variant]]) -> pl.DataFrame:
    """Give a row a variant with what admits a line to it."""
    rows = [
        (
            number,
            variant.language,
            variant.everywhere or variant.language == ANY,
            rule.head.min_chars,
            rule.head.max_chars or LONGEST_LINE,
            rule.head.min_lines,
            rule.head.head,
            rule.head.tail,
        )
        for number, (rule, variant) in enumerate(variants)
    ]
    schema = {"variant": pl.UInt32, "own": pl.String, "everywhere": pl.Boolean, "min_chars": pl.UInt32}
    bounds = {"max_chars": pl.UInt32, "min_lines": pl.UInt32, "head": pl.UInt32, "tail": pl.UInt32}
    return pl.DataFrame(rows, schema={**schema, **bounds}, orient="row")


def _by_variant(found: pl.DataFrame) -> dict[int, pl.DataFrame]:
    groups = found.group_by("variant", maintain_order=True)
    return {int(str(number)): group for (number,), group in groups}


def _match_patterns(rule: Rule, variant: Variant, candidates: pl.DataFrame) -> pl.DataFrame:
    """Keep the lines that a pattern matches; spans and methods look again by themselves.

    A pattern that begins with the words of the language meets only the lines that begin with one of them.
    """
    if not variant.patterns:
        return candidates
    beginning = candidates
    if any(variant.anchored):
        lowered = pl.col("folded") if rule.head.trim else pl.col("text").str.to_lowercase().str.replace_all(r"\s+", " ")
        beginning = candidates.filter(lowered.str.starts_with(pl.col("literal")).fill_null(value=True))
    frames = [candidates.head(0)]
    for pattern, anchored, folded in zip(variant.patterns, variant.anchored, variant.folded, strict=True):
        column = pl.col("folded" if folded else "opened" if rule.head.trim else "text")
        asked = beginning if anchored else candidates
        if asked.height:
            frames.append(asked.filter(column.str.contains(pattern).fill_null(value=False)))
    return pl.concat(frames)


def trim_lines(lines: pl.DataFrame) -> pl.DataFrame:
    """Tell a line from its decoration.

    Adds `front` and `back`, the decoration; `trimmed`, the line without both; `opened`, the line without what stands before
    it and opens no quotation; `folded`, that in lower case, with single spaces.
    """
    front = pl.col("text").str.extract(f"^({DECORATION}+)").fill_null("")
    rest = pl.col("text").str.replace(f"^{DECORATION}+", "")
    lines = lines.with_columns(front.alias("front"), rest.alias("rest"))
    return (
        lines.with_columns(
            pl.col("rest").str.extract(f"({DECORATION}+)$").fill_null("").alias("back"),
            pl.col("rest").str.replace(f"{DECORATION}+$", "").alias("trimmed"),
            pl.col("text").str.replace(f"^{OPENING}+", "").alias("opened"),
        )
        .with_columns(
            pl.col("opened").str.to_lowercase().str.replace_all(r"\s+", " ").alias("folded"),
        )
        .drop("rest")
    )


def split_labels(literals: pl.DataFrame) -> pl.DataFrame:
    """Tell literals from the decoration that a line must have around them to be a label.

    Reads: `text`, `variant`. Gives: `label`, in lower case without decoration; `before`, `behind`; `variant`.

    >>> split_labels(pl.DataFrame({"text": ["See also:", "→"], "variant": [0, 1]})).rows()
    [('see also', '', ':', 0), ('→', '', '', 1)]
    """
    parts = trim_lines(literals.with_columns(pl.col("text").str.strip_chars().str.replace_all(r"\s+", " ")))
    bare = pl.col("trimmed") == ""
    return parts.select(
        pl.when(bare).then("text").otherwise("trimmed").str.to_lowercase().alias("label"),
        pl.when(bare).then(pl.lit("")).otherwise(pl.col("front").str.strip_chars()).alias("before"),
        pl.when(bare).then(pl.lit("")).otherwise(pl.col("back").str.strip_chars()).alias("behind"),
        "variant",
    ).unique(maintain_order=True)


def case_forms(literal: str) -> list[str]:
    """Give the ways in which a literal is usually written; ASCII case is folded by the search itself.

    The literal as its author wrote it is one of them, which is how Turkish capitals get through.
    """
    lowered = literal.lower()
    forms = {literal, lowered, literal.upper(), lowered.title(), lowered[:1].upper() + lowered[1:]}
    spaces = (" ", "\u00a0", "\u3000", "\t", "  ")
    return sorted({form.replace(" ", space) for form in forms for space in spaces})


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
    kind = pl.when(heading).then(0).when(_matches(block.items)).then(1).when(loose).then(2).otherwise(3).alias("kind")
    gap = pl.col("line").cast(pl.Int64) - pl.col("line").shift(1).over("doc")
    below = below.sort("row").with_columns(kind)
    below = below.with_columns(
        (pl.col("kind") == 0).cum_sum().over("doc").alias("block"),
        (gap > block.max_gap + 1).fill_null(value=True).alias("far"),
        (gap > 1).fill_null(value=True).alias("after_blank"),
        (pl.col("row") == pl.col("row").max().over("doc")).alias("last"),
    ).filter(pl.col("block") > 0)
    below = below.with_columns(
        ((pl.col("kind") != pl.col("kind").shift(1)) | pl.col("far"))
        .fill_null(value=True)
        .cum_sum()
        .over("doc", "block")
        .alias("run"),
        (pl.col("kind") == 1).cum_max().over("doc", "block").alias("below_item"),
    )
    run = ("doc", "block", "run")
    lonely = (pl.len().over(run) < block.loose_run) & ~pl.col("last").any().over(run)
    # Below bulleted items a loose line belongs to the item above it, unless a blank line parts them.
    parted = pl.col("below_item") & pl.col("after_blank")
    stops = (
        (pl.col("kind") == 3) | ((pl.col("kind") == 2) & (lonely | parted)) | (pl.col("far") & (pl.col("kind") != 0))
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
