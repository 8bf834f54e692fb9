"""What ftfy makes of a line, step by step: entities, UTF-8 read as another charset, terminal escapes, control characters.

`Fixer` runs what `ftfy.fix_and_explain` runs, in its order and as often, but each fixer only where it has something to do. This is the one
file that leans on how ftfy works inside; `tests/test_encoding.py` holds it against ftfy itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import ftfy
from ftfy.chardata import HTML_ENTITY_RE

from cleanse.encoding.badness import is_text_bad
from cleanse.encoding.changes import compare, overwrite
from cleanse.encoding.entities import unescape
from cleanse.encoding.gate import CONTROLS, LONGEST_SEGMENT
from cleanse.rules import Rule
from cleanse.segments import Piece

# The fixers of ftfy in its order, and without what each changes nothing.
PRECONDITIONS: dict[str, Callable[[str], object]] = {
    "unescape_html": HTML_ENTITY_RE.search,
    "fix_encoding": is_text_bad,
    "fix_c1_controls": re.compile("[\x80-\x9f]").search,
    "remove_terminal_escapes": re.compile(r"\x1b\[").search,
    "remove_control_chars": re.compile(f"[{CONTROLS}]").search,
}
# The fixers of ftfy that the method of a rule stands for.
FIXERS = {
    "entities": ("unescape_html",),
    "mojibake": (
        "fix_encoding",
        "restore_byte_a0",
        "replace_lossy_sequences",
        "decode_inconsistent_utf8",
        "fix_c1_controls",
    ),
    "terminal-escapes": ("remove_terminal_escapes",),
    "control-characters": ("remove_control_chars",),
}
METHOD_OF_FIXER = {fixer: method for method, fixers in FIXERS.items() for fixer in fixers}
# The code pages that ftfy takes UTF-8 to have been read as, which is then its to mend.
READERS = ("latin-1", "sloppy-windows-1252", "sloppy-windows-1251", "mac-roman")


class Step(NamedTuple):
    """A step on the way from a line to what ftfy makes of it."""

    rule: str  # to which it is due
    after: str  # the text after it
    edits: list[Piece]  # at places in the text before it


class Fixer:
    """ftfy with the fixers that rules ask for.

    >>> from cleanse.rules import load_rules
    >>> fixer = Fixer({"mojibake": load_rules()["encoding/mojibake"]})
    >>> [step[:2] for step in fixer.find_steps("FÃ¼r &amp; dich")]
    [('encoding/mojibake', 'Für &amp; dich')]
    """

    def __init__(self, rules: Mapping[str, Rule]) -> None:
        """Take the rules by their methods."""
        self._rules = {method: rules[method].id for method in FIXERS if method in rules}
        asked = {fixer: method in self._rules for fixer, method in METHOD_OF_FIXER.items()}
        self._config = ftfy.TextFixerConfig(
            unescape_html="auto" if asked.pop("unescape_html") else False,
            **asked,
            fix_latin_ligatures=False,
            fix_character_width=False,
            uncurl_quotes=False,
            fix_line_breaks=False,
            fix_surrogates=False,
            normalization=None,
        )
        self._fixers = [name for name in PRECONDITIONS if getattr(self._config, name)]

    def find_steps(self, line: str) -> list[Step]:
        """Give the steps from a line to what ftfy makes of it, if it changes anything."""
        if not self._fixers or not line:
            return []
        if len(line) > LONGEST_SEGMENT:
            return self._fix_segments(line)
        steps = self._run(line, unescapes=True)
        if any(mark in text and mark not in line for _, text, _ in steps[-1:] for mark in "\n\r"):
            # An entity may stand for a line break, and a fix never adds one.
            steps = self._run(line, unescapes=False)
        return steps if any(text != line for _, text, _ in steps[-1:]) else []

    def _fix_segments(self, line: str) -> list[Step]:
        """Fix a very long line in segments, as ftfy does; all of it is one step.

        The step is named after the first rule that is on.
        """
        segments = [line[start : start + LONGEST_SEGMENT] for start in range(0, len(line), LONGEST_SEGMENT)]
        fixed = "".join(steps[-1].after if (steps := self.find_steps(segment)) else segment for segment in segments)
        rule = next(self._rules[method] for method in ("mojibake", *FIXERS) if method in self._rules)
        return [Step(rule, fixed, compare(line, fixed, rule))] if fixed != line else []

    def _run(self, line: str, *, unescapes: bool) -> list[Step]:
        steps: list[Step] = []
        fixers = [name for name in self._fixers if name != "unescape_html" or (unescapes and "<" not in line)]
        text, before = line, ""
        while text != before:
            before = text
            for name in fixers:
                if PRECONDITIONS[name](text):
                    steps += self._fix(text, name)
                    text = steps[-1].after if steps else text
        return steps

    def _fix(self, text: str, name: str) -> Iterator[Step]:
        """Run one fixer of ftfy, and give the steps in which the text changes."""
        rule = self._rules[METHOD_OF_FIXER[name]]
        if name == "unescape_html":
            # All layers of escaping at once, where ftfy would come back for each of them.
            if edits := unescape(text, rule):
                yield Step(rule, overwrite(text, edits), edits)
        elif name == "fix_encoding":
            for after in _follow_plan(text, ftfy.fix_encoding_and_explain(text, self._config).explanation or []):
                yield Step(rule, after, compare(text, after, rule))
                text = after
        elif (fixed := ftfy.FIXERS[name](text)) != text:
            yield Step(rule, fixed, compare(text, fixed, rule))


def _follow_plan(text: str, plan: list[ftfy.ExplanationStep]) -> Iterator[str]:
    """Give each text on the way of an explanation of ftfy, without the bytes between them."""
    current: str | bytes = text
    for step in plan:
        current = ftfy.apply_plan(current, [step])  # type: ignore[arg-type]
        if isinstance(current, str):
            yield current
