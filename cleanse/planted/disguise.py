r"""Letters that are dressed up so that filters do not read them, and how they read.

A kernel looks for traces of it in all lines (`marks.mark_lines`); `fold` reads the few lines that have some. Folding is evidence and
changes no text. Worked example: `𝗠𝗔𝗫𝟳𝟳` has five letters of a mathematical alphabet and folds to `max77`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from cleanse.kernels import PLANES
from cleanse.planted.marks import (
    CYRILLIC,
    DIGIT,
    DRAWN,
    EAST,
    FANCY,
    LATIN,
    MARK,
    OTHER,
    SPACE,
    WIDE,
    ZERO,
    class_table,
)

# Letters of Cyrillic and Greek that look like a Latin letter.
LOOKALIKES = dict(
    zip(
        "аеорсухіјѕԁһԛԝвкмнтгАЕОРСУХІЈЅВКМНТαοερτκνυιαβηωΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
        "aeopcyxijsdhqwbkmhtrAEOPCYXIJSBKMHTaoeptkvuiabnwABEZHIKMNOPTYX",
        strict=True,
    )
)
# The other way round, for Latin letters in a Cyrillic word.
CYRILLIC_LIKE = dict(zip("aeopcyxijsbkmhtABEKMHOPCTYXIrnu", "аеорсухијѕвкмнтАВЕКМНОРСТУХІгпи", strict=True)) | dict(
    zip("αοερτκυι", "аоерткуи", strict=True)
)
DIGIT_LETTERS = str.maketrans("0134578", "oieastb")


@dataclass
class Folded:
    """A text without its disguise: `text` in lower case, `places` (where each character stood), `counts` by kind of disguise."""

    text: str
    places: Sequence[int]
    counts: dict[str, int] = field(default_factory=dict)


# Nothing but this makes a character more or fewer of a text.
SPECIAL = re.compile(
    "[\u00ad\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1d00-\u1dff\u180e\u200b-\u200d\u2060\u20d0-\u20f0\u2460-\u24ff"
    "\u2776-\u2793\u2102-\u2138\u02b0-\u02b8\u02e1-\u02e3\u13a0-\u13f5\u1401-\u166d\ua4d0-\ua4f7\u115f\u1160\u3164\uffa0\ua730-\ua7ff\ufe00-\ufe0f\ufe20-\ufe2f\ufeff\uff10-\uff5a\U0001d400-\U0001d7ff\U0001f110-\U0001f18f"
    "ɢɪɴʀʏʙʜʟ]"
)
# Single letters with the same sign or space between them, four at least.
SINGLES = re.compile(r"(?:^|[\W_])[^\W_][\W_]{1,3}[^\W_][\W_]")  # two single letters: quick, and before the next
BROKEN = re.compile(r"[a-zA-Z]\d{1,2}[a-zA-Z]")
SPACED = re.compile(r"(?<![^\W_])[^\W_]([^\w\n]{1,3}|_)[^\W_](?:\1[^\W_]){2,}(?:\1\d{2,4}(?!\W+\d))?(?![^\W_])")
INNER_DIGIT = re.compile(r"(?<![^\W_])(?=[^\W\d_]*\d)[a-zA-Z]+(?:[0134578]{1,2}[a-zA-Z]+)+\d{0,4}(?![^\W_])")
SPACES = re.compile(r"\s{2,}|[^\S ]")
OVERLAY = re.compile("[\u0332\u0333\u0334-\u0338\u20d0-\u20f0\u0488\u0489]")  # struck through, underlined, enclosed
MIXED = re.compile(
    r"[a-zA-Z][\u0370-\u052f]|[\u0370-\u052f][a-zA-Z]|[\u0370-\u03ff][\u0400-\u052f]|[\u0400-\u052f][\u0370-\u03ff]"
)
NAMED = re.compile(r"[a-z]+[34]d\Z")  # a name with 3d or 4d behind it
WORD = re.compile(r"[^\W\d_]{2,}")
DRESSED = np.isin(np.arange(13), (ZERO, MARK, FANCY, WIDE))  # classes that `_undress` looks at


def fold(text: str) -> Folded:
    """Read a text without disguise.

    >>> fold("𝗠𝗔𝗫𝟳𝟳 g4c0r").text, fold("B E T 7 7 online").text
    ('max77 gacor', 'bet77 online')
    """
    counts: dict[str, int] = {}
    places = list(range(len(text)))
    plain = text
    if not unicodedata.is_normalized("NFC", plain):
        plain, places = _compose(plain)
    if SPACES.search(plain):
        plain, places = _join_spaces(plain, places)
    if SPECIAL.search(plain):
        plain, stood = _undress(plain, counts)
        places = [places[place] for place in stood]
    return _join_spaced(_lower(_fold_lookalikes(plain, counts)), places, counts)


def fold_plain(text: str) -> Folded:
    """Read a text of ASCII in which no letters are spaced out and no digits stand for letters.

    >>> fold_plain("Buy  NOW").text
    'buy now'
    """
    if not SPACES.search(text):
        return Folded(text.lower(), range(len(text)))
    plain, places = _join_spaces(text, range(len(text)))
    return Folded(plain.lower(), places)


def _compose(text: str) -> tuple[str, list[int]]:
    """Give a text with composed letters, and where each letter began."""
    kept, places, begin = [], [], 0
    for end in range(1, len(text) + 1):
        if end < len(text) and (unicodedata.combining(text[end]) or "\u1160" <= text[end] < "\u1200"):
            continue
        cluster = unicodedata.normalize("NFC", text[begin:end])
        kept.append(cluster)
        places += [min(begin + number, end - 1) for number in range(len(cluster))]
        begin = end
    return "".join(kept), places


def _join_spaces(text: str, places: Sequence[int]) -> tuple[str, list[int]]:
    """Write white space of any kind and length as one space."""
    parts: list[str] = []
    kept: list[int] = []
    cursor = 0
    for match in SPACES.finditer(text):
        parts += [text[cursor : match.start()], " "]
        kept += [*places[cursor : match.start()], places[match.start()]]
        cursor = match.end()
    return "".join([*parts, text[cursor:]]), [*kept, *places[cursor:]]


def _undress(text: str, counts: dict[str, int]) -> tuple[str, list[int]]:
    """Give a text with plain letters and without marks and invisible characters, and where each character stood."""
    kept: list[str] = []
    places: list[int] = []
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    table = np.where(codes < PLANES, class_table()[np.minimum(codes, PLANES - 1)], EAST)
    kinds = table.tolist()
    east = EAST in kinds
    odd = np.flatnonzero(DRESSED[table]).tolist()
    stacked, before, place = 0, SPACE, 0
    for stop in [*odd, len(text)]:
        # What is no disguise stays as it is, but for digits above the line behind such letters.
        while place < stop and before == FANCY and kinds[place] == OTHER:
            before = _keep_raised(text[place], place, kept, places)
            stacked, place = 0, place + 1
        if place < stop:
            kept.append(text[place:stop])
            places += range(place, stop)
            stacked, before = 0, kinds[stop - 1]
        if stop == len(text):
            break
        character, kind, place = text[stop], kinds[stop], stop + 1
        if kind == ZERO:
            broken = before in (LATIN, CYRILLIC) and not "\ufe00" <= character <= "\ufe0f"
            _count(counts, "zero-width", number=broken)
            continue
        plain = character
        if kind == MARK:
            if before in (LATIN, CYRILLIC, FANCY, DIGIT):
                stacked += 1
                _count(counts, "strewn-marks", number=stacked > 1 or bool(OVERLAY.match(character)))
                continue
        elif kind == FANCY:
            plain = DRAWN.get(character) or unicodedata.normalize("NFKC", character).strip("()")
            _count(counts, "fancy-letters")
        else:  # WIDE
            plain = unicodedata.normalize("NFKC", character)
            _count(counts, "wide-letters", number=not east)
        stacked, before = 0, kind
        kept.append(plain)
        places += [stop] * len(plain)
    return "".join(kept), places


def _keep_raised(character: str, place: int, kept: list[str], places: list[int]) -> int:
    """Keep what stands behind a letter in disguise; digits above the line there belong to its name. Give the class that it then has."""
    plain = raised if (raised := unicodedata.normalize("NFKC", character)).isdecimal() else character
    kept.append(plain)
    places += [place] * len(plain)
    return OTHER if plain == character else FANCY


def _count(counts: dict[str, int], kind: str, number: int = 1) -> None:
    """Note a kind of disguise."""
    if number:
        counts[kind] = counts.get(kind, 0) + int(number)


def lower_plainly(text: str) -> str:
    """Give a text in lower case with composed letters and single spaces: what no disguise is needed for."""
    return SPACES.sub(" ", _lower(unicodedata.normalize("NFC", text)))


def _lower(text: str) -> str:
    """Write a text in lower case, a character for a character; the letters i of Turkish are one."""
    lowered = text.replace("İ", "i").lower().replace("ı", "i")
    if len(lowered) == len(text):
        return lowered
    return "".join(low if len(low := character.lower()) == 1 else character for character in text)


def _fold_lookalikes(text: str, counts: dict[str, int]) -> str:
    """Write a word that mixes scripts in the script that most of its letters have."""
    if text.isascii() or not MIXED.search(text):
        return text
    own = sum("\u0400" <= c < "\u0530" for c in text)
    slavic = 2 * own > sum(c.isalpha() for c in text)

    def mend(match: re.Match[str]) -> str:
        word = match.group()
        latin = sum("a" <= c.lower() <= "z" for c in word)
        cyrillic = sum("\u0400" <= c < "\u0530" for c in word)
        greek = sum("\u0370" <= c < "\u0400" for c in word)
        if (latin > 0) + (cyrillic > 0) + (greek > 0) < 2:
            return word
        tables = [LOOKALIKES, CYRILLIC_LIKE]
        for table in reversed(tables) if cyrillic and (slavic or not latin) else tables:
            mended = "".join(table.get(c, c) for c in word)
            # Only what reads as one script afterwards was a disguise: units and symbols of physics do not.
            scripts = {("l" if "a" <= c.lower() <= "z" else "c" if "\u0400" <= c < "\u0530" else "o") for c in mended}
            if len(scripts) > 1 or len(word) < 3:
                continue
            # Old pages of many Cyrillic languages have a Latin i for theirs.
            if all(c == m or c in "iIіІ" for c, m in zip(word, mended, strict=True)):
                return mended
            counts["mixed-words"] = counts.get("mixed-words", 0) + 1
            return mended
        return word

    return WORD.sub(mend, text)


def _join_spaced(text: str, places: list[int], counts: dict[str, int]) -> Folded:
    """Join letters that are spaced out, and read digits inside words as letters."""
    parts: list[str] = []
    kept: list[int] = []
    cursor = 0
    edits: list[tuple[int, int, str, list[int]]] = []
    for match in SPACED.finditer(text) if SINGLES.search(text) else ():
        own = [(c, places[match.start() + k]) for k, c in enumerate(match.group()) if c.isalnum()]
        letters = sum(c.isalpha() for c, _ in own)
        if letters < 3 or any(ord(c) >= 0x900 for c, _ in own):
            continue
        digits = len(own) - letters
        word = "".join(c for c, _ in own)
        behind = text[match.end() : match.end() + 1]
        kind = "spaced-name" if 2 <= digits <= 4 and word[:letters].isalpha() else "spaced-letters"
        # Symbols between letters are nobody's layout; spaces may be.
        if kind == "spaced-letters" and any(
            not c.isspace() and not c.isalnum() and ord(c) >= 0x2600 for c in match.group()
        ):
            kind = "spaced-symbols"
        if behind != "'":
            counts[kind] = counts.get(kind, 0) + 1
        edits.append((match.start(), match.end(), word, [place for _, place in own]))
    for match in INNER_DIGIT.finditer(text) if BROKEN.search(text) else ():
        word = match.group()
        if NAMED.match(word):
            continue
        head = word.rstrip("0123456789")
        if len(word) - len(head) == 1:
            head = word  # two digits at least are the number of a name; one is a letter like those before
        mended = head.translate(DIGIT_LETTERS) + word[len(head) :]
        edits.append((match.start(), match.end(), mended, places[match.start() : match.end()]))
    for start, end, word, own_places in sorted(edits):
        if start < cursor:
            continue
        parts += [text[cursor:start], word]
        kept += places[cursor:start] + own_places
        cursor = end
    parts.append(text[cursor:])
    kept += places[cursor:]
    return Folded("".join(parts), kept, counts)
