"""Find what the rules hit: gates first, then only the rules whose words are there.

1. One pass of a kernel over the bytes of all lines finds the literals of all rules (`literals.py`).
2. Language, length and place of the line, and what stands around the literal, turn nearly all of them away: numbers only.
3. A label that is alone on its line is a hit. A pattern is cut at its literals, so that its two ends, which are the same in
   all languages, meet what stands before and behind; patterns without `{literals}` meet the few lines that are left.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleanse import kernels, segments
from cleanse.errors import CleanseError
from cleanse.hits import acts
from cleanse.kernels import Offsets
from cleanse.lang import UNKNOWN, line_languages, rule_language
from cleanse.matching import blocks, literals
from cleanse.matching.lines import LINE_SCHEMA, Lines, Rows
from cleanse.matching.literals import BEFORE_DECORATES, BEFORE_OPENS, BEHIND_DECORATES, Forms, Occurrences, fold
from cleanse.matching.sentences import find_sentence_ends, join_broken
from cleanse.rules import ANY, END, Heading, Pattern, Rule, Rules, Template, Variant, find_first_bytes

Method = Callable[[pl.DataFrame, Lines, Rule], pl.DataFrame]
Flags = NDArray[np.bool_]
# The names of languages, and for each line the number of its own.
Spoken = tuple[list[str], NDArray[np.int64]]
LONGEST_LINE = 2**32 - 1
SHORT_LINE = (
    400  # characters: most rules look at no longer lines, which are four fifths of the text and hold the labels
)

USES = {
    "literal": pl.UInt32,
    "variant": pl.UInt32,
    "use": pl.UInt8,
    "before": pl.String,
    "behind": pl.String,
    "pattern": pl.UInt32,
}
CUTS = {"variant": pl.UInt32, "use": pl.UInt8, "template": pl.UInt32}
ASKED = {"variant": pl.UInt32, "pattern": pl.UInt32, "filtered": pl.Boolean, "gated": pl.Boolean}

# Where a literal is looked for: only where it opens a line, or anywhere; only in short lines, or in all.
Reach = tuple[bool, bool]
REACHES: tuple[Reach, ...] = ((True, True), (True, False), (False, True), (False, False))


class Use(IntEnum):
    """What a literal is good for in a rule: what must stand around it before anything else is asked."""

    LABEL = 0  # it is alone on its line, decoration aside
    OPENING = 1  # it opens the line
    INSIDE = 2  # patterns ask what stands before and behind it
    GATE = 3  # it only admits the line to the patterns of its language
    OPENING_PATTERN = 4  # a pattern that sees the whole line begins with it
    PATTERN = 5  # a pattern that sees the whole line cannot match without it


OPENING_USES = (Use.LABEL, Use.OPENING, Use.OPENING_PATTERN)


class Matched(NamedTuple):
    """What the rules hit in the lines of a batch, of all families.

    `places`, of `segments.FOUND_SCHEMA`, in the repaired text; `ends`, of `blocks.SCHEMA`, where each block ends and why; `terms`, where
    the terms of others stand, in lines and bytes of `Lines`.
    """

    places: pl.DataFrame
    ends: pl.DataFrame
    terms: Occurrences


@dataclass(frozen=True)
class Matcher:
    """The line rules of all families, made ready.

    `forms` holds every way in which a literal may be written, by where it is looked for; `uses` tells what each literal is for: `literal` (number), `variant`, `use`, `before` and `behind` (decoration that a label needs), `pattern`.
    `templates` are the distinct patterns that were cut at their literals, `ends` says of each which visible byte may come next
    behind the literal (`prefilter.END`: none), `cuts` which variants have which (`variant`, `use`, `template`). `patterns` are
    those that see a whole line, `begins` says of each with which byte a line may begin; `asked` (`variant`, `pattern`, `filtered`, `gated`) says whose
    they are, whether they have a prefilter, and whether a literal of the variant must be there too. `bounds` has an entry a
    variant in each array, and `groups` says of each variant with which others it is: rules ask only those of their own group which lines
    they take. Literals from the number `first_term` on are terms of others, who only ask where they stand.
    """

    methods: dict[str, Method]
    variants: tuple[tuple[Rule, Variant], ...]
    forms: dict[Reach, Forms]
    uses: pl.DataFrame
    templates: tuple[Template, ...]
    ends: Flags
    cuts: pl.DataFrame
    patterns: tuple[Pattern, ...]
    begins: Flags
    asked: pl.DataFrame
    bounds: Bounds
    groups: Rows
    first_term: int

    @staticmethod
    def prepare(
        groups: Sequence[Rules], methods: dict[str, Method], terms: Sequence[tuple[bytes, int]] = ()
    ) -> Matcher:
        """Make groups of rules ready to match; rules of scope document are left out.

        `terms` are words that others look for: the bytes of a form, and the number of its term.
        """
        grouped = [
            (group, rule, variant)
            for group, rules in enumerate(groups)
            for rule in rules
            if rule.head.scope != "document" and rule.family != "encoding"
            for variant in rule.variants
        ]
        variants = tuple((rule, variant) for _, rule, variant in grouped)
        numbers: dict[str, int] = {}
        spelled: dict[Reach, set[tuple[str, int]]] = {reach: set() for reach in REACHES}
        uses: list[tuple[object, ...]] = []
        templates: dict[Template, int] = {}
        cuts: set[tuple[int, int, int]] = set()
        patterns: list[Pattern] = []
        asked: list[tuple[int, int, bool, bool]] = []
        for number, (rule, variant) in enumerate(variants):
            short = (rule.head.max_chars or LONGEST_LINE) <= SHORT_LINE
            for literal, *use in _list_uses(rule, variant, len(patterns)):
                own = numbers.setdefault(literal.lower(), len(numbers))
                spelled[use[0] in OPENING_USES, short].add((literal, own))
                uses.append((own, number, *use))
            for template in variant.templates:
                own = templates.setdefault(template, len(templates))
                cuts.add((number, Use.OPENING if template.opens else Use.INSIDE, own))
            for pattern in variant.whole:
                asked.append((number, len(patterns), pattern.prefilter is not None, _is_gated(pattern, variant)))
                patterns.append(pattern)
        return Matcher(
            methods,
            variants,
            _prepare_forms(spelled, [(form, len(numbers) + term) for form, term in terms]),
            pl.DataFrame(uses, schema=USES, orient="row")
            .unique(maintain_order=True)
            .with_columns(pl.col("use").is_in(OPENING_USES).alias("opening")),
            tuple(templates),
            _table_of_bytes(template.behind for template in templates),
            pl.DataFrame(sorted(cuts), schema=CUTS, orient="row"),
            tuple(patterns),
            _table_of_bytes(pattern.matching for pattern in patterns),
            pl.DataFrame(asked, schema=ASKED, orient="row"),
            Bounds.of(variants),
            np.array([group for group, *_ in grouped], dtype=np.int64),
            len(numbers),
        )

    @functools.cached_property
    def _patterns(self) -> pl.DataFrame:
        """Give `patterns` as columns: one call then asks all lines, and Polars compiles a pattern once for its lines."""
        return pl.DataFrame(
            [(pattern.matching, pattern.folded) for pattern in self.patterns],
            schema={"matching": pl.String, "folded": pl.Boolean},
            orient="row",
        )

    @functools.cached_property
    def _templates(self) -> pl.DataFrame:
        """Give `templates` the same way."""
        return pl.DataFrame(
            self.templates,
            schema={"opens": pl.Boolean, "before": pl.String, "behind": pl.String, "folded": pl.Boolean},
            orient="row",
        )

    def match(self, documents: pl.DataFrame, lines: Lines) -> Matched:
        """Find every place that a rule hits in the repaired text; `lines` are its lines.

        Reads: `doc`, from 0 in steps of 1, `language`.
        """
        languages = find_languages(documents, lines)
        words, terms = self._find_literals(lines)
        joined = words.join(self.uses, on=["literal", "opening"], how="inner")
        admitted = self.bounds.admit(joined["variant"].to_numpy(), joined["row"].to_numpy(), lines, languages)
        joined = joined.filter(pl.Series(admitted & _surrounded(joined)))
        hits = _Hits(len(self.variants))
        labels = _decorated(joined.filter(pl.col("use") == Use.LABEL), lines).select("variant", "row")
        cut = self._match_cuts(joined, lines)
        matched = self._match_patterns(self._admit_patterns(joined, lines), lines)
        hits.add_pairs(self._drop_headings(labels, pl.concat([cut, matched.select("variant", "row")]), lines))
        return Matched(*self._place_hits(hits, matched, lines), terms)

    def _find_literals(self, lines: Lines) -> tuple[pl.DataFrame, Occurrences]:
        """Give a row for each place of each literal: `row`, `literal`, `start`, `end` (bytes), `around` (bits), `opening`.

        `opening` says that it was looked for only where it opens the line. The terms of others come by themselves.
        """
        frames, terms = [], []
        for in_short in (True, False):
            rows = np.flatnonzero((lines.chars <= SHORT_LINE) == in_short)
            starts, ends = lines.starts[rows], lines.ends[rows]
            for opening, find in ((True, literals.find_openings), (False, literals.find_literals)):
                found = find(lines.data, starts, ends, self.forms[opening, in_short])
                own = found.literals < self.first_term
                others = found.take(~own)
                numbers = others.literals - np.uint32(self.first_term)
                terms.append(others._replace(lines=rows[others.lines].astype(np.uint32), literals=numbers))
                found = found.take(own)
                around = literals.judge_surroundings(
                    lines.data,
                    starts[found.lines],
                    ends[found.lines],
                    found.starts,
                    found.ends,
                    literals.decoration_table(),
                )
                places = {"literal": found.literals, "start": found.starts, "end": found.ends, "around": around}
                frame = pl.DataFrame({"row": rows[found.lines].astype(np.uint32), **places})
                frames.append(frame.with_columns(opening=pl.lit(opening)))
        return pl.concat(frames), literals.join_occurrences(terms)

    def _drop_headings(self, labels: pl.DataFrame, others: pl.DataFrame, lines: Lines) -> pl.DataFrame:
        """Leave out the labels that are headings of a text, see `rules.Heading`, and lines that are the end of a sentence.

        Reads and gives pairs of `variant` and `row`; `others` are what patterns hit. A rule that has labels asks only of these.
        """
        heads = [rule.head for rule, _ in self.variants]
        # Spans take a part of a line, and a method or a recipe in draft says nothing of what the line is.
        takes = [
            rule.head.action == "strip" and acts(rule) and rule.head.scope != "span" and not rule.head.method
            for rule, _ in self.variants
        ]
        every = pl.concat([labels, others])
        every = every.filter(pl.Series(np.array(takes, dtype=np.bool_)[every["variant"].to_numpy()]))
        taken = np.zeros((self.groups.max(initial=0) + 1, len(lines) + 1), dtype=np.bool_)
        taken[self.groups[every["variant"].to_numpy()], every["row"].to_numpy()] = True
        labels, others = (self._drop_sentence_ends(pairs, taken, lines) for pairs in (labels, others))
        bare = pl.Series(
            [number for number, head in enumerate(heads) if head.heading and not head.label], dtype=pl.UInt32
        )
        asked = pl.concat([labels, others.filter(pl.col("variant").is_in(bare.implode()))])
        rows = asked["row"].to_numpy().astype(np.int64)
        starts, ends = self._find_blocks(asked, lines)
        headed = np.zeros(len(rows), dtype=np.bool_)
        for heading, numbers in self._by_heading:
            # Most rules say the same of headings, so their lines are looked at together.
            own = np.flatnonzero(numbers[asked["variant"].to_numpy()])
            group = self.groups[asked["variant"].to_numpy()[own]]
            firsts, lasts = starts[own], ends[own]
            above = (lines.ordinals[firsts] > 0) & taken[group, np.maximum(firsts - 1, 0)]
            headed[own] = ~taken[group, lasts + 1] & ~above & _is_text(lasts, 1, heading, lines)
            if heading.above:
                headed[own] &= _is_text(firsts, -1, heading, lines)
        return pl.concat([others.filter(~pl.col("variant").is_in(bare.implode())), asked.filter(pl.Series(~headed))])

    def _drop_sentence_ends(self, pairs: pl.DataFrame, taken: NDArray[np.bool_], lines: Lines) -> pl.DataFrame:
        """Leave out the pairs of `variant` and `row` whose line is the end of a sentence; `taken` says which rows go, by group."""
        whole = np.array([rule.head.scope == "line" for rule, _ in self.variants], dtype=np.bool_)
        variants, rows = pairs["variant"].to_numpy(), pairs["row"].to_numpy().astype(np.int64)
        ends = find_sentence_ends(rows, taken[self.groups[variants], np.maximum(rows - 1, 0)], lines)
        return pairs.filter(pl.Series(~(whole[variants] & ends)))

    def _find_blocks(self, asked: pl.DataFrame, lines: Lines) -> tuple[Rows, Rows]:
        """Give of each pair of `variant` and `row` the first and the last row of what stands or falls together.

        A notice may have several lines, which are one block; each label stands for itself.
        """
        rows = asked["row"].to_numpy().astype(np.int64)
        starts, ends = rows.copy(), rows.copy()
        labelled = np.array([rule.head.label for rule, _ in self.variants], dtype=np.bool_)
        variants = asked["variant"].to_numpy()
        for variant in np.unique(variants[~labelled[variants]]):
            own = np.flatnonzero(variants == variant)
            starts[own], ends[own] = _find_runs(rows[own], lines)
        return starts, ends

    @functools.cached_property
    def _by_heading(self) -> list[tuple[Heading, Flags]]:
        """Give what rules say of headings, and which variants are of a rule that says so."""
        said: list[Heading] = []
        for rule, _ in self.variants:
            if rule.head.heading is not None and rule.head.heading not in said:
                said.append(rule.head.heading)
        return [(one, np.array([rule.head.heading == one for rule, _ in self.variants])) for one in said]

    def _match_cuts(self, joined: pl.DataFrame, lines: Lines) -> pl.DataFrame:
        """Ask of each literal what stands before and behind it; give the pairs `variant`, `row` that a pattern matches."""
        placed = joined.filter((pl.col("use") == Use.OPENING) | (pl.col("use") == Use.INSIDE))
        rows, start = placed["row"].to_numpy(), placed["start"].to_numpy()
        begins, stops = self._openings(placed["variant"].to_numpy(), rows, lines), lines.closed[rows]
        inside = placed["use"].to_numpy() == Use.INSIDE
        fits = np.flatnonzero((start == begins) | (inside & (start > begins)))
        cut = placed[fits].select(
            "variant", "use", "row", "start", "end", pl.Series("begin", begins[fits]), pl.Series("stop", stops[fits])
        )
        cut = cut.join(self.cuts, on=["variant", "use"], how="inner")
        first = lines.first_bytes(cut["end"].to_numpy(), cut["stop"].to_numpy())
        cut = cut.filter(pl.Series(self.ends[cut["template"].to_numpy(), first]))
        cut = cut.sort("template", "row", "start", "variant")
        templates = self._templates
        folded = templates["folded"].gather(cut["template"])
        behind = lines.cut(cut["end"].to_numpy(), cut["stop"].to_numpy())
        behind = _fold_some(behind, folded)
        fitting = cut.filter(_match_own(behind, templates["behind"].gather(cut["template"])))
        opens = templates["opens"].gather(fitting["template"])
        asked = fitting.filter(~opens)
        before = lines.cut(asked["begin"].to_numpy(), asked["start"].to_numpy())
        before = _fold_some(before, templates["folded"].gather(asked["template"]))
        asked = asked.filter(_match_own(before, templates["before"].gather(asked["template"])))
        return pl.concat([fitting.filter(opens), asked]).select("variant", "row")

    def _admit_patterns(self, joined: pl.DataFrame, lines: Lines) -> pl.DataFrame:
        """Give the lines that each pattern is to look at: `variant`, `pattern`, `row`; no pattern where a method decides alone."""
        gates = joined.filter(pl.col("use") == Use.GATE).select("variant", "row").unique()
        own = joined.filter(pl.col("use") > Use.GATE).select("variant", "pattern", "row").unique()
        own = own.join(self.asked, on=["variant", "pattern"], how="inner")
        unasked = gates.join(self.asked, on="variant", how="anti").with_columns(pattern=pl.lit(None, pl.UInt32))
        whole = [self.bounds.methodical[number] for number in unasked["variant"]]
        frames = [
            own.filter(~pl.col("gated")),
            own.filter(pl.col("gated")).join(gates, on=["variant", "row"], how="semi"),
            gates.join(self.asked.filter(~pl.col("filtered")), on="variant", how="inner"),
        ]
        asked = pl.concat(frame.select("variant", "pattern", "row") for frame in frames)
        first = self._first_bytes(asked["variant"].to_numpy(), asked["row"].to_numpy(), lines)
        asked = asked.filter(pl.Series(self.begins[asked["pattern"].to_numpy(), first]))
        alone = unasked.filter(pl.Series(whole, dtype=pl.Boolean)).select(asked.columns)
        return pl.concat([asked, alone, *self._admit_bare(lines)]).sort("pattern", "row", "variant")

    def _admit_bare(self, lines: Lines) -> Iterator[pl.DataFrame]:
        """Give the same for the variants without literals, most of which turn a line away by its first byte."""
        schema = {"variant": pl.UInt32, "pattern": pl.UInt32, "row": pl.UInt32}
        for number, (rule, variant) in enumerate(self.variants):
            if variant.literals:
                continue
            rows = self.bounds.admit_lines(number, lines)
            if _is_methodical(rule, variant):
                yield pl.DataFrame({"variant": number, "pattern": None, "row": rows}, schema)
                continue
            opened = lines.opened if self.bounds.trim[number] else lines.starts
            first = lines.first_bytes(opened[rows], lines.ends[rows])
            unfiltered = (pl.col("variant") == number) & ~pl.col("filtered")
            for pattern in self.asked.filter(unfiltered)["pattern"]:
                fit = rows[self.begins[pattern, first]]
                yield pl.DataFrame({"variant": number, "pattern": pattern, "row": fit}, schema)

    def _first_bytes(self, variants: NDArray[Any], rows: NDArray[Any], lines: Lines) -> NDArray[np.uint16]:
        """Give the first visible byte of what the patterns of a variant see of a line."""
        return lines.first_bytes(self._openings(variants, rows, lines), lines.ends[rows])

    def _openings(self, variants: NDArray[Any], rows: NDArray[Any], lines: Lines) -> Offsets:
        """Give the byte at which the patterns of a variant begin to see a line."""
        begins: Offsets = np.where(self.bounds.trim[variants], lines.opened[rows], lines.starts[rows])
        return begins

    def _match_patterns(self, admitted: pl.DataFrame, lines: Lines) -> pl.DataFrame:
        """Keep the lines that their pattern matches."""
        rows = admitted["row"].to_numpy()
        own = admitted["variant"].to_numpy()
        starts, stops = (
            self._openings(own, rows, lines),
            np.where(self.bounds.closed[own], lines.closed[rows], lines.ends[rows]),
        )
        asked = admitted.with_columns(pl.Series("start", starts), pl.Series("stop", stops)).drop_nulls("pattern")
        texts = lines.cut(asked["start"].to_numpy(), asked["stop"].to_numpy())
        texts = _fold_some(texts, self._patterns["folded"].gather(asked["pattern"]))
        matches = _match_own(texts, self._patterns["matching"].gather(asked["pattern"]))
        return pl.concat([admitted.filter(pl.col("pattern").is_null()), asked.filter(matches).select(admitted.columns)])

    def _place_hits(self, hits: _Hits, matched: pl.DataFrame, lines: Lines) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Give the spans of what was hit, according to the scope of each rule."""
        found = [pl.DataFrame(schema=segments.FOUND_SCHEMA)]
        ends = [pl.DataFrame(schema=blocks.SCHEMA)]
        plain: list[tuple[str, Rows]] = []
        for rule, numbers in self._by_rule():
            rows = _leave_out(hits.of(numbers), [self.variants[number] for number in numbers], lines)
            if not len(rows):
                continue
            if rule.head.method:
                placed = self.methods[rule.head.method](lines.take(rows), lines, rule)
            elif rule.head.scope == "span":
                placed = self._find_spans(matched.filter(pl.col("variant").is_in(numbers)), lines)
            elif rule.head.scope == "block" and rule.head.block:
                rows, stops = blocks.extend_blocks(rows, lines, rule.head.block)
                ends.append(stops.select(pl.lit(rule.id).alias("rule"), pl.all()).select(blocks.SCHEMA.keys()))
                plain.append((rule.id, rows))
                continue
            else:
                plain.append((rule.id, rows))
                continue
            whole = (pl.col("start") == 0) & (pl.col("end") == pl.col("text").str.len_chars())
            placed = placed.with_columns(pl.lit(rule.id).alias("rule"), whole.alias("whole"))
            found.append(placed.select(pl.col(name).cast(dtype) for name, dtype in segments.FOUND_SCHEMA.items()))
        if plain:
            rules = pl.concat([pl.repeat(rule_id, len(rows), eager=True) for rule_id, rows in plain])
            placed = whole_lines(lines.take(np.concatenate([rows for _, rows in plain])))
            placed = placed.with_columns(rules.alias("rule"), whole=pl.lit(value=True))
            found.append(placed.select(pl.col(name).cast(dtype) for name, dtype in segments.FOUND_SCHEMA.items()))
        return pl.concat(found).unique(["doc", "rule", "line", "start", "end"], maintain_order=True), pl.concat(ends)

    def _find_spans(self, matched: pl.DataFrame, lines: Lines) -> pl.DataFrame:
        """Give the places of the patterns in the lines that they match: LINE_SCHEMA, `start`, `end`."""
        rows = matched["row"].unique().sort().to_numpy()
        texts = lines.take_composed(rows)
        marks = unused_characters(texts["text"])
        found = pl.concat(
            _measure_spans(texts.join(group, on="row", how="semi"), self.patterns[int(str(number))].regex, *marks)
            for (number,), group in matched.group_by("pattern", maintain_order=True)
        )
        as_read = lines.take(found["row"].to_numpy())["text"]
        moved = (as_read != found["text"]).arg_true()
        if not len(moved):
            return found
        # Letters were composed in few lines.
        composed = found["start"].gather(moved), found["end"].gather(moved), as_read.gather(moved)
        places = [segments.unshift_composed(start, end, text) for start, end, text in zip(*composed, strict=True)]
        return found.with_columns(
            as_read.alias("text"),
            found["start"].scatter(moved, [start for start, _ in places]),
            found["end"].scatter(moved, [end for _, end in places]),
        )

    def _by_rule(self) -> Iterator[tuple[Rule, list[int]]]:
        """Give each rule and the numbers of its variants."""
        numbers: dict[str, list[int]] = {}
        for number, (rule, _) in enumerate(self.variants):
            numbers.setdefault(rule.id, []).append(number)
        for own in numbers.values():
            yield self.variants[own[0]][0], own


