r"""Single characters that no text needs, or of which nobody can tell the meaning.

>>> lines = Lines.of("Icon \ue001 here")
>>> flag_private_use(lines, "encoding/private-use")
{0: [Piece(start=5, end=6, replacement=None, rule='encoding/private-use')]}
"""

from __future__ import annotations

import re

from cleanse import segments
from cleanse.encoding.gate import LITERAL
from cleanse.encoding.lines import Edits, Lines
from cleanse.matching import find_places
from cleanse.rules import Rule
from cleanse.segments import Piece

PRIVATE = re.compile("[\ue000-\uf8ff\U000f0000-\U0010fffd]+")
# The planes 15 and 16 stand for themselves: the gate knows no more of them than that they are above the others.
PRIVATE_CHARACTERS = frozenset({*map(chr, range(0xE000, 0xF900)), "\U000f0000"})
FIRST_WIDE = "\u0100"


def first_characters(rule: Rule) -> frozenset[str]:
    """Give the characters with which the literals of a rule begin."""
    return frozenset(literal[0] for literal in rule.variants[0].literals)


def replace_pattern(lines: Lines, rule: Rule) -> Edits:
    """Take out or flag what the patterns of a rule find.

    What stood for a byte once may be a letter: characters below U+0100 stay in a line that is suspect.
    """
    firsts, literals = first_characters(rule), rule.variants[0].literals
    rows = [row for row in lines.holding(firsts) if any(literal in lines.texts[row] for literal in literals)]
    if rule.action == "fix" and max(firsts) < FIRST_WIDE:
        suspects = {row for row, *_ in lines.flags}
        rows = [row for row in rows if row not in suspects]
    if not rows:
        return {}
    replacement = None if rule.action == "flag" else rule.head.replacement or ""
    places = find_places([lines.texts[row] for row in rows], rule.variants[0].patterns)
    return {
        row: [Piece(start, end, replacement, rule.id) for start, end in segments.merge_spans(own)]
        for row, own in zip(rows, places, strict=True)
    }


def flag_private_use(lines: Lines, rule: str) -> Edits:
    """Flag characters for private use, whose meaning only the font of the page knows."""
    return {
        row: [Piece(*place.span(), None, rule) for place in PRIVATE.finditer(lines.texts[row])]
        for row in lines.rows(LITERAL)
    }
