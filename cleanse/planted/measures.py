"""The measures of a segment: numbers that the table of points turns into evidence.

Each name here is a measure that `rules/spam/planted/rule.toml` may list. A unit is a word, or a pair of characters in scripts without
spaces.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from cleanse.planted.disguise import Folded
from cleanse.planted.marks import IS_TWICE
from cleanse.planted.settings import Settings

if TYPE_CHECKING:
    from cleanse.planted.engine import Term

SELLING, CONTACT, REPORTING, ADVERTS = "selling", "contact", "reporting", "adverts"
PROMISES, URGING = "promises", "urging"  # what sellers of any trade say
SIDE_THEMES = (SELLING, CONTACT, REPORTING)
MEASURES = {
    "sure-terms": "terms that only sellers use, different ones",
    "pitch-terms": "terms that mostly sellers use, different ones",
    "advert-terms": "the same of mass-mailed adverts, which shops use too",
    "promises": "what sellers of any trade promise: no experience, in minutes, pay when it worked, different ones",
    "urging": "calls to the reader: write to me, the link is in my profile, join the group, different ones",
    "sums": "sums of money, different ones",
    "percents": "percentages",
    "topic-terms": "terms of the best theme that an article may use too, different ones",
    "selling-words": "words of selling around a name: official site, download, price, register",
    "reporting-words": "words of those who report, judge, heal or study",
    "phones": "telephone numbers, and short numbers of paid services",
    "contacts": "ways to get in touch: numbers, names of messengers",
    "links": "addresses of the web",
    "covered-percent": "percent of the letters that belong to terms and words of selling",
    "name-digits": "names with digits behind them, as NAME88, letters at least three",
    "lucky-names": "the same with digits that betting sites like: 77, 88, 138, 303, 4d",
    "capital-names": "the same in capitals, four letters at least",
    "fancy-letters": "letters of mathematical, enclosed or small alphabets",
    "dressed-names": "names with digits, two of whose characters are in disguise",
    "dressed-terms": "terms of sellers in disguise",
    "wide-letters": "full-width letters in a line without Chinese, Japanese or Korean",
    "strewn-marks": "marks strewn over letters, two on one or struck through",
    "mixed-words": "words that mix look-alikes of two scripts",
    "zero-width": "invisible characters between letters",
    "spaced-names": "names spaced out with digits behind them",
    "spaced-letters": "words spaced out, letter by letter",
    "spaced-symbols": "words with symbols between the letters",
    "repeated-percent": "percent of the units that occur more than once",
    "says-twice": "the segment is one phrase, and the same phrase again",
    "repeats-title": "a bracket at the end says again what stands before it",
    "repeats-bracket": "a bracket in a text, six of ten of its units twice",
    "phrase-pairs": "two phrases side by side that share most of their units",
    "code-percent": "percent of the characters that are signs of code, paths and tables",
    "keyword-run": "a short segment with terms of sellers that is no sentence and reports nothing",
    "keyword-line": "a line that calls its words keywords or tags, with terms of sellers",
    "foreign-script": "the segment is written in a script that the rest of its document has not",
    "strange-percent": "percent of the units that the rest of its document has not",
    "name-repeats": "how often a name with lucky digits stands in the document",
    "planted-near": "other lines of the document, at most `near_lines` away, that are planted",
    "amid-planted": "no sentence, planted lines on both sides, and no word in common with the rest of the document",
    "chars": "length in characters",
    "sentence-ends": "marks that end a sentence",
    "title": "the segment is the first line",
    "bracket": "the segment stands in brackets",
    "listed": "the segment is an item of a list",
}
# What a search for names, telephone numbers and addresses is worth its time for.
NUMBERED = re.compile(r"\d\d|[34]d")
DIALLED = re.compile(r"\d[\d\-()x* ]{3}|[x*]{7}")
LINKED = re.compile(r"[.@]\w|://")
PERCENT = re.compile(r"\d\s?[%％]")
HEX = re.compile(r"[0-9a-f]+\Z")
CAPITALS = re.compile(r"(?<![^\W_])[A-Z]{4,14}(?:\d{2,4}|[34]D)(?![^\W_])")
CODE = re.compile(r"[{}<>;=\\_\"\[\]()/]")
SEPARATOR = re.compile(r"[\s,，、_\-|]")
BLANK = re.compile(r"[\W_]+")
PARTED = re.compile(r"(?<![^\W_])[a-z]{3,14} \d{2,4}(?![^\W_]| \d)")  # a name, and its digits behind a space
SIGNS = bytes(code for code in range(128) if not chr(code).isalnum())
DIGITS = re.compile(r"(?:[34]d|\d+)\Z")
# A name with digits that is no part of an address, a path or a name of a program.
# Letters of scripts without spaces, and of Korean, which joins its endings, may stand beside it.
_BESIDE = r"[^\W_\u0e00-\u0eff\u2e80-\u9fff\uac00-\ud7af]"
NAME = re.compile(
    rf"(?<!{_BESIDE})(?<![/@_.\-])({_BESIDE[:-1]}\d]{{3,14}})(\d{{2,4}}|[34]d)(?!{_BESIDE}|[.,]\d|[@_/]|[.\-]\w)"
)
ENDS = re.compile(r"[。！？!?।؟]|[.](?=\s|$)")
UNIT = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+|[^\W\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uf900-\ufaff]+"
)
PLAIN_UNIT = re.compile(r"\w+")  # what UNIT finds in a text without UNSPACED, and sooner
UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uf900-\ufaff]")
TITLE = re.compile(r"^\s*([^()（）\[\]【】]{6,100})[(（\[]\s?([^()（）\[\]【】]{3,60})\s?[)）\]]\s*$")
LISTED = re.compile(r"^\s*(?:[\-*•·▪►»○●■◆>]|\d{1,2}[.)])\s*\S")


@functools.cache
def link_pattern(endings: tuple[str, ...]) -> re.Pattern[str]:
    """Give the pattern of an address of the web, or of a name with one of these endings."""
    tops = "|".join(map(re.escape, endings))
    return re.compile(rf"https?://|www\.|\b[a-z0-9\-]{{2,40}}\.(?:{tops})\b|@[a-z]\w{{4,}}", re.IGNORECASE)


@functools.cache
def ending_pattern(endings: tuple[str, ...]) -> re.Pattern[str]:
    """Give the pattern of a name of at least three letters and one of these endings."""
    return re.compile(rf"(?<![^\W_])[a-z]{{3,12}}(?:{'|'.join(endings)})(?![^\W_])")


@functools.cache
def phone_pattern(numbers: tuple[str, ...]) -> re.Pattern[str]:
    """Give the pattern of a telephone number, from the patterns of the rule."""
    return re.compile("|".join(numbers))


@functools.cache
def digit_pattern(digits: str) -> re.Pattern[str]:
    """Give the pattern of a digit, with letters that are digits."""
    return re.compile(rf"[\d{digits}]")


@functools.cache
def money_pattern(signs: str, words: tuple[str, ...], digits: str) -> re.Pattern[str]:
    """Give the pattern of a sum of money: a number behind one of the signs or before one of the words.

    >>> money_pattern("$€", ("euros", "万"), "二三").findall("300 euros, $15, 二万 and 15 boats")
    ['300 euros', '$15', '二万']
    """
    names = "|".join(re.escape(word) + (r"(?![^\W\d_])" if word[-1] < "\u0e00" else "") for word in words)
    number = rf"(?:\d(?:[\d.,]*\d)?|[{digits}]+)"
    return re.compile(rf"[{re.escape(signs)}]\s?{number}|{number}\s?(?:[{re.escape(signs)}]|{names})")


def list_units(text: str) -> list[str]:
    """Cut a text in lower case into words, and pairs of characters where words have no spaces.

    >>> list_units("call log 通话记")
    ['call', 'log', '通话', '话记']
    """
    if not UNSPACED.search(text):
        return PLAIN_UNIT.findall(text)
    found: list[str] = []
    for run in UNIT.findall(text):
        if run[0] >= "\u0e00" and len(run) > 1 and UNSPACED.match(run):
            found += [run[k : k + 2] for k in range(len(run) - 1)]
        else:
            found.append(run)
    return found


def count_letters(text: str) -> int:
    """Count letters and digits.

    >>> count_letters("NAME88, now!"), count_letters("网上，赌场")
    (9, 4)
    """
    return len(text.encode().translate(None, SIGNS)) if text.isascii() else len(BLANK.sub("", text))


def measure(
    text: str, folded: Folded, terms: list[Term], mark: int, own: Settings, *, title: bool, bracket: bool
) -> dict[str, float]:
    """Measure a segment; what is zero may be missing."""
    values: dict[str, float] = dict(folded.counts)
    values["spaced-names"] = values.pop("spaced-name", 0)
    values["chars"] = len(text)
    # Signs between spaced letters are no code: they are gone from the folded text.
    shown = folded.text if values["spaced-names"] else text
    values["code-percent"] = 100 * len(CODE.findall(shown)) / len(shown)
    values["sentence-ends"] = len(ENDS.findall(text))
    values["title"] = title
    values["listed"] = bool(LISTED.match(text))
    covered = _count_terms(values, folded.text, terms, own)
    covered += _count_names(values, text, folded, own)
    values["covered-percent"] = 100 * covered / (count_letters(folded.text) or 1)
    sells = values["pitch-terms"] + values["sure-terms"] > 0
    values["bracket"] = bracket and sells
    units = list_units(folded.text)
    if len(units) <= own.run_units and sells and not values["reporting-words"] and not values["sentence-ends"]:
        values["keyword-run"] = 1
    label = folded.text.partition(":" if ":" in folded.text else "：")[0].strip("-*•· ")
    values["keyword-line"] = sells and label in own.labels
    _find_repeats(values, text, folded.text, units, own, twice=bool(mark & IS_TWICE), bracket=bracket)
    return values


def _count_terms(values: dict[str, float], plain: str, terms: list[Term], own: Settings) -> int:
    """Count the terms by level and kind, and what stands beside them; give how many characters belong to terms."""
    by_level: list[set[str]] = [set(), set(), set()]
    adverts: set[str] = set()
    offers: dict[str, set[str]] = {PROMISES: set(), URGING: set()}
    topics: Counter[str] = Counter()
    side: dict[str, set[str]] = {SELLING: set(), CONTACT: set(), REPORTING: set()}
    covered = reach = 0
    values["dressed-terms"] = sum(term.dressed for term in terms if term.theme not in side and term.theme != ADVERTS)
    for term in terms:
        if term.theme in side:
            side[term.theme].add(term.name)
        elif term.theme in offers:
            offers[term.theme].add(term.name)
        elif term.theme == ADVERTS and term.level == 1:
            adverts.add(term.name)
        elif term.name not in by_level[term.level]:
            by_level[term.level].add(term.name)
            topics[term.theme] += term.level == 0
        if term.theme not in (REPORTING, CONTACT) and term.end > reach:
            covered += term.end - max(term.start, reach)
            reach = term.end
    heavy = set().union(*by_level, adverts, *offers.values())
    values["sure-terms"] = len(by_level[2])
    values["pitch-terms"] = len(by_level[1])
    values["advert-terms"] = len(adverts)
    values["promises"] = len(offers[PROMISES])
    values["urging"] = len(offers[URGING])
    values["topic-terms"] = max(topics.values(), default=0)
    values["selling-words"] = len(side[SELLING] - heavy)
    values["reporting-words"] = len(side[REPORTING])
    values["contacts"] = len(side[CONTACT])
    # Nothing but what has one of these signs, or one of these figures, is an address or a number.
    values["links"] = len(link_pattern(own.link_endings).findall(plain)) if LINKED.search(plain) else 0
    if DIALLED.search(plain):
        rest, phones = phone_pattern(own.phones).subn(" ", plain)
        values["phones"] = phones + bool(adverts and phone_pattern(own.short_numbers).search(rest))
    if values["promises"] or values["pitch-terms"] or values["sure-terms"]:
        if digit_pattern(own.money_digits).search(plain):
            money = money_pattern(own.money_signs, own.money_words, own.money_digits)
            values["sums"] = len(set(money.findall(plain)))
        values["percents"] = len(PERCENT.findall(plain))
    return covered


def _count_names(values: dict[str, float], text: str, folded: Folded, own: Settings) -> int:
    """Count names with digits behind them; give how many characters belong to those that betting sites like."""
    numbered = NUMBERED.search(folded.text)
    found = [match for match in NAME.finditer(folded.text) if not HEX.match(match.group())] if numbered else []
    names = {match.group() for match in found}
    lucky = choose_lucky(names, own)
    values["name-digits"] = len(names)
    values["lucky-names"] = len(lucky)
    if folded.counts and folded.places:
        others = [*ending_pattern(own.name_endings).finditer(folded.text), *PARTED.finditer(folded.text)]
        dressed = {match.group() for match in (*found, *others) if _is_dressed(text, folded, *match.span())}
        values["dressed-names"] = len(dressed)
        if dressed:
            return sum(map(len, dressed))
    values["capital-names"] = len(lucky) if CAPITALS.search(text) else 0
    return sum(map(len, lucky)) if text.strip().count(" ") > 1 else 0


def choose_lucky(names: Iterable[str], own: Settings) -> list[str]:
    """Give the names whose digits are such as betting sites like."""
    return [name for name in names if any(map(own.is_lucky, DIGITS.findall(name)))]


def _is_dressed(text: str, folded: Folded, start: int, end: int) -> bool:
    """Say whether two characters of a stretch of the folded text stand there as others, or with something behind them that is gone."""
    places = folded.places
    changed = sum(text[places[k]].lower() != folded.text[k] for k in range(start, end))
    return changed + sum(b - a > 1 for a, b in itertools.pairwise(places[start:end])) >= 2


def _find_repeats(
    values: dict[str, float], text: str, plain: str, units: list[str], own: Settings, *, twice: bool, bracket: bool
) -> None:
    """Say what a segment repeats: units, all of itself, its title, or one of two phrases."""
    counts = Counter(units)
    if len(units) >= own.least_units:
        values["repeated-percent"] = 100 * sum(count for count in counts.values() if count > 1) / len(units)
        paired = bracket and text.startswith("【") and SEPARATOR.search(plain.strip("【】 "))
        values["repeats-bracket"] = bool(paired) and values["repeated-percent"] >= own.bracket_percent
    half = len(units) // 2
    doubled = len(units) % 2 == 0 and units[:half] == units[half:]
    if doubled or (twice and not bracket):
        values["says-twice"] = len(units) >= own.twice_units
        values["repeated-percent"] = 0  # menus say their items twice too
    match = TITLE.match(plain) if values["title"] else None
    if match:
        inner, outer = list_units(match.group(2)), set(list_units(match.group(1)))
        values["repeats-title"] = len(inner) >= own.title_units and all(unit in outer for unit in inner)
    if (bracket or values["title"] or values["listed"]) and not values.get("says-twice"):
        values["phrase-pairs"] = _share_phrases(plain, own)


def _share_phrases(text: str, own: Settings) -> int:
    """Say whether two phrases, cut at a space or comma, share most of their units."""
    parts = [part for part in re.split(r"[\s,，、_\-|]+", text.strip("【】[]()（）-*•· ")) if part]
    if len(parts) < 2:
        return 0
    if UNSPACED.search(text):
        least = own.shared_units
        sets = [set(list_units(part)) for part in parts]
    else:
        least = own.shared_words
        words = [part for part in parts if part.isalnum() or len(part) > 1]
        half = len(words) // 2
        if half < own.phrase_words:
            return 0
        sets = [set(words[:half]), set(words[half:])]
    for first, second in itertools.pairwise(sets):
        small = min(len(first), len(second))
        if small >= least and 100 * len(first & second) >= own.shared_percent * small:
            return 1
    return 0