class _Hits:
    """The rows that each variant has hit so far."""

    def __init__(self, variants: int) -> None:
        self._rows: list[list[Rows]] = [[] for _ in range(variants)]

    def add(self, variant: int, rows: Rows) -> None:
        """Note rows that a variant hits."""
        if len(rows):
            self._rows[variant].append(rows.astype(np.int64))

    def add_pairs(self, pairs: pl.DataFrame) -> None:
        """Note all rows of a frame with `variant` and `row`."""
        for (variant,), group in pairs.group_by("variant", maintain_order=True):
            self.add(int(str(variant)), group["row"].to_numpy())

    def of(self, variants: Iterable[int]) -> Rows:
        """Give what some variants hit, each row once and in order."""
        rows = [part for variant in variants for part in self._rows[variant]]
        return np.unique(np.concatenate(rows)) if rows else np.zeros(0, dtype=np.int64)


@dataclass(frozen=True)
class Bounds:
    """What admits a line to a variant, an entry a variant.

    `languages` is None where any language will do; `trim` says that patterns see the line without what stands before it, `closed`
    without the white space at its end; `methodical`, that a method decides alone.
    """

    languages: tuple[str | None, ...]
    min_chars: Rows
    max_chars: Rows
    min_lines: Rows
    head: Rows
    tail: Rows
    trim: Flags
    closed: Flags
    methodical: Flags

    @staticmethod
    def of(variants: tuple[tuple[Rule, Variant], ...]) -> Bounds:
        """Take the bounds from the heads of the rules; `head` and `tail` are 0 where a line may stand anywhere."""
        heads = [rule.head for rule, _ in variants]
        return Bounds(
            tuple(None if v.everywhere or v.language == ANY else v.language for _, v in variants),
            np.array([head.min_chars for head in heads], dtype=np.int64),
            np.array([head.max_chars or LONGEST_LINE for head in heads], dtype=np.int64),
            np.array([head.min_lines for head in heads], dtype=np.int64),
            np.array([head.head or 0 for head in heads], dtype=np.int64),
            np.array([head.tail or 0 for head in heads], dtype=np.int64),
            np.array([head.trim for head in heads], dtype=np.bool_),
            np.array([head.scope != "span" for head in heads], dtype=np.bool_),
            np.array([_is_methodical(rule, variant) for rule, variant in variants], dtype=np.bool_),
        )

    def admit(self, variants: NDArray[np.uint32], rows: NDArray[np.uint32], lines: Lines, languages: Spoken) -> Flags:
        """Say of each pair of a variant and a row whether language, length and place of the line allow it."""
        names, number = languages
        table = np.array([_find_speakers(self.languages, name) for name in names], dtype=np.bool_)
        allowed: Flags = table[number[rows], variants] if len(rows) else np.zeros(0, dtype=np.bool_)
        chars = lines.chars[rows]
        allowed &= (chars >= self.min_chars[variants]) & (chars <= self.max_chars[variants])
        placed = np.flatnonzero(allowed & self._placed[variants])
        allowed[placed] = self._in_place(variants[placed].astype(np.int64), rows[placed].astype(np.int64), lines)
        return allowed

    def admit_lines(self, variant: int, lines: Lines) -> Rows:
        """Give the rows at which a variant without literals may look, by their length and their place in the text."""
        head, tail, least = self.head[variant], self.tail[variant], self.min_lines[variant]
        if not head and not tail:
            head = LONGEST_LINE
        return kernels.choose_rows(
            lines.bounds, lines.chars, self.min_chars[variant], self.max_chars[variant], head, tail, least
        )

    @property
    def _placed(self) -> Flags:
        return (self.head > 0) | (self.tail > 0) | (self.min_lines > 1)

    def _in_place(self, variants: Rows, rows: Rows, lines: Lines) -> Flags:
        ordinals, from_end = lines.ordinals[rows], lines.from_end[rows]
        head, tail = self.head[variants], self.tail[variants]
        near: Flags = ((head == 0) & (tail == 0)) | (ordinals < head) | (from_end <= tail)
        near &= ordinals + from_end >= self.min_lines[variants]
        return near


