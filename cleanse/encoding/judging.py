"""Which of the texts that a line may have been it was, and whether that is sure.

A reading is taken where it is far more usual than the line, and than any other reading. Where a reading is more usual, but something
speaks against it, the line stays and is suspect. All limits are parameters of `encoding/code-page` (`limits.py`).

>>> from cleanse.rules import load_rules
>>> limits = Limits.of(load_rules()["encoding/code-page"].head.parameters)
>>> broken = ["Ïàðîì íå ïðèø¸ë â ïîíåäåëüíèê.", "ÎÄÕÂ", "Der Fluß"]
>>> [(verdict.text, verdict.suspect) for verdict in judge_lines(broken, limits)]
[('Паром не пришёл в понедельник.', False), (None, True), (None, False)]
"""

from __future__ import annotations

import itertools
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cleanse.encoding.codepages import FOREIGN, UTF8
from cleanse.encoding.limits import Limits
from cleanse.encoding.pairs import load_figures
from cleanse.encoding.pricing import price_end_to_end
from cleanse.encoding.readings import Reading, find_changes, has_intruder, read_again


@dataclass(frozen=True)
class Verdict:
    """What a line was, and whether it is suspect."""

    text: str | None  # None where the line stays
    suspect: bool
    lead: float = 0.0  # how many bits less the best reading costs than the next
    readings: tuple[Reading, ...] = ()


WHOLE = Verdict(None, suspect=False)


def judge_lines(lines: Sequence[str], limits: Limits) -> list[Verdict]:
    """Say of lines that look unusual what they were; equal lines are read once."""
    alike = list(dict.fromkeys(lines))
    verdicts = {
        line: _judge(line, readings, limits) for line, readings in zip(alike, read_again(alike, limits), strict=True)
    }
    return [verdicts[line] for line in lines]


def _judge(line: str, readings: list[Reading], limits: Limits) -> Verdict:
    if not readings:
        return WHOLE
    best, lead = readings[0], _lead(readings)
    foreign = FOREIGN.findall(line)
    letters = any(character.isalpha() or character < "\xa0" for character in foreign)
    right = _is_right(best, lead, limits, 1 if letters else 2)
    if best.latin:
        # Accents are all that speaks against a language of which no letter pairs are known; the rest of the line has to say the same.
        right &= best.changes >= limits.min_changes and (best.whole >= limits.whole or len(best.pages) > 2)
    suspect = best.gain >= limits.suspect and best.dearness <= limits.doubtful and letters
    # Of a text in Latin script a few letters say little, unless the whole line says the same.
    suspect = suspect and (
        not best.latin or best.gain >= limits.gain or (best.places >= limits.min_places and best.whole > 0)
    )
    # A word that only another reading makes whole is suspect too, however the rest of the line reads.
    intruded = any(
        reading.intruders
        and reading.gain >= limits.suspect
        and (reading.dearness <= limits.doubtful**2 or (reading.pages[-1] == UTF8 and reading.gain >= limits.plenty))
        for reading in readings
    )
    # So is a line that costs much less from end to end in other letters of its script.
    strange = any(_is_whole(line, reading, limits) for reading in readings if reading.whole)
    suspect = suspect and (best.latin or len(set(foreign)) >= limits.min_foreign)
    listed = (right or intruded or strange or suspect) and _is_list(foreign, limits)
    return Verdict(
        best.text if right and not listed else None,
        (intruded or strange or suspect) and not right and not listed,
        lead,
        tuple(readings),
    )


def _is_whole(line: str, reading: Reading, limits: Limits) -> bool:
    """Say whether a reading makes a line whole, from end to end.

    The dearer what it changes, the more of the rest must speak for it.
    """
    gain = reading.whole - limits.dear * max(0.0, reading.dearness - 1)
    return gain >= limits.whole or (gain >= limits.intruded and has_intruder(line, find_changes(line, reading.text)))


