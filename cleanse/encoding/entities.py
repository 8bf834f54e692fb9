"""HTML entities in a line, all layers of escaping in one pass.

>>> lines = Lines.of("Salt &amp;amp; pepper")
>>> [edit[:3] for edit in unescape_lines(lines, "encoding/entities", Gate())[0]]
[(5, 14, '&')]

An entity ends at its semicolon, holds no other `&`, and so never overlaps another. For that reason the order in which entities are
replaced does not matter: a line is read once, and at each semicolon the last characters of what it came to are looked at. To
unescape again and again until nothing changes would cost a pass over the line for each layer.
"""

from __future__ import annotations

import functools
import re
from typing import NamedTuple

import ftfy.fixes
from ftfy.chardata import HTML_ENTITY_RE

from cleanse.encoding.changes import overwrite
from cleanse.encoding.gate import BADNESS, CONTROL, ENTITY, PAIRED, UNUSUAL, Gate
from cleanse.encoding.lines import Edits, Lines
from cleanse.segments import Piece

LONGEST = 27  # characters of an entity at most: `&#`, 24 letters or digits, `;`
RUN = re.compile("&[&#;0-9A-Za-z]*")  # no entity, nor what becomes part of one, reaches beyond such a stretch
BODY = re.compile("#?[0-9A-Za-z]{1,24}")  # what `ftfy.chardata.HTML_ENTITY_RE` has between `&` and `;`


FTFY_REASONS = ENTITY | CONTROL | BADNESS  # for which ftfy is asked


class _Edit(NamedTuple):
    """A stretch of a run, and what it became."""

    start: int
    end: int
    text: str
    made_end: int  # where `text` ends in what was made of the run

    @property
    def made_start(self) -> int:
        """Give where the text begins."""
        return self.made_end - len(self.text)


def unescape_lines(lines: Lines, rule: str, gate: Gate) -> Edits:
    """Unescape the lines in which entities are all that is wrong, before and after.

    Any other line is left to `misread.py`: an entity may be half of a letter that was read wrongly. So is a line that is unusual, since its
    bytes are to be read again as they were, and a line with `<`, in which ftfy takes entities for a part of HTML. An entity that stands for
    a line break stays, since a fix never adds a line.
    """
    rows = [
        row
        for row, why in enumerate(lines.reasons)
        if why & (FTFY_REASONS | UNUSUAL | PAIRED) == ENTITY
        and "<" not in lines.texts[row]
        and "\r" not in lines.texts[row]
    ]
    edits = {line: unescape(line, rule) for line in {lines.texts[row]: None for row in rows}}
    after = {line: overwrite(line, own) for line, own in edits.items() if own}
    tame = {
        line
        for (line, text), why in zip(after.items(), gate.find_reasons(after.values()), strict=True)
        if not why & FTFY_REASONS and "\n" not in text and "\r" not in text
    }
    return {row: edits[lines.texts[row]] for row in rows if lines.texts[row] in tame}


def unescape(line: str, rule: str) -> list[Piece]:
    """Give the edits that put characters in the place of HTML entities.

    Each entity is replaced as ftfy does; what an entity becomes may be a part of another one.

    >>> [tuple(edit) for edit in unescape("salt &amp; pepper", "encoding/entities")]
    [(5, 10, '&', 'encoding/entities')]
    >>> [tuple(edit) for edit in unescape("1 &amp;amp;lt; 2", "encoding/entities")]
    [(2, 14, '<', 'encoding/entities')]
    """
    edits = [
        Piece(*found.span(), character, rule)
        for found in HTML_ENTITY_RE.finditer(line)
        if (character := unescape_entity(entity := found.group())) != entity
    ]
    # Nearly always one layer is all there is.
    after = overwrite(line, edits)
    if all(unescape_entity(entity) == entity for entity in HTML_ENTITY_RE.findall(after)):
        return edits
    return [
        Piece(found.start() + edit.start, found.start() + edit.end, edit.text, rule)
        for found in RUN.finditer(line)
        if ";" in found.group()
        for edit in _unescape_run(found.group())
    ]


def _unescape_run(run: str) -> list[_Edit]:
    made: list[str] = []  # the characters of the text so far
    edits: list[_Edit] = []
    place = 0
    while (semicolon := run.find(";", place)) >= 0:
        made += run[place : semicolon + 1]
        place = semicolon + 1
        _replace_last(made, edits, place)
    return edits


def _replace_last(made: list[str], edits: list[_Edit], place: int) -> None:
    """Replace the entity with which `made` ends, if it ends with one, and what that completes.

    `place`: where the line was read to.
    """
    while made and made[-1] == ";":
        tail = "".join(made[-LONGEST:])
        length = len(tail) - tail.rfind("&")
        entity = tail[-length:]
        if length > len(tail) or not BODY.fullmatch(entity, 1, length - 1):
            return
        character = unescape_entity(entity)
        if character == entity:
            return
        _replace(made, edits, place, length, character)


def _replace(made: list[str], edits: list[_Edit], place: int, length: int, character: str) -> None:
    """Put `character` for the last `length` characters of `made`.

    The edits that made some of these become part of the new one.
    """
    begin = len(made) - length
    first = None
    while edits and edits[-1].made_end > begin:
        first = edits.pop()
    if first is not None and first.made_start <= begin:
        start, kept = first.start, first.text[: begin - first.made_start]
    else:
        before = edits[-1] if edits else _Edit(0, 0, "", 0)
        start, kept = before.end + begin - before.made_end, ""
    made[begin:] = character
    edits.append(_Edit(start, place, kept + character, len(made)))


@functools.lru_cache(10_000)
def unescape_entity(entity: str) -> str:
    """Give what ftfy makes of an entity: itself where it knows none of that name."""
    return ftfy.fixes.unescape_html(entity)