@functools.lru_cache(maxsize=1024)
def _find_speakers(owns: tuple[str | None, ...], language: str) -> Flags:
    """Say of each variant, given by its language, whether it looks at texts of a language."""
    return np.array([rule_language(own, language) for own in owns], dtype=np.bool_)


def find_languages(documents: pl.DataFrame, lines: Lines) -> Spoken:
    """Give the names of all languages, and for each line the number of its own: that of its document, unless the line has another.

    Reads: `doc`, from 0 in steps of 1, `language`, and `language_lines` where there is one.
    """
    main = documents["language"].fill_null(UNKNOWN)
    others = line_languages(documents)
    names = sorted({*main.unique(), *others["language"].unique()})
    numbers = {name: number for number, name in enumerate(names)}
    spoken = np.array([numbers[name] for name in main], dtype=np.int64)[lines.doc]
    if others.height and len(lines):
        keys = (lines.doc.astype(np.int64) << 32) + lines.line
        wanted = (others["doc"].to_numpy().astype(np.int64) << 32) + others["line"].to_numpy()
        rows = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        own = np.array([numbers[name] for name in others["language"]], dtype=np.int64)
        there = keys[rows] == wanted
        spoken[rows[there]] = own[there]
    return names, spoken


def _list_uses(rule: Rule, variant: Variant, first: int) -> Iterator[tuple[str, Use, str, str, int | None]]:
    """Give the literals of a variant with what each is good for, the decoration that a label must have, and the pattern.

    `first` is the number of the first of its patterns that see a whole line.
    """
    uses = []
    if any(template.opens for template in variant.templates):
        uses.append(Use.OPENING)
    if not all(template.opens for template in variant.templates):
        uses.append(Use.INSIDE)
    if any(_is_gated(pattern, variant) for pattern in variant.whole) or _is_methodical(rule, variant):
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


