"""Rows of separated values as people write them: columns without a name, commas at the end, quotes that quote nothing."""

from __future__ import annotations

import bisect
import csv
import io
import sys
from collections.abc import Callable, Generator, Iterator
from itertools import accumulate

import orjson

from cleanse.encoding import charset
from cleanse.errors import InputError
from cleanse.files.batches import Columns, Rows
from cleanse.files.sources import Span
from cleanse.files.streams import BROKEN_STREAM, open_file, packed_bytes, reason
from cleanse.rules import Rules

Row = tuple[list[str], str, str]  # values, the lines they stood in, what is wrong or an empty string


def name_columns(header: list[str]) -> list[str]:
    """Give each column a name of its own: `column_3` for a third one without a name, `x_2` for a second `x`.

    >>> name_columns(["text", "x", "", "x", "x_2"])
    ['text', 'x', 'column_3', 'x_3', 'x_2']
    """
    names: list[str] = []
    for number, name in enumerate(header, 1):
        own = name or f"column_{number}"
        free, times = own, 1
        while free in names or (free != name and free in header):
            times += 1
            free = f"{own}_{times}"
        names.append(free)
    return names


def fit_width(values: list[str], header: list[str]) -> list[str]:
    """Take away empty values behind the last column, or add those that are missing of last columns without a name.

    Rows of another width come back as they are.

    >>> fit_width(["a", "1", "", ""], ["text", "x"]), fit_width(["a"], ["text", ""]), fit_width(["a"], ["text", "x"])
    (['a', '1'], ['a', ''], ['a'])
    """
    width = len(header)
    if len(values) > width and not any(values[width:]):
        return values[:width]
    if 0 < len(values) < width and not any(header[len(values) :]):
        return [*values, *[""] * (width - len(values))]
    return values


class TabSeparatedValues:
    """The rows of a table with tabs, the header first.

    Most programs that write such tables know no quotes, and some do. So a field is quoted only where its quote is closed right before
    the next tab or the end of a line. And a quoted field spans lines only where these would not be rows by themselves.
    """

    def __init__(self, text: str) -> None:
        """Read a table from its text."""
        self._text = text
        self._lines = list(io.StringIO(text, newline=""))
        self._starts = list(accumulate(map(len, self._lines), initial=0))
        self._place = 0
        self._header: list[str] | None = None

    def __iter__(self) -> Iterator[Row]:
        """Give the rows one by one."""
        return self

    def __next__(self) -> Row:
        """Give the next row; a blank line has no values."""
        if self._place >= len(self._lines):
            raise StopIteration
        first = self._place
        values, self._place = self._read(first)
        if self._header is None and values:
            self._header = values
        return values, self._text[self._starts[first] : self._starts[self._place]], ""

    def _read(self, place: int) -> tuple[list[str], int]:
        """Give the values of the row that begins at a line, and the line behind it."""
        line = _without_end(self._lines[place])
        if '"' not in line:
            return _split(line), place + 1
        quoted, behind = self._split_quoted(place, len(self._text))
        if behind == place + 1 or not self._fits(quoted) or self._are_rows(place, behind):
            quoted, behind = self._split_quoted(place, self._starts[place] + len(line))
        if self._fits(quoted) or not self._fits(_split(line)):
            return quoted, behind
        return _split(line), place + 1

    def _fits(self, values: list[str]) -> bool:
        return self._header is None or len(fit_width(values, self._header)) == len(self._header)

    def _are_rows(self, place: int, behind: int) -> bool:
        """Say whether each of the lines is a row by itself. In a table of one column any line would be."""
        alone = (_split(_without_end(line)) for line in self._lines[place:behind])
        return self._header is not None and len(self._header) > 1 and all(map(self._fits, alone))

    def _split_quoted(self, place: int, limit: int) -> tuple[list[str], int]:
        """Split the row that begins at a line where quoted fields may reach up to `limit`; give the line behind it too."""
        values: list[str] = []
        start = self._starts[place]
        while True:
            close = self._find_close(start, limit) if self._text.startswith('"', start) else None
            if close is not None:
                values.append(self._text[start + 1 : close].replace('""', '"'))
                start = close + 1
            line = bisect.bisect_right(self._starts, start, 0, len(self._lines)) - 1
            end = self._starts[line] + len(_without_end(self._lines[line]))
            if close is None:
                tab = self._text.find("\t", start, end)
                stop = end if tab < 0 else tab
                values.append(self._text[start:stop])
                start = stop
            if start >= end:
                return values, line + 1
            start += 1

    def _find_close(self, start: int, limit: int) -> int | None:
        """Give the place of the quote that closes the one at `start`, or None where that one quotes nothing."""
        place = start + 1
        while (place := self._text.find('"', place, limit)) >= 0:
            behind = self._text[place + 1 : min(place + 2, limit)]
            if behind != '"':
                return place if place + 1 == limit or behind in "\t\r\n" else None
            place += 2
        return None


