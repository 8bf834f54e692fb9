"""Say in which languages a document is written.

The script decides where it can (Korean, Thai, Greek ...). Elsewhere a few lines of running text, spread over the document, are
shown to detectors (`language/`): two fast ones, and lid.176 and words where these are not sure. Where the lines differ, all
lines are judged, and the document has more than one language.
"""

from __future__ import annotations

import functools
from collections.abc import Collection

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleanse import kernels, segments
from cleanse.hits import HIT_SCHEMA, HITS, attach_hits, make_hits
from cleanse.language import SCRIPTS, TOTAL, judge_scripts, load_model, scan
from cleanse.rules import Rules

RULE = "language/undetermined"
NOT_WANTED = "language/not-wanted"
COLUMN = "language_hits"
UNKNOWN = "und"
LANGUAGES = pl.List(pl.Struct({"language": pl.String(), "share": pl.Float32()}))
LINES = pl.List(pl.Struct({"line": pl.UInt32(), "language": pl.String()}))


def predict(sample: str) -> tuple[str, float]:
    """Give language tag and probability of one text.

    >>> predict("Die Fähre blieb am Montag stehen, weil der Motor aufgab.")[0]
    'de'
    """
    found = identify_texts(pl.Series([sample]))
    return found["language"].item(), found["language_score"].item()


def identify_language(documents: pl.LazyFrame, rules: Rules, *, keep: Collection[str] = ()) -> pl.LazyFrame:
    """Identify the languages of each document.

    Reads: `repaired`. Adds: `language` str (BCP 47, `und` where unknown); `language_score` f32, the probability that it is right,
    or the share of the deciding script among the letters; `languages` list[struct], the share of each language in the letters,
    the largest first; `language_lines` list[struct], lines in another language than the document; `language_hits` list[HIT],
    one for each document in `und`, and one for each in a language that is not in `keep`, where that is not empty; both only where
    their rule is among `rules`.
    Numbers stand in `rules/language/model/`.
    """
    adds = {
        "language": pl.String(), "language_score": pl.Float32(), "languages": LANGUAGES, "language_lines": LINES,
        COLUMN: HITS,
    }  # fmt: skip

    def identify(frame: pl.DataFrame) -> pl.DataFrame:
        found = identify_texts(frame["repaired"].fill_null(""))
        tagged = frame.hstack(found)
        unwanted = [name for name in sorted(found["language"].unique()) if not is_wanted(name, keep)]
        hit = {
            RULE: pl.col("language").str.starts_with(UNKNOWN),
            NOT_WANTED: pl.col("language").is_in(unwanted),
        }
        places = [
            tagged.filter(condition).select("doc", rule=pl.lit(rule))
            for rule, condition in hit.items()
            if rule in rules
        ]
        hits = [make_hits(own, rules) for own in places]
        return attach_hits(tagged, pl.concat([pl.DataFrame(schema=HIT_SCHEMA), *hits]), COLUMN)

    return segments.as_stage(documents, identify, adds)


def is_wanted(language: str, keep: Collection[str]) -> bool:
    """Say whether a language is one of those to keep; `zh` keeps zh-Hant and yue too, and an empty list keeps all.

    >>> is_wanted("zh-Hant", ["hi", "zh"]), is_wanted("en", ["hi"]), is_wanted("en", [])
    (True, False, True)
    """
    return not keep or any(speaks(own, language) for own in keep)


def speaks(own: str, language: str) -> bool:
    """Say whether words of the language `own` belong to texts in `language`: the same, a variety of it, or Cantonese for zh."""
    return language == own or language.startswith(f"{own}-") or own in _members().get(language, ())


def rule_language(own: str | None, language: str) -> bool:
    """Say whether a rule in the language `own` (None: in all) looks at texts in `language`; at `und` all rules do."""
    return own is None or language == UNKNOWN or language.startswith(f"{UNKNOWN}-") or speaks(own, language)


@functools.cache
def _members() -> dict[str, tuple[str, ...]]:
    return {language: tuple(own) for language, own in load_model().scripts["members"].items()}


def identify_texts(texts: pl.Series) -> pl.DataFrame:
    """Give `language`, `language_score`, `languages` and `language_lines` of each text; the texts have no nulls."""
    model = load_model()
    data, offsets = kernels.buffers(texts)
    scanned = scan(data, offsets, _weights(), model.parameters)
    parts, lines = judge_scripts(model, data, scanned)
    several = pl.Series(np.diff(scanned.bounds) > 1)
    shares = (
        parts.with_columns(score=pl.col("score").fill_nan(pl.col("letters") / pl.Series(scanned.heads[:, TOTAL]).gather(parts["doc"])))
        .group_by("doc", "language", maintain_order=True)
        .agg(pl.sum("letters"), pl.first("score"))
        .sort("doc", "letters", "language", descending=[False, True, False])
        .with_columns(share=(pl.col("letters") / pl.sum("letters").over("doc")).cast(pl.Float32))
    )  # fmt: skip
    least = (
        pl.when(several.gather(shares["doc"]))
        .then(model.parameters["min_page_score"])
        .otherwise(model.parameters["min_score"])
    )
    shares = shares.with_columns(known=(pl.first("score").over("doc") >= least))
    shares = shares.filter(pl.col("known") | pl.col("doc").is_first_distinct()).with_columns(
        language=pl.when("known").then("language").otherwise(pl.lit(UNKNOWN)),
        share=pl.when("known").then("share").otherwise(pl.lit(1, pl.Float32)),
    )
    first = shares.unique("doc", keep="first", maintain_order=True)
    others = lines.join(first.select("doc", own="language"), on="doc", how="left", maintain_order="left")
    others = others.filter((pl.col("own") != UNKNOWN) & (pl.col("language") != pl.col("own"))).sort("doc", "line")
    return (
        pl.DataFrame({"doc": np.arange(len(texts))})
        .join(first.select("doc", "language", "score"), on="doc", how="left", maintain_order="left")
        .select(
            "doc", pl.col("language").fill_null(UNKNOWN), pl.col("score").fill_null(0).cast(pl.Float32).alias("language_score")
        )
        .pipe(_add_lists, "languages", shares, ("language", "share"))
        .pipe(_add_lists, "language_lines", others, ("line", "language"))
        .drop("doc")
    )  # fmt: skip


def _add_lists(documents: pl.DataFrame, name: str, rows: pl.DataFrame, fields: tuple[str, str]) -> pl.DataFrame:
    """Add a column of lists of structs, made of the rows of each document."""
    lists = rows.group_by("doc", maintain_order=True).agg(pl.struct(fields).alias(name))
    kind = LANGUAGES if name == "languages" else LINES
    joined = documents.join(lists, on="doc", how="left", maintain_order="left")
    return joined.with_columns(pl.col(name).cast(kind).fill_null(pl.lit([], dtype=kind)))


@functools.cache
def _weights() -> NDArray[np.int64]:
    """Give for how many letters a letter of each script counts."""
    own = load_model().scripts["weights"]
    return np.array([1, *(own.get(name, 1) for name in SCRIPTS)], dtype=np.int64)


def line_languages(documents: pl.DataFrame) -> pl.DataFrame:
    """Give `doc`, `line` and `language` of the lines that are not in the language of their document.

    Reads: `doc`, and `language_lines` where there is one.
    """
    if "language_lines" not in documents.columns:
        return pl.DataFrame(schema={"doc": pl.UInt32, "line": pl.UInt32, "language": pl.String})
    some = documents.filter(pl.col("language_lines").list.len() > 0).select("doc", "language_lines")
    return some.explode("language_lines").unnest("language_lines")