def _table_of_bytes(patterns: Iterable[str]) -> Flags:
    """Say of each pattern and each first visible byte of a text whether the pattern may match it."""
    table = []
    for pattern in patterns:
        known = find_first_bytes(pattern)
        table.append([known is None or byte in known for byte in range(END + 1)])
    return np.array(table, dtype=np.bool_).reshape(-1, END + 1)


def _is_methodical(rule: Rule, variant: Variant) -> bool:
    """Say whether the method sees every line that the literals admit: neither labels nor patterns choose before it."""
    return rule.head.method is not None and not variant.whole and not rule.head.label


def _is_gated(pattern: Pattern, variant: Variant) -> bool:
    """Say whether a literal must be there besides what the prefilter asks for: where that does not bring one along."""
    words = [" ".join(literal.lower().split()) for literal in variant.literals]
    if not words or pattern.prefilter is None:
        return bool(words)
    return not all(any(word in text for word in words) for text in pattern.prefilter.strings)


def _prepare_forms(
    spelled: dict[Reach, set[tuple[str, int]]], terms: Sequence[tuple[bytes, int]]
) -> dict[Reach, Forms]:
    """Make the literals ready for each reach; in short lines those of all lines are looked for too, `terms` in any line."""
    encoded = {
        reach: [(form.encode(), number) for literal, number in found for form in literals.spell(literal)]
        for reach, found in spelled.items()
    }
    encoded[False, False] += terms
    return {
        (opening, short): literals.prepare_forms(encoded[opening, False] + (encoded[opening, True] if short else []))
        for opening, short in REACHES
    }


