"""Exact and near duplicates: signature -> bands -> verified pairs -> keepers.

Bands only propose. A near duplicate is dropped when its exact Jaccard similarity with a *kept* document is at least the
threshold, so no document is lost through a chain of others. Parameters stand in `rules/dedupe/`.
"""

from __future__ import annotations

import errno
import functools
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numba
import numpy as np
import polars as pl
import xxhash
from numpy.typing import NDArray

from cleanse import kernels
from cleanse.rules import Rules

FAMILY = "dedupe"
# Patterns of one character in the rule of same words.
WORD_PARAMETERS = ("ignored", "signs", "behind", "before")
EXACT, FOLDED, NEAR = "dedupe/exact", "dedupe/folded", "dedupe/near"
EXACT_KEYS, FOLDED_KEYS = ["exact_0", "exact_1"], ["folded_0", "folded_1"]
LoadTexts = Callable[[pl.Series], pl.Series]
ReadColumns = Callable[[list[str]], Iterable[pl.DataFrame]]
NO_NUMBER = 1 << 32  # beyond all numbers of documents
WAITING_PAIRS = 1 << 22  # that may hold one another again
HELD_BYTES = 1 << 28  # of band keys, and of texts and shingles, at a time
ENTRY_BYTES = 40  # that a key takes while it is looked for whom else has it
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
    ignored: str
    signs: str
    behind: str
    before: str

    @staticmethod
    def of(selected: Rules, every: Rules) -> Parameters:
        """Take the switches from the rules that were selected and the numbers from all rules."""
        values = {name: float(str(value)) for name, value in every[NEAR].head.parameters.items()}
        words: dict[str, Any] = {name: str(every[FOLDED].head.parameters[name]) for name in WORD_PARAMETERS}
        whole: dict[str, Any] = {name: int(values[name]) for name in ("shingle", "seed", "rounds")}
        bands, rows = choose_bands(values["threshold"], int(values["permutations"]), values["recall"])
        return Parameters(
            exact=EXACT in selected,
            folded=FOLDED in selected,
            near=NEAR in selected,
            threshold=values["threshold"],
            bands=bands,
            rows=rows,
            **whole,
            **words,
        )

    @property
    def active(self) -> bool:
        """Say whether any duplicates are looked for."""
        return self.exact or self.folded or self.near

    @property
    def tables(self) -> tuple[kernels.U8, kernels.U32]:
        """Give the tables by which texts are cut into tokens."""
        return kernels.sign_tables(self.ignored, self.signs, self.behind, self.before)

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


def compose(texts: pl.Series) -> pl.Series:
    """Compose letters with their marks in the few texts that have them apart, so that both spellings are the same words."""
    data, offsets = kernels.buffers(texts)
    apart = kernels.find_uncomposed(data, offsets, *kernels.composing_tables())
    if not apart.any():
        return texts
    frame = pl.DataFrame({"text": texts, "apart": apart})
    composed = pl.when("apart").then(pl.col("text").str.normalize("NFC")).otherwise("text")
    return frame.select(composed.alias("text")).to_series()


