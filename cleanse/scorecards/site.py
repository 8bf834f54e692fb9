"""What the other pages of a site hold: a light count of lines before the first pass, and what it says of each line.

1. `name_sites` says which documents are of one site: those whose addresses have the same host, or which lie in the same folder.
2. `digest_pages` reads documents; of a site it keeps the pages whose ids have the smallest hashes, at most `site_most` of them, so that
   neither the size of a site nor the way an input is cut up matters.
3. `count_lines` sets aside pages that are nearly the same as another one, and counts on how many of the others each line stands.
4. `share_lines` gives for each line of a batch the percent of the other pages that hold it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleanse import kernels
from cleanse.kernels import U64, Offsets
from cleanse.kernels import site as own
from cleanse.matching import Lines
from cleanse.rules import Rules, Scorecard

COLUMN = "site_lines"  # of a batch: what `share_lines` found
LONG_BYTES = 80  # of a line that tells one article from another
LISTS = pl.List(pl.UInt64)
PAGES: dict[str, pl.DataType | type[pl.DataType]] = {
    "site": pl.UInt64,
    "page": pl.UInt64,
    "lines": LISTS,
    "longs": LISTS,
}
COUNTS: dict[str, pl.DataType | type[pl.DataType]] = {
    "site": pl.UInt64,
    "pages": LISTS,
    "keys": LISTS,
    "counts": pl.List(pl.UInt32),
}
SHARE = pl.Struct({"line": pl.UInt32, "alone": pl.Int8, "beside": pl.Int8})
# Scheme, who logs in and the port say nothing of the site; the quotation mark is that of JSON.
HOST = r'^"?(?:[A-Za-z][A-Za-z0-9+.-]*:)?//(?:[^/?#@"]*@)?(?:www\.)?([^/?#:"]+)'


@dataclass(frozen=True)
class Limits:
    """How many pages of a site are counted at most and at least, and what is near enough: the numbers of a scorecard."""

    most: int
    least: int
    alike: int
    shared: int

    @staticmethod
    def of(rules: Rules) -> Limits | None:
        """Take them from the scorecard that asks what other pages hold; None where there is none."""
        for rule in rules:
            card: Scorecard | None = rule.head.scorecard
            if card is not None and card.site_pages:
                return Limits(card.site_most, card.site_pages, card.site_alike, card.site_shared)
        return None


def name_sites(documents: pl.DataFrame, address: str | None) -> pl.Series:
    """Name the site of each document; null where nothing tells it.

    Reads `id`, `source` and the column `address`. Without an address, documents that are files of their own are of their folder.
    """
    if address is not None and address in documents.columns:
        host = documents[address].cast(pl.String).str.extract(HOST, 1).str.to_lowercase()
        return ("//" + host).alias("site")
    folder = pl.col("source").str.extract(r"^(.*)/[^/]*$", 1).fill_null("")
    return documents.select(pl.when(pl.col("id") == pl.col("source")).then(folder).alias("site")).to_series()


def hash_names(names: pl.Series) -> U64:
    """Give a hash of each name; that of null is that of the empty name."""
    hashes: U64 = kernels.hash_texts(*kernels.buffers(names.fill_null("")))
    return hashes


def digest_pages(documents: pl.DataFrame, sites: pl.Series, limits: Limits) -> pl.DataFrame:
    """Give the pages of a batch that may be counted, with their lines: PAGES, sorted.

    Reads `id` and `text`.
    """
    named = documents.select("text", site=pl.Series(hash_names(sites)), page=pl.Series(hash_names(documents["id"])))
    chosen = _take_first(named.filter(sites.is_not_null()), limits)
    lines = Lines(chosen["text"])
    alone, beside = _digest(lines)
    long = lines.ends - lines.starts >= LONG_BYTES
    every = np.ones(len(lines), dtype=np.bool_)
    return chosen.select("site", "page").with_columns(
        _as_lists(*own.list_sets(alone, beside, lines.bounds, every)).alias("lines"),
        _as_lists(*own.list_sets(alone, beside[:0], lines.bounds, long)).alias("longs"),
    )


def _digest(lines: Lines) -> tuple[U64, U64]:
    alone: U64 = own.digest_lines(lines.data, lines.starts, lines.ends)
    beside: U64 = own.digest_rows(alone, lines.bounds)
    return alone, beside


def _as_lists(values: NDArray[np.generic], edges: Offsets) -> pl.Series:
    import pyarrow as pa

    lists = pa.LargeListArray.from_arrays(pa.array(edges, pa.int64()), pa.array(values))
    return pl.Series(pl.from_arrow(lists))


def _take_first(pages: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    """Keep of each site the pages with the smallest hashes, and each page once."""
    ordered = pages.sort("site", "page").unique(["site", "page"], keep="first", maintain_order=True)
    return ordered.filter(pl.int_range(pl.len()).over("site") < limits.most)


def join_pages(parts: list[pl.DataFrame], limits: Limits) -> pl.DataFrame:
    """Put pages of several batches together: those that may still be counted, PAGES, sorted."""
    return _take_first(pl.concat([pl.DataFrame(schema=PAGES), *parts]), limits)


def count_lines(pages: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    """Count on how many pages of each site a line stands: COUNTS, sorted by site, without lines that one page alone holds.

    Reads PAGES, sorted, all pages of a site together. A site with too few pages is left out.
    """
    if pages.is_empty():
        return pl.DataFrame(schema=COUNTS)
    names = pages["site"].to_numpy()
    firsts = np.flatnonzero(np.diff(names, prepend=names[0] + np.uint64(1)))
    bounds = np.append(firsts, len(names)).astype(np.int64)
    lines, longs = _flatten(pages["lines"]), _flatten(pages["longs"])
    alike = own.find_alike(bounds, *lines, *longs, limits.alike)
    keys, counts, starts = own.count_keys(bounds, *lines, alike)
    members = pages.filter(pl.Series(~alike)).group_by("site", maintain_order=True).agg(pl.col("page").alias("pages"))
    counted = members.with_columns(_as_lists(keys, starts).alias("keys"), _as_lists(counts, starts).alias("counts"))
    return counted.filter(pl.col("pages").list.len() > limits.least).cast(pl.Schema(COUNTS))


def _flatten(lists: pl.Series) -> tuple[NDArray[np.uint64], Offsets]:
    edges = np.concatenate([[0], np.cumsum(lists.list.len().to_numpy())]).astype(np.int64)
    return lists.explode(empty_as_null=False).to_numpy().astype(np.uint64), edges


def share_lines(documents: pl.DataFrame, sites: pl.Series, counts: pl.DataFrame, limits: Limits) -> pl.Series:
    """Say of each line with text which percent of the other pages of its site hold it: `site_lines` list[SHARE].

    Reads `id` and `text`; `counts` are the COUNTS of the sites. Null where nobody knows. `alone` is the percent of the pages that hold the line, `beside` of
    those that hold it right above or below the same line.
    """
    names, ids = hash_names(sites), hash_names(documents["id"])
    known = counts["site"].to_numpy()
    place = np.searchsorted(known, names)
    inside = place < len(known)
    inside[inside] = known[place[inside]] == names[inside]
    inside &= sites.is_not_null().to_numpy()
    empty = pl.Series(COLUMN, [None] * documents.height, dtype=pl.List(SHARE))
    if not inside.any():
        return empty
    keys, starts = _flatten(counts["keys"])
    pages = counts["pages"].list.len().to_numpy().astype(np.int64)
    members = np.zeros(documents.height, dtype=np.bool_)
    counted, edges = _flatten(counts["pages"])
    for row in np.flatnonzero(inside):
        one = place[row]
        members[row] = ids[row] in counted[edges[one] : edges[one + 1]]
    lines = Lines(documents["text"].zip_with(pl.Series(inside), pl.Series([""], dtype=pl.String)))
    shares = own.find_shares(
        *_digest(lines), lines.bounds, np.where(inside, place, -1).astype(np.int64), members, pages, starts, keys,
        counts["counts"].explode(empty_as_null=False).to_numpy(), limits.least, limits.shared,
    )  # fmt: skip
    told = shares[:, 0] >= 0
    found = pl.DataFrame(
        {"row": lines.doc[told], "line": lines.line[told], "alone": shares[told, 0], "beside": shares[told, 1]}
    )
    grouped = (
        found.select("row", pl.struct("line", "alone", "beside").cast(SHARE).alias(COLUMN))
        .group_by("row", maintain_order=True)
        .agg(COLUMN)
    )
    rows = pl.DataFrame({"row": np.arange(documents.height, dtype=np.uint32)})
    return rows.join(grouped, on="row", how="left", maintain_order="left")[COLUMN]


def place_shares(shares: pl.DataFrame, lines: Lines) -> NDArray[np.int8]:
    """Put what `share_lines` said beside the lines of a batch: int8 (lines, 2), -1 where nobody knows.

    Reads `doc` and `site_lines`.
    """
    out = np.full((len(lines), 2), own.UNKNOWN, dtype=np.int8)
    told = shares.select("doc", COLUMN).filter(pl.col(COLUMN).is_not_null()).explode(COLUMN).unnest(COLUMN)
    rows, there = lines.find_rows(told)
    if there.any():
        out[rows[there]] = told.select("alone", "beside").to_numpy()[there]
    return out
