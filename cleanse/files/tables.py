"""Read tables: Parquet and Arrow. Their other columns keep their types."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator
from typing import Any

import orjson
import polars as pl

from cleanse.errors import InputError
from cleanse.files.addresses import open_bytes, open_parquet
from cleanse.files.arrow_types import as_ids, declare_types, find_broken_text, fit_types, read_row_group
from cleanse.files.batches import BATCH_BYTES, BATCH_ROWS, OTHER, Columns, Rows
from cleanse.files.rows import Decoding, Decodings, Undecoded, decode_column, is_binary
from cleanse.files.sources import InputFile, Span
from cleanse.files.streams import reason
from cleanse.rules import Rules


def read_parquet(span: Span, columns: Columns, rules: Rules, rows: Rows) -> Generator[None]:
    """Read rows of a Parquet file; other columns keep their types. A null text goes to quarantine, and one of bytes is decoded."""
    import pyarrow as pa

    file = span.file
    number = span.first_row
    with contextlib.ExitStack() as stack:
        try:
            parquet = stack.enter_context(open_parquet(file.path))
            parquet.schema_arrow  # noqa: B018 - it is read here
        except (pa.ArrowException, OSError) as error:
            message = "empty file" if not file.size else f"not a Parquet file: {reason(error)}"
            rows.refuse(file, None, message, None)
            yield
            return
        schema = _lift_columns(parquet.schema_arrow.empty_table(), columns).schema
        _check_schema(schema, file, columns)
        groups = list(range(span.start, parquet.num_row_groups if span.stop is None else span.stop))
        for place, batch in _cut_batches(_parquet_batches(parquet, groups, file.path, rows.most), span):
            if isinstance(batch, Exception):
                rows.refuse(file, number + place, f"damaged row group: {reason(batch)}", None)
            else:
                table = pa.Table.from_batches([batch])
                _take_table(table, number + place, file, columns, rules, rows, parquet.schema_arrow)
            yield


def read_arrow(span: Span, columns: Columns, rules: Rules, rows: Rows) -> Generator[None]:
    """Read rows of an Arrow file (IPC), with or without a footer: `datasets` writes them without, Feather has one."""
    import pyarrow as pa

    file, number = span.file, 0
    try:
        with open_bytes(file.path) as stream:  # pyarrow cannot open names that are not UTF-8
            for batch in _arrow_batches(stream):
                if number == 0:
                    _check_schema(_lift_columns(batch.schema.empty_table(), columns).schema, file, columns)
                for start in range(0, batch.num_rows, size := _rows_within(batch, rows.most)):
                    piece = batch.slice(start, size)
                    _take_table(pa.Table.from_batches([piece]), number + start, file, columns, rules, rows)
                    yield
                number += batch.num_rows
    except (pa.ArrowException, OSError) as error:
        what = "not an Arrow file" if number == 0 else "damaged rows"
        rows.refuse(file, number or None, "empty file" if not file.size else f"{what}: {reason(error)}", None)
        yield


def _arrow_batches(stream: Any) -> Iterator[Any]:
    import pyarrow.ipc

    if stream.read(6) == b"ARROW1":
        source = pyarrow.ipc.open_file(stream)
        yield from (source.get_batch(number) for number in range(source.num_record_batches))
    else:
        stream.seek(0)
        yield from pyarrow.ipc.open_stream(stream)


def _rows_within(batch: Any, most: int) -> int:
    """Choose how many rows of a batch are taken at a time."""
    return max(1, min(most, BATCH_BYTES * int(batch.num_rows) // max(1, int(batch.nbytes))))


def _take_table(
    table: Any, first: int, file: InputFile, columns: Columns, rules: Rules, rows: Rows, declared: Any = ()
) -> None:
    """Add the rows of a table, of which the first has this number in its file; `declared` is the schema that the file tells of.

    Raises:
        InputError: Polars has no such type.
    """
    table = _lift_columns(table, columns)
    schema = table.schema
    table, found = _decode_texts(table, columns.text, rules)
    table, numbers = _refuse_broken_text(table, file, first, rows)
    decodings = {first + place: own for place, own in found.items()}
    table = declare_types(table, declared, columns.text)
    try:
        frame = pl.DataFrame(pl.from_arrow(fit_types(table)))
        _take_frame(frame, numbers, schema.names, file, columns, rows, decodings, schema)
    except pl.exceptions.PolarsError as error:
        raise InputError(f"a column is of a type that cannot be read: {reason(error)}", where=file.source) from error


def _lift_columns(table: Any, columns: Columns) -> Any:
    """Make columns of the fields that are named by a path, such as `page.text`, and take them out of their structs."""
    import pyarrow.types as kinds

    for path in columns.paths():
        name, _, rest = path.partition(".")
        if path in table.column_names or table.column_names.count(name) != 1:
            continue
        place = table.column_names.index(name)
        if not kinds.is_struct(table.schema.field(place).type):
            continue
        whole = table.column(place).combine_chunks()
        value, left = _take_field(whole, rest)
        if value is not None:
            table = table.remove_column(place) if left is None else table.set_column(place, name, left)
            table = table.append_column(path, value)
    return table


def _take_field(whole: Any, path: str) -> tuple[Any, Any]:
    """Give a field of a struct, and the struct without it, None where nothing is left; (None, whole) where there is none."""
    import pyarrow as pa
    import pyarrow.compute
    import pyarrow.types as kinds

    name, _, rest = path.partition(".")
    fields = list(whole.type)
    names = [field.name for field in fields]
    if names.count(name) != 1:
        return None, whole
    values = [
        pyarrow.compute.struct_field(whole, [number]) for number in range(len(fields))
    ]  # null where the struct is
    place = names.index(name)
    value, left = values[place], None
    if rest:
        if not kinds.is_struct(value.type):
            return None, whole
        value, left = _take_field(value, rest)
        if value is None:
            return None, whole
    kept = [*values[:place], *([] if left is None else [left]), *values[place + 1 :]]
    kept_names = [*names[:place], *([] if left is None else [name]), *names[place + 1 :]]
    if not kept:
        return value, None
    return value, pa.StructArray.from_arrays(kept, names=kept_names, mask=whole.is_null())


def _parquet_batches(parquet: Any, groups: list[int], path: str, most: int) -> Iterator[tuple[int, Any]]:
    """Give (number of the first row, rows) of row groups; an exception stands for a group that is damaged."""
    import pyarrow as pa

    size, given, first = min(most, _rows_of(parquet, groups)), 0, 0
    with contextlib.suppress(pa.ArrowException, OSError):
        for batch in parquet.iter_batches(size, row_groups=groups):
            yield given, batch
            given += batch.num_rows
        return
    for group in groups:  # one is damaged, and reading several at once loses those before it too
        count = parquet.metadata.row_group(group).num_rows
        if first + count > given:
            try:
                whole = read_row_group(parquet, path, group).slice(max(0, given - first))
            except (pa.ArrowException, OSError) as error:
                yield max(first, given), error
                given = first + count
            else:
                for batch in whole.to_batches(size):
                    yield given, batch
                    given += batch.num_rows
        first += count


def _cut_batches(batches: Iterator[tuple[int, Any]], span: Span) -> Iterator[tuple[int, Any]]:
    """Give the rows of a span, numbered from its first one; damage is told by the span that it lies in."""
    stop = None if span.rows is None else span.skip + span.rows
    for place, batch in batches:
        if stop is not None and place >= stop:
            return
        if isinstance(batch, Exception):
            if place >= span.skip:
                yield place - span.skip, batch
            continue
        begin = max(0, span.skip - place)
        rows = batch.num_rows - begin if stop is None else min(batch.num_rows, stop - place) - begin
        if rows > 0:
            yield place + begin - span.skip, batch.slice(begin, rows)


def _decode_texts(table: Any, name: str, rules: Rules) -> tuple[Any, Decodings]:
    """Decode the column of the texts; give what happened to those that are not UTF-8, by their place in the table."""
    place = table.column_names.index(name)
    column, found = decode_column(table.column(place), rules)
    return table.set_column(place, name, column), found


def _refuse_broken_text(table: Any, file: InputFile, first: int, rows: Rows) -> tuple[Any, pl.Series]:
    """Put rows with strings that are not UTF-8 into quarantine. Gives the other rows, and the numbers of their rows.

    Neither pyarrow nor Polars looks, and Polars dies of them later.
    """
    import pyarrow as pa

    numbers = pl.Series("number", range(first, first + table.num_rows), dtype=pl.UInt64)
    try:
        table.validate(full=True)
    except pa.ArrowInvalid:
        good = [True] * table.num_rows
        for name, column in zip(table.column_names, table.columns, strict=True):
            for place, value in find_broken_text(column.combine_chunks()).items():
                if good[place]:
                    good[place] = False
                    rows.refuse(file, first + place, f"`{name}` is not UTF-8", value)
        table, numbers = table.filter(pa.array(good)), numbers.filter(pl.Series(good))
        try:
            table.validate(full=True)
        except pa.ArrowInvalid as error:
            rows.refuse(file, first, f"damaged row group: {reason(error)}", None)
            return table.slice(0, 0), numbers.head(0)
    return table, numbers


def _check_schema(schema: Any, file: InputFile, columns: Columns) -> None:
    import pyarrow.types as kinds

    if len(set(schema.names)) != len(schema.names):
        raise InputError("two columns have the same name", where=file.source, hint="rename one of them")
    columns.check(file, list(schema.names))
    kind = schema.field(columns.text).type
    kind = kind.value_type if kinds.is_dictionary(kind) else kind
    if not (
        is_binary(kind)
        or kinds.is_string(kind)
        or kinds.is_large_string(kind)
        or kinds.is_string_view(kind)
        or kinds.is_null(kind)
    ):
        raise InputError(f"column `{columns.text}` holds {kind}, not text", where=file.source, hint="use --text-column")
    if columns.id in schema.names and (kinds.is_nested(own := schema.field(columns.id).type) or kinds.is_binary(own)):
        hint = "name another column with --id-column"
        raise InputError(f"column `{columns.id}` holds {own}, which is no id", where=file.source, hint=hint)


def _rows_of(parquet: Any, groups: list[int]) -> int:
    """Choose how many rows make a batch of about BATCH_BYTES."""
    size = sum(parquet.metadata.row_group(number).total_byte_size for number in groups)
    count = sum(parquet.metadata.row_group(number).num_rows for number in groups)
    return max(1, min(BATCH_ROWS, int(BATCH_BYTES * count / size) if size else BATCH_ROWS))


def _take_frame(
    frame: pl.DataFrame,
    numbers: pl.Series,
    names: list[str],
    file: InputFile,
    columns: Columns,
    rows: Rows,
    decodings: Decodings,
    schema: Any,
) -> None:
    """Add the rows of a frame; those without text go to quarantine as JSON."""
    text = frame[columns.text].cast(pl.String)
    null = text.is_null()
    for number, row in zip(numbers.filter(null), frame.filter(null).iter_rows(named=True), strict=True):
        failed = decodings.get(number)
        if isinstance(failed, Undecoded):
            rows.refuse(file, number, failed.what, failed.data)
        else:
            rows.refuse(file, number, f"`{columns.text}` is null", _row_as_json(row))
    identity = pl.select(pl.lit(f"{file.source}#") + numbers.cast(pl.String)).to_series()
    if columns.id in names:
        own = as_ids(frame[columns.id], schema.field(columns.id).type)
        identity = pl.select(pl.when(own.is_null() | (own == "")).then(identity).otherwise(own)).to_series()
    known = [found if isinstance(found := decodings.get(number), Decoding) else None for number in numbers]
    rows.originals += [
        (name, one.data) for name, one in zip(identity, known, strict=True) if one and one.data is not None
    ]
    rows.frame = pl.DataFrame(
        [
            identity.alias("id"),
            pl.repeat(file.source, frame.height, dtype=pl.String, eager=True).alias("source"),
            text.alias("text"),
            pl.Series("charset", [one and one.decoded.charset for one in known], dtype=pl.String),
            pl.Series("uncertain", [one is not None and not one.decoded.certain for one in known], dtype=pl.Boolean),
            pl.repeat(None, frame.height, dtype=pl.String, eager=True).alias("mended"),
            *(frame[name].alias(f"{OTHER}{name}") for name in names if name not in (columns.text, columns.id)),
        ]
    ).filter(~null)


def _row_as_json(row: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(row, default=str, option=orjson.OPT_NON_STR_KEYS)
    except TypeError:
        return str(row).encode(errors="backslashreplace")
