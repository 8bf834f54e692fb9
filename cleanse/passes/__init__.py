"""A run: clean the shards, resolve duplicates, assemble OUT, and give the input back again.

Others use `run` and `restore`; the report takes `group_edits`, `AsRead` and `undo` to show documents as read.
"""

from __future__ import annotations

from cleanse.passes.edits import NO_EDITS, AsRead, group_edits, undo
from cleanse.passes.give_back import restore
from cleanse.passes.job import Result, run
from cleanse.passes.trying import Preview, preview

__all__ = [
    "NO_EDITS",
    "AsRead",
    "Preview",
    "Result",
    "group_edits",
    "preview",
    "restore",
    "run",
    "undo",
]
