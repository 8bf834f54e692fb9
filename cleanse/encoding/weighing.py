"""Hold readings of the same bytes against each other: what each costs in bits.

A text costs what its characters cost in the language in which they cost least (`pairs.py`), and on top of that so much for each byte that
did not decode and for each character that no text holds. So a charset that reads all but a few bytes as a language is written costs less than one
that reads each byte as some letter.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from cleanse.encoding.mending import decode_wide
from cleanse.encoding.pairs import STEPS
from cleanse.encoding.pricing import price_texts

__all__ = [
    "CHARSET_LISTS",
    "Reading",
    "Weights",
    "decode_wide",
    "is_mostly_read",
    "is_text",
    "lead",
    "sample_lines",
    "weigh_readings",
]

UTF8 = "utf-8"
UNITS = {"utf-16": 2, "utf-32": 4}  # bytes that are lost with one character
LOST = "\ufffd"
# Control characters but white space and escape, C1, private use, code points that are none, and what frames are drawn with where it
# stands beside a letter.
STRAY = re.compile(
    "[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f-\x9f\ue000-\uf8ff\ufdd0-\ufdef\uffff\ufffe\U000f0000-\U0010ffff]"
    r"|[\u2500-\u259f](?=[^\W\d_])|(?<=[^\W\d_])[\u2500-\u259f]"
)


CHARSET_LISTS = {"usual_charsets", "western_charsets"}  # the parameters that are lists of names
UNCERTAINTY = {"min_lead", "min_bytes"}  # parameters of `encoding/uncertain`; what a rule that is off says counts as 0


@dataclass(frozen=True)
class Weights:
    """What counts when a charset is chosen.

    They are the parameters of `encoding/charset` and `encoding/uncertain`.

    Bits: `lost`: what a byte that does not decode costs; `cut`: the same at the very end, where a character was cut; `stray`: what a character that no
    text holds costs on top; `declared`: what a charset that the page declares is given; `detected`: the same of one of which chardet is sure, times its confidence;
    `usual`, `western`: what each of the `usual_charsets` is given, which much text is in, and of the `western_charsets`, which most is in;
    `utf8`: what a text in UTF-8 is given, if any character of several bytes is in it; `max_utf8`: what a place of a text in UTF-8 costs at most; `max_letter`, `max_ideograph`: what a place of a text may cost at most; `max_few`: what all places together may cost on top; `min_lead`: how much less a sure charset costs than the next;
    `min_bytes`: how many bytes outside ASCII it has at least.
    Shares: `max_bad_share`: of what is not ASCII, may be no UTF-8 in a text of UTF-8; `max_lost_share`: of all characters, may be lost in any text; `max_lost_short`: the same where it is at
    most `max_lost` characters;
    `max_nul_share`, `max_stray_share`: NUL, and other
    characters that no text holds, for each letter and digit. `min_guess`: confidence of chardet, from which its guess is weighed too; `min_confidence`: from which its guess may cost more than other text; `sample_bytes`: how much is weighed.
    """

    lost: float
    cut: float
    stray: float
    declared: float
    detected: float
    usual: float
    western: float
    utf8: float
    max_utf8: float
    max_letter: float
    max_ideograph: float
    max_few: float
    max_bad_share: float
    max_lost_share: float
    max_lost: float
    max_lost_short: float
    max_nul_share: float
    max_stray_share: float
    sample_bytes: int
    min_guess: float
    min_confidence: float
    usual_charsets: frozenset[str]
    western_charsets: frozenset[str]
    min_lead: float = 0.0
    min_bytes: float = 0.0

    @classmethod
    def needed(cls) -> set[str]:
        """Give the names of all parameters."""
        return set(cls.__dataclass_fields__)

    @classmethod
    def of(cls, charset: Mapping[str, object], uncertain: Mapping[str, object]) -> Weights:
        """Take the parameters of the two rules."""
        known: dict[str, Any] = {
            name: frozenset(value) if isinstance(value, list) else float(str(value))
            for name, value in (*charset.items(), *uncertain.items())
            if name in cls.__dataclass_fields__
        }
        return cls(**known | {"sample_bytes": int(known["sample_bytes"])})

    def prior(self, charset: str) -> float:
        """Give the bits that a charset is given because much text is in it."""
        if charset in self.western_charsets:
            return self.western
        return self.usual if charset in self.usual_charsets else 0.0


@dataclass(frozen=True)
class Reading:
    """A text that bytes may be, in a charset.

    Filled by `weigh_readings`: `price` in bits; `place`, the bits of a place that is not ASCII; `ideographic`; how many characters
    were `lost`, are `stray`, and are `foreign` (not ASCII, the lost ones included).
    """

    charset: str
    text: str
    price: float = 0.0
    place: float = 0.0
    ideographic: bool = False
    lost: int = 0
    stray: int = 0
    foreign: int = 0


def sample_lines(data: bytes, size: int) -> bytes:
    r"""Give the first lines that hold more than ASCII, up to so many bytes.

    Data of fewer bytes is given whole.

    >>> sample_lines("one\nété\nzwölf\n".encode(), 9)
    b'\xc3\xa9t\xc3\xa9\nzw\xc3'
    """
    if len(data) <= size:
        return data
    lines, length = [], 0
    for line in data.split(b"\n"):
        if not line.isascii():
            lines.append(line[: size - length])
            length += len(lines[-1]) + 1
            if length >= size:
                break
    return b"\n".join(lines)


def weigh_readings(
    readings: Sequence[Reading], weights: Weights, bonus: Mapping[str, float] = MappingProxyType({})
) -> list[Reading]:
    """Say what readings cost, and sort them, cheapest first.

    `bonus`: the bits that a charset is given.
    """
    if not readings:
        return []
    texts = [re.sub("[\ud800-\udfff]", LOST, reading.text) for reading in readings]
    prices = price_texts([text.replace(LOST, " ") for text in texts])
    weighed = []
    for reading, text, (total, foreign, places, ideographic, _) in zip(readings, texts, prices.tolist(), strict=True):
        lost, stray = text.count(LOST), len(STRAY.findall(text))
        width = next((size for name, size in UNITS.items() if reading.charset.startswith(name)), 1)
        price = total / STEPS + lost * width * weights.lost + stray * weights.stray
        price -= weights.lost - weights.cut if text.endswith(LOST) else 0
        price -= bonus.get(reading.charset, 0.0)
        # What is UTF-8 is no chance, in any script: also in those of which no letters are known.
        most = weights.max_utf8 if reading.charset == UTF8 else float("inf")
        price -= max(0.0, foreign / STEPS - most * places)
        price -= (
            weights.utf8 if reading.charset == UTF8 and any("\x7f" < character != LOST for character in text) else 0
        )
        weighed.append(
            replace(
                reading,
                text=text,
                price=price,
                place=min(most, foreign / STEPS / max(1, places)),
                ideographic=bool(ideographic),
                lost=lost,
                stray=stray,
                foreign=sum(character > "\x7f" for character in text),
            )
        )
    return sorted(weighed, key=lambda reading: reading.price)


def lead(readings: Sequence[Reading]) -> float:
    """Say how many bits the best reading costs less than the next text."""
    best = readings[0]
    return next((other.price - best.price for other in readings[1:] if other.text != best.text), float("inf"))


def is_text(reading: Reading, weights: Weights) -> bool:
    """Say whether what was weighed is like a text of any language."""
    letters, nul = sum(map(str.isalnum, reading.text)), reading.text.count("\0")
    most = weights.max_ideograph if reading.ideographic else weights.max_letter
    most += weights.max_few / max(1, reading.foreign)  # a handful of letters says little
    return (
        (letters > 0 or reading.charset == UTF8)
        and reading.place <= most
        and nul <= weights.max_nul_share * letters
        and reading.stray - nul <= weights.max_stray_share * letters
        and is_mostly_read(reading.text, weights)
    )


def is_mostly_read(text: str, weights: Weights) -> bool:
    """Say whether only a few of the characters outside ASCII were lost."""
    lost = text.count(LOST)
    return lost <= max(weights.max_lost_share * len(text), min(weights.max_lost, weights.max_lost_short * len(text)))
