"""Which hits of a run a reviewer looks at, and how each is shown in its place.

Half of the samples of a rule and language are spread over the sources by a hash of their place, which stands for chance
and is the same in every run. The other half are the **least certain**: duplicates with the lowest similarity, signals
with the lowest weight, and else the text that the rule hit least often in that language, the longest first, since a line
that stands on many pages is hardly an author's, and of the others a wrong strip loses the more the longer it is.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import xxhash

from cleanse import segments
from cleanse.files import store
from cleanse.passes import undo

SAMPLES = 8  # hits shown for a rule and language, where all groups together stay below PAGE_SAMPLES
PAGE_SAMPLES = 2400
SAMPLE_CHARS = 300  # characters shown of a hit
CONTEXT_CHARS = 120  # characters shown before and behind a hit in its line, and of a line beside it
GROUP = ("rule", "language")
HitRow = dict[str, Any]


@dataclass(frozen=True)
class Piece:
    """A stretch of a line: `action` is that of the hit on it or "", `rule` the rule, `replacement` what a fix put there.

    `own` says that it belongs to the hit that the sample is about.
    """

    text: str
    action: str = ""
    rule: str = ""
    replacement: str = ""
    own: bool = False


@dataclass(frozen=True)
class ShownLine:
    """A line of a sample with its number; `number` is None where it is not a line of the document."""

    number: int | None
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class Sample:
    """A hit with the lines around it. `doubtful` says that it is here as one of the least certain."""

    rule: str
    language: str
    id: str
    line: int | None
    start: int | None
    end: int | None
    doubtful: bool
    evidence: str
    lines: tuple[ShownLine, ...]


def collect_samples(report: Path, out: Path, languages: pl.DataFrame, sources: pl.DataFrame) -> dict[str, list[Sample]]:
    """Choose hits of each rule and language, and cut them out of their documents as read.

    Reads `hits.parquet`, `signals.parquet`, `dropped.parquet` and OUT; `languages` has `id, language` of every document,
    `sources` has `id, source`. Gives the samples by rule id, by language, in input order.
    """
    places = choose_places(_weigh(report, languages, sources))
    if places.is_empty():
        return {}
    wanted = pl.scan_parquet(report / "hits.parquet", glob=False).with_row_index("row")
    rows = wanted.filter(pl.col("row").is_in(places["row"].implode())).collect()
    rows = rows.join(places, on="row", how="left", maintain_order="left")
    identities = rows["id"].unique()
    texts = read_texts(report, out, identities)
    hits = pl.scan_parquet(report / "hits.parquet", glob=False).filter(pl.col("id").is_in(identities.implode()))
    by_id = {identity: group.to_dicts() for (identity,), group in hits.collect().group_by("id", maintain_order=True)}
    lines = {identity: undo(text, _edits(by_id[identity])).split("\n") for identity, text in texts.items()}
    found: dict[str, list[Sample]] = {}
    for row in rows.sort("rule", "language", "row").iter_rows(named=True):
        shown = show_hit(row, lines.get(row["id"], []), by_id[row["id"]])
        sample = Sample(
            row["rule"], row["language"], row["id"], row["line"], row["start"], row["end"], row["doubtful"],
            _name_evidence(row), shown,
        )  # fmt: skip
        found.setdefault(row["rule"], []).append(sample)
    return found


def _edits(hits: list[HitRow]) -> list[HitRow]:
    return [hit for hit in hits if hit["action"] in ("fix", "strip")]


def _name_evidence(row: HitRow) -> str:
    if row["similarity"] is not None:
        return f"similarity {row['similarity']:.3f}"
    if row["weight"] is not None:
        return f"{row['weight']:.0f} points" if row["weight"] > 1 else f"weight {row['weight']:.2f}"
    return "" if row["text"] is None else f"hit {row['copies']:,} time{'s' if row['copies'] > 1 else ''}"


def _weigh(report: Path, languages: pl.DataFrame, sources: pl.DataFrame) -> pl.DataFrame:
    """Give every hit its place, language, source and what says how certain it is; the order is that of hits.parquet."""
    hits = pl.read_parquet(report / "hits.parquet", columns=["id", "rule", "line", "start", "text"], glob=False)
    signals = pl.read_parquet(report / "signals.parquet", columns=["id", "rule", "line", "start", "weight"], glob=False)
    dropped = pl.read_parquet(report / "dropped.parquet", columns=["id", "reason", "similarity"], glob=False)
    place = ["id", "rule", "line", "start"]
    return (
        hits.with_row_index("row")
        .join(languages, on="id", how="left", maintain_order="left")
        .join(sources, on="id", how="left", maintain_order="left")
        .join(
            signals.group_by(place).agg(pl.col("weight").sum()),
            on=place,
            how="left",
            maintain_order="left",
            nulls_equal=True,
        )
        .join(dropped.rename({"reason": "rule"}).drop_nulls(), on=["id", "rule"], how="left", maintain_order="left")
        .with_columns(
            pl.col("language").fill_null("und"),
            pl.len().over(*GROUP, "text").alias("copies"),
            pl.col("text").str.len_chars().fill_null(0).alias("chars"),
        )
        .drop("text")
    )


def choose_places(hits: pl.DataFrame, samples: int = SAMPLES, page_samples: int = PAGE_SAMPLES) -> pl.DataFrame:
    """Choose hits of each rule and language: half of them the least certain, half spread over the sources.

    Reads `row, id, rule, language, source, line, start, similarity, weight, copies, chars`. Gives the chosen rows with
    `row, language, similarity, weight, copies` and `doubtful`. Each group gets up to `samples`, less where all groups
    together would have more than `page_samples`.
    """
    sizes = hits.group_by(GROUP).len().sort("len", *GROUP, descending=[True, False, False])["len"].to_numpy()
    count = next((n for n in range(samples, 1, -1) if np.minimum(sizes, n).sum() <= page_samples), 1)
    hits = hits.with_columns(pl.Series("key", _hash_places(hits), dtype=pl.UInt64))
    number = pl.int_range(pl.len()).over(*GROUP)
    certain = pl.coalesce("similarity", "weight").fill_null(1.0)
    hits = hits.sort(*GROUP, certain, "copies", -pl.col("chars").cast(pl.Int64), "key").with_columns(
        (number < pl.min_horizontal(pl.len().over(*GROUP), count) // 2).alias("doubtful")
    )
    turn = pl.int_range(pl.len()).over(*GROUP, "source")
    rest = (
        hits.filter(~pl.col("doubtful")).sort(*GROUP, "source", "key", nulls_last=True).with_columns(turn.alias("turn"))
    )
    rest = rest.sort(*GROUP, "turn", "key").filter(number < (count + 1) // 2).drop("turn")
    chosen = pl.concat([hits.filter("doubtful"), rest])
    return chosen.sort("row").head(page_samples).select("row", "language", "similarity", "weight", "copies", "doubtful")


def _hash_places(hits: pl.DataFrame) -> Any:
    """Hash each hit by its document and place: the same numbers in every run and on every machine."""
    identities = hits.select("id").unique(maintain_order=True)
    hashes = pl.Series(
        "hash", [xxhash.xxh3_64_intdigest(identity.encode()) for identity in identities["id"]], dtype=pl.UInt64
    )
    base = hits.select("id").join(identities.with_columns(hashes), on="id", how="left", maintain_order="left")["hash"]
    line, start = (hits[name].fill_null(0).cast(pl.UInt64).to_numpy() for name in ("line", "start"))
    keys = base.to_numpy() ^ (line * np.uint64(0x9E3779B97F4A7C15)) ^ (start * np.uint64(0xC2B2AE3D27D4EB4F))
    # Numbers near one another must not stay near one another: the mixing step of splitmix64 (Steele et al. 2014).
    keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    keys = (keys ^ (keys >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return keys ^ (keys >> np.uint64(31))


def read_texts(report: Path, out: Path, identities: pl.Series) -> dict[str, str]:
    """Give the clean texts of documents, kept or dropped, by id."""
    found: dict[str, str] = {}
    for path in (*store.out_files(out), report / "dropped.parquet"):
        rows = pl.scan_parquet(path, glob=False).select("id", "text")
        found |= dict(rows.filter(pl.col("id").is_in(identities.implode())).collect().iter_rows())
    return found


def show_hit(row: HitRow, lines: Sequence[str], hits: Sequence[HitRow]) -> tuple[ShownLine, ...]:
    """Cut a hit out of its document as read: its line, and the nearest line with text on each side."""
    number = row["line"]
    if number is None:
        pieces = [Piece(row["text"] or "", row["action"], row["rule"], row["replacement"] or "", own=True)]
        first = next(((place, line) for place, line in enumerate(lines) if _speaks(line, row)), None)
        beside = () if first is None else (ShownLine(first[0], cut_line(first[1], [], 0, CONTEXT_CHARS * 2)),)
        return (*((ShownLine(None, tuple(pieces)),) if row["text"] else ()), *beside)
    by_line: dict[int, list[HitRow]] = {}
    for hit in hits:
        if hit["line"] is not None:
            by_line.setdefault(hit["line"], []).append(hit)
    before = next((place for place in range(number - 1, max(number - 4, -1), -1) if lines[place].strip()), None)
    behind = next((place for place in range(number + 1, min(number + 4, len(lines))) if lines[place].strip()), None)
    shown = []
    for place in (before, number, behind):
        if place is None:
            continue
        start, end = 0, CONTEXT_CHARS
        if place == number:
            start, end = max(0, row["start"] - CONTEXT_CHARS), row["end"] + CONTEXT_CHARS
            if row["end"] - row["start"] > SAMPLE_CHARS:
                end = row["start"] + SAMPLE_CHARS
        own = row if place == number else None
        shown.append(ShownLine(place, cut_line(lines[place], by_line.get(place, []), start, end, own)))
    return tuple(shown)


def _speaks(line: str, row: HitRow) -> bool:
    """Say whether a line shows what was done to the whole document: of a charset, one with other letters than ASCII's."""
    return bool(line.strip()) and not (row["text"] and row["action"] == "fix" and line.isascii())


