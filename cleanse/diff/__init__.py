"""What changed between two runs over the same input, or between a run and another tool's Parquet with the same ids.

The comparison is joins over ids, places and lines; nothing is read again and no rule runs. Others use `compare_outs`, and
`describe_difference`, `write_page` and `write_tables` to show it to people and to programs.
"""

from __future__ import annotations

from cleanse.diff.compare import Difference, compare_outs
from cleanse.diff.show import describe_difference, write_page, write_tables

__all__ = ["Difference", "compare_outs", "describe_difference", "write_page", "write_tables"]
