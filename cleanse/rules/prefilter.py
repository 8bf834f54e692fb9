"""What a text must contain for a pattern to match: the gate that spares a pattern the lines it cannot match.

The idea is that of the prefilters of regex engines: walk through the parsed pattern and keep the runs of characters that every
match has, and the bytes with which one can begin. Python's parser reads the patterns, which are Rust's; where it cannot, there is
no gate, and every line is asked.
White space between words counts as one space, which is then looked for in the spellings of `literals.SPACES`, like that of a
literal.
"""

from __future__ import annotations

import functools
import re
import warnings
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from re import _constants as ops  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

Strings = frozenset[str]
REPEATS = (ops.MAX_REPEAT, ops.MIN_REPEAT, ops.POSSESSIVE_REPEAT)
NOTHING: Strings = frozenset({""})
SPACE = [(ops.CATEGORY, ops.CATEGORY_SPACE)]
MOST = 128  # strings of one gate
LEAST_BYTES = 4  # shorter strings stand in too many lines
END = 256  # in place of a byte: there is none
LAST_SPACE = 0x3000  # the last white space there is
BEYOND_ASCII = range(0xC2, 0xF5)  # bytes with which characters of UTF-8 beyond ASCII begin


@dataclass(frozen=True)
class Prefilter:
    """Strings in lower case of which every match contains one; `opens` says that it begins with one, at the start of the text."""

    strings: Strings
    opens: bool


@functools.cache
def find_prefilter(pattern: str) -> Prefilter | None:
    r"""Give what a text must contain for a pattern to match; None where there is nothing worth asking for.

    >>> sorted(find_prefilter(r"(?i)^\d+ (?:reading|read)\s+time\b\s*:?\s*\d+").strings)
    ['read time', 'reading time']
    >>> found = find_prefilter(r"^(?:anzeige|werbung)[\s:]*$")
    >>> sorted(found.strings), found.opens
    (['anzeige', 'werbung'], True)
    >>> find_prefilter(r"^\d+ \p{Lu}")
    """
    parsed = _parse(pattern, r"\w")
    if parsed is None:
        return None
    if parsed and parsed[0] == (ops.AT, ops.AT_BEGINNING):
        first = _reduce(_first_run(parsed), opens=True)
        if _least(first) >= LEAST_BYTES:
            return Prefilter(first, opens=True)
    _, required = _walk(parsed)
    required = _reduce(required or NOTHING, opens=False)
    return Prefilter(required, opens=False) if _least(required) >= LEAST_BYTES else None


def _parse(pattern: str, unicode_class: str) -> list[tuple[Any, Any]] | None:
    r"""Parse a pattern of Rust's with Python's parser, every `\p{...}` replaced; None where it cannot."""
    python = re.sub(r"\\x\{([0-9A-Fa-f]+)\}", lambda found: f"\\U{found[1]:0>8}", pattern)
    python = re.sub(r"\\[pP](?:\{[^}]*\}|[A-Z])", lambda _: unicode_class, python)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return list(parser.parse(python))
    except (re.error, FutureWarning, DeprecationWarning, OverflowError):
        return None


@functools.cache
def find_first_bytes(pattern: str) -> frozenset[int] | None:
    r"""Give the bytes with one of which the text must begin, white space aside, for an anchored pattern to match.

    END stands for a text with nothing visible in it. None where it may be any byte, or where the pattern may match elsewhere.

    >>> [chr(byte) for byte in sorted(find_first_bytes(r"^\s*[|(]?\s*(?:x|10)"))]
    ['(', '1', 'X', 'x', '|']
    >>> sorted(find_first_bytes(r"^(?:\s*\||$)")) == [ord("|"), END]
    True
    >>> find_first_bytes(r"^\p{L}+"), find_first_bytes("more")
    (None, None)
    """
    # What a class of Unicode holds is not known here: it is anything.
    parsed = _parse(pattern, r"\W")
    if not parsed or parsed[0] not in ((ops.AT, ops.AT_BEGINNING), (ops.AT, ops.AT_BEGINNING_STRING)):
        return None
    found, blank = _begin(parsed)
    return None if blank else found


