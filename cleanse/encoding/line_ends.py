r"""Marks at the ends of a line and of a text that are no part of it: carriage returns, and the byte-order mark.

>>> lines = Lines.of("\ufeffone\r", "two")
>>> [tuple(edit) for edit in take_returns(lines, "encoding/line-ends")[0]]
[(4, 5, '', 'encoding/line-ends')]
"""

from __future__ import annotations

from cleanse.encoding.charset import BYTE_ORDER_MARK
from cleanse.encoding.gate import CONTROL, RETURN
from cleanse.encoding.lines import Edits, Lines
from cleanse.segments import Piece


def take_returns(lines: Lines, rule: str) -> Edits:
    """Take away the carriage return at the end of each line that has one.

    Texts of which all lines have one are changed as a whole (`documents.py`), and do not come here.
    """
    found = [(row, len(lines.texts[row])) for row, why in enumerate(lines.reasons) if why & RETURN]
    return {row: [Piece(length - 1, length, "", rule)] for row, length in found}


def take_mark(lines: Lines, rule: str) -> Edits:
    """Take away the byte-order mark with which a text begins.

    Elsewhere it is a control character.
    """
    return {
        row: [Piece(0, 1, "", rule)]
        for row in lines.rows(CONTROL)
        if lines.numbers[row] == 0 and lines.texts[row].startswith(BYTE_ORDER_MARK)
    }
