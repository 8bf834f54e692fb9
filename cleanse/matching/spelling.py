"""The ways in which a literal is usually written on pages, and how texts are folded to meet patterns in lower case."""

from __future__ import annotations

import unicodedata
from typing import TypeVar

import polars as pl

TURKISH = frozenset("ığşİĞŞ")  # letters by which words are known that make İ of i in capitals
GREEK = str.maketrans("ΆΈΉΊΌΎΏ", "ΑΕΗΙΟΥΩ")  # Greek words lose their accents in capitals
ROMANIAN = str.maketrans("șțȘȚ", "şţŞŢ")  # older pages write a cedilla for the comma below
SPACES = (" ", "\u00a0", "\u3000", "\t", "  ")
Texts = TypeVar("Texts", pl.Expr, pl.Series)


def spell(literal: str) -> list[str]:
    """Give the ways in which a literal is usually written; ASCII case is folded by the search itself.

    The literal as its author wrote it is one of them, which is how Turkish capitals get through. Greek capitals may lack their accents,
    and the comma of Romanian may be a cedilla. A space may be another or two.
    Letters and their marks are composed, as `Lines` makes them; what Unicode never composes may also be as its author wrote it.
    """
    lowered = literal.lower()
    if literal.isascii():
        return sorted({lowered.replace(" ", space) for space in SPACES})
    cased = {literal, lowered, literal.upper(), lowered.title(), lowered[:1].upper() + lowered[1:]}
    if not TURKISH.isdisjoint(literal):
        cased.add(literal.replace("i", "İ").upper())
    cased |= {text.translate(table) for text in cased for table in (GREEK, ROMANIAN)}
    forms = {unicodedata.normalize("NFC", text) for text in cased} | cased
    return sorted({form.replace(" ", space) for form in forms for space in SPACES})


def fold(texts: Texts) -> Texts:
    """Give texts in lower case, every run of white space as one space, the letters i of Turkish as one (`rules.fold_letters`)."""
    lowered = texts.str.to_lowercase().str.replace_all(r"\s+", " ")
    return lowered.str.replace_many(["i\u0307", "ı"], ["i", "i"])