def _begin(sequence: Iterable[tuple[Any, Any]]) -> tuple[frozenset[int] | None, bool]:
    """Give the first visible bytes of what a sequence matches, and whether it may match nothing but white space."""
    first: frozenset[int] = frozenset()
    for op, argument in sequence:
        own, blank = _begin_one(op, argument)
        if own is None:
            return None, False
        first |= own
        if not blank:
            return first, False
    return first, True


def _begin_one(op: Any, argument: Any) -> tuple[frozenset[int] | None, bool]:
    found: tuple[frozenset[int] | None, bool]
    if op is ops.AT:
        at_end = argument in (ops.AT_END, ops.AT_END_STRING)
        found = (frozenset({END}), False) if at_end else (frozenset(), True)
    elif op in (ops.LITERAL, ops.IN):
        found = _begin_class([(op, argument)] if op is ops.LITERAL else argument)
    elif op is ops.BRANCH:
        both = [_begin(branch) for branch in argument[1]]
        known = [own for own, _ in both if own is not None]
        found = (frozenset().union(*known) if len(known) == len(both) else None, any(blank for _, blank in both))
    elif op is ops.SUBPATTERN:
        found = _begin(argument[-1])
    elif op in REPEATS:
        own, blank = _begin(argument[-1])
        found = own, blank or not argument[0]
    else:
        found = None, False
    return found


def _begin_class(members: Iterable[tuple[Any, Any]]) -> tuple[frozenset[int] | None, bool]:
    """Do the same for one character of a class; case is folded, whether the pattern asks for it or not."""
    first: set[int] = set()
    blank = False
    for kind, value in members:
        if (kind, value) == SPACE[0]:
            blank = True
        elif (kind, value) == (ops.CATEGORY, ops.CATEGORY_DIGIT):
            first |= {*b"0123456789", *BEYOND_ASCII}
        elif kind is ops.LITERAL or (kind is ops.RANGE and value[1] - value[0] < MOST):
            low, high = (value, value) if kind is ops.LITERAL else value
            for character in map(chr, range(low, high + 1)):
                if character.isspace() and character not in "\x1c\x1d\x1e\x1f":
                    blank = True
                else:
                    first |= _first_bytes_of(character)
        elif kind is ops.RANGE and value[0] >= 0x80:
            first |= {*BEYOND_ASCII, *b"KSIksi"}
            blank |= any(character.isspace() for character in map(chr, range(value[0], min(value[1], LAST_SPACE) + 1)))
        else:
            return None, False
    return frozenset(first), blank


def _first_bytes_of(character: str) -> set[int]:
    """Give the bytes with which a character begins in either case; few know what else folds to a letter, so it is any beyond ASCII."""
    cases = {character, character.lower(), character.upper(), character.title(), character.casefold()}
    first = {case.encode("utf-8", "surrogatepass")[0] for case in cases}
    folds = len(cases) > 1 and (not character.isascii() or character.lower() in "ksi")
    return first | set(BEYOND_ASCII) if folds else first


def _reduce(strings: Strings, *, opens: bool) -> Strings:
    """Leave out spaces at the ends, and strings that say no more than a shorter one."""
    bare = sorted({" ".join(text.split()) for text in strings}, key=lambda text: (len(text), text))
    kept: list[str] = []
    for text in bare:
        if not any(text.startswith(one) if opens else one in text for one in kept):
            kept.append(text)
    return frozenset(kept)


