"""Which hits of a run a reviewer looks at, and how each is shown in its place.

Half of the samples of a rule and language are spread over the sources by a hash of their place, which stands for chance
and is the same in every run. The other half are the **least certain**: duplicates with the lowest similarity, signals
with the lowest weight or sum of points, documents whose measure lies nearest to its limit, and else the text that the rule hit least often in that language, the longest first, since a line
that stands on many pages is hardly an author's, and of the others a wrong strip loses the more the longer it is. A line that went whole is shown once,
however many pages had it, and of a line of a document one hit.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import xxhash

from cleanse import segments
from cleanse.files import store
from cleanse.passes import NO_EDITS, AsRead, group_edits
from cleanse.report.evidence import Described, Sum, read_values, sum_terms
from cleanse.report.visible import SAMPLE_CHARS

SAMPLES = 8  # hits shown for a rule and language, where all groups together stay below PAGE_SAMPLES
PAGE_SAMPLES = 2400
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


class Window(NamedTuple):
    """A stretch of a line that a sample shows."""

    line: int
    start: int
    end: int


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
    points: Sum | None = None


def choose_hits(
    report: Path, languages: pl.DataFrame, sources: pl.DataFrame, sums: pl.DataFrame, described: dict[str, Described]
) -> pl.DataFrame:
    """Choose hits of each rule and language, as rows of `hits.parquet` with what `choose_places` gives.

    Reads `hits.parquet`, `dropped.parquet` and `measures.parquet`; `languages` has `id, language` of every document, `sources` has `id, source`,
    `sums` are those of `add_up_signals`, `described` the rules as `rules.json` has them. They stand by rule, by language, in input order.
    """
    places = choose_places(weigh_hits(report, languages, sources, sums, described))
    every = pl.scan_parquet(report / "hits.parquet", glob=False).with_row_index("row")
    rows = every.filter(pl.col("row").is_in(places["row"].implode())).collect()
    return rows.join(places, on="row", how="left", maintain_order="left").sort("rule", "language", "row")


def make_samples(
    report: Path, out: Path, rows: pl.DataFrame, texts: dict[str, str], described: dict[str, Described]
) -> dict[str, list[Sample]]:
    """Cut the hits that `choose_hits` has chosen out of their documents as read; gives the samples by rule id.

    Reads `hits.parquet`, `signals.parquet`, `measures.parquet` and OUT; `texts` holds the clean texts of the documents by id.
    """
    identities = rows["id"].unique()
    every = pl.scan_parquet(report / "hits.parquet", glob=False)
    hits = every.filter(pl.col("id").is_in(identities.implode())).collect()
    edits = group_edits(hits)
    lines = {identity: AsRead(texts[identity], edits.get(identity, NO_EDITS)) for identity in identities}
    chosen = rows.to_dicts()
    windows = [choose_windows(row, lines[row["id"]]) for row in chosen]
    near = find_near(hits, [row["id"] for row in chosen], windows)
    values = read_values(report, out, described, chosen)
    terms = read_sums(report, rows)
    found: dict[str, list[Sample]] = {}
    for number, (row, own) in enumerate(zip(chosen, windows, strict=True)):
        shown = show_hit(row, lines[row["id"]], own, near[number])
        sample = Sample(
            row["rule"], row["language"], row["id"], row["line"], row["start"], row["end"], row["doubtful"],
            values.get((row["rule"], row["id"])) or name_evidence(row), shown,
            sum_terms(terms.get(place_of(row), ()), described.get(row["rule"], {}).get("threshold")),
        )  # fmt: skip
        found.setdefault(row["rule"], []).append(sample)
    return found


def find_near(hits: pl.DataFrame, identities: list[str], windows: list[list[Window]]) -> list[list[list[HitRow]]]:
    """Give for each sample, and each of its windows, the hits that reach into it, in the order of places.

    Only the numbers of all hits are looked at; those that are shown become rows.
    """
    asked = pl.DataFrame(
        [(identity, *window) for identity, own in zip(identities, windows, strict=True) for window in own],
        schema={"id": pl.String, "line": pl.UInt32, "from": pl.Int64, "to": pl.Int64},
        orient="row",
    )
    numbered = asked.unique(["id", "line"], maintain_order=True).select("id", "line").with_row_index("group")
    asked = asked.join(numbered, on=["id", "line"], how="left", maintain_order="left")
    placed = hits.select("id", "line", "start", "end").with_row_index("place")
    placed = placed.join(numbered, on=["id", "line"], how="inner", maintain_order="left").sort(
        "group", maintain_order=True
    )
    starts, ends, places = (placed[name].to_numpy() for name in ("start", "end", "place"))
    bounds = placed["group"].search_sorted(np.arange(numbered.height + 1)).to_list()
    own_places: list[list[int]] = []
    for begin, stop, group in asked.select("from", "to", "group").iter_rows():
        part = slice(bounds[group], bounds[group + 1])
        own_places.append(places[part][(starts[part] < stop) & (begin < ends[part])].tolist())
    taken = iter(hits[[place for own in own_places for place in own]].to_dicts())
    filled = iter([[next(taken) for _ in own] for own in own_places])
    return [[next(filled) for _ in own] for own in windows]


Place = tuple[str, str, int | None, int | None]


def place_of(row: HitRow) -> Place:
    """Give what a hit and its signals have in common."""
    return row["id"], row["rule"], row["line"], row["start"]


def read_sums(report: Path, rows: pl.DataFrame) -> dict[Place, list[HitRow]]:
    """Give the signals of some hits by their place; reads of the hits `id, rule, line, start`."""
    names = ["id", "rule", "line", "start"]
    wanted = rows.select(names).unique(maintain_order=True).lazy()
    signals = pl.scan_parquet(report / "signals.parquet", glob=False)
    own = signals.join(wanted, on=names, how="semi", nulls_equal=True, maintain_order="left").collect()
    found: dict[Place, list[HitRow]] = {}
    for row in own.iter_rows(named=True):
        found.setdefault(place_of(row), []).append(row)
    return found


def name_evidence(row: HitRow) -> str:
    """Say how sure a hit is, from what was weighed."""
    if row["similarity"] is not None:
        return f"similarity {row['similarity']:.3f}"
    if row["weight"] is not None and row["points"]:
        return f"{row['weight']:.0f} points"
    if row["weight"] is not None:
        return f"{row['weight']:.0f} points" if row["weight"] > 1 else f"weight {row['weight']:.2f}"
    return "" if row["text"] is None else f"hit {row['copies']:,} time{'s' if row['copies'] > 1 else ''}"


def weigh_hits(
    report: Path,
    languages: pl.DataFrame,
    sources: pl.DataFrame,
    sums: pl.DataFrame,
    described: dict[str, Described],
    table: str = "hits",
) -> pl.DataFrame:
    """Give every hit its place, language, source, and how certain it is.

    In the order of `table`, which is hits or drafts. Reads that table, `measures.parquet`, `dropped.parquet` and the `sums` of `add_up_signals`. Gives
    `row, id, rule, line, start, language, source, similarity, weight, points` (whether the weight is a sum of points), `distance` of a
    measure from its limit, as a share of the limit, `copies` of its text, `chars`, and `repeat`, which is false for the first hit of a rule
    on a text.
    """
    columns = ["id", "rule", "action", "line", "start", "text", "replacement"]
    hits = pl.read_parquet(report / f"{table}.parquet", columns=columns, glob=False)
    dropped = pl.read_parquet(report / "dropped.parquet", columns=["id", "reason", "similarity"], glob=False)
    place = ["id", "rule", "line", "start"]
    sums = sums.select(*place, "weight", "points")
    distances = _measure_distances(report, hits.with_row_index("row"), described)
    again_in_line = ~pl.struct("rule", "id", "line").is_first_distinct()
    again = ~pl.struct(*GROUP, "text").is_first_distinct()
    whole = (pl.col("action") == "strip") & pl.col("replacement").is_null()
    return (
        hits.with_row_index("row")
        .join(languages, on="id", how="left", maintain_order="left")
        .join(sources, on="id", how="left", maintain_order="left")
        .join(sums, on=place, how="left", maintain_order="left", nulls_equal=True)
        .join(dropped.rename({"reason": "rule"}).drop_nulls(), on=["id", "rule"], how="left", maintain_order="left")
        .join(distances, on="row", how="left", maintain_order="left")
        .with_columns(
            pl.col("language").fill_null("und"),
            pl.len().over(*GROUP, "text").alias("copies"),
            pl.col("text").str.len_chars().fill_null(0).alias("chars"),
        )
        .with_columns((again & pl.col("line").is_not_null()).alias("repeat"))
        .filter(pl.col("line").is_null() | ~(again_in_line | (whole & pl.col("repeat"))))
        .drop("text", "action", "replacement")
    )


def _measure_distances(report: Path, hits: pl.DataFrame, described: dict[str, Described]) -> pl.DataFrame:
    """Give for hits of rules that measure documents how far the value lies from the limit that it passes: `row, distance`."""
    found = [pl.DataFrame(schema={"row": hits.schema["row"], "distance": pl.Float64})]
    scanned = pl.scan_parquet(report / "measures.parquet", glob=False)
    known = set(scanned.collect_schema())
    for rule in sorted(set(hits.filter(pl.col("line").is_null())["rule"])):
        measure = described.get(rule, {}).get("measure")
        if not measure or measure["column"] not in known:
            continue
        value = pl.col(measure["column"]).cast(pl.Float64)
        beyond = [(limit, limit - value) for limit in (measure["min"],) if limit is not None]
        beyond += [(limit, value - limit) for limit in (measure["max"],) if limit is not None]
        share = pl.max_horizontal(distance / (abs(limit) or 1) for limit, distance in beyond)
        own = hits.filter(pl.col("rule") == rule).select("row", "id")
        measured = scanned.select("id", share.alias("distance")).collect()
        found.append(own.join(measured, on="id").select("row", "distance"))
    return pl.concat(found)


def choose_places(hits: pl.DataFrame, samples: int = SAMPLES, page_samples: int = PAGE_SAMPLES) -> pl.DataFrame:
    """Choose hits of each rule and language: half of them the least certain, half spread over the sources.

    Reads `row, id, rule, language, source, line, start, similarity, weight, distance, copies, chars, repeat`. Gives the chosen rows, in the
    order in which they are worth a look, with `row, language, similarity, weight, points, copies` and `doubtful`. Each group gets up to
    `samples`, less where all groups together would have more than `page_samples`.
    """
    sizes = hits.group_by(GROUP).len().sort("len", *GROUP, descending=[True, False, False])["len"].to_numpy()
    count = next((n for n in range(samples, 1, -1) if np.minimum(sizes, n).sum() <= page_samples), 1)
    hits = hits.with_columns(pl.Series("key", _hash_places(hits), dtype=pl.UInt64))
    # Numbers in the order of the names: they are quicker to sort.
    hits = _number(_number(hits, GROUP, "group"), ("source",), "from")
    number = pl.int_range(pl.len()).over("group")
    certain = pl.coalesce("similarity", "weight", "distance").fill_null(1.0)
    # A text that comes again says little new: it has its turn when all others had theirs.
    hits = hits.sort("group", "repeat", certain, "copies", -pl.col("chars").cast(pl.Int64), "key").with_columns(
        (number < pl.min_horizontal(pl.len().over("group"), count) // 2).alias("doubtful")
    )
    turn = pl.int_range(pl.len()).over("group", "repeat", "from")
    rest = hits.filter(~pl.col("doubtful")).sort("group", "repeat", "from", "key").with_columns(turn.alias("turn"))
    rest = rest.sort("group", "repeat", "turn", "key").filter(number < (count + 1) // 2).drop("turn")
    chosen = pl.concat([hits.filter("doubtful"), rest])
    first = chosen.sort("row").head(page_samples).select("row")
    return chosen.join(first, on="row", how="semi", maintain_order="left").select(
        "row", "language", "similarity", "weight", "points", "copies", "doubtful"
    )


def _number(hits: pl.DataFrame, names: tuple[str, ...], number: str) -> pl.DataFrame:
    """Number what some columns hold, in its order, nulls last."""
    numbered = hits.select(names).unique().sort(names, nulls_last=True).with_row_index(number)
    return hits.join(numbered, on=list(names), how="left", maintain_order="left", nulls_equal=True)


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
        rows = store.scan_rows(path).select("id", "text")
        found |= dict(rows.filter(pl.col("id").is_in(identities.implode())).collect().iter_rows())
    return found


def choose_windows(row: HitRow, lines: AsRead) -> list[Window]:
    """Say what is shown of a hit in a line: a stretch of its line, and of the nearest line with text on each side."""
    number = row["line"]
    if number is None:
        return []
    before = next((place for place in range(number - 1, max(number - 4, -1), -1) if lines[place].strip()), None)
    behind = next((place for place in range(number + 1, min(number + 4, len(lines))) if lines[place].strip()), None)
    start, end = max(0, row["start"] - CONTEXT_CHARS), row["end"] + CONTEXT_CHARS
    if row["end"] - row["start"] > SAMPLE_CHARS:
        end = row["start"] + SAMPLE_CHARS
    own = Window(number, start, end)
    beside = [None if place is None else Window(place, 0, CONTEXT_CHARS) for place in (before, behind)]
    return [window for window in (beside[0], own, beside[1]) if window]


def show_hit(
    row: HitRow, lines: AsRead, windows: Sequence[Window], near: Sequence[Sequence[HitRow]]
) -> tuple[ShownLine, ...]:
    """Cut a hit out of its document as read: what the windows show, with the hits `near` that reach into each.

    Of a hit on the whole document, the hit itself and the first line that shows what was done.
    """
    if row["line"] is None:
        pieces = [Piece(row["text"] or "", row["action"], row["rule"], row["replacement"] or "", own=True)]
        first = next(((place, line) for place, line in enumerate(lines) if _speaks(line, row)), None)
        beside = () if first is None else (ShownLine(first[0], cut_line(first[1], [], 0, CONTEXT_CHARS * 2)),)
        return (*((ShownLine(None, tuple(pieces)),) if row["text"] else ()), *beside)
    return tuple(
        ShownLine(
            window.line,
            cut_line(lines[window.line], hits, window.start, window.end, row if window.line == row["line"] else None),
        )
        for window, hits in zip(windows, near, strict=True)
    )


def _speaks(line: str, row: HitRow) -> bool:
    """Say whether a line shows what was done to the whole document: of a charset, one with other letters than ASCII's."""
    return bool(line.strip()) and not (row["text"] and row["action"] == "fix" and line.isascii())


def cut_line(line: str, hits: Iterable[HitRow], start: int, end: int, own: HitRow | None = None) -> tuple[Piece, ...]:
    """Cut `line[start:end]` where hits begin and end; what lies under a strip is the strip's, then the fix's."""
    end = min(end, len(line))
    hits = [hit for hit in hits if hit["start"] < end and start < hit["end"]]
    pieces = [Piece("…")] if start > 0 else []
    strips = segments.merge_spans((hit["start"], hit["end"]) for hit in hits if hit["action"] == "strip")
    fixes = [hit for hit in hits if hit["action"] == "fix" and not segments.lies_in(hit["start"], hit["end"], strips)]
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
