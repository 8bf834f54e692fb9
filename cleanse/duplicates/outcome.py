"""Who is dropped for whom."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleanse.duplicates.parameters import FOLDED, NEAR

DECISIONS = {"number": pl.UInt32, "reason": pl.String, "kept": pl.UInt32, "similarity": pl.Float64}


@dataclass
class Outcome:
    """Who is dropped for whom, and what the search came across."""

    decisions: pl.DataFrame
    candidates: int = 0
    verified: int = 0
    unfinished_buckets: int = 0
    largest_bucket: int = 0
    curve: dict[str, float] = field(default_factory=dict)


def settle(
    ranked: pl.DataFrame, twins: NDArray[np.int64], similarity: NDArray[np.float64], outcome: Outcome
) -> Outcome:
    """Point every dropped document at a kept one, through the leader of its group where that was dropped itself."""
    leader = ranked["leader"].to_numpy().astype(np.int64)
    # The leader of equal texts may itself follow a text with the same words: a second step reaches the end.
    folded = pl.Series(leader[leader] != leader)
    leader = leader[leader]
    kept = np.where(twins[leader] >= 0, twins[leader], leader)
    near = twins[leader] >= 0
    reasons = ranked.select(
        pl.when(pl.Series(near))
        .then(pl.lit(NEAR))
        .when(folded)
        .then(pl.lit(FOLDED))
        .otherwise("reason")
        .alias("reason"),
        "number",
    )
    numbers = ranked["number"].to_numpy()
    outcome.decisions = (
        reasons.with_columns(
            pl.Series("kept", numbers[kept], pl.UInt32),
            pl.Series("similarity", np.where(near, similarity[leader], 1.0), pl.Float64),
        )
        .filter(pl.Series(kept != np.arange(len(kept))))
        .select(DECISIONS.keys())
        .sort("number")
    )
    return outcome
