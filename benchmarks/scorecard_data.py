"""The labelled lines that a scorecard is fitted and measured on, as arrays. They stay outside the project.

A document is a page of `boilerplate_pages.jsonl`, `boilerplate_lines_zh.jsonl` or `boilerplate_segments.jsonl`, or a whole document of
`genres.py`, in which every line is content. A label is 1 (content), 0 (furniture) or -1 (not told). From these, pages are made that the
data lack: lists and poems inside the furniture of a page (`wrapped`) and in the middle of an article (`inserted`), and sentences
that links broke over lines (`broken`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
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
RAW, EXTRACTED, CONTENT, WRAPPED, TRIMMED = "raw", "extracted", "content", "wrapped", "trimmed"  # kinds of documents
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


def read_documents(data: Path, further: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Give all documents: `id, set, kind, genre, language, lines, labels`.

    `further` names more labelled pages as `FILE#SET`: one set of a file that is made like FILES[0].
    """
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
    for path, _, name in (one.rpartition("#") for one in further):
        for row in _read(Path(path)):
            if row["set"] == name and 1 in row["labels"]:
                labels = _doubt_paragraphs(row["lines"], row["labels"])
                found.append(_document(f"{name}/{row['id']}", name, RAW, row["lang"], row["lines"], labels))
    for row in genres.load_genres(data):
        labels = [1] * len(row["lines"])
        found.append(_document(row["id"], "genres", CONTENT, row["language"], row["lines"], labels, genre=row["genre"]))
    return [*found, *_wrap(found), *_insert(found), *_break(found)]


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


INSERTIONS = 3  # articles into which each written document is put; in all but the first, lists have bullets
BULLETED_RUN = 3  # short lines in a row that are a list
BULLETED = 70  # characters of a line of a list at most
MOST_INSERTED = 30  # lines of it
PARAGRAPH = 80  # characters of a paragraph, fewer where words have no spaces
BROKEN_PART = 3  # of the pages, one in so many is broken


