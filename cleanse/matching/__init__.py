"""Which lines a rule can hit, and where: one matcher for all families of rules.

Others use `Matcher`, and `blocks` for where blocks end; a stage with comparisons of its own uses `Lines` and the functions that make places.
"""

from __future__ import annotations

from cleanse.matching import blocks
from cleanse.matching.blocks import STOPS
from cleanse.matching.lines import LINE_SCHEMA, Lines
from cleanse.matching.literals import OPENING, Forms, Occurrences, find_literals, prepare_forms, spell
from cleanse.matching.matcher import Matched, Matcher, Method, find_places, find_spans, whole_lines

__all__ = [
    "LINE_SCHEMA",
    "OPENING",
    "STOPS",
    "Forms",
    "Lines",
    "Matched",
    "Matcher",
    "Method",
    "Occurrences",
    "blocks",
    "find_literals",
    "find_places",
    "find_spans",
    "prepare_forms",
    "spell",
    "whole_lines",
]
