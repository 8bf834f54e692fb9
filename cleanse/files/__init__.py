"""Any input to shards to frames, and the files of a run: the work folder, OUT and the tables of the report.

Others use `find_inputs`, `read_shard` and the module `store`.
"""

from __future__ import annotations

from cleanse.files import store
from cleanse.files.addresses import open_parquet
from cleanse.files.batches import JSON_OTHER, OTHER, Batch, Columns
from cleanse.files.names import is_address, is_utf8
from cleanse.files.peek import peek_columns
from cleanse.files.places import (
    check_place,
    is_out,
    is_stream,
    is_work,
    report_address,
    report_folder,
    work_folder,
)
from cleanse.files.readers import read_shard
from cleanse.files.rows import Mender
from cleanse.files.sources import Inputs, Shard, Span, Wanted, check_sources, find_inputs, plan_shards
from cleanse.files.uploads import check_remote_out, upload

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
    "check_remote_out",
    "check_sources",
    "find_inputs",
    "is_address",
    "is_out",
    "is_stream",
    "is_utf8",
    "is_work",
    "open_parquet",
    "peek_columns",
    "plan_shards",
    "read_shard",
    "report_address",
    "report_folder",
    "store",
    "upload",
    "work_folder",
]
