"""Which language the words of a text speak for: a kernel over pieces of many documents.

A word gives points to each language that uses it more than others do, and so do its first and its last three letters. In a group of close
languages the points that tell its members apart are added to those of the whole group.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numba
import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleanse import cache, kernels
from cleanse.kernels import U32, U64, Bytes, Offsets, add_to, decode_character, leaf

I32 = NDArray[np.int32]
# Columns of what is said of a piece or of a document: the language with the most points and these; how far it is ahead of the next one, and of
# the next one outside its group; how many features were looked for, and how many found.
BEST, POINTS, LEAD, APART, FEATURES, FOUND, SAYINGS = range(7)
AFFIX = 5  # letters of a word of which the ends count too
START, PRIME = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)
FIRST_END, LAST_END = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)


@dataclass(frozen=True)
class Lexicon:
    """Features with their points: a table of hashes in open addressing, and for each feature its languages.

    `close` are the points inside a group, `groups` the number of the group of each language (its own number where it has none), `shares` whether it
    takes part in the sharing of points in its group, `handicaps` what is taken from a language of which there is little text in the world. Points
    are weighted already: tenths of a bit.
    """

    languages: tuple[str, ...]
    keys: U32
    rows: I32
    firsts: I32
    owners: NDArray[np.int16]
    points: I32
    close: I32
    groups: NDArray[np.int16]
    shares: NDArray[np.bool_]
    handicaps: I32


@cache.keep
def letter_table() -> U32:
    """Give for each code point of planes 0 and 1 its lower-case form where it is a letter, else 0."""
    letters = kernels.code_points().str.contains(r"^\p{L}$").to_numpy()
    return np.where(letters, kernels.token_tables()[1], 0).astype(np.uint32)


@numba.njit(cache=True, nogil=True, inline="always")
def _mix(value: np.uint64) -> np.uint64:
    value ^= value >> np.uint64(32)
    value *= np.uint64(0xD6E8FEB86659FD93)
    value ^= value >> np.uint64(32)
    return value


@numba.njit(cache=True, nogil=True)
def _hash_features(data: Bytes, offsets: Offsets) -> U64:
    """Hash features as `list_features` writes them: a word, `beg-` or `-end`."""
    out = np.zeros(len(offsets) - 1, dtype=np.uint64)
    for text in range(len(out)):
        value, mark = START, np.uint64(0)
        i = offsets[text]
        while i < offsets[text + 1]:
            if data[i] == 45:
                mark = LAST_END if i == offsets[text] else FIRST_END
                i += 1
            else:
                point, i = decode_character(data, i)
                value = (value ^ np.uint64(point)) * PRIME
        out[text] = _mix(value ^ mark)
    return out


def make_lexicon(
    words: Mapping[str, Mapping[str, int]],
    close: Mapping[str, Mapping[str, int]],
    groups: Sequence[Sequence[str]],
    weights: tuple[float, float],
    common: Collection[str],
    rare_points: float,
) -> Lexicon:
    """Make the table of all features; `weights` are those of words and of the words of close languages.

    `rare_points` are taken from the languages that are not `common`.
    """
    languages = tuple(sorted(words))
    numbers = {language: number for number, language in enumerate(languages)}
    rows = [(feature, numbers[own], points, 0) for own in languages for feature, points in words[own].items()]
    rows += [(feature, numbers[own], 0, points) for own in languages for feature, points in close.get(own, {}).items()]
    frame = (
        pl.DataFrame(
            rows, schema={"feature": pl.String, "owner": pl.Int16, "points": pl.Int32, "close": pl.Int32}, orient="row"
        )
        .group_by("feature", "owner")
        .agg(pl.sum("points", "close"))
        .sort("feature", "owner")
    )
    features = frame["feature"].unique(maintain_order=True)
    counts = frame.group_by("feature", maintain_order=True).len()["len"]
    hashes = _hash_features(*kernels.buffers(features))
    size = 1 << max(4, (2 * len(features)).bit_length())
    keys, places = np.zeros(size, dtype=np.uint32), np.full(size, -1, dtype=np.int32)
    _fill_table(hashes, keys, places)
    of_group = {language: numbers[group[0]] for group in groups for language in group if group[0] in numbers}
    return Lexicon(
        languages, keys, places, np.concatenate([[0], counts.cum_sum().to_numpy()]).astype(np.int32), frame["owner"].to_numpy(),
        np.rint(frame["points"].to_numpy() * weights[0]).astype(np.int32), np.rint(frame["close"].to_numpy() * weights[1]).astype(np.int32),
        np.array([of_group.get(language, numbers[language]) for language in languages], dtype=np.int16),
        np.array([language in close and language in of_group for language in languages]),
        np.array([0 if language in common else round(rare_points) for language in languages], dtype=np.int32),
    )  # fmt: skip


@numba.njit(cache=True, nogil=True)
def _fill_table(hashes: U64, keys: U32, places: I32) -> None:
    mask = np.uint64(len(keys) - 1)
    for feature in range(len(hashes)):
        slot = hashes[feature] & mask
        while places[slot] >= 0:
            slot = (slot + np.uint64(1)) & mask
        keys[slot] = np.uint32(hashes[feature] >> np.uint64(32))
        places[slot] = feature


@numba.njit(cache=True, nogil=True, inline="always")
def _add_feature(
    value: np.uint64, keys: U32, places: I32, firsts: I32, owners: NDArray[np.int16], points: I32, close: I32, sums: I32
) -> int:
    """Add the points of one feature; 1 where it is known."""
    mask = np.uint64(len(keys) - 1)
    key = np.uint32(value >> np.uint64(32))
    slot = value & mask
    while places[slot] >= 0:
        if keys[slot] == key:
            for entry in range(firsts[places[slot]], firsts[places[slot] + 1]):
                sums[0, owners[entry]] += points[entry]
                sums[1, owners[entry]] += close[entry]
            return 1
        slot = (slot + np.uint64(1)) & mask
    return 0


@leaf()
def _rank(sums: I32, groups: NDArray[np.int16], shares: NDArray[np.bool_], handicaps: I32, row: I32) -> None:
    """Say which language has the most points, and by how many it leads."""
    count = sums.shape[1]
    shared = sums[2]
    shared[:] = 0
    for one in range(count):
        if shares[one] and sums[0, one] > shared[groups[one]]:
            shared[groups[one]] = sums[0, one]
    best, most, next_one, apart = -1, -(1 << 30), 0, 0
    for one in range(count):
        own = sums[1, one] - handicaps[one] + (shared[groups[one]] if shares[one] else sums[0, one])
        if own > most:
            best, most = one, own
    if best < 0 or most <= 0:
        row[0] = -1
        return
    for one in range(count):
        if one != best:
            own = sums[1, one] - handicaps[one] + (shared[groups[one]] if shares[one] else sums[0, one])
            next_one = max(next_one, own)
            if groups[one] != groups[best]:
                apart = max(apart, own)
    row[0], row[1], row[2], row[3] = best, most, most - next_one, most - apart


@leaf()
def _judge_pieces(
    data: Bytes, starts: Offsets, ends: Offsets, bounds: Offsets, letters: U32, keys: U32, places: I32, firsts: I32,
    owners: NDArray[np.int16], points: I32, close: I32, groups: NDArray[np.int16], shares: NDArray[np.bool_], handicaps: I32, asked: NDArray[np.bool_],
    sums: I32, whole: I32, pieces: I32, documents: I32,
) -> None:  # fmt: skip
    """Write a row a piece into `pieces` and a row a text into `documents`; `sums` and `whole` have a column a language, and three rows."""
    for text in range(len(bounds) - 1):
        if not asked[text]:
            continue
        whole[:] = 0
        for piece in range(bounds[text], bounds[text + 1]):
            sums[:] = 0
            features, found = 0, 0
            i, end = starts[piece], ends[piece]
            length = 0
            value, third = START, START
            one, two, three = np.uint64(0), np.uint64(0), np.uint64(0)
            while i <= end:
                if i < end:
                    point, i = decode_character(data, i)
                    small = np.uint64(letters[point]) if point < 0x20000 else np.uint64(point)
                else:
                    small = np.uint64(0)
                    i += 1
                if small:
                    value = (value ^ small) * PRIME
                    length += 1
                    if length == 3:
                        third = value
                    one, two, three = two, three, small
                elif length:
                    features += 1
                    whole_word = _add_feature(_mix(value), keys, places, firsts, owners, points, close, sums)
                    found += whole_word
                    if length >= AFFIX and not whole_word:
                        features += 2
                        last = (((((START ^ one) * PRIME) ^ two) * PRIME) ^ three) * PRIME
                        found += _add_feature(
                            _mix(third ^ FIRST_END), keys, places, firsts, owners, points, close, sums
                        )
                        found += _add_feature(_mix(last ^ LAST_END), keys, places, firsts, owners, points, close, sums)
                    length = 0
                    value = START
            _rank(sums, groups, shares, handicaps, pieces[piece])
            pieces[piece, 4], pieces[piece, 5] = features, found
            add_to(whole[0], sums[0])
            add_to(whole[1], sums[1])
            documents[text, 4] += features
            documents[text, 5] += found
        _rank(whole, groups, shares, handicaps, documents[text])


def judge_pieces(
    data: Bytes, starts: Offsets, ends: Offsets, bounds: Offsets, lexicon: Lexicon, asked: NDArray[np.bool_]
) -> tuple[I32, I32]:
    """Judge pieces of texts, and whole texts by the sums of their pieces.

    `bounds` says where the pieces of each text begin, `asked` which texts are judged.
    Gives a row a piece and a row a text, of the columns BEST (-1 where no feature is known) to FOUND; points are tenths of a bit.
    """
    own = lexicon
    pieces, documents = np.zeros((len(starts), 6), dtype=np.int32), np.zeros((len(bounds) - 1, 6), dtype=np.int32)
    sums, whole = np.zeros((2, 3, len(own.groups)), dtype=np.int32)
    _judge_pieces(
        data, starts, ends, bounds, letter_table(), own.keys, own.rows, own.firsts, own.owners, own.points, own.close, own.groups,
        own.shares, own.handicaps, asked, sums, whole, pieces, documents,
    )  # fmt: skip
    return pieces, documents
