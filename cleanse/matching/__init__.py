"""Which lines a rule can hit, and where: one matcher for all families of rules.

Others use `Matcher`, and `blocks` for where blocks end; a stage with comparisons of its own uses `Lines` and the functions that make places.
"""

from __future__ import annotations

from cleanse.matching import blocks
from cleanse.matching.blocks import STOPS
from cleanse.matching.decoration import OPENING
from cleanse.matching.forms import Forms, prepare_forms
from cleanse.matching.lines import LINE_SCHEMA, Lines
from cleanse.matching.literals import Occurrences, find_literals
from cleanse.matching.matcher import Matched, Matcher
from cleanse.matching.placing import Method
from cleanse.matching.spans import find_places, find_spans, whole_lines
from cleanse.matching.spelling import spell

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
