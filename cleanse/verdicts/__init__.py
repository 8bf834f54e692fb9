"""What reviewers say about hits, and what follows from it: rows of a file, precision with its interval, rules held back, near misses.

This room knows no server and no OUT: a verdict carries all that is needed. Others use `read_verdicts`, `append_verdicts` and `count_verdicts`; a run uses
`restrain_rules`.
"""

from __future__ import annotations

from cleanse.verdicts.gate import Restrained, restrain_rules
from cleanse.verdicts.near_misses import Written, write_misses
from cleanse.verdicts.precision import (
    PRECISION,
    Agreement,
    add_precision,
    count_verdicts,
    interval,
    keep_valid,
    measure_agreement,
    settle,
    sort_by_harm,
)
from cleanse.verdicts.rows import (
    COLUMNS,
    TEXT_CHARS,
    WITHDRAWN,
    WORDS,
    Verdict,
    append_verdicts,
    digest_hit,
    import_verdicts,
    keep_last,
    make_verdict,
    read_verdicts,
)

__all__ = [
    "COLUMNS",
    "PRECISION",
    "TEXT_CHARS",
    "WITHDRAWN",
    "WORDS",
    "Agreement",
    "Restrained",
    "Verdict",
    "Written",
    "add_precision",
    "append_verdicts",
    "count_verdicts",
    "digest_hit",
    "import_verdicts",
    "interval",
    "keep_last",
    "keep_valid",
    "make_verdict",
    "measure_agreement",
    "read_verdicts",
    "restrain_rules",
    "settle",
    "sort_by_harm",
    "write_misses",
]