def _surrounded(joined: pl.DataFrame) -> Flags:
    """Say of each use of a literal whether what stands around it, as bits, allows it."""
    around, use = joined["around"].to_numpy(), joined["use"].to_numpy()
    alone = BEFORE_DECORATES | BEHIND_DECORATES
    fits: Flags = (use == Use.INSIDE) | (use == Use.GATE) | (use == Use.PATTERN)
    fits |= (use == Use.LABEL) & (around & alone == alone)
    fits |= ((use == Use.OPENING) | (use == Use.OPENING_PATTERN)) & (around & BEFORE_OPENS > 0)
    return fits


def _decorated(labels: pl.DataFrame, lines: Lines) -> pl.DataFrame:
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


def _find_runs(rows: Rows, lines: Lines) -> tuple[Rows, Rows]:
    """Give for each row the first and the last of those that follow each other in its text; rows may come twice."""
    own = np.unique(rows)
    cuts = np.flatnonzero((np.diff(own) != 1) | (np.diff(lines.doc[own]) != 0)) + 1
    sizes = np.diff([0, *cuts, len(own)])
    starts, ends = np.repeat(own[[0, *cuts]], sizes), np.repeat(own[[*(cuts - 1), -1]], sizes)
    places = np.searchsorted(own, rows)
    return starts[places], ends[places]