def follow_neighbours(verdicts: list[Verdict], documents: Sequence[int], limits: Limits) -> list[Verdict]:
    """Read suspect lines as most lines of their document, if that is nearly best.

    A word of two ideographs is also four letters of another language; what stands beside it tells.
    """
    pages: dict[int, Counter[tuple[str, ...]]] = {}
    for document, verdict in zip(documents, verdicts, strict=True):
        if verdict.text is not None:
            pages.setdefault(document, Counter())[verdict.readings[0].pages] += 1
    usual = {document: min(counts, key=lambda key: (-counts[key], key)) for document, counts in pages.items()}
    return [
        _follow(verdict, usual[document], limits) if document in usual and verdict.suspect else verdict
        for document, verdict in zip(documents, verdicts, strict=True)
    ]


def _follow(verdict: Verdict, pages: tuple[str, ...], limits: Limits) -> Verdict:
    for reading in verdict.readings:
        # Two pages may give the same text.
        same = reading.pages == pages or _read_by(_read_by(reading.text, reading.pages[::-1]), pages) == reading.text
        near = reading.price <= verdict.readings[0].price + limits.neighbour
        alike = reading.gain >= limits.suspect and reading.dearness <= limits.doubtful
        if same and near and (alike or reading.whole >= limits.intruded):
            others = (reading, *(other for other in verdict.readings if other is not reading))
            return Verdict(reading.text, suspect=False, lead=verdict.lead, readings=others)
    return verdict


def _read_by(text: str, pages: Sequence[str]) -> str:
    """Read a text again by pages in turn: write by the first, read by the second, ..."""
    try:
        for first, second in zip(pages[::2], pages[1::2], strict=True):
            text = text.encode(first).decode(second)
    except UnicodeError:
        return ""
    return text


def _is_list(foreign: list[str], limits: Limits) -> bool:
    """Say whether letters stand as they do in a list.

    Nearly all stand in the order of the alphabet, or all are the same but for their marks, or nearly all are a capital and a small letter.
    """
    letters = [character.lower() for character in foreign if character.isalpha()]
    count = len(letters)
    if count < limits.min_list or 4 * count < 3 * len(foreign):
        return False
    # In the alphabet a letter with a mark stands behind the same letter without, and not where its number puts it: ё before ж.
    marked = [unicodedata.normalize("NFD", letter) for letter in letters]
    rising = sum(a < b for a, b in itertools.pairwise(marked))
    # A list in parts is told by letters that stand side by side in the alphabet too.
    beside = sum(ord(b) - ord(a) == 1 for a, b in itertools.pairwise(letters))
    in_order = count >= limits.min_order and (rising >= count - 1 - count // 7 or 3 * beside >= 2 * (count - 1))
    alike = len(set(letters)) == count and len({letter[0] for letter in marked}) == 1
    pairs = sum(letter in foreign and letter != letter.upper() in foreign for letter in set(letters))
    return in_order or alike or (pairs >= limits.min_list and 10 * pairs >= 4 * count)


def _lead(found: Sequence[Reading]) -> float:
    """Say how much less the best reading costs than the next.

    A reading that is made of the best one, by reading it again, is no rival of it.
    """
    pages = found[0].pages
    others = (reading.price for reading in found[1:] if pages[-1] != UTF8 or reading.pages[: len(pages)] != pages)
    return next(others, float("inf")) - found[0].price


def _is_right(best: Reading, lead: float, limits: Limits, severity: int) -> bool:
    """Say whether the best reading is sure; `severity`: times the lead that it needs."""
    plenty = min(best.gain, lead) >= limits.plenty
    most = limits.doubtful ** (2 if best.pages[-1] == UTF8 else 1) if plenty else 1
    return best.gain >= limits.gain and best.dearness <= most and lead >= limits.lead * severity


def gains_more(line: str, fixed: str, verdict: Verdict, limits: Limits) -> bool:
    """Say whether a reading gains much more from end to end than another repair."""
    best = max(reading.whole for reading in verdict.readings)
    if best < limits.whole:
        return False
    languages = np.ones((2, len(load_figures().names)), dtype=np.uint8)
    before, after = price_end_to_end([line, fixed], languages)
    return best - (before - after) >= limits.whole
