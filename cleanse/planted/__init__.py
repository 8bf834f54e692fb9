"""Spam planted in texts: gates over all lines, then evidence of the few that are left, added up.

Others use `Planted` (what `spam.py` runs), `EVIDENCE_SCHEMA` (what it gives) and `fold` (how a disguised text reads).
"""

from cleanse.planted.disguise import fold
from cleanse.planted.engine import EVIDENCE_SCHEMA, Planted
from cleanse.planted.measures import MEASURES

__all__ = ["EVIDENCE_SCHEMA", "MEASURES", "Planted", "fold"]
