r"""Documents and their lines: splitting, evidence, edits and their undoing. The one place that does offsets.

*Text as read* is split at "\n" into lines numbered from 0. Evidence points into it: line, start, end (characters)
and the text there. Rules look at the *repaired* text, which has the same lines; `locate` carries what they find back.
Stages use `as_stage`, `locate` and `attach_signals`; repairs and the edit use `Piece` and the functions on pieces and spans.
"""

from __future__ import annotations

from cleanse.segments.composed import unshift_composed
from cleanse.segments.lines import (
    FOUND_SCHEMA,
    PLACE_SCHEMA,
    SIGNAL,
    SIGNAL_SCHEMA,
    SIGNALS,
    as_stage,
    attach_signals,
    find_lines,
    line_fixes,
    list_rows,
    locate,
    split_lines,
)
from cleanse.segments.pieces import Piece, Shifts, cut_line, join_pieces, rewrite, unshift
from cleanse.segments.spans import find_covered, lies_in, merge_spans

__all__ = [
    "FOUND_SCHEMA",
    "PLACE_SCHEMA",
    "SIGNAL",
    "SIGNALS",
    "SIGNAL_SCHEMA",
    "Piece",
    "Shifts",
    "as_stage",
    "attach_signals",
    "cut_line",
    "find_covered",
    "find_lines",
    "join_pieces",
    "lies_in",
    "line_fixes",
    "list_rows",
    "locate",
    "merge_spans",
    "rewrite",
    "split_lines",
    "unshift",
    "unshift_composed",
]