def _split(line: str) -> list[str]:
    return line.split("\t") if line else []


def _without_end(line: str) -> str:
    return line[: -2 if line.endswith("\r\n") else -1] if line.endswith(("\n", "\r")) else line


def read_csv(span: Span, columns: Columns, rules: Rules, rows: Rows) -> Generator[None]:
    """Read rows of separated values; all other columns stay text. A row of another width goes to quarantine."""
    file = span.file
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    try:
        with open_file(file) as stream:
            data = stream.read()
        decoded = charset.decode(data, rules)
    except InputError as error:
        rows.refuse(file, None, error.what, data)
        return
    except BROKEN_STREAM as error:
        rows.refuse(file, None, reason(error), packed_bytes(file))
        return
    name = None if decoded.charset == charset.UTF8 else decoded.charset
    # Where bytes did not decode, each stands as a lone surrogate until its row is known.
    content = decoded.text if decoded.escaped is None else decoded.escaped
    table = _SEPARATED[file.kind](content.removeprefix(charset.BYTE_ORDER_MARK))
    header, problem = next(((values, problem) for values, _, problem in table if values), ([], "empty file: no header"))
    if problem:
        rows.refuse(file, None, problem, data)
        return
    as_read, header = header, name_columns(header)
    columns.check(file, header)
    for number, (as_written, lines, broken) in enumerate(table):
        values = fit_width(as_written, as_read)
        uneven = f"{len(values)} fields where the header has {len(header)}" if len(values) != len(header) else ""
        problem = broken or (uneven if values else "")
        if problem:
            rows.refuse(file, number, problem, _unread(lines, decoded) or lines.encode())
        elif values:
            original = _unread(lines, decoded)
            whole = values if original is None else [charset.replace_escaped(own, decoded.charset) for own in values]
            record = dict(zip(header, whole, strict=True))
            text = record.pop(columns.text)
            own = "" if columns.id is None else record.pop(columns.id, "")
            for column in record:
                rows.kinds.setdefault(column, set()).add("str")
            other: dict[str, bytes | None] = {column: orjson.dumps(value) for column, value in record.items()}
            row = (own or f"{file.source}#{number}", file.source, text, name if original is None else decoded.charset)
            rows.add(row, len(lines), other, uncertain=not decoded.certain, original=original)
        if rows.is_full():
            yield


def _unread(lines: str, decoded: charset.Decoded) -> bytes | None:
    """Give the bytes of lines in which some did not decode, else None."""
    if decoded.escaped is None or not any("\udc00" <= character <= "\udfff" for character in lines):
        return None
    return lines.encode(decoded.charset, "surrogateescape")


class _SeparatedValues:
    """The rows of a table with commas: (values, the lines they stood in, what is wrong or an empty string)."""

    def __init__(self, text: str) -> None:
        self._text = io.StringIO(text, newline="")
        self._lines: list[str] = []
        self._ended = False
        self._reader = csv.reader(self._feed())

    def _feed(self) -> Iterator[str]:
        for line in self._text:
            self._lines.append(line)
            yield line
        self._ended = True

    def __iter__(self) -> Iterator[tuple[list[str], str, str]]:
        return self

    def __next__(self) -> tuple[list[str], str, str]:
        self._lines.clear()
        try:
            values, problem = next(self._reader), ""
        except csv.Error as error:
            values, problem = [], f"not valid CSV: {error}"
        if self._ended:
            # A row that asks for more than there is stands in a quotation without an end, with all that follows it.
            problem = "a quotation without an end: this row and all behind it are not read"
        return values, "".join(self._lines), problem


_SEPARATED: dict[str, Callable[[str], Iterator[Row]]] = {".csv": _SeparatedValues, ".tsv": TabSeparatedValues}
