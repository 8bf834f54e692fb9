"""What Parquet can hold and Polars cannot: types that are changed on the way, and strings that are not UTF-8 at any depth."""

from __future__ import annotations

import io
from typing import Any

import polars as pl

from cleanse.files.addresses import open_bytes

DECIMAL_DIGITS = 38  # of a decimal number in Polars


def fit_types(table: Any) -> Any:
    """Change the columns that Polars cannot hold into types that hold the same values.

    Decimals of 256 bits become decimals of 128 bits, or strings where they may have more digits than fit. Times with a zone that
    is no name of the time zone database, such as `+05:30`, become times in UTC: the same moments. List views become lists.
    """
    import pyarrow as pa

    fields = [field.with_type(_fit(field.type)) for field in table.schema]
    for place, (before, after) in enumerate(zip(table.schema, fields, strict=True)):
        if after.type != before.type:
            column = table.column(place)
            try:
                fitted = column.cast(after.type)
            except pa.ArrowNotImplementedError:  # decimals deep inside: Python knows how to write them
                fitted = pa.chunked_array([pa.array(_spell(column.to_pylist()), type=after.type)])
            table = table.set_column(place, after, fitted)
    return table


def _fit(kind: Any) -> Any:
    """Give the type that holds the same values in Polars: `kind` itself where there is nothing to change."""
    import pyarrow as pa
    import pyarrow.types as kinds

    if kinds.is_decimal256(kind):
        return pa.decimal128(kind.precision, kind.scale) if kind.precision <= DECIMAL_DIGITS else pa.string()
    if kinds.is_timestamp(kind) and kind.tz is not None and not _is_zone(kind.tz):
        return pa.timestamp(kind.unit, "UTC")
    if kinds.is_list_view(kind) or kinds.is_large_list_view(kind):
        return pa.large_list(kind.value_field.with_type(_fit(kind.value_type)))
    if kinds.is_struct(kind):
        fields = [kind.field(place) for place in range(kind.num_fields)]
        fitted = pa.struct([field.with_type(_fit(field.type)) for field in fields])
    elif kinds.is_map(kind):
        fitted = pa.map_(_fit(kind.key_type), _fit(kind.item_type))
    elif kinds.is_fixed_size_list(kind):
        fitted = pa.list_(kind.value_field.with_type(_fit(kind.value_type)), kind.list_size)
    elif kinds.is_list(kind):
        fitted = pa.list_(kind.value_field.with_type(_fit(kind.value_type)))
    elif kinds.is_large_list(kind):
        fitted = pa.large_list(kind.value_field.with_type(_fit(kind.value_type)))
    elif kinds.is_dictionary(kind) and _fit(kind.value_type) != kind.value_type:
        return _fit(kind.value_type)
    else:
        return kind
    return kind if fitted == kind else fitted


def _is_zone(name: str) -> bool:
    try:
        pl.Series([], dtype=pl.Datetime("us", name)).dt.hour()
    except pl.exceptions.PolarsError:
        return False
    return True


def _spell(value: Any) -> Any:
    """Write the decimal numbers inside a value as strings, which become numbers again where the type asks for it."""
    import decimal

    if isinstance(value, decimal.Decimal):
        return format(value, "f")
    if isinstance(value, list):
        return [_spell(item) for item in value]
    if isinstance(value, tuple):
        return tuple(_spell(item) for item in value)
    if isinstance(value, dict):
        return {key: _spell(item) for key, item in value.items()}
    return value


def find_broken_text(array: Any) -> dict[int, bytes]:
    """Give the rows that hold a string that is not UTF-8, at any depth, each with the first such string."""
    import pyarrow as pa
    import pyarrow.types as kinds

    kind = array.type
    if isinstance(array, pa.ExtensionArray):
        return find_broken_text(array.storage)
    if kinds.is_string(kind) or kinds.is_large_string(kind) or kinds.is_string_view(kind):
        values = array.cast(pa.large_binary()).to_pylist()
        return {place: value for place, value in enumerate(values) if value is not None and not is_text(value)}
    if kinds.is_dictionary(kind):
        broken = find_broken_text(array.dictionary)
        return {row: broken[place] for row, place in enumerate(array.indices.to_pylist()) if place in broken}
    if kinds.is_struct(kind):
        found: dict[int, bytes] = {}
        for place in range(kind.num_fields):
            found = find_broken_text(array.field(place)) | found
        return found
    if kinds.is_nested(kind):
        return _find_in_lists(array)
    return {}


