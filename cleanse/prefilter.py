"""What a text must contain for a pattern to match: the gate that spares a pattern the lines it cannot match.

The idea is that of the prefilters of regex engines: walk through the parsed pattern and keep the runs of characters that every
match has. Python's parser reads the patterns, which are Rust's; where it cannot, there is no gate, and every line is asked.
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
    python = re.sub(r"\\x\{([0-9A-Fa-f]+)\}", lambda found: f"\\U{found[1]:0>8}", pattern)
    python = re.sub(r"\\[pP](?:\{[^}]*\}|[A-Z])", r"\\w", python)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            parsed = list(parser.parse(python))
    except (re.error, FutureWarning, DeprecationWarning, OverflowError):
        return None
    if parsed and parsed[0] == (ops.AT, ops.AT_BEGINNING):
        first = _reduce(_first_run(parsed), opens=True)
        if _least(first) >= LEAST_BYTES:
            return Prefilter(first, opens=True)
    _, required = _walk(parsed)
    required = _reduce(required or NOTHING, opens=False)
    return Prefilter(required, opens=False) if _least(required) >= LEAST_BYTES else None


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
