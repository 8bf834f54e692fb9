"""Text in a legacy code page that was read as another, and what it was.

A line that looks unusual is turned back into bytes by each code page that is often assumed (READERS), and these are read
by each code page that text is often in (PAGES). What comes out is held against the line in bits (`plausibility.py`).
"""

from __future__ import annotations

import functools
import itertools
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleanse import cache
from cleanse.encoding import damage, plausibility
from cleanse.encoding.damage import READERS
from cleanse.encoding.plausibility import BMP, INSIDE_WORD, STEPS

UTF8 = "utf-8"
GBK = "gb18030"
WIDE = (UTF8, GBK, "big5hkscs", "cp932", "euc_jp", "cp949")
# Pages of one byte a character, and the languages that were written in them.
CYRILLIC, EASTERN = "be bg mk ru sr uk", "cs hr hu pl ro sk sl"
NARROW = {
    "cp1251": CYRILLIC, "koi8-u": CYRILLIC, "koi8-r": CYRILLIC, "iso-8859-5": CYRILLIC, "cp866": CYRILLIC,
    "mac-cyrillic": CYRILLIC, "cp1253": "el", "iso-8859-7": "el", "cp1256": "ar fa", "iso-8859-6": "ar", "cp1255": "he",
    "iso-8859-8": "he", "cp874": "th", "cp1258": "vi", "cp1250": EASTERN, "iso-8859-2": EASTERN,
}  # fmt: skip
NARROW_NAMES = tuple(NARROW)
# The pages that each set of bits stands for, in their order.
WIDE_OF_BITS = [[page for number, page in enumerate(WIDE) if bits >> number & 1] for bits in range(1 << len(WIDE))]
# Ways in which a text in Latin letters becomes another in Latin letters, most of which are the same: a line that has one of the others is
# looked at twice.
SECOND = tuple((reader, page) for reader in ("sloppy-windows-1252", "mac-roman") for page in ("cp1250", "iso-8859-2"))
# What no text holds: control characters but the tab, private use, what stands for lost bytes, and code points that are none.
NO_TEXT = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\ue000-\uf8ff\ufdd0-\ufdef\ufff0-\uffff\U000f0000-\U0010ffff]")
# No page of NARROW has another character for a byte of ASCII, nor one of ASCII for another byte, nor have readers (but the sloppy ones, of a
# control character that no reading keeps): what they read again differs at these places alone.
FOREIGN = re.compile("[^\x00-\x7f]")
# A character of GBK within a word of Latin letters.
IN_WORD = re.compile("(?<=[A-Za-z])[\u2e80-\uffef](?=[A-Za-z])")
LAYERS = 3
LATIN = 1  # number of the script in `plausibility.PAGES`


@dataclass(frozen=True)
class Limits:
    """When a reading is taken, in bits: the parameters of `encoding/code-page`.

    Of what is not ASCII: `gain`: how much less a reading must cost than the line; `lead`: than the next best reading; `per_letter`,
    `per_ideograph`: the most that a place of it may cost; `suspect`: the gain from which a line that is not repaired is flagged, whose
    places may cost `doubtful` times as much; `neighbour`: how much dearer than the best a reading may be that other lines of the
    document have; `plain`: how much dearer a text of GB 2312 may be than another of GBK; `plenty`: the gain
    and lead from which a text may cost as much as one that is flagged; `natural`: the bits of a place, in the best language, up to which a line is whole; `mended`: the bits of a place up to
    which what ftfy made of a line needs no other reading; `least`: what a place of any text costs at least.

    Of a reading in the letters of the line, from end to end, ASCII included: `whole`: how much less it must cost than the line for a flag;
    `intruded`: the same where something stands in a word that is no letter; `dear`: how much more where what changed costs twice what
    it may; `against`: how much more what is not ASCII may cost; `usual`: the bits of a character, and `slack` how many it may cost on
    top of that in all; `min_letters`: how many letters the line has.

    Counts: `min_foreign`: different characters outside ASCII that a line in other letters must have to be flagged; `min_list`: letters
    outside ASCII that may be a list of letters, `min_order`: that may be one for their order alone; `min_changes`: different letters that
    a repair of a text in Latin script must put right, `min_places`: places of one that is flagged.
    """

    gain: float
    lead: float
    suspect: float
    per_letter: float
    per_ideograph: float
    doubtful: float
    neighbour: float
    plain: float
    plenty: float
    natural: float
    mended: float
    least: float
    against: float
    whole: float
    intruded: float
    dear: float
    usual: float
    slack: float
    min_letters: float
    min_foreign: float
    min_list: float
    min_order: float
    min_changes: float
    min_places: float


