"""What a hit is. This is the only module that makes one, and the only one that knows whether it acts.

A stage says which rule found what, and where. The action of the hit comes from the rule, and so does the answer to the question
whether it acts: the hits of a rule in draft never do, in any family. Hits that act change text, flag or drop, and stand in
`hits.parquet`; the others stand in `drafts.parquet`.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from cleanse.rules import Rule, Rules

HIT = pl.Struct(
    {
        "rule": pl.String,
        "action": pl.String,
        "acts": pl.Boolean,
        "line": pl.UInt32,
        "start": pl.UInt32,
        "end": pl.UInt32,
        "text": pl.String,
        "replacement": pl.String,
    }
)
HITS = pl.List(HIT)
CODE_LINES = "code_lines"  # column of documents: the lines that are code
HIT_SCHEMA = {"doc": pl.UInt32, **{field.name: field.dtype for field in HIT.fields}}


def acts(rule: Rule) -> bool:
    """Say whether the hits of a rule act. Those of a rule in draft are noted, and do nothing."""
    return rule.head.status == "stable"


def divide_drafts(rules: Rules) -> tuple[Rules, Rules]:
    """Divide rules into those that act and those in draft."""
    return Rules(rule for rule in rules if acts(rule)), Rules(rule for rule in rules if not acts(rule))


def make_hits(found: pl.DataFrame, rules: Iterable[Rule], documents: pl.DataFrame | None = None) -> pl.DataFrame:
    """Make hits of what `rules` found.

    What takes away only flags in three cases: where `found` has a column `only_flags` bool and it says so; in lines of code, which are
    `code_lines` of `documents`; and where a run holds the rule back in the `language` of `documents` (`Rule.flags_in`). A hit is a draft,
    whatever its rule, where `found` has a column `only_noted` bool and it says so.

    Reads: `doc` u32, `rule` str, and of `line`, `start`, `end` u32, `text`, `replacement` str those that are there. What is not
    there is null: a hit without a line is one of the whole document. Gives a frame of HIT_SCHEMA, rows in the same order.

    Raises:
        polars.exceptions.InvalidOperationError: `found` names a rule that is not among `rules`.

    >>> from cleanse.rules import load_rules
    >>> found = pl.DataFrame({"doc": [0], "rule": ["boilerplate/share"], "line": [3], "start": [0], "end": [9]})
    >>> make_hits(found, load_rules()).select("action", "acts", "line", "text").row(0)
    ('strip', True, 3, None)
    """
    if found.is_empty():
        return pl.DataFrame(schema=HIT_SCHEMA)
    rules = list(rules)
    known = {
        "action": pl.col("rule").replace_strict({rule.id: str(rule.action) for rule in rules}),
        "acts": pl.col("rule").replace_strict({rule.id: acts(rule) for rule in rules}, return_dtype=pl.Boolean),
    }
    hits = found.select(
        known.get(name, pl.col(name) if name in found.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in HIT_SCHEMA.items()
    )
    if "only_noted" in found.columns:
        hits = hits.with_columns(pl.col("acts") & ~found["only_noted"])
    if "only_flags" in found.columns:
        hits = _make_flags(hits, found["only_flags"])
    return hits if documents is None else _hold_back(_spare_code(hits, documents), rules, documents)


def _make_flags(hits: pl.DataFrame, which: pl.Series) -> pl.DataFrame:
    """Make flags of some hits. What flags puts nothing in the place of a text."""
    return hits.with_columns(
        pl.when(which).then(pl.lit("flag")).otherwise("action").alias("action"),
        pl.when(which).then(None).otherwise("replacement").alias("replacement"),
    )


def _spare_code(hits: pl.DataFrame, documents: pl.DataFrame) -> pl.DataFrame:
    """Make flags of the strips in lines of code: they say what a rule would have taken. A span is judged by its line."""
    if CODE_LINES not in documents.columns:
        return hits
    code = documents.select("doc", pl.col(CODE_LINES).alias("line")).filter(pl.col("line").list.len() > 0)
    code = code.explode("line").with_columns(code=pl.lit(value=True))
    spared = hits.join(code, on=["doc", "line"], how="left", maintain_order="left")["code"].fill_null(value=False)
    return _make_flags(hits, spared & (hits["action"] == "strip"))


def _hold_back(hits: pl.DataFrame, rules: list[Rule], documents: pl.DataFrame) -> pl.DataFrame:
    """Make flags of the hits of rules that are held back in the language of the document."""
    pairs = [(rule.id, language) for rule in rules for language in rule.flags_in]
    if not pairs:
        return hits
    held = pl.DataFrame(pairs, schema={"rule": pl.String, "language": pl.String}, orient="row")
    held = documents.select("doc", "language").join(held, on="language").select("doc", "rule", held=pl.lit(value=True))
    joined = hits.join(held, on=["doc", "rule"], how="left", maintain_order="left")
    return _make_flags(hits, joined["held"].fill_null(value=False))


def attach_hits(documents: pl.DataFrame, hits: pl.DataFrame, column: str) -> pl.DataFrame:
    """Add the rows of `hits` to their documents as a list of structs called `column`.

    Reads: `doc` of both frames. Adds: `column` list[HIT], empty where a document has none, in the order of place.
    """
    fields = [field.name for field in HIT.fields]
    grouped = (
        hits.sort("doc", "line", "start", "end", "rule", nulls_last=False)
        .select("doc", pl.struct(fields).cast(HIT).alias(column))
        .group_by("doc", maintain_order=True)
        .agg(column)
    )
    joined = documents.join(grouped, on="doc", how="left", maintain_order="left")
    return joined.with_columns(pl.col(column).fill_null(pl.lit([], dtype=HITS)))


def explode_hits(documents: pl.DataFrame, *columns: str) -> pl.DataFrame:
    """Give the evidence of several columns as one frame: `doc` and the fields of HIT, a row a hit."""
    frames = [
        documents.select("doc", pl.col(column).alias("hit"))
        .filter(pl.col("hit").list.len() > 0)
        .explode("hit")
        .unnest("hit")
        for column in columns
    ]
    return pl.concat([pl.DataFrame(schema=HIT_SCHEMA), *frames]) if frames else pl.DataFrame(schema=HIT_SCHEMA)
