"""Compare an output with a gold file: spans that must go, must be flagged, may go, and all else that must stay."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl

from cleanse import load_rules
from cleanse.encoding import charset

Span = tuple[int, int, int]


def read_gold(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def problems(record: dict, folder: Path, out: Path) -> list[str]:
    """Give what is wrong with one document of OUT, in words; `folder` holds the files that were read."""
    identity = record["file"]
    frame = pl.read_parquet(out).filter(pl.col("id") == identity)
    report = out.with_name(out.name.removesuffix(".parquet") + ".report")
    if frame.is_empty():
        frame = pl.read_parquet(report / "dropped.parquet").filter(pl.col("id") == identity)
    clean = frame["text"].item()
    hits = pl.read_parquet(report / "hits.parquet").filter(pl.col("id") == identity).to_dicts()
    lines = charset.decode((folder / identity).read_bytes(), load_rules()).text.split("\n")
    found = []
    strips = covered(hits, "strip")
    flags = covered([hit for hit in hits if hit["rule"].startswith("spam/")], "flag")
    spans = {kind: [s for s in record["spans"] if s["expect"] == kind] for kind in ("strip", "flag", "optional")}
    for span in spans["strip"]:
        missing = [c for c in places(span) if c not in strips and not lines[span["line"]][c[1]].isspace()]
        if missing:
            found.append(f"line {span['line']}: {span['kind']} stays: {span['text']!r}")
    unflagged = [span for span in spans["flag"] if any(c not in flags | strips for c in places(span))]
    found += [f"line {span['line']}: not flagged: {span['text']!r}" for span in unflagged]
    allowed = {c for kind in spans.values() for span in kind for c in places(span)}
    for line, column in sorted(strips - allowed):
        if not (lines[line][column].isspace() or lines[line][column] == "\ufeff"):
            found.append(f"line {line}: {lines[line][column]!r} at {column} went: {lines[line]!r}")
            break
    flagged = {line for line, _ in flags}
    wanted = {span["line"] for kind in ("flag", "optional") for span in spans[kind]}
    found += [f"line {line}: spam flag on {lines[line]!r}" for line in sorted(flagged - wanted)]
    fixes = covered(hits, "fix")
    rest = [
        c for n, line in enumerate(lines) for k, c in enumerate(line) if (n, k) not in strips | fixes | {(n, len(line))}
    ]
    visible = "".join(c for c in rest if not c.isspace())
    if not is_subsequence(visible, "".join(c for c in clean if not c.isspace())):
        found.append("a character that nothing took is gone")
    return found


def places(span: dict) -> list[tuple[int, int]]:
    return [(span["line"], column) for column in range(span["start"], span["end"])]


def covered(hits: list[dict], action: str) -> set[tuple[int, int]]:
    return {place for hit in hits if hit["action"] == action and hit["line"] is not None for place in places(hit)}


def is_subsequence(needle: str, haystack: str) -> bool:
    rest = iter(haystack)
    return all(character in rest for character in needle)
