"""The steps by which duplicates are found: signing, ranking, bands and buckets, shingles, keepers.

`dedupe.py` puts them together and is what others use; each file here is one step, in the order of `find_duplicates`.
"""

from __future__ import annotations

from cleanse.duplicates.keys import HELD_BYTES, ReadColumns, find_shared
from cleanse.duplicates.near import find_buckets, find_near
from cleanse.duplicates.outcome import DECISIONS, Outcome, settle
from cleanse.duplicates.parameters import (
    EXACT,
    FOLDED,
    NEAR,
    WORD_PARAMETERS,
    Parameters,
    candidate_probability,
    choose_bands,
)
from cleanse.duplicates.ranking import find_equal, rank, union
from cleanse.duplicates.shingles import LoadTexts, Shingles
from cleanse.duplicates.signing import permutations, sign_documents

__all__ = [
    "DECISIONS",
    "EXACT",
    "FOLDED",
    "HELD_BYTES",
    "NEAR",
    "WORD_PARAMETERS",
    "LoadTexts",
    "Outcome",
    "Parameters",
    "ReadColumns",
    "Shingles",
    "candidate_probability",
    "choose_bands",
    "find_buckets",
    "find_equal",
    "find_near",
    "find_shared",
    "permutations",
    "rank",
    "settle",
    "sign_documents",
    "union",
]
