"""Any input to shards to frames, and the files of a run: the work folder, OUT and the tables of the report.

Others use `find_inputs`, `read_shard` and the module `store`.
"""

from __future__ import annotations

from cleanse.files import store
from cleanse.files.batches import JSON_OTHER, OTHER, Batch, Columns
from cleanse.files.places import (
    check_place,
    is_out,
    is_stream,
    is_utf8,
    is_work,
    open_parquet,
    report_folder,
    work_folder,
)
from cleanse.files.readers import read_shard
from cleanse.files.rows import Mender
from cleanse.files.sources import Inputs, Shard, Span, Wanted, check_sources, find_inputs, plan_shards

__all__ = [
    "JSON_OTHER",
    "OTHER",
    "Batch",
    "Columns",
    "Inputs",
    "Mender",
    "Shard",
    "Span",
    "Wanted",
    "check_place",
    "check_sources",
    "find_inputs",
    "is_out",
    "is_stream",
    "is_utf8",
    "is_work",
    "open_parquet",
    "plan_shards",
    "read_shard",
    "report_folder",
    "store",
    "work_folder",
]
