"""From bytes to text: which charset a file is in.

A byte-order mark decides, then UTF-8, then what the file itself declares, then chardet. Bytes are decoded strictly; what
does not decode in any of these ways is not text.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from cleanse.errors import InputError
from cleanse.rules import Rules

CHARSET = "encoding/charset"
UNCERTAIN = "encoding/uncertain"
UTF8 = "utf-8"
BYTE_ORDER_MARK = "\ufeff"
# UTF-32 first: its little-endian mark begins with that of UTF-16.
MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# What HTML and XML say of themselves stands in the first bytes.
DECLARED_WITHIN = 2048
DECLARATION = re.compile(
    rb"""<meta[^>]{0,200}?charset\s{0,4}=\s{0,4}["']?\s{0,4}([A-Za-z0-9_:.+-]{2,40})"""
    rb"""|<\?xml[^>]{0,100}?encoding\s{0,4}=\s{0,4}["']([A-Za-z0-9_:.+-]{2,40})""",
    re.IGNORECASE,
)
# Charsets that hold all characters of another at the same bytes, and that programs write under its name.
SUPERSETS = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "tis-620": "cp874",
    "iso8859-11": "cp874",
    "iso8859-9": "cp1254",
}
# These look like UTF-8 where the text is ASCII.
SEVEN_BITS = ("utf-16", "utf-32", "iso2022", "hz")


@dataclass(frozen=True)
class Decoded:
    """A text, the charset it was in, whether encoding it again gives the same bytes, and whether the charset is sure."""

    text: str
    charset: str
    exact: bool
    certain: bool = True


def decode(data: bytes, rules: Rules) -> Decoded:
    """Turn bytes into text, strictly: byte-order mark, UTF-8, the charset that is declared, then what chardet finds.

    Parameters of `encoding/charset`: `max_bad_share`, the share of bytes up to which a file that is UTF-8 but for
    them is read as UTF-8 with U+FFFD in their place. Of `encoding/uncertain`: `min_confidence` of chardet. A byte-order mark stays in
    the text.

    Raises:
        InputError: the bytes are not text, or decode strictly in no charset.
    """
    marked = [charset for mark, charset in MARKS if data.startswith(mark)]
    if marked:
        return _decode_strictly(data, marked)
    try:
        text = data.decode(UTF8)
    except UnicodeDecodeError:
        return _mostly_utf8(data, rules) or _decode_legacy(data, rules)
    if b"\x00" not in data and b"\x1b" not in data and b"~{" not in data:
        return Decoded(text, UTF8, exact=True)
    # Charsets in seven bits, and UTF-16 of ASCII text, look like UTF-8: ask before believing it.
    found = _detect(data)
    for charset, _ in found:
        if charset.replace("_", "-").startswith(SEVEN_BITS) or charset.startswith(SEVEN_BITS):
            try:
                return _decode_strictly(data, [charset])
            except InputError:
                break
    if b"\x00" in data and not found:
        raise InputError("not text: NUL bytes between others, and no charset fits")
    return Decoded(text, UTF8, exact=True)


def _decode_legacy(data: bytes, rules: Rules) -> Decoded:
    """Decode what is not UTF-8: as declared if it decodes so, else as chardet finds."""
    declared = _declared(data)
    if declared is not None:
        try:
            return _decode_strictly(data, [declared])
        except InputError:
            pass
    found = _detect(data)
    limit = float(str(rules[UNCERTAIN].head.parameters["min_confidence"])) if UNCERTAIN in rules else 0.0
    decoded = _decode_strictly(data, [charset for charset, _ in found])
    confidence = dict(found).get(decoded.charset, 0.0)
    return Decoded(decoded.text, decoded.charset, decoded.exact, certain=confidence >= limit)


def _declared(data: bytes) -> str | None:
    """Give the charset that HTML or XML declares, if Python knows it; its superset where there is one."""
    found = DECLARATION.search(data[:DECLARED_WITHIN])
    if found is None:
        return None
    name = (found[1] or found[2]).decode("ascii")
    try:
        known = codecs.lookup(name)
    except LookupError:
        return None
    if not known._is_text_encoding or known.name.startswith(("utf", *SEVEN_BITS)):  # noqa: SLF001 - the only way to ask
        return None
    return _label(SUPERSETS.get(known.name, known.name))


def _label(codec: str) -> str:
    """Give the name of a charset as the web spells it, which Python knows too."""
    return re.sub(r"^cp(125\d)$", r"windows-\1", codec)


def _detect(data: bytes) -> list[tuple[str, float]]:
    """Give the charsets that chardet thinks possible and Python can decode, best first, each with the confidence."""
    import chardet

    best = chardet.detect(data)
    if best["encoding"] is None:
        return []
    known: dict[str, float] = {}
    for result in [best, *chardet.detect_all(data)]:
        try:
            name = codecs.lookup(str(result["encoding"])).name
        except LookupError:
            continue
        for charset in (SUPERSETS.get(name, name), name):
            known.setdefault(_label(charset), float(result["confidence"]))
    return list(known.items())


def _decode_strictly(data: bytes, charsets: list[str]) -> Decoded:
    for charset in charsets:
        try:
            text = data.decode(charset)
            text.encode(UTF8)
        except (UnicodeError, ValueError):
            continue
        try:
            exact = text.encode(charset) == data
        except UnicodeError:
            exact = False
        return Decoded(text, charset, exact)
    if charsets:
        raise InputError(f"not text: does not decode as {' or as '.join(charsets[:3])}")
    raise InputError("not text: no charset fits")


def _mostly_utf8(data: bytes, rules: Rules) -> Decoded | None:
    limit = float(str(rules[CHARSET].head.parameters["max_bad_share"]))
    text = data.decode(UTF8, errors="replace")
    bad = text.count("\ufffd") - data.count("\ufffd".encode())
    good = sum(1 for character in text if character > "\x7f") - text.count("\ufffd")
    if good and bad <= limit * (good + bad):
        return Decoded(text, UTF8, exact=False)
    return None
