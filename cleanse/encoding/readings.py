"""What a line may have been: its bytes, read again by other code pages.

A line is turned back into bytes by each code page that is often assumed (`codepages.READERS`), and these are read by each code page that
text is often in (NARROW, WIDE). A reading counts only if the way back leads to the line again. What comes out is priced in bits; the
cheaper, the likelier.

>>> from cleanse.rules import load_rules
>>> limits = Limits.of(load_rules()["encoding/code-page"].head.parameters)
>>> best = read_again(["Ïàðîì íå ïðèø¸ë"], limits)[0][0]
>>> best.text, best.pages
('Паром не пришёл', ('latin-1', 'cp1251'))
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from cleanse.encoding import pricing
from cleanse.encoding.codepages import (
    FOREIGN,
    GBK,
    NARROW_NAMES,
    NO_TEXT,
    READERS,
    UTF8,
    WIDE_OF_BITS,
    encode_lines,
    load_codecs,
    narrow_tables,
)
from cleanse.encoding.limits import Limits
from cleanse.encoding.page_pricing import price_all_pages
from cleanse.encoding.pairs import BMP, INSIDE_WORD, LATIN, STEPS, character_codes, load_figures
from cleanse.encoding.pricing import offsets_of, price_end_to_end, price_lines, price_texts
from cleanse.kernels import Offsets

# A character of GBK within a word of Latin letters.
IN_WORD = re.compile("(?<=[A-Za-z])[\u2e80-\uffef](?=[A-Za-z])")
LAYERS = 3


class Reading(NamedTuple):
    """A text that a line may have been."""

    text: str
    pages: tuple[str, ...]  # the code pages that lead to it: reader, page, reader, page, ...
    price: float  # what it costs, in bits
    gain: float  # how much less that is than the line costs
    dearness: float  # what a place of it costs, as a share of what it may
    script: int = 0  # that of its page, 0 where a page has several
    changes: int = 0  # in Latin script: different characters that are new
    places: int = 0  # in Latin script: places that are new
    intruders: bool = False  # in Latin script, or from UTF-8: one of them stood in a word and is no letter of it
    whole: float = 0.0  # how much less it costs from end to end, if it is in the letters of the line and costs no more than text does

    @property
    def latin(self) -> bool:
        """Say whether it is in Latin script."""
        return self.script == LATIN


@dataclass
class _Search:
    """What is known of a line while its readings are looked for."""

    price: float
    sparse: bool  # what is not ASCII stands alone in it, between letters
    layer: list[Reading]  # the texts that are read again next: at first the line itself
    found: list[Reading] = field(default_factory=list)
    fresh: list[Reading] = field(default_factory=list)  # what was read in this layer
    seen: set[str] = field(default_factory=set)

    def end_layer(self) -> None:
        """Note what was read in this layer, and choose what is read again.

        UTF-8 is: it is often damaged more than once.
        """
        fresh = sorted(self.fresh, key=_rank)
        new = [reading for reading in fresh if not _holds_no_text(reading.text)]
        self.found = sorted([*self.found, *new], key=_rank) if self.found else new
        self.layer = [reading for reading in fresh if reading.pages[-1] == UTF8]
        self.fresh = []


def read_again(lines: Sequence[str], limits: Limits) -> list[list[Reading]]:
    """Give for each line what it may have been, cheapest first.

    No reading holds what no text holds. A line has none where no text could cost so little that it were worth a flag, and where the line
    costs what its language does.
    """
    numbers = [number for number, hopeful in enumerate(are_hopeful(lines, limits)) if hopeful]
    searches: dict[int, _Search] = {}
    for number, (price, *_, sparse) in zip(numbers, price_lines([lines[n] for n in numbers]).tolist(), strict=True):
        start = Reading(lines[number], (), price / STEPS, 0.0, 0.0)
        searches[number] = _Search(start.price, bool(sparse), [start], seen={start.text})
    going = list(searches.values())
    for _ in range(LAYERS):
        starts = [(search, start) for search in going for start in search.layer]
        if not starts:
            break
        _read_layer(starts, limits)
        going = [search for search in going if search.fresh]
        for search in going:
            search.end_layer()
    found = [searches[number].found if number in searches else [] for number in range(len(lines))]
    found = [_prefer_plain(readings, limits.plain) if len(readings) > 1 else readings for readings in found]
    return _compare_whole(found, lines, limits)


def are_hopeful(lines: Sequence[str], limits: Limits) -> list[bool]:
    """Say of lines whether any text could cost so much less that it were worth a flag.

    None could where a line costs what its language does.
    """
    _, foreign, places, ideographic, _ = price_texts(lines).T
    natural = np.where(ideographic > 0, limits.per_ideograph, limits.natural)
    most = np.maximum(natural * places, limits.least * places + limits.suspect / 4)
    return [bool(hopeful) for hopeful in foreign > STEPS * most]


def _compare_whole(found: list[list[Reading]], lines: Sequence[str], limits: Limits) -> list[list[Reading]]:
    """Price readings in the letters of their line from end to end, ASCII included."""
    names, allowed = load_figures().names, narrow_tables()[1]
    likely = [
        (line, [place for place, reading in enumerate(readings) if reading.script and len(reading.pages) == 2])
        for line, readings in enumerate(found)
        if readings
    ]
    scripts = _scripts_of_letters([lines[line] for line, _ in likely], limits)
    asked = [
        (line, place)
        for (line, places), script in zip(likely, scripts, strict=True)
        if script
        for place in places
        if found[line][place].script == script and _keeps_letters(lines[line], found[line][place].text)
    ]
    if not asked:
        return found
    own = list(dict.fromkeys(line for line, _ in asked))
    texts = [_tighten(lines[line]) for line in own] + [_tighten(found[line][place].text) for line, place in asked]
    languages = np.ones((len(texts), len(names)), dtype=np.uint8)
    for number, (line, place) in enumerate(asked, len(own)):
        languages[number] = allowed[NARROW_NAMES.index(found[line][place].pages[-1])]
    prices = price_end_to_end(texts, languages)
    before = dict(zip(own, prices, strict=False))
    for (line, place), text, price in zip(asked, texts[len(own) :], prices[len(own) :], strict=True):
        if price <= limits.usual * (len(text) + 1) + limits.slack:
            found[line][place] = found[line][place]._replace(whole=before[line] - price)
    return found


def _tighten(text: str) -> str:
    """Take away spaces that say nothing.

    >>> _tighten("  one   two ")
    'one two'
    """
    return re.sub(" {2,}", " ", text.strip(" "))


def _scripts_of_letters(lines: Sequence[str], limits: Limits) -> list[int]:
    """Give the script of most letters of each line; 0 where it has few."""
    codes, scripts = character_codes("".join(lines)), load_figures().tables.scripts
    return [int(script) for script in pricing.find_scripts(codes, offsets_of(lines), scripts, limits.min_letters)]


def _keeps_letters(line: str, text: str) -> bool:
    """Say whether letters, and control characters in their place, became letters.

    >>> _keeps_letters("Szõlõ", "Szőlő"), _keeps_letters("Szõlõ", "Sz§l§")
    (True, False)
    """
    return all(map(_keeps_letter, FOREIGN.findall(line), FOREIGN.findall(text)))


@functools.lru_cache(maxsize=10_000)
def _keeps_letter(old: str, new: str) -> bool:
    return old == new or unicodedata.category(new)[0] in "LM" or not (old.isalpha() or old < "\xa0")


def _rank(reading: Reading) -> tuple[float, int, tuple[str, ...]]:
    return reading.price, len(reading.pages), reading.pages


def _holds_no_text(text: str) -> bool:
    # Nearly all readings are printable, which is said faster.
    return not (text.isprintable() and "\ufffd" not in text) and NO_TEXT.search(text) is not None


def _read_layer(starts: list[tuple[_Search, Reading]], limits: Limits) -> None:
    """Read the bytes of texts again in each way that is exact both ways.

    What comes out is added to `fresh` of their searches.
    """
    texts = [start.text for _, start in starts]
    codes, offsets = character_codes("".join(texts)), offsets_of(texts)
    ways, data = encode_lines(codes, offsets, load_codecs())
    _read_wide(starts, ways, limits)
    ways = ways[ways[:, 1] < len(READERS)]
    least = np.array([int(STEPS * (limits.suspect / 8 - start.gain)) for _, start in starts], dtype=np.int64)
    akin, figures = int(-STEPS * limits.against), load_figures().tables
    prices = price_all_pages(codes, offsets, data, ways, *narrow_tables(), figures, least[ways[:, 0]], akin)
    _read_narrow(starts, ways, data.tobytes(), prices, limits)


def _read_wide(starts: list[tuple[_Search, Reading]], ways: Offsets, limits: Limits) -> None:
    """Read by the code pages of several bytes a character.

    `ways`: as `encode_lines` gives them.
    """
    wide: list[tuple[_Search, Reading, str, str, str]] = []
    dense = np.array([not search.sparse for search, _ in starts])
    # Han characters that stand alone between letters of ASCII are letters with accents, in UTF-8 that was read as GBK.
    as_gbk = ways[:, 1] == len(READERS)
    for number, reader_number, _, bits in ways[(dense[ways[:, 0]] | as_gbk) & (ways[:, 3] > 0)].tolist():
        search, start = starts[number]
        reader = (*READERS, GBK)[reader_number]
        own = start.text.encode(reader)
        for page in WIDE_OF_BITS[bits]:
            try:
                text = own.decode(page)
                if text not in search.seen and text.encode(page) == own:
                    search.seen.add(text)
                    wide.append((search, start, reader, page, text))
            except UnicodeError:
                continue
    for (search, start, reader, page, text), (total, foreign, places, ideographic, _) in zip(
        wide, price_texts([text for *_, text in wide]).tolist(), strict=True
    ):
        price = total / STEPS
        gain = search.price - price
        if reader == GBK:
            gain += 2 * INSIDE_WORD / STEPS * len(IN_WORD.findall(start.text))
        dearness = foreign / STEPS / max(1, places) / (limits.per_ideograph if ideographic else limits.per_letter)
        intruders = page == UTF8 and gain >= limits.suspect and _becomes_latin(start.text, text)
        search.fresh.append(Reading(text, (*start.pages, reader, page), price, gain, dearness, intruders=intruders))


def _read_narrow(
    starts: list[tuple[_Search, Reading]], ways: Offsets, data: bytes, prices: Offsets, limits: Limits
) -> None:
    """Read by the code pages of one byte a character.

    `prices`: as `price_pages` gives them for each of the `ways`.
    """
    jobs, pages = np.nonzero(prices[:, :, 0] >= 0)
    # Two pages may give the same text: it counts as in the one whose languages suit it.
    cheapest = np.lexsort((pages, prices[jobs, pages, 0], jobs))
    jobs, pages = jobs[cheapest], pages[cheapest]
    total, then, now, places, language = prices[jobs, pages].T
    columns = (
        pages,
        total / STEPS,
        (then - now) / STEPS,
        now / STEPS / np.maximum(1, places) / limits.per_letter,
        load_figures().tables.script_of[language],
    )
    for (number, reader, place, _), page, price, gain, dearness, script in zip(
        ways[jobs].tolist(), *(column.tolist() for column in columns), strict=True
    ):
        search, start = starts[number]
        text = data[place : place + len(start.text)].decode(NARROW_NAMES[page])
        if text in search.seen:
            continue
        search.seen.add(text)
        gained = gain + start.gain
        reading = Reading(text, (*start.pages, READERS[reader], NARROW_NAMES[page]), price, gained, dearness, script)
        # What changed is asked only of what may be taken or flagged.
        if script == LATIN and gained >= limits.suspect:
            new = find_changes(start.text, text)
            intruders = has_intruder(start.text, new)
            reading = reading._replace(changes=len({text[i] for i in new}), places=len(new), intruders=intruders)
        search.fresh.append(reading)


def _prefer_plain(readings: list[Reading], plain: float) -> list[Reading]:
    """Of two readers that make a line GBK, prefer the one whose text GB 2312 holds.

    Simplified text has few other ideographs. It may cost up to `plain` bits more, and counts as what the other costs.
    """
    as_gbk = [
        reading for reading in readings if len(reading.pages) == 2 and reading.pages[1] == GBK != reading.pages[0]
    ]
    within = [reading for reading in as_gbk if _is_in_gb2312(reading.text)]
    if not within or as_gbk[0] is within[0] or within[0].price > as_gbk[0].price + plain:
        return readings
    first, chosen = as_gbk[0], within[0]
    better = chosen._replace(price=first.price, gain=first.gain, dearness=first.dearness)
    kept = [reading for reading in readings if reading is not chosen and (reading not in as_gbk or reading in within)]
    return sorted([better, *kept], key=_rank)


def _is_in_gb2312(text: str) -> bool:
    return "?" not in "".join(FOREIGN.findall(text)).encode("gb2312", "replace").decode("ascii", "ignore")


def _becomes_latin(line: str, text: str) -> bool:
    """Say whether what stood in Latin words and is no letter became Latin letters."""
    letters = [character for character in FOREIGN.findall(text) if character.isalpha()]
    return (
        bool(letters)
        and all(map(_is_latin, letters))
        and has_intruder(line, [place for place, _ in _find_foreign(line)])
    )


def find_changes(line: str, text: str) -> list[int]:
    """Give the places at which a reading by a page of NARROW differs from the line.

    >>> find_changes("Szõlõ és", "Szőlő és")
    [2, 4]
    """
    return [place for place, character in _find_foreign(line) if text[place] != character]


@functools.lru_cache(maxsize=1)
def _find_foreign(line: str) -> list[tuple[int, str]]:
    """Give the characters outside ASCII with their places.

    The readings of a line come one after another, so the last line is remembered.
    """
    return [(found.start(), found[0]) for found in FOREIGN.finditer(line)]


def has_intruder(line: str, places: Sequence[int]) -> bool:
    """Say whether at one of the places something stands in a word that is no letter.

    >>> has_intruder("Zg³o", [2]), has_intruder("m³ and café", [1])
    (True, False)
    """
    framed = f"\0{line}\0"
    return any(map(_intrudes, {framed[place : place + 3] for place in places}))


@functools.lru_cache(maxsize=10_000)
def _intrudes(three: str) -> bool:
    """Say whether the middle of three characters stands in a word and is no letter.

    So does a symbol between two letters, and a letter of another script beside one.
    """
    before, character, behind = three[0], three[1], three[2]
    beside = [letter.isalpha() and _is_latin(letter) for letter in (before, behind)]
    if character.isalpha():
        return not _is_latin(character) and any(beside)
    return all(beside)


def _is_latin(letter: str) -> bool:
    return bool(letter < "\x80" or load_figures().tables.scripts[min(ord(letter), BMP - 1)] == LATIN)
