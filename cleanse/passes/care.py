"""Find the document that kills the process that cleans it, so that only this document is quarantined.

A shard whose process died is cleaned again with care: in pieces of a few documents, each announced in the work folder before it is
begun. Where the process dies again, the piece that was announced last is cut finer, until it is one document.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import orjson
import polars as pl

from cleanse.documents import QUARANTINE
from cleanse.files import Batch, store

PIECE = 256  # documents at first
FINER = 16  # times finer at each further death
REASON = "the process that cleaned it died: out of memory, or a fault in a library"


@dataclass(frozen=True)
class Care:
    """How carefully a shard is cleaned. Documents are numbered from 0 in the shard.

    `guilty` killed their process and are not cleaned; documents from `first` to `stop` are cleaned in pieces of `piece`, the others in
    pieces of PIECE.
    """

    guilty: frozenset[int] = frozenset()
    first: int = 0
    stop: int = 0
    piece: int = PIECE

    def narrow(self, announced: tuple[int, int] | None) -> Care | None:
        """Be more careful after a death at the announced piece (first, stop); None where nothing is left to try.

        >>> Care().narrow((256, 512))
        Care(guilty=frozenset(), first=256, stop=512, piece=16)
        >>> Care(first=256, stop=512, piece=1).narrow((300, 301))
        Care(guilty=frozenset({300}), first=0, stop=0, piece=256)
        """
        if announced is None or announced[0] in self.guilty:
            return None
        first, stop = announced
        if stop - first == 1:
            return Care(self.guilty | {first})
        return replace(self, first=first, stop=stop, piece=max(1, (stop - first) // FINER))

    def cut(self, first: int, count: int) -> Iterator[tuple[int, int]]:
        """Cut documents into pieces (first, stop); each guilty one is a piece.

        >>> list(Care(frozenset({3}), first=4, stop=6, piece=1).cut(0, 8))
        [(0, 3), (3, 4), (4, 5), (5, 6), (6, 8)]
        """
        edges = {first, first + count}
        edges |= {edge for one in self.guilty for edge in (one, one + 1)}
        edges |= {*range(self.first, self.stop, self.piece), self.stop} if self.stop else set()
        edges |= set(range(first, first + count, PIECE))
        inside = sorted(edge for edge in edges if first <= edge <= first + count)
        yield from itertools.pairwise(inside)


def cut_batch(batch: Batch, first: int, care: Care, announcement: Path) -> Iterator[Batch]:
    """Give a batch in pieces, each announced before it is given; guilty documents go into its quarantine.

    `first` is the number of its first document in the shard.
    """
    quarantine = batch.quarantine
    for begin, stop in care.cut(first, batch.documents.height):
        own = batch.documents.slice(begin - first, stop - begin)
        originals = batch.originals.filter(pl.col("id").is_in(own["id"].implode()))
        if begin in care.guilty:
            quarantine = pl.concat([quarantine, _refuse(own, originals)])
            continue
        store.write_json(announcement, [begin, stop])
        yield Batch(own, batch.quarantine.clear(), originals, batch.kinds)
    yield Batch(batch.documents.clear(), quarantine, batch.originals.clear(), batch.kinds)
    announcement.unlink(missing_ok=True)


def read_announcement(path: Path) -> tuple[int, int] | None:
    """Give the piece that was announced last; None where there is none."""
    if not path.exists():
        return None
    first, stop = orjson.loads(path.read_bytes())
    return int(first), int(stop)


def _refuse(document: pl.DataFrame, originals: pl.DataFrame) -> pl.DataFrame:
    """Give the row of quarantine for one document: its bytes are those that were read, or its text in UTF-8."""
    own = originals["bytes"].to_list() or [document["text"].item().encode()]
    source, name = document["source"].item(), document["id"].item()
    row = name.removeprefix(f"{source}#")
    number = int(row) if row != name and row.isdecimal() else None
    reason = REASON if number is not None or name == source else f"{REASON}; its id is {name}"
    return pl.DataFrame([(source, number, reason, own[0])], schema=QUARANTINE, orient="row")
