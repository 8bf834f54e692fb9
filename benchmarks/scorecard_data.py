"""The labelled lines that a scorecard is fitted and measured on, as arrays. They stay outside the project.

A document is a page of `boilerplate_pages.jsonl`, `boilerplate_lines_zh.jsonl` or `boilerplate_segments.jsonl`, or a whole document of
`genres.py`, in which every line is content. A label is 1 (content), 0 (furniture) or -1 (not told).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import genres
import numpy as np
import polars as pl

from cleanse import load_rules, pipeline
from cleanse.matching import Lines
from cleanse.scorecards import Surroundings, count_hits

FILES = ("boilerplate_pages.jsonl", "boilerplate_lines_zh.jsonl", "boilerplate_segments.jsonl")
RAW, EXTRACTED, CONTENT, WRAPPED = "raw", "extracted", "content", "wrapped"  # kinds of documents
CODES = {"Chinese": "zh", "English": "en", "German": "de"}


@dataclass
class Labelled:
    """Documents (`set`, `kind`, `genre`, `language`) and their visible lines, a row each in arrays of the same length."""

    documents: pl.DataFrame
    doc: np.ndarray
    label: np.ndarray
    chars: np.ndarray
    struck: np.ndarray  # lines that the rules of today take
    texts: list[str]
    places: Surroundings
    digest: str


def read_documents(data: Path) -> list[dict[str, Any]]:
    """Give all documents: `id, set, kind, genre, language, lines, labels`."""
    found = []
    for row in _read(data / FILES[0]):
        kind = EXTRACTED if row["set"] == "web" else RAW
        found.append(_document(row["id"], row["set"], kind, row["lang"], row["lines"], row["labels"]))
    for row in _read(data / FILES[1]):
        lines, labels = [line["text"] for line in row["lines"]], [line["label"] for line in row["lines"]]
        found.append(_document(row["id"], "zh", RAW, "zh", lines, labels))
    for row in _read(data / FILES[2]):
        lines = row["text"].split("\n")
        found.append(_document(row["url"], "segments", RAW, row["lang"], lines, _label(lines, row)))
    for row in genres.load_genres(data):
        labels = [1] * len(row["lines"])
        found.append(_document(row["id"], "genres", CONTENT, row["language"], row["lines"], labels, genre=row["genre"]))
    return [*found, *_wrap(found)]


WRAPPINGS = 3  # pages whose furniture is put around each written document
LEAST_FURNITURE = 12  # lines of it that a page must have


def _wrap(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Put the furniture of real pages around whole documents of content, so that lists and poems also stand inside pages.

    The page is chosen by a digest, one of the same language where there is one; `from` names its set.
    """
    pages = []
    for row in found:
        marks = [number for number, label in enumerate(row["labels"]) if label == 1]
        if row["kind"] == RAW and row["set"] in ("news", "articles", "zh") and marks:
            first, last = marks[0], marks[-1] + 1
            if first + len(row["labels"]) - last >= LEAST_FURNITURE:
                pages.append((row, first, last))
    written = [row for row in found if row["kind"] == CONTENT and (genres.WRITTEN / f"{row['id']}.txt").exists()]
    wrapped = []
    for row in written:
        alike = [page for page in pages if page[0]["language"] == row["language"].split("-")[0]] or pages
        for turn in range(WRAPPINGS):
            key = hashlib.sha256(f"{row['id']} {turn}".encode()).digest()
            page, first, last = alike[int.from_bytes(key[:4], "big") % len(alike)]
            title = [line for line in page["lines"][first : first + 1] if turn == 2]
            lines = [*page["lines"][:first], *title, *row["lines"], *page["lines"][last:]]
            labels = [*page["labels"][:first], *[-1] * len(title), *[1] * len(row["lines"]), *page["labels"][last:]]
            one = _document(f"{row['id']} in {page['id']} {turn}", "wrapped", WRAPPED, page["language"], lines, labels)
            wrapped.append({**one, "genre": row["genre"], "from": page["set"]})
    return wrapped


