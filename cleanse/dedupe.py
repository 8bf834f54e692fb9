"""Exact and near duplicates: signature -> bands -> verified pairs -> keepers.

Bands only propose. A near duplicate is dropped when its exact Jaccard similarity with a *kept* document is at least the
threshold, so no document is lost through a chain of others. Parameters stand in `rules/dedupe/`.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numba
import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleanse import kernels
from cleanse.rules import Rules

EXACT, FOLDED, NEAR = "dedupe/exact", "dedupe/folded", "dedupe/near"
LoadTexts = Callable[[pl.Series], pl.Series]
DECISIONS = {"number": pl.UInt32, "reason": pl.String, "kept": pl.UInt32, "similarity": pl.Float64}
CURVE_POINTS = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95)


@dataclass(frozen=True)
class Parameters:
    """What `dedupe/near` says, or its defaults where that rule is switched off."""

    exact: bool
    folded: bool
    near: bool
    threshold: float
    shingle: int
    bands: int
    rows: int
    seed: int
    rounds: int

    @staticmethod
    def of(selected: Rules, every: Rules) -> Parameters:
        """Take the switches from the rules that were selected and the numbers from all rules."""
        values = {name: float(str(value)) for name, value in every[NEAR].head.parameters.items()}
        whole = {name: int(values[name]) for name in ("shingle", "seed", "rounds")}
        bands, rows = choose_bands(values["threshold"], int(values["permutations"]), values["recall"])
        return Parameters(
            exact=EXACT in selected,
            folded=FOLDED in selected,
            near=NEAR in selected,
            threshold=values["threshold"],
            bands=bands,
            rows=rows,
            **whole,
        )

    @property
    def active(self) -> bool:
        """Say whether any duplicates are looked for."""
        return self.exact or self.folded or self.near

    def band_names(self) -> list[str]:
        """Name the columns of band keys."""
        return [f"band_{number:02}" for number in range(self.bands)]

    def curve(self) -> dict[str, float]:
        """Give the probability that a pair of each similarity becomes a candidate: 1 - (1 - s^rows)^bands."""
        return {str(s): round(candidate_probability(s, self.bands, self.rows), 4) for s in CURVE_POINTS}


def candidate_probability(similarity: float, bands: int, rows: int) -> float:
    """Give the probability that a pair shares a band: 1 - (1 - s^rows)^bands (Leskovec, Rajaraman, Ullman, section 3.4.2).

    >>> round(candidate_probability(0.8, 22, 5), 4)
    0.9998
    """
    return float(1 - (1 - similarity**rows) ** bands)


def choose_bands(threshold: float, count: int, recall: float) -> tuple[int, int]:
    """Cut `count` minima into bands of as many rows as keep pairs at the threshold candidates with probability `recall`.

    More rows mean fewer candidates that come to nothing; exact verification makes up for the rest. One row where none is enough.

    >>> choose_bands(0.8, 112, 0.999), choose_bands(0.5, 112, 0.999), choose_bands(0.9, 112, 0.999)
    ((22, 5), (56, 2), (14, 8))
    """
    for rows in range(count, 0, -1):
        if candidate_probability(threshold, count // rows, rows) >= recall:
            return count // rows, rows
    return count, 1


@dataclass
class Outcome:
    """Who is dropped for whom, and what the search came across."""

    decisions: pl.DataFrame
    candidates: int = 0
    verified: int = 0
    unfinished_buckets: int = 0
    largest_bucket: int = 0
    curve: dict[str, float] = field(default_factory=dict)


@functools.lru_cache(maxsize=4)
def permutations(count: int, seed: int) -> tuple[kernels.U32, kernels.U32]:
    """Give the parameters of the scheme `affine32` of datasketch 2.0: odd factors and summands, from numpy's RandomState."""
    generator = np.random.RandomState(seed)  # the stream that datasketch uses, frozen by numpy
    a = generator.randint(0, 1 << 31, count, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    b = generator.randint(0, 1 << 32, count, dtype=np.uint32)
    return a, b


def sign_documents(texts: pl.Series, parameters: Parameters) -> pl.DataFrame:
    """Give what duplicates are found by, a row a text.

    Columns: `exact` binary (blake2b, 16 bytes, of the text); `folded_0`, `folded_1` u64 (of the tokens); `tokens` u32; and
    `band_00` … u64, null where the text has too few tokens for a shingle.
    """
    data, offsets = kernels.buffers(texts)
    count = parameters.bands * parameters.rows
    a, b = permutations(count, parameters.seed)
    classes, folded = kernels.token_tables()
    signatures, sequence, tokens = kernels.sign_texts(data, offsets, classes, folded, parameters.shingle, a, b)
    keys = kernels.hash_bands(signatures, parameters.bands, parameters.rows)
    content = data.tobytes()
    digests = [
        hashlib.blake2b(content[start:end], digest_size=16).digest()
        for start, end in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True)
    ]
    enough = pl.Series(tokens >= parameters.shingle)
    bands = pl.DataFrame({name: keys[:, number] for number, name in enumerate(parameters.band_names())})
    return pl.DataFrame(
        {
            "exact": pl.Series(digests, dtype=pl.Binary),
            "folded_0": sequence[:, 0],
            "folded_1": sequence[:, 1],
            "tokens": tokens,
        }
    ).hstack(bands.select(pl.when(enough).then(pl.all())))


