"""From bytes to text, and from damaged text to repaired text.

The stage is `repair_text` with a `Repairer`; the readers of files use the module `charset`.
"""

from __future__ import annotations

from cleanse.encoding import charset
from cleanse.encoding.charset import CHARSET, UTF8
from cleanse.encoding.repair import COLUMN, FLAGGING, LINE_ENDS, METHODS, PARAMETERS, Repairer, repair_text

__all__ = [
    "CHARSET",
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
