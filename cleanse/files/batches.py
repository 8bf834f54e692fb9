"""What has been read and is not yet handed over: rows, what was refused between them, and bytes that must be kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import polars as pl

from cleanse.documents import QUARANTINE, READ
from cleanse.errors import InputError
from cleanse.files.sources import InputFile

BATCH_BYTES = 64 << 20
BATCH_ROWS = 20_000
# These mark the input's other columns in the work folder, so that none can be taken for ours.
OTHER = "other:"
JSON_OTHER = "other-json:"  # holds JSON text, whose common type is known when all is read


@dataclass(frozen=True)
class Columns:
    """Which columns of row files hold the text, the id and the address. Without `id` the rows are numbered."""

    text: str = "text"
    id: str | None = "id"
    url: str | None = None
    id_required: bool = False

    def wanted(self) -> dict[str, str]:
        """Give the columns that must be there, each with the option that names it."""
        named = {self.url: "--url-column", self.id if self.id_required else None: "--id-column"}
        named[self.text] = "--text-column"
        return {column: option for column, option in reversed(named.items()) if column is not None}

    def check(self, file: InputFile, there: list[str]) -> None:
        """Refuse rows without the column of the text, or without that of the id or of the address where one was named.

        Raises:
            InputError: with the columns that are there.
        """
        for column, option in self.wanted().items():
            if column not in there:
                raise _missing_column(file, column, there, option)

    def lift(self, record: dict[str, Any]) -> None:
        """Take the values of fields that are named by a path, such as `page.text`, out of the objects that they stand in."""
        for path in self.paths():
            *outer, last = path.split(".")
            inside: Any = record
            for name in outer:
                inside = inside.get(name) if isinstance(inside, dict) else None
            if path not in record and isinstance(inside, dict) and last in inside:
                record[path] = inside.pop(last)

    def paths(self) -> list[str]:
        """Give the names that may be paths: a column that bears the whole name comes first."""
        return [name for name in (self.text, self.id) if name is not None and "." in name]


def _missing_column(file: InputFile, name: str, there: list[str], option: str) -> InputError:
    import difflib

    near = difflib.get_close_matches(name, there, n=1)
    if near or option == "--text-column":
        example = next(iter([*near, *there]), "body")
        hint = f"name the column with {option}, for example {option} {example[:40]}"
    else:
        hint = f"name one of them with {option}, or leave the option out"
    names = f"there are {', '.join(column[:40] for column in there[:20])}" if there else "there are none"
    return InputError(f"no column `{name}`; {names}", where=file.source, hint=hint)


@dataclass
class Batch:
    """Some documents in input order, what was quarantined between them, and bytes that encoding would not give back.

    `kinds` tells which JSON types each other column of JSONL rows has; those columns hold JSON text.
    """

    documents: pl.DataFrame
    quarantine: pl.DataFrame
    originals: pl.DataFrame
    kinds: dict[str, set[str]]


@dataclass
class Rows:
    """What has been read and not yet handed over."""

    rows: list[tuple[str, str, str, str | None, bool, str | None]] = field(default_factory=list)
    others: list[dict[str, bytes | None]] = field(default_factory=list)
    frame: pl.DataFrame | None = None
    quarantine: list[tuple[str, int | None, str, bytes | None]] = field(default_factory=list)
    originals: list[tuple[str, bytes]] = field(default_factory=list)
    kinds: dict[str, set[str]] = field(default_factory=dict)
    size: int = 0
    most: int = field(default_factory=lambda: BATCH_ROWS)

    def is_full(self) -> bool:
        """Say whether it is time to hand over."""
        return self.size >= BATCH_BYTES or len(self.rows) + len(self.quarantine) >= self.most

    def add(
        self,
        row: tuple[str, str, str, str | None],
        size: int,
        other: dict[str, bytes | None] | None = None,
        *,
        uncertain: bool = False,
        mended: str | None = None,
        original: bytes | None = None,
    ) -> None:
        """Add a document: id, source, text, charset (null where it is UTF-8), and its other columns as JSON.

        `original` are its bytes, where the text in its charset does not give them back.
        """
        self.rows.append((*row, uncertain, mended))
        if original is not None:
            self.originals.append((row[0], original))
            size += len(original)
        self.others.append(other or {})
        self.size += size

    def refuse(self, file: InputFile, row: int | None, error: str, content: bytes | None) -> None:
        """Put what cannot be read into quarantine, with its bytes where there are any."""
        self.quarantine.append((file.source, row, error, content))
        self.size += len(content or b"")

    def take(self) -> Batch:
        """Hand over what was read, and begin anew."""
        documents = self.frame
        if documents is None:
            documents = pl.DataFrame(self.rows, schema=READ, orient="row")
            names = dict.fromkeys(name for other in self.others for name in other)
            documents = documents.with_columns(
                pl.Series(f"{JSON_OTHER}{name}", [_as_text(other.get(name)) for other in self.others], dtype=pl.String)
                for name in names
            )
        batch = Batch(
            documents,
            pl.DataFrame(self.quarantine, schema=QUARANTINE, orient="row"),
            pl.DataFrame(self.originals, schema={"id": pl.String, "bytes": pl.Binary}, orient="row"),
            self.kinds,
        )
        self.__init__(most=self.most)  # type: ignore[misc]
        return batch


def _as_text(value: bytes | None) -> str | None:
    return None if value is None else value.decode()
