"""From bytes to text: which charset a file is in.

A byte-order mark decides, then UTF-8, then what chardet is sure of. Where none of these reads every byte, `weighing.py` holds all
likely charsets against each other: the one wins that explains everything but a few bytes, and not the one that explains each
byte with nonsense. What does not decode becomes U+FFFD.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Collection
from dataclasses import dataclass, field, replace

from cleanse.encoding import weighing
from cleanse.encoding.mending import WIDE
from cleanse.encoding.weighing import Reading, Weights
from cleanse.errors import InputError
from cleanse.rules import Rules

CHARSET = "encoding/charset"
UNCERTAIN = "encoding/uncertain"
ROW = "encoding/row"
UTF8 = "utf-8"
CESU8 = "cesu-8"
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
    "big5": "big5hkscs",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "tis-620": "cp874",
    "iso8859-11": "cp874",
    "iso8859-9": "cp1254",
}
# These look like UTF-8 where the text is ASCII.
SEVEN_BITS = ("iso2022", "hz")
NOT_PLAIN = ("\x00", "\x1b", "~{")  # what shows that it may be one of them, or UTF-16
# What they announce their characters with, and what does it once for the whole file.
ANNOUNCED = (
    (re.compile(rb"\x1b\$\)C"), "iso2022_kr", b"\x1b$)C"),
    (re.compile(rb"\x1b(?:\$[@B]|\$\([@BD]|\([IJ])"), "iso2022_jp_ext", b""),
    (re.compile(rb"~\{(?:[!-w][!-~])+(?:~\}|$)", re.MULTILINE), "hz", b""),
)
UTF16 = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
UNITS = {"utf-16-le": 2, "utf-16-be": 2, "utf-32-le": 4, "utf-32-be": 4}  # bytes
# Pages of one byte a character that much text is in. chardet knows more, and adds what it thinks possible.
NARROW = (
    "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258", "cp874", "koi8-r", "koi8-u", "cp866",
    "iso8859-2", "iso8859-5", "iso8859-6", "iso8859-7", "iso8859-8",
)  # fmt: skip
# What CESU-8 makes of a character beyond U+FFFF: each half of its pair in UTF-16 by itself, in three bytes.
CESU_PAIR = re.compile(rb"\xed[\xa0-\xaf][\x80-\xbf]\xed[\xb0-\xbf][\x80-\xbf]")


@dataclass(frozen=True)
class Decoded:
    """A text and the charset it was in.

    `exact`: encoding it again gives the same bytes; `certain`: the charset is sure.

    `escaped`: the same text with a lone surrogate, U+DC00 and the number of the byte, for each byte that did not decode; None where
    all did, or where that cannot be told.
    """

    text: str
    charset: str
    exact: bool
    certain: bool = True
    escaped: str | None = field(default=None, compare=False)


def decode(data: bytes, rules: Rules, hint: str | None = None) -> Decoded:
    """Turn bytes into text.

    A byte-order mark decides, then UTF-8, then what HTML or XML declares or chardet is sure of; else the charset by which the bytes
    cost the fewest bits. What does not decode becomes U+FFFD. A byte-order mark stays in the text. `hint` is a charset that counts as if
    it were declared.

    Parameters of `encoding/charset` and `encoding/uncertain`: see `Weights`.

    Raises:
        InputError: the bytes are not text in any charset.
    """
    weights = Weights.of(rules[CHARSET].head.parameters, rules[UNCERTAIN].head.parameters if UNCERTAIN in rules else {})
    marked = [charset for mark, charset in MARKS if data.startswith(mark)]
    if marked:
        return _decode_marked(data, marked, weights)
    try:
        text = data.decode(UTF8)
    except UnicodeDecodeError:
        return (
            _read_cesu(data)
            or _mostly_utf8(data, weights)
            or _read_announced(data, weights)
            or _decode_legacy(data, weights, hint)
        )
    if is_plain(data):
        return Decoded(text, UTF8, exact=True)
    return _decode_seven_bits(data, text, weights)


def is_plain(data: bytes) -> bool:
    """Say whether bytes are UTF-8, and can be nothing else."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return not any(sign.encode() in data for sign in NOT_PLAIN)