def _is_text(rows: Rows, step: int, heading: Heading, lines: Lines) -> Flags:
    """Say of each row whether the line one step on is text."""
    there = np.clip(rows + step, 0, len(lines) - 1)
    near: Flags = (there == rows + step) & (lines.doc[there] == lines.doc[rows])
    near &= np.abs(lines.line[there].astype(np.int64) - lines.line[rows]) <= heading.max_gap + 1
    near &= lines.chars[there] >= heading.min_chars
    asked = np.flatnonzero(near)
    matches = pl.any_horizontal([pl.col("text").str.contains(pattern) for pattern in heading.below])
    near[asked] = lines.take(there[asked]).select(matches).to_series().to_numpy()
    asked = asked[~near[asked]] if step > 0 else asked[:0]
    if len(asked):
        near[asked] = join_broken(there[asked], lines).select(matches).to_series().to_numpy()
    return near


def _match_own(texts: pl.Series, patterns: pl.Series) -> pl.Series:
    """Say of each text whether its own pattern matches it; equal patterns stand together, so that each is compiled once."""
    pairs = pl.DataFrame({"text": texts, "pattern": patterns})
    return pairs.select(pl.col("text").str.contains(pl.col("pattern"))).to_series()


def _fold_some(texts: pl.Series, folds: pl.Series) -> pl.Series:
    """Fold the texts that meet a pattern in lower case, and leave the others."""
    few = texts.filter(folds)
    return texts.scatter(folds.arg_true(), fold(few)) if len(few) else texts


