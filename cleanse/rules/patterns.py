"""Patterns of rules: words filled in, letters folded, and cut at their words where both ends can be asked alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from cleanse.rules.prefilter import Prefilter, find_prefilter


@dataclass(frozen=True)
class Template:
    """A pattern cut at its literals: what must stand `before` and `behind` them, as regexes.

    `opens` says that the literals open the line, so that nothing is asked about before; `folded` that both ends meet text
    in lower case with single spaces.
    """

    opens: bool
    before: str
    behind: str
    folded: bool


@dataclass(frozen=True)
class Pattern:
    """A pattern that sees a whole line; `folded`, in lower case with single spaces."""

    regex: str
    folded: bool

    @property
    def matching(self) -> str:
        """Give the pattern as it meets the line."""
        return fold_letters(self.regex) if self.folded else self.regex

    @property
    def prefilter(self) -> Prefilter | None:
        """Give the strings without which it cannot match, where there are some."""
        return find_prefilter(self.regex)


def is_caseless(template: str) -> bool:
    r"""Say whether a pattern has no capital letter of its own, so that it can meet a line in lower case.

    >>> is_caseless(r"^{literals}\s*\S"), is_caseless(r"^By (?-i:\p{Lu})"), is_caseless("^Von ")
    (True, False, False)
    """
    bare = re.sub(r"\\[pPx]\{[^}]*\}|\\.|\(\?P<\w+>", "", template)
    return "(?" not in bare.replace("(?:", "") and r"\p{Lu}" not in template and bare == bare.lower()


def cut_template(template: str) -> tuple[str, str] | None:
    r"""Give what stands before and behind the first `{literals}`, or None where one end means nothing without the other.

    >>> cut_template(r"^\d+ {literals}$"), cut_template("^(?:{literals}|more)$"), cut_template("a|{literals}")
    (('^\\d+ ', '$'), None, None)
    >>> cut_template("^{literals}, {literals}$")
    ('^', ', {literals}$')
    """
    if "{literals}" not in template:
        return None
    before, behind = template.split("{literals}", 1)
    bare = [re.sub(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", "", end) for end in (before, behind)]
    nested = any(end.count("(") != end.count(")") for end in bare)
    # Alternatives at the top level, flags for all that follows, an edge of a word at the cut, a quantifier behind it.
    tied = any(_has_alternatives(end) or re.search(r"\(\?[a-zA-Z-]+\)", end) for end in bare)
    edged = re.search(r"\\[bB]$", before) or re.match(r"\\[bB]|[?*+{]", behind)
    return None if nested or tied or edged else (before, behind)


def _has_alternatives(bare: str) -> bool:
    """Say whether a pattern without classes and escapes has a bar outside all groups."""
    depth = 0
    for character in bare:
        depth += (character == "(") - (character == ")")
        if character == "|" and depth == 0:
            return True
    return False


def fold_letters(text: str) -> str:
    """Let i stand for the dotless and the dotted i of Turkish, whose capitals no other language's rules make small."""
    return text.replace("i\u0307", "i").replace("ı", "i")


def fold_pattern(template: str, literals: Sequence[str]) -> str:
    r"""Fill `{literals}` in for a line in lower case whose white space is single spaces: quick to compile.

    >>> fold_pattern("^{literals}$", ["Read more", "More"])
    '^(?:read more|more)$'
    """
    words = sorted({" ".join(word.lower().split()) for word in literals}, key=lambda text: (-len(text), text))
    choice = "|".join(re.escape(word).replace(r"\ ", " ") for word in words)
    return template.replace("{literals}", f"(?:{choice})")


def compile_pattern(template: str, literals: Sequence[str], *, case_sensitive: bool) -> str:
    r"""Fill `{literals}` in, longest first so that the longest wins, and fold case.

    >>> compile_pattern("^{literals}$", ["read more", "more"], case_sensitive=False)
    '(?i)^(?:read\\s+more|more)$'
    """
    words = sorted(literals, key=lambda text: (-len(text), text))
    choice = "|".join(r"\s+".join(re.escape(part) for part in word.split()) for word in words)
    filled = template.replace("{literals}", f"(?:{choice})")
    return filled if case_sensitive else f"(?i){filled}"
