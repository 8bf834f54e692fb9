"""The order of keepers, and texts that are equal or have the same words: the first of them leads the others."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleanse import kernels
from cleanse.duplicates.keys import ReadColumns, find_shared, select_keys
from cleanse.duplicates.parameters import EXACT, FOLDED, Parameters
from cleanse.duplicates.signing import EXACT_KEYS, FOLDED_KEYS

NO_NUMBER = 1 << 32  # beyond all numbers of documents


def read_array(read: ReadColumns, name: str) -> NDArray[Any]:
    """Read one column of all parts."""
    arrays = [frame[name].to_numpy() for frame in read([name])]
    return np.concatenate(arrays) if arrays else np.zeros(0, dtype=np.uint32)


def union(parts: list[kernels.U32], count: int) -> kernels.U32:
    """Give the numbers below `count` that occur in any of the arrays, ascending."""
    there = np.zeros(count, dtype=np.bool_)
    for part in parts:
        there[part] = True
    return np.flatnonzero(there).astype(np.uint32)


def find_equal(read: ReadColumns, parameters: Parameters, held: int) -> tuple[kernels.U32, kernels.U32]:
    """Give the number of tokens in each row; and, ascending, the rows that may have an equal: they share half of a hash."""
    tokens = read_array(read, "tokens")
    found = []
    if parameters.exact:
        keys = select_keys(read, "exact_0", np.arange(len(tokens), dtype=np.uint32))
        found += [places for places, _ in find_shared(keys, len(tokens), held)]
    if parameters.folded:
        rows = np.flatnonzero(tokens).astype(np.uint32)
        keys = select_keys(read, "folded_0", rows)
        found += [rows[places] for places, _ in find_shared(keys, len(rows), held)]
    return tokens, union(found, len(tokens))


def rank(
    read: ReadColumns, rows: kernels.U32, equal: kernels.U32, parameters: Parameters, earlier: int | None
) -> pl.DataFrame:
    """Put some rows of the table into the order of keepers, and let the first of the texts that may be `equal` lead the others.

    Gives a row a rank: `rank` u32, `row` u32, `number` u32, `length` u32, `tokens` u32, `leader` u32 (a rank) and `reason` str.
    """
    names = ["number", "id", "length", "tokens", *EXACT_KEYS, *FOLDED_KEYS]
    frames = []
    start = 0
    for frame in read(names):
        low, high = np.searchsorted(rows, np.array([start, start + frame.height], dtype=np.uint32))
        if low < high:
            frames.append(frame[rows[low:high] - np.uint32(start)])
        start += frame.height
    frame = pl.concat(frames) if frames else pl.DataFrame(schema=dict.fromkeys(names, pl.UInt32))
    old = pl.col("number") >= (NO_NUMBER if earlier is None else earlier)
    ranked = (
        frame.with_columns(pl.Series("row", rows), pl.Series("equal", np.isin(rows, equal, assume_unique=True)))
        .sort([old, "length", "id"], descending=[True, True, False])
        .drop("id")
        .with_row_index("rank")
        .with_columns(pl.col("rank").alias("leader"), pl.lit(None, pl.String).alias("reason"))
    )
    if parameters.exact:
        ranked = _lead(ranked, EXACT_KEYS, EXACT)
    if parameters.folded:
        ranked = _lead(ranked, FOLDED_KEYS, FOLDED)
    return ranked.drop("equal", *EXACT_KEYS, *FOLDED_KEYS)


def _lead(ranked: pl.DataFrame, keys: list[str], reason: str) -> pl.DataFrame:
    """Let the first of each group of equals lead the others; a group of texts without tokens has no equals."""
    candidates = ranked.filter("equal", pl.col("reason").is_null(), (pl.col("tokens") > 0) | (reason == EXACT))
    found = candidates.select("rank", pl.col("rank").min().over(keys).alias("first")).filter(
        pl.col("first") < pl.col("rank")
    )
    leaders = ranked["leader"].to_numpy().copy()
    leaders[found["rank"].to_numpy()] = found["first"].to_numpy()
    follows = np.zeros(ranked.height, dtype=np.bool_)
    follows[found["rank"].to_numpy()] = True
    return ranked.with_columns(
        pl.Series("leader", leaders),
        pl.when(pl.Series(follows)).then(pl.lit(reason)).otherwise("reason").alias("reason"),
    )