def split_label(literal: str) -> tuple[str, str, str]:
    """Tell a literal from the decoration that a line must have around it to be this label.

    >>> split_label("See also:"), split_label("→")
    (('', 'See also', ':'), ('', '→', ''))
    """
    text = " ".join(literal.split())
    core = literals.strip_decoration(text)
    if not core:
        return "", text, ""
    before, behind = text.split(core, 1)
    return before.strip(), core, behind.strip()


def _leave_out(rows: Rows, variants: Sequence[tuple[Rule, Variant]], lines: Lines) -> Rows:
    """Take away the lines that a rule leaves alone though its patterns match them (`unless`)."""
    unless = [pattern for _, variant in variants for pattern in variant.unless]
    if not unless or not len(rows):
        return rows
    text = pl.col("text").str.replace(f"^{literals.OPENING}+", "") if variants[0][0].head.trim else pl.col("text")
    left = pl.any_horizontal(text.str.contains(pattern) for pattern in unless)
    kept: Rows = rows[lines.take_composed(rows).select(~left).to_series().to_numpy()]
    return kept


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
    empty = lines.head(0).select(*LINE_SCHEMA, pl.lit(0, pl.UInt32).alias("start"), pl.lit(0, pl.UInt32).alias("end"))
    return pl.concat([empty, *(_measure_spans(lines, pattern, opening, closing) for pattern in patterns)])


