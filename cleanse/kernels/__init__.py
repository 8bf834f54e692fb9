"""Numba kernels and the arrays that they work on, nothing else.

Kernels take NumPy arrays of bytes and offsets, release the GIL, and know nothing of rules or documents.
"""

from __future__ import annotations

from cleanse.kernels.loading import load_quickly

load_quickly()  # before there are kernels

from cleanse.kernels import code, measures, places, site  # noqa: E402
from cleanse.kernels.leaf import leaf  # noqa: E402
from cleanse.kernels.sums import add_to, add_up, find_least  # noqa: E402
from cleanse.kernels.text import (  # noqa: E402
    PLANES,
    SCRIPTS,
    U8,
    U32,
    U64,
    UNSPACED,
    Bytes,
    Offsets,
    as_texts,
    buffers,
    choose_rows,
    code_points,
    composing_tables,
    count_scripts,
    count_unled,
    decode_character,
    find_bytes,
    find_repeated,
    find_uncomposed,
    first_visible,
    gather_bytes,
    hash_bands,
    hash_texts,
    jaccard,
    mark_last,
    pair_buckets,
    script_table,
    shingle_sets,
    sign_tables,
    sign_texts,
    space_table,
    splice_bytes,
    split_buffer,
    token_tables,
    trim_ends,
)

__all__ = [
    "PLANES",
    "SCRIPTS",
    "U8",
    "U32",
    "U64",
    "UNSPACED",
    "Bytes",
    "Offsets",
    "add_to",
    "add_up",
    "as_texts",
    "buffers",
    "choose_rows",
    "code",
    "code_points",
    "composing_tables",
    "count_scripts",
    "count_unled",
    "decode_character",
    "find_bytes",
    "find_least",
    "find_repeated",
    "find_uncomposed",
    "first_visible",
    "gather_bytes",
    "hash_bands",
    "hash_texts",
    "jaccard",
    "leaf",
    "mark_last",
    "measures",
    "pair_buckets",
    "places",
    "script_table",
    "shingle_sets",
    "sign_tables",
    "sign_texts",
    "site",
    "space_table",
    "splice_bytes",
    "split_buffer",
    "token_tables",
    "trim_ends",
]
