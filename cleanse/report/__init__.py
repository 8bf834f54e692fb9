"""What people read after a run: the page, and the account of one document.

Others use `write_page`, `rebuild_page`, `export_tables` and `explain`.
"""

from __future__ import annotations

from cleanse.report.page import export_tables, rebuild_page, write_page
from cleanse.report.why import explain

__all__ = ["explain", "export_tables", "rebuild_page", "write_page"]
