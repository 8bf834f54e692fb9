"""A set of rules, and how a run chooses among them."""

from __future__ import annotations

import fnmatch
import functools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import xxhash

from cleanse.errors import OptionError
from cleanse.rules.joining import Replaced
from cleanse.rules.rule import Rule

CODE = "code"  # the family that keeps other rules from code
SPAM_SCORE = "spam_score"  # the column of the score of a document
PAGE_FAMILY = "boilerplate"  # whose scorecards read pages
LIMITS = ("between", "heading", "doubt")  # of a scorecard, which move along with its threshold
LOWEST = -(10**6)  # points that every document has


class Rules:
    """A set of rules, in the order of their ids."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        """Hold `rules`; a later rule with the same id replaces an earlier one."""
        self._rules = dict(sorted({rule.id: rule for rule in rules}.items()))

    def __iter__(self) -> Iterator[Rule]:
        """Go through the rules in the order of their ids."""
        return iter(self._rules.values())

    def __len__(self) -> int:
        """Count the rules."""
        return len(self._rules)

    def __eq__(self, other: object) -> bool:
        """Compare by what the rules say."""
        return isinstance(other, Rules) and self.digest() == other.digest()

    def __hash__(self) -> int:
        """Let a set of rules be the key of what was made ready for it."""
        return hash(self.digest())

    def __contains__(self, rule_id: str) -> bool:
        """Say whether a rule of that id is here."""
        return rule_id in self._rules

    def __getitem__(self, rule_id: str) -> Rule:
        """Give one rule.

        Raises:
            OptionError: there is no such rule; the nearest names are in the hint.
        """
        if rule_id not in self._rules:
            raise unknown_rule(rule_id, [*self._rules, *{rule.family for rule in self}])
        return self._rules[rule_id]

    def family(self, name: str) -> Rules:
        """Give the rules of one family, such as `boilerplate`."""
        return Rules(rule for rule in self if rule.family == name)

    def as_stable(self) -> Rules:
        """Give the same rules, none of them in draft: to try out what drafts would do."""
        return Rules(replace(rule, head=rule.head.model_copy(update={"status": "stable"})) for rule in self)

    def digest(self) -> str:
        """Give 32 hexadecimal digits that change when any rule changes."""
        return self._digest

    @functools.cached_property
    def _digest(self) -> str:
        return xxhash.xxh3_128_hexdigest(
            b"\n".join(rule.canonical() + ",".join(rule.flags_in).encode() for rule in self)
        )

    def select(self, select: Sequence[str] = (), ignore: Sequence[str] = ()) -> Rules:
        """Choose rules by id, family or glob. Rules that are off by default are in only when named; what spares code always is.

        Raises:
            OptionError: a name that matches no rule.
        """
        named = self._matching(select) if select else {rule.id for rule in self}
        # A family or a glob does not name what is off by default; its id does.
        chosen = {rule_id for rule_id in named if self[rule_id].head.default or rule_id in select}
        chosen |= {rule.id for rule in self if rule.family == CODE}
        chosen -= self._matching(ignore)
        return Rules(rule for rule in self if rule.id in chosen)

    def replaced(self) -> list[Replaced]:
        """List what gave way to a file that says `replaces = true`, in the order of ids."""
        return [one for rule in self for one in rule.replaced]

    def profiles(self) -> list[str]:
        """Name the profiles that rules belong to, in order."""
        return sorted({name for rule in self for name in rule.head.profiles})

    def apply_profile(self, name: str | None) -> Rules:
        """Make the rules of a profile act, drafts and those that are off by default too (`--profile`); None changes nothing.

        Raises:
            OptionError: no rule belongs to such a profile.
        """
        if name is None:
            return self
        if name not in self.profiles():
            raise OptionError("no such profile", where=name, hint=f"there are {', '.join(self.profiles())}")
        return Rules(
            rule.change_head(status="stable", default=True) if name in rule.head.profiles else rule for rule in self
        )

    def strip_spam(self) -> Rules:
        """Turn the flags of the spam family into strips (`--strip-spam`)."""
        return Rules(
            rule.change_head(action="strip")
            if rule.family == "spam" and rule.action == "flag" and rule.head.scope != "document"
            else rule
            for rule in self
        )

    def choose_pages(self, mode: str) -> Rules:
        """Say which documents are pages with furniture (`--pages`): those of the scorecard (`auto`), all (`always`) or none (`never`)."""
        if mode == "auto":
            return self
        chosen = []
        for rule in self:
            card = rule.head.scorecard
            if card is None or rule.family != PAGE_FAMILY:
                chosen.append(rule)
            elif mode == "always":
                limit = card.always if card.always is not None else LOWEST if card.of == "document" else card.threshold
                moved = {
                    name: old + limit - card.threshold for name in LIMITS if (old := getattr(card, name)) is not None
                }
                open_card = card.model_copy(update={"threshold": limit, "braked": None, **moved})
                chosen.append(rule.change_head(scorecard=open_card))
        return Rules(chosen)

    def drop_spam(self, score: float | None, every: Rules) -> Rules:
        """Let the rules that measure `spam_score` act, with `score` as their limit (`--drop-spam`); None changes nothing."""
        if score is None:
            return self
        added = [
            rule.change_head(measure=limit.model_copy(update={"max": score}))
            for rule in every
            if (limit := rule.head.measure) is not None and limit.column == SPAM_SCORE
        ]
        return Rules([*self, *added])

    def _matching(self, names: Sequence[str]) -> set[str]:
        found: set[str] = set()
        for name in names:
            matched = {
                rule.id
                for rule in self
                if rule.id == name or rule.id.startswith(f"{name.rstrip('/')}/") or fnmatch.fnmatchcase(rule.id, name)
            }
            if not matched:
                raise unknown_rule(name, [*self._rules, *{rule.family for rule in self}])
            found |= matched
        return found


def unknown_rule(name: str, known: list[str]) -> OptionError:
    """Make the error for a rule that does not exist, with the nearest names that do."""
    import difflib

    near = difflib.get_close_matches(name, sorted(known), n=3, cutoff=0.4)
    hint = f"did you mean {', '.join(near)}?" if near else "`cleanse rules` lists them all"
    return OptionError("no such rule or family", where=name, hint=hint)
