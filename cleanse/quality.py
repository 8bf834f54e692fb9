"""Measure each document: numbers only. The limits that make rules of them stand in `rules/quality/`.

`docs/measures.md` says of each measure what it is, in which unit, where it comes from and how it differs from others.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from cleanse import kernels, segments
from cleanse.kernels import measures
from cleanse.lang import speaks
from cleanse.matching import Lines, Method, whole_lines
from cleanse.rules import ANY, Rule, Rules

FAMILY = "quality"
MEASURES: dict[str, pl.DataType] = {
    "chars": pl.UInt32(),
    "visible_chars": pl.UInt32(),
    "lines": pl.UInt32(),
    "blank_lines": pl.UInt32(),
    "paragraphs": pl.UInt32(),
    "sentences": pl.UInt32(),
    "words": pl.UInt32(),
    "mean_word_chars": pl.Float32(),
    "longest_word_chars": pl.UInt32(),
    "letter_word_share": pl.Float32(),
    "stop_words": pl.UInt32(),
    "filler_phrases": pl.UInt32(),
    "letter_share": pl.Float32(),
    "digit_share": pl.Float32(),
    "symbol_share": pl.Float32(),
    "hashes_per_word": pl.Float32(),
    "ellipses_per_word": pl.Float32(),
    "line_breaks_per_word": pl.Float32(),
    "braces": pl.UInt32(),
    "mean_line_chars": pl.Float32(),
    "ended_line_share": pl.Float32(),
    "ellipsis_line_share": pl.Float32(),
    "bullet_line_share": pl.Float32(),
    "short_line_share": pl.Float32(),
    "upper_line_share": pl.Float32(),
    "digit_line_share": pl.Float32(),
    "one_word_line_share": pl.Float32(),
    "corrected_word_share": pl.Float32(),
    "duplicate_line_share": pl.Float32(),
    "duplicate_line_char_share": pl.Float32(),
    "duplicate_paragraph_share": pl.Float32(),
    "duplicate_paragraph_char_share": pl.Float32(),
    "top_2gram_share": pl.Float32(),
    "top_3gram_share": pl.Float32(),
    "top_4gram_share": pl.Float32(),
    "duplicate_5gram_share": pl.Float32(),
    "duplicate_6gram_share": pl.Float32(),
    "duplicate_7gram_share": pl.Float32(),
    "duplicate_8gram_share": pl.Float32(),
    "duplicate_9gram_share": pl.Float32(),
    "duplicate_10gram_share": pl.Float32(),
}
# Measures that are quotients of counts: part, whole. 0 where the whole is.
QUOTIENTS = {
    "mean_word_chars": ("word_chars", "words"),
    "letter_word_share": ("letter_words", "units"),
    "letter_share": ("letters", "visible_chars"),
    "digit_share": ("digits", "visible_chars"),
    "symbol_share": ("symbols", "visible_chars"),
    "hashes_per_word": ("hashes", "words"),
    "ellipses_per_word": ("ellipses", "words"),
    "line_breaks_per_word": ("line_breaks", "words"),
    "mean_line_chars": ("line_chars", "filled"),
    "ended_line_share": ("ended", "filled"),
    "ellipsis_line_share": ("ellipsis_lines", "filled"),
    "bullet_line_share": ("bullets", "filled"),
    "short_line_share": ("short_lines", "filled"),
    "upper_line_share": ("upper_lines", "filled"),
    "digit_line_share": ("digit_lines", "filled"),
    "one_word_line_share": ("one_word_lines", "filled"),
    "corrected_word_share": ("corrected_words", "words"),
    "duplicate_line_share": ("copied_lines", "filled"),
    "duplicate_line_char_share": ("copied_line_chars", "line_chars"),
    "duplicate_paragraph_share": ("copied_paragraphs", "paragraphs"),
    "duplicate_paragraph_char_share": ("copied_paragraph_chars", "line_chars"),
    **{f"top_{n}gram_share": (f"top_{n}gram", "word_chars") for n in (2, 3, 4)},
    **{f"duplicate_{n}gram_share": (f"copied_{n}gram", "word_chars") for n in range(5, 11)},
}
# Measures that count the words of rules: those of every rule on the measure, in the language of the document.
PHRASES = ("stop_words", "filler_phrases")
# Numbers that a measure is made with stand in one rule.
SHORT_LINES, LINE_CORRECTIONS = "quality/fineweb-short-lines", "quality/refinedweb-lines"
PARAMETERS = {SHORT_LINES: {"short_columns"}, LINE_CORRECTIONS: {"upper_share"}}


def matches_without(candidates: pl.DataFrame, lines: Lines, rule: Rule) -> pl.DataFrame:
    """Hit lines that still match a pattern of the rule when what matches its parameter `without` is taken out of them."""
    del lines
    bare = pl.col("text").str.replace_all(str(rule.head.parameters["without"]), "")
    patterns = [pattern for variant in rule.variants for pattern in variant.patterns]
    return whole_lines(candidates.filter(pl.any_horizontal(bare.str.contains(pattern) for pattern in patterns)))


# What the line rules of this family can compare; they run with those of the family boilerplate.
METHODS: dict[str, Method] = {"matches-without": matches_without}


@dataclass(frozen=True)
class Parameters:
    """What the measures take from rules: two numbers, and words by language.

    `numbers` gives each language its number in `phrases`, where it has stop words. Without the rule that holds a number, no line
    is short, or upper.
    """

    short_columns: int
    upper_share: float
    phrases: measures.Phrases
    numbers: dict[str, int]

    @staticmethod
    def of(rules: Rules) -> Parameters:
        """Take them from all rules, whichever of them act."""
        values = {"short_columns": 0.0, "upper_share": 1.0}
        for rule_id, names in PARAMETERS.items():
            found = rules[rule_id].head.parameters if rule_id in rules else {}
            values |= {name: float(str(found[name])) for name in names if name in found}
        words: list[dict[str, list[str]]] = [{} for _ in PHRASES]
        for rule in rules.family(FAMILY):
            column = rule.head.measure.column if rule.head.measure else None
            if column in PHRASES:
                for variant in rule.variants:
                    words[PHRASES.index(column)].setdefault(variant.language, []).extend(variant.literals)
        languages = sorted({language for group in words for language in group} - {ANY})
        numbers = {ANY: -1, **{language: number for number, language in enumerate(languages)}}
        phrases = [{numbers[language]: listed for language, listed in group.items()} for group in words]
        known = {language: numbers[language] for language in words[0]}
        return Parameters(int(values["short_columns"]), values["upper_share"], measures.prepare_phrases(phrases), known)


def measure_documents(documents: pl.LazyFrame, parameters: Parameters) -> pl.LazyFrame:
    """Measure the clean text of each document.

    Reads: `clean`, `language`. Adds one column for each name in MEASURES. Characters are Unicode code points; a word is a run of
    letters, marks and digits, or one character of a script without spaces; shares are of the visible characters, the
    characters of words, or the lines that are not blank, and 0 where there are none. Duplicates are second and later
    copies. `stop_words` is null where no rule has stop words of the language.
    """

    def measure(frame: pl.DataFrame) -> pl.DataFrame:
        data, offsets = kernels.buffers(frame["clean"].fill_null(""))
        _, folded = kernels.token_tables()
        counts, tokens, bounds = measures.count_texts(
            data,
            offsets,
            measures.character_table(),
            folded,
            len(measures.COUNTS),
            parameters.short_columns,
            parameters.upper_share,
        )
        # Words of zh count in zh-Hant and Cantonese too.
        names = {
            name: next((parameters.numbers[own] for own in parameters.numbers if speaks(own, name)), -2)
            for name in frame["language"].drop_nulls().unique().sort()
        }
        numbers = pl.Series([names.get(name, -2) for name in frame["language"]], dtype=pl.Int32)
        different, places = measures.count_phrases(
            tokens, bounds, numbers.fill_null(-2).to_numpy(), parameters.phrases, len(PHRASES)
        )
        counted = pl.DataFrame(counts, schema=list(measures.COUNTS)).with_columns(pl.all().cast(pl.Int64))
        counted = counted.with_columns(
            (pl.col("visible_chars") - pl.col("letters") - pl.col("digits")).alias("symbols"),
            (pl.col("words") + pl.col("lone_symbols")).alias("units"),
            (pl.col("lines") - 1).alias("line_breaks"),
            (pl.col("lines") - pl.col("filled")).alias("blank_lines"),
            pl.when(numbers.fill_null(-2) > -2).then(pl.Series(different[:, 0])).alias("stop_words"),
            pl.Series("filler_phrases", places[:, 1]),
        ).with_columns(_divide(*quotient).alias(name) for name, quotient in QUOTIENTS.items())
        return frame.hstack(counted.select(pl.col(name).cast(dtype) for name, dtype in MEASURES.items()))

    return segments.as_stage(documents, measure, dict(MEASURES))


def _divide(part: str, whole: str) -> pl.Expr:
    return pl.when(pl.col(whole) > 0).then(pl.col(part) / pl.col(whole)).otherwise(0)