class Reading(NamedTuple):
    """A text that a line may have been.

    `pages` are the code pages that lead to it (reader, page, reader, page, ...); `price` is what it costs, and `gain` how
    much less than the line, in bits; `dearness` what a place of it costs, as a share of what it may. `script` is the number of that of its
    page, 0 where a page has several. Of a text in Latin script, `changes` says how many different characters are new, `places` how many in all, and
    `intruders` whether one stood in a word that is no letter of it; this also of a text in UTF-8. `whole`: by how much it costs less from end to end, where it is in the letters of the
    line and costs no more than text does; else 0.
    """

    text: str
    pages: tuple[str, ...]
    price: float
    gain: float
    dearness: float
    script: int = 0
    changes: int = 0
    places: int = 0
    intruders: bool = False
    whole: float = 0.0

    @property
    def latin(self) -> bool:
        """Say whether it is in Latin script."""
        return self.script == LATIN


@dataclass(frozen=True)
class Verdict:
    """What a line was (None where it stays), and whether it is suspect."""

    text: str | None
    suspect: bool
    lead: float = 0.0
    readings: tuple[Reading, ...] = ()


WHOLE = Verdict(None, suspect=False)


@functools.cache
def _narrow_tables() -> tuple[NDArray[np.uint32], NDArray[np.uint8]]:
    """Give the code point of each byte in each page of NARROW, 0 for what no text holds; and which languages each is for."""
    names = plausibility.load_figures().names
    tables = np.zeros((len(NARROW), 256), dtype=np.uint32)
    allowed = np.zeros((len(NARROW), len(names)), dtype=np.uint8)
    for number, (page, languages) in enumerate(NARROW.items()):
        allowed[number] = [name in languages.split() for name in names]
        for byte in range(256):
            try:
                character = bytes([byte]).decode(page)
            except UnicodeDecodeError:
                continue
            tables[number, byte] = 0 if NO_TEXT.match(character) else ord(character)
    return tables, allowed


@cache.keep
def _codecs() -> damage.Codecs:
    return damage.make_codecs(WIDE[1:])


@cache.keep
def second_readings() -> tuple[NDArray[np.uint16], NDArray[np.uint8]]:
    """Give what a character may have been in each of SECOND, 0 where it may not, u16 of shape (ways, BMP); and which languages each is for."""
    tables, allowed = _narrow_tables()
    second = np.zeros((len(SECOND), BMP), dtype=np.uint16)
    numbers = [NARROW_NAMES.index(page) for _, page in SECOND]
    for way, ((reader, _), number) in enumerate(zip(SECOND, numbers, strict=True)):
        for byte in range(0x80, 0x100):
            second[way, ord(bytes([byte]).decode(reader))] = tables[number, byte]
    return second, allowed[numbers]


@dataclass
class _Search:
    """What is known of one line while its readings are looked for."""

    price: float
    seen: set[str]
    found: list[Reading]
    layer: list[Reading]
    sparse: bool = False


def judge_lines(lines: Sequence[str], limits: Limits) -> list[Verdict]:
    """Say of lines that look unusual what they were."""
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
    right = _is_right(readings, limits, 1 if letters else 2)
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
    strange = any(_is_whole(line, reading, limits) for reading in readings)
    suspect = suspect and (best.latin or len(set(foreign)) >= limits.min_foreign)
    listed = (right or intruded or strange or suspect) and _is_list(foreign, limits)
    return Verdict(
        best.text if right and not listed else None,
        (intruded or strange or suspect) and not right and not listed,
        lead,
        tuple(readings),
    )


def _is_whole(line: str, reading: Reading, limits: Limits) -> bool:
    """Say whether a reading makes a line whole, from end to end; the dearer what it changes, the more of the rest must speak for it."""
    gain = reading.whole - limits.dear * max(0.0, reading.dearness - 1)
    return gain >= limits.whole or (gain >= limits.intruded and _is_intruded(line, reading.text))