def _is_full(line: str) -> bool:
    return len(line) >= PARAGRAPH or (len(line) >= PARAGRAPH // 2 and line.count(" ") * 12 < len(line))


def _draw(*parts: object) -> int:
    """Give a number that is the same on every machine."""
    return int.from_bytes(hashlib.sha256(" ".join(map(str, parts)).encode()).digest()[:6], "big")


def _insert(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Put written documents between two paragraphs of an article, as lists, tables and verses stand in it."""
    pages = []
    for row in found:
        marked = zip(row["lines"], row["labels"], strict=True)
        full = [number for number, (line, label) in enumerate(marked) if label == 1 and _is_full(line)]
        if row["kind"] == RAW and row["set"] in ("news", "articles", "zh") and len(full) >= 4:
            pages.append((row, full))
    written = [row for row in found if row["kind"] == CONTENT and (genres.WRITTEN / f"{row['id']}.txt").exists()]
    made = []
    for row in written:
        alike = [page for page in pages if page[0]["language"] == row["language"].split("-")[0]] or pages
        for turn in range(INSERTIONS):
            page, full = alike[_draw(row["id"], "inserted", turn) % len(alike)]
            place = full[1 + _draw(row["id"], "place", turn) % (len(full) - 2)] + 1
            own = row["lines"][:MOST_INSERTED]
            lines = [*page["lines"][:place], *own, *page["lines"][place:]]
            labels = [*page["labels"][:place], *[1] * len(own), *page["labels"][place:]]
            lines = _add_bullets(lines, "*-•"[_draw(row["id"], "bullet") % 3]) if turn else lines
            one = _document(
                f"{row['id']} in {page['id']} {turn} inserted", "inserted", WRAPPED, page["language"], lines, labels
            )
            made.append({**one, "genre": row["genre"], "from": page["set"]})
    return made


def _add_bullets(lines: list[str], bullet: str) -> list[str]:
    """Write each row of short lines as extractors write lists, menus and lists of the article alike."""
    short = [0 < len(line.strip()) < BULLETED and line.strip()[-1] not in ".!?:。！？" for line in lines]
    out = list(lines)
    begin = 0
    for number in range(len(lines) + 1):
        if number < len(lines) and short[number]:
            continue
        # What stands over a list is its heading.
        if number - begin > BULLETED_RUN:
            out[begin + 1 : number] = [f"{bullet} {line.strip()}" for line in lines[begin + 1 : number]]
        begin = number + 1
    return out


def _break(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Break sentences of pages over lines, as extractors do at the links inside them; the pieces keep the label."""
    made = []
    for row in found:
        if row["kind"] != RAW or row["set"] not in ("news", "articles", "zh") or _draw(row["id"]) % BROKEN_PART:
            continue
        lines, labels = [], []
        spaced = _draw(row["id"], "spaces") % 2 == 0
        for number, (line, label) in enumerate(zip(row["lines"], row["labels"], strict=True)):
            pieces = _cut(line, row["id"], number) if _is_full(line) else [line]
            lines += pieces if spaced else [piece.strip() for piece in pieces]
            labels += [label] * len(pieces)
        one = _document(f"{row['id']} in broken", "broken", WRAPPED, row["language"], lines, labels)
        made.append({**one, "from": row["set"]})
    return made


def _cut(line: str, name: str, number: int) -> list[str]:
    """Cut up to three links out of a sentence: one to three words each, rather names than others."""
    words = line.split(" ") if line.count(" ") * 12 >= len(line) else list(line)
    glue = " " if len(words) < len(line) else ""
    links = _draw(name, number) % 4
    pieces, begin = [], 0
    for turn in range(links):
        first = begin + 2 + _draw(name, number, turn, "first") % max(1, len(words) // (links + 1))
        capital = [k for k in range(first, min(first + 8, len(words))) if words[k][:1].isupper()]
        first = capital[0] if capital else first
        last = first + 1 + _draw(name, number, turn, "last") % (3 if glue else 6)
        if last + 2 > len(words):
            break
        link = glue.join(words[first:last])
        rest = link.rstrip(".,;:!?)")
        words[last] = link[len(rest) :] + (glue or "") + words[last] if len(rest) < len(link) else words[last]
        pieces += [glue.join(words[begin:first]) + glue, rest]
        begin = last
    if begin == 0:
        return [line]
    tail = glue.join(words[begin:])
    return [piece for piece in [*pieces, tail if tail[:1] in ".,;:!?)" else glue + tail] if piece.strip()]


DOUBTED = 3  # lines on each side of a paragraph


def _doubt_paragraphs(lines: list[str], labels: list[int]) -> list[int]:
    """Take labels of furniture away from paragraphs and the lines near them: who wanted the recipe called its story furniture."""
    full = [number for number, line in enumerate(lines) if labels[number] == 0 and _is_full(line)]
    near = {other for number in full for other in range(number - DOUBTED, number + DOUBTED + 1)}
    return [-1 if label == 0 and number in near else label for number, label in enumerate(labels)]


def _read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").split("\n") if line.strip()]


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


def load(data: Path, keep: int = 0, further: Sequence[str] = ()) -> Labelled:
    """Read the documents and measure what the scorecards measure; `keep` takes every so-manieth document, 0 takes all."""
    rows = read_documents(data, further)
    return measure(rows[::keep] if keep else rows)


TRIMMED_SETS = ("news", "articles", "zh", "recipes", "wrapped", "inserted", "broken")
MOST_HEAD, MOST_TAIL, INNER_PERCENT = (
    3,
    15,
    40,
)  # lines of furniture that an extractor leaves above and below the text, and percent of those inside


def read_extracted(path: Path) -> list[dict[str, Any]]:
    """Give more labelled texts that tools took out of pages, made like FILES[0]; `from` is the tool.

    Whole pages (`how` ends with `_all`) and texts without content are left out.
    """
    found = []
    for row in _read(path):
        how = row.get("how", "")
        if 1 in row["labels"] and not how.endswith("_all"):
            name = f"{row['set']}/{row['id']}/{how}"
            one = _document(name, row["set"], EXTRACTED, row["lang"], row["lines"], row["labels"])
            found.append({**one, "from": how})
    return found


def trim(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Make extracted texts of pages: the text with a few lines of furniture around it, as extractors leave them."""
    made = []
    for row in found:
        marks = [number for number, label in enumerate(row["labels"]) if label == 1]
        if row["set"] not in TRIMMED_SETS or len(marks) < 5:
            continue
        first = marks[0] - _draw(row["id"], "head") % (MOST_HEAD + 1)
        last = marks[-1] + 2 + _draw(row["id"], "tail") % (MOST_TAIL - 1)
        kept = [
            number
            for number in range(max(0, first), min(len(row["lines"]), last + 1))
            if row["labels"][number] != 0
            or not marks[0] < number < marks[-1]
            or _draw(row["id"], "inner", number) % 100 < INNER_PERCENT
        ]
        lines, labels = [row["lines"][number] for number in kept], [row["labels"][number] for number in kept]
        made.append(
            {**row, "id": f"{row['id']} trimmed", "kind": TRIMMED, "from": row["set"], "lines": lines, "labels": labels}
        )
    return made


def measure(rows: list[dict[str, Any]]) -> Labelled:
    """Measure what the scorecards measure of some documents."""
    state = hashlib.sha256()
    for row in rows:
        state.update(json.dumps([row["id"], row["set"], row["lines"], row["labels"]]).encode())
    documents = pl.DataFrame(
        {name: [row[name] for row in rows] for name in ("id", "set", "kind", "genre", "language", "from")}
    )
    texts = ["\n".join(row["lines"]) for row in rows]
    rules = load_rules()
    cards = [rule.id for rule in rules if rule.head.scorecard and rule.family == "boilerplate"]
    without = rules.select(ignore=cards)
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
        matched = prepared.lines.matcher.match(frame, lines)
        found = matched.places
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
                Surroundings.of(lines, hits, kinds, words=matched.words),
            )
        )
    doc, label, chars, struck = (np.concatenate([part[k] for part in parts]) for k in range(4))
    return Labelled(
        documents, doc, label, chars, struck, [text for part in parts for text in part[4]],
        Surroundings.join([part[5] for part in parts]), state.hexdigest()[:12],
    )  # fmt: skip
