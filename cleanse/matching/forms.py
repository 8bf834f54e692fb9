"""Literals made ready to be looked for: the tables that a search asks at every byte.

A literal has several *forms*, the ways in which it may be written (`spelling.py`). A form is known by its *head*, its first
bytes; forms with the same head stand together.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from cleanse.kernels import U8, U32, U64, Bytes, Offsets

HEADS = (8, 6, 4, 3, 2, 1)  # bytes of a form that are hashed: the most that it has
SHORT = 3  # the kinds of HEADS from here on are of fewer than four bytes
SLOT_BITS = 18
WIDE_BITS = 20
TABLE_BITS = 12  # at least
GOLDEN = 0x9E3779B97F4A7C15
GOLDEN32 = 0x9E3779B1


class Forms(NamedTuple):
    """Literals made ready for `find_literals`, sorted by the length of their head and by its bytes.

    `data`: the bytes of all forms, ASCII in lower case; `owners`: the number of the literal that a form belongs to; `begins`: which lengths of HEADS, as bits, there are among the forms that begin with four bytes of
    this hash; `pairs`: the same for forms of fewer than four bytes, by their first two; `triples`: whether a form of three bytes has
    this hash, since two bytes say little of a Han character; `wide`: whether a head of eight or six bytes has
    this hash, a bit each; `table`: at the hash of a head, or the
    next free place behind it, its bytes, and in one number (`pack_head`) how many they are, the first form that begins with it and
    how many such forms there are, 0 where there is none; `records`: of each form where it begins in `data`, how many bytes it has, how
    many of them it has in common with the one before it, which has the same head, and its owner. What is read together stands
    together: the tables are larger than the memory next to a processor.
    """

    data: Bytes
    owners: U32
    begins: U8
    pairs: U8
    triples: NDArray[np.bool_]
    wide: U8
    table: U64
    records: U32


def prepare_forms(forms: Sequence[tuple[bytes, int]]) -> Forms:
    """Make (bytes of a form, number of its literal) ready to be looked for; empty forms are left out."""
    by_kind: list[list[tuple[bytes, int]]] = [[] for _ in HEADS]
    kinds = [next((k for k, length in enumerate(HEADS) if size >= length), 0) for size in range(HEADS[0] + 1)]
    for form, owner in {(form.lower(), owner) for form, owner in forms if form}:
        by_kind[kinds[min(len(form), HEADS[0])]].append((form, owner))
    ordered = [pair for own in by_kind for pair in sorted(own)]
    data = np.frombuffer(b"".join(form for form, _ in ordered), dtype=np.uint8)
    starts = np.cumsum([0, *(len(form) for form, _ in ordered)]).astype(np.int64)
    kind_of = np.repeat(np.arange(len(HEADS)), [len(own) for own in by_kind])
    lengths = np.array(HEADS, dtype=np.uint64)[kind_of]
    heads = _heads(data, starts, lengths)
    changes = np.ones(len(ordered), dtype=np.bool_)
    changes[1:] = (heads[1:] != heads[:-1]) | (kind_of[1:] != kind_of[:-1])
    firsts = np.append(np.flatnonzero(changes), len(ordered)).astype(np.int64)
    shared = _share(data, starts)
    shared[firsts[:-1]] = 0
    heads, lengths = heads[changes], lengths[changes]
    distinct = list(zip(kind_of[changes].tolist(), heads.tolist(), strict=True))
    begins, pairs, triples, wide = _hash_beginnings(distinct)
    size = 1 << TABLE_BITS
    while len(distinct) * 4 > size:
        size *= 2
    table = np.zeros((size, 2), dtype=np.uint64)
    for number, (kind, head) in enumerate(distinct):
        slot = slot_of(head, HEADS[kind], size)
        while table[slot, 1]:
            slot = (slot + 1) % size
        table[slot] = head, pack_head(HEADS[kind], int(firsts[number]), int(firsts[number + 1]))
    owners = np.array([owner for _, owner in ordered], dtype=np.uint32)
    records = np.column_stack([starts[:-1], np.diff(starts), shared[: len(owners)], owners]).astype(np.uint32)
    return Forms(data, owners, begins, pairs, triples, wide, table, records)


def pack_head(length: int, first: int, behind: int) -> int:
    """Put the bytes of a head, its first form and how many it has (to before `behind`) into one number."""
    return (first << 32) | ((behind - first) << 8) | length


def _heads(data: Bytes, starts: Offsets, lengths: U64) -> U64:
    """Give the first bytes of each form as a number, as many as its head has."""
    heads = np.zeros(len(lengths), dtype=np.uint64)
    for place in range(HEADS[0]):
        within = lengths > place
        heads[within] = (heads[within] << np.uint64(8)) | data[starts[:-1][within] + place]
    return heads


def _hash_beginnings(heads: Sequence[tuple[int, int]]) -> tuple[U8, U8, NDArray[np.bool_], U8]:
    """Give `begins`, `pairs`, `triples` and `wide` of Forms, for heads as (kind, bytes as a number)."""
    begins = np.zeros(1 << SLOT_BITS, dtype=np.uint8)
    pairs = np.zeros(1 << 16, dtype=np.uint8)
    triples = np.zeros(1 << 16, dtype=np.bool_)
    long = np.zeros(1 << WIDE_BITS, dtype=np.bool_)
    for kind, head in heads:
        if kind < SHORT:
            four = head >> (8 * HEADS[kind] - 32)
            begins[((four * GOLDEN32) & (2**32 - 1)) >> (32 - SLOT_BITS)] |= 1 << kind
        elif HEADS[kind] > 1:
            pairs[head >> (8 * HEADS[kind] - 16)] |= 1 << kind
        else:
            pairs[head << 8 : (head + 1) << 8] |= 1 << kind  # any byte may follow
        if kind == SHORT:
            triples[((head * GOLDEN32) & (2**32 - 1)) >> 16] = True
        if HEADS[kind] in (8, 6):
            long[((head * GOLDEN) & (2**64 - 1)) >> (64 - WIDE_BITS)] = True
    return begins, pairs, triples, np.packbits(long, bitorder="little")


@numba.njit(cache=True, nogil=True)
def _share(data: Bytes, starts: Offsets) -> U32:
    """Count for each form the bytes with which the one before it begins too."""
    shared = np.zeros(max(len(starts) - 1, 1), dtype=np.uint32)
    for form in range(1, len(starts) - 1):
        before, own = starts[form - 1], starts[form]
        most = min(own - before, starts[form + 1] - own)
        same = 0
        while same < most and data[before + same] == data[own + same]:
            same += 1
        shared[form] = same
    return shared


def slot_of(head: int, length: int, size: int) -> int:
    """Give the place of a head of so many bytes in a table of `size`, a power of two."""
    return (((head + length) * GOLDEN) & (2**64 - 1)) >> (64 - size.bit_length() + 1)