def follow_neighbours(verdicts: list[Verdict], documents: Sequence[int], limits: Limits) -> list[Verdict]:
    """Read suspect lines as most lines of their document were read, if that reading is nearly the best.

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
    """Read a text again by pages in turn: written in the first, read in the second, ..."""
    try:
        for first, second in zip(pages[::2], pages[1::2], strict=True):
            text = text.encode(first).decode(second)
    except UnicodeError:
        return ""
    return text


def _is_list(foreign: list[str], limits: Limits) -> bool:
    """Say whether letters stand as they do in a list.

    Nearly all in the order of their numbers, or all the same but for their marks, or nearly all as a capital and a small letter.
    """
    letters = [character.lower() for character in foreign if character.isalpha()]
    count = len(letters)
    if count < limits.min_list or 4 * count < 3 * len(foreign):
        return False
    rising = sum(a < b for a, b in itertools.pairwise(letters))
    # A list in parts is told by letters that stand side by side in the alphabet too.
    beside = sum(ord(b) - ord(a) == 1 for a, b in itertools.pairwise(letters))
    in_order = count >= limits.min_order and (rising >= count - 1 - count // 7 or 3 * beside >= 2 * (count - 1))
    alike = len(set(letters)) == count and len({unicodedata.normalize("NFD", letter)[0] for letter in letters}) == 1
    pairs = sum(letter in foreign and letter != letter.upper() in foreign for letter in set(letters))
    return in_order or alike or (pairs >= limits.min_list and 10 * pairs >= 4 * count)


def _lead(found: Sequence[Reading]) -> float:
    """Say how much less the best reading costs than the next that is not made of it by reading it again."""
    pages = found[0].pages
    others = (reading.price for reading in found[1:] if pages[-1] != UTF8 or reading.pages[: len(pages)] != pages)
    return next(others, float("inf")) - found[0].price


def _is_right(readings: Sequence[Reading], limits: Limits, severity: int = 1) -> bool:
    best, lead = readings[0], _lead(readings)
    plenty = min(best.gain, lead) >= limits.plenty
    most = limits.doubtful ** (2 if best.pages[-1] == UTF8 else 1) if plenty else 1
    return best.gain >= limits.gain and best.dearness <= most and lead >= limits.lead * severity


def price_lines(lines: Sequence[str]) -> NDArray[np.int64]:
    """Price lines as they were read (`damage.price_line`): int64 of shape (lines, 5)."""
    return _price(lines, as_read=True)


def price_texts(texts: Sequence[str]) -> NDArray[np.int64]:
    """Price texts, each in its best language (`damage.price_text`): int64 of shape (texts, 5)."""
    return _price(texts, as_read=False)


def _price(texts: Sequence[str], *, as_read: bool) -> NDArray[np.int64]:
    codes = plausibility.character_codes("".join(texts))
    return damage.price_texts(codes, _offsets(texts), plausibility.load_figures().tables, as_read)


def _offsets(texts: Sequence[Sequence[object]]) -> NDArray[np.int64]:
    return np.cumsum([0, *map(len, texts)]).astype(np.int64)


def read_again(lines: Sequence[str], limits: Limits) -> list[list[Reading]]:
    """Give for each line what it may have been, cheapest first; none holds what no text holds."""
    searches: dict[int, _Search] = {}
    prices, in_language = price_lines(lines), price_texts(lines)
    own, ideographic = in_language[:, 1], prices[:, 3] > 0
    # An ideograph is one place, where a letter between two of ASCII is two.
    places = np.where(ideographic, in_language[:, 2], prices[:, 2])
    natural = np.where(ideographic, limits.per_ideograph, limits.natural)
    # Where no text could cost so little that it were worth a flag, none is looked for, nor where the line costs what its language does.
    hopeful = own > STEPS * np.maximum(natural * places, limits.least * places + limits.suspect / 4)
    for number in np.flatnonzero(hopeful).tolist():
        start = Reading(lines[number], (), float(prices[number, 0]) / STEPS, 0.0, 0.0)
        searches[number] = _Search(start.price, {start.text}, [], [start], sparse=bool(prices[number, 4]))
    going = list(searches.values())
    for _ in range(LAYERS):
        starts = [(search, start) for search in going for start in search.layer]
        if not starts:
            break
        fresh: dict[int, list[Reading]] = {}
        for search, reading in _read_layer(starts, limits):
            fresh.setdefault(id(search), []).append(reading)
        going = [search for search in going if id(search) in fresh]
        for search in going:
            search.layer = _next_layer(search, sorted(fresh[id(search)], key=_rank))
    found = [searches[number].found if number in searches else [] for number in range(len(lines))]
    found = [_prefer_plain(readings, limits.plain) if len(readings) > 1 else readings for readings in found]
    return _compare_whole(found, lines, limits)


def _compare_whole(found: list[list[Reading]], lines: Sequence[str], limits: Limits) -> list[list[Reading]]:
    """Say of readings in the letters of their line how much less they cost from end to end: letters of ASCII tell the language."""
    figures = plausibility.load_figures()
    allowed = _narrow_tables()[1]
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
    languages = np.ones((len(texts), len(figures.names)), dtype=np.uint8)
    for number, (line, place) in enumerate(asked, len(own)):
        languages[number] = allowed[NARROW_NAMES.index(found[line][place].pages[-1])]
    prices = _price_whole(texts, languages)
    before = dict(zip(own, prices, strict=False))
    for (line, place), text, price in zip(asked, texts[len(own) :], prices[len(own) :], strict=True):
        if price <= limits.usual * (len(text) + 1) + limits.slack:
            found[line][place] = found[line][place]._replace(whole=before[line] - price)
    return found


def _tighten(text: str) -> str:
    """Take away spaces that say nothing."""
    return re.sub(" {2,}", " ", text.strip(" "))


def gains_more(line: str, fixed: str, verdict: Verdict, limits: Limits) -> bool:
    """Say whether a reading in the letters of the line gains much more, from end to end, than another repair of it."""
    best = max(reading.whole for reading in verdict.readings)
    if best < limits.whole:
        return False
    languages = np.ones((2, len(plausibility.load_figures().names)), dtype=np.uint8)
    before, after = _price_whole([line, fixed], languages)
    return best - (before - after) >= limits.whole


def _price_whole(texts: Sequence[str], allowed: NDArray[np.uint8]) -> list[float]:
    codes = plausibility.character_codes("".join(texts))
    steps = damage.price_whole(codes, _offsets(texts), allowed, plausibility.load_figures().tables)
    return [float(step) for step in steps / STEPS]


def _scripts_of_letters(lines: Sequence[str], limits: Limits) -> list[int]:
    """Give the number of the script of most letters of each line, those of ASCII included; 0 where it has few."""
    codes = plausibility.character_codes("".join(lines))
    scripts = damage.find_scripts(
        codes, _offsets(lines), plausibility.load_figures().tables.scripts, limits.min_letters
    )
    return list(map(int, scripts))


def _keeps_letters(line: str, text: str) -> bool:
    """Say whether no letter, and no control character that may stand for one, became something else."""
    return all(
        unicodedata.category(new)[0] in "LM" or not (old.isalpha() or old < "\xa0")
        for old, new in set(zip(FOREIGN.findall(line), FOREIGN.findall(text), strict=True))
        if old != new
    )


def _rank(reading: Reading) -> tuple[float, int, tuple[str, ...]]:
    return reading.price, len(reading.pages), reading.pages


def _next_layer(search: _Search, fresh: list[Reading]) -> list[Reading]:
    """Note what was found, and choose the readings from which the next layer starts."""
    new = [reading for reading in fresh if not _holds_no_text(reading.text)]
    search.found = sorted([*search.found, *new], key=_rank) if search.found else new
    return [reading for reading in fresh if reading.pages[-1] == UTF8]


def _holds_no_text(text: str) -> bool:
    # Nearly all readings are printable, which is said faster.
    return not (text.isprintable() and "\ufffd" not in text) and NO_TEXT.search(text) is not None


def _read_layer(starts: list[tuple[_Search, Reading]], limits: Limits) -> Iterator[tuple[_Search, Reading]]:
    """Read the bytes of texts again in each way that is exact both ways."""
    figures = plausibility.load_figures().tables
    script_of = figures.script_of.tolist()
    texts = [start.text for _, start in starts]
    codes, offsets = plausibility.character_codes("".join(texts)), _offsets(texts)
    ways, data = damage.encode_lines(codes, offsets, _codecs())
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
        most = limits.per_ideograph if ideographic else limits.per_letter
        dearness = foreign / STEPS / max(1, places) / most
        yield (
            search,
            Reading(
                text,
                (*start.pages, reader, page),
                price,
                gain,
                dearness,
                intruders=page == UTF8 and gain >= limits.suspect and _becomes_latin(start.text, text),
            ),
        )
    ways = ways[ways[:, 1] < len(READERS)]
    least = np.array([int(STEPS * (limits.suspect / 8 - start.gain)) for _, start in starts], dtype=np.int64)
    akin = int(-STEPS * limits.against)
    prices = damage.price_all_pages(codes, offsets, data, ways, *_narrow_tables(), figures, least[ways[:, 0]], akin)
    jobs, numbers = np.nonzero((prices[:, :, 0] >= 0) & (prices[:, :, 4] > 0))
    # Two pages may give the same text: it counts as in the one whose languages suit it.
    cheapest = np.lexsort((numbers, prices[jobs, numbers, 0], jobs))
    jobs, numbers = jobs[cheapest], numbers[cheapest]
    content = data.tobytes()
    for (line, reader_number, place, _), number, (total, then, now, places, _, language) in zip(
        ways[jobs].tolist(), numbers.tolist(), prices[jobs, numbers].tolist(), strict=True
    ):
        search, start = starts[line]
        reader = READERS[reader_number]
        text = content[place : place + len(start.text)].decode(NARROW_NAMES[number])
        if text not in search.seen:
            search.seen.add(text)
            script = script_of[language]
            gain = (then - now) / STEPS + start.gain
            pages = (*start.pages, reader, NARROW_NAMES[number])
            dearness = now / STEPS / max(1, places) / limits.per_letter
            # What changed is asked only of what may be taken or flagged.
            new = _find_changes(start.text, text) if script == LATIN and gain >= limits.suspect else []
            yield (
                search,
                Reading(
                    text,
                    pages,
                    total / STEPS,
                    gain,
                    dearness,
                    script,
                    len({text[number] for number in new}),
                    len(new),
                    _has_intruder(start.text, new),
                ),
            )


def _prefer_plain(readings: list[Reading], plain: float) -> list[Reading]:
    """Of two readers that make a line GBK, prefer the one whose text GB 2312 holds: simplified text has few other ideographs.

    It may cost up to `plain` bits more, and counts as what the other costs.
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
    """Say whether what stood in Latin words and is none of their letters became letters that are."""
    letters = [character for character in FOREIGN.findall(text) if character.isalpha()]
    return (
        bool(letters)
        and all(map(_is_latin, letters))
        and _has_intruder(line, [place for place, _ in _find_foreign(line)])
    )


