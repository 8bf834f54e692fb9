"""Bytes become text in the charset they are in, or are refused."""

from __future__ import annotations

import random
import tomllib
from pathlib import Path

import pytest

from cleanse.encoding import charset
from cleanse.errors import InputError
from cleanse.rules import load_rules

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


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Für Käse: The ferry stopped, and nobody could say when it would run again. Señor Núñez wrote to his daughter.", "cp1252"),
        ("Hy sê die brug is weer oop, maar die trein bly agter.", "cp1252"),
        ("Les agències van tancar dilluns a la tarda.", "cp1252"),
        ("Most na cesti je zaprt, šola pa ostane odprta.", "cp1250"),
        ("Tiltas per upę bus atidarytas šeštadienį.", "cp1257"),
        ("Het café ging om acht uur dicht.", "cp1252"),
    ],
)  # fmt: skip
def test_a_few_letters_do_not_make_a_rare_charset(text: str, name: str) -> None:
    """Where two charsets explain a few bytes nearly alike, the one wins that more text is in; HP Roman-8 once won the first one."""
    decoded = charset.decode(text.encode(name), RULES)
    assert decoded.text == text
    assert not decoded.certain


PAGES = tomllib.loads((Path(__file__).parent / "charsets" / "pages.toml").read_text("utf-8"))
WRITTEN = [(language, name) for language, page in PAGES.items() for name in page["charsets"]]


def spoil(data: bytes, share: float, bad: bytes, gone: int) -> bytes:
    """Put bytes in the place of some behind a share of those that are not ASCII."""
    letters = [place for place, byte in enumerate(data) if byte > 0x7F]
    place = letters[int(share * (len(letters) - 1))]
    return data[:place] + bad + data[place + gone :]


def is_like(got: str, text: str, few: int = 4) -> bool:
    """Say whether two texts differ in one place of a few characters alone."""
    start, end = (
        next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(got), len(text)))
        for one, other in ((got, text), (got[::-1], text[::-1]))
    )
    return max(len(text), len(got)) - start - end <= few


@pytest.mark.parametrize(("language", "name"), WRITTEN)
@pytest.mark.parametrize("share", [0, 0.4, 1])
def test_one_bad_byte_does_not_change_the_charset(language: str, name: str, share: float) -> None:
    """A page with a bad byte at its start, in its middle or at its end is read in its charset, but for a few characters."""
    text = PAGES[language]["long"]
    data = spoil(text.encode(name), share, b"\xff", 1)
    decoded = charset.decode(data, RULES)
    assert is_like(decoded.text, text), decoded
    assert decoded.exact or "\ufffd" in decoded.text


@pytest.mark.parametrize(("language", "name"), WRITTEN)
def test_a_page_that_is_cut_is_read_to_its_cut(language: str, name: str) -> None:
    """The last byte of a page is lost: its last character is, and no other."""
    text = PAGES[language]["long"].rstrip("。.")
    decoded = charset.decode(text.encode(name)[:-1], RULES)
    assert decoded.text[: len(text) - 1] == text[:-1]
    assert decoded.text[len(text) - 1 :] in ("", "\ufffd")


@pytest.mark.parametrize(("language", "name"), WRITTEN)
def test_a_short_page_that_declares_its_charset(language: str, name: str) -> None:
    """What a page declares decides where a sentence alone would say little."""
    text = f'<meta charset="{name}"><p>{PAGES[language]["short"]}</p>'
    decoded = charset.decode(spoil(text.encode(name), 0.5, b"\xff", 0), RULES)
    assert is_like(decoded.text, text), decoded


@pytest.mark.parametrize("name", ["gb18030", "big5", "euc_jp", "euc_kr"])
def test_a_lost_byte_does_not_spoil_its_line(name: str) -> None:
    """A byte that is gone shifts all pairs behind it, and what they would be is text that nobody wrote."""
    language = next(language for language, own in WRITTEN if own == name)
    text = PAGES[language]["long"]
    assert is_like(charset.decode(spoil(text.encode(name), 0.5, b"", 1), RULES).text, text)


def test_a_declared_charset_that_makes_no_sense_is_not_believed() -> None:
    """Nearly all bytes decode in Latin-1, so that this proves nothing."""
    text = f'<meta charset="iso-8859-1"><p>{PAGES["zh"]["long"]}</p>'
    assert charset.decode(text.encode("gb18030"), RULES).text == text


def test_few_letters_in_utf8_are_enough() -> None:
    """UTF-8 with one bad byte and few other letters outside ASCII is UTF-8."""
    data = "The café by the quay opens at nine, and the crêpes are ".encode() + b"\xfe good."
    decoded = charset.decode(data, RULES)
    assert decoded == charset.Decoded(
        "The café by the quay opens at nine, and the crêpes are \ufffd good.", "utf-8", exact=False
    )