def find_duplicates(
    signed: pl.DataFrame, load_texts: LoadTexts, parameters: Parameters, earlier: int | None = None
) -> Outcome:
    """Decide which documents are dropped as duplicates, and for which kept document.

    Reads: `number` u32, `id` str, `length` u32 (of the clean text, in characters) and the columns of `sign_documents`.
    Keepers come in a total order: the longest first, then the smallest id. Gives `Outcome.decisions` (DECISIONS), a row a
    dropped document; `kept` is never itself dropped. Documents of an earlier OUT, from number `earlier` on, come before all others, and none of them is dropped.
    """
    old = pl.col("number") >= (signed.height if earlier is None else earlier)
    # The band keys are most of the table: they stay where they are, and are fetched one band at a time.
    narrow = signed.drop(parameters.band_names(), strict=False).with_row_index("row")
    ranked = narrow.sort([old, "length", "id"], descending=[True, True, False]).with_row_index("rank")
    ranked = ranked.with_columns(pl.col("rank").alias("leader"), pl.lit(None, pl.String).alias("reason"))
    if parameters.exact:
        ranked = _lead(ranked, ["exact"], EXACT)
    if parameters.folded:
        ranked = _lead(ranked, ["folded_0", "folded_1"], FOLDED)
    outcome = Outcome(pl.DataFrame(schema=DECISIONS), curve=parameters.curve())
    twins = np.full(ranked.height, -1, dtype=np.int64)
    similarity = np.ones(ranked.height, dtype=np.float64)
    if parameters.near:
        leaders = ranked.filter(pl.col("reason").is_null() & (pl.col("tokens") >= parameters.shingle))
        buckets = _buckets(leaders.select("rank", "row"), signed, parameters)
        kept = 0 if earlier is None else ranked.filter(pl.col("number") >= earlier).height
        twins, similarity = _find_near(buckets, ranked, load_texts, parameters, outcome, kept)
    outcome = _settle(ranked, twins, similarity, outcome)
    if earlier is not None:
        outcome.decisions = outcome.decisions.filter(pl.col("number") < earlier)
    return outcome


def _lead(ranked: pl.DataFrame, keys: list[str], reason: str) -> pl.DataFrame:
    """Let the first of each group of equals lead the others; a group of texts without tokens has no equals."""
    candidates = pl.col("reason").is_null() & ((pl.col("tokens") > 0) | (reason == EXACT))
    first = ranked.filter(candidates).group_by(keys).agg(pl.col("rank").min().alias("first"))
    joined = ranked.join(first, on=keys, how="left", maintain_order="left")
    follows = candidates & (pl.col("first") < pl.col("rank"))
    return joined.with_columns(
        pl.when(follows).then("first").otherwise("leader").alias("leader"),
        pl.when(follows).then(pl.lit(reason)).otherwise("reason").alias("reason"),
    ).drop("first")


