"""What people read after a run: the page, and the account of one document.

Others use `write_page`, `rebuild_page`, `export_tables` and `explain`, and `make_visible` for what comes from a document and goes
to a terminal; the server for reviewers uses the samples.
"""

from __future__ import annotations

from cleanse.report.environment import hash_source, make_environment, write_page_file
from cleanse.report.evidence import add_up_signals, read_described, read_values
from cleanse.report.export import export_tables
from cleanse.report.page import rebuild_page, write_page
from cleanse.report.pairs import compare_texts
from cleanse.report.precision import read_rule_table, update_precision
from cleanse.report.samples import Piece, choose_places, cut_line, name_evidence, read_texts, weigh_hits
from cleanse.report.visible import make_visible, show_text
from cleanse.report.why import explain, explain_as_row

__all__ = [
    "Piece",
    "add_up_signals",
    "choose_places",
    "compare_texts",
    "cut_line",
    "explain",
    "explain_as_row",
    "export_tables",
    "hash_source",
    "make_environment",
    "make_visible",
    "name_evidence",
    "read_described",
    "read_rule_table",
    "read_texts",
    "read_values",
    "rebuild_page",
    "show_text",
    "update_precision",
    "weigh_hits",
    "write_page",
    "write_page_file",
]
