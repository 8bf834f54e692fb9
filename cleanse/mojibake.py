"""Text in a legacy code page that was read as another, and what it was.

A line that looks unusual is turned back into bytes by each code page that is often assumed (READERS), and these are read
by each code page that text is often in (PAGES). What comes out is held against the line in bits (`plausibility.py`).
"""

from __future__ import annotations

import functools
import itertools
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cleanse import damage, plausibility
from cleanse.damage import READERS
from cleanse.plausibility import BMP, STEPS

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
# What no text holds: control characters but the tab, private use, what stands for lost bytes, and code points that are none.
NO_TEXT = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\ue000-\uf8ff\ufdd0-\ufdef\ufff0-\uffff\U000f0000-\U0010ffff]")
LAYERS = 3
MIN_FOREIGN = 3  # characters outside ASCII of a line that is flagged
MIN_LIST = 5  # characters outside ASCII that may be a list of letters
MIN_CHANGES = 3  # different letters that a repair of a text in Latin script must put right
MIN_DOUBTS = 2  # and places of one that is flagged
LATIN = 1  # number of the script in `plausibility.PAGES`


@dataclass(frozen=True)
class Limits:
    """When a reading is taken, in bits: the parameters of `encoding/code-page`.

    `gain`: how much less it must cost than the line; `lead`: than the next best reading; `per_letter`, `per_ideograph`: the most that a place of it may cost; `suspect`: the gain from which a line that
    is not repaired is flagged, whose places may cost `doubtful` times as much; `neighbour`: how much dearer than the best a reading may be that
    other lines of the document have; `natural`: the bits of a place, in the best language, up to which a line is whole; `mended`: the bits of a place up to which what ftfy made of a line needs no other reading; `least`: what a
    place of any text costs at least.
    """

    gain: float
    lead: float
    suspect: float
    per_letter: float
    per_ideograph: float
    doubtful: float
    neighbour: float
    natural: float
    mended: float
    least: float


@dataclass(frozen=True)
class Reading:
    """A text that a line may have been.

    `pages` are the code pages that lead to it (reader, page, reader, page, ...); `price` is what it costs, and `gain` how
    much less than the line, in bits; `dearness` what a place of it costs, as a share of what it may. Of a `latin` text, `changes` says
    how many different characters are new, `places` how many in all, and `intruders` whether one stood in a word that is no letter of it.
    """

    text: str
    pages: tuple[str, ...]
    price: float
    gain: float
    dearness: float
    latin: bool = False
    changes: int = 0
    places: int = 0
    intruders: bool = False


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


@functools.cache
def _codecs() -> damage.Codecs:
    return damage.make_codecs(WIDE[1:])


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
    foreign = [character for character in line if character > "\x7f"]
    letters = any(character.isalpha() or character < "\xa0" for character in foreign)
    right = _is_right(readings, limits, 1 if letters else 2) and (not best.latin or best.changes >= MIN_CHANGES)
    suspect = best.gain >= limits.suspect and best.dearness <= limits.doubtful and letters
    suspect = suspect and (not best.latin or best.places >= MIN_DOUBTS or best.gain >= limits.gain)
    # A word that only another reading makes whole is suspect too, however the rest of the line reads.
    intruded = any(
        reading.intruders and reading.gain >= limits.suspect and reading.dearness <= limits.doubtful**2
        for reading in readings
    )
    listed = _is_list(foreign)
    return Verdict(
        best.text if right and not listed else None,
        (intruded or (suspect and (best.latin or len(foreign) >= MIN_FOREIGN))) and not right and not listed,
        lead,
        tuple(readings),
    )


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
        near = reading.price <= verdict.readings[0].price + limits.neighbour
        if reading.pages == pages and near and reading.gain >= limits.suspect and reading.dearness <= limits.doubtful:
            others = (reading, *(other for other in verdict.readings if other is not reading))
            return Verdict(reading.text, suspect=False, lead=verdict.lead, readings=others)
    return verdict


def _is_list(foreign: list[str]) -> bool:
    """Say whether letters stand as they do in a list: nearly all in the order of their numbers."""
    folded = [character.lower() for character in foreign]
    rising = sum(a < b for a, b in itertools.pairwise(folded))
    return len(foreign) >= MIN_LIST and rising >= len(foreign) - 1 - len(foreign) // 8


def _lead(found: Sequence[Reading]) -> float:
    return found[1].price - found[0].price if len(found) > 1 else float("inf")