def test_nul_bytes_do_not_make_utf16() -> None:
    """NUL bytes between words are no sign of UTF-16; those of UTF-16 stand at every second place."""
    words = "the\0ferry\0leaves\0at\0nine\0and\0the\0harbour\0is\0quiet"
    assert charset.decode(words.encode(), RULES) == charset.Decoded(words, "utf-8", exact=True)
    mixed = f"{PAGES['zh']['long'][:60]}\0{PAGES['zh']['long'][60:]}"
    assert charset.decode(mixed.encode("gb18030"), RULES).text == mixed
    sparse = ("\0" + "Ten of them stand in this.") * 10
    assert charset.decode(sparse.encode(), RULES).charset == "utf-8"
    assert charset.decode("The harbour is quiet.".encode("utf-16-le"), RULES).text == "The harbour is quiet."


def test_utf16_with_an_odd_byte() -> None:
    """A byte too much at the end of UTF-16 is one lost character."""
    text = PAGES["fr"]["long"]
    decoded = charset.decode(b"\xff\xfe" + text.encode("utf-16-le") + b"x", RULES)
    assert decoded == charset.Decoded(f"\ufeff{text}\ufffd", "utf-16-le", exact=False)


def test_cesu8_is_read() -> None:
    """Programs that take a character beyond U+FFFF for two write each half in three bytes."""
    halves = "\ud83d\ude00".encode("utf-8", "surrogatepass")
    data = "Fähre ".encode() + halves + b"!"
    assert charset.decode(data, RULES) == charset.Decoded("Fähre 😀!", "cesu-8", exact=False)
    # A half by itself is no character.
    assert charset.decode("Die Fähre fährt früh ".encode() + halves[:3] + b"!", RULES).text.startswith(
        "Die Fähre fährt früh \ufffd"
    )


@pytest.mark.parametrize(
    "data",
    [
        bytes(range(1, 256)) * 4,
        b"\x00" * 100,
        b"\xff" * 100,
        random.Random(5).randbytes(1500),
        b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x03\x00>\x00\x01\x00\x00\x00" * 30,
    ],
)
def test_what_no_model_calls_text_is_refused(data: bytes) -> None:
    """Bytes that are no text in any charset are not kept as nonsense."""
    with pytest.raises(InputError, match="not text"):
        charset.decode(data, RULES)


def test_bytes_that_do_not_decode_can_be_told() -> None:
    """The escaped text gives the bytes back, each by itself."""
    data = spoil(PAGES["zh"]["long"].encode("gb18030"), 0.5, b"\xff", 1)
    decoded = charset.decode(data, RULES)
    assert decoded.escaped is not None
    assert decoded.escaped.encode("gb18030", "surrogateescape") == data


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("iso2022_jp", "渡し船は月曜日に止まった。夜のうちに風が変わった。"),
        ("iso2022_kr", "나룻배는 월요일에 멈추었다. 밤사이에 바람이"),
        ("hz", "渡船在星期一停了，因为夜里刮起了大风。"),
    ],
)
@pytest.mark.parametrize("damage", ["cut", "added", "lost"])
def test_a_charset_in_seven_bits_with_a_broken_byte(name: str, sentence: str, damage: str) -> None:
    """It announces its characters, so it is no ASCII, and the other line is read to the letter."""
    data = f"{sentence}\n{sentence}\n".encode(name)
    broken = {"cut": data[:-2], "added": data[:21] + b"\xff" + data[21:], "lost": data[:21] + data[22:]}[damage]
    got = charset.decode(broken, RULES)
    assert got.charset.startswith(name)
    assert got.text.split("\n")[0 if damage == "cut" else 1] == sentence


@pytest.mark.parametrize(
    "text", ["\x1b[31mred\x1b[0m, says the terminal", "a ~{ in prose ~{x~}", "x = ~{a}; y = ~{bc~} + 3"]
)
def test_what_looks_like_seven_bits_is_utf8(text: str) -> None:
    """Colours of a terminal and braces behind a tilde announce nothing."""
    assert charset.decode(f"{text}\n".encode(), RULES).text == f"{text}\n"


@pytest.mark.parametrize("text", ["The ferry stopped.", "नाव सोमवार को रुक गई।", "ጀልባው ሰኞ ቆመ።", "படகு நின்றது."])
@pytest.mark.parametrize("name", ["utf-16", "utf-32"])
def test_a_cut_behind_a_byte_order_mark(name: str, text: str) -> None:
    """The mark names the charset in any script, and only the last character is lost."""
    got = charset.decode(text.encode(name)[:-1], RULES)
    assert got.text == f"\ufeff{text[:-1]}\ufffd"
