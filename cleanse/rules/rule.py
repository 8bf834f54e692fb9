"""One rule, and what the matcher needs of it: its variants, one a language."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import orjson
import xxhash

from cleanse.rules.joining import Replaced
from cleanse.rules.patterns import (
    Pattern,
    Template,
    compile_pattern,
    cut_template,
    fold_letters,
    fold_pattern,
    is_caseless,
)
from cleanse.rules.schema import Action, Body, Example, Head

ANY = "*"
BUILT_IN = "rules"  # how the folder of our own rules is called in messages


@dataclass(frozen=True)
class Variant:
    """A rule in one language: what the engine matches. `language` is "*" for rules without languages.

    `patterns` are all of them, compiled, and so is `unless`. Of a rule on lines, `templates` are those that can be cut at their literals, and `whole`
    the others; for spans and methods all are `whole`.
    """

    rule: str
    language: str
    everywhere: bool
    literals: tuple[str, ...]
    patterns: tuple[str, ...]
    templates: tuple[Template, ...]
    whole: tuple[Pattern, ...]
    unless: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rule:
    """One rule: its head, its languages, and where it came from.

    `folders` names the folder of each file that is not ours, `added` the files that joined a file of the same name, `before` how many
    examples of a language were there before, and `replaced` what gave way.
    `flags_in` names languages of documents in which it flags, whatever its action: a run may hold a rule back there.
    `written` is the version of its files where options of a run have changed what it does.
    """

    id: str
    head: Head
    files: tuple[str, ...]
    languages: dict[str, Body] = field(default_factory=dict)
    folders: dict[str, str] = field(default_factory=dict)
    flags_in: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    before: dict[str, dict[str, int]] = field(default_factory=dict)
    replaced: tuple[Replaced, ...] = ()
    written: str = ""

    @property
    def family(self) -> str:
        """Give the first part of the id: `boilerplate` of `boilerplate/also-read`."""
        return self.id.split("/", 1)[0]

    @property
    def paths(self) -> list[str]:
        """Give its files with their folders, for people."""
        return [*(f"{self.folders.get(name, BUILT_IN)}/{name}" for name in self.files), *self.added]

    @property
    def action(self) -> Action:
        """Say what happens to what the rule hits."""
        return self.head.action

    @functools.cached_property
    def version(self) -> str:
        """Give eight hexadecimal digits that change when anything in the files of the rule changes."""
        return self.written or xxhash.xxh3_64_hexdigest(self.canonical())[:8]

    def change_head(self, **values: object) -> Rule:
        """Give the rule with other values in its head, as options of a run ask for; its version stays that of its files."""
        return replace(self, head=self.head.model_copy(update=values), written=self.version)

    def canonical(self) -> bytes:
        """Give the rule as bytes that do not depend on the layout of its files."""
        tables = {language: body.model_dump() for language, body in self.languages.items()}
        return orjson.dumps([self.id, self.head.model_dump(), tables], option=orjson.OPT_SORT_KEYS)

    @functools.cached_property
    def variants(self) -> tuple[Variant, ...]:
        """Give the rule once a language, with its templates filled in."""
        found = []
        bodies = self.languages or {ANY: self.head}
        for language, body in bodies.items():
            templates = [*self.head.patterns, *body.patterns] if self.languages else body.patterns
            patterns = [self._compile(text, body.literals) for text in templates]
            cuts = [self._cut(text, body.literals) if body.literals else None for text in templates]
            found.append(
                Variant(
                    self.id,
                    language,
                    body.everywhere or language == ANY,
                    tuple(body.literals),
                    tuple(pattern.regex for pattern in patterns),
                    tuple(cut for cut in cuts if cut),
                    tuple(pattern for pattern, cut in zip(patterns, cuts, strict=True) if not cut),
                    tuple(
                        compile_pattern(text, body.literals, case_sensitive=self.head.case_sensitive)
                        for text in body.unless
                    ),
                )
            )
        return tuple(found)

    def _folds(self, template: str) -> bool:
        return self.head.trim and not self.head.case_sensitive and is_caseless(template)

    def _compile(self, template: str, literals: Sequence[str]) -> Pattern:
        if self._folds(template):
            return Pattern(fold_pattern(template, literals), folded=True)
        return Pattern(compile_pattern(template, literals, case_sensitive=self.head.case_sensitive), folded=False)

    def _cut(self, template: str, literals: Sequence[str]) -> Template | None:
        """Cut a template at its literals, the first time that it names them; None where it has to see the whole line."""
        if self.head.scope not in ("line", "block") or self.head.method:
            return None
        ends = cut_template(template)
        if ends is None:
            return None
        folded = self._folds(template)
        flags = "" if folded or self.head.case_sensitive else "(?i)"
        behind = f"^(?:{ends[1]})"
        before = f"{flags}(?:{ends[0]})$"
        if folded:
            return Template(ends[0] == "^", fold_letters(before), fold_letters(fold_pattern(behind, literals)), folded)
        behind = compile_pattern(behind, literals, case_sensitive=self.head.case_sensitive)
        return Template(ends[0] == "^", before, behind, folded)

    def examples(self) -> Iterator[tuple[str, str, int, Example]]:
        """Give each example as (kind, language, number, example)."""
        for language, body in {ANY: self.head, **self.languages}.items():
            for kind, examples in (("hit", body.hit), ("miss", body.miss)):
                for number, example in enumerate(examples, 1):
                    yield kind, example.language or language, number, example
