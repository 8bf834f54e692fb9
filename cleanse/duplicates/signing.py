"""What duplicates are found by: hashes of the text and of its words, and keys of its bands."""

from __future__ import annotations

import functools

import numpy as np
import polars as pl
import xxhash

from cleanse import kernels
from cleanse.duplicates.parameters import Parameters

EXACT_KEYS, FOLDED_KEYS = ["exact_0", "exact_1"], ["folded_0", "folded_1"]


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
