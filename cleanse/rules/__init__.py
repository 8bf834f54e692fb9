"""Rules as data: the model of a rule file, loading, choosing and compiling.

This room stands below everything else and knows no stage. Others use `Rules`, `Rule` and `load_rules`; the matcher also uses
the compiled parts of a rule.
"""

from __future__ import annotations

from cleanse.rules.joining import Replaced, locate_example
from cleanse.rules.load import RETIRED, RULE_FILE, builtin_folder, load_rules, read_rules
from cleanse.rules.patterns import Pattern, Template, compile_pattern
from cleanse.rules.prefilter import END, byte_bits, find_first_bytes, find_needs
from cleanse.rules.rule import ANY, Rule, Variant
from cleanse.rules.ruleset import SPAM_SCORE, Rules
from cleanse.rules.schema import Block, Body, Example, Head, Heading, Mark, Measure, Points, Scorecard

__all__ = [
    "ANY",
    "END",
    "RETIRED",
    "RULE_FILE",
    "SPAM_SCORE",
    "Block",
    "Body",
    "Example",
    "Head",
    "Heading",
    "Mark",
    "Measure",
    "Pattern",
    "Points",
    "Replaced",
    "Rule",
    "Rules",
    "Scorecard",
    "Template",
    "Variant",
    "builtin_folder",
    "byte_bits",
    "compile_pattern",
    "find_first_bytes",
    "find_needs",
    "load_rules",
    "locate_example",
    "read_rules",
]