def _decode_marked(data: bytes, marked: list[str], weights: Weights) -> Decoded:
    """Decode by the byte-order mark; a few units may be broken, or the last one cut."""
    for charset in marked:
        try:
            return _decode_strictly(data, charset)
        except UnicodeError:
            continue
    for charset in marked:
        whole = len(data) - len(data) % UNITS[charset]
        try:
            text = data[:whole].decode(charset)
        except UnicodeError:
            continue
        if text != BYTE_ORDER_MARK:
            # Only the last character is cut.
            return Decoded(f"{text}\ufffd", charset, exact=False)
    readings = [Reading(charset, data.decode(charset, "replace")) for charset in marked]
    best = weighing.weigh_readings(readings, weights)[0]
    if not weighing.is_text(best, weights):
        raise InputError(f"not text: does not decode as {' or as '.join(marked)}")
    return Decoded(best.text, best.charset, exact=False)


def _decode_seven_bits(data: bytes, text: str, weights: Weights) -> Decoded:
    """Decode what is UTF-8, or a charset in seven bits, or UTF-16 of ASCII text."""
    for charset, _ in _detect(data) if b"\x1b" in data or b"~{" in data else ():
        if charset.startswith(SEVEN_BITS):
            try:
                return _decode_strictly(data, charset)
            except UnicodeError:
                break
    announced = _read_announced(data, weights)
    if announced is not None:
        return announced
    own = Reading(UTF8, text)
    if b"\x00" in data:
        readings = weighing.weigh_readings([own, *_read_units(data)], weights)
        if not weighing.is_text(readings[0], weights):
            raise InputError("not text: NUL bytes between others, and no charset fits")
        if readings[0].charset != UTF8:
            return _settle(data, readings, weights)
    return Decoded(text, UTF8, exact=True)


def _read_announced(data: bytes, weights: Weights) -> Decoded | None:
    """Decode a charset in seven bits that announces its characters, and in which a few bytes are broken or cut."""
    for announcement, charset, once in ANNOUNCED:
        if not announcement.search(data):
            continue
        # A byte that is lost shifts all behind it, up to the next announcement or the end of the line.
        text = "".join((once + line).decode(charset, "replace") for line in data.splitlines(keepends=True))
        text = re.sub("\ufffd+", "\ufffd", text)
        best = weighing.weigh_readings([Reading(charset, text)], weights)[0]
        if weighing.is_text(best, weights) and best.foreign > best.lost:
            return Decoded(text, charset, exact=False)
    return None


def _read_units(data: bytes) -> list[Reading]:
    """Read bytes in units of two and of four."""
    return [Reading(charset, data.decode(charset, "replace")) for charset in UTF16]


def _decode_legacy(data: bytes, weights: Weights, hint: str | None) -> Decoded:
    """Decode what is not UTF-8, by weighing; what is declared or detected weighs more."""
    declared = _declared(data) or hint
    found = dict(_detect(data))
    guesses = [charset for charset, confidence in found.items() if confidence >= weights.min_guess]
    names = [declared, UTF8, *guesses, *WIDE, *map(_label, NARROW)]
    readings = _read_bytes(data, [name for name in dict.fromkeys(names) if name], weights)
    bonus = {
        reading.charset: weights.detected * found.get(reading.charset, 0.0) + weights.prior(reading.charset)
        for reading in readings
    }
    if declared:
        bonus[declared] = max(weights.declared, bonus.get(declared, 0.0))
    sure = {charset for charset, confidence in found.items() if confidence >= weights.min_confidence}
    weighed = weighing.weigh_readings(readings, weights, bonus)
    decoded = _settle(data, weighed, weights, sure)
    few = sum(byte > 0x7F for byte in data[: weights.sample_bytes]) < weights.min_bytes
    return replace(decoded, certain=False) if few and decoded.charset not in (declared, UTF8) else decoded


def _read_bytes(data: bytes, charsets: list[str], weights: Weights) -> list[Reading]:
    """Read a sample of the bytes by each charset: lines that hold more than ASCII."""
    sample = weighing.sample_lines(data, weights.sample_bytes)
    readings = [
        Reading(charset, text)
        for charset in charsets
        if not charset.startswith(("utf-16", "utf-32")) and (text := _read(sample, charset, weights)) is not None
    ]
    if b"\x00" in data or any(charset.startswith(("utf-16", "utf-32")) for charset in charsets):
        readings += _read_units(data[: len(sample)])
    return readings


def _read(data: bytes, charset: str, weights: Weights) -> str | None:
    """Read bytes by a charset; None where Python can't.

    A byte that does not decode becomes a lone surrogate.
    """
    try:
        if charset == UTF8:
            return join_pairs(data).decode(UTF8, "surrogateescape")
        if charset in WIDE:
            return weighing.decode_wide(data, charset, weights.lost)
        return data.decode(charset, "surrogateescape")
    except (UnicodeError, ValueError, LookupError):
        return None


