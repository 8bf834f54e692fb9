"""What people read after a run: the page, and the account of one document.

Others use `write_page`, `rebuild_page`, `export_tables` and `explain`, and `make_visible` for what comes from a document and goes
to a terminal.
"""

from __future__ import annotations

from cleanse.report.page import export_tables, make_visible, rebuild_page, write_page
from cleanse.report.why import explain

__all__ = ["explain", "export_tables", "make_visible", "rebuild_page", "write_page"]
