"""A run: clean the shards, resolve duplicates, assemble OUT, and give the input back again.

Others use `run` and `restore`.
"""

from __future__ import annotations

from cleanse.passes.give_back import restore, undo
from cleanse.passes.job import Result, run

__all__ = ["Result", "restore", "run", "undo"]