def sign_documents(texts: pl.Series, parameters: Parameters) -> pl.DataFrame:
    """Give what duplicates are found by, a row a text.

    Columns: `exact_0`, `exact_1` u64 (XXH3, 128 bits, of the text); `folded_0`, `folded_1` u64 (of the tokens); `tokens` u32;
    and `band_00` … u64, which mean nothing where the text has too few tokens for a shingle.
    """
    data, offsets = kernels.buffers(compose(texts))
    count = parameters.bands * parameters.rows
    a, b = permutations(count, parameters.seed)
    classes, folded = parameters.tables
    signatures, sequence, tokens = kernels.sign_texts(data, offsets, classes, folded, parameters.shingle, a, b)
    keys = kernels.hash_bands(signatures, parameters.bands, parameters.rows)
    data, offsets = kernels.buffers(texts)
    content = memoryview(data)  # type: ignore[arg-type]
    digests = b"".join(
        xxhash.xxh3_128_digest(content[start:end])
        for start, end in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True)
    )
    exact = np.frombuffer(digests, dtype="<u8").reshape(-1, 2)
    hashes = dict(zip((*EXACT_KEYS, *FOLDED_KEYS), (*exact.T, *sequence.T), strict=True))
    bands = dict(zip(parameters.band_names(), keys.T, strict=True))
    return pl.DataFrame({**hashes, "tokens": tokens, **bands})


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
    tokens, equal = _find_equal(read, parameters, held)
    ranked = _rank(read, equal, equal, parameters, earlier)
    twins = np.full(ranked.height, -1, dtype=np.int64)
    similarity = np.ones(ranked.height, dtype=np.float64)
    if parameters.near:
        follows = ranked.filter(pl.col("reason").is_not_null())["row"].to_numpy()
        looked_at = tokens >= parameters.shingle
        looked_at[follows] = False
        buckets = _find_buckets(read, np.flatnonzero(looked_at).astype(np.uint32), len(tokens), parameters, held)
        rows = _union([equal, *(members for members, _ in buckets)], len(tokens))
        ranked = _rank(read, rows, equal, parameters, earlier)
        ranks = np.zeros(len(tokens), dtype=np.uint32)
        ranks[ranked["row"].to_numpy()] = ranked["rank"].to_numpy()
        buckets = [(ranks[members], starts) for members, starts in buckets]
        kept = 0 if earlier is None else ranked.filter(pl.col("number") >= earlier).height
        with _Shingles(
            ranked,
            _union([members for members, _ in buckets], ranked.height),
            load_texts,
            parameters,
            folder,
            held,
        ) as shingles:
            twins, similarity = _find_near(buckets, shingles, ranked.height, parameters, outcome, kept)
    outcome = _settle(ranked, twins, similarity, outcome)
    if earlier is not None:
        outcome.decisions = outcome.decisions.filter(pl.col("number") < earlier)
    return outcome


def _read_array(read: ReadColumns, name: str) -> NDArray[Any]:
    """Read one column of all parts."""
    arrays = [frame[name].to_numpy() for frame in read([name])]
    return np.concatenate(arrays) if arrays else np.zeros(0, dtype=np.uint32)


def _selecting(read: ReadColumns, name: str, rows: kernels.U32) -> Callable[[], Iterator[kernels.U64]]:
    """Make a function that gives a column at some ascending rows, part by part."""

    def give() -> Iterator[kernels.U64]:
        start = 0
        for frame in read([name]):
            low, high = np.searchsorted(rows, np.array([start, start + frame.height], dtype=np.uint32))
            yield frame[name].to_numpy()[rows[low:high] - np.uint32(start)]
            start += frame.height

    return give


def _union(parts: list[kernels.U32], count: int) -> kernels.U32:
    """Give the numbers below `count` that occur in any of the arrays, ascending."""
    there = np.zeros(count, dtype=np.bool_)
    for part in parts:
        there[part] = True
    return np.flatnonzero(there).astype(np.uint32)


