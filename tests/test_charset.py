"""Bytes become text in the charset they are in, or are refused."""

from __future__ import annotations

import pytest

from cleanse.encoding import charset
from cleanse.rules.model import load_rules

RULES = load_rules()
RUSSIAN = "Паром не пришёл в понедельник, потому что двигатель наконец сломался. " * 3


def test_a_declared_charset_is_believed_where_it_decodes():
    """HTML and XML say what they are in; a short page in a code page needs no guess."""
    page = '<html><head><meta http-equiv="Content-Type" content="text/html; charset=koi8-r"></head><p>Дача</p></html>'
    assert charset.decode(page.encode("koi8-r"), RULES) == charset.Decoded(page, "koi8-r", exact=True)
    feed = '<?xml version="1.0" encoding="windows-1251"?><title>Дача</title>'
    assert charset.decode(feed.encode("cp1251"), RULES) == charset.Decoded(feed, "windows-1251", exact=True)


def test_a_declared_charset_that_does_not_decode_is_not_believed():
    """A page that names a charset in which its bytes are no text is read as what it is."""
    page = f'<meta charset="euc-jp"><p>{RUSSIAN}</p>'
    assert charset.decode(page.encode("cp1251"), RULES).text == page


@pytest.mark.parametrize("name", ["utf-16", "rot13", "hex", "no-such-charset"])
def test_a_declaration_that_names_no_charset_of_bytes_is_passed_over(name):
    """What the declaration names must be a charset that ASCII can stand in."""
    page = f'<meta charset="{name}"><p>{RUSSIAN}</p>'
    assert charset.decode(page.encode("cp1251"), RULES).text == page


def test_a_name_means_its_superset():
    """GB2312 is read as GB18030, so that characters beyond the standard are not lost."""
    page = '<meta charset="gb2312"><p>镕</p>'
    assert charset.decode(page.encode("gb18030"), RULES).charset == "gb18030"


def test_iso_8859_5_is_not_windows_1251():
    """A charset is not taken for another that holds other letters at the same bytes."""
    assert charset.decode(RUSSIAN.encode("iso-8859-5"), RULES).text == RUSSIAN


def test_few_bytes_are_uncertain():
    """A word in a code page is decoded but not sure; a paragraph is sure."""
    assert not charset.decode("Дача".encode("cp1251"), RULES).certain
    assert charset.decode(RUSSIAN.encode("cp1251"), RULES).certain
    assert charset.decode("Дача".encode(), RULES).certain
