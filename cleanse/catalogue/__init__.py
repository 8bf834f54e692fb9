"""What people do with rules: check them, run their examples, show them as pages, begin a new one.

This room stands above the pipeline, since an example runs through the real stages. Others use `find_faults`, `describe_rule`
and `write_skeleton`; a run uses `refuse_unusable`.
"""

from __future__ import annotations

from cleanse.catalogue.case import cases
from cleanse.catalogue.check import find_faults, find_strays, refuse_unusable
from cleanse.catalogue.examples import find_hits
from cleanse.catalogue.rows import rule_as_row
from cleanse.catalogue.sentences import REWORD
from cleanse.catalogue.show import describe_rule, print_catalogue
from cleanse.catalogue.skeleton import write_skeleton

__all__ = [
    "REWORD",
    "cases",
    "describe_rule",
    "find_faults",
    "find_hits",
    "find_strays",
    "print_catalogue",
    "refuse_unusable",
    "rule_as_row",
    "write_skeleton",
]
