"""Find what the rules hit: gates first, then only the rules whose words are there.

1. One pass of a kernel over the bytes of all lines finds the words of all rules (`words.py`).
2. Language, length and place of the line (`bounds.py`), and what stands around the word (`uses.py`), turn nearly all of them away:
   numbers only.
3. A label that is alone on its line is a hit. A pattern is cut at its literals, so that its two ends, which are the same in
   all languages, meet what stands before and behind; patterns without `{literals}` meet the few lines that are left.
4. Labels that are headings of a text are left out (`headings.py`), and hits get their places (`placing.py`).
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleanse.compiled import match_own
from cleanse.kernels import Offsets
from cleanse.matching.bounds import LONGEST_LINE, Bounds, find_languages
from cleanse.matching.headings import Headings
from cleanse.matching.lines import Flags, Lines
from cleanse.matching.literals import Occurrences
from cleanse.matching.placing import Method, place_hits
from cleanse.matching.spelling import fold
from cleanse.matching.uses import OPENING_USES, Use, are_surrounded, is_gated, is_methodical, keep_decorated, list_uses
from cleanse.matching.words import Words
from cleanse.rules import END, Pattern, Rule, Rules, Template, Variant, find_first_bytes

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


class Matched(NamedTuple):
    """What the rules hit in the lines of a batch, of all families.

    `places`, of `segments.FOUND_SCHEMA`, in the repaired text; `ends`, of `blocks.SCHEMA`, where each block ends and why; `terms`, where
    the terms of others stand, in lines and bytes of `Lines`; `words`, how many different words of the rules of the first group each
    line holds, in its language and up to its length, whether a rule hits it or not.
    """

    places: pl.DataFrame
    ends: pl.DataFrame
    terms: Occurrences
    words: NDArray[np.int64]


@dataclass(frozen=True)
class Matcher:
    """The line rules of all families, made ready.

    `words` are the literals of all variants; `uses` tells what each is for: `literal` (number), `variant`, `use`, `before` and `behind`
    (decoration that a label needs), `pattern`.
    `templates` are the distinct patterns that were cut at their literals, `ends` says of each which visible byte may come next
    behind the literal (`prefilter.END`: none), `cuts` which variants have which (`variant`, `use`, `template`). `patterns` are
    those that see a whole line, `begins` says of each with which byte a line may begin; `asked` (`variant`, `pattern`, `filtered`, `gated`) says whose
    they are, whether they have a prefilter, and whether a literal of the variant must be there too. `bounds` and `headings` have an
    entry a variant in each array; `counted` says of which variants the words are counted.
    """

    methods: dict[str, Method]
    variants: tuple[tuple[Rule, Variant], ...]
    words: Words
    uses: pl.DataFrame
    templates: tuple[Template, ...]
    ends: Flags
    cuts: pl.DataFrame
    patterns: tuple[Pattern, ...]
    begins: Flags
    asked: pl.DataFrame
    bounds: Bounds
    headings: Headings
    counted: Flags

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
        words: set[tuple[str, int, bool, int]] = set()
        uses: list[tuple[object, ...]] = []
        templates: dict[Template, int] = {}
        cuts: set[tuple[int, int, int]] = set()
        patterns: list[Pattern] = []
        asked: list[tuple[int, int, bool, bool]] = []
        for number, (rule, variant) in enumerate(variants):
            most = rule.head.max_chars or LONGEST_LINE
            for literal, *use in list_uses(rule, variant, len(patterns)):
                own = numbers.setdefault(literal.lower(), len(numbers))
                words.add((literal, own, use[0] in OPENING_USES, most))
                uses.append((own, number, *use))
            for template in variant.templates:
                own = templates.setdefault(template, len(templates))
                cuts.add((number, Use.OPENING if template.opens else Use.INSIDE, own))
            for pattern in variant.whole:
                asked.append((number, len(patterns), pattern.prefilter is not None, is_gated(pattern, variant)))
                patterns.append(pattern)
        return Matcher(
            methods,
            variants,
            Words.of(words, terms, len(numbers)),
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
            Headings.of(grouped),
            np.array([group == 0 for group, _, _ in grouped], dtype=np.bool_),
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
        words, terms = self.words.find(lines)
        joined = words.join(self.uses, on=["literal", "opening"], how="inner")
        admitted = self.bounds.admit(joined["variant"].to_numpy(), joined["row"].to_numpy(), lines, languages)
        counts = self._count_words(joined.filter(pl.Series(admitted)), lines)
        joined = joined.filter(pl.Series(admitted & are_surrounded(joined)))
        labels = keep_decorated(joined.filter(pl.col("use") == Use.LABEL), lines).select("variant", "row")
        matched = self._match_patterns(self._admit_patterns(joined, lines), lines)
        others = pl.concat([self._match_cuts(joined, lines), matched.select("variant", "row")])
        hit = self.headings.drop(labels, others, lines)
        return Matched(*place_hits(hit, matched, self.variants, self.patterns, self.methods, lines), terms, counts)

    def _count_words(self, admitted: pl.DataFrame, lines: Lines) -> NDArray[np.int64]:
        """Count the different words of the first group in each line."""
        own = admitted.filter(pl.Series(self.counted[admitted["variant"].to_numpy()]))
        keys = own["row"].to_numpy().astype(np.int64) * max(1, self.words.first_term) + own["literal"].to_numpy()
        keys.sort()
        rows = keys[np.diff(keys, prepend=-1) != 0] // max(1, self.words.first_term)
        return np.bincount(rows, minlength=len(lines))

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
        fitting = cut.filter(match_own(behind, templates["behind"].gather(cut["template"])))
        opens = templates["opens"].gather(fitting["template"])
        asked = fitting.filter(~opens)
        before = lines.cut(asked["begin"].to_numpy(), asked["start"].to_numpy())
        before = _fold_some(before, templates["folded"].gather(asked["template"]))
        asked = asked.filter(match_own(before, templates["before"].gather(asked["template"])))
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
            if is_methodical(rule, variant):
                yield pl.DataFrame({"variant": number, "pattern": None, "row": rows}, schema)
                continue
            first = (lines.first_opened if self.bounds.trim[number] else lines.first_started)[rows]
            unfiltered = (pl.col("variant") == number) & ~pl.col("filtered")
            for pattern in self.asked.filter(unfiltered)["pattern"]:
                fit = rows[self.begins[pattern, first]]
                yield pl.DataFrame({"variant": number, "pattern": pattern, "row": fit}, schema)

    def _first_bytes(self, variants: NDArray[Any], rows: NDArray[Any], lines: Lines) -> NDArray[np.uint16]:
        """Give the first visible byte of what the patterns of a variant see of a line."""
        first: NDArray[np.uint16] = np.where(
            self.bounds.trim[variants], lines.first_opened[rows], lines.first_started[rows]
        )
        return first

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
        matches = match_own(texts, self._patterns["matching"].gather(asked["pattern"]))
        return pl.concat([admitted.filter(pl.col("pattern").is_null()), asked.filter(matches).select(admitted.columns)])


def _table_of_bytes(patterns: Iterable[str]) -> Flags:
    """Say of each pattern and each first visible byte of a text whether the pattern may match it."""
    table = []
    for pattern in patterns:
        known = find_first_bytes(pattern)
        table.append([known is None or byte in known for byte in range(END + 1)])
    return np.array(table, dtype=np.bool_).reshape(-1, END + 1)


def _fold_some(texts: pl.Series, folds: pl.Series) -> pl.Series:
    """Fold the texts that meet a pattern in lower case, and leave the others."""
    few = texts.filter(folds)
    return texts.scatter(folds.arg_true(), fold(few)) if len(few) else texts
