"""How usual is a text, in bits: what the letters of a language cost after one another.

The figures come from the letter pairs that chardet counted for its own models (25,000 samples a language, trained on
CulturaX; `chardet/models/training_metadata.yaml`), turned from bytes into characters, with case folded. They are used
where a text in a legacy code page was read as another: right letters follow each other as they do in a language, wrong
ones do not. Costs are minus the binary logarithm of a probability, in steps of 1/STEPS bit.

>>> tables = load_figures().tables
>>> def cost_of(pair: str) -> float:
...     first, second = tables.classes[[ord(letter) for letter in pair]]
...     return int(tables.usual[first, second]) / STEPS
>>> cost_of("па"), cost_of("éc"), cost_of("Ïà")
(1.5, 2.625, 9.25)
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleanse import cache, kernels

U8 = NDArray[np.uint8]
U16 = NDArray[np.uint16]
U32 = NDArray[np.uint32]
Pairs = dict[tuple[str, str], float]

STEPS = 8
BMP = 0x10000
BREAK = 0x0A  # the byte of a line break
# Of each language the code page from whose pairs of bytes the pairs of letters are read. Mechanism: these are the pages that
# hold all letters of the language, and for which chardet has a model.
PAGES = {
    "Latin": {
        "cp1252": "da de en es fi fr ga id is it ms nl no pt sv br cy",
        "cp1250": "cs hr hu pl ro sk sl",
        "cp1254": "tr",
        "cp1257": "et lt lv",
        "cp1258": "vi",
        "iso8859-3": "eo mt",
    },
    "Cyrillic": {"cp1251": "be bg mk ru sr uk", "kz1048": "kk", "koi8-t": "tg"},
    "Greek": {"cp1253": "el"},
    "Arabic": {"cp1256": "ar fa"},
    "Hebrew": {"cp1255": "he"},
    "Thai": {"cp874": "th"},
}
LATIN = 1  # number of the first script
CODECS = {"kz1048": "kz1048", "koi8-t": "koi8_t"}
# Languages whose characters are too many for pairs: each character by itself. Where there are two code pages, a character
# counts as it does in that of the two in which it counts less.
IDEOGRAPHIC = {
    "zh": ("zh", "gb18030"),
    "zh-Hant": ("zh", "big5hkscs"),
    "ja": ("ja", "cp932", "euc_jis_2004"),
    "ko": ("ko", "cp949", "johab"),
}
KANA = slice(0x3041, 0x30FF)
HALF_WIDTH = range(0xFF61, 0xFFA0)
ABJADS = tuple(list(PAGES).index(script) + 1 for script in ("Arabic", "Hebrew"))
SPACE, DIGIT, MARK = 1, 2, 3
FIRST = 4  # class of the first letter
LOWER, UPPER = 1, 2
# What a character is, in the bits of one number: its class, whether it is of ASCII, its case, and what it costs by itself.
CLASS, ASCII, IS_LOWER, IS_UPPER, SINGLE = 0xFFFF, 1 << 16, 1 << 17, 1 << 18, 19
LAST = BMP - 1  # stands for all characters beyond, too
OTHER_BITS = 20 * STEPS  # of a character that no table has
PAIR_SHARE = 0.85  # of the probability, what the pair says; the rest is the letter by itself
RAREST = 2e-5  # probability of a character that no sample held
FLOOR = 0.35  # what a pair that was counted least often stands for
# The costs below belong to the model as the figures do: they stand for pairs that the samples hold too seldom to tell, and say nothing of any
# language. What is made of a price, the limits, stands in `rules/encoding/code-page.toml`.
# Bits of a pair that neither raise nor lower the suspicion.
COMMON = np.array([6.5, 6.5, 5.0, 6.5, 6.5, 6.5, 6.5]) * STEPS  # by the number of the script
ASCII_LETTER, ASCII_OTHER = 5 * STEPS, 4 * STEPS
SYMBOL = 6 * STEPS
SYMBOL_IN_WORD = 9 * STEPS
# Marks that stand beside letters of ASCII in whole text of many languages: they cost there what other symbols cost elsewhere. Mechanism: these
# are the quotation marks, dashes and signs that Windows-1252 and Mac OS Roman add to letters, and the samples of chardet left out.
TYPOGRAPHIC = "\u2018\u2019\u201c\u201d\u201e\u2013\u2014\u2026\u2022\u2122\xa0\xa9\xab\xae\xb7\xbb"
SOFT_HYPHEN, SOFT_START = "\xad", 12 * STEPS
ANOTHER_SCRIPT = 6 * STEPS
RARE_KANA, HALF_WIDTH_MORE = 12 * STEPS, 2 * STEPS
INSIDE_WORD = 8 * STEPS  # of an ideograph beside a letter of ASCII
ANOTHER_CASE = 10 * STEPS


class Languages(NamedTuple):
    """Costs of languages written with letters, as arrays that a kernel reads.

    `classes` u16 of shape (BMP,): the number of a character in the tables, 0 for characters in none of them, ASCII first;
    `cases` u8 of shape (BMP,): LOWER or UPPER, 0 for others; `scripts` u8 of shape (BMP,): the number of the script, counted from 1, in PAGES; `costs` u8
    of shape (classes, classes, languages): cost of the second after the first, for all languages side by side; `usual` u8 of shape (classes, classes): the
    least of any language; `script_of` u8 of shape (languages,); `single` u8 of shape (len(IDEOGRAPHIC), BMP);
    `excess` i16 of shape (classes, classes): `usual` less what is common. `facts` u32 of shape (BMP,) says most of it in one number (CLASS, ASCII, ...).
    """

    classes: U16
    cases: U8
    scripts: U8
    costs: U8
    usual: U8
    script_of: U8
    single: U8
    excess: NDArray[np.int16]
    facts: U32


@dataclass(frozen=True)
class Figures:
    """What `languages` made, and the names of the languages in the order of `costs`."""

    names: tuple[str, ...]
    tables: Languages


@cache.keep
def load_figures() -> Figures:
    """Make the tables; they take about 15 MB, and half a second."""
    from chardet.models import load_models

    models = load_models()
    pairs: dict[str, Pairs] = {}
    scripts: dict[str, int] = {}
    for number, pages in enumerate(PAGES.values(), 1):
        for page, languages in pages.items():
            for language in languages.split():
                pairs[language] = _read_pairs(models[f"{language}/{page}"], CODECS.get(page, page))
                if page == "cp1258":
                    pairs[language] |= _compose(pairs[language])
                scripts[language] = number
    letters = sorted({letter for table in pairs.values() for pair in table for letter in pair})
    classes, cases = _classes(letters)
    count = int(classes.max()) + 1
    script_table = _scripts()
    of_class = np.zeros(count, dtype=np.uint8)
    of_class[classes[classes > 0]] = script_table[classes > 0]
    names = tuple(pairs)
    kinds = _kinds(classes, count)
    costs = np.stack([_costs(pairs[name], classes, of_class, kinds) for name in names], axis=-1)
    single = np.stack(
        [_single_costs([(models[f"{name}/{page}"], page) for page in pages]) for name, *pages in IDEOGRAPHIC.values()]
    )
    _price_kana(single[list(IDEOGRAPHIC).index("ja")])
    return Figures(
        names,
        Languages(
            classes,
            cases,
            script_table,
            costs,
            costs.min(axis=-1),
            np.array([scripts[name] for name in names], dtype=np.uint8),
            single,
            _excess(costs.min(axis=-1), of_class),
            _facts(classes, cases, single.min(axis=0)),
        ),
    )


def _read_pairs(model: bytes, codec: str) -> Pairs:
    """Turn counted pairs of bytes into pairs of characters, case folded.

    White space and digits are one class each.
    """
    characters = []
    for byte in range(256):
        try:
            characters.append(_fold(bytes([byte]).decode(codec)))
        except UnicodeDecodeError:
            characters.append("")
    table: Pairs = {}
    for place in np.flatnonzero(np.frombuffer(model, dtype=np.uint8)):
        first, second = characters[place >> 8], characters[place & 255]
        if first and second:
            weight = max(float(model[place]) - 1 + FLOOR, FLOOR)
            table[first, second] = table.get((first, second), 0.0) + weight
    return table


def _compose(pairs: Pairs) -> Pairs:
    """Reckon the pairs of letters with a tone mark, which Windows-1258 keeps apart."""
    after: dict[str, float] = {}
    for (first, _), weight in pairs.items():
        after[first] = after.get(first, 0.0) + weight
    toned = {
        unicodedata.normalize("NFC", letter + tone): (letter, tone, weight)
        for (letter, tone), weight in pairs.items()
        if unicodedata.category(tone) == "Mn" and len(unicodedata.normalize("NFC", letter + tone)) == 1
    }
    composed: Pairs = {}
    for whole, (letter, tone, weight) in toned.items():
        for (first, second), other in pairs.items():
            if second == letter:
                composed[first, whole] = other * weight / after[letter]
            if first == tone and unicodedata.category(second) != "Mn":
                composed[whole, second] = other * weight / after[tone]
    return composed


def _fold(character: str) -> str:
    if character.isspace():
        return " "
    if character.isdigit():
        return "0"
    lowered = character.lower()
    if len(lowered) != 1:
        return character
    if character < "\x80" and not character.isalpha():
        return "."
    return "" if character < "\xa0" and not character.isprintable() else lowered


def _classes(letters: list[str]) -> tuple[U16, U8]:
    """Number the characters of the tables, and tell small letters from capitals."""
    numbers = {" ": SPACE, "0": DIGIT, ".": MARK}
    for letter in letters:
        numbers.setdefault(letter, len(numbers) + 1)
    classes = np.zeros(BMP, dtype=np.uint16)
    cases = np.zeros(BMP, dtype=np.uint8)
    for code in range(BMP):
        if 0xD800 <= code < 0xE000 or 0x3400 <= code < 0xD800:
            continue
        character = chr(code)
        classes[code] = numbers.get(_fold(character), 0)
        cases[code] = LOWER if character.islower() else UPPER if character.isupper() else 0
    # The letters that only stand for damage still need a class: what no language has is as rare as can be.
    rare = len(numbers) + 1
    for start, end in ((0x80, 0x250), (0x2C6, 0x2DE), (0x370, 0x530), (0x2200, 0x2300), (0x2500, 0x25A1)):
        for code in range(start, end):
            if classes[code] == 0:
                classes[code] = rare + (not _is_letter(code))
    return classes, cases


def _is_letter(code: int) -> bool:
    """Say whether a character is a letter, a mark, or a control character.

    Control characters stand for letters in damaged text.
    """
    return unicodedata.category(chr(code))[0] in "LM" or 0x80 <= code < 0xA0


def _scripts() -> U8:
    table = np.zeros(BMP, dtype=np.uint8)
    known = kernels.script_table()[:BMP]
    for number, script in enumerate(PAGES, 1):
        table[known == kernels.SCRIPTS.index(script) + 1] = number
    return table


def _kinds(classes: U16, count: int) -> U8:
    """Say of each class what it holds.

    Letters (0), symbols (1), white space, digits and marks of ASCII (2), marks of vowels (3), letters of ASCII (4).
    """
    kinds = np.zeros(count, dtype=np.uint8)
    for code in np.flatnonzero(classes):
        category = unicodedata.category(chr(code))
        vowel = category == "Mn" and 0x590 <= code < 0x700
        kinds[classes[code]] = 4 if code < 0x80 else 3 if vowel else 0 if _is_letter(int(code)) else 1
    kinds[[SPACE, DIGIT, MARK]] = 2
    return kinds


def _costs(pairs: Pairs, classes: U16, scripts: U8, kinds: U8) -> U8:
    """Give what each class costs after each other in one language."""
    counts = np.zeros((len(kinds), len(kinds)))
    symbols, sober = np.flatnonzero(kinds == 1), np.flatnonzero(kinds == 2)
    for (first, second), weight in pairs.items():
        counts[classes[ord(first)], classes[ord(second)]] = weight
    each = counts.sum(axis=0)
    alone = each / each.sum() + RAREST
    after = counts / np.maximum(counts.sum(axis=1, keepdims=True), 4.0)
    bits = -np.log2(PAIR_SHARE * after + (1 - PAIR_SHARE) * alone[None, :])
    costs = bits * STEPS
    mixed = (scripts[:, None] > 0) & (scripts[None, :] > 0) & (scripts[:, None] != scripts[None, :])
    costs[mixed] += ANOTHER_SCRIPT
    # Symbols beside space, digits, ASCII or themselves are lists and formulas; marks of vowels are often left out.
    plain = np.flatnonzero(kinds == 4)
    for mild in (np.ix_(sober, symbols), np.ix_(symbols, sober), (symbols, symbols)):
        costs[mild] = np.minimum(costs[mild], SYMBOL)
    marks = np.unique(classes[[ord(mark) for mark in TYPOGRAPHIC]])
    marks = marks[marks >= FIRST]
    for mild, most in (
        (np.ix_(plain, symbols), SYMBOL_IN_WORD),
        (np.ix_(symbols, plain), SYMBOL_IN_WORD),
        (np.ix_(plain, marks), SYMBOL),
        (np.ix_(marks, plain), SYMBOL),
    ):
        costs[mild] = np.minimum(costs[mild], most)
    # No word begins with a soft hyphen.
    costs[SPACE, classes[ord(SOFT_HYPHEN)]] = SOFT_START
    vowels, carriers = (
        np.flatnonzero(kinds == 3),
        np.flatnonzero((kinds == 3) | (scripts == ABJADS[0]) | (scripts == ABJADS[1])),
    )
    costs[:, vowels] = 255
    for mild in (np.ix_(carriers, vowels), np.ix_(vowels, carriers), np.ix_(vowels, sober)):
        costs[mild] = np.minimum(costs[mild], SYMBOL)
    return np.asarray(np.clip(np.rint(costs), 1, 255), dtype=np.uint8)


def _excess(usual: U8, scripts: U8) -> NDArray[np.int16]:
    """Give by how much the cost of a pair is above what is common."""
    return usual.astype(np.int16) - COMMON[scripts].astype(np.int16)[None, :]


def _facts(classes: U16, cases: U8, usual_single: U8) -> U32:
    facts = classes | (cases == LOWER) * np.uint32(IS_LOWER) | (cases == UPPER) * np.uint32(IS_UPPER)
    facts = (facts | usual_single.astype(np.uint32) << SINGLE).astype(np.uint32)
    facts[:0x80] |= np.uint32(ASCII)
    facts[LAST] = OTHER_BITS << SINGLE
    return np.asarray(facts, dtype=np.uint32)


def _single_costs(models: list[tuple[bytes, str]]) -> U8:
    """Give what each character costs by itself in a language of many characters."""
    each = np.stack([_single_shares(model, codec) for model, codec in models])
    shares = each.min(axis=0)
    # In EUC-JP the second byte of one kana is the first of the next: what is taken away for that is too much for some of them.
    shares[KANA] = each.max(axis=0)[KANA]
    shares /= shares.sum()
    return np.asarray(np.clip(np.rint(-np.log2(shares + RAREST / 20) * STEPS), 1, 255), dtype=np.uint8)


def _price_kana(costs: U8) -> None:
    """Lower the costs of kana that no sample held, and of those of half width."""
    costs[KANA] = np.minimum(costs[KANA], RARE_KANA)
    for code in HALF_WIDTH:
        whole = unicodedata.normalize("NFKC", chr(code))
        costs[code] = min(int(costs[ord(whole)]) + HALF_WIDTH_MORE, RARE_KANA)


def _single_shares(model: bytes, codec: str) -> NDArray[np.float64]:
    """Give the share of each character among those of two bytes.

    A pair of bytes may also be the second of one character and the first of the next. How often is reckoned from how often
    each byte comes second and first, and taken away.
    """
    characters = {}
    trails = [trail for trail in range(256) if trail != BREAK]
    pairs = np.array([(0, trail, BREAK) for trail in trails], dtype=np.uint8)
    for lead in range(0x80, 256):
        # One call for a lead, the pairs apart by line breaks: no codec has a break within a character.
        pairs[:, 0] = lead
        texts = pairs.tobytes().decode(codec, "replace").split("\n")
        for trail, text in zip(trails, texts[:-1], strict=True):
            if len(text) == 1 and 0x80 <= ord(text) < BMP and text != "\ufffd":
                characters[lead, trail] = ord(text)
    observed = np.frombuffer(model, dtype=np.uint8).reshape(256, 256).astype(float)
    observed = np.where(observed > 0, np.maximum(observed - 1 + FLOOR, FLOOR), 0)
    valid = np.zeros((256, 256))
    valid[tuple(np.array(list(characters)).T)] = 1
    whole = observed * valid / 2
    for _ in range(20):
        across = whole.sum(axis=0)[:, None] * whole.sum(axis=1)[None, :] / whole.sum()
        whole = (whole + np.maximum(observed * valid - across, 0)) / 2
    share = np.zeros(BMP)
    for (lead, trail), code in characters.items():
        share[code] += whole[lead, trail]
    return np.asarray(share / share.sum())


def character_codes(text: str) -> U32:
    """Give the code points of a text.

    >>> character_codes("aé").tolist()
    [97, 233]
    """
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
