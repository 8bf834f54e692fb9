"""What people read after a run: the page, and the account of one document.

Others use `write_page`, `rebuild_page`, `export_tables` and `explain`; the server for reviewers uses the samples.
"""

from __future__ import annotations

from cleanse.report.page import export_tables, make_visible, rebuild_page, write_page
from cleanse.report.precision import read_rule_table, update_precision
from cleanse.report.why import explain

__all__ = [
    "explain",
    "export_tables",
    "make_visible",
    "read_rule_table",
    "rebuild_page",
    "update_precision",
    "write_page",
]
