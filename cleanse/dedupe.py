"""Exact and near duplicates: signature -> bands -> verified pairs -> keepers.

Bands only propose. A near duplicate is dropped when its exact Jaccard similarity with a *kept* document is at least the
threshold, so no document is lost through a chain of others. Parameters stand in `rules/dedupe/`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from cleanse.duplicates import (
    DECISIONS,
    EXACT,
    FOLDED,
    HELD_BYTES,
    NEAR,
    WORD_PARAMETERS,
    LoadTexts,
    Outcome,
    Parameters,
    ReadColumns,
    Shingles,
    candidate_probability,
    choose_bands,
    find_buckets,
    find_equal,
    find_near,
    find_shared,
    permutations,
    rank,
    settle,
    sign_documents,
    union,
)
from cleanse.rules import Rules

__all__ = [
    "DECISIONS",
    "FAMILY",
    "HELD_BYTES",
    "NEAR",
    "WORD_PARAMETERS",
    "Outcome",
    "Parameters",
    "candidate_probability",
    "choose_bands",
    "explain_pair",
    "find_duplicates",
    "find_shared",
    "permutations",
    "sign_documents",
]
FAMILY = "dedupe"


def find_duplicates(
    signed: pl.DataFrame | ReadColumns,
    load_texts: LoadTexts,
    parameters: Parameters,
    earlier: int | None = None,
    *,
    folder: Path | None = None,
    held: int = HELD_BYTES,
) -> Outcome:
    """Decide which documents are dropped as duplicates, and for which kept document.

    Reads: `number` u32, ascending, `id` str, `length` u32 (of the clean text, in characters) and the columns of
    `sign_documents`; `signed` is the table, or a function that gives some columns of it, part by part. `load_texts` gives
    the clean texts of ascending numbers.

    Keepers come in a total order: the longest first, then the smallest id. Gives `Outcome.decisions` (DECISIONS), a row a
    dropped document; `kept` is never itself dropped. Documents of an earlier OUT, from number `earlier` on, come before all
    others, and none of them is dropped.

    About `held` bytes of band keys, and as many of texts and shingles, are in memory at a time; shingles that are more wait in
    a file without a name in `folder`. The outcome does not depend on it.
    """
    read = (lambda names: [signed.select(names)]) if isinstance(signed, pl.DataFrame) else signed
    outcome = Outcome(pl.DataFrame(schema=DECISIONS), curve=parameters.curve())
    tokens, equal = find_equal(read, parameters, held)
    ranked = rank(read, equal, equal, parameters, earlier)
    twins = np.full(ranked.height, -1, dtype=np.int64)
    similarity = np.ones(ranked.height, dtype=np.float64)
    if parameters.near:
        follows = ranked.filter(pl.col("reason").is_not_null())["row"].to_numpy()
        looked_at = tokens >= parameters.shingle
        looked_at[follows] = False
        buckets = find_buckets(read, np.flatnonzero(looked_at).astype(np.uint32), len(tokens), parameters, held)
        rows = union([equal, *(members for members, _ in buckets)], len(tokens))
        ranked = rank(read, rows, equal, parameters, earlier)
        ranks = np.zeros(len(tokens), dtype=np.uint32)
        ranks[ranked["row"].to_numpy()] = ranked["rank"].to_numpy()
        buckets = [(ranks[members], starts) for members, starts in buckets]
        kept = 0 if earlier is None else ranked.filter(pl.col("number") >= earlier).height
        with Shingles(
            ranked,
            union([members for members, _ in buckets], ranked.height),
            load_texts,
            parameters,
            folder,
            held,
        ) as shingles:
            twins, similarity = find_near(buckets, shingles, ranked.height, parameters, outcome, kept)
    outcome = settle(ranked, twins, similarity, outcome)
    if earlier is not None:
        outcome.decisions = outcome.decisions.filter(pl.col("number") < earlier)
    return outcome


def explain_pair(texts: Sequence[str], rules: Rules) -> set[str]:
    """Say by which duplicate rules the second of two texts would go if each rule were alone."""
    series = pl.Series(texts, dtype=pl.String)
    found: set[str] = set()
    for name in (EXACT, FOLDED, NEAR):
        parameters = Parameters.of(Rules([rules[name]]), rules)
        signed = sign_documents(series, parameters).with_columns(
            number=pl.Series([0, 1], dtype=pl.UInt32), id=pl.Series(["0", "1"]), length=series.str.len_chars()
        )
        outcome = find_duplicates(signed, series.gather, parameters)
        found.update(outcome.decisions["reason"])
    return found
