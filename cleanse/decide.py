"""From evidence to outcome: the clean text, the flags, and what becomes of each document.

This is the only module that changes text or takes a document out. Everything before it adds columns.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleanse import kernels, segments
from cleanse.hits import HITS, attach_hits, explode_hits, make_hits
from cleanse.lang import speaks
from cleanse.rules import Rules
from cleanse.segments import Piece

EVIDENCE = ("encoding_hits", "language_hits", "boilerplate_hits", "spam_hits")
EDITS = {
    "clean": pl.String(),
    "removed": pl.UInt32(),
    "changed": pl.UInt32(),
    "replaced": pl.UInt32(),
    "gone": pl.List(pl.UInt32()),
    "flags": pl.List(pl.String()),
}


def edit_text(documents: pl.LazyFrame) -> pl.LazyFrame:
    """Apply the fixes and take out the union of the strips.

    Reads: `text`, `repaired` and the columns of EVIDENCE. Adds: `clean` str, the text that stays; `removed`, `changed` u32,
    characters as read under a strip (with the breaks of lines that went whole), or under a fix and no strip;
    `replaced` u32, characters that fixes put there; `gone` list[u32], lines that went with their line break; `flags`
    list[str], sorted ids of the rules that flagged the document or a part of it that is still there.
    """

    def edit(frame: pl.DataFrame) -> pl.DataFrame:
        hits = explode_hits(frame, *EVIDENCE).filter("acts")
        strips = hits.filter(pl.col("action") == "strip")
        edited = frame.join(_apply_strips(frame, strips), on="doc", how="left", maintain_order="left")
        edited = edited.join(_count_fixes(frame, hits), on="doc", how="left", maintain_order="left")
        return (
            edited.with_columns(
                pl.coalesce("stripped_text", "repaired").alias("clean"),
                pl.col("removed").fill_null(0),
                (pl.col("fixed").fill_null(0) - pl.col("unfixed").fill_null(0)).cast(pl.UInt32).alias("changed"),
                (pl.col("put").fill_null(0) - pl.col("unput").fill_null(0)).cast(pl.UInt32).alias("replaced"),
                pl.col("gone").fill_null(pl.lit([], dtype=pl.List(pl.UInt32))),
            )
            .join(_flags(hits, strips), on="doc", how="left", maintain_order="left")
            .with_columns(pl.col("flags").fill_null(pl.lit([], dtype=pl.List(pl.String))))
        )

    return segments.as_stage(documents, edit, EDITS)


def _count_fixes(frame: pl.DataFrame, hits: pl.DataFrame) -> pl.DataFrame:
    """Give `fixed` and `put` a document: characters as read under fixes, and characters put in their place."""
    fixes = hits.filter((pl.col("action") == "fix") & pl.col("line").is_not_null())
    lines = fixes.group_by("doc").agg(
        (pl.col("end") - pl.col("start")).sum().alias("in_lines"),
        pl.col("replacement").str.len_chars().sum().alias("put"),
    )
    ends = _documents_with_line_ends(hits)
    returns = frame.join(ends, on="doc", how="semi").select(
        "doc", pl.col("text").str.count_matches("\r\n", literal=True).alias("returns")
    )
    joined = lines.join(returns, on="doc", how="full", coalesce=True)
    total = pl.col("in_lines").fill_null(0) + pl.col("returns").fill_null(0)
    return joined.select("doc", total.cast(pl.Int64).alias("fixed"), pl.col("put").fill_null(0).cast(pl.Int64))


def _documents_with_line_ends(hits: pl.DataFrame) -> pl.DataFrame:
    """Give the documents all of whose line ends were changed, which is one hit without a line."""
    return hits.filter((pl.col("rule") == "encoding/line-ends") & pl.col("line").is_null()).select("doc")


def _apply_strips(frame: pl.DataFrame, strips: pl.DataFrame) -> pl.DataFrame:
    """Give `stripped_text, removed, gone, unfixed, unput` of the documents that have strips.

    `unfixed` and `unput` are the characters of fixes that went with a strip. Only lines with strips are cut out.
    """
    affected = frame.select("doc", "text", "repaired", "encoding_hits").join(
        strips.select("doc").unique(), on="doc", how="semi", maintain_order="left"
    )
    spans = (
        strips.filter(pl.col("line").is_not_null())
        .sort("doc", "line", "start")
        .group_by("doc", "line", maintain_order=True)
        .agg("start", "end")
    )
    places = np.searchsorted(affected["doc"].to_numpy(), spans["doc"].to_numpy()).astype(np.int64)
    numbers = spans["line"].to_numpy().astype(np.int64)
    data, offsets = kernels.buffers(affected["repaired"].fill_null(""))
    begins, stops, last = segments.find_lines(data, offsets, places, numbers)
    lines = spans.with_columns(
        pl.Series("place", places), pl.Series("begin", begins), pl.Series("stop", stops), pl.Series("last", last),
        _cut_lines(affected["text"].fill_null(""), places, numbers),
    ).with_columns(pl.col("as_read").str.len_chars().cast(pl.UInt32).alias("length"))  # fmt: skip
    done = _strip_lines(lines, segments.line_fixes(affected))
    crlf = _documents_with_line_ends(explode_hits(affected, "encoding_hits").filter("acts"))
    lines = (
        lines.select("doc", "line", "place", "begin", "stop", "last")
        .join(done, on=["doc", "line"], how="left", maintain_order="left")
        .join(crlf.with_columns(crlf=pl.lit(value=True)), on="doc", how="left", maintain_order="left")
        .with_columns(pl.col("crlf").fill_null(value=False))
        .with_columns(
            # The return of a Windows line end is not part of the line that stays behind a partial strip.
            pl.when(pl.col("crlf") & ~pl.col("last"))
            .then(pl.col("rest").str.strip_suffix("\r"))
            .otherwise("rest")
            .alias("rest"),
            (pl.col("whole") & ~pl.col("last")).alias("goes"),
        )
    )
    # A line that goes takes its line break along.
    ends = lines["stop"].to_numpy() + lines["goes"].to_numpy()
    rests = kernels.buffers(lines["rest"])
    stripped = kernels.splice_bytes(data, offsets, lines["place"].to_numpy(), lines["begin"].to_numpy(), ends, *rests)
    summed = lines.group_by("doc", maintain_order=True).agg(
        (pl.col("cut").sum() + pl.col("goes").sum()).cast(pl.UInt32).alias("removed"),
        pl.col("line").filter("goes").alias("gone"),
        (pl.col("unfixed").sum() + (pl.col("goes") & pl.col("crlf")).sum()).alias("unfixed"),
        pl.col("unput").sum(),
    )
    texts = affected.select("doc", kernels.as_texts(*stripped).alias("stripped_text"))
    return texts.join(summed, on="doc", how="left", maintain_order="left")


def _cut_lines(texts: pl.Series, places: NDArray[np.int64], numbers: NDArray[np.int64]) -> pl.Series:
    """Cut out some lines of texts, given by the places of the texts and their own numbers, as `as_read`."""
    data, offsets = kernels.buffers(texts)
    begins, stops, _ = segments.find_lines(data, offsets, places, numbers)
    return kernels.as_texts(*kernels.gather_bytes(data, begins, stops)).alias("as_read")


def _strip_lines(touched: pl.DataFrame, fixes: pl.DataFrame) -> pl.DataFrame:
    """Give `doc, line, rest, cut, whole, unfixed, unput` of the lines that have strips.

    Reads `doc, line, as_read, length, start, end` (lists of strips). Most lines go whole and hold no fix, and need no Python.
    """
    whole = (pl.col("start").list.first() == 0) & (pl.col("end").list.first() == pl.col("length"))
    mended = touched.join(fixes.select("doc", "line").unique(), on=["doc", "line"], how="semi", maintain_order="left")
    unmended = touched.join(fixes.select("doc", "line"), on=["doc", "line"], how="anti", maintain_order="left")
    easy = unmended.filter(whole).select(
        "doc", "line", rest=pl.lit(""), cut=pl.col("length").cast(pl.Int64), whole=pl.lit(value=True),
        unfixed=pl.lit(0, pl.Int64), unput=pl.lit(0, pl.Int64),
    )  # fmt: skip
    hard = pl.concat([mended, unmended.filter(~whole)])
    edits: dict[tuple[int, int], list[Piece]] = {}
    for doc, line, start, end, text, rule in fixes.sort("doc", "line", "start").iter_rows():
        edits.setdefault((doc, line), []).append(Piece(start, end, text or "", rule))
    outcomes = [
        (doc, line, *_strip_line(text, list(zip(starts, ends, strict=True)), edits.get((doc, line), [])))
        for doc, line, text, starts, ends in hard.select("doc", "line", "as_read", "start", "end").iter_rows()
    ]
    return pl.concat([easy, pl.DataFrame(outcomes, schema=easy.schema, orient="row")])


def _strip_line(line: str, spans: list[tuple[int, int]], fixes: list[Piece]) -> tuple[str, int, bool, int, int]:
    """Give what stays of a line, how many characters went, whether all did, and what went of its fixes."""
    union = segments.merge_spans(spans)
    cut = sum(end - start for start, end in union)
    if not fixes:
        bounds = zip([0, *(end for _, end in union)], [*(start for start, _ in union), len(line)], strict=True)
        return "".join([line[start:end] for start, end in bounds]), cut, cut == len(line), 0, 0
    under = [segments.lies_in(fix.start, fix.end, union) for fix in fixes]
    kept = [fix for fix, gone in zip(fixes, under, strict=True) if not gone]
    lost = [fix for fix, gone in zip(fixes, under, strict=True) if gone]
    edits = sorted([*kept, *(Piece(start, end, "", "") for start, end in union)])
    rest = segments.join_pieces(line, segments.cut_line(len(line), edits))
    put = sum(len(fix.replacement or "") for fix in lost)
    return rest, cut, cut == len(line), sum(fix.end - fix.start for fix in lost), put


def _flags(hits: pl.DataFrame, strips: pl.DataFrame) -> pl.DataFrame:
    """Give the sorted ids of the rules that flagged what is still there."""
    flags = hits.filter(pl.col("action") == "flag").select("doc", "rule", "line", "start", "end")
    stays = flags.filter(~segments.find_covered(flags, strips))
    return stays.group_by("doc", maintain_order=True).agg(pl.col("rule").unique().sort().alias("flags"))


def decide_documents(documents: pl.LazyFrame, rules: Rules) -> pl.LazyFrame:
    """Say which rule drops a document, by its measures.

    Reads: `language`, `spam_score` and the columns of `quality.MEASURES`. Adds: `reason` str, the first rule (by id, those of spam first) that drops it, or null;
    `quality_hits` list[HIT], a row for each document rule that hit.
    """
    family = [rule for rule in rules if rule.head.measure]

    def decide(frame: pl.DataFrame) -> pl.DataFrame:
        # Only what rules ask: texts are not copied for each rule.
        asked = sorted({rule.head.measure.column for rule in family if rule.head.measure})
        numbers = frame.select("doc", "language", *asked)
        found = [pl.DataFrame(schema={"doc": pl.UInt32, "rule": pl.String})]
        for rule in family:
            measure = rule.head.measure
            assert measure is not None
            value, outside = pl.col(measure.column), pl.lit(value=False)
            if measure.min is not None:
                outside = outside | (value < measure.min)
            if measure.max is not None:
                outside = outside | (value > measure.max)
            if measure.not_in:
                left = [
                    name
                    for name in numbers["language"].drop_nulls().unique()
                    if any(speaks(own, name) for own in measure.not_in)
                ]
                outside = outside & ~pl.col("language").is_in(left)
            found.append(numbers.filter(outside).select("doc", rule=pl.lit(rule.id)))
        hits = make_hits(pl.concat(found), family, frame)
        unwanted = explode_hits(frame, "language_hits") if "language_hits" in frame.columns else hits
        drops = pl.concat([hits, unwanted.select(hits.columns)]).filter((pl.col("action") == "drop") & pl.col("acts"))
        # A page that was nothing but spam is dropped as spam, though nothing of it may be left.
        spam = pl.col("rule").str.starts_with("spam/")
        reasons = (
            drops.sort("doc", ~spam, "rule")
            .group_by("doc", maintain_order=True)
            .agg(pl.col("rule").first().alias("reason"))
        )
        marked = frame.join(reasons, on="doc", how="left", maintain_order="left")
        return attach_hits(marked, hits, "quality_hits")

    return segments.as_stage(documents, decide, {"reason": pl.String(), "quality_hits": HITS})
