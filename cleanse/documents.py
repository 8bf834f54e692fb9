"""The document schema and ids: the one place that names columns."""

from __future__ import annotations

import polars as pl

from cleanse import quality
from cleanse.lang import LANGUAGES

# Columns of OUT, in this order; the input's other columns follow.
OUT = {
    "id": pl.String(),
    "source": pl.String(),
    "text": pl.String(),
    "language": pl.String(),
    "language_score": pl.Float32(),
    "spam_score": pl.Float32(),
    "flags": pl.List(pl.String()),
    "chars_in": pl.UInt32(),
    "chars_out": pl.UInt32(),
    "cluster_size": pl.UInt32(),
}
# What the stages add on their way, and no file holds, stands in their docstrings. One column is of use to all rules of lines:
# `code_lines` list[u32], the numbers of the lines of the text as read that are code or about code, in order; blank lines are
# never among them. The stage `code` adds it (cleanse/code.py), and empty lists where its rule was not selected.
# What the sources hand over, besides the input's other columns.
READ = {
    "id": pl.String(),
    "source": pl.String(),
    "text": pl.String(),
    "charset": pl.String(),
    "uncertain": pl.Boolean(),
    "mended": pl.String(),
}
HITS = {
    "id": pl.String(),
    "rule": pl.String(),
    "action": pl.String(),
    "line": pl.UInt32(),
    "start": pl.UInt32(),
    "end": pl.UInt32(),
    "text": pl.String(),
    "replacement": pl.String(),
}
BLOCKS = {
    "id": pl.String(),
    "rule": pl.String(),
    "line": pl.UInt32(),
    "last": pl.UInt32(),
    "stop": pl.String(),
}
SIGNALS = {
    "id": pl.String(),
    "rule": pl.String(),
    "line": pl.UInt32(),
    "start": pl.UInt32(),
    "end": pl.UInt32(),
    "weight": pl.Float32(),
    "evidence": pl.String(),
}
RULES = {
    "rule": pl.String(),
    "version": pl.String(),
    "language": pl.String(),
    "action": pl.String(),
    "documents": pl.UInt32(),
    "lines": pl.UInt32(),
    "characters": pl.UInt64(),
    "documents_alone": pl.UInt32(),
    "judged": pl.UInt32(),
    "precision": pl.Float64(),
    "precision_low": pl.Float64(),
    "precision_high": pl.Float64(),
}
DROPPED = {
    "id": pl.String(),
    "source": pl.String(),
    "reason": pl.String(),
    "kept_id": pl.String(),
    "similarity": pl.Float64(),
    "text": pl.String(),
}
MEASURES = {"id": pl.String(), "language": pl.String(), "languages": LANGUAGES, **quality.MEASURES}
QUARANTINE = {"source": pl.String(), "row": pl.UInt64(), "error": pl.String(), "bytes": pl.Binary()}
ORIGINALS = {"id": pl.String(), "bytes": pl.Binary()}

# Kinds of files: one document each, or rows.
DOCUMENT_SUFFIXES = (".txt", ".md", ".html", ".htm")
ROW_SUFFIXES = (".jsonl", ".ndjson", ".parquet", ".csv", ".tsv", ".arrow", ".feather", ".warc", ".wet")
WEB_SUFFIXES = (".html", ".htm", ".warc", ".wet")
UNPACKED_SUFFIXES = (".parquet", ".arrow", ".feather")  # these are packed inside
COMPRESSED_SUFFIXES = (".gz", ".zst")


def kind_of(name: str) -> str | None:
    """Give the kind of a file by its name: its suffix without the compression, or None where it is unknown.

    >>> kind_of("a/b.jsonl.gz"), kind_of("B.TXT"), kind_of("notes.doc"), kind_of("t.parquet.gz")
    ('.jsonl', '.txt', None, None)
    """
    lowered = name.lower()
    inner = lowered
    for suffix in COMPRESSED_SUFFIXES:
        inner = inner.removesuffix(suffix)
    for suffix in (*DOCUMENT_SUFFIXES, *ROW_SUFFIXES):
        if inner.endswith(suffix) and not (suffix in UNPACKED_SUFFIXES and inner != lowered):
            return suffix
    return None


def is_document_file(source: str) -> bool:
    """Say whether a source is a file of one document, so that its id is its path."""
    return kind_of(source) in DOCUMENT_SUFFIXES


def other_name(column: str) -> str:
    """Give the name that a column of the input bears in OUT: `input_<name>` where it is one of ours."""
    return f"input_{column}" if column in OUT else column