def _settle(
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


def _find_near(
    buckets: pl.DataFrame,
    ranked: pl.DataFrame,
    load_texts: LoadTexts,
    parameters: Parameters,
    outcome: Outcome,
    kept: int = 0,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Find for each rank the kept rank it is nearest to, or -1, and the similarity.

    In each round the first document of each bucket that was not dropped and has not led yet is compared with all behind
    it: star edges, so a bucket of n near duplicates costs n comparisons and not n². Rounds end when every document that is
    kept has led in each of its buckets, or at the limit, and what is then unfinished is counted. The first `kept` ranks
    are not compared with one another.
    """
    twins = np.full(ranked.height, -1, dtype=np.int64)
    best = np.ones(ranked.height, dtype=np.float64)
    if buckets.is_empty():
        return twins, best
    outcome.largest_bucket = int(buckets.group_by("bucket").len()["len"].max())  # type: ignore[arg-type]
    members = buckets["rank"].unique().sort()
    texts = load_texts(ranked["number"].gather(members))
    data, offsets = kernels.buffers(texts)
    classes, folded = kernels.token_tables()
    sets, starts = kernels.shingle_sets(data, offsets, classes, folded, parameters.shingle)
    place = np.full(ranked.height, -1, dtype=np.int64)
    place[members.to_numpy()] = np.arange(len(members))
    pairs = pl.DataFrame(schema={"left": pl.UInt32, "right": pl.UInt32, "similarity": pl.Float64})
    for _ in range(parameters.rounds):
        heads = _unled(buckets, twins).group_by("bucket").agg(pl.col("rank").min().alias("left"))
        if heads.is_empty():
            break
        buckets = buckets.join(heads, on="bucket", how="left", maintain_order="left")
        new = (
            buckets.filter((pl.col("rank") > pl.col("left")) & (pl.col("rank") >= kept))
            .select("left", pl.col("rank").alias("right"))
            .unique()
            .join(pairs, on=["left", "right"], how="anti")
            .sort("left", "right")
        )
        leads = (pl.col("rank") == pl.col("left")).fill_null(value=False)
        buckets = buckets.with_columns(pl.col("led") | leads).drop("left")
        if new.height:
            left, right = (place[new[side].to_numpy()] for side in ("left", "right"))
            similar = pl.Series("similarity", kernels.jaccard(sets, starts, left, right))
            pairs = pl.concat([pairs, new.with_columns(similar)])
            twins, best = _choose_keepers(pairs, parameters.threshold, ranked.height)
    outcome.unfinished_buckets = _unled(buckets, twins)["bucket"].n_unique()
    outcome.candidates = pairs.height
    outcome.verified = int((pairs["similarity"] >= parameters.threshold).sum())
    return twins, best


def _unled(buckets: pl.DataFrame, twins: NDArray[np.int64]) -> pl.DataFrame:
    """Give the places of documents that were not dropped and have not been compared with those behind them."""
    return buckets.filter(pl.Series(twins[buckets["rank"].to_numpy()] < 0) & ~pl.col("led"))


def _buckets(leaders: pl.DataFrame, signed: pl.DataFrame, parameters: Parameters) -> pl.DataFrame:
    """Give the buckets with two documents or more, band by band: `bucket` u32, `rank` u32, `led` bool.

    Reads: `rank` u32 and `row` u32 of `leaders`, their place in `signed`, which has the band keys.
    """
    frames = []
    seen = 0
    for band in parameters.band_names():
        groups = (
            leaders.select("rank", signed[band].gather(leaders["row"]).alias("key"))
            .filter(pl.len().over("key") > 1)
            .with_columns((pl.col("key").rank("dense") - 1 + seen).cast(pl.UInt32).alias("bucket"))
        )
        if groups.height:
            seen = int(groups["bucket"].max()) + 1  # type: ignore[arg-type]
            # The last document of a bucket has nobody behind it, so it has no round to lead.
            frames.append(
                groups.select("bucket", "rank", (pl.col("rank") == pl.col("rank").max().over("bucket")).alias("led"))
            )
    schema = {"bucket": pl.UInt32, "rank": pl.UInt32, "led": pl.Boolean}
    return pl.concat(frames) if frames else pl.DataFrame(schema=schema)


def _choose_keepers(pairs: pl.DataFrame, threshold: float, count: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    similar = pairs.filter(pl.col("similarity") >= threshold).sort("right", "left")
    chosen: tuple[NDArray[np.int64], NDArray[np.float64]] = choose_keepers(
        similar["left"].to_numpy().astype(np.int64),
        similar["right"].to_numpy().astype(np.int64),
        similar["similarity"].to_numpy(),
        count,
    )
    return chosen


@numba.njit(cache=True, nogil=True)
def choose_keepers(left: Any, right: Any, similarity: Any, count: int) -> Any:
    """Go through verified pairs by `right`; a document is dropped when a document before it is similar and kept.

    Arrays of pairs with left < right, sorted by right. Gives int64 of `count`: the most similar kept one or -1, the
    smallest rank on a tie; and that similarity.
    """
    twins = np.full(count, -1, dtype=np.int64)
    best = np.ones(count, dtype=np.float64)
    i = 0
    while i < len(right):
        document = right[i]
        while i < len(right) and right[i] == document:
            if twins[left[i]] < 0 and (twins[document] < 0 or similarity[i] > best[document]):
                twins[document] = left[i]
                best[document] = similarity[i]
            i += 1
    return twins, best


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