def cut_line(line: str, hits: Iterable[HitRow], start: int, end: int, own: HitRow | None = None) -> tuple[Piece, ...]:
    """Cut `line[start:end]` where hits begin and end; what lies under a strip is the strip's, then the fix's."""
    end = min(end, len(line))
    hits = [hit for hit in hits if hit["start"] < end and start < hit["end"]]
    pieces = [Piece("…")] if start > 0 else []
    strips = segments.merge_spans((hit["start"], hit["end"]) for hit in hits if hit["action"] == "strip")
    fixes = [
        hit
        for hit in hits
        if hit["action"] == "fix" and not any(a <= hit["start"] and hit["end"] <= b for a, b in strips)
    ]
    flags = sorted((hit for hit in hits if hit["action"] == "flag"), key=lambda hit: not _is_same(hit, own))
    strip_hits = sorted((hit for hit in hits if hit["action"] == "strip"), key=lambda hit: not _is_same(hit, own))
    edges = {start, end, *(min(max(hit[edge], start), end) for hit in hits for edge in ("start", "end"))}
    cuts = sorted(edges)
    for left, right in itertools.pairwise(cuts):
        over = None
        for candidates in (strip_hits, fixes, flags):
            over = over or next((hit for hit in candidates if hit["start"] <= left and right <= hit["end"]), None)
        if over is None:
            pieces.append(Piece(line[left:right]))
            continue
        ends_here = right == min(over["end"], end)
        replacement = (over["replacement"] or "") if over["action"] == "fix" and ends_here else ""
        pieces.append(Piece(line[left:right], over["action"], over["rule"], replacement, _is_same(over, own)))
    return (*pieces, *([Piece("…")] if end < len(line) else []))


def _is_same(hit: HitRow, other: HitRow | None) -> bool:
    return other is not None and all(hit[name] == other[name] for name in ("rule", "action", "start", "end"))