def _is_right(readings: Sequence[Reading], limits: Limits, severity: int = 1) -> bool:
    best = readings[0]
    return best.gain >= limits.gain and best.dearness <= 1 and _lead(readings) >= limits.lead * severity


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
    hopeful = []
    prices = price_lines(lines).tolist()
    for number, (_, foreign, places, ideographic, _) in enumerate(prices):
        # Where no text could cost so little that it were worth a flag, none is looked for ...
        if foreign - limits.least * STEPS * places >= limits.suspect * STEPS:
            hopeful.append((number, places, limits.per_ideograph if ideographic else limits.natural))
    owns = price_texts([lines[number] for number, *_ in hopeful])[:, 1].tolist()
    for (number, places, natural), own in zip(hopeful, owns, strict=True):
        # ... nor where the line costs what its language does.
        if own > natural * STEPS * places:
            price, *_, sparse = prices[number]
            start = Reading(lines[number], (), price / STEPS, 0.0, 0.0)
            searches[number] = _Search(start.price, {start.text}, [], [start], sparse=bool(sparse))
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
    return [searches[number].found if number in searches else [] for number in range(len(lines))]


def _rank(reading: Reading) -> tuple[float, int, tuple[str, ...]]:
    return reading.price, len(reading.pages), reading.pages


def _next_layer(search: _Search, fresh: list[Reading]) -> list[Reading]:
    """Note what was found, and choose the readings from which the next layer starts."""
    search.found = sorted([*search.found, *(new for new in fresh if not _holds_no_text(new.text))], key=_rank)
    return [reading for reading in fresh if reading.pages[-1] == UTF8]


def _holds_no_text(text: str) -> bool:
    # Nearly all readings are printable, which is said faster.
    return not (text.isprintable() and "\ufffd" not in text) and NO_TEXT.search(text) is not None


def _read_layer(starts: list[tuple[_Search, Reading]], limits: Limits) -> Iterator[tuple[_Search, Reading]]:
    """Read the bytes of texts again in each way that is exact both ways."""
    figures = plausibility.load_figures().tables
    texts = [start.text for _, start in starts]
    codes, offsets = plausibility.character_codes("".join(texts)), _offsets(texts)
    ways, data = damage.encode_lines(codes, offsets, _codecs())
    wide: list[tuple[_Search, Reading, str, str, str]] = []
    dense = np.array([not search.sparse for search, _ in starts])
    for number, reader_number, _, bits in ways[dense[ways[:, 0]] & (ways[:, 3] > 0)].tolist():
        search, start = starts[number]
        reader = (*READERS, GBK)[reader_number]
        content = start.text.encode(reader)
        for page in WIDE_OF_BITS[bits]:
            try:
                text = content.decode(page)
                if text not in search.seen and text.encode(page) == content:
                    search.seen.add(text)
                    wide.append((search, start, reader, page, text))
            except UnicodeError:
                continue
    for (search, start, reader, page, text), (total, foreign, places, ideographic, _) in zip(
        wide, price_texts([text for *_, text in wide]).tolist(), strict=True
    ):
        price = total / STEPS
        most = limits.per_ideograph if ideographic else limits.per_letter
        dearness = foreign / STEPS / max(1, places) / most
        yield search, Reading(text, (*start.pages, reader, page), price, search.price - price, dearness)
    ways = ways[ways[:, 1] < len(READERS)]
    least = np.array([int(STEPS * (limits.suspect / 8 - start.gain)) for _, start in starts], dtype=np.int64)
    prices = damage.price_all_pages(codes, offsets, data, ways, *_narrow_tables(), figures, least[ways[:, 0]])
    jobs, numbers = np.nonzero((prices[:, :, 0] >= 0) & (prices[:, :, 4] > 0))
    for job, number in zip(jobs.tolist(), numbers.tolist(), strict=True):
        line, reader_number, place, _ = ways[job].tolist()
        search, start = starts[line]
        reader = READERS[reader_number]
        text = data[place : place + len(start.text)].tobytes().decode(NARROW_NAMES[number])
        if text not in search.seen:
            search.seen.add(text)
            total, then, now, places, _, language = (int(value) for value in prices[job, number])
            latin = figures.script_of[language] == LATIN
            gain = (then - now) / STEPS + start.gain
            pages = (*start.pages, reader, NARROW_NAMES[number])
            dearness = now / STEPS / max(1, places) / limits.per_letter
            # What changed is asked only of what may be taken or flagged.
            new = (
                [number for number, character in enumerate(text) if character != start.text[number]]
                if latin and gain >= limits.suspect
                else []
            )
            yield (
                search,
                Reading(
                    text,
                    pages,
                    total / STEPS,
                    gain,
                    dearness,
                    bool(latin),
                    len({text[number] for number in new}),
                    len(new),
                    any(_intrudes(start.text, number) for number in new),
                ),
            )


def _intrudes(text: str, number: int) -> bool:
    """Say whether a character stands in a word of Latin letters and is none: a symbol between two, or a letter beside one."""
    beside = [
        0 <= place < len(text) and text[place].isalpha() and _is_latin(text[place])
        for place in (number - 1, number + 1)
    ]
    if text[number].isalpha():
        return not _is_latin(text[number]) and any(beside)
    return all(beside)


def _is_latin(letter: str) -> bool:
    return bool(letter < "\x80" or plausibility.load_figures().tables.scripts[min(ord(letter), BMP - 1)] == LATIN)
