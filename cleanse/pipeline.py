"""The stages in their order. Read this page first.

**A stage is a function from a LazyFrame to a LazyFrame that adds columns or hits; only `decide` changes text and removes
rows.** So every rule sees every document, counts do not depend on the order of rules, and nothing goes without a reason.

The room `passes` runs these stages over the shards of an input and then looks for duplicates over all of them; `clean` runs
them over a LazyFrame of your own.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import polars as pl

from cleanse import cache, code, decide, encoding, lang, line_rules, quality, spam
from cleanse.documents import OUT
from cleanse.errors import InputError
from cleanse.options import Options, takes_options
from cleanse.rules import Rules, load_rules


@dataclass(frozen=True)
class Prepared:
    """The rules of a run, made ready: those that were selected, and all of them for the numbers they hold."""

    rules: Rules
    every: Rules
    code: code.Recogniser
    repairer: encoding.Repairer
    lines: line_rules.LineRules
    measures: quality.Parameters
    keep: tuple[str, ...] = ()

    @staticmethod
    def of(rules: Rules, every: Rules, keep: tuple[str, ...] = ()) -> Prepared:
        """Make selected `rules` ready; `every` is the whole set they were selected from, `keep` the languages to keep (all if empty)."""
        return _prepare(rules, every, keep)


@functools.lru_cache(maxsize=4)
def _prepare(rules: Rules, every: Rules, keep: tuple[str, ...] = ()) -> Prepared:
    return cache.fetch("prepared", f"{rules.digest()} {every.digest()} {keep}", lambda: _make(rules, every, keep))


def _make(rules: Rules, every: Rules, keep: tuple[str, ...]) -> Prepared:
    return Prepared(
        rules,
        every,
        code.Recogniser.of(rules).get_ready(),
        encoding.Repairer(rules, every).get_ready(),
        line_rules.LineRules.of(rules),
        quality.Parameters.of(every),
        keep,
    )


Stage = Callable[[pl.LazyFrame, Prepared], pl.LazyFrame]
STAGES: dict[str, Stage] = {
    "code": lambda documents, prepared: code.mark_code(documents, prepared.code),
    "encoding": lambda documents, prepared: encoding.repair_text(documents, prepared.repairer),
    "language": lambda documents, prepared: lang.identify_language(
        documents,
        prepared.rules,
        keep=prepared.keep,
    ),
    "lines": lambda documents, prepared: line_rules.tag_lines(documents, prepared.lines),
    "score": lambda documents, prepared: spam.score_spam(documents, prepared.rules, prepared.every),
    "edit": lambda documents, _: decide.edit_text(documents),
    "quality": lambda documents, prepared: quality.measure_documents(documents, prepared.measures),
    "decide": lambda documents, prepared: decide.decide_documents(documents, prepared.rules),
}
EVIDENCE = (*decide.EVIDENCE, "quality_hits")


def add_evidence(documents: pl.LazyFrame, prepared: Prepared) -> pl.LazyFrame:
    """Run all stages. Reads: `text`, and `charset` where there is one. Adds: what the stages add."""
    for stage in STAGES.values():
        documents = stage(documents, prepared)
    return documents


@functools.partial(takes_options, only=lambda shown: shown.clean)
def clean(frame: pl.LazyFrame, *, text: str = "text", **options: Any) -> pl.LazyFrame:
    r"""Clean the texts of somebody else's LazyFrame: `lf.pipe(cleanse.clean, text="body")`.

    Gives the frame back row by row: `text` holds the clean text, other columns are as they were, and `language`,
    `language_score`, `spam_score`, `flags`, `chars_in`, `chars_out` and `dropped_by` (id of the rule that would drop the row,
    or null) are added. No row is removed and no duplicates are looked for. A null text stays null. `options` are those of `run`
    that concern one document: `select`, `ignore`, `rules`, `profile`, `strip_spam`, `drop_spam`, `language`.

    >>> lf = pl.LazyFrame({"body": ["/img/a-1.jpg\nThe ferry stopped on Monday."]})
    >>> lf.pipe(clean, text="body").collect()["body"].item()
    'The ferry stopped on Monday.'

    Raises:
        InputError: there is no such column, it is not text, or a column bears one of our names. OptionError: bad options;
            RuleError: bad rules.
    """
    chosen = Options.of(options, function="clean")
    schema = frame.collect_schema()
    adds = {name: OUT[name] for name in OUT if name not in ("id", "source", "text", "cluster_size")}
    adds["dropped_by"] = pl.String()
    if text not in schema:
        raise InputError(f"no column `{text}`; there are {', '.join(schema)}", hint="name it with text=")
    if schema[text] != pl.String:
        raise InputError(f"column `{text}` holds {schema[text]}, not String", hint="cast it first")
    taken = [name for name in adds if name in schema]
    if taken:
        raise InputError(f"the frame has our columns already: {', '.join(taken)}", hint="rename them first")
    every = load_rules(*chosen.rules)
    # Rules that were not selected still lend their numbers: language and measures always run.
    prepared = Prepared.of(chosen.choose(every), every, chosen.language)

    def clean_texts(texts: pl.Series) -> pl.Series:
        found = add_evidence(pl.LazyFrame({"text": texts.fill_null("")}), prepared).collect()
        outcome = finish(found).rename({"reason": "dropped_by"})
        null = texts.is_null()
        clean = pl.when(null).then(None).otherwise("clean").alias("clean")
        return outcome.select(pl.struct(clean, *adds).alias(text)).to_series()

    # No row looks at another, so rows may come in any portions, and what nobody asks for is not computed.
    fields = pl.Struct({"clean": pl.String(), **adds})
    cleaned = pl.col(text).map_batches(clean_texts, return_dtype=fields, is_elementwise=True)
    parts = "cleanse: all columns of a row"
    return (
        frame.with_columns(cleaned.alias(parts))
        .with_columns(
            pl.col(parts).struct.field("clean").alias(text),
            *(pl.col(parts).struct.field(name) for name in adds),
        )
        .drop(parts)
    )


def finish(found: pl.DataFrame) -> pl.DataFrame:
    """Add `chars_in` and `chars_out` u32 to what the stages found, and to `flags` the document rules that flagged."""
    flagging = (pl.element().struct.field("action") == "flag") & pl.element().struct.field("acts")
    flagged = pl.col("quality_hits").list.eval(pl.element().filter(flagging).struct.field("rule"))
    return found.with_columns(
        pl.concat_list("flags", flagged).list.unique().list.sort().alias("flags"),
        pl.col("text").str.len_chars().cast(pl.UInt32).alias("chars_in"),
        pl.col("clean").str.len_chars().cast(pl.UInt32).alias("chars_out"),
    )