def _first_run(sequence: Iterable[tuple[Any, Any]]) -> Strings:
    """Give strings with one of which every match of a sequence begins; the empty one where they are not known."""
    run = NOTHING
    for op, argument in sequence:
        if op is ops.SUBPATTERN and _look(op, argument)[0] is None:
            own, goes_on = _first_run(argument[-1]), False
        elif op is ops.BRANCH and _look(op, argument)[0] is None:
            own, goes_on = frozenset().union(*(_first_run(branch) for branch in argument[1])), False
        elif op in REPEATS and argument[0] and _look(op, argument)[0] is None:
            own, goes_on = _first_run(argument[-1]), False
        else:
            exact, _ = _look(op, argument)
            own, goes_on = exact or NOTHING, exact is not None
        if len(run) * len(own) > MOST:
            break
        run = frozenset(left + right for left in run for right in own)
        if not goes_on:
            break
    return run


def _walk(sequence: Iterable[tuple[Any, Any]]) -> tuple[Strings | None, Strings | None]:
    """Give all the strings that a sequence can match, if they are few, and the best strings of which it contains one."""
    run, best, exact = NOTHING, None, True
    for op, argument in sequence:
        own, required = _look(op, argument)
        if own is not None and len(run) * len(own) <= MOST:
            run = frozenset(left + right for left in run for right in own)
            continue
        exact = False
        best = _better(_better(best, run), required)
        run = own if own is not None else NOTHING
    return (run if exact else None), _better(best, run)


def _look(op: Any, argument: Any) -> tuple[Strings | None, Strings | None]:
    """Do the same for one element of a sequence."""
    exact: Strings | None = None
    required: Strings | None = None
    if op is ops.AT:
        exact = NOTHING
    elif op is ops.LITERAL:
        exact = frozenset({chr(argument).lower()})
    elif op is ops.IN and argument == SPACE:
        exact = frozenset({" "})
    elif op is ops.IN and len(argument) <= 4 and all(kind is ops.LITERAL for kind, _ in argument):
        exact = frozenset(chr(code).lower() for _, code in argument)
    elif op is ops.SUBPATTERN:
        exact, required = _walk(argument[-1])
    elif op is ops.BRANCH:
        both = [_walk(branch) for branch in argument[1]]
        exact, required = _union(one for one, _ in both), _union(other for _, other in both)
    elif op in REPEATS:
        least, most, inner = argument
        exact, required = _walk(inner)
        # Many spaces are as good as one: lines are compared with single ones.
        if most > 1 and list(inner) != [(ops.IN, SPACE)]:
            exact = None
        if not least:
            exact, required = (exact | NOTHING if exact else None), None
    return exact, required


def _union(parts: Iterable[Strings | None]) -> Strings | None:
    whole: Strings = frozenset()
    for part in parts:
        if part is None:
            return None
        whole |= part
    return whole if len(whole) <= MOST else None


def _better(one: Strings | None, other: Strings | None) -> Strings | None:
    """Choose the gate that lets less through: the longer strings, spaces at their ends aside, and fewer of them."""
    return max(
        (one, other),
        key=lambda gate: (min(_least({text.strip() for text in gate}), 12), -len(gate)) if gate else (0, 0),
    )


def _least(gate: Collection[str]) -> int:
    """Give the length of the shortest string, in bytes."""
    return min(len(text.encode()) for text in gate)


Need = tuple[int, int]  # bits of which a text must have all, and those of which its first visible byte must have one
ANYWHERE = (1 << 64) - 1
ALWAYS: frozenset[Need] = frozenset({(0, ANYWHERE)})
MOST_NEEDS = 64  # alternatives of one pattern that are kept apart
FEW = 8  # characters of a class that are kept apart
MARK_BITS = [byte for byte in range(0x21, 0x7F) if not chr(byte).isalnum()]
LETTER_BIT = len(MARK_BITS)
DIGIT_BIT = LETTER_BIT + 26
OTHER_BIT, WIDE_BIT = DIGIT_BIT + 1, DIGIT_BIT + 2


@functools.cache
def byte_bits() -> tuple[int, ...]:
    """Give for each byte its bit in `find_needs`: a letter in either case has one, all digits share one, those beyond ASCII too, and so do all others."""
    bits = [OTHER_BIT] * 128 + [WIDE_BIT] * 128
    for number, mark in enumerate(MARK_BITS):
        bits[mark] = number
    for letter in range(26):
        bits[ord("a") + letter] = bits[ord("A") + letter] = LETTER_BIT + letter
    for digit in b"0123456789":
        bits[digit] = DIGIT_BIT
    return tuple(1 << bit for bit in bits)