def _is_intruded(line: str, text: str) -> bool:
    """Say whether one of the characters that a reading changes stands in a word and is no letter of it."""
    return _has_intruder(line, _find_changes(line, text))


def _find_changes(line: str, text: str) -> list[int]:
    """Give the places at which a reading by a page of NARROW differs from the line."""
    return [place for place, character in _find_foreign(line) if text[place] != character]


@functools.lru_cache(maxsize=1)
def _find_foreign(line: str) -> list[tuple[int, str]]:
    """Give the characters outside ASCII with their places; the readings of a line come one after another, so the last is remembered."""
    return [(found.start(), found[0]) for found in FOREIGN.finditer(line)]


def _has_intruder(line: str, places: Sequence[int]) -> bool:
    """Say whether at one of the places something stands in a word that is no letter of it; equal surroundings are looked at once."""
    framed = f"\0{line}\0"
    return any(map(_intrudes, {framed[place : place + 3] for place in places}))


@functools.lru_cache(maxsize=10_000)
def _intrudes(three: str) -> bool:
    """Say whether the middle one of three characters stands in a word of Latin letters and is none: a symbol between two, or a letter beside one."""
    before, character, behind = three[0], three[1], three[2]
    beside = [letter.isalpha() and _is_latin(letter) for letter in (before, behind)]
    if character.isalpha():
        return not _is_latin(character) and any(beside)
    return all(beside)


def _is_latin(letter: str) -> bool:
    return bool(letter < "\x80" or plausibility.load_figures().tables.scripts[min(ord(letter), BMP - 1)] == LATIN)