def _read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def _document(
    name: str, group: str, kind: str, language: str, lines: list[str], labels: list[int], genre: str = ""
) -> dict[str, Any]:
    lines = [line.replace("\n", " ") for line in lines]
    language = CODES.get(language, language)
    return {
        "id": name,
        "from": "",
        "set": group,
        "kind": kind,
        "genre": genre,
        "language": language,
        "lines": lines,
        "labels": labels,
    }


def _label(lines: list[str], row: dict[str, Any]) -> list[int]:
    """Label lines by strings that must stay and strings that must go."""
    squeezed = [" ".join(line.replace("\u00ad", "").split()) for line in lines]
    stay = [" ".join(text.replace("\u00ad", "").split()) for text in row["with"]]
    go = [" ".join(text.replace("\u00ad", "").split()) for text in row["without"]]
    labels = []
    for line in squeezed:
        content = any(text and (text in line or (len(line) > 15 and line in text)) for text in stay)
        noise = any(text and (line == text or (len(line) > 15 and line in text)) for text in go)
        labels.append(1 if content else 0 if noise else -1)
    return labels


def load(data: Path, keep: int = 0) -> Labelled:
    """Read the documents and measure what the scorecards measure; `keep` takes every so-manieth document, 0 takes all."""
    rows = read_documents(data)
    rows = rows[::keep] if keep else rows
    state = hashlib.sha256()
    for row in rows:
        state.update(json.dumps([row["id"], row["set"], row["lines"], row["labels"]]).encode())
    documents = pl.DataFrame(
        {name: [row[name] for row in rows] for name in ("id", "set", "kind", "genre", "language", "from")}
    )
    texts = ["\n".join(row["lines"]) for row in rows]
    rules = load_rules()
    without = (
        rules.select(ignore=["boilerplate/furniture", "boilerplate/page"])
        if "boilerplate/furniture" in rules
        else rules.select()
    )
    prepared = pipeline.Prepared.of(without, rules)
    parts = []
    for first in range(0, len(texts), 2000):
        frame = pl.LazyFrame({"text": texts[first : first + 2000]}, schema={"text": pl.String})
        frame = pipeline.STAGES["language"](pipeline.STAGES["encoding"](frame, prepared), prepared)
        frame = (
            frame.select("text", "repaired", "language", "encoding_hits", "language_lines")
            .collect()
            .with_row_index("doc")
        )
        lines = Lines(frame["repaired"])
        found = prepared.lines.matcher.match(frame, lines).places
        acting = {rule.id for rule in without if rule.head.status == "stable"}
        hits, kinds = count_hits(found.filter(pl.col("rule").is_in(acting)), lines)
        strips = [rule.id for rule in without if rule.head.status == "stable" and rule.action == "strip"]
        struck, _ = count_hits(
            found.filter(pl.col("rule").is_in(strips) & (pl.col("whole") | (pl.col("start") == 0))), lines
        )
        labels = [label for row in rows[first : first + 2000] for label in row["labels"]]
        offsets = np.cumsum([0, *(len(row["labels"]) for row in rows[first : first + 2000])])
        own = np.array(labels)[offsets[lines.doc] + lines.line]
        parts.append(
            (
                lines.doc.astype(np.int64) + first,
                own,
                lines.chars.astype(np.int64),
                struck > 0,
                lines.take(np.arange(len(lines)))["text"].to_list(),
                Surroundings.of(lines, hits, kinds),
            )
        )
    doc, label, chars, struck = (np.concatenate([part[k] for part in parts]) for k in range(4))
    return Labelled(
        documents, doc, label, chars, struck, [text for part in parts for text in part[4]],
        Surroundings.join([part[5] for part in parts]), state.hexdigest()[:12],
    )  # fmt: skip
