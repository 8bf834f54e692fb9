"""The other columns of the input, in the types that hold all their values as they are."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import orjson
import polars as pl

from cleanse import documents
from cleanse.files import (
    JSON_OTHER,
    OTHER,
    store,
)
from cleanse.passes.cleaning import Job, ShardSummary


@dataclass(frozen=True)
class OtherColumn:
    """One of the input's other columns, and what it is in OUT; without a `dtype` it is JSON text."""

    name: str
    label: str
    dtype: pl.DataType | None

    def expression(self, frame: pl.DataFrame) -> pl.Expr:
        """Give the column of OUT from a part, which may hold it in its type, as JSON text or not at all."""
        if (name := f"{JSON_OTHER}{self.name}") in frame.columns:
            column = pl.col(name) if self.dtype is None else pl.col(name).str.json_decode(self.dtype)
        elif (name := f"{OTHER}{self.name}") in frame.columns:
            column = pl.col(name)
            column = column.cast(self.dtype) if self.dtype else column.map_batches(_to_json, return_dtype=pl.String)
        else:
            column = pl.lit(None, self.dtype or pl.String)
        return column.alias(self.label)


def _to_json(values: pl.Series) -> pl.Series:
    """Write values of any type as JSON text."""
    return pl.Series(
        values.name,
        [None if value is None else _dump(value) for value in values.to_list()],
        dtype=pl.String,
    )


def _dump(value: Any) -> str:
    try:
        return orjson.dumps(value, default=str).decode()
    except TypeError:  # a number beyond 64 bits
        return json.dumps(value, default=str, ensure_ascii=False)


JSON_TYPES: dict[str, pl.DataType] = {
    "bool": pl.Boolean(),
    "int": pl.Int64(),
    "float": pl.Float64(),
    "str": pl.String(),
    "list bool": pl.List(pl.Boolean()),
    "list int": pl.List(pl.Int64()),
    "list float": pl.List(pl.Float64()),
    "list str": pl.List(pl.String()),
}
SMALL_INTEGERS = {pl.Int8(), pl.Int16(), pl.Int32(), pl.Int64(), pl.UInt8(), pl.UInt16(), pl.UInt32()}


def find_columns(job: Job, parts: list[tuple[int, int]], summaries: list[ShardSummary]) -> list[OtherColumn]:
    """Find the other columns of all parts, and the type that each can have without changing a value."""
    kinds: dict[str, set[str]] = {}
    for summary in summaries:
        for name, there in summary.kinds.items():
            kinds.setdefault(name, set()).update(there)
    types: dict[str, set[pl.DataType | None]] = {}
    for part in parts:
        for column, dtype in store.part_schema(job.work, "documents", *part).items():
            if column.startswith(JSON_OTHER):
                types.setdefault(column.removeprefix(JSON_OTHER), set())
            elif column.startswith(OTHER):
                types.setdefault(column.removeprefix(OTHER), set()).add(dtype)
    for name in kinds.keys() & types.keys():
        types[name] |= _json_types(kinds[name])
    labels = _labels(list(types))
    return [OtherColumn(name, labels[name], _common_type(there - {pl.Null()})) for name, there in types.items()]


def _json_types(kinds: set[str]) -> set[pl.DataType | None]:
    """Give the types of a JSON column; None stands for values that have no type of ours."""
    kinds = kinds - {"null"}
    if any(kind.startswith("list ") for kind in kinds):
        kinds = kinds - {"list"}  # an empty list fits any other
    return {JSON_TYPES.get(kind) for kind in kinds}


def _common_type(types: set[pl.DataType | None]) -> pl.DataType | None:
    """Give the type that holds the values of all types as they are; None where only JSON text does."""
    if len(types) < 2:
        return next(iter(types), pl.String())
    if types <= SMALL_INTEGERS:
        return pl.Int64()
    return pl.Float64() if types == {pl.Float32(), pl.Float64()} else None


def _labels(names: list[str]) -> dict[str, str]:
    """Name the other columns in OUT: as they are, or `input_<name>` where the name is ours."""
    taken = {name for name in names if documents.other_name(name) == name}
    labels = {}
    for name in names:
        label = documents.other_name(name)
        while label != name and label in taken:
            label = f"input_{label}"
        taken.add(label)
        labels[name] = label
    return labels
