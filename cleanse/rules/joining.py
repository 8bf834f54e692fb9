"""What happens when a folder of rules has a rule or a language that is there already.

Joining is the default: the words, patterns and examples of both count. `replaces = true` in the file of a language puts it in the place
of the words that were there, and in a rule file it puts the whole rule in the place of the one that was there.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from cleanse.errors import Fault

if TYPE_CHECKING:
    from pathlib import Path

    from cleanse.rules.rule import Rule
    from cleanse.rules.schema import Body, Head

WORD = "replaces"  # the key that has to be there


class Replaced(NamedTuple):
    """A rule, or the words of one `language` of it, that gave way to the file `by`."""

    rule: str
    language: str | None
    by: str

    def __str__(self) -> str:
        """Print as `boilerplate/share in en, by mine/boilerplate/share/en.toml`."""
        return f"{self.rule}{f' in {self.language}' if self.language else ''}, by {self.by}"


def take_place(rule: Rule, known: Rule | None, place: str, faults: list[Fault]) -> Rule:
    """Note which rule a new one takes the place of; that it says so where there is none is a fault of the file `place`."""
    if known is not None:
        return replace(rule, replaced=(Replaced(rule.id, None, place),))
    if rule.head.replaces:
        reason = f"there is no rule {rule.id} to replace"
        faults.append(Fault(place, WORD, reason, "take the key away, or name the file like the rule"))
    return rule


def may_join(known: Rule, head: Head, languages: dict[str, Body], place: str, faults: list[Fault]) -> bool:
    """Say whether a whole rule may join one of the same id: it says the same, and only its words differ. If not, that is a fault."""
    keys = list_differences(known.head, head)
    problem = f"it differs in {', '.join(keys)}" if keys else ""
    if not keys and bool(known.languages) != bool(languages):
        problem = "only one of them has languages"
    if problem:
        reason = f"there is a rule of this id already, {known.paths[-1]}, and {problem}"
        hint = f"to add words, give only a file for a language ({known.id}/en.toml); to replace the rule, write {WORD} = true"
        faults.append(Fault(place, "", reason, hint))
    return not problem


def join_rule(known: Rule, head: Head | None, files: dict[Path, tuple[str, str, Body]], faults: list[Fault]) -> Rule:
    """Add words to a rule: those of a head that says the same, and those of languages, given with name, place and body."""
    languages, folders = dict(known.languages), dict(known.folders)
    names, added, before, replaced = list(known.files), list(known.added), dict(known.before), list(known.replaced)
    for path, (name, place, body) in files.items():
        language, there = path.stem, languages.get(path.stem)
        if not known.languages:
            reason = f"{known.id} has no languages that words could join: {known.paths[0]}"
            hint = f"write a rule of your own, or the whole rule with {WORD} = true"
            faults.append(Fault(place, "", reason, hint))
            continue
        if there is None:
            if body.replaces:
                reason = f"{known.id} has no words in {language} to replace"
                faults.append(Fault(place, WORD, reason, "take the key away: the file adds them"))
            languages[language] = body
        elif body.replaces:
            languages[language] = body
            replaced.append(Replaced(known.id, language, place))
        else:
            languages[language] = body.model_copy(update=join_words(there, body))
            before[language] = {"hit": len(there.hit), "miss": len(there.miss)}
        if there is not None and not body.replaces:
            added.append(place)
            continue
        if name in names:
            names.remove(name)
        names.append(name)
        folders[name] = place.removesuffix(f"/{name}")
    words = {} if head is None else join_words(known.head, head)
    return replace(
        known,
        head=known.head.model_copy(update=words),
        files=tuple(names),
        languages=dict(sorted(languages.items())),
        folders=folders,
        added=tuple(added),
        before=before,
        replaced=tuple(replaced),
    )


def join_words(ours: Body, theirs: Body) -> dict[str, Any]:
    """Give the words, patterns and examples of two bodies, ours first and nothing twice."""
    terms = {theme: dict(levels) for theme, levels in ours.terms.items()}
    for theme, levels in theirs.terms.items():
        for level, words in levels.items():
            terms.setdefault(theme, {})[level] = _merge(terms.get(theme, {}).get(level, []), words)
    lists = {
        name: _merge(getattr(ours, name), getattr(theirs, name))
        for name in ("literals", "patterns", "unless", "hit", "miss")
    }
    return {"everywhere": ours.everywhere or theirs.everywhere, "terms": terms, **lists}


def _merge(ours: list[Any], theirs: list[Any]) -> list[Any]:
    return [*ours, *(one for one in theirs if one not in ours)]


def list_differences(ours: Head, theirs: Head) -> list[str]:
    """List the keys in which two heads say different things; words, patterns and examples are not among them."""
    words = {"everywhere", "terms", "literals", "patterns", "unless", "hit", "miss", WORD}
    return [
        name for name in type(ours).model_fields if name not in words and getattr(ours, name) != getattr(theirs, name)
    ]


def locate_example(rule: Rule, language: str, kind: str, number: int) -> tuple[bool, int]:
    """Say whether an example comes from the file that joined last, and its number in its own file.

    >>> from types import SimpleNamespace
    >>> rule = SimpleNamespace(before={"en": {"hit": 5, "miss": 4}})
    >>> locate_example(rule, "en", "hit", 6), locate_example(rule, "en", "hit", 5), locate_example(rule, "pl", "hit", 6)
    ((True, 1), (False, 5), (True, 6))
    """
    before = rule.before.get(language, {}).get(kind, 0)
    return number > before, number - before if number > before else number
