"""The model of letter pairs: what it takes from chardet, and that whole text costs less than damaged text."""

from __future__ import annotations

import numpy as np
import pytest

from cleanse.encoding.pairs import IDEOGRAPHIC, PAGES, STEPS, load_figures
from cleanse.encoding.pricing import price_end_to_end, price_lines, price_texts

# A sentence in a language, the code page it was in, and what it was read as.
SENTENCES = [
    ("Паром не пришёл в понедельник.", "cp1251", "latin-1"),
    ("Řeka se vylila z břehů, takže cesta k mlýnu zůstala zavřená.", "cp1250", "sloppy-windows-1252"),
    ("Το καράβι φεύγει στις οκτώ το πρωί.", "cp1253", "latin-1"),
    ("החנות סגורה בימי שבת.", "cp1255", "sloppy-windows-1251"),
    ("คุณตาซ่อมเรือไม้ลำเก่าจนเสร็จ", "cp874", "latin-1"),
    ("今天下午三点开会，请带上报告。", "gb18030", "latin-1"),
]


def test_chardet_has_the_models_that_pairs_are_made_of() -> None:
    """The package chardet keeps its counts of byte pairs in `chardet.models`, which is no part of its interface: a new version may not have them."""
    from chardet.models import load_models

    models = load_models()
    needed = [f"{name}/{page}" for pages in PAGES.values() for page, names in pages.items() for name in names.split()]
    needed += [f"{name}/{page}" for name, *pages in IDEOGRAPHIC.values() for page in pages]
    assert [name for name in needed if len(models.get(name, b"")) != 256 * 256] == []


@pytest.mark.parametrize(("sentence", "page", "reader"), SENTENCES)
def test_damaged_text_costs_more(sentence: str, page: str, reader: str) -> None:
    """A sentence that was read by another code page costs at least 8 bits more, in whatever languages its pairs are counted."""
    broken = sentence.encode(page).decode(reader)
    assert (price_lines([broken]) - price_texts([sentence]))[0, 0] > 8 * STEPS


def test_a_pair_costs_at_least_what_it_costs_where_it_is_most_usual() -> None:
    """A line priced pair by pair never costs more than the same text in its best language."""
    texts = [sentence for sentence, _, _ in SENTENCES if not sentence.startswith("今")]
    assert (price_lines(texts)[:, 0] <= price_texts(texts)[:, 0]).all()


def test_digits_cost_the_same() -> None:
    """The model knows no digit from another."""
    allowed = np.ones((2, len(load_figures().names)), dtype=np.uint8)
    first, second = price_end_to_end(["Šest vlaků v 7:15", "Šest vlaků v 9:48"], allowed)
    assert first == second > 0
