"""From bytes to text, and from damaged text to repaired text.

Readers of files turn bytes into text by the module `charset`. The stage `repair_text` then mends what was decoded wrongly before, with a
`Repairer` made of rules: a gate finds the few lines that may be damaged, and the list in `repairs.py` says what is tried on them, in order.
"""

from __future__ import annotations

from cleanse.encoding import charset
from cleanse.encoding.charset import CHARSET, UTF8
from cleanse.encoding.documents import LINE_ENDS
from cleanse.encoding.repairs import FLAGGING, METHODS, PARAMETERS
from cleanse.encoding.stage import COLUMN, Repairer, repair_text
from cleanse.encoding.weighing import CHARSET_LISTS

__all__ = [
    "CHARSET",
    "CHARSET_LISTS",
    "COLUMN",
    "FLAGGING",
    "LINE_ENDS",
    "METHODS",
    "PARAMETERS",
    "UTF8",
    "Repairer",
    "charset",
    "repair_text",
]