def find_shared(
    read: Callable[[], Iterable[kernels.U64]], count: int, held: int = HELD_BYTES
) -> Iterator[tuple[kernels.U32, kernels.Offsets]]:
    """Give the places of keys that occur more than once, group by group, and where each group begins.

    `read` gives `count` keys, part by part; they are hashes. Where they take more than `held` bytes, they are read once for each of some
    ranges of keys, and there is an outcome for each range.
    """
    ranges = max(1, -(-ENTRY_BYTES * count // held))
    for number in range(ranges):
        keys, places = [np.zeros(0, dtype=np.uint64)], [np.zeros(0, dtype=np.uint32)]
        start = 0
        for part in read():
            # Bits from the middle: those at both ends are the ones by which keys are looked up.
            own = np.flatnonzero((part >> np.uint64(20)) % np.uint64(ranges) == number)
            keys.append(part[own])
            places.append((own + start).astype(np.uint32))
            start += len(part)
        members, starts = kernels.find_repeated(np.concatenate(keys))
        yield np.concatenate(places)[members], starts


def _find_equal(read: ReadColumns, parameters: Parameters, held: int) -> tuple[kernels.U32, kernels.U32]:
    """Give the number of tokens in each row; and, ascending, the rows that may have an equal: they share half of a hash."""
    tokens = _read_array(read, "tokens")
    found = []
    if parameters.exact:
        keys = _selecting(read, "exact_0", np.arange(len(tokens), dtype=np.uint32))
        found += [places for places, _ in find_shared(keys, len(tokens), held)]
    if parameters.folded:
        rows = np.flatnonzero(tokens).astype(np.uint32)
        keys = _selecting(read, "folded_0", rows)
        found += [rows[places] for places, _ in find_shared(keys, len(rows), held)]
    return tokens, _union(found, len(tokens))


def _rank(
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


def _find_buckets(
    read: ReadColumns, rows: kernels.U32, height: int, parameters: Parameters, held: int
) -> list[tuple[kernels.U32, kernels.Offsets]]:
    """Give for each band the rows in buckets of two or more, bucket by bucket, and where each bucket begins.

    The keys of as many bands are read at once as fit into `held` bytes; where one does not fit, some ranges of its keys one after another.
    """
    names = parameters.band_names()
    if ENTRY_BYTES * len(rows) > held:
        shared = (find_shared(_selecting(read, name, rows), len(rows), held) for name in names)
        return [(rows[members], starts) for band in shared for members, starts in band]
    step = max(1, held // (8 * max(1, height)))
    buckets = []
    for first in range(0, len(names), step):
        here = names[first : first + step]
        keys = np.empty((len(here), len(rows)), dtype=np.uint64)
        start = 0
        for frame in read(here):
            low, high = np.searchsorted(rows, np.array([start, start + frame.height], dtype=np.uint32))
            for number, name in enumerate(here):
                keys[number, low:high] = frame[name].to_numpy()[rows[low:high] - np.uint32(start)]
            start += frame.height
        for number in range(len(here)):
            members, starts = kernels.find_repeated(keys[number])
            buckets.append((rows[members], starts))
    return buckets


class _Shingles:
    """The sets of shingles of some ranks: in memory where they are few, else in a file without a name."""

    def __init__(
        self,
        ranked: pl.DataFrame,
        members: kernels.U32,
        load_texts: LoadTexts,
        parameters: Parameters,
        folder: Path | None,
        held: int,
    ) -> None:
        """Load the texts of `members` in the order of their numbers, and cut each into its set of shingles."""
        own = ranked.select("rank", "number", "length", "tokens")[members].sort("number")
        self.held = held
        self.place = np.full(ranked.height, -1, dtype=np.int64)
        self.place[own["rank"].to_numpy()] = np.arange(own.height)
        # A text in memory is as long as its characters at least, and a shingle is a hash of 8 bytes.
        weight = own.select(pl.col("length").cast(pl.Int64) + 8 * pl.col("tokens").cast(pl.Int64)).to_series()
        slices = own.select("number", (weight.cum_sum() // held).alias("slice")).partition_by(
            "slice", maintain_order=True
        )
        self._file = tempfile.TemporaryFile(dir=folder) if len(slices) > 1 else None  # noqa: SIM115 - closed by __exit__
        self._sets = np.zeros(0, dtype=np.uint64)
        starts = [np.zeros(1, dtype=np.int64)]
        for part in slices:
            data, offsets = kernels.buffers(compose(load_texts(part["number"])))
            sets, own_starts = kernels.shingle_sets(data, offsets, *parameters.tables, parameters.shingle)
            starts.append(own_starts[1:] + starts[-1][-1])
            if self._file:
                self._file.write(sets.view(np.uint8).data)
            else:
                self._sets = sets
        self._starts = np.concatenate(starts)

    def __enter__(self) -> Self:
        """Use it in a `with` block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the file, which takes it away."""
        if self._file:
            self._file.close()

    def compare(self, left: kernels.Offsets, right: kernels.Offsets) -> NDArray[np.float64]:
        """Give the exact Jaccard similarity of pairs of ranks."""
        a, b = self.place[left], self.place[right]
        if not self._file:
            return kernels.jaccard(self._sets, self._starts, a, b)
        result = np.zeros(len(a), dtype=np.float64)
        # By place of the left one: what was read together lies together in the file, and often belongs together.
        order = np.argsort(a, kind="stable")
        sizes = 8 * np.diff(self._starts)
        left_sizes = np.where(np.diff(a[order], prepend=-1) != 0, sizes[a[order]], 0)
        chunks = np.cumsum(sizes[b[order]] + left_sizes) // self.held
        for chunk in np.split(order, np.flatnonzero(np.diff(chunks)) + 1):
            wanted = np.unique(np.concatenate([a[chunk], b[chunk]]))
            sets, starts = self._read(wanted)
            result[chunk] = kernels.jaccard(sets, starts, *(np.searchsorted(wanted, side[chunk]) for side in (a, b)))
        return result

    def _read(self, wanted: kernels.Offsets) -> tuple[kernels.U64, kernels.Offsets]:
        """Read the sets of some places, ascending; neighbours in one go."""
        assert self._file
        firsts, lasts = self._starts[wanted], self._starts[wanted + 1]
        starts = np.concatenate([[0], np.cumsum(lasts - firsts)])
        sets = np.empty(starts[-1], dtype=np.uint64)
        view = sets.view(np.uint8).data
        breaks = np.flatnonzero(firsts[1:] != lasts[:-1]) + 1
        begins = np.concatenate([[0], breaks])
        ends = np.concatenate([breaks, [len(wanted)]])
        for place, low, high in zip(
            (8 * firsts[begins]).tolist(), (8 * starts[begins]).tolist(), (8 * starts[ends]).tolist(), strict=True
        ):
            self._file.seek(place)
            if self._file.readinto(view[low:high]) != high - low:
                raise OSError(errno.EIO, "the file of shingles was cut short")
        return sets, starts


def _find_near(
    buckets: list[tuple[kernels.U32, kernels.Offsets]],
    shingles: _Shingles,
    count: int,
    parameters: Parameters,
    outcome: Outcome,
    kept: int = 0,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Find for each of `count` ranks the kept rank it is nearest to, or -1, and the similarity.

    In each round the first document of each bucket that was not dropped and has not led yet is compared with all behind
    it: star edges, so a bucket of n near duplicates costs n comparisons and not n². Rounds end when every document that is
    kept has led in each of its buckets, or at the limit, and what is then unfinished is counted. The first `kept` ranks
    are not compared with one another.
    """
    twins = np.full(count, -1, dtype=np.int64)
    best = np.ones(count, dtype=np.float64)
    outcome.largest_bucket = max((int(np.diff(starts).max(initial=0)) for _, starts in buckets), default=0)
    led = [kernels.mark_last(*bucket) for bucket in buckets]

    def count_unfinished() -> int:
        return sum(kernels.count_unled(*bucket, done, twins) for bucket, done in zip(buckets, led, strict=True))

    compared = np.zeros(0, dtype=np.uint64)
    similar, similarity = compared, np.zeros(0, dtype=np.float64)
    outcome.unfinished_buckets = count_unfinished()
    for _ in range(parameters.rounds):
        if not outcome.unfinished_buckets:
            break
        new = _without(_pair_all(buckets, led, twins, kept), compared)
        if len(new):
            compared = np.sort(np.concatenate([compared, new]))
            scores = shingles.compare(*_ranks(new))
            enough = scores >= parameters.threshold
            similar, similarity = np.append(similar, new[enough]), np.append(similarity, scores[enough])
            twins, best = _choose_keepers(similar, similarity, count)
        outcome.unfinished_buckets = count_unfinished()
    outcome.candidates = len(compared)
    outcome.verified = len(similar)
    return twins, best


def _pair_all(
    buckets: list[tuple[kernels.U32, kernels.Offsets]], led: list[kernels.U8], twins: NDArray[np.int64], kept: int
) -> kernels.U64:
    """Let each bucket be led by the next document, and give the different pairs, ascending."""
    found = [np.zeros(0, dtype=np.uint64)]
    for bucket, done in zip(buckets, led, strict=True):
        found.append(kernels.pair_buckets(*bucket, done, twins, kept))
        # The same pair comes from several bands: what waits is cut down before it grows large.
        if sum(map(len, found[1:])) > max(len(found[0]), WAITING_PAIRS):
            found = [_distinct(np.concatenate(found))]
    return _distinct(np.concatenate(found))


def _distinct(pairs: kernels.U64) -> kernels.U64:
    """Give the different pairs, ascending; numpy's `unique` would take several times the memory."""
    pairs = np.sort(pairs)
    return pairs[np.flatnonzero(np.diff(pairs, prepend=~pairs[:1]))]


def _without(pairs: kernels.U64, others: kernels.U64) -> kernels.U64:
    """Give the pairs that are not among others; both are ascending."""
    if not len(others):
        return pairs
    places = np.minimum(np.searchsorted(others, pairs), len(others) - 1)
    return pairs[np.flatnonzero(others[places] != pairs)]


def _ranks(pairs: kernels.U64) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Take pairs of ranks apart, which are left << 32 | right."""
    return (pairs >> np.uint64(32)).astype(np.int64), (pairs & np.uint64(0xFFFFFFFF)).astype(np.int64)


def _choose_keepers(
    similar: kernels.U64, similarity: NDArray[np.float64], count: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    left, right = _ranks(similar)
    order = np.lexsort((left, right))
    chosen: tuple[NDArray[np.int64], NDArray[np.float64]] = choose_keepers(
        left[order], right[order], similarity[order], count
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
