"""Rules as data: the model of a rule file, loading, choosing and compiling.

This room stands below everything else and knows no stage. Others use `Rules`, `Rule` and `load_rules`; the matcher also uses
the compiled parts of a rule.
"""

from __future__ import annotations

from cleanse.rules.joining import Replaced, locate_example
from cleanse.rules.model import (
    ANY,
    RULE_FILE,
    SPAM_SCORE,
    Block,
    Example,
    Heading,
    Mark,
    Measure,
    Pattern,
    Points,
    Rule,
    Rules,
    Scorecard,
    Template,
    Variant,
    builtin_folder,
    compile_pattern,
    load_rules,
    read_rules,
)
from cleanse.rules.prefilter import END, byte_bits, find_first_bytes, find_needs

__all__ = [
    "ANY",
    "END",
    "RULE_FILE",
    "SPAM_SCORE",
    "Block",
    "Example",
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
