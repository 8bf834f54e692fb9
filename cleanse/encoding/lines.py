"""The lines that the gate let through, while they are being repaired: as read, as they are now, and what leads from one to the other.

A line is cut out of its document once, here. Repairs read `texts`, which are the lines as they are now, and say what is to be done in
`Edits`; `apply` does it. Places in the text as read, which hits have, come out at the end.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleanse import segments
from cleanse.encoding.changes import compose, overwrite
from cleanse.encoding.gate import BADNESS, CONTROL, ENTITY, EVERY, LITERAL, RETURN, Gate
from cleanse.kernels import Bytes, Offsets, as_texts
from cleanse.segments import Piece

# By the number of the line: what is put in where, at places in the line as it is now. A piece without a replacement only flags.
Edits = dict[int, list[Piece]]
# What a hit holds before its rule gives it an action.
PLACES = {**segments.PLACE_SCHEMA, "replacement": pl.String}
RENEWED = ENTITY | CONTROL | BADNESS | LITERAL  # reasons that a repair may give a line or take from it


class Lines:
    """Lines that are being repaired; each list has an entry a line.

    `as_read`: the line without its break; `texts`: as it is now; `reasons`: why it is looked at, as bits of the gate; `docs`: number of its
    document; `numbers`: its own number there.
    """

    def __init__(self, texts: list[str], reasons: list[int], docs: list[int], numbers: list[int]) -> None:
        """Take lines as read."""
        self.as_read, self.reasons, self.docs, self.numbers = texts, reasons, docs, numbers
        self.texts = texts.copy()
        self.changes: Edits = {}  # of the lines that changed, at places in the line as read
        self.flags: list[tuple[int, str, int, int]] = []  # line, rule, start and end in the line as read
        self._shifts: dict[int, segments.Shifts] = {}
        self._characters: dict[int, set[str]] = {}

    @classmethod
    def of(cls, *texts: str, gate: Gate | None = None) -> Lines:
        """Take lines of one document, at which every repair looks; for examples and tests.

        >>> Lines.of("one", "two").numbers
        [0, 1]
        """
        reasons = (gate or Gate()).find_reasons(texts)
        returns = [RETURN if text.endswith("\r") else 0 for text in texts]
        reasons = [why | own | EVERY for why, own in zip(reasons, returns, strict=True)]
        return cls(list(texts), reasons, [0] * len(texts), list(range(len(texts))))

    def rows(self, reasons: int) -> list[int]:
        """Give the lines that have one of these reasons."""
        return [row for row, why in enumerate(self.reasons) if why & (reasons | EVERY)]

    def holding(self, characters: frozenset[str]) -> list[int]:
        """Give the lines that hold one of these characters, of which the gate knows."""
        return [row for row in self.rows(LITERAL) if not characters.isdisjoint(self._characters_of(row))]

    def _characters_of(self, row: int) -> set[str]:
        if row not in self._characters:
            self._characters[row] = set(self.texts[row])
        return self._characters[row]

    def apply(self, edits: Edits, gate: Gate) -> None:
        """Change and flag lines.

        What is put into a line may be damage too, so the gate looks at it again. Whether a line is unusual is asked of the line as read.
        """
        for row, pieces in edits.items():
            changes = [piece for piece in pieces if piece.replacement is not None]
            if len(changes) < len(pieces):
                flags = [piece for piece in pieces if piece.replacement is None]
                self.flags += [(row, str(flag.rule), *self._place(row, flag.start, flag.end)) for flag in flags]
            self._change(row, changes)
        touched = [row for row, pieces in edits.items() if any(piece.replacement for piece in pieces)]
        for row, reasons in zip(touched, gate.find_reasons(self.texts[row] for row in touched), strict=True):
            self.reasons[row] = (self.reasons[row] & ~RENEWED) | (reasons & RENEWED)

    def _change(self, row: int, edits: list[Piece]) -> None:
        if edits:
            line, known = self.as_read[row], self.changes.get(row)
            self.changes[row] = compose(line, [known, edits]) if known else edits
            self.texts[row] = overwrite(line, self.changes[row])
            self._shifts.pop(row, None)
            self._characters.pop(row, None)

    def _shift(self, row: int) -> segments.Shifts:
        if row not in self._shifts:
            self._shifts[row] = segments.Shifts(segments.cut_line(len(self.as_read[row]), self.changes[row]))
        return self._shifts[row]

    def _place(self, row: int, start: int, end: int) -> tuple[int, int]:
        """Carry a place in the line as it is now to the line as read."""
        return self._shift(row).unshift(start, end) if row in self.changes else (start, end)

    def list_changes(self) -> Edits:
        """Give the edits of each changed line that say something else than what was read."""
        return {
            row: [edit for edit in edits if edit.replacement != self.as_read[row][edit.start : edit.end]]
            for row, edits in self.changes.items()
        }

    def describe_changes(self, edits: Edits) -> pl.DataFrame:
        """Give a frame of PLACES of edits at places in the lines as read."""
        rows = [
            (self.docs[row], edit.rule, self.numbers[row], edit.start, edit.end, self.as_read[row][edit.start : edit.end], edit.replacement)
            for row, own in edits.items()
            for edit in own
        ]  # fmt: skip
        columns = list(zip(*rows, strict=True)) or [()] * len(PLACES)
        return pl.DataFrame(dict(zip(PLACES, columns, strict=True)), schema=PLACES)

    def describe_flags(self) -> pl.DataFrame:
        """Give a frame of PLACES of what was flagged, widened to changes that it cuts."""
        rows = []
        for row, rule, start, end in sorted(self.flags):
            place = self._shift(row).widen(start, end) if row in self.changes else (start, end)
            rows.append((self.docs[row], rule, self.numbers[row], *place, self.as_read[row][slice(*place)], None))
        return pl.DataFrame(rows, schema=PLACES, orient="row")


class CutLines(Lines):
    """Lines that were cut out of texts, and can be put back.

    `places`: number of its text; `starts`, `stops`: its bytes in the buffer of all texts, without the break.
    """

    def __init__(self, docs: pl.Series, data: Bytes, found: Offsets, windows: NDArray[np.bool_]) -> None:
        """Cut out the lines in `found`, as `gate.scan_lines` gives them.

        `windows` says which texts lose the returns of all their lines anyway.
        """
        own = windows[found[:, 0]]
        ends = own & (found[:, 4] & RETURN > 0)
        reasons = np.where(own, found[:, 4] & ~RETURN, found[:, 4])
        chosen = np.flatnonzero(reasons > 0)
        self.places, self.starts = found[chosen, 0].tolist(), found[chosen, 2].tolist()
        self.stops = (found[:, 3] - ends)[chosen].tolist()
        view = memoryview(data.data)
        texts = [str(view[start:stop], "utf-8") for start, stop in zip(self.starts, self.stops, strict=True)]
        super().__init__(texts, reasons[chosen].tolist(), docs.gather(self.places).to_list(), found[chosen, 1].tolist())


def rejoin(
    texts: pl.Series, data: Bytes, offsets: Offsets, lines: CutLines, fixed: dict[int, str], windows: NDArray[np.bool_]
) -> pl.Series:
    """Give the texts with the lines in `fixed` put in.

    Those of which `windows` says so lose the returns of all their lines.
    """
    view = memoryview(data.data)
    changed: dict[int, list[int]] = {place: [] for place in np.flatnonzero(windows).tolist()}
    for row in sorted(fixed):
        changed.setdefault(lines.places[row], []).append(row)
    index = np.arange(len(texts), dtype=np.uint32)
    index[list(changed)] = len(texts) + np.arange(len(changed), dtype=np.uint32)
    mended: list[bytes] = []
    for place, rows in changed.items():
        parts: list[bytes | memoryview] = []
        at = int(offsets[place])
        for row in rows:
            parts += [view[at : lines.starts[row]], fixed[row].encode()]
            at = lines.stops[row]
        parts.append(view[at : offsets[place + 1]])
        if windows[place]:
            parts[::2] = [bytes(part).replace(b"\r\n", b"\n") for part in parts[::2]]
        mended.append(b"".join(parts))
    ends = np.cumsum([0, *map(len, mended)], dtype=np.int64)
    return pl.concat([texts, as_texts(np.frombuffer(b"".join(mended), dtype=np.uint8), ends)]).gather(index)