def _settle(data: bytes, readings: list[Reading], weights: Weights, sure: Collection[str] = ()) -> Decoded:
    """Decode all of the bytes by the reading that costs least, or refuse them.

    In a charset that is `sure` a text may cost more.
    """
    if not readings:
        raise InputError("not text: no charset fits")
    best = readings[0]
    if not (weighing.is_text(best, weights) or (best.charset in sure and not best.lost)):
        raise InputError(f"not text: likeliest in {best.charset}, and makes no sense there")
    certain = weighing.lead(readings) >= weights.min_lead
    try:
        return replace(_decode_strictly(data, best.charset), certain=certain)
    except UnicodeError:
        pass
    if best.charset in UTF16:
        return Decoded(data.decode(best.charset, "replace"), best.charset, exact=False, certain=certain)
    escaped = _read(data, best.charset, weights)
    if escaped is None:
        raise InputError(f"not text: does not decode as {best.charset}")
    text = replace_escaped(escaped, best.charset)
    if not weighing.is_mostly_read(text, weights):
        raise InputError(f"not text: too many bytes are not {best.charset}")
    return Decoded(text, best.charset, exact=False, certain=certain, escaped=escaped)


def replace_escaped(escaped: str, charset: str) -> str:
    r"""Put U+FFFD in the place of bytes that did not decode.

    >>> replace_escaped("caf\udce9", "windows-1251")
    'caf\ufffd'
    """
    if charset == UTF8:
        return escaped.encode(UTF8, "surrogateescape").decode(UTF8, "replace")
    return re.sub("[\ud800-\udfff]", "\ufffd", escaped)


def _declared(data: bytes) -> str | None:
    """Give the charset that HTML or XML declares, or its superset, if Python knows it."""
    found = DECLARATION.search(data[:DECLARED_WITHIN])
    if found is None:
        return None
    name = (found[1] or found[2]).decode("ascii")
    try:
        known = codecs.lookup(name)
    except LookupError:
        return None
    if known.name == UTF8:
        return UTF8
    if not known._is_text_encoding or known.name.startswith(("utf", *SEVEN_BITS)):  # noqa: SLF001 - the only way to ask
        return None
    return _label(SUPERSETS.get(known.name, known.name))


def _label(codec: str) -> str:
    """Give the name of a charset as the web spells it, which Python knows too.

    >>> _label("cp1252"), _label("koi8-r")
    ('windows-1252', 'koi8-r')
    """
    return re.sub(r"^cp(125\d)$", r"windows-\1", codec)


def _detect(data: bytes) -> list[tuple[str, float]]:
    """Give the charsets that chardet thinks possible, best first, with the confidence.

    Only those that Python can decode.
    """
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


def _decode_strictly(data: bytes, charset: str) -> Decoded:
    text = data.decode(charset)
    text.encode(UTF8)
    try:
        exact = text.encode(charset) == data
    except UnicodeError:
        exact = False
    return Decoded(text, charset, exact)


def join_pairs(data: bytes) -> bytes:
    r"""Turn CESU-8 into UTF-8.

    >>> join_pairs(b"\xed\xa0\xbd\xed\xb8\x80").decode()
    '\U0001f600'
    """
    return CESU_PAIR.sub(
        lambda pair: (
            pair[0].decode(UTF8, "surrogatepass").encode("utf-16-le", "surrogatepass").decode("utf-16-le").encode()
        ),
        data,
    )


def _read_cesu(data: bytes) -> Decoded | None:
    joined = join_pairs(data)
    try:
        return Decoded(joined.decode(UTF8), CESU8, exact=False) if joined != data else None
    except UnicodeDecodeError:
        return None


def _mostly_utf8(data: bytes, weights: Weights) -> Decoded | None:
    """Decode what is UTF-8 but for a small share of what is not ASCII."""
    joined = join_pairs(data)
    text = joined.decode(UTF8, errors="replace")
    bad = text.count("\ufffd") - joined.count("\ufffd".encode())
    good = sum(1 for character in text if character > "\x7f") - text.count("\ufffd")
    if good and bad <= weights.max_bad_share * (good + bad):
        return Decoded(text, UTF8, exact=False, escaped=joined.decode(UTF8, "surrogateescape"))
    return None
