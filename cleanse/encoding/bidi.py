r"""Direction marks (UAX #9) that hide text, or that have no partner in their line.

>>> lines = Lines.of("a\u202eb\u202cc")
>>> [edit[:3] for edit in balance_directions(lines, "encoding/bidi")[0]]
[(1, 2, ''), (3, 4, '')]
"""

from __future__ import annotations

import unicodedata

from cleanse.encoding.lines import Edits, Lines
from cleanse.segments import Piece

# What opens an embedding or an isolate, and what closes it; overrides open too.
EMBEDDINGS, OVERRIDES, POP = "\u202a\u202b", "\u202d\u202e", "\u202c"
ISOLATES, POP_ISOLATE = "\u2066\u2067\u2068", "\u2069"
MARKS = "\u200e\u200f\u061c"
CONTROLS = frozenset(f"{EMBEDDINGS}{OVERRIDES}{POP}{ISOLATES}{POP_ISOLATE}{MARKS}")


def balance_directions(lines: Lines, rule: str) -> Edits:
    """Take out the direction marks that are not balanced (`find_unbalanced`)."""
    return {
        row: [Piece(start, start + 1, "", rule) for start in find_unbalanced(lines.texts[row])]
        for row in lines.holding(CONTROLS)
    }


def find_unbalanced(line: str) -> list[int]:
    """Find the direction marks that hide text or have no partner in their line.

    Overrides go, and what closes them; embeddings and isolates go where they are not closed or not opened. Marks go where no
    letter is written from right to left.

    >>> find_unbalanced("a\u202eb\u202cc"), find_unbalanced("\u2067\u05d0\u2069"), find_unbalanced("\u200eabc\u202c")
    ([1, 3], [], [0, 4])
    """
    gone: list[int] = []
    embeddings: list[tuple[int, bool]] = []
    isolates: list[tuple[int, int]] = []  # an isolate hides the embeddings that were open before it
    right_to_left = any(unicodedata.bidirectional(character) in ("R", "AL", "AN") for character in line)
    for place, character in enumerate(line):
        if character in MARKS and not right_to_left:
            gone.append(place)
        elif character in OVERRIDES or character in EMBEDDINGS:
            embeddings.append((place, character in OVERRIDES))
        elif character in ISOLATES:
            isolates.append((place, len(embeddings)))
        elif character == POP:
            if len(embeddings) > (isolates[-1][1] if isolates else 0):
                opened, override = embeddings.pop()
                gone += [opened, place] if override else []
            else:
                gone.append(place)
        elif character == POP_ISOLATE:
            if isolates:
                _, depth = isolates.pop()
                gone += [opened for opened, _ in embeddings[depth:]]
                del embeddings[depth:]
            else:
                gone.append(place)
    gone += [opened for opened, _ in (*embeddings, *isolates)]
    return sorted(gone)