def find_places(texts: list[str], patterns: tuple[str, ...]) -> list[list[tuple[int, int]]]:
    """Give what `find_spans` finds in a few texts, a list for each: fewer than it takes Polars to set about measuring them."""
    series = pl.Series("text", texts, dtype=pl.String)
    opening, closing = unused_characters(series)
    found: list[list[tuple[int, int]]] = [[] for _ in texts]
    for pattern in patterns:
        marked = series.str.replace_all(pattern, _mark(pattern, opening, closing))
        for own, text in zip(found, marked, strict=True):
            first, *parts = text.split(opening)
            at = len(first)
            for part in parts:
                hit, rest = part.split(closing)
                if hit:
                    own.append((at, at + len(hit)))
                at += len(hit) + len(rest)
    return found


def _mark(pattern: str, opening: str, closing: str) -> str:
    """Give what a match is replaced with so that it stands between two characters."""
    grouped = "(?P<hit>" in pattern
    return f"${{before}}{opening}${{hit}}{closing}${{after}}" if grouped else f"{opening}${{0}}{closing}"


def _measure_spans(lines: pl.DataFrame, pattern: str, opening: str, closing: str) -> pl.DataFrame:
    mark = _mark(pattern, opening, closing)
    parts = (
        lines.lazy()
        .with_columns(pl.col("text").str.replace_all(pattern, mark).str.split(opening).alias("part"))
        .filter(pl.col("part").list.len() > 1)
        .explode("part")
        .with_columns(pl.col("part").str.split_exact(closing, 1).struct.rename_fields(["hit", "rest"]))
        .unnest("part")
        .collect()
    )
    measured = parts.with_columns(
        pl.col("hit").str.len_chars().alias("inside"),
        pl.col("rest").str.len_chars().fill_null(0).alias("outside"),
    ).with_columns((pl.col("inside") + pl.col("outside")).cum_sum().over("row").alias("stop"))
    return measured.filter(pl.col("rest").is_not_null() & (pl.col("inside") > 0)).select(
        *LINE_SCHEMA,
        (pl.col("stop") - pl.col("outside") - pl.col("inside")).alias("start"),
        (pl.col("stop") - pl.col("outside")).alias("end"),
    )


def unused_characters(texts: pl.Series) -> tuple[str, str]:
    """Find two characters that occur in none of the texts: noncharacters first, then private use.

    Raises:
        CleanseError: the texts use all of 137,000 such characters.
    """
    if not texts.str.contains(r"[\x{FDD0}-\x{FDEF}]").any():
        return "\ufdd0", "\ufdd1"
    found: list[str] = []
    for code in (*range(0xFDD0, 0xFDF0), *range(0x10FFFE, 0xF0000, -1)):
        if not texts.str.contains(chr(code), literal=True).any():
            found.append(chr(code))
        if len(found) == 2:
            return found[0], found[1]
    raise CleanseError("the text uses every private character there is", hint="take that document out of the input")