def _find_in_lists(array: Any) -> dict[int, bytes]:
    """Look into lists and maps row by row; only rows whose file is known to be broken come here."""
    import pyarrow.types as kinds

    found: dict[int, bytes] = {}
    for row in range(len(array)):
        item = array[row]
        if not item.is_valid:
            continue
        inside = [item.values] if not kinds.is_map(array.type) else [item.values.field(0), item.values.field(1)]
        broken = [find_broken_text(values) for values in inside]
        first = next((there[min(there)] for there in broken if there), None)
        if first is not None:
            found[row] = first
    return found


def is_text(value: bytes) -> bool:
    """Say whether bytes are UTF-8."""
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def as_ids(values: pl.Series, kind: Any) -> pl.Series:
    """Write the values of a column of ids as strings: two that differ stay different.

    `kind` is the Arrow type of the column. Bytes of a fixed length are written in hexadecimal digits, UUIDs with their hyphens,
    durations and times of day in the form of ISO 8601.
    """
    import pyarrow as pa

    if isinstance(kind, pa.BaseExtensionType) and isinstance(values.dtype, pl.BaseExtension):
        values = values.ext.storage()
    if values.dtype == pl.Binary:
        digits = values.bin.encode("hex")
        if getattr(kind, "extension_name", "") != "arrow.uuid":
            return digits
        parts = [digits.str.slice(start, length) for start, length in ((0, 8), (8, 4), (12, 4), (16, 4), (20, 12))]
        return pl.select(pl.concat_str(parts, separator="-")).to_series()
    if values.dtype in (pl.Duration, pl.Time):
        return values.dt.to_string("iso")
    return values.cast(pl.String)


def read_row_group(parquet: Any, path: str, group: int) -> Any:
    """Read one row group; where a dictionary holds a string that is not UTF-8, as if there were no dictionaries.

    Arrow refuses a whole dictionary for one bad string in it. Without the schema that Arrow left in the file, its strings are read
    as plain ones, which `find_broken_text` can look at.

    Raises:
        ArrowException, OSError: the group is damaged.
    """
    import pyarrow as pa

    try:
        return parquet.read_row_group(group)
    except pa.ArrowException:
        schema = parquet.schema_arrow
        packed = [field.name for field in schema if "dictionary<" in str(field.type)]
        if not packed:
            raise
        others = [name for name in schema.names if name not in packed]
        with pa.PythonFile(_UndeclaredFile(path), mode="r") as source:
            import pyarrow.parquet

            plain = pyarrow.parquet.ParquetFile(source).read_row_group(group, columns=packed)
        table = parquet.read_row_group(group, columns=others) if others else plain
        return pa.table({name: (plain if name in packed else table).column(name) for name in schema.names})


def declare_types(table: Any, schema: Any, besides: str) -> Any:
    """Give columns that were read as plain strings the dictionaries back that the schema declares, all but the column `besides`."""
    import pyarrow.types as kinds

    for field in schema:
        if field.name == besides or field.name not in table.column_names or not kinds.is_dictionary(field.type):
            continue
        place = table.column_names.index(field.name)
        if not kinds.is_dictionary(table.schema.field(place).type):
            table = table.set_column(place, field, table.column(place).dictionary_encode().cast(field.type))
    return table


class _UndeclaredFile(io.RawIOBase):
    """A Parquet file whose footer does not tell of the schema that Arrow left in it."""

    def __init__(self, path: str) -> None:
        self._stream = open_bytes(path)  # closed with this one
        self._stream.seek(-8, io.SEEK_END)
        length = int.from_bytes(self._stream.read(4), "little")
        self._end = self._stream.seek(0, io.SEEK_END)
        self._footer_at = self._stream.seek(-8 - length, io.SEEK_END)
        self._footer = self._stream.read().replace(b"ARROW:schema", b"arrow-schema")
        self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._place = offset + (0, self._place, self._end)[whence]
        return self._place

    def read(self, size: int = -1) -> bytes:
        stop = self._end if size < 0 else min(self._end, self._place + size)
        self._stream.seek(self._place)
        before = self._stream.read(max(0, min(stop, self._footer_at) - self._place))
        behind = max(self._place, self._footer_at) - self._footer_at
        data = before + self._footer[behind : max(0, stop - self._footer_at)]
        self._place += len(data)
        return data

    def close(self) -> None:
        self._stream.close()
        super().close()
