"""Read one shard, file by file, into batches of documents. What cannot be read goes to quarantine, with a reason."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterator

import polars as pl

from cleanse.documents import DOCUMENT_SUFFIXES
from cleanse.encoding import charset
from cleanse.errors import InputError
from cleanse.files.addresses import open_bytes
from cleanse.files.batches import BATCH_ROWS, Batch, Columns, Rows
from cleanse.files.json_lines import read_jsonl
from cleanse.files.separated import read_csv
from cleanse.files.sources import Shard, Span
from cleanse.files.streams import BROKEN_STREAM, is_compressed, open_file, reason
from cleanse.files.tables import read_arrow, read_parquet
from cleanse.files.web import read_archive, read_page
from cleanse.rules import Rules


def read_shard(shard: Shard, columns: Columns, rules: Rules) -> Iterator[Batch]:
    """Read a shard in batches of at most about BATCH_BYTES or BATCH_ROWS.

    Each batch holds documents of one kind of file: `documents` has the columns of READ, and the other columns of the input
    behind the prefix OTHER or JSON_OTHER.

    Raises:
        InputError: a file of rows has no text column.
    """
    if shard.limit is None:
        yield from _read_spans(shard, columns, rules, Rows())
        return
    left, rows = shard.limit, Rows(most=min(BATCH_ROWS, shard.limit))
    reading = _read_spans(shard, columns, rules, rows)
    for batch in reading:
        documents = batch.documents.head(left)
        quarantine = batch.quarantine.head(left - documents.height)
        whole = documents.height == batch.documents.height
        originals = batch.originals if whole else batch.originals.filter(pl.col("id").is_in(documents["id"].implode()))
        yield Batch(documents, quarantine, originals, batch.kinds)
        left -= documents.height + quarantine.height
        if left <= 0:
            reading.close()
            return
        rows.most = min(BATCH_ROWS, left)


def _read_spans(shard: Shard, columns: Columns, rules: Rules, rows: Rows) -> Generator[Batch]:
    kind = None
    for span in shard.spans:
        family = span.file.kind if span.file.kind not in DOCUMENT_SUFFIXES else "document"
        if kind not in (None, family):
            yield rows.take()
        kind = family
        reading = READERS[span.file.kind](span, columns, rules, rows)
        with contextlib.closing(reading):
            for _ in reading:
                yield rows.take()
    if rows.rows or rows.quarantine or rows.frame is not None:
        yield rows.take()


def _read_document(span: Span, columns: Columns, rules: Rules, rows: Rows) -> Generator[None]:
    """Read one file as one document."""
    del columns
    file = span.file
    raw = data = b""
    try:
        if is_compressed(file):
            with open_bytes(file.path) as stream:
                raw = stream.read()
        with open_file(file) as stream:
            data = stream.read()
        decoded = charset.decode(data, rules)
    except InputError as error:
        rows.refuse(file, None, error.what, raw or data or None)
    except BROKEN_STREAM as error:
        rows.refuse(file, None, reason(error), raw or None)
    else:
        name = None if decoded.charset == charset.UTF8 and decoded.exact else decoded.charset
        rows.add((file.source, file.source, decoded.text, name), len(data), uncertain=not decoded.certain)
        if raw or not decoded.exact:
            # What a compressed file unpacks to does not tell the bytes it was packed into.
            rows.originals.append((file.source, raw or data))
            rows.size += len(raw)
    if rows.is_full():
        yield


Reader = Callable[[Span, Columns, Rules, Rows], Generator[None]]
READERS: dict[str, Reader] = {
    ".txt": _read_document,
    ".md": _read_document,
    ".html": read_page,
    ".htm": read_page,
    ".jsonl": read_jsonl,
    ".ndjson": read_jsonl,
    ".csv": read_csv,
    ".tsv": read_csv,
    ".parquet": read_parquet,
    ".arrow": read_arrow,
    ".feather": read_arrow,
    ".warc": read_archive,
    ".wet": read_archive,
}