@functools.cache
def find_needs(pattern: str) -> frozenset[Need]:
    r"""Give what a text must have for a pattern to match, as bits of `byte_bits`: all that one of the needs asks for.

    A need has two parts: bits of bytes that must be there, and bits of which the first visible byte must have one. What asks for
    the first byte says nothing of texts that begin with white space of Unicode.

    >>> bits = byte_bits()
    >>> find_needs(r"\w;\s*$") == {(bits[ord(";")], ANYWHERE)}
    True
    >>> find_needs(r"&&|^\s*\{%") == {(bits[ord("&")], ANYWHERE), (bits[ord("{")] | bits[ord("%")], bits[ord("{")])}
    True
    >>> find_needs(r"\p{L}+") == find_needs("(?i)k") == ALWAYS
    True
    """
    parsed = _parse(pattern.replace(r"(?-u:\b)", r"\b"), r"\W")
    return ALWAYS if parsed is None else _need(parsed, at_start=False)


def _need(sequence: list[tuple[Any, Any]], *, at_start: bool) -> frozenset[Need]:
    """Give the needs of a sequence of elements; where they become too many, those of the elements that are left out."""
    found = ALWAYS
    for place, (op, argument) in enumerate(sequence):
        at_start |= (op, argument) == (ops.AT, ops.AT_BEGINNING)
        own = _need_one(op, argument, at_start=at_start)
        if at_start and op is not ops.AT:
            first, blank = _begin(sequence[place:])
            opening = ANYWHERE if first is None or blank else _bits_of(first)
            own = _fewest((bits, begins & opening) for bits, begins in own)
            # Behind what may be white space alone the start goes on.
            at_start = _begin_one(op, argument) == (frozenset(), True)
        if len(found) * len(own) <= MOST_NEEDS:
            found = _fewest((left | right, before & behind) for left, before in found for right, behind in own)
    return found


def _need_one(op: Any, argument: Any, *, at_start: bool) -> frozenset[Need]:
    found = ALWAYS
    if op is ops.LITERAL:
        found = frozenset({(_bit_of(argument), ANYWHERE)})
    elif op is ops.IN and len(argument) <= FEW and all(kind is ops.LITERAL for kind, _ in argument):
        found = _fewest((_bit_of(code), ANYWHERE) for _, code in argument)
    elif op is ops.SUBPATTERN:
        found = _need(list(argument[-1]), at_start=at_start)
    elif op is ops.BRANCH:
        found = _fewest(need for branch in argument[1] for need in _need(list(branch), at_start=at_start))
    elif op in REPEATS and argument[0]:
        found = _need(list(argument[-1]), at_start=False)
    return found if len(found) <= MOST_NEEDS else ALWAYS


def _bits_of(first: frozenset[int]) -> int:
    """Give the bits of first bytes; END is no byte of a text that has something visible."""
    whole = 0
    for byte in first - {END}:
        whole |= byte_bits()[byte]
    return whole


def _bit_of(code: int) -> int:
    """Give the bit of a character; none of white space, and none of k, s and what Unicode folds to these."""
    if chr(code) in "kKsS\u017f\u212a":
        return 0
    return 1 << WIDE_BIT if code >= 0x80 else byte_bits()[code] & ~(1 << OTHER_BIT)


def _fewest(needs: Iterable[Need]) -> frozenset[Need]:
    """Leave out the needs that ask for more than another one."""
    kept: list[Need] = []
    for bits, begins in sorted(set(needs), key=lambda need: (need[0].bit_count(), -need[1].bit_count(), need)):
        if not any(own & bits == own and begins & opening == begins for own, opening in kept):
            kept.append((bits, begins))
    return frozenset(kept)
